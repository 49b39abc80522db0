"""Which evaluations there are, and what the jobs that made them reported."""

import polars as pl
from sqlalchemy import Engine, ScalarSelect, Text, exists, func, or_, select, type_coerce

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, JobReport, Metric, Model, Run

RUNS: Schema = {
    "run_id": pl.String,
    "model_id": pl.String,
    "model_name": pl.String,
    "kind": pl.String,
    "task": pl.String,
    "task_version": pl.String,
    "revision": pl.String,
    "origin": pl.String,
    "status": pl.String,
    "started_at": UTC_TIME,
    "finished_at": UTC_TIME,
    "seconds": pl.Float64,
    "device": pl.String,
    "documents": pl.Int64,
    "output_tokens": pl.Int64,
    "truncated": pl.Int64,
    "harness_version": pl.String,
    "settings_hash": pl.String,
    "folder": pl.String,
    "demonstration": pl.Boolean,
}

FINISHED: Schema = {
    "model_id": pl.String,
    "task": pl.String,
    "task_version": pl.String,
    "revision": pl.String,
    "settings_hash": pl.String,
    "status": pl.String,
    "finished_at": UTC_TIME,
    "seconds": pl.Float64,
    "documents": pl.Int64,
}

UNREAD: Schema = {
    "run_id": pl.String,
    "task": pl.String,
    "folder": pl.String,
    "benchmark_id": pl.String,
}

REPORTS: Schema = {
    "job": pl.String,
    "unit": pl.String,
    "started_at": UTC_TIME,
    "finished_at": UTC_TIME,
    "outcome": pl.String,
    "counts": pl.String,
    "error": pl.String,
}


def runs(engine: Engine) -> pl.DataFrame:
    """Every run, newest first, those of unknown date last: RUNS lists the columns.

    `documents`: the most that any of its metrics counts, null where none does. `demonstration`: of the model or of
    any benchmark the run has a metric on.
    """
    shown_only = exists().where(
        Metric.run_id == Run.id, Metric.benchmark_id == Benchmark.id, Benchmark.demonstration.is_(True)
    )
    query = (
        select(
            Run.id.label("run_id"),
            Run.model_id,
            Model.name.label("model_name"),
            Model.kind,
            Run.task,
            Run.task_version,
            Run.revision,
            Run.origin,
            Run.status,
            Run.started_at,
            Run.finished_at,
            Run.seconds,
            Run.device,
            _documents().label("documents"),
            Run.output_tokens,
            Run.truncated,
            Run.harness_version,
            Run.settings_hash,
            Run.folder,
            or_(Model.demonstration, shown_only).label("demonstration"),
        )
        .join(Model, Model.id == Run.model_id)
        .order_by(Run.finished_at.desc().nulls_last(), Run.started_at.desc().nulls_last(), Run.id)
    )
    return read(engine, query, RUNS)


def finished(engine: Engine) -> pl.DataFrame:
    """The runs made here (origin local), newest first: what is due and how long it should take follows from them.

    FINISHED lists the columns; `seconds` is the run's own wall time, `documents` as in `runs`.
    """
    query = (
        select(
            Run.model_id,
            Run.task,
            Run.task_version,
            Run.revision,
            Run.settings_hash,
            Run.status,
            Run.finished_at,
            Run.seconds,
            _documents().label("documents"),
        )
        .where(Run.origin == "local")
        .order_by(Run.finished_at.desc().nulls_last(), Run.id)
    )
    return read(engine, query, FINISHED)


def unread(engine: Engine) -> pl.DataFrame:
    """Runs made here with benchmarks of their task that have no number of theirs, oldest first.

    A benchmark that was catalogued after its task had run is such a one. UNREAD lists the columns.
    """
    there = exists().where(Metric.run_id == Run.id, Metric.benchmark_id == Benchmark.id)
    query = (
        select(Run.id.label("run_id"), Run.task, Run.folder, Benchmark.id.label("benchmark_id"))
        .join(Benchmark, Benchmark.task == Run.task)
        .where(Run.origin == "local", Run.folder.is_not(None), ~there)
        .order_by(Run.finished_at.nulls_first(), Run.id, Benchmark.id)
    )
    return read(engine, query, UNREAD)


def measured(engine: Engine) -> list[str]:
    """The benchmarks that runs made here have numbers of."""
    query = select(Metric.benchmark_id).join(Run, Run.id == Metric.run_id).where(Run.origin == "local").distinct()
    with engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def reports(engine: Engine, job: str | None = None) -> pl.DataFrame:
    """What happened to each step and unit, of one job or of all, newest first: REPORTS lists the columns.

    `unit` empty: the step as a whole. `counts` is JSON text.
    """
    counts = type_coerce(JobReport.counts, Text).label("counts")
    query = select(
        JobReport.job,
        JobReport.unit,
        JobReport.started_at,
        JobReport.finished_at,
        JobReport.outcome,
        counts,
        JobReport.error,
    ).order_by(JobReport.started_at.desc(), JobReport.job, JobReport.unit)
    return read(engine, query if job is None else query.where(JobReport.job == job), REPORTS)


def _documents() -> ScalarSelect[int | None]:
    return select(func.max(Metric.n)).where(Metric.run_id == Run.id).correlate(Run).scalar_subquery()
