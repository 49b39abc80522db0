"""What the reader chooses: filters in one row whose values stand in the URL."""

from collections.abc import Callable, Sequence

import polars as pl
import streamlit as st

from tracker.stats.findings import PANELS, RELATIONS, UNCATALOGUED, UNITS

ALL = "All"
EVERY_PAIR = "All pairs"
MEASURED, DEMONSTRATION = "Measured", "Demonstration"


def gaps(frame: pl.DataFrame) -> pl.DataFrame:
    """The gaps of the reader's choice: one unit, and either measured models or the demonstration, never mixed.

    Every filter offers only what the ones before it leave, so there is always something to see. The first choice is the
    pair whose relation isolates the training best, with the most benchmarks.
    """
    extra = (frame["demonstration"].n_unique() > 1) + (frame["unit"].n_unique() > 1)
    # The names of a pair are long.
    places = iter(st.columns([1] * extra + [2, 1, 1]))
    if frame["demonstration"].n_unique() > 1:
        with next(places):
            models = choose("Models", [MEASURED, DEMONSTRATION], key="models")
        frame = frame.filter(pl.col("demonstration") == (models == DEMONSTRATION))
    if frame["unit"].n_unique() > 1:
        units = frame["unit"].value_counts().sort("count", "unit", descending=[True, False])["unit"].to_list()
        with next(places):
            unit = choose("Unit", units, key="unit", shown=lambda name: UNITS[name])
        frame = frame.filter(pl.col("unit") == unit)
    pairs = _pairs(frame)
    with next(places):
        pair = choose("Pair of models", [*pairs, EVERY_PAIR] if len(pairs) > 1 else list(pairs), key="pair")
    if pair in pairs:
        reasoning, conventional = pairs[pair]
        frame = frame.filter((pl.col("reasoning_id") == reasoning) & (pl.col("conventional_id") == conventional))
    with next(places):
        frame = among(frame, "Graded by", "grading", key="graded", shown=PANELS)
    with next(places):
        frame = among(frame, "Capability", "capability", key="capability", shown={})
    return frame


def choose(
    label: str, options: Sequence[str], *, key: str, shown: Callable[[str], str] = str, width: int | None = None
) -> str:
    """One of the options, the first unless the URL says otherwise; `width` in pixels, null for all there is."""
    return st.selectbox(label, options, key=key, format_func=shown, width=width or "stretch", bind="query-params")


def among(frame: pl.DataFrame, label: str, column: str, *, key: str, shown: dict[str, str]) -> pl.DataFrame:
    """The rows whose column holds what the reader chose, or all of them; null is a choice, called not catalogued."""
    names = {shown.get(value, value) if value else UNCATALOGUED: value for value in frame[column].unique().sort()}
    chosen = choose(label, [ALL, *names], key=key)
    return frame if chosen == ALL else frame.filter(pl.col(column).eq_missing(names[chosen]))


def _pairs(frame: pl.DataFrame) -> dict[str, tuple[str, str]]:
    """Pairs by the name a reader sees, the purest relation first; ids where two pairs have the same names."""
    order = {relation: index for index, relation in enumerate(RELATIONS)}
    listed = (
        frame.group_by("reasoning_id", "conventional_id")
        .agg(pl.first("reasoning_name", "conventional_name", "relation"), pl.len())
        .with_columns(order=pl.col("relation").replace_strict(order, default=len(order)))
        .sort("order", "len", "reasoning_id", "conventional_id", descending=[False, True, False, False])
    )
    pairs: dict[str, tuple[str, str]] = {}
    for row in listed.iter_rows(named=True):
        name = f"{row['reasoning_name']} − {row['conventional_name']}"
        key = (row["reasoning_id"], row["conventional_id"])
        pairs[name if name not in pairs else f"{key[0]} − {key[1]}"] = key
    return pairs
