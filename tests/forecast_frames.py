"""Frames of questions and forecasts as the queries give them, written in days after the first of January 2026."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from db.queries.forecasts import FORECASTS
from db.queries.questions import QUESTIONS

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def question(question_id: str = "q", *, opens: float | None = 0, ends: float | None = 10, **columns: Any) -> Any:
    """A question resolved YES; `ends`: the day on which it closes and resolves, unless the columns say otherwise."""
    at = None if ends is None else day(ends)
    row = dict.fromkeys(QUESTIONS) | {
        "question_id": question_id,
        "source": question_id.split(":")[0],
        "title": question_id,
        "inverted": False,
        "annulled": False,
        "tracked": True,
        "opens_at": None if opens is None else day(opens),
        "closes_at": at,
        "resolved_at": at,
        "resolution": 1.0,
    }
    assert not set(columns) - set(row)
    return row | columns


def open_question(question_id: str = "q", **columns: Any) -> Any:
    return question(question_id, **{"resolved_at": None, "resolution": None, **columns})


def said(on: float, probability: float | None, forecaster: str = "anna", question_id: str = "q", **columns: Any) -> Any:
    """A forecast of a day."""
    row = dict.fromkeys(FORECASTS) | {
        "question_id": question_id,
        "forecaster": forecaster,
        "kind": "market" if forecaster in ("manifold", "polymarket") else "person",
        "at": day(on),
        "position": 0,
        "probability": probability,
    }
    assert not set(columns) - set(row)
    return row | columns


def questions(*rows: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=QUESTIONS, orient="row")


def forecasts(*rows: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FORECASTS, orient="row")
