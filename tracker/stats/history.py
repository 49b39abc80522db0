"""One question's history as its chart takes it: a line a forecaster, marks for what people said, words at the ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from tracker.stats.findings import in_words
from tracker.stats.forecast_findings import named
from tracker.stats.forecasts import TIME, drawn_steps
from tracker.stats.questions import SITES, quantity, said, stated

LINES: dict[str, Any] = {
    "line": pl.String,
    "piece": pl.Int64,
    "at": TIME,
    "value": pl.Float64,
    "meaning": pl.String,
    "own": pl.Boolean,
    "name": pl.String,
    "text": pl.String,
    "when": pl.String,
}
MARKS: dict[str, Any] = {
    "at": TIME,
    "value": pl.Float64,
    "meaning": pl.String,
    "withdrawn": pl.Boolean,
    "name": pl.String,
    "text": pl.String,
    "when": pl.String,
    "note": pl.String,
}
ENDS: dict[str, Any] = {
    "line": pl.String,
    "at": TIME,
    "value": pl.Float64,
    "label": pl.String,
    "meaning": pl.String,
    "own": pl.Boolean,
    "stands": pl.Boolean,
}
INVERTED = ", inverted"


class History(NamedTuple):
    """Lines (steps, a row where each begins and one where a piece ends), marks of single statements, and line ends."""

    lines: pl.DataFrame
    marks: pl.DataFrame
    ends: pl.DataFrame


def related(questions: pl.DataFrame, question: Mapping[str, Any]) -> pl.DataFrame:
    """The other questions of its topic: the same asked elsewhere, by id."""
    if question["topic"] is None or quantity(question["scale"]) is not None:
        return questions.clear()
    same = questions.filter(topic=question["topic"]).filter(pl.col("question_id") != question["question_id"])
    return same.filter(pl.Series([quantity(scale) is None for scale in same["scale"]], dtype=pl.Boolean))


def history(
    question: Mapping[str, Any],
    others: pl.DataFrame,
    forecasts: pl.DataFrame,
    questions: pl.DataFrame,
    now: datetime,
    since: datetime | None = None,
) -> History:
    """Everything said of the question, and what markets say of `others`, from `since` on, as it was known at `now`.

    `forecasts` of the question and of the others. Values are in the question's own direction: another that asks the
    opposite is inverted, and says so at its end.
    """
    own = question["question_id"]
    wanted = forecasts.filter((pl.col("question_id") == own) | (pl.col("kind") == "market"))
    steps = drawn_steps(wanted, questions, now)
    if since is not None:
        begin = pl.max_horizontal("start", pl.lit(since).cast(TIME))
        steps = steps.filter(pl.col("end") > since).with_columns(start=begin)
    named = {own: question} | {row["question_id"]: row for row in others.iter_rows(named=True)}
    scale = quantity(question["scale"])
    lines, ends = [], []
    for (question_id, forecaster), rows in steps.partition_by("question_id", "forecaster", as_dict=True).items():
        about = named.get(str(question_id))
        if about is None:
            continue
        turned = about["inverted"] != question["inverted"]
        kind = rows["kind"][0]
        name = _name(str(forecaster), kind, about, own, others, turned)
        values = (1 - pl.col("probability")) if turned else pl.col("probability")
        placed = rows.select(
            at="start",
            end="end",
            value=values,
            piece=(pl.col("start") != pl.col("end").shift(1)).fill_null(False).cast(pl.Int64).cum_sum(),
        )
        stops = placed.group_by("piece", maintain_order=True).last().select("piece", "value", at="end")
        key = f"{question_id} {forecaster}"
        line = pl.concat([placed.select("piece", "value", "at"), stops]).sort("piece", "at", maintain_order=True)
        lines.append(_line(line, key, kind, question_id == own, name, scale))
        last = placed.row(-1, named=True)
        stands = last["end"] >= _until(question, now)
        over = "withdrawn" if kind != "market" else "not known since"
        ended = not stands and about["resolved_at"] is None
        ends.append(
            {
                "line": key,
                "at": last["end"],
                "value": last["value"],
                "label": f"{name}, {over}" if ended else f"{name} {said(last['value'], scale)}",
                "meaning": kind,
                "own": question_id == own,
                "stands": stands,
            }
        )
    drawn = pl.concat(lines).select(*LINES) if lines else pl.DataFrame(schema=LINES)
    marks = _marks(wanted, own, scale)
    if since is not None:
        marks = marks.filter(pl.col("at") >= since)
    return History(drawn, marks, pl.DataFrame(ends, schema=ENDS))


def _until(question: Mapping[str, Any], now: datetime) -> datetime:
    resolved: datetime | None = question["resolved_at"]
    return now if resolved is None or resolved > now else resolved


def _name(forecaster: str, kind: str, about: Mapping[str, Any], own: str, others: pl.DataFrame, turned: bool) -> str:
    """What a line is called: a market by its site; with its title where the site has several of the topic."""
    if kind != "market":
        return " ".join(named(forecaster, kind).split())
    site = SITES.get(forecaster, forecaster)
    if about["question_id"] != own and others.filter(source=about["source"]).height > 1:
        title = " ".join(about["title"].split())
        site = f"{site}: {title if len(title) <= 24 else title[:23].rstrip() + '…'}"
    return f"{site}{INVERTED if turned else ''}"


def _line(
    line: pl.DataFrame, key: str, kind: str, own: bool, name: str, scale: Mapping[str, Any] | None
) -> pl.DataFrame:
    return line.with_columns(
        pl.Series("text", [said(value, scale) for value in line["value"]], dtype=pl.String),
        line=pl.lit(key),
        meaning=pl.lit(kind),
        own=pl.lit(own),
        name=pl.lit(name),
        when=pl.col("at").dt.strftime("%-d %b %Y, %H:%M"),
    )


def _marks(forecasts: pl.DataFrame, own: str, scale: Mapping[str, Any] | None) -> pl.DataFrame:
    """What people said of the question itself."""
    rows = forecasts.filter(
        pl.col("question_id") == own, pl.col("kind") == "person", pl.col("probability").is_not_null()
    )
    found = []
    for row in rows.sort("at", "position").iter_rows(named=True):
        withdrawn = row["withdrawn_at"] is not None
        gone = f"withdrawn {in_words(row['withdrawn_at'].date())}" if withdrawn else ""
        found.append(
            {
                "at": row["at"],
                "value": row["probability"],
                "meaning": row["kind"],
                "withdrawn": withdrawn,
                "name": " ".join(row["forecaster"].split()),
                "text": stated(row["probability"]) if scale is None else said(row["probability"], scale),
                "when": in_words(row["at"].date()),
                "note": "; ".join(filter(None, (gone, row["withdrawn_because"], row["reason"], row["citation"]))),
            }
        )
    return pl.DataFrame(found, schema=MARKS)
