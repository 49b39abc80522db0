"""Trends: how fast do the best reasoning and conventional models climb, and is one kind faster?"""

import altair as alt
import numpy as np
import streamlit as st

from tracker.charts.rows import Words
from tracker.charts.theme import Mode
from tracker.charts.trends import climb
from tracker.pages import pictures, stored, trends_choices, trends_table, words
from tracker.pages.trends_choices import BRUSH, SEED
from tracker.stats import index_findings
from tracker.stats import trends_findings as findings
from tracker.stats.findings import in_words
from tracker.stats.terms import terms
from tracker.stats.trends import trends
from tracker.stats.trends_drawn import drawn

words.begin()

# Load
scores = trends_choices.placeable(stored.scores())
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
told = findings.told(unit, ceiling)
figures = chosen.evidence if chosen.across else found.scores
explained = Words(findings.headline(found, chosen.name), findings.reading(found), findings.source(found, figures))
frames = drawn(found, unit)
alternative = findings.description(found, chosen.name, unit)
top = told.factor * (ceiling or 1.0) if found.scale == "logit" else None
drawn_lines = any(line.slope is not None for line in found.lines.values())
deadline = ahead_to if drawn_lines and ahead_to and ahead_to > found.window.end else None


def draw(
    *, width: int, height: int | None, mode: Mode, words: Words | None, brush: str | None = None
) -> alt.LayerChart:
    """The trend at a size."""
    return climb(
        *frames,
        after="%" if told.after == " %" else "",
        bound=(None, None) if top is None else (0.0, top),
        deadline=deadline,
        deadline_text=in_words(deadline) if deadline else "",
        brush=brush,
        width=width,
        height=height,
        mode=mode,
        words=words,
        description=alternative,
    )


# Draw
with sentence:
    words.headline(title)
    words.quiet(findings.lead(found, unit))
    words.quiet(findings.caution(found))
words.quiet(explained.subtitle)
# Dates are dragged over on a wide screen only: on a phone a finger on the chart scrolls the page.
for layout, width in (("wide", 900), ("narrow", 350)):
    with st.container(key=layout):
        key = f"trend-{layout}"
        if layout == "wide":
            chart = draw(width=width, height=None, mode=pictures.mode(), words=None, brush=BRUSH)
            st.altair_chart(chart, width="stretch", theme=None, key=key, on_select=trends_choices.brushed(key))
            words.quiet("Drag across the chart to fit other dates; empty the dates above to take all again.")
        else:
            chart = draw(width=width, height=None, mode=pictures.mode(), words=None)
            st.altair_chart(chart, width="stretch", theme=None, key=key)
words.quiet(explained.source)
pictures.downloads(
    draw,
    trends_table.raw(found, chosen.benchmark_id),
    explained,
    rows=1,
    name="trends",
    terms=terms(figures, stored.publications()),
    alternative=alternative,
)
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
