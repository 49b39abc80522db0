"""What people said of a question, for whoever may write also the forms: a forecast, taking one back, an outcome."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from db.forecast_store import Outcome
from tracker.pages import question_words, question_writing, stored_questions, words
from tracker.pages.access import Writer, can_sign_in
from tracker.stats.odds import NoProbability, odds, probability
from tracker.stats.question_findings import journal
from tracker.stats.questions import ANNULLED, RESOLVED, quantity, state, stated

NOTICE = "forecast-notice"
STAYS = timedelta(seconds=15)
OUTCOMES = ("YES", "NO", "A share", "Annulled")
REOPEN = "Open again"


def show(asked: dict[str, Any], known: pl.DataFrame, writer: Writer) -> None:
    """The section: every forecast of people, the newest first, and the forms."""
    entries = journal(known, asked)
    words.subhead("Forecasts of people")
    told, until = st.session_state.get(NOTICE, ("", datetime.min.replace(tzinfo=UTC)))
    if datetime.now(UTC) < until:
        words.notice(told)
    if not writer.allowed:
        words.quiet(writer.why)
        if can_sign_in():
            st.button("Sign in", on_click=st.login)
    elif state(asked, datetime.now(UTC)) in (RESOLVED, ANNULLED):
        words.quiet("It is decided: what was forecast stays as it is.")
    elif quantity(asked["scale"]):
        words.quiet("It asks for a quantity: a probability would say nothing of it.")
    else:
        _form(asked, entries, writer)
    if not entries:
        words.quiet("Nobody has made a forecast on it yet.")
    for one in entries:
        question_words.entry(
            one["forecaster"],
            one["text"],
            one["when"],
            reason=one["reason"],
            citation=one["citation"],
            gone=one["gone"],
        )
    if writer.allowed:
        if state(asked, datetime.now(UTC)) not in (RESOLVED, ANNULLED):
            _withdrawing(asked, entries, writer)
        if asked["source"] == "own":
            _resolving(asked)


def _form(asked: dict[str, Any], entries: list[dict[str, Any]], writer: Writer) -> None:
    """Slider and number in step, odds, a reason; stamped with the clock when it is recorded."""
    slider, number, typed, trouble = (
        f"{name}-{asked['question_id']}" for name in ("slider", "number", "odds", "wrong")
    )
    made = [one for one in entries if one["recorded_at"] is not None]
    last = next((one["probability"] for one in made if one["gone"] is None and one["probability"] is not None), 0.5)
    for key in (slider, number):
        st.session_state.setdefault(key, round(100 * last, 1))

    def from_slider() -> None:
        st.session_state[number] = st.session_state[slider]

    def from_number() -> None:
        st.session_state[slider] = st.session_state[number]

    def from_odds() -> None:
        try:
            value = 100 * probability(st.session_state[typed])
        except NoProbability as error:
            st.session_state[trouble] = str(error)
        else:
            st.session_state[slider] = st.session_state[number] = round(value, 1)
            st.session_state[typed] = ""

    with st.container(key="forecast-form", border=True):
        places = st.columns([1.3, 2.4, 1, 1.2], vertical_alignment="bottom")
        with places[0]:
            if writer.name is None:
                usual = made[0]["forecaster"] if made else stored_questions.last_forecaster()
                name = st.text_input("Name", usual, key="forecaster", max_chars=60)
            else:
                name = writer.name
                words.quiet(f"As {name}")
                st.button("Sign out", on_click=st.logout, type="tertiary")
        with places[1]:
            st.slider("Probability of YES, %", 0.0, 100.0, step=0.5, format="%g", key=slider, on_change=from_slider)
        with places[2]:
            st.number_input("In %", 0.0, 100.0, step=1.0, format="%.1f", key=number, on_change=from_number)
        with places[3]:
            st.text_input("Or odds, for : against", key=typed, on_change=from_odds, placeholder="2 : 3")
        value = st.session_state[number] / 100
        words.quiet(st.session_state.pop(trouble, "") or f"{stated(value)} is odds of {odds(value)}.")
        reason = st.text_area("Because", key="reason", height=80, placeholder="What it rests on, in your own words")
        if st.button("Record the forecast", type="primary", key="record"):
            _after(question_writing.forecast(asked["question_id"], name, value, reason))
        words.quiet("It is stamped with the clock, and never edited: a change is a new forecast.")


def _withdrawing(asked: dict[str, Any], entries: list[dict[str, Any]], writer: Writer) -> None:
    own = [
        one
        for one in entries
        if one["gone"] is None and one["recorded_at"] is not None and writer.name in (None, one["forecaster"])
    ]
    if not own:
        return
    with st.expander("Take a forecast back"):
        words.quiet("It stays in the journal, struck through, and counts for the time it stood.")
        names = [f"{one['forecaster']}: {one['text']}, {one['when']} UTC" for one in own]
        place = st.selectbox("Forecast", range(len(own)), format_func=names.__getitem__, key="withdrawn")
        because = st.text_input("Why it is taken back", key="withdrawn-because")
        if st.button("Take it back", key="withdraw") and place is not None:
            _after(question_writing.withdraw(own[place], because))


def _resolving(asked: dict[str, Any]) -> None:
    decided = asked["resolution"] is not None or asked["annulled"]
    with st.expander("Decide it again" if decided else "Decide it"):
        words.quiet("Every decision is kept with its reason, and can be followed by another.")
        places = st.columns([1, 1, 2])
        with places[0]:
            options = [*OUTCOMES, *([REOPEN] if decided else [])]
            chosen = st.selectbox("Outcome", options, key="outcome")
        with places[1]:
            share = st.number_input("Share, %", 0.0, 100.0, 50.0, key="share", disabled=chosen != "A share")
        with places[2]:
            because = st.text_input("Because", key="decided-because")
        if st.button("Record the decision", key="decide"):
            outcomes: dict[str, Outcome] = {"YES": 1.0, "NO": 0.0, "Annulled": "annulled", REOPEN: "reopened"}
            _after(question_writing.decide(asked["question_id"], outcomes.get(chosen or "", share / 100), because))


def _after(said_of_it: str) -> None:
    """Say what became of a write, with everything read anew. For a while: other inputs may run the page once more."""
    st.session_state[NOTICE] = (said_of_it, datetime.now(UTC) + STAYS)
    st.rerun()
