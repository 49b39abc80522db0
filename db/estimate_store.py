"""Writes of estimates: each is kept as it was first made, and its headline enters the forecasts."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import Connection, Engine, func, insert, select

from db.engine import writing
from db.estimate_tables import Estimate
from db.forecast_tables import Forecast, Forecaster
from db.forecasters import BACKTEST, PROGRAM
from db.rows import own_key, table_of, values_of

DAY_END = time(23, 59, 59, tzinfo=UTC)
KINDS = {False: (PROGRAM, "tracker"), True: (BACKTEST, "backtest")}


def save_estimates(engine: Engine, estimates: Sequence[Estimate]) -> int:
    """Add those that are new; how many were. One that is there, by its key, stays as it was made.

    The headline of a question enters the forecasts as one more forecaster's: a live one stands from when it was made,
    a back-test from the end of its day.
    """
    table = table_of(Estimate)
    with writing(engine) as connection:
        there = {tuple(row) for row in connection.execute(select(*table.primary_key.columns))}
        new = [estimate for estimate in estimates if own_key(estimate) not in there]
        if new:
            connection.execute(insert(table), [values_of(estimate) for estimate in new])
        for estimate in new:
            if estimate.headline:
                _forecast(connection, estimate)
    return len(new)


def _forecast(connection: Connection, estimate: Estimate) -> None:
    name, kind = KINDS[estimate.backtest]
    known = select(Forecaster.name).where(Forecaster.name == name)
    if connection.execute(known).first() is None:
        connection.execute(insert(table_of(Forecaster)), {"name": name, "kind": kind})
    at = datetime.combine(estimate.as_of, DAY_END) if estimate.backtest else estimate.computed_at
    last = connection.execute(
        select(func.max(Forecast.position)).where(
            Forecast.question_id == estimate.question_id, Forecast.forecaster == name, Forecast.at == at
        )
    ).scalar()
    row = Forecast(
        question_id=estimate.question_id,
        forecaster=name,
        at=at,
        position=0 if last is None else last + 1,
        probability=estimate.p_yes,
        recorded_at=estimate.computed_at,
    )
    connection.execute(insert(table_of(Forecast)), values_of(row))
