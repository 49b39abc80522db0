"""A trend as the frames of `tracker.charts.trends.climb`: dots, steps, curves and what stands at the ends of lines."""

from datetime import date
from typing import NamedTuple

import polars as pl

from tracker.stats.findings import in_words
from tracker.stats.trends import KINDS, Trends
from tracker.stats.trends_findings import pace, told


class Drawn(NamedTuple):
    """See `tracker.charts.trends.climb` for what the columns mean."""

    dots: pl.DataFrame
    steps: pl.DataFrame
    curves: pl.DataFrame
    ends: pl.DataFrame


def drawn(found: Trends, unit: str | None) -> Drawn:
    """The trend in the unit that is shown, fractions as percent."""
    shown = told(unit, found.scores["ceiling"][0])
    scores = found.scores
    scores = scores.with_columns(
        pl.lit(None, dtype=pl.Float64).alias(end) for end in ("low", "high") if end not in scores.columns
    )
    written = [shown.number(value) for value in scores["value"].to_list()]
    days = [in_words(day) for day in scores["released_on"].to_list()]
    dots = scores.select(
        on="released_on",
        value=pl.col("value") * shown.factor,
        low=pl.col("low") * shown.factor,
        high=pl.col("high") * shown.factor,
        meaning="kind",
        frontier="frontier",
        name="model_name",
        text=pl.Series("text", written, dtype=pl.String),
        released=pl.Series("released", days, dtype=pl.String),
    )
    last = scores["released_on"][-1]
    steps = pl.concat([_steps(dots, kind, last) for kind in KINDS])
    curves = pl.concat(
        [
            found.lines[kind].curve.select(
                "on",
                pl.col("value", "low", "high") * shown.factor,
                "ahead",
                meaning=pl.lit(kind),
            )
            for kind in KINDS
        ]
    )
    return Drawn(dots, steps, curves, _ends(found, unit, steps, curves))


def _steps(dots: pl.DataFrame, kind: str, last: date) -> pl.DataFrame:
    """The best score so far of a kind, from its first model to the last day of any."""
    own = dots.filter((pl.col("meaning") == kind) & pl.col("frontier")).select("on", "value", "meaning")
    if own.is_empty():
        return own
    end = own.tail(1).with_columns(on=pl.lit(last, dtype=pl.Date))
    return pl.concat([own, end]).unique("on", keep="last", maintain_order=True)


def _ends(found: Trends, unit: str | None, steps: pl.DataFrame, curves: pl.DataFrame) -> pl.DataFrame:
    """What stands at the right of each kind's line, or of its steps where there is none."""
    rows = []
    for kind in KINDS:
        line = found.lines[kind]
        own = (curves if line.slope is not None else steps).filter(pl.col("meaning") == kind)
        if own.is_empty():
            continue
        detail = "no line" if line.slope is None else pace(line.slope, found.scale, unit)
        rows.append((own["value"][-1], kind.capitalize(), detail, kind))
    columns = {"value": pl.Float64, "label": pl.String, "detail": pl.String, "meaning": pl.String}
    return pl.DataFrame(rows, schema=columns, orient="row")
