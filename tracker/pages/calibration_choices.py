"""Whom the reader compares, on what, and when a probability is read."""

from typing import NamedTuple

import polars as pl
import streamlit as st

from tracker.pages import choices, words
from tracker.stats.calibration import DEFAULT_MOMENT, MOMENTS
from tracker.stats.compared import comparable, forecasters
from tracker.stats.forecast_findings import named
from tracker.stats.scoring import By

BYS: dict[str, By] = {"The same questions": "question", "The same topics": "topic"}


class Chosen(NamedTuple):
    """The steps left, who is compared, whether by question or topic, and the moment at which one is read."""

    steps: pl.DataFrame
    compared: tuple[str, ...]
    kinds: dict[str, str]
    by: By
    moment: str


def chosen(steps: pl.DataFrame, questions: pl.DataFrame) -> Chosen:
    """The reader's choice. At first: whoever shares at least half of the questions, and both references."""
    places = st.columns([1.3, 1.1, 1.5])
    known = dict(questions.select("question_id", "topic_name").iter_rows())
    topics = sorted({known[identity] for identity in steps["question_id"].unique().to_list() if known.get(identity)})
    with places[0]:
        topic = choices.choose("Topic", [choices.ALL, *topics] if topics else [choices.ALL], key="topic")
    if topic != choices.ALL:
        ids = [identity for identity, name in known.items() if name == topic]
        steps = steps.filter(pl.col("question_id").is_in(ids))
    with places[1]:
        by = BYS[choices.choose("Compared on", list(BYS), key="by")]
    with places[2]:
        moments = {moment.words[0].upper() + moment.words[1:]: key for key, moment in MOMENTS.items()}
        first = next(name for name, key in moments.items() if key == DEFAULT_MOMENT)
        read = choices.choose("Read", [first, *(name for name in moments if name != first)], key="read")
    listed = forecasters(steps)
    kinds = dict(listed.select("forecaster", "kind").iter_rows())
    names = {name: named(name, kinds[name]) for name in listed["forecaster"].to_list()}
    compared = st.multiselect(
        "Forecasters",
        list(names),
        comparable(steps),
        format_func=names.__getitem__,
        key="compared",
        bind="query-params",
    )
    if not compared:
        words.notice("Nobody is chosen: all that share most questions are compared.")
        compared = comparable(steps)
    return Chosen(steps, tuple(compared), kinds, by, moments[read])
