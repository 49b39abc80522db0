"""What models scored, and how much they wrote for it: for weights that were measured at several amounts of thinking."""

from datetime import datetime

import polars as pl
from sqlalchemy import Engine, func, select

from db.queries.frames import UTC_TIME, Schema, read
from db.queries.trends import scores
from db.tables import Metric, Model, Run

DOSES: Schema = {
    "weights": pl.String,
    "model_id": pl.String,
    "model_name": pl.String,
    "benchmark_id": pl.String,
    "capability": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "ceiling": pl.Float64,
    "overlaps": pl.String,
    "source": pl.String,
    "tokens": pl.Float64,
    "truncated": pl.Float64,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "flags": pl.List(pl.String),
    "run_id": pl.String,
    "finished_at": UTC_TIME,
    "first_on": pl.Date,
}


def doses(engine: Engine, as_of: datetime | None = None) -> pl.DataFrame:
    """The latest score of every reasoning model on every benchmark, with how much it wrote an answer: DOSES.

    Only weights that several catalogued models share, and runs that counted their tokens. `tokens`: written for one
    document on average, thinking and answer together; what a model may write (`Model.thinking_budget`) says nothing of
    what it did. `truncated`: the share of outputs that hit the limit, null: not known. `first_on`: the day of the first
    complete run of the model on the benchmark. `as_of` as in `db.queries.trends.scores`; a run of unknown date is
    never among them.
    """
    several = (
        select(Model.weights)
        .where(Model.kind == "reasoning", ~Model.demonstration)
        .group_by(Model.weights)
        .having(func.count() > 1)
    )
    models = read(
        engine,
        select(Model.id, Model.weights).where(Model.kind == "reasoning", Model.weights.in_(several)),
        {"id": pl.String, "weights": pl.String},
    ).rename({"id": "model_id"})
    own = Run.model_id.in_(models["model_id"].to_list())
    documents = func.max(Metric.n).label("documents")
    written = read(
        engine,
        select(Run.id, Run.output_tokens, Run.truncated, documents)
        .join(Metric, Metric.run_id == Run.id)
        .where(own, Run.output_tokens.is_not(None))
        .group_by(Run.id, Run.output_tokens, Run.truncated),
        {"id": pl.String, "output_tokens": pl.Int64, "truncated": pl.Int64, "documents": pl.Int64},
    )
    first = read(
        engine,
        select(Run.model_id, Metric.benchmark_id, func.min(Run.finished_at).label("first_at"))
        .join(Metric, Metric.run_id == Run.id)
        .where(own, Run.status == "complete", Run.finished_at.is_not(None))
        .group_by(Run.model_id, Metric.benchmark_id),
        {"model_id": pl.String, "benchmark_id": pl.String, "first_at": UTC_TIME},
    )
    found = (
        scores(engine, as_of)
        .filter(pl.col("finished_at").is_not_null())
        .join(models, on="model_id")
        .join(written.rename({"id": "run_id"}), on="run_id")
        .join(first, on=["model_id", "benchmark_id"])
    )
    return (
        found.with_columns(
            tokens=pl.col("output_tokens") / pl.col("documents"),
            truncated=pl.col("truncated") / pl.col("documents"),
            first_on=pl.col("first_at").dt.date(),
        )
        .sort("weights", "benchmark_id", "model_id")
        .select(pl.col(name).cast(kind) for name, kind in DOSES.items())
    )
