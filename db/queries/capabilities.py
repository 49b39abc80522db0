"""The map of capabilities: what they are, which benchmarks measure them, and how fast our own models think."""

import polars as pl
from sqlalchemy import Engine, case, func, or_, select

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Capability, Metric, Model, Run

CAPABILITIES: Schema = {
    "capability_id": pl.String,
    "name": pl.String,
    "nature": pl.String,
    "place": pl.String,
    "note": pl.String,
}

BENCHMARKS: Schema = {
    "benchmark_id": pl.String,
    "benchmark_name": pl.String,
    "capability_id": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "ceiling": pl.Float64,
    "human": pl.Float64,
    "human_source": pl.String,
    "overlaps": pl.String,
}

SPEEDS: Schema = {
    "model_id": pl.String,
    "model_name": pl.String,
    "kind": pl.String,
    "device": pl.String,
    "runs": pl.Int64,
    "seconds": pl.Float64,
    "output_tokens": pl.Int64,
    "answers": pl.Int64,
    "finished_at": UTC_TIME,
    "demonstration": pl.Boolean,
}


def capabilities(engine: Engine) -> pl.DataFrame:
    """Every capability, by id: CAPABILITIES lists the columns. `place` null: not named in the question."""
    query = select(
        Capability.id.label("capability_id"), Capability.name, Capability.nature, Capability.place, Capability.note
    ).order_by(Capability.id)
    return read(engine, query, CAPABILITIES)


def benchmarks(engine: Engine) -> pl.DataFrame:
    """Every catalogued benchmark with a capability, but for the demonstration's: BENCHMARKS lists the columns.

    `human` is in the benchmark's unit, null where no level is known.
    """
    query = (
        select(
            Benchmark.id.label("benchmark_id"),
            Benchmark.name.label("benchmark_name"),
            Benchmark.capability.label("capability_id"),
            Benchmark.grading,
            Benchmark.unit,
            Benchmark.chance,
            Benchmark.ceiling,
            Benchmark.human,
            Benchmark.human_source,
            Benchmark.overlaps,
        )
        .where(Benchmark.capability.is_not(None), ~Benchmark.demonstration)
        .order_by(Benchmark.capability, Benchmark.name, Benchmark.id)
    )
    return read(engine, query, BENCHMARKS)


def speeds(engine: Engine) -> pl.DataFrame:
    """How many tokens each model wrote here, in how long and for how many answers: SPEEDS lists the columns.

    Own runs whose time and tokens are known, together per model and device; `seconds` is wall time, with batches side
    by side. `answers`: the documents of these runs, null where a run does not count them.
    """
    documents = select(func.max(Metric.n)).where(Metric.run_id == Run.id).correlate(Run).scalar_subquery()
    shown_only = or_(
        Model.demonstration,
        select(Benchmark.id)
        .join(Metric, Metric.benchmark_id == Benchmark.id)
        .where(Metric.run_id == Run.id, Benchmark.demonstration)
        .correlate(Run)
        .exists(),
    )
    run = (
        select(
            Run.model_id,
            Model.name.label("model_name"),
            Model.kind,
            Run.device,
            Run.seconds,
            Run.output_tokens,
            documents.label("answers"),
            Run.finished_at,
            case((shown_only, 1), else_=0).label("demonstration"),
        )
        .join(Model, Model.id == Run.model_id)
        .where(Run.origin == "local", Run.seconds > 0, Run.output_tokens.is_not(None))
        .subquery()
    )
    whole = func.count(run.c.answers) == func.count()
    query = (
        select(
            run.c.model_id,
            run.c.model_name,
            run.c.kind,
            run.c.device,
            func.count().label("runs"),
            func.sum(run.c.seconds).label("seconds"),
            func.sum(run.c.output_tokens).label("output_tokens"),
            case((whole, func.sum(run.c.answers))).label("answers"),
            func.max(run.c.finished_at).label("finished_at"),
            (func.max(run.c.demonstration) == 1).label("demonstration"),
        )
        .group_by(run.c.model_id, run.c.model_name, run.c.kind, run.c.device)
        .order_by(run.c.model_id, run.c.device)
    )
    return read(engine, query, SPEEDS)
