"""All gaps with no more than pooling needs, and the rest of what is known of a few: quick where there are many.

The rows are those of `db.queries.gaps`. There the database puts them together; here it only reads out its tables, and
they are joined in memory, which takes a fifth of the time where there are a hundred thousand.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Engine, Select, Text, and_, or_, select, tuple_, type_coerce, union
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

RUNS = ("reasoning_run_id", "conventional_run_id")
KEY = (*RUNS, "benchmark_id")
TWIN = ("reasoning_id", "conventional_id")

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
    "demonstration": pl.Boolean,
}
_MADE_UP = select(Model.id).where(Model.demonstration)
_DEMONSTRATION = or_(Twin.reasoning_id.in_(_MADE_UP), Twin.conventional_id.in_(_MADE_UP)).label("demonstration")
# So many rows at a time: their objects are gone before the next ones are made.
_BATCH = 1000
# As db.columns.UtcDateTime has them kept in SQLite, which has no times of its own.
_TIME_AS_TEXT = "%Y-%m-%d %H:%M:%S%.f"


def evidence(engine: Engine, as_of: date | None = None, relation: str | None = None) -> pl.DataFrame:
    """The gaps that `db.queries.gaps.gaps` gives, in its order, with the columns of EVIDENCE; `as_of` as there.

    `relation`: of these pairs only.
    """
    gaps, runs = _gaps(engine, relation), _runs(engine, relation)
    benchmarks, twins, titles = _around(engine, relation)
    # As codes in the order of the names, ids are joined and sorted like numbers, in half the time.
    run, model, benchmark = (_codes(ids) for ids in (runs["run_id"], runs["model_id"], benchmarks["benchmark_id"]))
    gaps = gaps.cast({**dict.fromkeys(RUNS, run), "benchmark_id": benchmark}, strict=False)
    pairs = (
        _pairs(gaps.select(RUNS).unique(), runs.cast({"run_id": run, "model_id": model}), as_of)
        .join(twins.cast(dict.fromkeys(TWIN, model), strict=False), on=TWIN)
        .join(titles, left_on="reasoning_publication_id", right_on="publication_id", how="left")
    )
    latest = pl.col("place").max().over("line", "benchmark_id")
    flags = gaps.select("flags").unique().with_columns(listed=pl.col("flags").str.json_decode(pl.List(pl.String)))
    return (
        gaps.join(pairs.select(*RUNS, "line", "place"), on=RUNS)
        .filter(pl.col("place") == latest)
        .join(pairs.drop(*RUNS, "line"), on="place")
        .join(benchmarks.cast({"benchmark_id": benchmark}), on="benchmark_id", suffix="_of_benchmark")
        .join(flags, on="flags", how="left")
        .with_columns(flags="listed", demonstration=pl.any_horizontal("demonstration", "demonstration_of_benchmark"))
        .sort(*TWIN, "benchmark_id", "reasoning_run_id")
        .select(pl.col(name).cast(kind) for name, kind in EVIDENCE.items())
    )


def _pairs(pairs: pl.DataFrame, runs: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
    """What the gaps of a pair of runs share, of the pairs known by then, from the earliest to the latest.

    `place` counts them; `line` is one number for all pairs of the same twin and publication.
    """
    for side in ("reasoning", "conventional"):
        named = runs.rename({name: f"{side}_{name}" for name in runs.columns})
        pairs = pairs.join(named.rename({f"{side}_model_id": f"{side}_id"}), on=f"{side}_run_id")
    one, other = pl.col("reasoning_finished_at"), pl.col("conventional_finished_at")
    if as_of is not None:
        pairs = pairs.filter(_known_by(one, as_of), _known_by(other, as_of))
    origins = (pl.col("reasoning_origin"), pl.col("conventional_origin"))
    return (
        pairs.with_columns(
            finished_at=pl.when(one.is_not_null() & other.is_not_null()).then(pl.max_horizontal(one, other)),
            origin=pl.when(pl.any_horizontal(side == "published" for side in origins))
            .then(pl.lit("published"))
            .when(pl.any_horizontal(side == "imported" for side in origins))
            .then(pl.lit("imported"))
            .otherwise(pl.lit("local")),
        )
        .sort("finished_at", *RUNS, nulls_last=False)
        .with_row_index("place")
        .with_columns(line=pl.col("place").min().over(*TWIN, "reasoning_publication_id"))
    )


def _codes(ids: pl.Series) -> pl.Enum:
    return pl.Enum(ids.unique().sort())


def details(engine: Engine, benchmark_ids: Collection[str]) -> pl.DataFrame:
    """What else is known of the gaps on some benchmarks, all that were ever stored: see DETAILS; KEY names a gap."""
    one, other = aliased(Model), aliased(Model)
    headline = and_(
        Metric.run_id == Gap.reasoning_run_id,
        Metric.benchmark_id == Gap.benchmark_id,
        Metric.name == Benchmark.metric,
        Metric.filter == Benchmark.filter,
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
            Metric.url.label("source_url"),
            one.name.label("reasoning_name"),
            other.name.label("conventional_name"),
            Benchmark.name.label("benchmark_name"),
            Twin.evidence.label("twin_evidence"),
        )
        .join(Benchmark, Benchmark.id == Gap.benchmark_id)
        .join(Twin, (Twin.reasoning_id == Gap.reasoning_id) & (Twin.conventional_id == Gap.conventional_id))
        .join(one, one.id == Gap.reasoning_id)
        .join(other, other.id == Gap.conventional_id)
        .outerjoin(Metric, headline)
        .where(Gap.benchmark_id.in_(sorted(benchmark_ids)))
    )
    return read(engine, query, DETAILS)


def relations(engine: Engine) -> pl.DataFrame:
    """relation, demonstration: those that pairs have, whether they have been compared or not."""
    query = select(Twin.relation, _DEMONSTRATION).distinct().order_by(Twin.relation, _DEMONSTRATION)
    return read(engine, query, {"relation": pl.String, "demonstration": pl.Boolean})


def _gaps(engine: Engine, relation: str | None) -> pl.DataFrame:
    numbers = (Gap.value, Gap.stderr, Gap.log_odds, Gap.log_odds_stderr)
    query = select(
        Gap.reasoning_run_id, Gap.conventional_run_id, Gap.benchmark_id, *numbers, type_coerce(Gap.flags, Text)
    )
    if relation is not None:
        pairs = select(Twin.reasoning_id, Twin.conventional_id).where(Twin.relation == relation)
        query = query.where(tuple_(Gap.reasoning_id, Gap.conventional_id).in_(pairs))
    return _straight(engine, query, _GAPS)


def _runs(engine: Engine, relation: str | None) -> pl.DataFrame:
    query = select(Run.id, Run.model_id, Run.publication_id, Run.origin, Run.finished_at)
    if relation is not None:
        sides = (select(side).where(Twin.relation == relation) for side in (Twin.reasoning_id, Twin.conventional_id))
        query = query.where(Run.model_id.in_(union(*sides)))
    return _straight(engine, query, _RUNS)


def _straight(engine: Engine, query: Select[*tuple[Any, ...]], schema: Schema) -> pl.DataFrame:
    """The rows as the driver gives them: a row object for each would take longer than all the rest."""
    times = [name for name, kind in schema.items() if kind == UTC_TIME and engine.dialect.name == "sqlite"]
    given = schema | dict.fromkeys(times, pl.String)
    frames = [pl.DataFrame(schema=given)]
    with engine.connect() as connection:
        cursor = connection.execute(query).cursor
        while rows := cursor.fetchmany(_BATCH):
            frames.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=given, orient="col"))
    parsed = pl.col(times).str.to_datetime(_TIME_AS_TEXT, time_unit="us", time_zone="UTC")
    return pl.concat(frames).with_columns(parsed)


def _around(engine: Engine, relation: str | None) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What gaps name: benchmarks with their capabilities, twins with their relation, and publications' titles."""
    benchmarks = select(
        Benchmark.id.label("benchmark_id"),
        Benchmark.capability,
        Capability.nature,
        Benchmark.grading,
        Benchmark.unit,
        Benchmark.overlaps,
        Benchmark.demonstration,
    ).outerjoin(Capability, Capability.id == Benchmark.capability)
    twins = select(Twin.reasoning_id, Twin.conventional_id, Twin.relation, Twin.inferred, _DEMONSTRATION)
    if relation is not None:
        twins = twins.where(Twin.relation == relation)
    titles = select(Publication.id.label("publication_id"), Publication.title.label("source"))
    return (
        read(engine, benchmarks, _BENCHMARKS),
        read(engine, twins, _TWINS),
        read(engine, titles, {"publication_id": pl.String, "source": pl.String}),
    )


def _known_by(finished_at: pl.Expr, as_of: date) -> pl.Expr:
    """Up to the moment, or to the end of the day (UTC)."""
    if isinstance(as_of, datetime):
        return finished_at <= as_of
    return finished_at < datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) + timedelta(days=1)
