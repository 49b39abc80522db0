"""All gaps with no more than pooling needs, and the rest of what is known of a few: quick where there are many.

The rows are those of `db.queries.gaps`. There the database puts them together; here it only reads out its tables, and
they are joined in memory, which takes a fifth of the time where there are a hundred thousand.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Engine, Select, Text, or_, select, type_coerce
from sqlalchemy.orm import aliased

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Capability, Gap, Metric, Model, Publication, Run, Twin

EVIDENCE: Schema = {
    "reasoning_id": pl.String,
    "conventional_id": pl.String,
    "relation": pl.String,
    "inferred": pl.Boolean,
    "benchmark_id": pl.String,
    "capability": pl.String,
    "nature": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "overlaps": pl.String,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "log_odds": pl.Float64,
    "log_odds_stderr": pl.Float64,
    "flags": pl.List(pl.String),
    "reasoning_run_id": pl.String,
    "conventional_run_id": pl.String,
    "origin": pl.String,
    "source": pl.String,
    "finished_at": UTC_TIME,
    "demonstration": pl.Boolean,
}

KEY = ("reasoning_run_id", "conventional_run_id", "benchmark_id")

DETAILS: Schema = {
    **dict.fromkeys(KEY, pl.String),
    "reasoning_value": pl.Float64,
    "conventional_value": pl.Float64,
    "n": pl.Int64,
    "paired": pl.Boolean,
    "source_url": pl.String,
    "reasoning_name": pl.String,
    "conventional_name": pl.String,
    "benchmark_name": pl.String,
    "twin_evidence": pl.String,
}

_GAPS: Schema = {
    **dict.fromkeys(KEY, pl.String),
    "value": pl.Float64,
    "stderr": pl.Float64,
    "log_odds": pl.Float64,
    "log_odds_stderr": pl.Float64,
    "flags": pl.String,
}
_RUNS: Schema = {
    "run_id": pl.String,
    "model_id": pl.String,
    "publication_id": pl.String,
    "origin": pl.String,
    "finished_at": UTC_TIME,
    "demonstration": pl.Boolean,
}
_BENCHMARKS: Schema = {
    "benchmark_id": pl.String,
    "capability": pl.String,
    "nature": pl.String,
    "grading": pl.String,
    "unit": pl.String,
    "overlaps": pl.String,
    "demonstration": pl.Boolean,
}
_TWINS: Schema = {
    "reasoning_id": pl.String,
    "conventional_id": pl.String,
    "relation": pl.String,
    "inferred": pl.Boolean,
}


def evidence(engine: Engine, as_of: date | None = None, relation: str | None = None) -> pl.DataFrame:
    """The gaps that `db.queries.gaps.gaps` gives, in its order, with the columns of EVIDENCE; `as_of` as there.

    `relation`: of these pairs only.
    """
    gaps = _gaps(engine, relation)
    runs, benchmarks, twins, titles = _around(engine)
    for side in ("reasoning", "conventional"):
        named = runs.rename({name: f"{side}_{name}" for name in runs.columns}).rename(
            {f"{side}_model_id": f"{side}_id"}
        )
        gaps = gaps.join(named, on=f"{side}_run_id")
    one, other = pl.col("reasoning_finished_at"), pl.col("conventional_finished_at")
    if as_of is not None:
        gaps = gaps.filter(_known_by(one, as_of), _known_by(other, as_of))
    finished_at = pl.when(one.is_not_null() & other.is_not_null()).then(pl.max_horizontal(one, other))
    latest = ("reasoning_id", "conventional_id", "benchmark_id", "reasoning_publication_id")
    gaps = (
        gaps.with_columns(finished_at=finished_at)
        .sort("finished_at", *KEY[:2], descending=True, nulls_last=True)
        .unique(latest, keep="first", maintain_order=True)
        .join(benchmarks, on="benchmark_id")
        .join(twins, on=("reasoning_id", "conventional_id"))
        .join(titles, left_on="reasoning_publication_id", right_on="publication_id", how="left")
    )
    origins = (pl.col("reasoning_origin"), pl.col("conventional_origin"))
    demonstration = pl.any_horizontal("reasoning_demonstration", "conventional_demonstration", "demonstration")
    flags = gaps.select("flags").unique().with_columns(listed=pl.col("flags").str.json_decode(pl.List(pl.String)))
    return (
        gaps.with_columns(
            origin=pl.when(pl.any_horizontal(side == "published" for side in origins))
            .then(pl.lit("published"))
            .when(pl.any_horizontal(side == "imported" for side in origins))
            .then(pl.lit("imported"))
            .otherwise(pl.lit("local")),
            demonstration=demonstration,
        )
        .join(flags, on="flags", how="left")
        .drop("flags")
        .rename({"listed": "flags"})
        .sort("reasoning_id", "conventional_id", "benchmark_id", "reasoning_run_id")
        .select(pl.col(name).cast(kind) for name, kind in EVIDENCE.items())
    )


def details(engine: Engine, benchmark_ids: Collection[str]) -> pl.DataFrame:
    """What else is known of the gaps on some benchmarks, all that were ever stored: see DETAILS; KEY names a gap."""
    headline = (
        select(Metric.run_id, Metric.benchmark_id, Metric.url)
        .join(Benchmark, (Benchmark.id == Metric.benchmark_id) & (Benchmark.metric == Metric.name))
        .where(Benchmark.filter == Metric.filter, Metric.benchmark_id.in_(sorted(benchmark_ids)))
        .subquery()
    )
    query = (
        select(
            Gap.reasoning_run_id,
            Gap.conventional_run_id,
            Gap.benchmark_id,
            Gap.reasoning_value,
            Gap.conventional_value,
            Gap.n,
            Gap.paired,
            headline.c.url.label("source_url"),
            Gap.reasoning_id.label("reasoning_name"),
            Gap.conventional_id.label("conventional_name"),
            Benchmark.name.label("benchmark_name"),
            Twin.evidence.label("twin_evidence"),
        )
        .join(Benchmark, Benchmark.id == Gap.benchmark_id)
        .join(Twin, (Twin.reasoning_id == Gap.reasoning_id) & (Twin.conventional_id == Gap.conventional_id))
        .outerjoin(
            headline, (headline.c.run_id == Gap.reasoning_run_id) & (headline.c.benchmark_id == Gap.benchmark_id)
        )
        .where(Gap.benchmark_id.in_(sorted(benchmark_ids)))
    )
    names = dict(read(engine, select(Model.id, Model.name), {"id": pl.String, "name": pl.String}).iter_rows())
    found = read(engine, query, DETAILS)
    return found.with_columns(pl.col("reasoning_name", "conventional_name").replace(names))


def relations(engine: Engine) -> pl.DataFrame:
    """relation, demonstration: those that pairs have, whether they have been compared or not."""
    one, other = aliased(Model), aliased(Model)
    demonstration = or_(one.demonstration, other.demonstration).label("demonstration")
    query = (
        select(Twin.relation, demonstration)
        .join(one, one.id == Twin.reasoning_id)
        .join(other, other.id == Twin.conventional_id)
        .distinct()
        .order_by(Twin.relation, demonstration)
    )
    return read(engine, query, {"relation": pl.String, "demonstration": pl.Boolean})


def _gaps(engine: Engine, relation: str | None) -> pl.DataFrame:
    numbers = (Gap.value, Gap.stderr, Gap.log_odds, Gap.log_odds_stderr)
    query = select(
        Gap.reasoning_run_id, Gap.conventional_run_id, Gap.benchmark_id, *numbers, type_coerce(Gap.flags, Text)
    )
    if relation is not None:
        same = (Twin.reasoning_id == Gap.reasoning_id) & (Twin.conventional_id == Gap.conventional_id)
        query = query.join(Twin, same).where(Twin.relation == relation)
    return _straight(engine, query, _GAPS)


def _straight(engine: Engine, query: Select[*tuple[Any, ...]], schema: Schema) -> pl.DataFrame:
    """The rows as the driver gives them: a row object for each would take longer than all the rest."""
    compiled = query.compile(engine, compile_kwargs={"literal_binds": True})
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(str(compiled))
        return pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")
    finally:
        connection.close()


def _around(engine: Engine) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What gaps name: runs with their models, benchmarks with their capabilities, twins, and publications' titles."""
    runs = select(
        Run.id.label("run_id"), Run.model_id, Run.publication_id, Run.origin, Run.finished_at, Model.demonstration
    ).join(Model, Model.id == Run.model_id)
    benchmarks = select(
        Benchmark.id.label("benchmark_id"),
        Benchmark.capability,
        Capability.nature,
        Benchmark.grading,
        Benchmark.unit,
        Benchmark.overlaps,
        Benchmark.demonstration,
    ).outerjoin(Capability, Capability.id == Benchmark.capability)
    twins = select(Twin.reasoning_id, Twin.conventional_id, Twin.relation, Twin.inferred)
    titles = select(Publication.id.label("publication_id"), Publication.title.label("source"))
    return (
        read(engine, runs, _RUNS),
        read(engine, benchmarks, _BENCHMARKS),
        read(engine, twins, _TWINS),
        read(engine, titles, {"publication_id": pl.String, "source": pl.String}),
    )


def _known_by(finished_at: pl.Expr, as_of: date) -> pl.Expr:
    """Up to the moment, or to the end of the day (UTC)."""
    if isinstance(as_of, datetime):
        return finished_at <= as_of
    return finished_at < datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
