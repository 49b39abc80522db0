"""The evidence as figures: the pooled gap of every domain, and the pairs of models behind one."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.evidence import pooled_gaps
from tracker.charts.rows import NARROW, Words
from tracker.charts.scores import MOST_ROWS, Band, forest
from tracker.charts.theme import Mode
from tracker.figures.figure import Figure
from tracker.stats import evidence_domains
from tracker.stats import evidence_drawn as drawing
from tracker.stats import evidence_findings as findings
from tracker.stats.pooling import Method
from tracker.stats.terms import terms


class Marks(NamedTuple):
    """The rows of a domain's pairs, all of them, and the scale they are on."""

    frame: pl.DataFrame
    scale: str


def pooled(
    gaps: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    relation: str | None,
    method: Method,
    publications: pl.DataFrame,
    select: str | None = None,
) -> Figure:
    """The pooled gaps. `rows` of `evidence_domains.domains` of the gaps; `relation` null: of several.

    `select`: the name of a selection of one row on a screen; exported pictures have none.
    """
    drawn = drawing.pooled_rows(rows)
    explained = Words(
        findings.title(rows, relation), findings.reading(rows, relation), findings.source(gaps, rows, method)
    )
    alternative = findings.description(rows, relation)

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return pooled_gaps(
            drawn,
            axis=drawing.axis(drawn, relation, short=width < NARROW),
            select=select if words is None else None,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    return Figure("evidence", draw, explained, alternative, drawn.height, terms(gaps, publications))


def marks(gaps: pl.DataFrame, row: Mapping[str, Any], *, admit: Collection[str] = (), each: bool = False) -> Marks:
    """The rows of a domain: a pair each, its gaps combined as they are pooled, or a row for `each` gap.

    `gaps` of `evidence_domains.of_domain`, with the columns of `db.queries.evidence.details`.
    """
    if each:
        return Marks(*drawing.gap_rows(gaps, row, admit=admit))
    scale = "odds" if row["scale"] == "log_odds" else "Elo points"
    return Marks(drawing.twin_rows(gaps, row, admit=admit), scale)


def pairs(
    found: Marks,
    gaps: pl.DataFrame,
    rows: pl.DataFrame,
    row: Mapping[str, Any],
    *,
    relation: str | None,
    method: Method,
    publications: pl.DataFrame,
    most: int = MOST_ROWS,
    select: str | None = None,
) -> Figure:
    """The pairs of the domain `row`, the largest and the smallest gaps where there are more than `most`."""
    band = None if row["mean"] is None else Band(row["mean"], row["low"], row["high"], f"pooled {row['text']}")
    own = rows.filter(evidence_domains.domain_key() == evidence_domains.key_of(row))
    explained = Words(
        drawing.twins_title(found.frame, str(row["name"]), relation),
        drawing.twins_reading(found.frame, found.scale, relation, band is not None),
        findings.source(gaps, own, method),
    )
    shown = found.frame if found.frame.height <= most else drawing.ends(found.frame, most)

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return forest(
            shown,
            axis=drawing.pair_axis(found.scale, relation, str(row["grading"]), short=width < NARROW),
            odds=found.scale == "odds",
            band=band,
            select=select if words is None else None,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=f"Forest plot. {explained.title}.",
        )

    return Figure("pairs", draw, explained, explained.title, shown.height, terms(gaps, publications))
