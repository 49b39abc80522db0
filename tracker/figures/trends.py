"""Trends as figures: how fast the best of each kind climb, on a benchmark or on the index across them."""

from datetime import date, timedelta

import altair as alt
import polars as pl

from tracker.charts.rows import NARROW, Words
from tracker.charts.theme import Mode
from tracker.charts.trends import climb
from tracker.figures.figure import Figure
from tracker.stats import trends_findings as findings
from tracker.stats.findings import in_words
from tracker.stats.terms import terms
from tracker.stats.trends import KINDS, Trends, scale_of
from tracker.stats.trends_drawn import drawn

# The same evidence gives the same picture, on every screen and every day.
SEED = 20251211
# Whole days from the newest release to the day that is looked ahead to, at least.
AHEAD = timedelta(days=120)


def placeable(scores: pl.DataFrame) -> pl.DataFrame:
    """The scores of benchmarks that can be drawn against time: a scale, and a model of known kind and release date."""
    scaled = [scale_of(unit, ceiling) is not None for unit, ceiling in scores.select("unit", "ceiling").iter_rows()]
    known = pl.col("released_on").is_not_null() & pl.col("kind").is_in(KINDS)
    return scores.filter(pl.Series(scaled, dtype=pl.Boolean)).filter(known.any().over("benchmark_id"))


def listed(scores: pl.DataFrame) -> dict[str, str]:
    """The benchmarks' ids by their names, those with the most models of known date first; each name stands once."""
    rows = (
        scores.group_by("benchmark_id")
        .agg(
            pl.first("benchmark_name"),
            dated=(pl.col("released_on").is_not_null() & pl.col("kind").is_in(KINDS)).sum(),
            again=pl.first("overlaps").is_not_null(),
        )
        .sort("again", "dated", "benchmark_name", "benchmark_id", descending=[False, True, False, False])
    )
    names: dict[str, str] = {}
    for key, name in rows.select("benchmark_id", "benchmark_name").iter_rows():
        names[name if name not in names else f"{name} ({key})"] = key
    return names


def half_year(scores: pl.DataFrame) -> date | None:
    """The day that the lines run on to unless told: the first half-year's end four months after the newest release."""
    newest = scores["released_on"].max()
    if not isinstance(newest, date):
        return None
    half_years = [date(newest.year + number // 2, *((6, 30), (12, 31))[number % 2]) for number in range(4)]
    return next(end for end in half_years if end >= newest + AHEAD)


def trend(
    found: Trends,
    on: str,
    figures: pl.DataFrame,
    *,
    ahead_to: date | None,
    publications: pl.DataFrame,
    brush: str | None = None,
) -> Figure:
    """The trend on what follows "On". `figures`: the scores it rests on.

    `brush`: the name of a selection of dates by dragging, on wide screens only: on a phone a finger on the chart
    scrolls the page.
    """
    unit, ceiling = found.scores["unit"][0], found.scores["ceiling"][0]
    told = findings.told(unit, ceiling)
    explained = Words(findings.headline(found, on), findings.reading(found), findings.source(found, figures))
    alternative = findings.description(found, on, unit)
    frames = drawn(found, unit)
    top = told.factor * (ceiling or 1.0) if found.scale == "logit" else None
    lines = any(line.slope is not None for line in found.lines.values())
    deadline = ahead_to if lines and ahead_to and ahead_to > found.window.end else None

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return climb(
            *frames,
            after="%" if told.after == " %" else "",
            unit="" if told.after == " %" else told.after,
            bound=(None, None) if top is None else (0.0, top),
            deadline=deadline,
            deadline_text=in_words(deadline) if deadline else "",
            brush=brush if words is None and width >= NARROW else None,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    return Figure("trends", draw, explained, alternative, terms=terms(figures, publications))
