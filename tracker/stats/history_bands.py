"""How far our estimates depended on choices, as bands beside their lines in a question's history."""

from datetime import UTC, datetime, time
from typing import Any

import polars as pl

from tracker.stats.forecasts import TIME
from tracker.stats.questions import said

BANDS: dict[str, Any] = {
    "line": pl.String,
    "piece": pl.Int64,
    "at": TIME,
    "low": pl.Float64,
    "high": pl.Float64,
    "meaning": pl.String,
    "text": pl.String,
}
DAY_END = time(23, 59, 59, tzinfo=UTC)
MEANINGS = {False: "tracker", True: "backtest"}


def bands(estimates: pl.DataFrame, until: datetime, since: datetime | None = None) -> pl.DataFrame:
    """BANDS: the range over the variants of each headline estimate, from its moment until the next, the last `until`.

    `estimates` of one question as `db.queries.estimates.estimates` gives them. A live estimate stands from when it was
    made, a back-test from the end of its day, as the forecasts they entered do. Where an estimate is not known the band
    has a hole.
    """
    found: list[dict[str, Any]] = []
    for (backtest,), rows in estimates.filter("headline").partition_by("backtest", as_dict=True).items():
        meaning = MEANINGS[bool(backtest)]
        piece = 0
        moments = [
            (datetime.combine(row["as_of"], DAY_END) if backtest else row["computed_at"], row)
            for row in rows.sort("as_of", "computed_at").iter_rows(named=True)
        ]
        for place, (at, row) in enumerate(moments):
            end = min(moments[place + 1][0] if place + 1 < len(moments) else until, until)
            start = at if since is None else max(at, since)
            if row["low"] is None or row["high"] is None:
                piece += 1
                continue
            if start >= end:
                continue
            text = f"{said(row['low'])} to {said(row['high'])}"
            found += [
                {"line": meaning, "piece": piece, "at": edge, "low": row["low"], "high": row["high"]}
                | {"meaning": meaning, "text": text}
                for edge in (start, end)
            ]
    return pl.DataFrame(found, schema=BANDS)


def last_ranges(bands: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """The range that stood last, by whose it is: "tracker" or "backtest"."""
    last = bands.sort("at").unique("meaning", keep="last", maintain_order=True)
    return {row["meaning"]: (row["low"], row["high"]) for row in last.iter_rows(named=True)}
