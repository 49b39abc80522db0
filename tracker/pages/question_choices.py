"""Which question the page is about, by its id in the address, and how its history is drawn."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
import streamlit as st

from tracker.pages import choices
from tracker.pages.questions_choices import KEY
from tracker.stats.sites import SITES

ALL_TIME = "All of it"
PERIODS = {ALL_TIME: None, "A year": 365, "90 days": 90, "30 days": 30, "7 days": 7}
WHOLE, FITTED = "0 to 100 %", "As far as it went"
HERE, EVERYWHERE = "This one", "And the same elsewhere"


class View(NamedTuple):
    """From when on, with the same asked elsewhere or alone, and whether the scale fits the record."""

    since: datetime | None
    elsewhere: bool
    fitted: bool


def question(
    questions: pl.DataFrame, first: Callable[[], str | None], place: st.delta_generator.DeltaGenerator
) -> dict[str, Any] | None:
    """The question of the address, else the one that `first` gives; null if the address names none that is known.

    The address holds the id, so that a link outlives a title that its site changes. Those without an outcome are
    offered first.
    """
    over = pl.col("resolution").is_not_null() | pl.col("annulled")
    ids = questions.sort(over, pl.col("title").str.to_lowercase(), "question_id")["question_id"].to_list()
    wanted = st.query_params.get(KEY)
    if wanted is not None and wanted not in ids:
        return None
    titles = dict(questions.select("question_id", "title").iter_rows())
    sources = dict(questions.select("question_id", "source").iter_rows())

    def named(identity: str) -> str:
        return f"{' '.join(titles[identity].split())} · {SITES.get(sources[identity], sources[identity])}"

    def chosen() -> None:
        st.query_params[KEY] = st.session_state["chosen-question"]

    current = wanted or first() or ids[0]
    if wanted is None:
        st.query_params[KEY] = current
    if st.session_state.get("chosen-question") != current:
        st.session_state["chosen-question"] = current
    with place:
        st.selectbox("Question", ids, key="chosen-question", format_func=named, on_change=chosen)
    return questions.filter(question_id=current).row(0, named=True)


def view(asked: dict[str, Any], others: pl.DataFrame, now: datetime) -> View:
    """How the history is drawn."""
    places = iter(st.columns(3))
    with next(places):
        days = PERIODS[choices.choose("Time", list(PERIODS), key="time")]
    with next(places):
        fitted = choices.choose("Scale", [WHOLE, FITTED], key="scale") == FITTED
    elsewhere = False
    if others.height:
        with next(places):
            elsewhere = choices.choose("Sources", [EVERYWHERE, HERE], key="sources") == EVERYWHERE
    until = asked["resolved_at"] or now
    return View(None if days is None else until - timedelta(days=days), elsewhere, fitted)
