"""Metaculus: off without a key, which nothing shows; forecasts kept back are said so, and take nothing away."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.market_server import changed, refused
from tests.market_server_metaculus import TOKEN, Metaculus, Posed
from tests.market_shelf import Shelf
from tracker.markets.metaculus import METACULUS
from tracker.markets.source import SourceError

OPENS = datetime(2026, 3, 1, tzinfo=UTC)
CLOSES = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TITLE = "Will reasoning models win?"


def spans(*values: float | list[float | None]) -> list[tuple[datetime, datetime | None, Any]]:
    """A value a day, each until the next; the last until now."""
    starts = [OPENS + place * DAY for place in range(len(values) + 1)]
    last = len(values) - 1
    return [(starts[i], None if i == last else starts[i + 1], value) for i, value in enumerate(values)]


def posed(*values: float | list[float | None], number: int = 70, **more: Any) -> Posed:
    return Posed(number, more.pop("title", TITLE), OPENS, CLOSES, spans(*values), **more)


def site(asked: Posed | list[Posed], days: float = 40) -> Metaculus:
    return Metaculus(OPENS + days * DAY, {7: (TITLE, asked)})


def shelf_of(metaculus: Metaculus, token: str | None = TOKEN) -> Shelf:
    return Shelf(METACULUS, metaculus.server, lambda: metaculus.now, token)


def test_the_communitys_course_in_one_request() -> None:
    metaculus = site(posed(0.2, 0.3, 0.3, 0.45))
    shelf = shelf_of(metaculus)
    (question,) = shelf.sync("7").questions
    assert shelf.asked == 1
    assert shelf.course("metaculus:7") == [(OPENS, 0.2), (OPENS + DAY, 0.3), (OPENS + 3 * DAY, 0.45)]
    assert (question.title, question.url) == (TITLE, "https://www.metaculus.com/questions/7/")
    assert (question.market, question.forecasters, question.volume, question.volume_unit) == (None, 12, None, None)
    assert (question.opens_at, question.closes_at, question.rules) == (OPENS, CLOSES, "As it says.")
    assert shelf.sync("7").unchanged
    metaculus.posts[7] = (TITLE, posed(0.2, 0.3, 0.3, 0.45, 0.6))
    assert not shelf.sync("7").unchanged
    assert shelf.course("metaculus:7")[-1] == (OPENS + 4 * DAY, 0.6)


def test_where_the_community_had_no_forecast_is_a_hole_and_the_last_one_outlives_the_close() -> None:
    question = posed()
    question.history = [
        (OPENS, OPENS + DAY, 0.2),
        (OPENS + 3 * DAY, OPENS + 4 * DAY, 0.2),
        (OPENS + 4 * DAY, CLOSES, 0.7),
    ]
    metaculus = site(question, days=400)
    shelf = shelf_of(metaculus)
    shelf.sync("7")
    expected = [(OPENS, 0.2), (OPENS + DAY, None), (OPENS + 3 * DAY, 0.2), (OPENS + 4 * DAY, 0.7)]
    assert shelf.course("metaculus:7") == expected
    question.history[-1] = (OPENS + 4 * DAY, OPENS + 9 * DAY, 0.7)
    shelf.sync("7")
    assert shelf.course("metaculus:7") == [*expected, (OPENS + 9 * DAY, None)]


@pytest.mark.parametrize(
    ("said", "resolution", "annulled"),
    [("yes", 1.0, False), ("no", 0.0, False), ("annulled", None, True), ("ambiguous", None, True), (None, None, False)],
)
def test_a_resolution(said: str | None, resolution: float | None, annulled: bool) -> None:
    resolved = OPENS + 30 * DAY
    metaculus = site(posed(0.2, resolution=said, resolved=resolved))
    (question,) = shelf_of(metaculus).sync("7").questions
    assert (question.resolution, question.annulled) == (resolution, annulled)
    assert question.resolved_at == (resolved if said else None)


def test_a_changed_resolution_is_new_and_one_that_is_none_is_an_error() -> None:
    asked = posed(0.2, resolution="yes", resolved=OPENS + 30 * DAY)
    shelf = shelf_of(site(asked))
    shelf.sync("7")
    asked.resolution = "no"
    assert shelf.sync("7").questions[0].resolution == 0.0
    asked.resolution = "maybe"
    with pytest.raises(SourceError, match="“resolution” of question 7 is “maybe”, where yes, no, annulled or ambig"):
        shelf.sync("7")


def test_each_option_is_a_question_and_one_that_came_later_has_no_price_before() -> None:
    asked = posed(
        [0.6, 0.4, None], [0.5, 0.3, 0.2], kind="multiple_choice", options=["A/B", "Other", "Late"], resolution="Late"
    )
    shelf = shelf_of(site(asked))
    shelf.sync("7")
    assert shelf.course("metaculus:7/A/B") == [(OPENS, 0.6), (OPENS + DAY, 0.5)]
    assert shelf.course("metaculus:7/Late") == [(OPENS + DAY, 0.2)]
    assert shelf.questions["metaculus:7/Late"].title == f"{TITLE} — Late"
    assert {one.id: (one.market, one.resolution) for one in shelf.questions.values()} == {
        "metaculus:7/A/B": ("metaculus:7", 0.0),
        "metaculus:7/Other": ("metaculus:7", 0.0),
        "metaculus:7/Late": ("metaculus:7", 1.0),
    }


def test_a_group_is_its_questions_of_yes_and_no() -> None:
    group = [posed(0.2, number=71, title="2026"), posed(0.4, number=72, title="2027"), posed(kind="numeric", number=73)]
    shelf = shelf_of(site(group))
    shelf.sync("7")
    assert {one.id: one.title for one in shelf.questions.values()} == {
        "metaculus:7/71": f"{TITLE} — 2026",
        "metaculus:7/72": f"{TITLE} — 2027",
    }
    assert shelf.course("metaculus:7/72") == [(OPENS, 0.4)]


@pytest.mark.parametrize("kind", ["numeric", "date", "discrete"])
def test_a_question_about_a_quantity_is_refused_in_words(kind: str) -> None:
    with pytest.raises(SourceError, match="Metaculus post 7 asks for no probability"):
        shelf_of(site(posed(0.2, kind=kind))).sync("7")


def test_a_forecast_kept_back_is_one_line_and_takes_nothing_away() -> None:
    metaculus = site(asked := posed(0.2, 0.3))
    metaculus.shows = False
    shelf = shelf_of(metaculus)
    snapshot = shelf.sync("7")
    assert snapshot.notice is not None
    assert snapshot.notice.startswith("Metaculus does not show the community's forecast of post 7 to this key")
    assert "\n" not in snapshot.notice
    assert (shelf.course("metaculus:7"), list(shelf.questions)) == ([], ["metaculus:7"])
    metaculus.shows = True
    assert shelf.sync("7").notice is None
    course = shelf.course("metaculus:7")
    assert course == [(OPENS, 0.2), (OPENS + DAY, 0.3)]
    metaculus.shows, asked.resolution, asked.resolved = False, "yes", metaculus.now
    snapshot = shelf.sync("7")
    assert snapshot.notice is not None
    assert snapshot.questions[0].resolution == 1.0
    assert shelf.course("metaculus:7") == course


def test_a_clock_an_hour_behind_takes_nothing_away_from_a_forecast_kept_back() -> None:
    metaculus = site(asked := posed(0.2, 0.3), days=1.01)
    shelf = shelf_of(metaculus)
    shelf.sync("7")
    before = shelf.course("metaculus:7")
    shelf.now = lambda: metaculus.now - timedelta(hours=1)
    assert before[-1] == (OPENS + DAY, 0.3)
    assert before[-1][0] > shelf.now()
    metaculus.shows, asked.resolution, asked.resolved = False, "yes", metaculus.now
    assert shelf.sync("7").questions[0].resolution == 1.0
    assert shelf.course("metaculus:7") == before


def test_a_forecast_that_is_shown_later_is_said_with_its_day_and_one_without_forecasts_is_not() -> None:
    snapshot = shelf_of(site(posed(0.2, reveals=OPENS + 60 * DAY))).sync("7")
    assert snapshot.notice == "Metaculus shows the community's forecast of post 7 from 2026-04-30 00:00 UTC on."
    assert shelf_of(site(posed())).sync("7").notice is None


@pytest.mark.parametrize("token", [None, "wrong-key"])
def test_a_missing_or_wrong_key_is_refused_without_being_shown(token: str | None) -> None:
    metaculus = site(posed(0.2))
    metaculus.quotes = True
    with pytest.raises(SourceError) as error:
        shelf_of(metaculus, token).sync("7")
    assert "check METACULUS_TOKEN" in str(error.value)
    assert "wrong-key" not in str(error.value)


def test_the_key_is_in_no_error_and_no_kept_reply() -> None:
    metaculus = site(posed(0.2, more={"fine_print": f"asked with {TOKEN}"}))
    with shelf_of(metaculus).client() as client:
        (reply,) = METACULUS.fetch(client.get, "7", {})
        assert TOKEN not in repr(reply)
        assert "asked with …" in reply.body
        metaculus.server.faults.append(refused(400, f"no such thing for {TOKEN}"))
        with pytest.raises(SourceError) as error:
            METACULUS.fetch(client.get, "7", {})
    assert TOKEN not in str(error.value)
    assert metaculus.server.asked[0].headers["authorization"] == f"Token {TOKEN}"


def question_with(**values: Any) -> Callable[[Any], Any]:
    return lambda post: {**post, "question": {**post["question"], **values}}


def entries_with(**values: Any) -> Callable[[Any], Any]:
    def change(post: Any) -> Any:
        weighted = post["question"]["aggregations"]["recency_weighted"]
        weighted["history"] = [{**entry, **values} for entry in weighted["history"]]
        return post

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda post: {**post, "title": None}, "“title” of post 7 is missing"),
        (lambda post: [post], "post 7 is"),
        (question_with(type=None), "“type” of question 7 is missing"),
        (question_with(aggregations=None), "the forecasts is missing"),
        (question_with(aggregations={"unweighted": {}}), "the community's forecast is missing"),
        (question_with(actual_resolve_time="soon"), "“actual_resolve_time” of question 7 is “soon”"),
        (entries_with(start_time=None), "“start_time” of an entry of the history is missing"),
        (entries_with(start_time="2026-03-01"), "“start_time” of an entry of the history is “2026-03-01”"),
        (entries_with(centers=[45]), "“centers” of an entry of the history is “45”"),
        (entries_with(centers=0.45), "“centers” of an entry of the history is “0.45”, where a list"),
    ],
)
def test_a_changed_field_is_one_clear_line(change: Callable[[Any], Any], said: str) -> None:
    metaculus = site(posed(0.2, 0.3))
    metaculus.server.faults.append(changed(change))
    with pytest.raises(SourceError) as error:
        shelf_of(metaculus).sync("7")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_search_gives_the_price_of_questions_of_yes_and_no() -> None:
    metaculus = Metaculus(
        OPENS + DAY,
        {7: (TITLE, posed(0.2, 0.35)), 8: ("Which reasoning models?", [posed(0.1)]), 9: ("Rain?", posed(0.9))},
    )
    with shelf_of(metaculus).client() as client:
        assert METACULUS.search is not None
        found = METACULUS.search(client.get, "reasoning models", 5)
    assert [(entry.title, entry.probability) for entry in found] == [(TITLE, 0.35), ("Which reasoning models?", None)]
    assert found[0].url == "https://www.metaculus.com/questions/7/"
    assert found[0].closes_at == CLOSES


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.metaculus.com/questions/3479/date-weakly-general-ai-is-publicly-known/", "3479"),
        ("metaculus.com/questions/3479?sub-question=2#comment-5", "3479"),
        ("https://www.metaculus.com/c/ai-2027/3479/some-title/", "3479"),
        ("https://www.metaculus.com/questions/", None),
        ("https://www.metaculus.com/questions/create", None),
        ("https://example.com/questions/3479/", None),
    ],
)
def test_the_key_of_an_address(url: str, key: str | None) -> None:
    assert METACULUS.key_of(url) == key
