"""What two runs scored on the documents they share."""

import polars as pl
from sqlalchemy import Engine, func, select
from sqlalchemy.sql.selectable import Subquery

from db.queries.frames import Schema, read
from db.tables import Sample

PAIRED: Schema = {"doc_hash": pl.String, "reasoning": pl.Float64, "conventional": pl.Float64}


def paired(engine: Engine, reasoning_run_id: str, conventional_run_id: str, benchmark_id: str) -> pl.DataFrame:
    """doc_hash, reasoning, conventional: both scores of every document that both runs have a score for.

    A document that a run has several times meets its namesake in the other by order of occurrence. In the reasoning
    run's order.
    """
    one = _occurrences(reasoning_run_id, benchmark_id)
    other = _occurrences(conventional_run_id, benchmark_id)
    query = (
        select(one.c.doc_hash, one.c.score.label("reasoning"), other.c.score.label("conventional"))
        .join(other, (one.c.doc_hash == other.c.doc_hash) & (one.c.occurrence == other.c.occurrence))
        .where(one.c.score.is_not(None), other.c.score.is_not(None))
        .order_by(one.c.doc)
    )
    return read(engine, query, PAIRED)


def _occurrences(run_id: str, benchmark_id: str) -> Subquery:
    occurrence = func.row_number().over(partition_by=Sample.doc_hash, order_by=Sample.doc)
    return (
        select(Sample.doc, Sample.doc_hash, Sample.score, occurrence.label("occurrence"))
        .where(Sample.run_id == run_id, Sample.benchmark_id == benchmark_id)
        .subquery()
    )
