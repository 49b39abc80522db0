"""Computes the gap of every twin on every benchmark that both sides have a score on, and stores it with its flags."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Engine

from db import store
from db.queries import comparisons, samples
from db.rows import Changes
from db.tables import Gap
from jobs import pairs
from jobs.pairs import Candidate, Pair, Runs
from tracker.evals import guards
from tracker.stats import flags, gaps
from tracker.stats.gaps import MeasuredGap, Score, paired_gap, unpaired_gap

log = logging.getLogger(__name__)

# Stored gaps are left alone only while this code is the same: what makes the numbers, and what chooses and flags.
FORMULAS = (gaps, samples)
RULES = (pairs, guards, flags)

Twin = Mapping[str, Any]
Known = Mapping[tuple[str, str, str], MeasuredGap]


def run_estimates(engine: Engine, *, now: datetime) -> dict[str, int]:
    """Store exactly the gaps that follow from the runs finished by `now`; how many there are and what changed.

    Only benchmarks on which anything changed are computed, and of those only pairs that are new have their documents
    read. The same runs give the same rows, byte for byte, however often and in whichever steps they were computed. A
    pair whose scores cannot be compared at all (a fraction above 1) is logged and counted as refused: no gap.
    """
    twins = list(comparisons.twins(engine).iter_rows(named=True))
    formula = _code(FORMULAS)
    wanted = _bases(comparisons.digests(engine, now), twins, formula)
    stored = {row["benchmark_id"]: row for row in comparisons.bases(engine).iter_rows(named=True)}
    # How many gaps there were is part of the basis, so that one which was taken away is missed.
    done = {key for key, row in stored.items() if row["basis"] == f"{wanted.get(key)}:{row['gaps']}"}
    changed = (wanted.keys() | stored.keys()) - done
    found: list[Gap] = []
    refused = 0
    if changed:
        known = _known(engine, changed, formula)
        for benchmark_id, runs in _runs(engine, changed, now).items():
            computed, failed = _gaps(engine, benchmark_id, runs, twins, known)
            # One with a refused pair is computed again the next night, which says so again.
            basis = f"{formula}:refused" if failed else wanted[benchmark_id]
            for gap in computed:
                gap.basis = f"{basis}:{len(computed)}"
            found += computed
            refused += failed
    changes = store.save_gaps(engine, found, changed) if changed else Changes(0, 0, 0)
    totals = comparisons.bases(engine)
    return {
        **{name: int(totals[name].sum()) for name in ("gaps", "paired", "flagged")},
        "refused": refused,
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
    }


def _bases(digests: Mapping[str, str], twins: Sequence[Twin], formula: str) -> dict[str, str]:
    """By benchmark, what its gaps have to be computed from."""
    shared = _code(RULES) + repr([tuple(twin.values()) for twin in twins])
    return {key: f"{formula}:{_short(shared + digest)}" for key, digest in digests.items()}


def _code(modules: tuple[ModuleType, ...]) -> str:
    return _short("".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules))


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _known(engine: Engine, benchmark_ids: set[str], formula: str) -> Known:
    """The numbers of pairs whose documents were compared before, by the same formulas."""
    found = {}
    for row in comparisons.measured(engine, benchmark_ids).iter_rows(named=True):
        key = row.pop("benchmark_id"), row.pop("reasoning_run_id"), row.pop("conventional_run_id")
        if row.pop("basis").startswith(f"{formula}:"):
            found[key] = MeasuredGap(**row, paired=True)
    return found


def _runs(engine: Engine, benchmark_ids: set[str], now: datetime) -> dict[str, Runs]:
    sides = comparisons.sides(engine, benchmark_ids, by=now)
    return pairs.candidates(sides, comparisons.readings(engine, benchmark_ids))


def _gaps(engine: Engine, benchmark_id: str, runs: Runs, twins: Sequence[Twin], known: Known) -> tuple[list[Gap], int]:
    """The gaps of one benchmark, and how many pairs were refused."""
    found: list[Gap] = []
    refused = 0
    for twin in twins:
        for pair, by_model in runs.pairs(twin["reasoning_id"], twin["conventional_id"]):
            try:
                found.append(_gap(engine, twin, runs.benchmark, pair, by_model, known))
            except ValueError as error:
                refused += 1
                log.warning(
                    "no gap of %s and %s on %s: %s", twin["reasoning_id"], twin["conventional_id"], benchmark_id, error
                )
    return found, refused


def _gap(
    engine: Engine,
    twin: Twin,
    benchmark: Mapping[str, Any],
    pair: Pair,
    by_model: Mapping[str, list[Candidate]],
    known: Known,
) -> Gap:
    one, other = pair
    measured, shared = _measured(engine, benchmark, pair, known)
    comparison = guards.Comparison(
        metric=benchmark["metric"],
        filter=benchmark["filter"],
        unit=benchmark["unit"],
        stderr=measured.stderr,
        log_odds=measured.log_odds,
        chance=benchmark["chance"],
        grading=benchmark["grading"],
        log_likelihood=benchmark["log_likelihood"],
        inferred=twin["inferred"],
        shared=shared,
    )
    dead = guards.dead_metrics(pairs.run_set(pair, by_model))
    return Gap(
        reasoning_run_id=one.run_id,
        conventional_run_id=other.run_id,
        benchmark_id=benchmark["benchmark_id"],
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


def _measured(engine: Engine, benchmark: Mapping[str, Any], pair: Pair, known: Known) -> tuple[MeasuredGap, int | None]:
    """The gap, and how many documents the two runs share (None where documents are not stored on both sides)."""
    one, other = pair
    benchmark_id, unit = benchmark["benchmark_id"], benchmark["unit"]
    shared: int | None = None
    if one.has_samples and other.has_samples:
        found = known.get((benchmark_id, one.run_id, other.run_id)) or paired_gap(
            samples.paired(engine, one.run_id, other.run_id, benchmark_id), unit=unit
        )
        if found is not None:
            return found, found.n
        shared = 0
    # A printed judgement is no count of right answers: its error is not that of one.
    counted = one.origin != "published" or benchmark["grading"] == "verifiable"
    sides = [Score(side.value, side.stderr, side.n if counted else None) for side in (one.side, other.side)]
    measured = unpaired_gap(*sides, unit=unit)
    counts = [side.n for side in (one.side, other.side) if side.n is not None]
    return replace(measured, n=min(counts) if len(counts) == 2 else None), shared
