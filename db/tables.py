"""The vocabulary as tables: one row class per table, natural keys, no ORM relationships."""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.columns import CleanText, JsonText, Number, UtcDateTime

KINDS = ("reasoning", "conventional")
RELATIONS = ("same-weights", "same-base", "same-family", "same-lab")
GRADINGS = ("verifiable", "proxy", "judged", "voted")
UNITS = ("fraction", "rating", "points")
ORIGINS = ("local", "imported", "published")
RUN_STATUSES = ("complete", "limited")
NATURES = ("checkable", "taste", "mixed")
PLACES = ("superhuman", "high-human")
OUTCOMES = ("running", "done", "failed", "skipped", "interrupted")


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


class Capability(Base):
    """What benchmarks measure. `nature`: whether an answer can be checked. `place` null: not named in the question."""

    __tablename__ = "capability"
    __table_args__ = (one_of("nature", NATURES), one_of("place", PLACES))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    nature: Mapped[str]
    place: Mapped[str | None]
    note: Mapped[str | None]


class Publication(Base):
    """Who published runs of origin "published". `terms`: on which terms the figures may be used."""

    __tablename__ = "publication"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    citation: Mapped[str]
    url: Mapped[str]
    terms: Mapped[str]
    note: Mapped[str | None]


class Benchmark(Base):
    """What readers see: one headline metric of one lm-eval task. `unit`, `capability`, `grading` null: not known.

    `overlaps`: the benchmark whose answers this one counts again; where both are there, only that one is pooled.
    """

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
    overlaps: Mapped[str | None]
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
    publication_id: Mapped[str | None] = mapped_column(ForeignKey("publication.id"))


class Metric(Base):
    """One number from one run. `stderr` null: none could be had; `n` null: the count is not known.

    `low`, `high`: the 95 % interval as it was published; `url`: the page or file it was read from.
    """

    __tablename__ = "metric"
    __table_args__ = (Index("ix_metric_benchmark_id", "benchmark_id"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("run.id"), primary_key=True)
    benchmark_id: Mapped[str] = mapped_column(ForeignKey("benchmark.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    filter: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float]
    stderr: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    n: Mapped[int | None]
    task_version: Mapped[str | None]
    task_hash: Mapped[str | None]
    url: Mapped[str | None]


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
    """Reasoning − conventional on one benchmark, from one pair of runs. `stderr` null: shown, never pooled.

    `basis`: a hash of what it was computed from, by which the next night knows what it can leave as it is.
    """

    __tablename__ = "gap"
    __table_args__ = (
        ForeignKeyConstraint(
            ["reasoning_id", "conventional_id"], ["twin.reasoning_id", "twin.conventional_id"], name="fk_gap_twin"
        ),
        Index("ix_gap_benchmark_id", "benchmark_id"),
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
    basis: Mapped[str | None]


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
