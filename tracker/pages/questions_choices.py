"""Which questions the reader wants to see, and the one that is to be opened."""

from typing import NamedTuple

import polars as pl
import streamlit as st

from tracker.pages import choices
from tracker.stats.questions import OPEN, STATES, WAITING

KEY = "question"
GO = "question-to-open"
PAGE = "tracker/pages/question.py"
NOT_RESOLVED = "Not resolved"
NO_TOPIC = "No topic"
DAYS = {"Moved in 7 days": 7, "Moved in 30 days": 30}


class Chosen(NamedTuple):
    """The questions left, and over how many days their moves are counted."""

    rows: pl.DataFrame
    days: int


def chosen(rows: pl.DataFrame) -> Chosen:
    """The reader's choice; every filter offers only what the ones before it leave."""
    places = iter(st.columns([1.1, 1.6, 1, 1.1]))
    states = [state for state in STATES if (rows["state"] == state).any()]
    both = {OPEN, WAITING} <= set(states)
    options = [*([NOT_RESOLVED] if both else []), *states, *([choices.ALL] if len(states) > 1 else [])]
    with next(places):
        state = choices.choose("State", options, key="state")
    if state == NOT_RESOLVED:
        rows = rows.filter(pl.col("state").is_in([OPEN, WAITING]))
    elif state != choices.ALL:
        rows = rows.filter(state=state)
    topic = pl.coalesce("topic_name", pl.lit(NO_TOPIC))
    with next(places):
        rows = _among(rows, "Topic", topic, key="topic", last=NO_TOPIC)
    with next(places):
        rows = _among(rows, "Source", pl.col("site"), key="source")
    with next(places):
        days = DAYS[choices.choose("Sorted by", list(DAYS), key="sorted")]
    return Chosen(rows, days)


def _among(rows: pl.DataFrame, label: str, column: pl.Expr, *, key: str, last: str | None = None) -> pl.DataFrame:
    names = rows.select(name=column)["name"].unique().sort().to_list()
    names.sort(key=lambda name: name == last)
    wanted = choices.choose(label, [choices.ALL, *names] if len(names) > 1 else names, key=key)
    return rows if wanted == choices.ALL else rows.filter(column == wanted)


def choose(question_id: str) -> None:
    """Make a question the one that is opened next."""
    st.session_state[GO] = question_id


def go_on() -> None:
    """Open the question that was chosen, at an address that names it."""
    if GO in st.session_state:
        st.switch_page(PAGE, query_params={KEY: st.session_state.pop(GO)})
