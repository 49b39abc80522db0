"""What would change an estimate: the size of the next result that moves it by ten points."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from tracker.rules.arrivals import simulate
from tracker.rules.evidence import Evidence
from tracker.rules.pooled import PooledRule

POINTS = 0.10
FARTHEST = 2.0
"""In log-odds, on either side of the pooled value: a pair beyond that would be seven times the odds away."""
DRAWS = 1000
STEPS = 9


@dataclass(frozen=True)
class NextResult:
    """One more pair, measured as precisely as the middle one of those there are, that would move P(YES) so far.

    `value`: its gap on the verdict's scale, and `p_yes` what the estimate would be. Both null: no gap within reach
    moves it so far.
    """

    change: float
    value: float | None
    p_yes: float | None
    stderr: float


def next_results(
    rule: PooledRule, evidence: Evidence, deadline: date, seed: int
) -> tuple[NextResult, NextResult] | None:
    """The next result that would lower P(YES) by ten points, and the one that would raise it; null: nothing to say.

    The smallest such step away from the pooled value, found by halving; P(YES) rises with the gap up to the
    simulation's error, since all use the same draws. Null past the deadline, and where the rule has no verdict.
    """
    verdict = rule.verdict(evidence)
    if verdict.holds is None or evidence.as_of >= deadline:
        return None
    units = rule.units(evidence)
    factor = rule.scale[1]
    error = float(np.median(units.stderrs))
    expected = rule.expected(evidence, deadline)

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
        def moved(size: float) -> float:
            return sign * (chance(centre + sign * size) - now)

        if moved(FARTHEST) < POINTS:
            return NextResult(sign * POINTS, None, None, error * factor)
        least, most = 0.0, FARTHEST
        for _ in range(STEPS):
            middle = (least + most) / 2
            least, most = (least, middle) if moved(middle) >= POINTS else (middle, most)
        value = centre + sign * most
        return NextResult(sign * POINTS, value * factor, chance(value), error * factor)

    return towards(-1.0), towards(1.0)
