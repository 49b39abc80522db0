"""Scores by model: what each model last scored on each benchmark, with when the model was released."""

from datetime import datetime

import polars as pl
from sqlalchemy import Engine, Text, and_, func, select, type_coerce
from sqlalchemy.orm import aliased

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Gap, Metric, Model, Publication, Run

SCORES: Schema = {
    "model_id": pl.String,
    "model_name": pl.String,
    "kind": pl.String,
    "lab": pl.String,
    "released_on": pl.Date,
    "benchmark_id": pl.String,
    "benchmark_name": pl.String,
    "capability": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "ceiling": pl.Float64,
    "overlaps": pl.String,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "run_id": pl.String,
    "origin": pl.String,
    "source": pl.String,
    "source_url": pl.String,
    "terms": pl.String,
    "finished_at": UTC_TIME,
}

FLAGGED: Schema = {"run_id": pl.String, "benchmark_id": pl.String, "flags": pl.String}


def scores(engine: Engine, as_of: datetime | None = None) -> pl.DataFrame:
    """The headline score of the latest complete run per model and benchmark: SCORES and `flags` (list of text).

    The latest run is the one dated last; undated runs come after dated ones and ties go by the run's id. With `as_of`,
    runs dated later and undated ones are left out, and with them the flags of their gaps. Demonstration models and
    benchmarks are never among them, nor runs over some of the documents. `flags`: every flag that a stored gap raises
    on this run and benchmark, sorted. `source` is the publication's title, else the run's source; `terms`: on which its
    figures may be used. By benchmark, release date and model.
    """
    headline = and_(
        Metric.benchmark_id == Benchmark.id, Metric.name == Benchmark.metric, Metric.filter == Benchmark.filter
    )
    latest = func.row_number().over(
        partition_by=(Run.model_id, Benchmark.id), order_by=(Run.finished_at.desc().nulls_last(), Run.id.desc())
    )
    ranked = (
        select(
            Run.model_id,
            Model.name.label("model_name"),
            Model.kind,
            Model.lab,
            Model.released_on,
            Benchmark.id.label("benchmark_id"),
            Benchmark.name.label("benchmark_name"),
            Benchmark.capability,
            Benchmark.grading,
            Benchmark.unit,
            Benchmark.chance,
            Benchmark.ceiling,
            Benchmark.overlaps,
            Metric.value,
            Metric.stderr,
            Metric.low,
            Metric.high,
            Metric.n,
            Run.id.label("run_id"),
            Run.origin,
            func.coalesce(Publication.title, Run.source).label("source"),
            Metric.url.label("source_url"),
            Publication.terms,
            Run.finished_at,
            latest.label("place"),
        )
        .select_from(Metric)
        .join(Benchmark, headline)
        .join(Run, Metric.run_id == Run.id)
        .join(Model, Run.model_id == Model.id)
        .outerjoin(Publication, Publication.id == Run.publication_id)
        .where(Run.status == "complete", ~Model.demonstration, ~Benchmark.demonstration)
    )
    if as_of is not None:
        ranked = ranked.where(Run.finished_at <= as_of)
    rows = ranked.subquery()
    query = (
        select(*(rows.c[name] for name in SCORES))
        .where(rows.c.place == 1)
        .order_by(rows.c.benchmark_id, rows.c.released_on.asc().nulls_last(), rows.c.model_id)
    )
    return (
        read(engine, query, SCORES)
        .join(_flags(engine, as_of), on=["run_id", "benchmark_id"], how="left")
        .with_columns(pl.col("flags").fill_null([]))
    )


def _flags(engine: Engine, as_of: datetime | None) -> pl.DataFrame:
    """run_id, benchmark_id and the flags of every gap that the run takes part in; known by then, of both its runs."""
    sides = []
    one, other = aliased(Run), aliased(Run)
    for run in (Gap.reasoning_run_id, Gap.conventional_run_id):
        query = select(run.label("run_id"), Gap.benchmark_id, type_coerce(Gap.flags, Text).label("flags"))
        if as_of is not None:
            query = (
                query.join(one, one.id == Gap.reasoning_run_id)
                .join(other, other.id == Gap.conventional_run_id)
                .where(one.finished_at <= as_of, other.finished_at <= as_of)
            )
        sides.append(read(engine, query.where(type_coerce(Gap.flags, Text) != "[]"), FLAGGED))
    listed = pl.concat(sides).unique().with_columns(pl.col("flags").str.json_decode(pl.List(pl.String)))
    return listed.explode("flags").group_by("run_id", "benchmark_id").agg(pl.col("flags").unique().sort())
