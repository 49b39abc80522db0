"""The map of capabilities as a figure."""

import altair as alt
import polars as pl

from tracker.charts.capabilities import levels
from tracker.charts.rows import NARROW, Words
from tracker.charts.theme import Mode
from tracker.figures.figure import Figure
from tracker.stats import capabilities as findings
from tracker.stats.terms import terms


def reached(rows: pl.DataFrame, speeds: pl.DataFrame, *, publications: pl.DataFrame) -> Figure:
    """What has been reached in each capability; a narrow picture, or one with its words, only counts what has no score.

    `rows` of `capabilities.table`, `speeds` of `capabilities.speed`.
    """
    shown = findings.drawn(rows, speeds)
    short, alternative = findings.shorter(shown), findings.description(shown)
    title = findings.finding(rows, speeds).rstrip(".")
    explained = Words(title, findings.reading(shown), findings.source(rows, speeds))

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        frame = shown if words is None and width >= NARROW else short
        return levels(frame, width=width, height=height, mode=mode, words=words, description=alternative)

    said = terms(findings.figures(rows, speeds), publications)
    return Figure("capabilities", draw, explained, alternative, short.height, said)
