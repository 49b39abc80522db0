"""Scores: does thinking help where answers can be checked, does it where taste decides, and how sure is that?"""

import polars as pl
import streamlit as st

from db.queries.evidence import KEY
from tracker.charts.scores import MOST_ROWS
from tracker.figures import evidence as figures
from tracker.pages import evidence_choices, pictures, provenance, scores_pair, scores_table, stored, words
from tracker.stats import evidence_domains
from tracker.stats import evidence_drawn as drawn
from tracker.stats import evidence_findings as findings
from tracker.stats.evidence import once
from tracker.stats.findings import flags_explained, with_intervals

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
figure = figures.pooled(
    chosen.gaps,
    rows,
    relation=chosen.relation,
    method=chosen.method,
    publications=stored.publications(),
    select=pictures.MARK,
)

# Draw
with sentence:
    words.headline(findings.sentence(rows, chosen.relation))
    words.quiet(findings.besides(rows, chosen.relation))
words.quiet(figure.words.subtitle)
pictures.show(figure.draw, key="pooled", chosen=evidence_choices.choose_domain(rows))
words.quiet(figure.words.source)
pictures.offered(figure, scores_table.pooled(rows))

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
marks = figures.marks(gaps, row, admit=chosen.admit, each=each)
headline, most = st.container(), MOST_ROWS
if marks.frame.height > MOST_ROWS:
    half = MOST_ROWS // 2
    if st.toggle(f"Show all {marks.frame.height} rows", key="all_rows", bind="query-params"):
        most = marks.frame.height
    else:
        words.quiet(
            f"The {half} largest and the {half} smallest of {marks.frame.height}; the sentence above counts all of"
            " them."
        )
pairs = figures.pairs(
    marks,
    gaps,
    rows,
    row,
    relation=chosen.relation,
    method=chosen.method,
    publications=stored.publications(),
    most=most,
    select=pictures.MARK,
)
with headline:
    words.quiet(f"{pairs.words.title}." + ("" if row["mean"] is None else f" Pooled: {row['text']}."))
words.quiet(pairs.words.subtitle)
pictures.show(pairs.draw, key="pairs", chosen=provenance.choose)
words.quiet(pairs.words.source)
shown = with_intervals(gaps)
keys = drawn.gap_keys(gaps)
pictures.offered(pairs, scores_table.raw(shown))
provenance.show(gaps, keys)
words.subhead("The numbers behind it")
scores_table.show(shown, keys, str(marks.scale if marks.scale != "odds" else "points of percent"))
words.quiet("\n".join(flags_explained(shown)))
