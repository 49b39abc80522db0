"""Capabilities: what has been reached in each, by which kind of model, beside people, and what nobody here tracks."""

import altair as alt
import streamlit as st

from tracker.charts.capabilities import levels
from tracker.charts.rows import NARROW, Words
from tracker.charts.theme import Mode
from tracker.pages import capabilities_table, pictures, stored, words
from tracker.stats import capabilities as findings
from tracker.stats.terms import terms

words.begin()

# Load
capabilities = stored.capabilities()
if capabilities.is_empty():
    words.headline("No capability is known here yet.")
    words.quiet("The map comes with the catalogue, which the night reads. Run it now:")
    st.code("python -m jobs nightly", language=None)
    words.quiet("or let it come by itself, with this dashboard beside it:")
    st.code("make run", language=None)
    st.stop()
speeds = findings.speed(stored.speeds())

# Compute
rows = findings.table(capabilities, stored.benchmarks(), stored.scores())
drawn = findings.drawn(rows, speeds)
title = findings.finding(rows, speeds)
explained = Words(title.rstrip("."), findings.reading(drawn), findings.source(rows, speeds))
alternative = findings.description(drawn)
short = findings.shorter(drawn)


def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
    """The map at a size; a narrow one leaves out what has no score."""
    return levels(
        short if width < NARROW else drawn, width=width, height=height, mode=mode, words=words, description=alternative
    )


# Draw
words.headline(title)
words.quiet(findings.people(rows))
words.quiet(explained.subtitle)
pictures.show(draw, key="levels")
with st.container(key="narrow-unscored"):
    words.quiet(findings.unscored(drawn))
words.quiet(explained.source)
pictures.downloads(
    draw,
    capabilities_table.raw(rows),
    explained,
    rows=drawn.height,
    name="capabilities",
    terms=terms(findings.figures(rows, speeds), stored.publications()),
    alternative=alternative,
)

words.subhead("How fast models think")
if speeds.is_empty():
    words.quiet("No model has run here yet; the night measures it.")
else:
    words.quiet(
        "From our own runs: all tokens written, thinking included, by wall-clock time. It depends on the device and on "
        "how many answers are written at once."
    )
    if speeds["demonstration"].all():
        words.quiet("Only the demonstration models have run here: their speed is no evidence on any question.")
    st.dataframe(
        capabilities_table.speed(speeds),
        hide_index=True,
        column_config=capabilities_table.speed_columns(),
        placeholder="not known",
        key="speeds",
    )

words.subhead("Every benchmark")
st.dataframe(
    capabilities_table.shown(rows),
    hide_index=True,
    column_config=capabilities_table.columns(),
    placeholder="not known",
    key="every-benchmark",
)
