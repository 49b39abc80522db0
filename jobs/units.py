"""The night's plan: which models have which tasks due, in which order, and what they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from db.queries import runs
from tracker.catalog.load import Catalog
from tracker.catalog.plan import Pair, frame, pairs
from tracker.stats.due import GUESS, due
from tracker.stats.nights import duration


@dataclass(frozen=True)
class Due:
    """One pair that is due: why, and how long it should take (seconds; null: not known) on what grounds."""

    pair: Pair
    reason: str
    expected: float | None
    basis: str

    @property
    def name(self) -> str:
        return f"{self.pair.model.id} × {self.pair.task}"


@dataclass(frozen=True)
class Unit:
    """One model with all its due tasks: one child process on its slots."""

    tasks: tuple[Due, ...]

    @property
    def model_id(self) -> str:
        return self.tasks[0].pair.model.id

    @property
    def gpus(self) -> int:
        entry = self.tasks[0].pair.model
        return 0 if entry.backend == "server" else entry.gpus

    @property
    def server(self) -> str | None:
        return self.tasks[0].pair.model.base_url

    @property
    def expected(self) -> float | None:
        known = [task.expected for task in self.tasks if task.expected is not None]
        return sum(known) if len(known) == len(self.tasks) else None


def plan(
    engine: Engine,
    catalog: Catalog,
    *,
    suite: str | None,
    only: Sequence[str] = (),
    limit: int | None = None,
    now: datetime,
) -> list[Unit]:
    """What is due, longest unit first and longest task first within it; what nobody can guess comes first of all."""
    chosen = pairs(catalog, suite, only=only, limit=limit)
    by_key = {(pair.model.id, pair.task): pair for pair in chosen}
    rows = due(frame(chosen), runs.finished(engine), now)
    found: dict[str, list[Due]] = {}
    for row in rows.filter(pl.col("refused").is_null()).iter_rows(named=True):
        pair = by_key[row["model_id"], row["task"]]
        found.setdefault(pair.model.id, []).append(Due(pair, row["reason"], row["expected_seconds"], row["basis"]))
    units = [Unit(tuple(sorted(tasks, key=_longest_first))) for tasks in found.values()]
    return sorted(units, key=_longest_first)


def expectation(units: Sequence[Unit]) -> str:
    """How long the units take one after another, in words, and on what grounds."""
    tasks = [due for unit in units for due in unit.tasks]
    known = [due.expected for due in tasks if due.expected is not None]
    if not known:
        return "how long they take is not known"
    words = f"expected to take {duration(sum(known))} one after another"
    if len(known) < len(tasks):
        words += f"; how long {len(tasks) - len(known)} of them take is not known"
    guesses = sum(due.basis == GUESS for due in tasks)
    return words + ("" if not guesses else " (a first guess)" if guesses == len(tasks) else " (partly a first guess)")


def refusals(catalog: Catalog, suite: str | None, only: Sequence[str] = ()) -> dict[str, list[str]]:
    """Pairs of a suite that are never run as catalogued: the sentence why, and their names."""
    found: dict[str, list[str]] = {}
    for pair in pairs(catalog, suite, only=only):
        if pair.refused is not None:
            found.setdefault(pair.refused, []).append(f"{pair.model.id} × {pair.task}")
    return found


def task_names(folder: Path) -> set[str]:
    """Names of the tasks whose YAML lies in a folder (a file is named for its task)."""
    return {path.stem for path in folder.rglob("*.yaml")}


def _longest_first(item: Due | Unit) -> tuple[float, str]:
    name = item.name if isinstance(item, Due) else item.model_id
    return (-(item.expected if item.expected is not None else float("inf")), name)
