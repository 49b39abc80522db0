"""The vocabulary as tables: one row class per table, natural keys, no ORM relationships."""

import json
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

KINDS = ("reasoning", "conventional")
RELATIONS = ("same-weights", "same-base", "same-family", "same-lab")
GRADINGS = ("verifiable", "proxy", "judged", "voted")
UNITS = ("fraction", "rating", "points")
ORIGINS = ("local", "imported", "published")
RUN_STATUSES = ("complete", "limited")
OUTCOMES = ("running", "done", "failed", "skipped", "interrupted")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}: times are aware UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text that every database can hold: NUL is dropped, a lone surrogate becomes "?". Foreign files have both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _clean(value)


class Number(TypeDecorator[float]):
    """A float in which "not a number" is null, as unknown is everywhere else."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return None if value is None or value != value else value


class JsonText(TypeDecorator[Any]):
    """A JSON value as text with sorted keys: the same value is the same bytes on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return _clean(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def _clean(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A CHECK that the column holds one of the values (or null, where the column allows it)."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: CleanText, float: Number, datetime: UtcDateTime, date: Date}


class Model(Base):
    """A language model entry: weights and mode in one. `kind` null: nobody has said what it is yet."""

    __tablename__ = "model"
    __table_args__ = (one_of("kind", KINDS),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str | None]
    weights: Mapped[str | None]
    revision: Mapped[str | None]
    base: Mapped[str | None]
    lab: Mapped[str | None]
    released_on: Mapped[date | None]
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    thinking_budget: Mapped[int | None]
    demonstration: Mapped[bool] = mapped_column(default=False)
    catalogued: Mapped[bool] = mapped_column(default=True)


class Twin(Base):
    """A reasoning model and the conventional model that isolates what the training did."""

    __tablename__ = "twin"
    __table_args__ = (one_of("relation", RELATIONS),)

    reasoning_id: Mapped[str] = mapped_column(ForeignKey("model.id"), primary_key=True)
    conventional_id: Mapped[str] = mapped_column(ForeignKey("model.id"), primary_key=True)
    relation: Mapped[str]
    evidence: Mapped[str]
    inferred: Mapped[bool] = mapped_column(default=False)


class Benchmark(Base):
    """What readers see: one headline metric of one lm-eval task. `unit`, `capability`, `grading` null: not known."""

    __tablename__ = "benchmark"
    __table_args__ = (one_of("unit", UNITS), one_of("grading", GRADINGS))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    task: Mapped[str | None]
    metric: Mapped[str | None]
    filter: Mapped[str | None]
    unit: Mapped[str | None]
    chance: Mapped[float | None]
    ceiling: Mapped[float | None]
    human: Mapped[float | None]
    human_source: Mapped[str | None]
    capability: Mapped[str | None]
    grading: Mapped[str | None]
    log_likelihood: Mapped[bool] = mapped_column(default=False)
    demonstration: Mapped[bool] = mapped_column(default=False)
    catalogued: Mapped[bool] = mapped_column(default=True)


class Run(Base):
    """One evaluation of one model: by the night, read from somebody's lm-eval files, or published."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("origin", ORIGINS),
        one_of("status", RUN_STATUSES),
        Index("ix_run_due", "model_id", "task", "settings_hash"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    model_id: Mapped[str] = mapped_column(ForeignKey("model.id"))
    task: Mapped[str | None]
    task_version: Mapped[str | None]
    revision: Mapped[str | None]
    origin: Mapped[str]
    status: Mapped[str]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    settings: Mapped[Any] = mapped_column(JsonText)
    settings_hash: Mapped[str]
    environment: Mapped[Any] = mapped_column(JsonText)
    harness_version: Mapped[str | None]
    device: Mapped[str | None]
    seconds: Mapped[float | None]
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    truncated: Mapped[int | None]
    folder: Mapped[str | None]
    files: Mapped[Any] = mapped_column(JsonText)
    source: Mapped[str | None]


class Metric(Base):
    """One number from one run. `stderr` null: none could be had; `n` null: the count is not known."""

    __tablename__ = "metric"

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    benchmark_id: Mapped[str] = mapped_column(ForeignKey("benchmark.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    filter: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float]
    stderr: Mapped[float | None]
    n: Mapped[int | None]
    task_version: Mapped[str | None]
    task_hash: Mapped[str | None]


class Sample(Base):
    """One document in one run: its headline score, in the benchmark's unit.

    No foreign keys: on PostgreSQL they make saving three times slower. `save_run`, the only writer, checks instead.
    """

    __tablename__ = "sample"
    # Kept in key order without a second index: a third faster to write and 40 % smaller on SQLite.
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[str] = mapped_column(primary_key=True)
    benchmark_id: Mapped[str] = mapped_column(primary_key=True)
    doc: Mapped[int] = mapped_column(Integer, primary_key=True)
    doc_hash: Mapped[str]
    score: Mapped[float | None]
    output_tokens: Mapped[int | None]
    truncated: Mapped[bool | None]


class SampleRow(NamedTuple):
    """A row of `sample`, in the order of its columns: what a million of them travel as."""

    run_id: str
    benchmark_id: str
    doc: int
    doc_hash: str
    score: float | None
    output_tokens: int | None
    truncated: bool | None


class Gap(Base):
    """Reasoning − conventional on one benchmark, from one pair of runs. `stderr` null: shown, never pooled."""

    __tablename__ = "gap"
    __table_args__ = (
        ForeignKeyConstraint(
            ["reasoning_id", "conventional_id"], ["twin.reasoning_id", "twin.conventional_id"], name="fk_gap_twin"
        ),
    )

    reasoning_run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    conventional_run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    benchmark_id: Mapped[str] = mapped_column(ForeignKey("benchmark.id"), primary_key=True)
    reasoning_id: Mapped[str]
    conventional_id: Mapped[str]
    reasoning_value: Mapped[float]
    conventional_value: Mapped[float]
    value: Mapped[float]
    stderr: Mapped[float | None]
    n: Mapped[int | None]
    paired: Mapped[bool]
    log_odds: Mapped[float | None]
    log_odds_stderr: Mapped[float | None]
    flags: Mapped[Any] = mapped_column(JsonText)


class JobReport(Base):
    """What happened to one step, or to one unit of it (`unit` empty: the step as a whole)."""

    __tablename__ = "job_report"
    __table_args__ = (one_of("outcome", OUTCOMES),)

    job: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str]
    counts: Mapped[Any] = mapped_column(JsonText)
    error: Mapped[str | None]
