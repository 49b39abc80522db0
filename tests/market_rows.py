"""What syncs of a market brought, written by hand, and what of it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from db.engine import writing
from db.forecast_tables import Forecast, Forecaster, Move, Question, Resolution, Topic
from db.market_store import Saved, save_market
from db.rows import merge
from db.tables import Base

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
RAIN = "manifold:rain"


@dataclass(frozen=True)
class Said:
    """What a sync brought."""

    questions: Sequence[Question] = ()
    moves: Sequence[Move] = ()
    since: datetime | None = None
    own_since: Mapping[str, datetime] = field(default_factory=dict)
    sync: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False


def question(identity: str = RAIN, **given: Any) -> Question:
    usual = {"source": "manifold", "title": "Rain?", "url": "https://manifold.markets/a/rain", "opens_at": BEGAN}
    return Question(id=identity, **{**usual, **given})


def moves(*prices: float | None, identity: str = RAIN, start: datetime = BEGAN) -> list[Move]:
    """One a day."""
    return [Move(identity, start + place * DAY, 0, price) for place, price in enumerate(prices)]


def save(engine: Engine, said: Said, day: int = 0, key: str = "rain") -> Saved:
    return save_market(engine, "manifold", key, said, BEGAN + day * DAY)


def stored(engine: Engine, kind: type[Base]) -> list[dict[str, Any]]:
    table = kind.__table__
    with engine.connect() as connection:
        return [row._asdict() for row in connection.execute(select(table).order_by(*table.primary_key))]


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    return {kind.__name__: stored(engine, kind) for kind in (Topic, Question, Resolution, Forecaster, Forecast)}


def prices(engine: Engine, identity: str = RAIN) -> list[tuple[datetime, int, float | None]]:
    return [
        (row["at"], row["position"], row["probability"])
        for row in stored(engine, Forecast)
        if row["question_id"] == identity and row["forecaster"] == "manifold"
    ]


def put(engine: Engine, *rows: Base) -> None:
    with writing(engine) as connection:
        for row in rows:
            table = row.__table__
            key = [getattr(row, column.name) == column for column in table.primary_key]
            merge(connection, type(row), [row], key[0] if len(key) == 1 else None)
