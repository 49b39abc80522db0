"""What is asked and what was said of it: questions, how they were resolved, and dated probabilities."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import JsonText
from db.tables import Base, one_of

SOURCES = ("manifold", "polymarket", "kalshi", "metaculus", "own")
"""Sites that give probabilities, and "own": a question without a market, resolved by hand."""

FORECASTER_KINDS = ("market", "person", "tracker", "backtest")


def probability(column: str) -> CheckConstraint:
    """A CHECK that the column is in [0, 1] (or null)."""
    return CheckConstraint(f"{column} >= 0 AND {column} <= 1", name=column)


class Topic(Base):
    """Our group of questions that ask the same, on whichever source."""

    __tablename__ = "topic"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    asks: Mapped[str]


class Question(Base):
    """One entry of a source that a single probability answers: "manifold:slug", or "manifold:slug/answer".

    `market`: the entry that an answer belongs to; null where the question is the whole entry. `inverted`: YES here is
    NO of the topic. `resolution` null: open, annulled, or not known. `scale`: {"min", "max", "log"} of a question
    about a quantity, whose probability is a place on that scale. `volume_unit`: "mana", "USD", "contracts".
    `synced_at`: when the source last answered; null: never. `sync`: the source's own marks for the next time.
    """

    __tablename__ = "question"
    __table_args__ = (one_of("source", SOURCES), probability("resolution"))

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    market: Mapped[str | None]
    title: Mapped[str]
    url: Mapped[str | None]
    topic: Mapped[str | None] = mapped_column(ForeignKey("topic.id"))
    inverted: Mapped[bool] = mapped_column(default=False)
    rules: Mapped[str | None]
    note: Mapped[str | None]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[float | None]
    annulled: Mapped[bool] = mapped_column(default=False)
    scale: Mapped[Any] = mapped_column(JsonText, nullable=True)
    volume: Mapped[float | None]
    volume_unit: Mapped[str | None]
    forecasters: Mapped[int | None]
    tracked: Mapped[bool] = mapped_column(default=True)
    synced_at: Mapped[datetime | None]
    sync: Mapped[Any] = mapped_column(JsonText, nullable=True)
    raw: Mapped[Any] = mapped_column(JsonText, nullable=True)


class Resolution(Base):
    """One decision about a question, kept when a later one takes its place.

    `resolution` null: opened again, or annulled. `because`: the reason in words; null where a source gives none.
    """

    __tablename__ = "resolution"
    __table_args__ = (probability("resolution"),)

    question_id: Mapped[str] = mapped_column(ForeignKey("question.id"), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    resolution: Mapped[float | None]
    annulled: Mapped[bool] = mapped_column(default=False)
    resolved_at: Mapped[datetime | None]
    because: Mapped[str | None]


class Forecaster(Base):
    """Whoever states probabilities: a market (named as its source is), a person, or this program."""

    __tablename__ = "forecaster"
    __table_args__ = (one_of("kind", FORECASTER_KINDS),)

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Forecast(Base):
    """A probability somebody stated at a moment, and that stood until the next: never edited.

    `position` orders those of one moment. `probability`
    null: from here on none is known (a hole in the record). `citation`: where a forecast found elsewhere is written.
    `withdrawn_at`: from then on it stands no longer; the row stays.
    """

    __tablename__ = "forecast"
    # Read by question, forecaster and time: kept in that order on SQLite, without a second index.
    __table_args__ = (probability("probability"), {"sqlite_with_rowid": False})

    question_id: Mapped[str] = mapped_column(ForeignKey("question.id"), primary_key=True)
    forecaster: Mapped[str] = mapped_column(ForeignKey("forecaster.name"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, default=0)
    probability: Mapped[float | None]
    reason: Mapped[str | None]
    citation: Mapped[str | None]
    recorded_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str | None]


class Move(NamedTuple):
    """A market's price from a moment on: what a history of thousands travels as. Null: not known from here."""

    question_id: str
    at: datetime
    position: int
    probability: float | None
