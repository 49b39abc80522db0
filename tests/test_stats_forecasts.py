"""Forecasts as steps: how long each stood, when all of several stood, references, and what moved."""

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from forecast_frames import START, day, forecasts, open_question, question, questions, said
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tracker.stats.forecasts import (
    BASE_RATE,
    FIFTY,
    STEPS,
    changes,
    common_windows,
    drawn_steps,
    reference_steps,
    scored_windows,
    steps,
    stood_at,
)


def stood(*rows: object, **of_question: object) -> list[tuple[float, float | None, float]]:
    """Days on which each step of one question begins and ends, and its probability."""
    about = question(**of_question) if "ends" not in of_question or of_question["ends"] else open_question()
    return days(steps(forecasts(*rows), questions(about)))


def days(found: pl.DataFrame) -> list[tuple[float, float | None, float]]:
    def number(moment: object) -> float | None:
        return None if moment is None else (moment - START) / timedelta(days=1)  # type: ignore[operator, return-value]

    return [(number(start) or 0.0, number(end), p) for start, end, p in found["start", "end", "probability"].rows()]


def windows(found: pl.DataFrame) -> list[tuple[float, float]]:
    return [((a - START) / timedelta(days=1), (b - START) / timedelta(days=1)) for a, b in found["start", "end"].rows()]


def test_a_forecast_stands_from_its_moment_until_the_next() -> None:
    assert stood(said(2, 0.4), said(5, 0.7)) == [(2, 5, 0.4), (5, 10, 0.7)]


def test_of_two_at_one_moment_the_later_position_stands() -> None:
    rows = [said(2, 0.9, position=1), said(2, 0.6, position=2), said(2, 0.4, position=0)]
    assert stood(*rows) == [(2, 10, 0.6)]


def test_a_withdrawn_forecast_counts_for_the_time_it_stood_and_no_earlier_one_comes_back() -> None:
    rows = [said(1, 0.3), said(2, 0.4, withdrawn_at=day(4)), said(6, 0.7)]
    assert stood(*rows) == [(1, 2, 0.3), (2, 4, 0.4), (6, 10, 0.7)]


def test_withdrawing_what_had_been_replaced_changes_nothing() -> None:
    assert stood(said(1, 0.3, withdrawn_at=day(4)), said(2, 0.4)) == [(1, 2, 0.3), (2, 10, 0.4)]


def test_a_hole_in_the_record_is_no_forecast_until_the_next() -> None:
    assert stood(said(1, 0.3), said(4, None), said(7, 0.5)) == [(1, 4, 0.3), (7, 10, 0.5)]


def test_what_was_said_before_the_question_opened_counts_from_then() -> None:
    assert stood(said(-5, 0.3), said(-2, 0.4)) == [(0, 10, 0.4)]
    assert stood(said(-5, 0.3), said(2, 0.4), opens=None) == [(-5, 2, 0.3), (2, 10, 0.4)]


def test_an_early_resolution_ends_everything() -> None:
    rows = [said(1, 0.3), said(7, 0.99)]
    assert stood(*rows, resolved_at=day(6)) == [(1, 6, 0.3)]


def test_a_late_resolution_counts_until_the_close() -> None:
    rows = [said(1, 0.3), said(12, 0.99)]
    assert stood(*rows, resolved_at=day(30)) == [(1, 10, 0.3)]
    assert stood(*rows, closes_at=None, resolved_at=day(30)) == [(1, 12, 0.3), (12, 30, 0.99)]


def test_an_open_question_has_no_end_or_that_of_its_close() -> None:
    rows = forecasts(said(1, 0.3), said(2, 0.4))
    assert days(steps(rows, questions(open_question(closes_at=None)))) == [(1, 2, 0.3), (2, None, 0.4)]
    assert days(steps(rows, questions(open_question()))) == [(1, 2, 0.3), (2, 10, 0.4)]


def test_a_chart_draws_until_the_resolution_or_now_and_from_before_the_opening() -> None:
    rows = forecasts(said(-3, 0.3), said(4, None), said(6, 0.4))
    late = questions(question(resolved_at=day(30)))
    assert days(drawn_steps(rows, late, day(40))) == [(-3, 4, 0.3), (6, 30, 0.4)]
    assert days(drawn_steps(rows, late, day(20))) == [(-3, 4, 0.3), (6, 20, 0.4)]
    assert days(drawn_steps(rows, late, day(5))) == [(-3, 4, 0.3)]
    assert days(drawn_steps(rows, questions(open_question()), day(20))) == [(-3, 4, 0.3), (6, 20, 0.4)]


def test_forecasts_on_unknown_questions_are_left_out_and_nothing_is_a_frame() -> None:
    assert steps(forecasts(said(1, 0.3, question_id="other")), questions(question())).is_empty()
    empty = steps(forecasts(), questions())
    assert dict(empty.schema) == STEPS
    assert reference_steps(empty, questions()).schema == empty.schema
    assert common_windows(empty, ["anna"]).is_empty()
    assert stood_at(empty, day(1)).is_empty()
    assert drawn_steps(forecasts(), questions(), day(1)).is_empty()


def test_columns_without_any_value_may_have_no_type() -> None:
    rows = forecasts(said(2, 0.4)).with_columns(withdrawn_at=pl.lit(None))
    about = questions(open_question(closes_at=None)).with_columns(pl.lit(None).alias(n) for n in ("topic", "closes_at"))
    assert days(steps(rows, about)) == [(2, None, 0.4)]


def test_a_time_without_a_zone_is_refused() -> None:
    naive = forecasts(said(2, 0.4)).with_columns(pl.col("at").dt.replace_time_zone(None))
    with pytest.raises(ValueError, match=r"at holds .*: a moment needs its time zone"):
        steps(naive, questions(question()))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), min_size=1, max_size=12, unique_by=lambda row: row[0]),
    st.sampled_from(["America/St_Johns", "Pacific/Auckland", "Europe/Berlin"]),
    st.randoms(use_true_random=False),
)
def test_order_and_time_zone_of_what_comes_in_change_nothing(rows: list[tuple[int, float]], zone: str, mixer) -> None:  # type: ignore[no-untyped-def]
    written = [said(hour / 24, p) for hour, p in rows]
    about = questions(question())
    expected = steps(forecasts(*written), about)
    mixer.shuffle(written)
    elsewhere = [row | {"at": row["at"].astimezone(ZoneInfo(zone))} for row in written]
    found = steps(forecasts(*elsewhere).with_columns(pl.col("at").dt.convert_time_zone(zone)), about)
    assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, None),
        ({"resolution": 0.4}, None),
        ({"closes_at": None}, None),
        ({"resolved_at": None}, None),
        ({"annulled": True}, "annulled"),
        ({"annulled": True, "resolution": None}, "annulled"),
        ({"annulled": None}, None),
        ({"resolution": None}, "open"),
        ({"resolved_at": None, "closes_at": None}, "no end"),
        ({"resolved_at": START, "closes_at": None}, "no time"),
        ({"scale": '{"min": 0, "max": 10, "log": false}'}, "quantity"),
    ],
)
def test_which_questions_are_scored(columns: dict[str, object], why: str | None) -> None:
    found = scored_windows(questions(question(**columns)))  # type: ignore[arg-type]
    assert found["unscored"].to_list() == [why]


def test_questions_that_share_their_fate_are_one_group() -> None:
    rows = [question("a", topic="t", market="m"), question("b", market="m"), question("c", market="m"), question("d")]
    assert scored_windows(questions(*rows))["group"].to_list() == ["t", "m", "m", "d"]


def test_common_windows_are_when_all_of_them_stood() -> None:
    rows = [
        said(0, 0.5, "manifold"),
        said(1, 0.6, "manifold"),
        said(6, None, "manifold"),
        said(8, 0.7, "manifold"),
        said(2, 0.4, "anna", withdrawn_at=day(9)),
        said(3, 0.1, "ben"),
    ]
    found = steps(forecasts(*rows), questions(question()))
    assert windows(common_windows(found, ["manifold"])) == [(0, 6), (8, 10)]
    assert windows(common_windows(found, ["manifold", "anna"])) == [(2, 6), (8, 9)]
    assert windows(common_windows(found, ["manifold", "anna", "ben"])) == [(3, 6), (8, 9)]
    assert windows(common_windows(found, ["manifold", "nobody"])) == []


def test_common_windows_of_a_topic_join_the_questions_of_one_forecaster() -> None:
    rows = [
        said(0, 0.5, "manifold", "a", withdrawn_at=day(4)),
        said(3, 0.5, "manifold", "b", withdrawn_at=day(6)),
        said(1, 0.5, "polymarket", "c", withdrawn_at=day(5)),
    ]
    found = steps(forecasts(*rows), questions(*(question(name) for name in "abc"))).with_columns(topic=pl.lit("t"))
    assert windows(common_windows(found, ["manifold"], "topic")) == [(0, 6)]
    assert windows(common_windows(found, ["manifold", "polymarket"], "topic")) == [(1, 5)]


interval = st.tuples(st.integers(0, 239), st.integers(1, 60), st.sampled_from(["anna", "ben", "manifold"]))


@settings(deadline=None)
@given(st.lists(interval, max_size=14))
def test_common_windows_hold_exactly_the_hours_that_every_one_covers(rows: list[tuple[int, int, str]]) -> None:
    written = [
        said(start / 24, 0.5, name, position=place, withdrawn_at=day((start + length) / 24))
        for place, (start, length, name) in enumerate(rows)
    ]
    found = steps(forecasts(*written), questions(question()))
    names = ["anna", "ben", "manifold"]
    got = windows(common_windows(found, names))
    covered = {
        name: {
            hour
            for start, end in windows(found.filter(forecaster=name))
            for hour in range(round(start * 24), round(end * 24))
        }
        for name in names
    }
    hours = [hour for start, end in got for hour in range(round(start * 24), round(end * 24))]
    assert hours == sorted(set.intersection(*covered.values()))
    assert all(end < start for (_, end), (start, _) in pairwise(got))


def test_what_stood_at_a_moment_is_right_continuous() -> None:
    found = steps(forecasts(said(2, 0.4), said(5, 0.7), said(3, 0.1, "ben")), questions(question()))
    assert stood_at(found, day(1.9)).is_empty()
    assert stood_at(found, day(2))["probability"].to_list() == [0.4]
    assert dict(stood_at(found, day(5))["forecaster", "probability"].rows()) == {"anna": 0.7, "ben": 0.1}
    assert stood_at(found, day(10)).is_empty()


def test_what_stood_at_a_moment_of_each_question() -> None:
    rows = [said(0, 0.1, question_id=name) for name in "ab"] + [said(4, 0.9, question_id=name) for name in "ab"]
    found = steps(forecasts(*rows), questions(question("a"), question("b")))
    moments = pl.DataFrame({"question_id": ["a", "b"], "at": [day(3), day(6)]}, schema_overrides={"at": STEPS["start"]})
    assert stood_at(found, moments)["question_id", "probability"].rows() == [("a", 0.1), ("b", 0.9)]


def test_changes_are_null_where_nothing_stood_then() -> None:
    rows = [said(0, 0.25), said(4, 0.5, "ben"), said(9, 0.75)]
    found = steps(forecasts(*rows), questions(open_question(closes_at=None)))
    now, week, month = (stood_at(found, day(at)) for at in (10, 3, -20))
    moved = changes(now, {7: week, 30: month})
    assert moved["forecaster", "probability", "change_7", "change_30"].rows() == [
        ("anna", 0.75, 0.5, None),
        ("ben", 0.5, None, None),
    ]


def test_the_base_rate_is_what_had_resolved_before_a_question_opened() -> None:
    rows = [
        question("first", opens=0, ends=5, resolution=1.0),
        question("second", opens=1, ends=6, resolution=0.5),
        question("annulled", opens=0, ends=3, resolution=None, annulled=True),
        question("quantity", opens=0, ends=3, resolution=1.0, scale='{"min": 0}'),
        question("at once", opens=5, ends=9, resolution=1.0),
        question("third", opens=6.5, ends=9, resolution=0.0),
        open_question("still open", opens=20, closes_at=None),
    ]
    names = [row["question_id"] for row in rows]
    found = steps(forecasts(*(said(8, 0.3, question_id=name) for name in names)), questions(*rows))
    references = reference_steps(found, questions(*rows))
    rates = dict(references.filter(forecaster=BASE_RATE)["question_id", "probability"].rows())
    # (YES + 1) / (resolved + 2); what resolves at the very moment a question opens is not yet known.
    assert rates == {
        "at once": 1 / 2,
        "third": (1.5 + 1) / (2 + 2),
        "still open": (1.0 + 0.5 + 1.0 + 0.0 + 1) / (4 + 2),
    }
    assert set(references.filter(forecaster=FIFTY)["probability"]) == {0.5}
    assert set(references["kind"]) == {"reference"}


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=8), st.integers(0, 7))
def test_no_base_rate_hangs_on_its_own_outcome(outcomes: list[bool], which: int) -> None:
    which %= len(outcomes)

    def rate(own: float) -> float:
        resolved = [own if place == which else float(outcome) for place, outcome in enumerate(outcomes)]
        rows = [question(f"q{place}", opens=place, ends=place + 1.5, resolution=r) for place, r in enumerate(resolved)]
        stood = steps(
            forecasts(*(said(place, 0.3, question_id=f"q{place}") for place in range(len(rows)))), about(rows)
        )
        found = reference_steps(stood, about(rows)).filter(forecaster=BASE_RATE, question_id=f"q{which}")
        return float(found["probability"][0])

    def about(rows: list[object]) -> pl.DataFrame:
        return questions(*rows)

    assert rate(0.0) == rate(1.0)


def test_references_stand_over_the_whole_scored_window() -> None:
    about = questions(question(opens=None), question("r", resolved_at=day(4)), open_question("o", closes_at=None))
    found = steps(forecasts(*(said(2, 0.3, question_id=name) for name in "qro")), about)
    fifty = reference_steps(found, about).filter(forecaster=FIFTY)
    spans = dict(zip(fifty["question_id"], days(fifty), strict=True))
    assert spans == {"q": (2, 10, 0.5), "r": (0, 4, 0.5), "o": (0, None, 0.5)}
