"""What models scored, and how far apart the two of a twin are."""

import polars as pl
from sqlalchemy import Engine, and_, case, null, or_, select
from sqlalchemy.orm import aliased

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Gap, Metric, Model, Run, Twin

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

GAPS: Schema = {
    "reasoning_id": pl.String,
    "reasoning_name": pl.String,
    "conventional_id": pl.String,
    "conventional_name": pl.String,
    "relation": pl.String,
    "twin_evidence": pl.String,
    "inferred": pl.Boolean,
    "benchmark_id": pl.String,
    "benchmark_name": pl.String,
    "task": pl.String,
    "capability": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "reasoning_value": pl.Float64,
    "conventional_value": pl.Float64,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "n": pl.Int64,
    "paired": pl.Boolean,
    "log_odds": pl.Float64,
    "log_odds_stderr": pl.Float64,
    "flags": pl.List(pl.String),
    "reasoning_run_id": pl.String,
    "conventional_run_id": pl.String,
    "origin": pl.String,
    "finished_at": UTC_TIME,
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


def gaps(engine: Engine) -> pl.DataFrame:
    """Reasoning − conventional, every gap stored: GAPS lists the columns.

    `origin` is the less our own of the two runs' (published, then imported, then local). `finished_at` is the later
    of the two, null when either is not known. `demonstration`: of either model or of the benchmark.
    """
    reasoning, conventional = aliased(Model), aliased(Model)
    one, other = aliased(Run), aliased(Run)
    origin = case(
        *((or_(one.origin == name, other.origin == name), name) for name in ("published", "imported")), else_="local"
    )
    finished_at = case(
        (or_(one.finished_at.is_(None), other.finished_at.is_(None)), null()),
        (one.finished_at >= other.finished_at, one.finished_at),
        else_=other.finished_at,
    )
    demonstration = or_(reasoning.demonstration, conventional.demonstration, Benchmark.demonstration)
    query = (
        select(
            Gap.reasoning_id,
            reasoning.name.label("reasoning_name"),
            Gap.conventional_id,
            conventional.name.label("conventional_name"),
            Twin.relation,
            Twin.evidence.label("twin_evidence"),
            Twin.inferred,
            Gap.benchmark_id,
            Benchmark.name.label("benchmark_name"),
            Benchmark.task,
            Benchmark.capability,
            Benchmark.grading,
            Benchmark.unit,
            Benchmark.chance,
            Gap.reasoning_value,
            Gap.conventional_value,
            Gap.value,
            Gap.stderr,
            Gap.n,
            Gap.paired,
            Gap.log_odds,
            Gap.log_odds_stderr,
            Gap.flags,
            Gap.reasoning_run_id,
            Gap.conventional_run_id,
            origin.label("origin"),
            finished_at.label("finished_at"),
            demonstration.label("demonstration"),
        )
        .join(Twin, and_(Twin.reasoning_id == Gap.reasoning_id, Twin.conventional_id == Gap.conventional_id))
        .join(reasoning, reasoning.id == Gap.reasoning_id)
        .join(conventional, conventional.id == Gap.conventional_id)
        .join(Benchmark, Benchmark.id == Gap.benchmark_id)
        .join(one, one.id == Gap.reasoning_run_id)
        .join(other, other.id == Gap.conventional_run_id)
        .order_by(Gap.reasoning_id, Gap.conventional_id, Gap.benchmark_id, Gap.reasoning_run_id)
    )
    return read(engine, query, GAPS)
