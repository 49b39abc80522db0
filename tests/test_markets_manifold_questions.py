"""What Manifold's markets ask and how they ended, with every trap of the API's resolutions."""

from datetime import UTC, datetime

import pytest

from db.forecast_tables import Question
from tests.manifold_shelf import KINDS, check, moment, shelf_of, traded
from tests.market_server import changed
from tests.market_shelf import Shelf


def asked(shelf: Shelf) -> list[Question]:
    shelf.sync("rain")
    return list(shelf.questions.values())


def outcomes(shelf: Shelf) -> list[tuple[float | None, bool]]:
    """Resolution and annulled of each question, those that have one with its moment."""
    found = asked(shelf)
    for question in found:
        decided = question.resolution is not None or question.annulled
        assert not decided or question.resolved_at is not None
    return [(question.resolution, question.annulled) for question in found]


# -- one question ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["yes or no", "numeric"])
@pytest.mark.parametrize(
    ("said", "left_over", "expected"),
    [
        # The last price goes with every decision, and counts only for MKT.
        ("YES", 0.421, (1.0, False)),
        ("NO", 0.421, (0.0, False)),
        ("CANCEL", 0.421, (None, True)),
        ("MKT", 0.421, (0.421, False)),
        ("MKT", 0.0, (0.0, False)),
    ],
)
def test_only_the_decision_tells_the_outcome(
    kind: str, said: str, left_over: float, expected: tuple[float | None, bool]
) -> None:
    site = traded(5, **KINDS[kind])
    site.clock += 1000
    site.resolve("rain", said, value=left_over)
    shelf = shelf_of(site)
    assert outcomes(shelf) == [expected]
    assert shelf.questions["manifold:rain"].resolved_at == moment(site.clock)
    # The price stays that of the last bet.
    check(site, shelf, "rain")


def test_mkt_without_its_value_is_decided_and_not_known() -> None:
    site = traded(5)
    site.resolve("rain", "MKT")
    site.markets["rain"].own.resolution_probability = None
    shelf = shelf_of(site)
    assert outcomes(shelf) == [(None, False)]
    assert shelf.questions["manifold:rain"].resolved_at == moment(site.clock)


def test_a_decision_may_be_taken_back_and_made_again() -> None:
    site = traded(5)
    shelf = shelf_of(site)
    seen = [outcomes(shelf)]
    for step in (lambda: site.resolve("rain", "YES"), lambda: site.reopen("rain"), lambda: site.resolve("rain", "NO")):
        site.clock += 1000
        step()
        seen.append(outcomes(shelf))
    assert seen == [[(None, False)], [(1.0, False)], [(None, False)], [(0.0, False)]]


def test_closing_is_when_it_closed_or_was_decided() -> None:
    site = traded(5)
    market = site.markets["rain"]
    market.close = site.clock + 86_400_000
    shelf = shelf_of(site)
    assert asked(shelf)[0].closes_at == moment(market.close)
    site.clock += 1000
    site.resolve("rain", "YES")
    [question] = asked(shelf)
    assert question.closes_at == question.resolved_at == moment(site.clock)


@pytest.mark.parametrize("close", [253_402_300_800_000, 9e15, 1e300])
def test_a_market_that_closes_after_the_year_9999_has_no_end_that_is_known(close: float) -> None:
    site = traded(5, closeTime=close)
    assert asked(shelf_of(site))[0].closes_at is None


def test_a_decision_without_its_time_is_as_old_as_the_close() -> None:
    site = traded(5)
    site.resolve("rain", "YES")
    site.markets["rain"].own.resolution_time = None
    site.markets["rain"].close = site.clock - 500
    assert asked(shelf_of(site))[0].resolved_at == moment(site.clock - 500)


def test_a_numeric_market_says_its_scale() -> None:
    site = traded(5, kind="PSEUDO_NUMERIC", min=10, max=1000, isLogScale=True)
    assert asked(shelf_of(site))[0].scale == {"min": 10.0, "max": 1000.0, "log": True}
    assert asked(shelf_of(traded(5)))[0].scale is None


def test_what_else_is_known_of_a_question() -> None:
    site = traded(5, token="CASH", uniqueBettorCount=17)
    [question] = asked(shelf_of(site))
    assert question.title == "Will rain happen?"
    assert question.url == "https://manifold.markets/somebody/rain"
    assert question.rules == "Rules of rain."
    assert question.opens_at == moment(site.markets["rain"].created)
    assert (question.forecasters, question.volume_unit) == (17, "cash")
    assert question.volume == site.markets["rain"].volume
    assert question.raw["id"] == site.markets["rain"].id


def test_foreign_text_stays_text_and_foreign_addresses_stay_away() -> None:
    title = "<script>alert(1)</script> [x](javascript:y) $latex$ =1+1 \x00 \ud800"
    described = {
        "type": "doc",
        "content": [
            {"type": "heading", "content": [{"type": "text", "text": "Rules"}]},
            {"type": "paragraph", "content": [{"type": "text", "text": "A "}, {"text": "b."}, {"odd": 1}]},
            {"type": "image", "attrs": {"src": "x"}},
        ],
    }
    site = traded(5, question=title, url="javascript:alert(1)", textDescription=None, description=described)
    [question] = asked(shelf_of(site))
    assert question.title == title
    assert question.url == "https://manifold.markets/somebody/rain"
    assert question.rules == "Rules\nA b."


# -- several answers ---------------------------------------------------------------------------------------------------


def test_answers_are_questions_of_their_own() -> None:
    site = traded(12, **KINDS["linked"])
    found = asked(shelf_of(site))
    assert [question.title for question in found] == [f"Will rain happen? — {name}" for name in ("Ada", "Bo", "Cy")]
    assert {question.market for question in found} == {"manifold:rain"}
    # How many traded is said of the whole market only.
    assert {question.forecasters for question in found} == {None}
    assert all(question.volume == site.markets["rain"].volume / 3 for question in found)


def test_linked_answers_end_with_the_one_that_came_true() -> None:
    site = traded(12, **KINDS["linked"])
    first, second, _ = site.markets["rain"].answers
    site.clock += 1000
    site.resolve("rain", second)
    shelf = shelf_of(site)
    assert outcomes(shelf) == [(0.0, False), (1.0, False), (0.0, False)]
    site.reopen("rain")
    assert outcomes(shelf) == [(None, False)] * 3
    site.resolve("rain", "CANCEL")
    assert outcomes(shelf) == [(None, True)] * 3
    assert first != second


@pytest.mark.parametrize("etags", [True, False])
def test_linked_answers_may_end_in_parts(etags: bool) -> None:
    site = traded(12, **KINDS["linked"])
    site.site.etags = etags
    shelf = shelf_of(site)
    shelf.sync("rain")
    first, second, _ = site.markets["rain"].answers
    site.clock += 1000
    site.share_out("rain", {first: 0.25, second: 0.75})
    assert outcomes(shelf) == [(0.25, False), (0.75, False), (0.0, False)]
    assert shelf.asked == 2
    # The parts are asked for once.
    assert outcomes(shelf) == [(0.25, False), (0.75, False), (0.0, False)]
    assert shelf.asked == 1
    check(site, shelf, "rain")


@pytest.mark.parametrize("told", [{}, {"x": 1.0}, None])
def test_parts_that_do_not_add_up_are_not_known(told: dict[str, float] | None) -> None:
    site = traded(12, **KINDS["linked"])
    site.resolve("rain", "CHOOSE_MULTIPLE")
    first, second, _ = site.markets["rain"].answers
    wrong = {"answerProbs": {first: 0.9, second: 0.9} if told is None else told}
    site.site.faults.extend([None, changed(lambda _: wrong)])
    assert outcomes(shelf_of(site)) == [(None, False)] * 3


def test_independent_answers_end_each_for_itself() -> None:
    site = traded(12, **KINDS["independent"])
    first, second = site.markets["rain"].answers
    shelf = shelf_of(site)
    site.clock += 1000
    site.resolve("rain", "YES", first)
    assert outcomes(shelf) == [(1.0, False), (None, False)]
    assert shelf.questions[f"manifold:rain/{first}"].resolved_at == moment(site.clock)
    site.clock += 1000
    # With the last the market becomes “MKT”, with a value that is left over from nothing.
    site.resolve("rain", "MKT", second, value=0.4)
    assert outcomes(shelf) == [(1.0, False), (0.4, False)]
    site.reopen("rain", second)
    assert outcomes(shelf) == [(1.0, False), (None, False)]


def test_independent_answers_of_a_cancelled_market_are_cancelled() -> None:
    site = traded(12, **KINDS["independent"])
    site.resolve("rain", "CANCEL")
    assert outcomes(shelf_of(site)) == [(None, True)] * 2


def test_an_answers_time_may_be_written_out() -> None:
    site = traded(12, **KINDS["independent"])
    first, _ = site.markets["rain"].answers
    site.resolve("rain", "NO", first)
    site.markets["rain"].answers[first].resolution_time = "2024-02-03T04:05:06.789Z"
    written = moment(site.markets["rain"].created).isoformat()
    site.site.faults.append(
        changed(
            lambda market: {**market, "answers": [{**answer, "createdTime": written} for answer in market["answers"]]}
        )
    )
    found = {question.id: question for question in asked(shelf_of(site))}
    assert found[f"manifold:rain/{first}"].resolved_at == datetime(2024, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
