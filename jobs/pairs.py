"""Which runs of a twin are compared: all that were published together, and the best two of those measured."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

import polars as pl

from tracker.evals import guards

LONG_AGO = datetime.min.replace(tzinfo=UTC)

# The pairs a night should prefer: its own numbers, then one stranger's, then a mixture.
ORIGIN_RANK = {frozenset({"local"}): 2, frozenset({"imported"}): 1}


@dataclass(frozen=True)
class Candidate:
    """One run that could stand for its model on one benchmark: its side of a comparison, and where it comes from."""

    run_id: str
    model_id: str
    side: guards.Side
    origin: str
    complete: bool
    finished_at: datetime
    has_samples: bool


class Pair(NamedTuple):
    reasoning: Candidate
    conventional: Candidate


class Runs:
    """The runs that have a number on one benchmark, by model: those measured, and each publication's of each day.

    `benchmark`: its metric, filter, unit, chance, grading and log_likelihood, as in `comparisons.sides`.
    """

    def __init__(self, benchmark: Mapping[str, Any]) -> None:
        self.benchmark = benchmark
        self.measured: defaultdict[str, list[Candidate]] = defaultdict(list)
        self.published: defaultdict[tuple[str, datetime], defaultdict[str, list[Candidate]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, candidate: Candidate) -> None:
        """A published number that does not say by whom is compared with nothing."""
        if candidate.origin != "published":
            self.measured[candidate.model_id].append(candidate)
        elif candidate.side.source is not None:
            together = candidate.side.source, candidate.finished_at
            self.published[together][candidate.model_id].append(candidate)

    def pairs(self, reasoning_id: str, conventional_id: str) -> Iterator[tuple[Pair, Mapping[str, list[Candidate]]]]:
        """Each pair to compare, with all the runs of its set by model."""
        best = choose_pair(self.measured.get(reasoning_id, ()), self.measured.get(conventional_id, ()))
        if best is not None:
            yield best, self.measured
        for together in self.published.values():
            for pair in product(together.get(reasoning_id, ()), together.get(conventional_id, ())):
                yield Pair(*pair), together


def choose_pair(reasoning: Iterable[Candidate], conventional: Iterable[Candidate]) -> Pair | None:
    """The two measured runs to compare; None if a side has none.

    Complete runs come before limited ones, runs with equal documents and settings before others, the night's own
    before imported ones, and then the latest of each side: an older pair that was asked the same beats a newer one
    that was not.
    """
    return max((Pair(*pair) for pair in product(reasoning, conventional)), key=_preference, default=None)


def candidates(sides: pl.DataFrame, readings: pl.DataFrame) -> dict[str, Runs]:
    """The runs of each benchmark, from the frames of `db.queries.comparisons`."""
    by_run: defaultdict[tuple[str, str], list[guards.Reading]] = defaultdict(list)
    for run_id, benchmark_id, metric, filter_, value in readings.iter_rows():
        by_run[run_id, benchmark_id].append(guards.Reading(metric, filter_, value))
    found: dict[str, Runs] = {}
    for row in sides.iter_rows(named=True):
        runs = found.get(row["benchmark_id"]) or found.setdefault(row["benchmark_id"], Runs(row))
        runs.add(_candidate(row, tuple(by_run[row["run_id"], row["benchmark_id"]])))
    return found


def run_set(pair: Pair, by_model: Mapping[str, list[Candidate]]) -> Iterator[tuple[guards.Reading, ...]]:
    """The metrics of the two runs, and of every other model's latest run of the same origins on this benchmark."""
    origins = {candidate.origin for candidate in pair}
    own = {candidate.model_id: candidate for candidate in pair}
    for model_id, runs in by_model.items():
        others = [run for run in runs if run.origin in origins]
        if model_id in own:
            yield own[model_id].side.readings
        elif others:
            yield max(others, key=lambda run: (run.finished_at, run.run_id)).side.readings


def _preference(pair: Pair) -> tuple[Any, ...]:
    one, other = pair
    return (
        one.complete and other.complete,
        not guards.unequal_settings(one.side, other.side),
        ORIGIN_RANK.get(frozenset({one.origin, other.origin}), 0),
        min(one.finished_at, other.finished_at),
        max(one.finished_at, other.finished_at),
        one.run_id,
        other.run_id,
    )


def _candidate(row: Mapping[str, Any], readings: tuple[guards.Reading, ...]) -> Candidate:
    settings = json.loads(row["settings"] or "null")
    side = guards.Side(
        value=row["value"],
        stderr=row["stderr"],
        n=row["n"],
        settings=settings if isinstance(settings, dict) else {},
        task_version=row["task_version"],
        task_hash=row["task_hash"],
        truncated=guards.truncated_share(row["truncated"], row["n"]),
        readings=readings,
        source=row["source"],
    )
    return Candidate(
        run_id=row["run_id"],
        model_id=row["model_id"],
        side=side,
        origin=row["origin"],
        complete=row["status"] == "complete",
        finished_at=row["finished_at"] or LONG_AGO,
        has_samples=row["has_samples"],
    )
