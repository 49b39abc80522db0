"""What the reader of the pooled evidence chooses: filters in one row, the rest behind one button, all in the URL."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

import polars as pl
import streamlit as st

from tracker.pages import choices
from tracker.stats.evidence_domains import GRADINGS, blocked, domain_key
from tracker.stats.evidence_findings import GRADED, METHODS, OWN
from tracker.stats.findings import RELATIONS
from tracker.stats.flags import BLOCKING
from tracker.stats.pooling import Method

KEPT_OUT, LET_IN, CLEAN, ONLY = "Distrusted kept out", "Distrusted let in", "Without any flag", "Only: "
TOGETHER = "All, side by side"
# The question behind this program asks about this domain.
FIRST_DOMAIN = "creative-writing"
EARLIEST, LATEST = date(2015, 1, 1), date(2050, 12, 31)


class Chosen(NamedTuple):
    """The gaps left, which relation they have (null: several), how they are to be pooled, and what was chosen."""

    gaps: pl.DataFrame
    relation: str | None
    method: Method
    admit: frozenset[str]
    choice: tuple[str, ...]


class Beyond(NamedTuple):
    """What the button holds: the day whose evidence is wanted (null: today's), how to pool, and evidence or not."""

    as_of: date | None
    method: Method
    demonstration: bool


def beyond(demonstration_too: bool) -> Beyond:
    """Day, method and, where there is one beside evidence, the demonstration."""
    with st.popover("More", width="stretch"):
        as_of = st.date_input(
            "As it was known on (empty: today)",
            None,
            EARLIEST,
            LATEST,
            key="as_of",
            format="YYYY-MM-DD",
            bind="query-params",
        )
        method = choices.choose(
            "Spread between pairs (τ²)", list(METHODS), key="method", shown=lambda name: METHODS[_method(name)]
        )
        shown = choices.MEASURED
        if demonstration_too:
            shown = choices.choose("Models", [choices.MEASURED, choices.DEMONSTRATION], key="models")
    return Beyond(as_of if isinstance(as_of, date) else None, _method(method), shown == choices.DEMONSTRATION)


def _method(name: str) -> Method:
    return "dersimonian-laird" if name == "dersimonian-laird" else "paule-mandel"


def relations(pairs: pl.DataFrame) -> list[str]:
    """The relations of pairs that are no demonstration, the one that isolates thinking best first."""
    found = pairs.filter(~pl.col("demonstration"))["relation"].to_list()
    return [name for name in RELATIONS if name in found]


def relation(options: list[str]) -> str | None:
    """The relation wanted; null for all."""
    names = options if len(options) == 1 else [*options, choices.ALL]
    chosen = choices.choose("Pairs", names, key="relation", shown=lambda name: SHORT.get(name, name))
    return None if chosen == choices.ALL else chosen


def evidence(
    gaps: pl.DataFrame, wanted: str | None, beyond: Beyond, places: list[st.delta_generator.DeltaGenerator]
) -> Chosen:
    """The gaps of the reader's choice, of the relation wanted; every filter offers only what the ones before it leave.

    All gradings stand side by side at first.
    """
    graded = {GRADED.get(name, name): name for name in GRADINGS if (gaps["grading"] == name).any()}
    with places[1]:
        grading = choices.choose(
            "Graded by", [TOGETHER, *graded] if len(graded) > 1 else list(graded) or [TOGETHER], key="graded"
        )
    gaps = gaps.filter(grading=graded[grading]) if grading in graded else gaps
    names = gaps.select(_source=_source()).to_series().unique().sort().to_list()
    with places[2]:
        source = choices.choose("Source", [choices.ALL, *names] if len(names) > 1 else names, key="source")
    gaps = gaps if source == choices.ALL else gaps.filter(_source() == source)
    raised = sorted({flag for flags in gaps["flags"].unique().to_list() for flag in flags or []})
    options = [KEPT_OUT, CLEAN, *(f"{ONLY}{flag}" for flag in raised)]
    if gaps.filter(blocked()).height:
        options.insert(1, LET_IN)
    with places[3]:
        flag = choices.choose("Flags", options, key="flags")
    if flag == CLEAN:
        gaps = gaps.filter(pl.col("flags").list.len().fill_null(0) == 0)
    elif flag.startswith(ONLY):
        gaps = gaps.filter(pl.col("flags").list.contains(flag.removeprefix(ONLY)))
    admit = BLOCKING if flag == LET_IN or flag.removeprefix(ONLY) in BLOCKING else frozenset[str]()
    choice = (str(beyond.as_of), str(wanted), str(grading), str(source), flag, beyond.method)
    return Chosen(gaps, wanted, beyond.method, admit, choice)


SHORT = {
    "same-weights": "Same weights",
    "same-base": "Same base model",
    "same-family": "Same family",
    "same-lab": "Same lab",
}


def _source() -> pl.Expr:
    return pl.coalesce("source", pl.col("origin").replace(OWN))


def domain(rows: pl.DataFrame) -> dict[str, Any]:
    """The domain whose pairs are to be seen: one row of `evidence_domains.domains`.

    First the one that the question is about, by the grading that stands first; then any that is pooled.
    """
    names = dict(zip(_names(rows), rows.iter_rows(named=True), strict=True))
    pooled_first = sorted(
        names, key=lambda name: (names[name]["capability"] != FIRST_DOMAIN, names[name]["mean"] is None)
    )
    first = pooled_first[0]
    name = choices.choose("Domain", [first, *(other for other in names if other != first)], key="domain")
    return names[name]


def _names(rows: pl.DataFrame) -> list[str]:
    """The rows as a reader chooses among them."""
    graded = rows["grading"].n_unique() > 1
    found: list[str] = []
    for row in rows.iter_rows(named=True):
        how = GRADED.get(row["grading"], "not catalogued")
        name = f"{row['name']}, {how[0].lower()}{how[1:]}" if graded else row["name"]
        found.append(name if name not in found else f"{name} ({row['unit']})")
    return found


def choose_domain(rows: pl.DataFrame) -> Callable[[str], None]:
    """What a click on a pooled gap does: its domain becomes the one whose pairs are seen."""
    names = {key: name for name, key in zip(_names(rows), rows.select(domain_key()).to_series(), strict=True)}

    def take(key: str) -> None:
        if key in names:
            st.session_state["domain"] = names[key]

    return take


def each_gap(gaps: pl.DataFrame, row: Mapping[str, Any]) -> bool:
    """Whether every gap has its own row; otherwise the gaps of a pair are combined, as they are to be pooled."""
    if row["mean"] is None:
        return True
    if gaps.select("reasoning_id", "conventional_id").is_unique().all():
        return False
    shown = choices.choose("A row for each", ["Pair of models", "Gap"], key="each")
    return shown == "Gap"
