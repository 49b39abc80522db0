"""What a comparison of two runs rests on: the twins, each run's headline with its settings, and its other metrics."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Engine, Text, and_, case, exists, func, null, or_, select, type_coerce

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Gap, Metric, Run, Sample, Twin

RUN_INPUTS = ("model_id", "origin", "status", "source", "task_version", "truncated", "finished_at")
METRIC_INPUTS = ("name", "filter", "value", "stderr", "n", "task_version", "task_hash")
BENCHMARK_INPUTS = ("metric", "filter", "unit", "chance", "grading", "log_likelihood")

TWINS: Schema = {
    "reasoning_id": pl.String,
    "conventional_id": pl.String,
    "relation": pl.String,
    "inferred": pl.Boolean,
}

SIDES: Schema = {
    "run_id": pl.String,
    "model_id": pl.String,
    "benchmark_id": pl.String,
    "task": pl.String,
    "metric": pl.String,
    "filter": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "grading": pl.String,
    "log_likelihood": pl.Boolean,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "task_version": pl.String,
    "task_hash": pl.String,
    "origin": pl.String,
    "status": pl.String,
    "source": pl.String,
    "finished_at": UTC_TIME,
    "settings": pl.String,
    "truncated": pl.Int64,
    "has_samples": pl.Boolean,
}

MEASURED: Schema = {
    "benchmark_id": pl.String,
    "reasoning_run_id": pl.String,
    "conventional_run_id": pl.String,
    "reasoning_value": pl.Float64,
    "conventional_value": pl.Float64,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "log_odds": pl.Float64,
    "log_odds_stderr": pl.Float64,
    "basis": pl.String,
}

BASES: Schema = {
    "benchmark_id": pl.String,
    "basis": pl.String,
    "gaps": pl.Int64,
    "paired": pl.Int64,
    "flagged": pl.Int64,
}

READINGS: Schema = {
    "run_id": pl.String,
    "benchmark_id": pl.String,
    "metric": pl.String,
    "filter": pl.String,
    "value": pl.Float64,
}


def twins(engine: Engine) -> pl.DataFrame:
    """Every twin, by its two ids: TWINS lists the columns. `inferred`: its relation is read off the names."""
    query = select(Twin.reasoning_id, Twin.conventional_id, Twin.relation, Twin.inferred).order_by(
        Twin.reasoning_id, Twin.conventional_id
    )
    return read(engine, query, TWINS)


def sides(engine: Engine, benchmark_ids: Collection[str] | None = None, *, by: datetime | None = None) -> pl.DataFrame:
    """Every headline number with what decides whether it can be compared: SIDES lists the columns.

    Of these benchmarks, or of all, and of runs finished `by` then or of unknown date; one row per run and benchmark,
    as in `scores.headlines`. `settings` is JSON text. `task_version` is the metric's, else the run's. `has_samples`:
    whether single documents are stored. By benchmark, model, time and run.
    """
    headline = and_(
        Metric.benchmark_id == Benchmark.id, Metric.name == Benchmark.metric, Metric.filter == Benchmark.filter
    )
    samples = exists().where(Sample.run_id == Run.id, Sample.benchmark_id == Benchmark.id)
    query = (
        select(
            Run.id.label("run_id"),
            Run.model_id,
            Benchmark.id.label("benchmark_id"),
            Benchmark.task,
            Benchmark.metric,
            Benchmark.filter,
            Benchmark.unit,
            Benchmark.chance,
            Benchmark.grading,
            Benchmark.log_likelihood,
            Metric.value,
            Metric.stderr,
            Metric.n,
            func.coalesce(Metric.task_version, Run.task_version).label("task_version"),
            Metric.task_hash,
            Run.origin,
            Run.status,
            Run.source,
            Run.finished_at,
            type_coerce(Run.settings, Text).label("settings"),
            Run.truncated,
            samples.label("has_samples"),
        )
        .select_from(Metric)
        .join(Benchmark, headline)
        .join(Run, Metric.run_id == Run.id)
        .order_by(Benchmark.id, Run.model_id, Run.finished_at, Run.id)
    )
    if by is not None:
        query = query.where(or_(Run.finished_at.is_(None), Run.finished_at <= by))
    return read(engine, query.where(*_among(Metric.benchmark_id, benchmark_ids)), SIDES)


def readings(engine: Engine, benchmark_ids: Collection[str] | None = None) -> pl.DataFrame:
    """Every metric of every run on these benchmarks, or on all, headlines too: READINGS lists the columns."""
    query = select(
        Metric.run_id, Metric.benchmark_id, Metric.name.label("metric"), Metric.filter, Metric.value
    ).order_by(Metric.run_id, Metric.benchmark_id, Metric.name, Metric.filter)
    return read(engine, query.where(*_among(Metric.benchmark_id, benchmark_ids)), READINGS)


def digests(engine: Engine, by: datetime) -> dict[str, str]:
    """By benchmark, a hash of all that its gaps follow from: its own row, and every run finished `by` then (or of
    unknown date) that has a number on it, with these numbers. The documents are there by the hashes of their files.
    """
    known = or_(Run.finished_at.is_(None), Run.finished_at <= by)
    ended = type_coerce(Run.settings, Text), type_coerce(Run.environment, Text), type_coerce(Run.files, Text)
    runs = select(Run.id, *(getattr(Run, name) for name in RUN_INPUTS), *ended).where(known)
    metrics = (
        select(Metric.benchmark_id, Metric.run_id, *(getattr(Metric, name) for name in METRIC_INPUTS))
        .where(Metric.run_id.in_(select(Run.id).where(known)))
        .order_by(Metric.benchmark_id, Metric.run_id, Metric.name, Metric.filter)
    )
    benchmarks = select(Benchmark.id, *(getattr(Benchmark, name) for name in BENCHMARK_INPUTS))
    with engine.connect() as connection:
        run_hashes = {row[0]: sha256(repr(tuple(row)).encode()).digest() for row in connection.execute(runs).all()}
        found: dict[str, Any] = {}
        for row in connection.execute(metrics).all():
            entry = found.get(row[0]) or found.setdefault(row[0], sha256())
            entry.update(run_hashes[row[1]] + repr(tuple(row)).encode())
        for row in connection.execute(benchmarks).all():
            if row[0] in found:
                found[row[0]].update(repr(tuple(row)).encode())
    return {benchmark_id: entry.hexdigest() for benchmark_id, entry in found.items()}


def measured(engine: Engine, benchmark_ids: Collection[str]) -> pl.DataFrame:
    """The numbers of the paired gaps stored for these benchmarks, with their basis: MEASURED lists the columns."""
    query = (
        select(*(getattr(Gap, name) for name in MEASURED))
        .where(Gap.paired.is_(True), Gap.basis.is_not(None), *_among(Gap.benchmark_id, benchmark_ids))
        .order_by(Gap.benchmark_id, Gap.reasoning_run_id, Gap.conventional_run_id)
    )
    return read(engine, query, MEASURED)


def bases(engine: Engine) -> pl.DataFrame:
    """How many gaps of each benchmark are stored, and their one basis, null if there are several: see BASES."""
    same = (func.min(Gap.basis) == func.max(Gap.basis)) & (func.count(Gap.basis) == func.count())
    query = (
        select(
            Gap.benchmark_id,
            case((same, func.min(Gap.basis)), else_=null()).label("basis"),
            func.count().label("gaps"),
            func.sum(case((Gap.paired.is_(True), 1), else_=0)).label("paired"),
            func.sum(case((type_coerce(Gap.flags, Text) != "[]", 1), else_=0)).label("flagged"),
        )
        .group_by(Gap.benchmark_id)
        .order_by(Gap.benchmark_id)
    )
    return read(engine, query, BASES)


def _among(column: ColumnElement[Any] | Any, benchmark_ids: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [] if benchmark_ids is None else [column.in_(sorted(benchmark_ids))]
