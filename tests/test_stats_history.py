"""One question's history as its chart takes it, and the sentence on it."""

from typing import Any

import evidence_frames
import polars as pl
import pytest
from forecast_frames import day, forecasts, open_question, question, questions, said

from tracker.stats import question_findings as findings
from tracker.stats.history import History, history, related
from tracker.stats.history_events import events

NOW = day(100)
MARKET = "manifold:a"


def drawn(*rows: Any, asked: Any = None, others: tuple[Any, ...] = (), since: Any = None) -> History:
    asked = asked or open_question(MARKET, ends=200)
    every = questions(asked, *others)
    return history(asked, questions(*others), forecasts(*rows), every, NOW, since)


def line(found: History, name: str) -> list[tuple[float, float, int]]:
    rows = found.lines.filter(name=name).select("at", "value", "piece").iter_rows()
    return [((at - day(0)).total_seconds() / 86_400, value, piece) for at, value, piece in rows]


def price(on: float, value: float | None, question_id: str = MARKET) -> Any:
    return said(on, value, question_id.split(":")[0], question_id, kind="market")


def test_a_line_stands_until_now() -> None:
    found = drawn(price(1, 0.2), price(50, 0.7))
    assert line(found, "Manifold") == [(1, 0.2, 0), (50, 0.7, 0), (100, 0.7, 0)]
    assert found.ends.select("label", "stands").row(0) == ("Manifold 70\u00a0%", True)


def test_a_hole_in_the_record_parts_the_line() -> None:
    found = drawn(price(1, 0.2), price(10, None), price(30, 0.4))
    assert line(found, "Manifold") == [(1, 0.2, 0), (10, 0.2, 0), (30, 0.4, 1), (100, 0.4, 1)]
    ended = drawn(price(1, 0.2), price(10, None))
    assert ended.ends.select("label", "stands").row(0) == ("Manifold, not known since", False)


def test_a_withdrawn_forecast_stays_a_mark_and_its_line_ends() -> None:
    rows = said(5, 0.8, "Ada", MARKET, withdrawn_at=day(20), withdrawn_because="a slip", reason="Because")
    found = drawn(rows)
    assert line(found, "Ada") == [(5, 0.8, 0), (20, 0.8, 0)]
    assert found.ends["label"].to_list() == ["Ada, withdrawn"]
    mark = found.marks.row(0, named=True)
    assert mark["withdrawn"]
    assert mark["note"] == "withdrawn 21 Jan 2026; a slip; Because"


def test_the_same_asked_elsewhere_is_turned_where_it_asks_the_opposite() -> None:
    other = open_question("kalshi:b", inverted=True)
    found = drawn(price(1, 0.6), price(1, 0.3, "kalshi:b"), said(2, 0.1, "Ada", "kalshi:b"), others=(other,))
    assert line(found, "Kalshi, inverted")[0][1] == pytest.approx(0.7)
    assert set(found.lines["name"]) == {"Manifold", "Kalshi, inverted"}
    assert found.marks.is_empty()
    assert dict(found.ends.select("label", "own").iter_rows())["Kalshi, inverted 70\u00a0%"] is False


def test_seen_from_an_inverted_question_the_others_are_turned() -> None:
    asked, other = open_question("kalshi:b", inverted=True, ends=200), open_question(MARKET)
    found = drawn(price(1, 0.6), price(1, 0.3, "kalshi:b"), asked=asked, others=(other,))
    assert line(found, "Kalshi")[0][1] == pytest.approx(0.3)
    assert line(found, "Manifold, inverted")[0][1] == pytest.approx(0.4)


def test_only_the_time_that_was_chosen_is_drawn_and_begins_with_what_stood() -> None:
    found = drawn(price(1, 0.2), price(50, 0.7), said(3, 0.5, "Ada", MARKET), since=day(40))
    assert line(found, "Manifold") == [(40, 0.2, 0), (50, 0.7, 0), (100, 0.7, 0)]
    assert found.marks.is_empty()


def test_nothing_is_drawn_after_the_outcome() -> None:
    asked = question(MARKET, ends=60)
    found = drawn(price(1, 0.2), price(70, 0.99), asked=asked)
    assert line(found, "Manifold") == [(1, 0.2, 0), (60, 0.2, 0)]
    assert found.ends["stands"].to_list() == [True]


def test_a_question_without_a_record_has_an_empty_history() -> None:
    found = drawn()
    assert (found.lines.height, found.marks.height, found.ends.height) == (0, 0, 0)


def test_a_quantity_is_compared_with_nothing() -> None:
    asked = open_question(MARKET, topic="t", scale='{"min":0,"max":10}')
    both = questions(asked, open_question("manifold:b", topic="t"))
    assert related(both, both.row(0, named=True)).is_empty()
    assert related(both, both.row(1, named=True)).is_empty()
    assert line(drawn(price(1, 0.5), asked=asked), "Manifold")[0][1] == 0.5


# -- sentences ---------------------------------------------------------------------------------------------------------


def sentence(*rows: Any, **columns: Any) -> str:
    asked = open_question(MARKET, **{"ends": 200} | columns)
    known, every = forecasts(*rows), questions(asked)
    return findings.finding(asked, findings.says(known, every, NOW), known, NOW)


def test_the_sentence_says_who_stands_where_and_how_far_the_market_moved() -> None:
    told = sentence(price(1, 0.5), price(90, 0.62), said(3, 0.4, "Ada", MARKET))
    assert told == "Manifold stands at 62\u00a0%, up 12 points in 30 days; Ada says 40\u00a0%."
    assert "as it did 30 days before" in sentence(price(1, 0.5))
    assert "30 days" not in sentence(price(90, 0.5))


def test_the_sentence_of_an_outcome() -> None:
    told = sentence(price(1, 0.5), ends=60, resolved_at=day(60), resolution=0.0)
    assert told == "Resolved NO on 2 Mar 2026; Manifold stood at 50\u00a0% at the end."
    told = sentence(price(1, 0.5), ends=60, resolved_at=day(60), annulled=True)
    assert told == "Annulled on 2 Mar 2026: no forecast on it is scored."
    assert "Resolved 40\u00a0%" in sentence(ends=60, resolved_at=day(60), resolution=0.4)


def test_the_sentence_where_nothing_stands() -> None:
    assert sentence() == "No price of it has been read yet."
    assert sentence(source="own") == "Nobody has made a forecast yet."
    assert sentence(price(1, 0.5), price(2, None)).startswith("Nothing stands now")
    assert "waits for its resolution" in sentence(price(1, 0.5), ends=99)


def test_moves_are_days_and_a_hole_breaks_the_change() -> None:
    known = forecasts(price(1, 0.5), price(1.5, 0.6), price(3, 0.4), price(4, None), price(6, 0.7))
    table = findings.moves(known, open_question(MARKET))
    assert table["probability"].to_list() == [0.7, 0.4, 0.6]
    assert table["change"].to_list() == [None, pytest.approx(-0.2), None]
    assert table.row(2, named=True)["low"] == 0.5


def test_the_reading_explains_only_what_is_drawn() -> None:
    asked = open_question(MARKET, ends=200)
    plain = drawn(price(1, 0.2))
    assert findings.reading(asked, plain.lines, plain.marks) == "Probability of YES. Orange: the market’s price."
    full = drawn(price(1, 0.2), price(9, None), price(20, 0.3), said(1, 0.5, "Ada", MARKET, withdrawn_at=day(9)))
    told = findings.reading(asked, full.lines, full.marks)
    assert "struck through" in told
    assert "A gap" in told


def gaps(**columns: Any) -> pl.DataFrame:
    frame = evidence_frames.gaps().filter(capability="creative-writing")
    return frame.with_columns(finished_at=pl.lit(day(9)), source=pl.lit("A report")).with_columns(
        **{name: pl.lit(value) for name, value in columns.items()}
    )


def test_evidence_is_counted_by_source_and_day() -> None:
    frame = gaps()
    found = events(frame, "creative-writing", day(1), NOW)
    counted = frame.filter(pl.col("value") > 0).height
    assert 0 < counted < frame.height
    assert found.row(0) == (day(9).date(), "1", f"A report, people vote: {counted} of {frame.height} up")
    assert findings.evidence(found).endswith(f"1 A report, people vote: {counted} of {frame.height} up.")


@pytest.mark.parametrize(
    ("columns", "topic", "first", "now"),
    [
        ({}, "another", 1, 100),
        ({}, None, 1, 100),
        ({}, "creative-writing", None, 100),
        ({}, "creative-writing", 1, 8),
        ({}, "creative-writing", 99, 100),
        ({"flags": ["truncated"]}, "creative-writing", 1, 100),
        ({"demonstration": True}, "creative-writing", 1, 100),
    ],
)
def test_evidence_of_something_else_of_later_or_distrusted_is_left_out(
    columns: Any, topic: str | None, first: float | None, now: float
) -> None:
    began = None if first is None else day(first)
    assert events(gaps(**columns), topic, began, day(now)).is_empty()
    assert findings.evidence(events(gaps(**columns), topic, began, day(now))) == ""
