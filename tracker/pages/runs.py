"""Runs: what ran when and for how long, what failed, and what is due next."""

import altair as alt
import polars as pl
import streamlit as st

from tracker.catalog.load import CatalogError
from tracker.charts.rows import NARROW, Words
from tracker.charts.runs import timeline
from tracker.charts.theme import Mode
from tracker.pages import choices, pictures, runs_table, stored, words
from tracker.stats import nights
from tracker.stats.terms import terms

MOST_FAILURES = 20
MOST_WIDE, MOST_NARROW = 30, 10

words.begin()

# Load
runs, reports = stored.runs(), stored.reports()
watched = nights.nights(runs)
failed = nights.failures(reports)

# Ask, compute, draw: one night
if watched.is_empty():
    words.headline("Nothing has run here yet." if failed.is_empty() else "Nothing has finished here yet.")
    words.quiet("Run what is due now:")
    st.code("python -m jobs nightly", language=None)
    words.quiet("or let it come by itself every night, with this dashboard beside it:")
    st.code("make run", language=None)
else:
    starts = watched["night"].unique().sort(descending=True).to_list()
    names = {nights.night_name(start): start for start in starts}
    sentence = st.container()
    chosen = names[choices.choose("Night (UTC)", list(names), key="night", width=300)]
    night = watched.filter(pl.col("night") == chosen)
    failed_then = nights.during(failed, night)
    title = nights.night_finding(night, failed_then.height)
    explained = Words(
        title.rstrip("."),
        "Bar: one run of one model on one task, from start to finish. Green: reasoning; orange: conventional.",
        f"Source: own lm-eval runs, {nights.night_name(chosen)} UTC · wall-clock time",
    )
    with sentence:
        words.headline(title)
        for line in (nights.cut_short(night), nights.since(failed, night) if chosen == starts[0] else None):
            if line:
                words.quiet(line)

    alternative = nights.description(night, failed_then.height)

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        """The night on a clock; a narrow one has a row a model."""
        rows, bars = nights.clock(night, MOST_NARROW if width < NARROW else MOST_WIDE)
        return timeline(rows, bars, width=width, height=height, mode=mode, words=words, description=alternative)

    words.quiet(explained.subtitle)
    pictures.show(draw, key="night-chart")
    words.quiet(explained.source)
    figures = night.select("origin", source=pl.lit(None, dtype=pl.String))
    pictures.downloads(
        draw,
        runs_table.raw(night),
        explained,
        rows=night.height,
        name="runs",
        terms=terms(figures, stored.publications()),
        alternative=alternative,
    )

words.subhead("What failed")
running = reports.filter(pl.col("outcome") == "running")
if not running.is_empty():
    words.quiet("At work now: " + "; ".join(runs_table.report_name(row) for row in running.iter_rows(named=True)))
if failed.is_empty():
    words.quiet("No report of a failure." if reports.height else "No job has reported yet.")
for row in failed.head(MOST_FAILURES).iter_rows(named=True):
    words.quiet(runs_table.report_name(row))
    words.error_text(row["error"] or "No error text was kept.")
if failed.height > MOST_FAILURES:
    words.quiet(f"The newest {MOST_FAILURES} of {failed.height}.")

words.subhead("What is due next")
try:
    suite = choices.choose("Suite", stored.suites(), key="suite", width=300)
    waiting = stored.due_in(suite)
except CatalogError as error:
    words.notice(str(error))
else:
    words.quiet(nights.due_finding(waiting))
    if waiting.height:
        table = runs_table.due(waiting)
        st.dataframe(table, hide_index=True, column_config=runs_table.due_columns(), placeholder="", key="due")

if runs.height:
    words.subhead("Every run")
    st.dataframe(
        runs_table.shown(runs),
        hide_index=True,
        column_config=runs_table.columns(),
        placeholder="not known",
        key="every-run",
    )
