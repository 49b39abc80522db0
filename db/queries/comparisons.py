"""What a comparison of two runs rests on: the twins, each run's headline with its settings, and its other metrics."""

import polars as pl
from sqlalchemy import Engine, Text, and_, exists, func, select, type_coerce

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Metric, Run, Sample, Twin

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


def sides(engine: Engine) -> pl.DataFrame:
    """Every headline number with what decides whether it can be compared: SIDES lists the columns.

    One row per run and benchmark, as in `scores.headlines`. `settings` is JSON text. `task_version` is the metric's,
    else the run's. `has_samples`: whether single documents are stored. By benchmark, model, time and run.
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
    return read(engine, query, SIDES)


def readings(engine: Engine) -> pl.DataFrame:
    """Every metric of every run, the headlines among them: READINGS lists the columns."""
    query = select(
        Metric.run_id, Metric.benchmark_id, Metric.name.label("metric"), Metric.filter, Metric.value
    ).order_by(Metric.run_id, Metric.benchmark_id, Metric.name, Metric.filter)
    return read(engine, query, READINGS)
