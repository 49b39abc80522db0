"""What was forecast: every statement, what stood at a moment, and what stood at the end of each day.

A forecast stands from `at` until its forecaster's next, until it is withdrawn, until a row without a probability (a
hole in the record), or until its question is resolved, whichever comes first.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Engine, Select, Text, exists, func, or_, select, true, tuple_, type_coerce
from sqlalchemy.orm import aliased

from db.forecast_tables import Forecast, Forecaster, Question
from db.queries.frames import UTC_TIME, Schema, moment, read_straight

FORECASTS: Schema = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "at": UTC_TIME,
    "position": pl.Int64,
    "probability": pl.Float64,
    "reason": pl.String,
    "citation": pl.String,
    "recorded_at": UTC_TIME,
    "withdrawn_at": UTC_TIME,
    "withdrawn_because": pl.String,
}

STANDING: Schema = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "at": UTC_TIME,
    "probability": pl.Float64,
}

DAILY: Schema = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "on": pl.Date,
    "probability": pl.Float64,
}

KEY = ("question_id", "forecaster", "at", "position")
ADDED = ("reason", "citation", "recorded_at", "withdrawn_at", "withdrawn_because")
_EVENTS: Schema = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "at": UTC_TIME,
    "position": pl.Int64,
    "probability": pl.Float64,
    "withdrawn_at": UTC_TIME,
    "resolved_at": UTC_TIME,
}

Query = Select[*tuple[Any, ...]]


def forecasts(
    engine: Engine, question_ids: Collection[str] | None = None, kinds: Collection[str] | None = None
) -> pl.DataFrame:
    """Every statement, of some questions or kinds of forecaster or all: FORECASTS lists the columns.

    Sorted by question, forecaster, `at` and `position`. `probability` null: not known from here on.
    """
    times = {name: moment(engine, getattr(Forecast, name)) for name in ("at", "recorded_at", "withdrawn_at")}
    key = (Forecast.question_id, Forecast.forecaster, times["at"].label("at"), Forecast.position)
    extra = [times.get(name, getattr(Forecast, name)).label(name) for name in ADDED]
    # Thousands of prices have nothing more to say: only the few rows that do are read in full.
    every = select(*key, Forecaster.kind, Forecast.probability)
    more = select(*key, *extra).where(or_(*(getattr(Forecast, name).is_not(None) for name in ADDED)))
    found = []
    for query, names in ((every, (*KEY, "kind", "probability")), (more, (*KEY, *ADDED))):
        query = query.join(Forecaster, Forecaster.name == Forecast.forecaster)
        if question_ids is not None:
            query = query.where(Forecast.question_id.in_(sorted(question_ids)))
        if kinds is not None:
            query = query.where(Forecaster.kind.in_(sorted(kinds)))
        found.append(read_straight(engine, query, {name: FORECASTS[name] for name in names}))
    return found[0].join(found[1], on=KEY, how="left").sort(KEY).select(*FORECASTS)


def standing(
    engine: Engine, at: datetime, question_ids: Collection[str] | None = None, *, over: bool = False
) -> pl.DataFrame:
    """What stood at a moment, one row for a question and forecaster: STANDING lists the columns.

    `at` in it: since when. Of a question resolved by then nothing stands; `over`: what was said last of it does, for
    those who do not know of the resolution.
    """
    return _standing(engine, at, question_ids, over=over).select(*STANDING)


def daily(engine: Engine, since: date, question_ids: Collection[str] | None = None) -> pl.DataFrame:
    """What stood at the end of each UTC day on which it changed, from `since` on: DAILY lists the columns.

    Led by what stood when `since` began, which is what stood at the end of the day before: `on` is that day.
    `probability` null: from that day's end on nothing stands, until the next row. After a resolution there are no
    more rows, and those before it stay.
    """
    start = datetime.combine(since, time(), UTC)
    stated = pl.concat([_standing(engine, start, question_ids, before=True), _stated(engine, start, question_ids)])
    events = pl.concat([stated.drop("withdrawn_at", "resolved_at"), _withdrawals(stated)])
    day = pl.max_horizontal(pl.col("at").dt.date(), pl.lit(since - timedelta(days=1)))
    return (
        events.with_columns(on=day)
        .sort(KEY)
        .unique(("question_id", "forecaster", "on"), keep="last", maintain_order=True)
        .select(*DAILY)
    )


def _standing(
    engine: Engine,
    at: datetime,
    question_ids: Collection[str] | None,
    *,
    before: bool = False,
    over: bool = False,
) -> pl.DataFrame:
    """What stood at a moment, or just `before` it: _EVENTS lists the columns."""
    other, position = aliased(Forecast), aliased(Forecast)
    same = (other.question_id == Question.id) & (other.forecaster == Forecaster.name)
    by = other.at < at if before else other.at <= at
    latest = select(func.max(other.at)).where(same, by).scalar_subquery()
    columns = (Question.id, Question.resolved_at, Forecaster.name, Forecaster.kind, latest.label("at"))
    pairs = select(*columns).join_from(Question, Forecaster, true())
    if not over:
        pairs = pairs.where(_none_by(Question.resolved_at, at, before))
    if question_ids is not None:
        pairs = pairs.where(Question.id.in_(sorted(question_ids)))
    # An offset keeps both databases from dissolving it in what follows: computed first, each pair is then looked up by
    # the table's key, and years are not read.
    pair = pairs.offset(0).subquery("pair")
    last = select(func.max(position.position)).where(
        position.question_id == pair.c.id, position.forecaster == pair.c.name, position.at == pair.c.at
    )
    found = (Forecast.question_id == pair.c.id) & (Forecast.forecaster == pair.c.name) & (Forecast.at == pair.c.at)
    query = (
        select(
            Forecast.question_id,
            Forecast.forecaster,
            pair.c.kind,
            moment(engine, Forecast.at).label("at"),
            Forecast.position,
            Forecast.probability,
            moment(engine, Forecast.withdrawn_at).label("withdrawn_at"),
            moment(engine, pair.c.resolved_at).label("resolved_at"),
        )
        .join_from(pair, Forecast, found)
        .where(Forecast.position == last.scalar_subquery(), Forecast.probability.is_not(None))
        .where(_none_by(Forecast.withdrawn_at, at, before))
    )
    return read_straight(engine, query, _EVENTS).sort("question_id", "forecaster")


def _none_by(column: Any, at: datetime, before: bool) -> Any:
    return or_(column.is_(None), column >= at if before else column > at)


def _stated(engine: Engine, start: datetime, question_ids: Collection[str] | None) -> pl.DataFrame:
    """What was stated from `start` on and before the resolution: _EVENTS lists the columns."""
    query = (
        select(
            Question.id.label("question_id"),
            Forecaster.name.label("forecaster"),
            Forecaster.kind,
            moment(engine, Forecast.at).label("at"),
            Forecast.position,
            Forecast.probability,
            moment(engine, Forecast.withdrawn_at).label("withdrawn_at"),
            moment(engine, Question.resolved_at).label("resolved_at"),
        )
        # By question and forecaster, whose rows lie together in the table's key: years before `start` are not read.
        .join_from(Question, Forecaster, true())
        .join(Forecast, (Forecast.question_id == Question.id) & (Forecast.forecaster == Forecaster.name))
        .where(Forecast.at >= start, or_(Question.resolved_at.is_(None), Forecast.at < Question.resolved_at))
    )
    if question_ids is not None:
        query = query.where(Question.id.in_(sorted(question_ids)))
    if engine.dialect.name == "sqlite":
        # Of a market's thousand moves a day the last is enough; looking for a later one is quicker than reading it.
        query = query.where(~_later_that_day())
    return read_straight(engine, query, _EVENTS)


def _later_that_day() -> ColumnElement[bool]:
    """Whether the same forecaster stated something later on that day, before the resolution. For SQLite alone."""
    later = aliased(Forecast)
    # A time is text there, and begins with its day; "~" sorts after every time of the day.
    end = func.substr(type_coerce(Forecast.at, Text), 1, len("2026-01-31")) + "~"
    return exists().where(
        later.question_id == Forecast.question_id,
        later.forecaster == Forecast.forecaster,
        tuple_(later.at, later.position) > tuple_(Forecast.at, Forecast.position),
        type_coerce(later.at, Text) < end,
        or_(Question.resolved_at.is_(None), later.at < Question.resolved_at),
    )


def _withdrawals(stated: pl.DataFrame) -> pl.DataFrame:
    """The moments from which nothing stands, because a statement was withdrawn before another took its place."""
    # Markets take nothing back, and they are nearly all of the rows.
    people = stated.filter(pl.col("kind") != "market").sort(KEY)
    following = pl.col("at").shift(-1).over("question_id", "forecaster")
    gone = pl.col("withdrawn_at")
    return people.filter(
        gone.is_not_null(),
        following.is_null() | (following > gone),
        pl.col("resolved_at").is_null() | (gone < pl.col("resolved_at")),
    ).select(
        "question_id",
        "forecaster",
        "kind",
        at=gone,
        position=pl.col("position") + 1,
        probability=pl.lit(None, pl.Float64),
    )
