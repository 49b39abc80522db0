"""What is asked, how it stands, and what was decided about it."""

from datetime import datetime

import polars as pl
from sqlalchemy import Engine, Text, func, select, type_coerce

from db.forecast_tables import Question, Resolution, Topic
from db.queries.frames import UTC_TIME, Schema, read

QUESTIONS: Schema = {
    "question_id": pl.String,
    "source": pl.String,
    "market": pl.String,
    "title": pl.String,
    "url": pl.String,
    "topic": pl.String,
    "topic_name": pl.String,
    "inverted": pl.Boolean,
    "rules": pl.String,
    "note": pl.String,
    "opens_at": UTC_TIME,
    "closes_at": UTC_TIME,
    "resolved_at": UTC_TIME,
    "resolution": pl.Float64,
    "annulled": pl.Boolean,
    "scale": pl.String,
    "volume": pl.Float64,
    "volume_unit": pl.String,
    "forecasters": pl.Int64,
    "tracked": pl.Boolean,
    "synced_at": UTC_TIME,
}

RESOLUTIONS: Schema = {
    "recorded_at": UTC_TIME,
    "resolution": pl.Float64,
    "annulled": pl.Boolean,
    "resolved_at": UTC_TIME,
    "because": pl.String,
}

DECIDED: Schema = {
    "question_id": pl.String,
    "resolution": pl.Float64,
    "annulled": pl.Boolean,
    "resolved_at": UTC_TIME,
}

TOPICS: Schema = {"topic": pl.String, "name": pl.String, "asks": pl.String}


def questions(engine: Engine) -> pl.DataFrame:
    """Every question, tracked or not, by id: QUESTIONS lists the columns.

    `resolution` null: open, annulled or not known. `scale` is JSON text. `synced_at` null: its source has never
    answered, or it has none. `forecasters`: how many people the source counts; null: it does not say.
    """
    query = (
        select(
            Question.id.label("question_id"),
            Question.source,
            Question.market,
            Question.title,
            Question.url,
            Question.topic,
            Topic.name.label("topic_name"),
            Question.inverted,
            Question.rules,
            Question.note,
            Question.opens_at,
            Question.closes_at,
            Question.resolved_at,
            Question.resolution,
            Question.annulled,
            type_coerce(Question.scale, Text).label("scale"),
            Question.volume,
            Question.volume_unit,
            Question.forecasters,
            Question.tracked,
            Question.synced_at,
        )
        .outerjoin(Topic, Topic.id == Question.topic)
        .order_by(Question.id)
    )
    return read(engine, query, QUESTIONS)


def resolutions(engine: Engine, question_id: str) -> pl.DataFrame:
    """Every decision about one question, the earliest first: RESOLUTIONS lists the columns.

    `resolution` null and not annulled: it was opened again.
    """
    query = (
        select(
            Resolution.recorded_at,
            Resolution.resolution,
            Resolution.annulled,
            Resolution.resolved_at,
            Resolution.because,
        )
        .where(Resolution.question_id == question_id)
        .order_by(Resolution.recorded_at)
    )
    return read(engine, query, RESOLUTIONS)


def decided(engine: Engine, at: datetime) -> pl.DataFrame:
    """The last decision about each question that had been recorded by a moment, by id: DECIDED lists the columns.

    Questions without one are not there. `resolution` null and not annulled: it had been opened again.
    """
    last = func.max(Resolution.recorded_at).over(partition_by=Resolution.question_id)
    columns = [getattr(Resolution, name) for name in DECIDED]
    rows = select(*columns, Resolution.recorded_at, last.label("last")).where(Resolution.recorded_at <= at).subquery()
    query = select(*(rows.c[name] for name in DECIDED)).where(rows.c.recorded_at == rows.c.last)
    return read(engine, query.order_by(rows.c.question_id), DECIDED)


def topics(engine: Engine) -> pl.DataFrame:
    """topic, name, asks: the groups of questions that ask the same, by id."""
    return read(engine, select(Topic.id.label("topic"), Topic.name, Topic.asks).order_by(Topic.id), TOPICS)
