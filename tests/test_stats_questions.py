"""The list of questions: what stands, how far it moved, the topic's questions side by side, and the sentence on top."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from forecast_frames import day, open_question, question, questions
from hypothesis import given
from hypothesis import strategies as st

from db.queries.forecasts import DAILY
from tracker.stats import questions_findings as findings
from tracker.stats.questions import ANNULLED, BACK, OPEN, RESOLVED, WAITING, by_move, listed, moved, on_scale, said

NOW = day(100.4)


def daily(*rows: tuple[str, str, float, float | None]) -> pl.DataFrame:
    """question, forecaster, day, probability."""
    kinds = {"manifold": "market", "polymarket": "market"}
    return pl.DataFrame(
        [(one, who, kinds.get(who, "person"), day(on).date(), value) for one, who, on, value in rows],
        schema=DAILY,
        orient="row",
    )


def listing(rows: pl.DataFrame, *asked: Any) -> dict[str, Any]:
    found = listed(questions(*asked), rows, NOW)
    assert found.height == len(asked)
    return {row["question_id"]: row for row in found.iter_rows(named=True)}


def test_a_change_is_from_the_end_of_the_day_so_long_ago() -> None:
    rows = daily(
        ("manifold:a", "manifold", 9, 0.2),
        ("manifold:a", "manifold", 70, 0.3),
        ("manifold:a", "manifold", 93, 0.5),
        ("manifold:a", "manifold", 94, 0.6),
        ("manifold:a", "manifold", 100, 0.64),
    )
    row = listing(rows, open_question("manifold:a", ends=400))["manifold:a"]
    assert row["now"] == 0.64
    assert row["week_ago"] == 0.5
    assert row["change_7"] == pytest.approx(0.14)
    assert row["change_30"] == pytest.approx(0.34)
    assert row["days_left"] == 300
    assert row["spark"][0] == pytest.approx(20)
    assert row["spark"][-1] == pytest.approx(64)
    assert len(row["spark"]) == BACK // 2 + 1


def test_what_nobody_knew_then_has_no_change() -> None:
    rows = daily(
        ("manifold:a", "manifold", 98, 0.5), ("manifold:b", "manifold", 60, 0.5), ("manifold:b", "manifold", 90, None)
    )
    found = listing(rows, open_question("manifold:a"), open_question("manifold:b"), open_question("manifold:c"))
    assert (found["manifold:a"]["now"], found["manifold:a"]["change_7"]) == (0.5, None)
    assert found["manifold:b"]["now"] is None
    assert found["manifold:b"]["change_30"] is None
    assert found["manifold:b"]["spark"] == []
    assert found["manifold:c"]["forecaster"] is None


def test_a_spark_line_begins_after_the_last_hole() -> None:
    rows = daily(
        ("manifold:a", "manifold", 9, 0.2), ("manifold:a", "manifold", 50, None), ("manifold:a", "manifold", 91, 0.7)
    )
    spark = listing(rows, open_question("manifold:a"))["manifold:a"]["spark"]
    assert spark == pytest.approx([70.0] * 5)


def test_an_inverted_question_of_a_topic_is_turned_round() -> None:
    rows = daily(("kalshi:a", "kalshi", 60, 0.2), ("kalshi:a", "kalshi", 99, 0.3))
    rows = rows.with_columns(kind=pl.lit("market"))
    turned = listing(rows, open_question("kalshi:a", inverted=True, topic="t"))["kalshi:a"]
    assert turned["now"] == pytest.approx(0.7)
    assert turned["change_30"] == pytest.approx(-0.1)
    assert turned["spark"][-1] == pytest.approx(70)
    alone = listing(rows, open_question("kalshi:a", inverted=True))["kalshi:a"]
    assert alone["now"] == pytest.approx(0.3)


def test_the_market_stands_for_a_question_and_people_beside_it() -> None:
    rows = daily(("manifold:a", "Ada", 99, 0.1), ("manifold:a", "manifold", 50, 0.8), ("own:b", "Ada", 20, 0.4))
    found = listing(rows, open_question("manifold:a"), open_question("own:b"))
    assert (found["manifold:a"]["forecaster"], found["manifold:a"]["others"]) == ("manifold", "Ada 10\u00a0%")
    assert (found["own:b"]["forecaster"], found["own:b"]["now"], found["own:b"]["kind"]) == ("Ada", 0.4, "person")


def test_a_quantity_is_no_probability() -> None:
    rows = daily(("manifold:a", "manifold", 50, 0.5))
    row = listing(rows, open_question("manifold:a", scale='{"max":2000,"min":0}'))["manifold:a"]
    assert (row["now"], row["value_text"]) == (None, "1,000")
    broken = listing(rows, open_question("manifold:a", scale='{"max":0,"min":0'))["manifold:a"]
    assert broken["now"] == 0.5


def test_states() -> None:
    rows = daily(("a", "manifold", 50, 0.5))
    found = listing(
        rows,
        open_question("a", ends=101),
        open_question("b", ends=100),
        open_question("c", ends=None),
        question("d", ends=60),
        question("e", ends=60, annulled=True, resolution=None),
    )
    assert [found[name]["state"] for name in "abcde"] == [OPEN, WAITING, OPEN, RESOLVED, ANNULLED]
    assert found["d"]["now"] is None


def test_the_questions_of_a_topic_stand_together_where_its_furthest_moved() -> None:
    frame = pl.DataFrame(
        {
            "question_id": list("abcde"),
            "topic": ["t", None, "t", None, None],
            "change_7": [0.01, 0.2, -0.3, None, -0.1],
        }
    )
    assert by_move(frame, "change_7")["question_id"].to_list() == ["c", "a", "b", "e", "d"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.643, "64"), (0.005, "0.5"), (0.996, "99.6"), (0.0, "0"), (1.0, "100"), (0.0194, "1.9"), (0.0196, "2")],
)
def test_a_probability_is_written_closer_near_the_ends(value: float, text: str) -> None:
    assert said(value) == f"{text}\u00a0%"


@pytest.mark.parametrize(
    ("value", "text"), [(0.12, "+12"), (-0.031, "−3"), (0.004, "+0.4"), (0.0002, "0"), (-0.0004, "0"), (0.0, "0")]
)
def test_a_change_says_its_direction_and_never_minus_nought(value: float, text: str) -> None:
    assert moved(value) == text


def test_a_quantity_on_a_logarithmic_scale_as_manifold_has_it() -> None:
    assert on_scale(0.0, {"min": 1, "max": 1000, "log": True}) == pytest.approx(1)
    assert on_scale(1.0, {"min": 1, "max": 1000, "log": True}) == pytest.approx(1000)
    assert on_scale(0.5, {"min": 1, "max": 1000, "log": True}) == pytest.approx(10 ** (0.5 * 3) + 0, rel=0.01)
    assert said(0.25, {"min": -4, "max": 4}) == "−2.0"


# -- the sentence ------------------------------------------------------------------------------------------------------


def sentence(*moves: tuple[str, float, float | None]) -> str:
    rows = [(one, "manifold", 100, now) for one, now, _ in moves]
    rows += [(one, "manifold", 60, now - change) for one, now, change in moves if change is not None]
    found = listed(questions(*(open_question(one, source="manifold") for one, *_ in moves)), daily(*rows), NOW)
    return findings.finding(found, 30)


def test_the_sentence_names_what_moved_most_and_counts_the_rest() -> None:
    told = sentence(("Will it?", 0.64, 0.12), ("b", 0.5, -0.05), ("c", 0.5, 0.049))
    assert told == "“Will it?” went from 52 to 64\u00a0% in 30 days; 2 of 3 markets moved by 5 points or more."


def test_the_sentence_says_where_little_moved() -> None:
    assert sentence(("a", 0.5, 0.02), ("b", 0.5, 0.0)) == (
        "None of 2 markets moved by 5 points in 30 days; most, by 2, “a”."
    )
    assert sentence(("a", 0.5, 0.0), ("b", 0.5, 0.0)) == "None of 2 markets moved in 30 days."
    assert sentence(("a", 0.5, -0.02)) == "“a” moved by 2 in 30 days."


def test_the_sentence_does_not_count_what_it_does_not_know() -> None:
    assert sentence(("a", 0.5, 0.3), ("b", 0.5, None)).endswith(
        "1 of 1 market moved by 5 points or more; of 1 other question that is not known."
    ) or sentence(("a", 0.5, 0.3), ("b", 0.5, None)) == (
        "“a” went from 20 to 50\u00a0% in 30 days; of 1 other question that is not known."
    )
    assert sentence(("a", 0.5, None)) == "1 question is tracked; no price goes back 30 days yet."


def test_a_forecast_of_a_person_is_no_price_that_did_not_move() -> None:
    asked = questions(open_question("manifold:a"), open_question("own:b"))
    found = listed(asked, daily(("own:b", "Ada", 20, 0.4)), NOW)
    assert findings.finding(found, 7) == "2 questions are tracked; no price of a market is known yet."
    assert findings.finding(found.filter(source="own"), 7) == "1 question is tracked, none of them on a market."
    assert findings.finding(found.clear(), 7) == "No question is tracked yet."


def test_freshness_says_how_old_and_what_was_never_read() -> None:
    asked = questions(
        open_question("manifold:a", synced_at=NOW - timedelta(hours=5)),
        open_question("kalshi:b"),
        open_question("own:c"),
    )
    found = listed(asked, daily(), NOW)
    assert findings.freshness(found, NOW) == (
        "Prices of Manifold, read 5 hours ago (11 Apr 2026, 04:36 UTC). 1 question has never been read."
    )
    assert findings.stale(found, NOW) == ""
    assert "2 days ago, on 11 Apr 2026" in findings.stale(found, NOW + timedelta(days=2))
    assert findings.freshness(found.filter(source="own"), NOW) == ""


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.01, "just now"), (0.05, "3 minutes ago"), (1.5, "90 minutes ago"), (30, "30 hours ago"), (49, "2 days ago")],
)
def test_an_age_in_words(hours: float, text: str) -> None:
    assert findings.age(NOW - timedelta(hours=hours), NOW) == text


@given(st.text(max_size=300))
def test_a_shortened_title_is_one_line_and_not_longer(title: str) -> None:
    short = findings.shortened(title)
    assert len(short) <= findings.LONGEST_TITLE
    assert "\n" not in short


def test_a_topic_is_named_once_where_there_is_room() -> None:
    asked = [open_question(f"{site}:a", topic="t", topic_name="The topic") for site in ("manifold", "polymarket")]
    rows = daily(("manifold:a", "manifold", 50, 0.5), ("polymarket:a", "polymarket", 50, 0.6), ("own:b", "Ada", 9, 0.1))
    found = by_move(listed(questions(*asked, open_question("own:b", title="Own?")), rows, NOW), "change_7")
    wide, narrow = (findings.drawn(found, 7, wide=wide)["label"].to_list() for wide in (True, False))
    assert sorted(wide) == ["", "Own?", "The topic"]
    assert sorted(narrow) == ["Own?", "The topic", "The topic"]
