"""Scores where nothing can be pooled yet: benchmark by benchmark, for one pair of models or all."""

import altair as alt
import polars as pl
import streamlit as st

from tracker.charts.rows import NARROW, Words
from tracker.charts.scores import MOST_ROWS, forest
from tracker.charts.theme import Mode
from tracker.pages import choices, pictures, provenance, scores_table, stored, words
from tracker.stats import findings
from tracker.stats.evidence_drawn import gap_keys
from tracker.stats.terms import terms


def show(gaps: pl.DataFrame) -> None:
    """Sentence, picture, table and origin of the gaps of the reader's choice."""
    sentence = st.container()
    with st.container(key="pair-filters"):
        chosen = choices.gaps(gaps)
    shown = findings.with_intervals(chosen)
    keys = gap_keys(chosen)
    rows = findings.drawn(shown.with_columns(key=pl.Series(keys, dtype=pl.String)))
    unit = findings.UNITS[shown["unit"][0]]
    title = findings.finding(shown)
    explained = Words(title.rstrip("."), findings.reading(shown), findings.source(shown))
    alternative = findings.description(shown)
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
        return forest(
            rows,
            axis=unit if width < NARROW else f"{unit[0].upper()}{unit[1:]}, reasoning − conventional",
            select=pictures.MARK if words is None else None,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    words.quiet(explained.subtitle)
    pictures.show(draw, key="forest", chosen=provenance.choose)
    words.quiet(explained.source)
    pictures.downloads(
        draw,
        scores_table.raw(shown),
        explained,
        rows=rows.height,
        name="scores",
        terms=terms(shown, stored.publications()),
        alternative=alternative,
    )
    provenance.show(chosen, keys)
    words.subhead("The numbers behind it")
    scores_table.show(shown, keys, unit)
    words.quiet("\n".join(findings.flags_explained(shown)))
