"""Where a number comes from: the runs behind it, with settings, files and hashes."""

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Engine, Text, and_, select, type_coerce

from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Benchmark, Metric, Model, Publication, Run

BEHIND: Schema = {
    "run_id": pl.String,
    "model_name": pl.String,
    "kind": pl.String,
    "weights": pl.String,
    "revision": pl.String,
    "origin": pl.String,
    "status": pl.String,
    "task": pl.String,
    "task_version": pl.String,
    "harness_version": pl.String,
    "device": pl.String,
    "finished_at": UTC_TIME,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "task_hash": pl.String,
    "url": pl.String,
    "source": pl.String,
    "title": pl.String,
    "citation": pl.String,
    "citation_url": pl.String,
    "terms": pl.String,
    "note": pl.String,
    "settings": pl.String,
    "environment": pl.String,
    "files": pl.String,
    "folder": pl.String,
}


def behind(engine: Engine, run_ids: Sequence[str], benchmark_id: str) -> pl.DataFrame:
    """The runs of a gap, in the order of their ids given, with their number on the benchmark: see BEHIND.

    `settings`, `environment`, `files` are JSON text; `files` gives each file's SHA-256 by its name, of a published run
    its address. `folder` is relative to the data folder, null unless the run was made here. `url` is where this very
    number was read; title to note are the publication's, null for runs that nobody published.
    """
    headline = and_(
        Metric.run_id == Run.id,
        Metric.benchmark_id == benchmark_id,
        Metric.name == Benchmark.metric,
        Metric.filter == Benchmark.filter,
    )
    query = (
        select(
            Run.id.label("run_id"),
            Model.name.label("model_name"),
            Model.kind,
            Model.weights,
            Run.revision,
            Run.origin,
            Run.status,
            Run.task,
            Run.task_version,
            Run.harness_version,
            Run.device,
            Run.finished_at,
            Metric.value,
            Metric.stderr,
            Metric.low,
            Metric.high,
            Metric.n,
            Metric.task_hash,
            Metric.url,
            Run.source,
            Publication.title,
            Publication.citation,
            Publication.url.label("citation_url"),
            Publication.terms,
            Publication.note,
            type_coerce(Run.settings, Text).label("settings"),
            type_coerce(Run.environment, Text).label("environment"),
            type_coerce(Run.files, Text).label("files"),
            Run.folder,
        )
        .select_from(Run)
        .join(Model, Model.id == Run.model_id)
        .join(Benchmark, Benchmark.id == benchmark_id)
        .outerjoin(Metric, headline)
        .outerjoin(Publication, Publication.id == Run.publication_id)
        .where(Run.id.in_(list(run_ids)))
    )
    found = read(engine, query, BEHIND)
    order = pl.DataFrame({"run_id": list(dict.fromkeys(run_ids))}, schema={"run_id": pl.String})
    return order.join(found, on="run_id", how="inner", maintain_order="left")
