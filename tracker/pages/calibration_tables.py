"""Scores as tables: per forecaster, head to head, per topic, per question."""

from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from tracker.pages import choices, words
from tracker.pages.calibration_choices import Chosen
from tracker.stats import scoring
from tracker.stats.forecast_findings import duel_finding, named
from tracker.stats.head_to_head import head_to_head as duel_of
from tracker.stats.questions import outcome

SEED = 20261123
HELP = {
    "brier": "Mean of (p − outcome)², the one-class form: 0 is best, 0.25 is what 50 % gets",
    "brier_index": "100 (1 − √Brier): 100 is best, 50 is what 50 % gets",
    "log": "Mean log of the probability given to what happened, natural, p kept in [0.001, 0.999]: 0 is best",
    "baseline": "100 (log2 p + 1): 0 is what 50 % gets, 99.9 the best",
    "peer": "100 ln(p / geometric mean of the others): above 0 is better than the others compared",
}


def forecasters(table: pl.DataFrame) -> None:
    """Everybody's scores over what all share, with intervals."""
    shown = table.with_columns(pl.Series("who", _names(table), dtype=pl.String), coverage=100 * pl.col("coverage"))
    columns = ["who", "questions", "days", "brier", "brier_low", "brier_high"]
    columns += ["brier_index", "log", "baseline", "peer", "peer_low", "peer_high", "coverage"]
    number = st.column_config.NumberColumn
    words.foreign("forecasters").dataframe(
        shown.select(columns),
        hide_index=True,
        column_config=_columns()
        | {
            "days": number("Days", format="localized", help="On which all had a forecast standing, over all questions"),
            "brier_low": number("95 % from", format="%.3f", width=90),
            "brier_high": number("to", format="%.3f", width=75),
            "peer_low": number("95 % from", format="%+.0f", width=90),
            "peer_high": number("to", format="%+.0f", width=75),
            "coverage": number("Stood, % of the time", format="%.0f"),
        },
        placeholder="too few",
        key="forecasters",
    )


def head_to_head(chosen: Chosen, questions: pl.DataFrame) -> None:
    """Two forecasters over the questions and days that both share."""
    names = {named(name, chosen.kinds[name]): name for name in chosen.kinds}
    if len(names) < 2:
        return
    words.subhead("Head to head")
    listed = [named(name, chosen.kinds[name]) for name in chosen.compared]
    order = [*listed, *(name for name in names if name not in listed)]
    places = st.columns([1, 1, 1])
    with places[0]:
        one = names[choices.choose("One", order, key="one")]
    with places[1]:
        rest = [name for name in order if names[name] != one]
        other = names[choices.choose("The other", rest, key="other")]
    with places[2]:
        scored = {"Brier score": "brier", "Log score": "log", "Peer score": "peer"}
        score: Any = scored[choices.choose("By", list(scored), key="score")]
    duel = duel_of(chosen.steps, questions, one, other, rng=np.random.default_rng(SEED), score=score, by=chosen.by)
    words.quiet(duel_finding(duel, chosen.kinds[one], chosen.kinds[other]))
    if duel.questions:
        even = duel.questions - duel.won - duel.lost
        words.quiet(
            f"{named(one, chosen.kinds[one])} had the better score on {duel.won:,} of {duel.questions:,}, the worse on "
            f"{duel.lost:,}" + (f", the same on {even:,}." if even else ".")
        )


def topics(scores: pl.DataFrame, questions: pl.DataFrame) -> None:
    """The scores of each topic."""
    table = scoring.topic_scores(scores)
    if table["topic"].drop_nulls().is_empty():
        return
    words.subhead("Topic by topic")
    names = dict(questions.select("topic", "topic_name").drop_nulls().unique().iter_rows())
    shown = table.with_columns(
        pl.Series("who", _names(table), dtype=pl.String),
        topic=pl.col("topic").replace(names).fill_null("no topic"),
    )
    words.foreign("topics").dataframe(
        shown.select("topic", "who", "questions", "brier", "brier_index", "log", "baseline", "peer"),
        hide_index=True,
        column_config=_columns() | {"topic": st.column_config.TextColumn("Topic", pinned=True)},
        placeholder="",
        key="topics",
    )


def questions(scores: pl.DataFrame, questions: pl.DataFrame) -> None:
    """The scores of each question."""
    words.subhead("Question by question")
    titles = dict(questions.select("question_id", "title").iter_rows())
    titles |= dict(questions.select("topic", "topic_name").drop_nulls().unique().iter_rows())
    results = [outcome(value, False) for value in scores["resolution"].to_list()]
    shown = scores.with_columns(
        pl.Series("who", _names(scores), dtype=pl.String),
        pl.Series("question", [" ".join(titles.get(unit, unit).split()) for unit in scores["unit"]], dtype=pl.String),
        pl.Series("outcome", results, dtype=pl.String),
        probability=100 * pl.col("probability"),
    )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    words.foreign("questions").dataframe(
        shown.select("question", "outcome", "who", "probability", "brier", "log", "baseline", "peer", "days"),
        hide_index=True,
        column_config=_columns()
        | {
            "question": text("Question", width=320),
            "outcome": text("Outcome"),
            "probability": number("Said on average, %", format="%.0f"),
            "days": number("Days", format="%.0f"),
        },
        placeholder="",
        key="questions",
    )


def _names(table: pl.DataFrame) -> list[str]:
    return [named(name, kind) for name, kind in table.select("forecaster", "kind").iter_rows()]


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "who": st.column_config.TextColumn("Who", pinned=True),
        "questions": number("Questions", format="localized"),
        "brier": number("Brier", format="%.3f", help=HELP["brier"]),
        "brier_index": number("Brier Index", format="%.0f", help=HELP["brier_index"]),
        "log": number("Log, nats", format="%.3f", help=HELP["log"]),
        "baseline": number("Baseline", format="%+.0f", help=HELP["baseline"]),
        "peer": number("Peer", format="%+.0f", help=HELP["peer"]),
    }
