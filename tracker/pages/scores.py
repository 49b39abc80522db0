"""Scores: does the reasoning model beat its twin, benchmark by benchmark, and how sure is that?"""

import altair as alt
import streamlit as st

from tracker.charts.rows import NARROW, Words
from tracker.charts.scores import MOST_ROWS, forest
from tracker.charts.theme import Mode
from tracker.pages import choices, pictures, scores_table, stored, words
from tracker.stats import findings

words.begin()

# Load
gaps = stored.gaps()
if gaps.is_empty():
    words.headline("No reasoning model has been compared with its twin yet.")
    words.quiet("A comparison appears once both models of a pair have run on the same benchmark. Run the night now:")
    st.code("python -m jobs nightly", language=None)
    words.quiet("or let it come by itself, with this dashboard beside it:")
    st.code("make run", language=None)
    st.stop()

# Ask
sentence = st.container()
with st.container(key="filters"):
    chosen = choices.gaps(gaps)

# Compute
shown = findings.with_intervals(chosen)
rows = findings.drawn(shown)
unit = findings.UNITS[shown["unit"][0]]
title = findings.finding(shown)
explained = Words(title.rstrip("."), findings.reading(shown), findings.source(shown))
alternative = findings.description(shown)

# Draw
with sentence:
    if shown["demonstration"].all():
        words.notice(
            "These are demonstration models, made to show the machinery. They are no evidence on any question."
        )
    words.headline(title)
    words.quiet(findings.certainty(shown))

if rows.height > MOST_ROWS and not st.toggle(f"Show all {rows.height} rows", key="all_rows", bind="query-params"):
    rows = rows.sort("value", descending=True).head(MOST_ROWS)
    words.quiet(f"The {MOST_ROWS} largest of {shown.height} gaps; the sentence above counts all of them.")


def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
    """The forest plot at a size; a narrow one has a shorter axis title."""
    axis = unit if width < NARROW else f"{unit[0].upper()}{unit[1:]}, reasoning − conventional"
    return forest(rows, axis=axis, width=width, height=height, mode=mode, words=words, description=alternative)


words.quiet(explained.subtitle)
pictures.show(draw, key="forest")
words.quiet(explained.source)
pictures.downloads(draw, scores_table.raw(shown), explained, rows=rows.height, name="scores")

words.subhead("The numbers behind it")
st.dataframe(
    scores_table.shown(shown),
    hide_index=True,
    column_config=scores_table.columns(unit),
    height="content",
    placeholder="not known",
    key="numbers",
)
words.quiet("\n".join(findings.flags_explained(shown)))
