"""What the reader of Trends chooses: a benchmark or the index, the window of the fit, and the day to look ahead to."""

from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import polars as pl
import streamlit as st

from tracker.pages import choices, words
from tracker.stats.capability_index import ANCHORS, Index, admitted, capability_index, possible
from tracker.stats.findings import in_words
from tracker.stats.trends import KINDS, Window, scale_of

# The same evidence gives the same picture, on every screen and every day.
SEED = 20251211
INDEX = "Index across benchmarks"
EARLIEST, LATEST = date(2015, 1, 1), date(2050, 12, 31)
# Whole days from the newest release to the day that is looked ahead to, at least.
AHEAD = timedelta(days=120)
BRUSH = "window"


class Chosen(NamedTuple):
    """The scores of one benchmark or of the index, what they rest on, and the name that follows "On"."""

    benchmark_id: str
    name: str
    scores: pl.DataFrame
    evidence: pl.DataFrame
    across: Index | None


def placeable(scores: pl.DataFrame) -> pl.DataFrame:
    """The scores of benchmarks that can be drawn against time: a scale, and a model of known kind and release date."""
    scaled = [scale_of(unit, ceiling) is not None for unit, ceiling in scores.select("unit", "ceiling").iter_rows()]
    known = pl.col("released_on").is_not_null() & pl.col("kind").is_in(KINDS)
    return scores.filter(pl.Series(scaled, dtype=pl.Boolean)).filter(known.any().over("benchmark_id"))


def benchmark(scores: pl.DataFrame) -> Chosen:
    """The reader's choice: the index where there is one, then benchmarks with the most models of known date first."""
    listed = (
        scores.group_by("benchmark_id")
        .agg(
            pl.first("benchmark_name"),
            dated=(pl.col("released_on").is_not_null() & pl.col("kind").is_in(KINDS)).sum(),
            again=pl.first("overlaps").is_not_null(),
        )
        .sort("again", "dated", "benchmark_name", "benchmark_id", descending=[False, True, False, False])
    )
    names: dict[str, str] = {}
    for key, name in listed.select("benchmark_id", "benchmark_name").iter_rows():
        names[name if name not in names else f"{name} ({key})"] = key
    kept = admitted(scores).scores
    options = [INDEX, *names] if possible(kept) else list(names)
    chosen = choices.choose("Benchmark", options, key="benchmark")
    if chosen == INDEX:
        index = _index(_digest(kept), scores)
        if index is not None:
            name = f"an index of {index.benchmarks.height} checkable benchmarks"
            return Chosen("index", name, index.as_scores(), kept, index)
        chosen = next(iter(names))
    own = scores.filter(pl.col("benchmark_id") == names[chosen])
    return Chosen(names[chosen], chosen, own, own, None)


def window(start: date | None, end: date | None) -> Window | None:
    """First and last day, all of time where empty. Days the wrong way round are said to be so, and not taken."""
    if start is not None and end is not None and start > end:
        words.notice(f"{in_words(start)} is after {in_words(end)}: all dates are taken.")
        return None
    return Window(start or EARLIEST, end or LATEST) if start or end else None


def look_ahead(scores: pl.DataFrame) -> date | None:
    """The day that the lines run on to; empty for none. Unless chosen, the first half-year's end four months ahead."""
    newest = scores["released_on"].max()
    if not isinstance(newest, date):
        return None
    half_years = [date(newest.year + number // 2, *((6, 30), (12, 31))[number % 2]) for number in range(4)]
    return day("Run on to", "ahead", next(end for end in half_years if end >= newest + AHEAD))


def brushed(key: str) -> Callable[[], None]:
    """What happens when dates are dragged over in the chart of this key: they become the window."""

    def take() -> None:
        dragged = st.session_state[key]["selection"].get(BRUSH, {}).get("at")
        if dragged:
            first, last = (date(1970, 1, 1) + timedelta(milliseconds=stamp) for stamp in sorted(dragged))
            st.session_state["from"], st.session_state["to"] = first, last

    return take


def day(label: str, key: str, default: date | None = None) -> date | None:
    """A day that stands in the URL; null where the reader leaves it empty."""
    chosen = st.date_input(label, default, EARLIEST, LATEST, key=key, format="YYYY-MM-DD", bind="query-params")
    return chosen if isinstance(chosen, date) else None


@st.cache_data(max_entries=4, show_spinner="Fitting the index. A few seconds, once for each state of the evidence.")
def _index(digest: str, _scores: pl.DataFrame) -> Index | None:
    """The index of the scores, kept by their digest, which stands for them."""
    return capability_index(_scores, rng=np.random.default_rng(SEED), anchors=ANCHORS)


def _digest(kept: pl.DataFrame) -> str:
    parts = kept.select(
        "model_id", "model_name", "kind", "released_on", "benchmark_id", "benchmark_name", "value", "ceiling"
    )
    return sha256(parts.write_csv().encode()).hexdigest()
