"""Scores with release dates, as the trends' tests and charts take them."""

from datetime import date, timedelta

import polars as pl

START = date(2025, 1, 1)
TYPES = {
    "released_on": pl.Date,
    "kind": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "ceiling": pl.Float64,
}


def score(name: str, kind: str | None, released_on: date | None, value: float, **given: object) -> dict[str, object]:
    usual = {
        "model_id": name,
        "model_name": name.title(),
        "kind": kind,
        "released_on": released_on,
        "value": value,
        "stderr": None,
        "low": None,
        "high": None,
        "n": 500,
        "unit": "fraction",
        "ceiling": 1.0,
        "source": "A paper",
        "origin": "published",
        "finished_at": None,
    }
    return usual | given


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=TYPES)


def climbing(count: int = 8, unit: str = "fraction", **columns: object) -> pl.DataFrame:
    """Reasoning models ahead and faster, conventional ones behind, each a little better than the last; one laggard."""
    rows = []
    for place in range(count):
        day = START + timedelta(days=40 * place)
        for kind, value in (("reasoning", 0.50 + 0.05 * place), ("conventional", 0.40 + 0.03 * place)):
            shown = value if unit == "fraction" else 1000 + 500 * value
            rows.append(score(f"{kind}-{place}", kind, day, shown, unit=unit) | columns)
    rows.append(score("laggard", "reasoning", START + timedelta(days=300), rows[0]["value"], unit=unit) | columns)
    return frame(rows)
