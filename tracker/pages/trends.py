"""Trends: how fast do the best reasoning and conventional models climb, and is one kind faster?"""

import numpy as np
import streamlit as st

from tracker.figures.trends import SEED, placeable, trend
from tracker.pages import pictures, stored, trends_choices, trends_table, words
from tracker.pages.trends_choices import BRUSH
from tracker.stats import index_findings
from tracker.stats import trends_findings as findings
from tracker.stats.trends import trends

words.begin()

# Load
scores = placeable(stored.scores())
if scores.is_empty():
    words.headline("No model with a known release date has been measured yet.")
    words.quiet(
        "A trend needs models whose release date is known; demonstration models have none. What others published comes "
        "with the program and is read by the night. Run it now:"
    )
    st.code("python -m jobs nightly", language=None)
    words.quiet("or let it come by itself, with this dashboard beside it:")
    st.code("make run", language=None)
    st.stop()

# Ask
sentence = st.container()
with st.container(key="filters"):
    places = iter(st.columns([2, 1, 1, 1]))
    with next(places):
        chosen = trends_choices.benchmark(scores)
    with next(places):
        start = trends_choices.day("Released from", "from")
    with next(places):
        end = trends_choices.day("to", "to")
    with next(places):
        ahead_to = trends_choices.look_ahead(chosen.scores)
window = trends_choices.window(start, end)

# Compute
unit, ceiling = chosen.scores["unit"][0], chosen.scores["ceiling"][0]
drawn_index = chosen.across.drawn if chosen.across else None
rng = np.random.default_rng(SEED)
found = trends(chosen.scores, rng=rng, window=window, ahead_to=ahead_to, drawn=drawn_index)
if found is None:
    words.headline(f"On {chosen.name}, no model of known kind has a known release date.")
    st.stop()
title = findings.finding(found, chosen.name, unit)
figures = chosen.evidence if chosen.across else found.scores
figure = trend(found, chosen.name, figures, ahead_to=ahead_to, publications=stored.publications(), brush=BRUSH)

# Draw
with sentence:
    words.headline(title)
    words.quiet(findings.lead(found, unit))
    words.quiet(findings.caution(found))
words.quiet(figure.words.subtitle)
for layout, width in (("wide", 900), ("narrow", 350)):
    with st.container(key=layout):
        key = f"trend-{layout}"
        chart = figure.draw(width=width, height=None, mode=pictures.mode(), words=None)
        if layout == "wide":
            st.altair_chart(chart, width="stretch", theme=None, key=key, on_select=trends_choices.brushed(key))
            words.quiet("Drag across the chart to fit other dates; empty the dates above to take all again.")
        else:
            st.altair_chart(chart, width="stretch", theme=None, key=key)
words.quiet(figure.words.source)
pictures.offered(figure, trends_table.raw(found, chosen.benchmark_id))
run_on = findings.ahead(found, unit)
if run_on:
    words.quiet(run_on)

words.subhead("The numbers behind it")
st.dataframe(
    trends_table.shown(found, unit),
    hide_index=True,
    column_config=trends_table.columns(unit, ceiling),
    placeholder="not known",
    key="numbers",
)
if chosen.across:
    words.quiet(index_findings.made(chosen.across))
    words.quiet(index_findings.left_out(chosen.across) or "Every model with scores of checkable benchmarks is on it.")
    words.subhead("The benchmarks it rests on")
    st.dataframe(
        trends_table.rests_on(chosen.across.benchmarks, stored.names()),
        hide_index=True,
        column_config=trends_table.rests_on_columns(),
        placeholder="not known",
        key="benchmarks",
    )
