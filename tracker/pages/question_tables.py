"""One question's numbers as tables: what each forecaster says, the market's moves, the scores, and a file of all."""

from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from tracker.pages import stored_questions, words
from tracker.stats import forecast_findings, question_findings, scoring
from tracker.stats.forecast_findings import named
from tracker.stats.questions import quantity, said

MOST_MOVES = 1000
SHORT = 12
SEED = 20261123


def says(standing: pl.DataFrame, asked: dict[str, Any], others: pl.DataFrame) -> None:
    """What everybody says now, the question's own first; what is asked elsewhere in the question's direction."""
    scale = quantity(asked["scale"])
    about = {row["question_id"]: row for row in [asked, *others.iter_rows(named=True)]}
    rows = []
    for row in standing.iter_rows(named=True):
        one = about[row["question_id"]]
        turned, own = one["inverted"] != asked["inverted"], one["question_id"] == asked["question_id"]
        sign = -1 if turned else 1
        value = 1 - row["probability"] if turned else row["probability"]
        rows.append(
            {
                "who": named(row["forecaster"], row["kind"]) + (", inverted" if turned else ""),
                "now": 100 * value if scale is None else None,
                "text": said(value, scale),
                **{
                    f"change_{days}": None
                    if row[f"change_{days}"] is None or scale is not None
                    else 100 * sign * row[f"change_{days}"]
                    for days in (7, 30)
                },
                "since": row["at"],
                "asked": "this question" if own else " ".join(one["title"].split()),
                "_order": (not own, row["kind"] != "market"),
            }
        )
    rows.sort(key=lambda row: row["_order"])
    kinds: dict[str, Any] = {
        "now": pl.Float64,
        "change_7": pl.Float64,
        "change_30": pl.Float64,
        "since": pl.Datetime("us", "UTC"),
    }
    names = ("who", "now", "text", "change_7", "change_30", "since", "asked")
    table = pl.DataFrame(
        [{name: row[name] for name in names} for row in rows],
        schema={name: kinds.get(name, pl.String) for name in names},
    )
    table = table.drop("text") if scale is None else table.drop("now", "change_7", "change_30")
    if not others.height:
        table = table.drop("asked")
    with words.foreign("says"):
        _says(table)


def _says(table: pl.DataFrame) -> None:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "who": text("Who"),
            "now": number("Now, %", format="%.1f"),
            "text": text("Now", alignment="right"),
            "change_7": number("7 days, points", format="%+.1f"),
            "change_30": number("30 days, points", format="%+.1f"),
            "since": st.column_config.DatetimeColumn("Since, UTC", format="D MMM YYYY, HH:mm", timezone="UTC"),
            "asked": text("Asked as", width="large"),
        },
        placeholder="",
        key="says",
    )


def moves(forecasts: pl.DataFrame, asked: dict[str, Any]) -> None:
    """The days on which the market moved."""
    table = question_findings.moves(forecasts, asked)
    if table.is_empty():
        return
    words.subhead("Day by day")
    if table.height > MOST_MOVES:
        words.quiet(f"The newest {MOST_MOVES:,} of {table.height:,} days; the CSV above holds every price.")
    scaled = table.head(MOST_MOVES).with_columns(pl.col("probability", "change", "low", "high") * 100)
    what = "place on its scale, %" if quantity(asked["scale"]) else "%"
    number = st.column_config.NumberColumn
    st.dataframe(
        scaled,
        hide_index=True,
        height="content" if scaled.height <= SHORT else "auto",
        column_config={
            "on": st.column_config.DateColumn("Day, UTC", format="D MMM YYYY"),
            "probability": number(f"At its end, {what}", format="%.1f"),
            "change": number("Change, points", format="%+.1f", help="From the end of the last day on record"),
            "low": number("Lowest", format="%.1f"),
            "high": number("Highest", format="%.1f"),
        },
        placeholder="",
        key="moves",
    )


def scores(asked: dict[str, Any], standing: pl.DataFrame) -> None:
    """Of a resolved question, everybody's scores on it; of an open one, how good they have been on others."""
    words.subhead("Scores so far")
    steps, questions = stored_questions.resolved_steps(), stored_questions.questions()
    own = steps.filter(question_id=asked["question_id"])
    if own.height:
        _own_scores(own, questions)
        return
    if asked["annulled"]:
        words.quiet("It was annulled: no forecast on it is scored.")
        return
    words.quiet("Scores on this question come with its resolution.")
    names = standing.filter(pl.col("kind") != "reference")["forecaster"].unique().sort().to_list()
    found = [
        scoring.forecaster_scores(scoring.question_scores(steps, questions, [name]), np.random.default_rng(SEED))
        for name in names
    ]
    for table in found:
        if table.height:
            row = table.row(0, named=True)
            score = forecast_findings.with_interval(row["brier"], row["brier_low"], row["brier_high"])
            count = f"{row['questions']:,} resolved question{'' if row['questions'] == 1 else 's'}"
            words.quiet(f"{named(row['forecaster'], row['kind'])}: Brier score {score} over {count}.")
    if found:
        words.quiet("Each over its own questions: who is better is told on the page Calibration, over the same ones.")


def _own_scores(own: pl.DataFrame, questions: pl.DataFrame) -> None:
    compared = own["forecaster"].unique().sort().to_list()
    table = scoring.question_scores(own, questions, compared)
    if table.is_empty():
        words.quiet("There is no day on which all of them had a forecast standing, so nothing can be compared.")
        return
    days = table["days"][0]
    words.quiet(
        f"Over the {days:,.0f} days on which all of these had a forecast standing. Brier: 0 is best, 0.25 is what 50 % "
        "gets. Peer: above 0 is better than the others."
    )
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    who = [named(name, kind) for name, kind in table.select("forecaster", "kind").iter_rows()]
    st.dataframe(
        table.select(
            pl.Series("who", who, dtype=pl.String),
            probability=100 * pl.col("probability"),
            brier="brier",
            log="log",
            baseline="baseline",
            peer="peer",
            coverage=100 * pl.col("coverage"),
        ).sort("brier"),
        hide_index=True,
        column_config={
            "who": text("Who"),
            "probability": number("Said on average, %", format="%.1f"),
            "brier": number("Brier", format="%.3f"),
            "log": number("Log, nats", format="%.3f"),
            "baseline": number("Baseline", format="%+.0f"),
            "peer": number("Peer", format="%+.0f"),
            "coverage": number("Stood, % of the time", format="%.0f"),
        },
        placeholder="",
        key="own-scores",
    )


def raw(forecasts: pl.DataFrame, shown: list[str]) -> pl.DataFrame:
    """Everything that was said, for other programs: as each site gives it, not inverted; times in UTC."""
    return forecasts.filter(pl.col("question_id").is_in(shown))
