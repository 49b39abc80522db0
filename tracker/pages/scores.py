"""Scores: does thinking help where answers can be checked, does it where taste decides, and how sure is that?"""

import altair as alt
import polars as pl
import streamlit as st

from db.queries.evidence import KEY
from tracker.charts.evidence import pooled_gaps
from tracker.charts.rows import NARROW, Words
from tracker.charts.scores import MOST_ROWS, Band, forest
from tracker.charts.theme import Mode
from tracker.pages import evidence_choices, pictures, provenance, scores_pair, scores_table, stored, words
from tracker.stats import evidence_domains
from tracker.stats import evidence_drawn as drawn
from tracker.stats import evidence_findings as findings
from tracker.stats.evidence import once
from tracker.stats.findings import flags_explained, with_intervals
from tracker.stats.terms import terms

words.begin()

# Load
options = evidence_choices.relations(stored.relations())
if not any(stored.any_poolable(relation) for relation in [*options[:1], None]):
    everything = stored.gaps()
    if everything.is_empty():
        words.headline("No reasoning model has been compared with its twin yet.")
        words.quiet(
            "A comparison appears once both models of a pair have run on the same benchmark. Run the night now:"
        )
        st.code("python -m jobs nightly", language=None)
        words.quiet("or let it come by itself, with this dashboard beside it:")
        st.code("make run", language=None)
    else:
        scores_pair.show(everything)
    st.stop()

# Ask
sentence = st.container()
filters = st.container(key="filters")
with filters:
    places = st.columns([1.1, 1.25, 1.25, 1.2, 0.7], vertical_alignment="bottom")
with places[4]:
    beyond = evidence_choices.beyond(bool(stored.evidence(None, options[0])["demonstration"].any()))
if beyond.demonstration:
    scores_pair.show(stored.gaps().filter("demonstration"))
    st.stop()
with places[0]:
    relation = evidence_choices.relation(options)
measured = stored.evidence(beyond.as_of, relation).filter(~pl.col("demonstration"))
if measured.is_empty():
    words.headline("No such pair had been compared by then." if beyond.as_of else "No such pair has been compared.")
    st.stop()
with filters:
    chosen = evidence_choices.evidence(measured, relation, beyond, places)

# Compute
rows = stored.pooled(chosen.choice, chosen.gaps, chosen.method, chosen.admit)
pooled = drawn.pooled_rows(rows)
same = chosen.relation == "same-weights"
explained = Words(
    findings.title(rows, chosen.relation),
    findings.reading(rows, chosen.relation),
    findings.source(chosen.gaps, rows, chosen.method),
)
alternative = findings.description(rows, chosen.relation)


def answer(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
    """The pooled gaps at a size."""
    return pooled_gaps(
        pooled,
        axis=drawn.axis(pooled, chosen.relation, short=width < NARROW),
        select=pictures.MARK if words is None else None,
        width=width,
        height=height,
        mode=mode,
        words=words,
        description=alternative,
    )


# Draw
with sentence:
    words.headline(findings.sentence(rows, chosen.relation))
    words.quiet(findings.besides(rows, chosen.relation))
words.quiet(explained.subtitle)
pictures.show(answer, key="pooled", chosen=evidence_choices.choose_domain(rows))
words.quiet(explained.source)
pictures.downloads(
    answer,
    scores_table.pooled(rows),
    explained,
    rows=pooled.height,
    name="evidence",
    terms=terms(chosen.gaps, stored.publications()),
    alternative=alternative,
)

words.quiet(findings.differences(chosen.gaps, rows, method=chosen.method, admit=chosen.admit))
words.quiet(findings.caution(rows))

# Ask, compute, draw: the pairs of one domain
words.subhead("Pair by pair")
places = st.columns([2, 1, 1])
with places[0]:
    row = evidence_choices.domain(rows)
gaps = evidence_domains.of_domain(once(chosen.gaps, admit=chosen.admit), row)
gaps = gaps.join(stored.details(tuple(gaps["benchmark_id"].unique().sort())), on=KEY, how="left", maintain_order="left")
with places[1]:
    each = evidence_choices.each_gap(gaps, row)
if each:
    marks, scale = drawn.gap_rows(gaps, row, admit=chosen.admit)
else:
    marks, scale = (
        drawn.twin_rows(gaps, row, admit=chosen.admit),
        "odds" if row["scale"] == "log_odds" else "Elo points",
    )
band = None if row["mean"] is None else Band(row["mean"], row["low"], row["high"], f"pooled {row['text']}")
told = Words(
    drawn.twins_title(marks, str(row["name"]), chosen.relation),
    drawn.twins_reading(marks, scale, chosen.relation, band is not None),
    findings.source(gaps, rows.filter(evidence_domains.domain_key() == evidence_domains.key_of(row)), chosen.method),
)
drawn_marks = marks
words.quiet(f"{told.title}." + (f" Pooled: {row['text']}." if band else ""))
if marks.height > MOST_ROWS and not st.toggle(f"Show all {marks.height} rows", key="all_rows", bind="query-params"):
    drawn_marks = drawn.ends(marks, MOST_ROWS)
    half = MOST_ROWS // 2
    words.quiet(f"The {half} largest and the {half} smallest of {marks.height}; the sentence above counts all of them.")


def pairs(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
    """The pairs of the domain at a size."""
    return forest(
        drawn_marks,
        axis=drawn.pair_axis(scale, chosen.relation, str(row["grading"]), short=width < NARROW),
        odds=scale == "odds",
        band=band,
        select=pictures.MARK if words is None else None,
        width=width,
        height=height,
        mode=mode,
        words=words,
        description=f"Forest plot. {told.title}.",
    )


words.quiet(told.subtitle)
pictures.show(pairs, key="pairs", chosen=provenance.choose)
words.quiet(told.source)
shown = with_intervals(gaps)
keys = drawn.gap_keys(gaps)
pictures.downloads(
    pairs,
    scores_table.raw(shown),
    told,
    rows=drawn_marks.height,
    name="pairs",
    terms=terms(gaps, stored.publications()),
    alternative=told.title,
)
provenance.show(gaps, keys)
words.subhead("The numbers behind it")
scores_table.show(shown, keys, str(scale if scale != "odds" else "points of percent"))
words.quiet("\n".join(flags_explained(shown)))
