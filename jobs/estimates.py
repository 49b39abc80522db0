"""Computes the gap of every twin on every benchmark that both sides have a score on, and stores it with its flags."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine

from db import store
from db.queries import comparisons, samples
from db.tables import Gap
from tracker.evals import guards
from tracker.stats.gaps import MeasuredGap, Score, paired_gap, unpaired_gap

log = logging.getLogger(__name__)

LONG_AGO = datetime.min.replace(tzinfo=UTC)

# The pairs a night should prefer: its own numbers, then one stranger's, then a mixture, then what was printed.
ORIGIN_RANK = {frozenset({"local"}): 3, frozenset({"imported"}): 2, frozenset({"local", "imported"}): 1}


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


def run_estimates(engine: Engine, *, now: datetime) -> dict[str, int]:
    """Store exactly the gaps that follow from the runs finished by `now`; how many there are and what changed.

    The same runs give the same rows, byte for byte, so a second call changes nothing. A pair whose scores cannot be
    compared at all (a fraction above 1) is logged and counted as refused, and gives no gap.
    """
    scores = [row for row in comparisons.sides(engine).iter_rows(named=True) if (row["finished_at"] or LONG_AGO) <= now]
    candidates = _candidates(engine, scores)
    benchmarks = {row["benchmark_id"]: row for row in scores}
    gaps: list[Gap] = []
    refused = 0
    for twin in comparisons.twins(engine).iter_rows(named=True):
        for benchmark_id, by_model in candidates.items():
            pair = choose_pair(by_model[twin["reasoning_id"]], by_model[twin["conventional_id"]])
            if pair is None:
                continue
            try:
                gaps.append(_gap(engine, twin, benchmarks[benchmark_id], pair, by_model))
            except ValueError as error:
                refused += 1
                log.warning("no gap of %s and %s on %s: %s", *_names(twin), benchmark_id, error)
    changes = store.save_gaps(engine, gaps)
    return {
        "gaps": len(gaps),
        "paired": sum(gap.paired for gap in gaps),
        "flagged": sum(bool(gap.flags) for gap in gaps),
        "refused": refused,
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
    }


def choose_pair(reasoning: Iterable[Candidate], conventional: Iterable[Candidate]) -> Pair | None:
    """The two runs to compare; None if no two may be.

    Complete runs come before limited ones, runs with equal documents and settings before others, the night's own
    before imported ones, and then the latest of each side: an older pair that was asked the same beats a newer one
    that was not. A published number is only compared with one that the same publication gave on the same day.
    """
    conventional = list(conventional)
    pairs = [Pair(one, other) for one in reasoning for other in conventional if _may_be_compared(one, other)]
    return max(pairs, key=_preference, default=None)


def _may_be_compared(one: Candidate, other: Candidate) -> bool:
    if "published" not in (one.origin, other.origin):
        return True
    together = one.side.source == other.side.source and one.finished_at == other.finished_at
    return one.origin == other.origin and one.side.source is not None and together


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


def _gap(
    engine: Engine,
    twin: Mapping[str, Any],
    benchmark: Mapping[str, Any],
    pair: Pair,
    by_model: Mapping[str, list[Candidate]],
) -> Gap:
    one, other = pair
    benchmark_id, unit = benchmark["benchmark_id"], benchmark["unit"]
    measured: MeasuredGap | None = None
    shared: int | None = None
    if one.has_samples and other.has_samples:
        measured = paired_gap(samples.paired(engine, one.run_id, other.run_id, benchmark_id), unit=unit)
        shared = 0 if measured is None else measured.n
    if measured is None:
        measured = unpaired_gap(_score(one.side), _score(other.side), unit=unit)
    comparison = guards.Comparison(
        metric=benchmark["metric"],
        filter=benchmark["filter"],
        unit=unit,
        stderr=measured.stderr,
        log_odds=measured.log_odds,
        chance=benchmark["chance"],
        grading=benchmark["grading"],
        log_likelihood=benchmark["log_likelihood"],
        inferred=twin["inferred"],
        shared=shared,
    )
    dead = guards.dead_metrics(_run_set(pair, by_model))
    return Gap(
        reasoning_run_id=one.run_id,
        conventional_run_id=other.run_id,
        benchmark_id=benchmark_id,
        reasoning_id=twin["reasoning_id"],
        conventional_id=twin["conventional_id"],
        reasoning_value=measured.reasoning_value,
        conventional_value=measured.conventional_value,
        value=measured.value,
        stderr=measured.stderr,
        n=measured.n,
        paired=measured.paired,
        log_odds=measured.log_odds,
        log_odds_stderr=measured.log_odds_stderr,
        flags=list(guards.flags(one.side, other.side, comparison, dead=dead)),
    )


def _run_set(pair: Pair, by_model: Mapping[str, list[Candidate]]) -> Iterator[tuple[guards.Reading, ...]]:
    """The metrics of the two runs, and of every other model's latest run of the same origins on this benchmark."""
    origins = {candidate.origin for candidate in pair}
    own = {candidate.model_id: candidate for candidate in pair}
    for model_id, runs in by_model.items():
        others = [run for run in runs if run.origin in origins]
        if model_id in own:
            yield own[model_id].side.readings
        elif others:
            yield max(others, key=lambda run: (run.finished_at, run.run_id)).side.readings


def _candidates(engine: Engine, scores: Iterable[Mapping[str, Any]]) -> dict[str, defaultdict[str, list[Candidate]]]:
    """Benchmark → model → its runs."""
    readings: defaultdict[tuple[str, str], list[guards.Reading]] = defaultdict(list)
    for run_id, benchmark_id, metric, filter_, value in comparisons.readings(engine).iter_rows():
        readings[run_id, benchmark_id].append(guards.Reading(metric, filter_, value))
    found: dict[str, defaultdict[str, list[Candidate]]] = {}
    for row in scores:
        settings = json.loads(row["settings"] or "null")
        side = guards.Side(
            value=row["value"],
            stderr=row["stderr"],
            n=row["n"],
            settings=settings if isinstance(settings, dict) else {},
            task_version=row["task_version"],
            task_hash=row["task_hash"],
            truncated=guards.truncated_share(row["truncated"], row["n"]),
            readings=tuple(readings[row["run_id"], row["benchmark_id"]]),
            source=row["source"],
        )
        found.setdefault(row["benchmark_id"], defaultdict(list))[row["model_id"]].append(
            Candidate(
                run_id=row["run_id"],
                model_id=row["model_id"],
                side=side,
                origin=row["origin"],
                complete=row["status"] == "complete",
                finished_at=row["finished_at"] or LONG_AGO,
                has_samples=row["has_samples"],
            )
        )
    return found


def _score(side: guards.Side) -> Score:
    return Score(side.value, side.stderr, side.n)


def _names(twin: Mapping[str, Any]) -> tuple[str, str]:
    return twin["reasoning_id"], twin["conventional_id"]
