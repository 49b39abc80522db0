"""What models scored."""

import polars as pl
from sqlalchemy import Engine, and_, or_, select

from db.queries.frames import UTC_TIME, Schema, read
from db.queries.gaps import GAPS, gaps
from db.tables import Benchmark, Metric, Model, Run

__all__ = ["GAPS", "HEADLINES", "gaps", "headlines"]

HEADLINES: Schema = {
    "run_id": pl.String,
    "model_id": pl.String,
    "model_name": pl.String,
    "kind": pl.String,
    "benchmark_id": pl.String,
    "benchmark_name": pl.String,
    "task": pl.String,
    "metric": pl.String,
    "filter": pl.String,
    "capability": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "ceiling": pl.Float64,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "origin": pl.String,
    "status": pl.String,
    "finished_at": UTC_TIME,
    "settings_hash": pl.String,
    "task_version": pl.String,
    "truncated": pl.Int64,
    "output_tokens": pl.Int64,
    "demonstration": pl.Boolean,
}


def headlines(engine: Engine) -> pl.DataFrame:
    """Every run's headline number on every benchmark it covers: HEADLINES lists the columns.

    One row per run and benchmark, the metric that the catalogue names for it; newest first, runs of unknown date last.
    A benchmark that is not catalogued has no headline, and no row. `truncated` and `output_tokens` are the run's: how
    many answers were cut short, and all tokens written. `demonstration`: of the model or of the benchmark.
    """
    headline = and_(
        Metric.benchmark_id == Benchmark.id, Metric.name == Benchmark.metric, Metric.filter == Benchmark.filter
    )
    query = (
        select(
            Run.id.label("run_id"),
            Run.model_id,
            Model.name.label("model_name"),
            Model.kind,
            Benchmark.id.label("benchmark_id"),
            Benchmark.name.label("benchmark_name"),
            Benchmark.task,
            Benchmark.metric,
            Benchmark.filter,
            Benchmark.capability,
            Benchmark.grading,
            Benchmark.unit,
            Benchmark.chance,
            Benchmark.ceiling,
            Metric.value,
            Metric.stderr,
            Metric.n,
            Run.origin,
            Run.status,
            Run.finished_at,
            Run.settings_hash,
            Metric.task_version,
            Run.truncated,
            Run.output_tokens,
            or_(Model.demonstration, Benchmark.demonstration).label("demonstration"),
        )
        .select_from(Metric)
        .join(Benchmark, headline)
        .join(Run, Metric.run_id == Run.id)
        .join(Model, Run.model_id == Model.id)
        .order_by(Run.finished_at.desc().nulls_last(), Run.id, Benchmark.id)
    )
    return read(engine, query, HEADLINES)
