"""How far apart the two models of a twin are, now or as it was known on a day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Engine, and_, case, func, null, or_, select
from sqlalchemy.orm import aliased

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Capability, Gap, Metric, Model, Publication, Run, Twin

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
    "nature": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "chance": pl.Float64,
    "overlaps": pl.String,
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
    "source": pl.String,
    "source_url": pl.String,
    "published_on": pl.Date,
    "finished_at": UTC_TIME,
    "demonstration": pl.Boolean,
}


def gaps(engine: Engine, as_of: date | None = None) -> pl.DataFrame:
    """Reasoning − conventional, the latest gap of every twin, benchmark and source: GAPS lists the columns.

    With `as_of`, what was known then: gaps finished or published up to that day (UTC, the whole day) or, given a
    datetime, up to that moment; those of unknown date are left out. Of our own and imported runs only the gaps of
    today's pairs are stored, so a past day lacks those whose pair has been replaced since.

    `origin` is the less our own of the two runs' (published, then imported, then local). `finished_at` is the later
    of the two, null when either is not known; `published_on` is its day, null unless published. `source` is the
    title of the publication, null for runs that nobody published; `source_url` the file or page the reasoning
    model's number was read from. `nature` is the capability's: checkable, taste, mixed. `overlaps`: the benchmark
    whose answers this one counts again. `demonstration`: of either model or of the benchmark.
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
    rank = func.row_number().over(
        partition_by=(Gap.reasoning_id, Gap.conventional_id, Gap.benchmark_id, one.publication_id),
        order_by=(finished_at.desc().nulls_last(), Gap.reasoning_run_id.desc(), Gap.conventional_run_id.desc()),
    )
    ranked = (
        select(*Gap.__table__.columns, origin.label("origin"), finished_at.label("finished_at"), rank.label("rank"))
        .join(one, one.id == Gap.reasoning_run_id)
        .join(other, other.id == Gap.conventional_run_id)
        .where(*_known_by(as_of, one, other))
        .subquery()
    )
    gap, run = ranked.c, aliased(Run)
    published_on = case((gap.origin == "published", gap.finished_at), else_=null())
    demonstration = or_(reasoning.demonstration, conventional.demonstration, Benchmark.demonstration)
    headline = and_(
        Metric.run_id == gap.reasoning_run_id,
        Metric.benchmark_id == gap.benchmark_id,
        Metric.name == Benchmark.metric,
        Metric.filter == Benchmark.filter,
    )
    query = (
        select(
            gap.reasoning_id,
            reasoning.name.label("reasoning_name"),
            gap.conventional_id,
            conventional.name.label("conventional_name"),
            Twin.relation,
            Twin.evidence.label("twin_evidence"),
            Twin.inferred,
            gap.benchmark_id,
            Benchmark.name.label("benchmark_name"),
            Benchmark.task,
            Benchmark.capability,
            Capability.nature,
            Benchmark.grading,
            Benchmark.unit,
            Benchmark.chance,
            Benchmark.overlaps,
            gap.reasoning_value,
            gap.conventional_value,
            gap.value,
            gap.stderr,
            gap.n,
            gap.paired,
            gap.log_odds,
            gap.log_odds_stderr,
            gap.flags,
            gap.reasoning_run_id,
            gap.conventional_run_id,
            gap.origin,
            Publication.title.label("source"),
            Metric.url.label("source_url"),
            published_on.label("published_on"),
            gap.finished_at,
            demonstration.label("demonstration"),
        )
        .select_from(ranked)
        .join(Twin, and_(Twin.reasoning_id == gap.reasoning_id, Twin.conventional_id == gap.conventional_id))
        .join(reasoning, reasoning.id == gap.reasoning_id)
        .join(conventional, conventional.id == gap.conventional_id)
        .join(Benchmark, Benchmark.id == gap.benchmark_id)
        .join(run, run.id == gap.reasoning_run_id)
        .outerjoin(Capability, Capability.id == Benchmark.capability)
        .outerjoin(Publication, Publication.id == run.publication_id)
        .outerjoin(Metric, headline)
        .where(gap.rank == 1)
        .order_by(gap.reasoning_id, gap.conventional_id, gap.benchmark_id, gap.reasoning_run_id)
    )
    return read(engine, query, GAPS | {"published_on": UTC_TIME}).with_columns(pl.col("published_on").dt.date())


def _known_by(as_of: date | None, one: Any, other: Any) -> list[ColumnElement[bool]]:
    if as_of is None:
        return []
    if isinstance(as_of, datetime):
        return [one.finished_at <= as_of, other.finished_at <= as_of]
    end = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
    return [one.finished_at < end, other.finished_at < end]
