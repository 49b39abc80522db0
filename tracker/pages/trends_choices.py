"""What the reader of Trends chooses: a benchmark or the index, the window of the fit, and the day to look ahead to."""

from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import polars as pl
import streamlit as st

from tracker.figures.trends import SEED, half_year, listed
from tracker.pages import choices, words
from tracker.stats.capability_index import ANCHORS, Index, admitted, capability_index, possible
from tracker.stats.findings import in_words
from tracker.stats.trends import Window

INDEX = "Index across benchmarks"
EARLIEST, LATEST = date(2015, 1, 1), date(2050, 12, 31)
BRUSH = "window"


class Chosen(NamedTuple):
    """The scores of one benchmark or of the index, what they rest on, and the name that follows "On"."""

    benchmark_id: str
    name: str
    scores: pl.DataFrame
    evidence: pl.DataFrame
    across: Index | None


def benchmark(scores: pl.DataFrame) -> Chosen:
    """The reader's choice: the index where there is one, then benchmarks with the most models of known date first."""
    names = listed(scores)
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
    usual = half_year(scores)
    return None if usual is None else day("Run on to", "ahead", usual)


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
