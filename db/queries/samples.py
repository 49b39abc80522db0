"""What two runs scored on the documents they share."""

import polars as pl
from sqlalchemy import Engine, select

from db.queries.frames import Schema, read
from db.tables import Sample

PAIRED: Schema = {"doc_hash": pl.String, "reasoning": pl.Float64, "conventional": pl.Float64}
SIDE: Schema = {"doc_hash": pl.String, "score": pl.Float64}


def paired(engine: Engine, reasoning_run_id: str, conventional_run_id: str, benchmark_id: str) -> pl.DataFrame:
    """doc_hash, reasoning, conventional: both scores of every document that both runs have a score for.

    A document that a run has several times meets its namesake in the other by order of occurrence. In the reasoning
    run's order.
    """
    # Joined here: on SQLite, which has no index over a numbered subquery, it takes the square of the documents.
    one = _side(engine, reasoning_run_id, benchmark_id).rename({"score": "reasoning"})
    other = _side(engine, conventional_run_id, benchmark_id).rename({"score": "conventional"})
    both = one.join(other, on=["doc_hash", "occurrence"], maintain_order="left")
    return both.select(list(PAIRED)).drop_nulls(["reasoning", "conventional"])


def _side(engine: Engine, run_id: str, benchmark_id: str) -> pl.DataFrame:
    query = (
        select(Sample.doc_hash, Sample.score)
        .where(Sample.run_id == run_id, Sample.benchmark_id == benchmark_id)
        .order_by(Sample.doc)
    )
    return read(engine, query, SIDE).with_columns(occurrence=pl.int_range(pl.len()).over("doc_hash"))
