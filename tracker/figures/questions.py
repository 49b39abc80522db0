"""Where all questions stand, as a figure."""

from datetime import datetime

import altair as alt
import polars as pl

from tracker.charts.questions import standings
from tracker.charts.rows import NARROW, Words
from tracker.charts.scores import MOST_ROWS
from tracker.charts.theme import Mode
from tracker.figures.figure import Figure
from tracker.stats import questions_findings as findings
from tracker.stats.sites import site_terms


def stand(rows: pl.DataFrame, *, days: int, now: datetime, most: int = MOST_ROWS, select: str | None = None) -> Figure:
    """What stands now and how far it moved in so many days; `rows` of `questions.listed`, the first `most` of them.

    `select`: the name of a selection of one row on a screen; exported pictures have none.
    """
    drawn = {wide: findings.drawn(rows, days, wide=wide, most=most) for wide in (True, False)}
    explained = Words(
        findings.finding(rows, days).rstrip("."),
        findings.reading(rows, days),
        findings.source(rows, now),
    )
    alternative = findings.description(rows, days)

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return standings(
            drawn[width >= NARROW],
            select=select if words is None else None,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    terms = site_terms(rows["source"].to_list())
    return Figure("questions", draw, explained, alternative, drawn[True].height, terms)
