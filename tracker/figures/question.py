"""One question's history as a figure: markets, people and our estimate on one axis of time, evidence at its date."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.forecasts import Level, Turn, history
from tracker.charts.rows import Words
from tracker.charts.theme import Mode
from tracker.figures.figure import Figure
from tracker.stats import history as drawing
from tracker.stats import question_findings as findings
from tracker.stats.findings import in_words
from tracker.stats.history_bands import bands
from tracker.stats.history_events import events
from tracker.stats.questions import outcome, quantity, said
from tracker.stats.sites import site_terms


class Course(NamedTuple):
    """The figure, how to read it, what its numbered rules stand for, and whether there is anything on it."""

    figure: Figure
    reading: str
    evidence: str
    empty: bool


def course(
    question: Mapping[str, Any],
    others: pl.DataFrame,
    forecasts: pl.DataFrame,
    questions: pl.DataFrame,
    estimates: pl.DataFrame,
    gaps: pl.DataFrame,
    *,
    now: datetime,
    since: datetime | None = None,
    fitted: bool = False,
) -> Course:
    """Everything said of the question up to `now`, and what markets say of `others`, the same asked elsewhere.

    forecasts  on the question and the others, of `db.queries.forecasts.forecasts`
    estimates  of the question, of `db.queries.estimates.estimates`
    gaps       of same-weights twins, of `db.queries.evidence.evidence` or `db.queries.gaps.gaps`
    fitted     the scale fits the record instead of going from 0 to 100 %
    """
    standing = findings.says(forecasts, questions, now)
    drawn = drawing.history(question, others, forecasts, questions, now, since)
    own_ends = question["resolved_at"] or now
    ranges = bands(estimates, min(own_ends, now), since)
    told = findings.finding(question, standing.filter(question_id=question["question_id"]), forecasts, now, ranges)
    grid, reach = levels(question, drawn.lines, fitted)
    began = drawn.lines["at"].min()
    dated = events(gaps, question["topic"], began if isinstance(began, datetime) else None, now)
    reading, evidence = findings.reading(question, drawn.lines, drawn.marks), findings.evidence(dated)
    shown = pl.col("question_id").is_in([question["question_id"], *others["question_id"].to_list()])
    explained = Words(
        told.rstrip("."),
        findings.titled(question, reading, evidence),
        findings.source(question, standing.filter(shown), now),
    )
    alternative = findings.description(question, told, drawn.lines)

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return history(
            *drawn,
            bands=ranges,
            events=dated,
            closes=_closing(question, now),
            resolved=_resolved(question),
            levels=grid,
            reach=reach,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    read = [row["source"] for row in (question, *others.iter_rows(named=True)) if row["synced_at"] is not None]
    terms = site_terms(read)
    return Course(
        Figure("question", draw, explained, alternative, terms=terms), reading, evidence, drawn.lines.is_empty()
    )


def levels(question: Mapping[str, Any], lines: pl.DataFrame, fitted: bool) -> tuple[list[Level], tuple[float, float]]:
    """The grid lines of the value axis, and its ends: from 0 to 1, or as far as the lines went."""
    scale = quantity(question["scale"])
    low, high = 0.0, 1.0
    if fitted and lines.height:
        values = lines["value"].to_list()
        middle, half = (min(values) + max(values)) / 2, max((max(values) - min(values)) * 0.58, 0.02)
        low, high = max(0.0, middle - half), min(1.0, middle + half)
    if scale is not None:
        step = (high - low) / 4
        at = [low + number * step for number in range(5)]
        return [Level(value, said(value, scale)) for value in at], (low, high)
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / step <= 6 or step == 0.2)
    first, last = round(low / step + 0.499999), int(high / step + 1e-9)
    return [Level(number * step, f"{100 * number * step:.0f}%") for number in range(first, last + 1)], (low, high)


def _closing(question: Mapping[str, Any], now: datetime) -> Turn | None:
    closes = question["closes_at"]
    if closes is None:
        return None
    return Turn(closes, f"{'Closes' if closes > now else 'Closed'} {in_words(closes.date())}")


def _resolved(question: Mapping[str, Any]) -> Turn | None:
    if question["resolved_at"] is None or not (question["annulled"] or question["resolution"] is not None):
        return None
    if question["annulled"]:
        return Turn(question["resolved_at"], "Annulled")
    name = f"Resolved {outcome(question['resolution'], False)}"
    return Turn(question["resolved_at"], name, question["resolution"])
