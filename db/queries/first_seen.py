"""Since when a pair of models has been measured on a benchmark."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import aliased

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Gap, Run

FIRST_SEEN: Schema = {
    "reasoning_id": pl.String,
    "conventional_id": pl.String,
    "benchmark_id": pl.String,
    "first_on": pl.Date,
}

KEYS = ("reasoning_id", "conventional_id", "benchmark_id")
DATES: Schema = {
    **dict.fromkeys(KEYS, pl.String),
    "reasoning_at": UTC_TIME,
    "conventional_at": UTC_TIME,
    "gaps": pl.Int64,
}


def first_seen(engine: Engine, as_of: date) -> pl.DataFrame:
    """The day of each twin's first gap on each benchmark, of those known by the end of a day (UTC): FIRST_SEEN.

    A gap is of the day on which the later of its two runs was finished or published; undated ones are left out.
    """
    one, other = aliased(Run), aliased(Run)
    dates = (
        select(
            Gap.reasoning_id,
            Gap.conventional_id,
            Gap.benchmark_id,
            one.finished_at.label("reasoning_at"),
            other.finished_at.label("conventional_at"),
            func.count().label("gaps"),
        )
        .join(one, one.id == Gap.reasoning_run_id)
        .join(other, other.id == Gap.conventional_run_id)
        .where(one.finished_at < _end(as_of), other.finished_at < _end(as_of))
        .group_by(Gap.reasoning_id, Gap.conventional_id, Gap.benchmark_id, one.finished_at, other.finished_at)
    )
    found = read(engine, dates, DATES)
    later = pl.max_horizontal("reasoning_at", "conventional_at").dt.date()
    return found.group_by(KEYS).agg(first_on=later.min()).sort(KEYS).select(*FIRST_SEEN)


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
