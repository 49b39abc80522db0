"""What this program said of a question, and when."""

from collections.abc import Collection

import polars as pl
from sqlalchemy import Engine, Text, func, select, type_coerce

from db.estimate_tables import Estimate
from db.queries.frames import UTC_TIME, Schema, read

ESTIMATES: Schema = {
    "question_id": pl.String,
    "rule_id": pl.String,
    "as_of": pl.Date,
    "method": pl.String,
    "backtest": pl.Boolean,
    "headline": pl.Boolean,
    "deadline": pl.Date,
    "verdict": pl.String,
    "p_rule": pl.Float64,
    "p_rule_stderr": pl.Float64,
    "p_yes": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "low_variant": pl.String,
    "high_variant": pl.String,
    "statistic": pl.String,
    "drivers": pl.String,
    "variants": pl.String,
    "rule": pl.String,
    "evidence_hash": pl.String,
    "seed": pl.Int64,
    "code_version": pl.String,
    "computed_at": UTC_TIME,
}
JSON = ("statistic", "drivers", "variants", "rule")


def estimates(
    engine: Engine, question_ids: Collection[str] | None = None, *, backtest: bool | None = None, every: bool = False
) -> pl.DataFrame:
    """The estimates of some questions or all, by question, rule and day: ESTIMATES lists the columns, JSON as text.

    Of several for one question, rule and day the one made last, unless `every` is asked for. `backtest`: only those
    made later (or only those made on their day); null: both, apart.
    """
    place = func.row_number().over(
        partition_by=(Estimate.question_id, Estimate.rule_id, Estimate.as_of, Estimate.backtest),
        order_by=(Estimate.computed_at.desc(), Estimate.method.desc(), Estimate.evidence_hash.desc()),
    )
    columns = [
        (type_coerce(column, Text) if name in JSON else column).label(name)
        for name, column in ((name, getattr(Estimate, name)) for name in ESTIMATES)
    ]
    query = select(*columns, place.label("place"))
    if question_ids is not None:
        query = query.where(Estimate.question_id.in_(sorted(question_ids)))
    if backtest is not None:
        query = query.where(Estimate.backtest == backtest)
    rows = query.subquery()
    chosen = select(*(rows.c[name] for name in ESTIMATES)).order_by(
        rows.c.question_id, rows.c.rule_id, rows.c.as_of, rows.c.backtest, rows.c.computed_at, rows.c.evidence_hash
    )
    return read(engine, chosen if every else chosen.where(rows.c.place == 1), ESTIMATES)
