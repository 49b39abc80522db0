"""Capabilities: what has been reached in each, by which kind of model, beside people, and what nobody here tracks."""

import streamlit as st

from tracker.figures.capabilities import reached
from tracker.pages import capabilities_table, pictures, stored, words
from tracker.stats import capabilities as findings

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
figure = reached(rows, speeds, publications=stored.publications())

# Draw
words.headline(findings.finding(rows, speeds))
words.quiet(findings.people(rows))
words.quiet(figure.words.subtitle)
pictures.show(figure.draw, key="levels")
with st.container(key="narrow-unscored"):
    words.quiet(findings.unscored(findings.drawn(rows, speeds)))
words.quiet(figure.words.source)
pictures.offered(figure, capabilities_table.raw(rows))

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
