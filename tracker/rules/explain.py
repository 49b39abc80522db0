"""What would change an estimate: the size of the next result that moves it by ten points."""

import functools
from dataclasses import dataclass
from datetime import date

import numpy as np

from tracker.rules.arrivals import simulate
from tracker.rules.evidence import Evidence
from tracker.rules.pooled import PooledRule

POINTS = 0.10
FARTHEST = 2.0
"""In log-odds, on either side of the pooled value: a pair beyond that would be seven times the odds away."""
SIZES = (0.0, *np.geomspace(0.02, FARTHEST, 6).tolist())
"""How far from the pooled value a next result is tried, in log-odds."""
DRAWS = 640
STEPS = 3


@dataclass(frozen=True)
class NextResult:
    """One more pair, measured as precisely as the middle one of those there are, that would move P(YES) so far.

    `value`: the gap nearest to the pooled one that does, on the verdict's scale, and `p_yes` what the estimate would
    be; `until`: the farthest up to which every one does, null where that is as far as is looked. All null: no gap
    within reach moves it so far.
    """

    change: float
    value: float | None
    until: float | None
    p_yes: float | None
    stderr: float


def next_results(
    rule: PooledRule, evidence: Evidence, deadline: date, seed: int
) -> tuple[NextResult, NextResult] | None:
    """The next result that would lower P(YES) by ten points, and the one that would raise it; null: nothing to say.

    P(YES) need not rise with the gap: a pair far from the others also says that pairs differ, which widens the
    interval. So sizes are tried one by one; the ends of the span are found by halving between two of them. All use the
    same draws, and as many arrivals as are expected. Null past the deadline, and where the rule has no verdict.
    """
    verdict = rule.verdict(evidence)
    if verdict.holds is None or evidence.as_of >= deadline:
        return None
    units = rule.units(evidence)
    factor = rule.scale[1]
    error = float(np.median(units.stderrs))
    expected = rule.expected(evidence, deadline)

    @functools.cache
    def chance(value: float | None) -> float:
        values = units.values if value is None else np.append(units.values, value)
        errors = units.stderrs if value is None else np.append(units.stderrs, error)
        found = simulate(
            values,
            errors,
            expected=expected,
            draws=DRAWS,
            rng=np.random.default_rng(seed),
            method=rule.method,
        )
        reached = found.mean if rule.by == "mean" else found.low
        said = rule.p_yes(float((reached > rule.least).mean()))
        if said is None:
            raise RuntimeError("a simulated share is always a probability")
        return said

    now = chance(None)
    centre = units.pooled(rule.method).mean or 0.0

    def towards(sign: float) -> NextResult:
        def moves(size: float) -> bool:
            return sign * (chance(centre + sign * size) - now) >= POINTS

        def edge(moving: float, still: float) -> float:
            for _ in range(STEPS):
                middle = (moving + still) / 2
                moving, still = (middle, still) if moves(middle) else (moving, middle)
            return moving

        first = next((place for place, size in enumerate(SIZES) if moves(size)), None)
        if first is None:
            return NextResult(sign * POINTS, None, None, None, error * factor)
        beyond = next((place for place in range(first + 1, len(SIZES)) if not moves(SIZES[place])), None)
        value = centre + sign * (edge(SIZES[first], SIZES[first - 1]) if first else SIZES[0])
        until = None if beyond is None else (centre + sign * edge(SIZES[beyond - 1], SIZES[beyond])) * factor
        return NextResult(sign * POINTS, value * factor, until, chance(value), error * factor)

    return towards(-1.0), towards(1.0)
