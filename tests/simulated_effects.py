"""Worlds in which pairs, or weights, have effects of known mean and spread, and arrive at a known rate."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.simulated_worlds import ORACLE_DRAWS, TODAY, Row, World, at, day, evidence, judged
from tracker.rules.arrivals import pooled
from tracker.rules.dose import DoseRule
from tracker.rules.gap import GapRule

Prior = Literal["model", "small"]
Floats = NDArray[np.float64]

COMMON = {"id": "r", "name": "Simulated", "why": "A simulated question."}
# As in LMArena's ratings of December 2025: standard errors of a gap of 0.03 to 0.12 in log-odds, median 0.055.
MEDIAN_ERROR, SPREAD_OF_ERRORS = 0.055, 0.4
LONGEST_PAST, LONGEST_AHEAD = 4.0, 1.5


@dataclass(frozen=True)
class Truth:
    """Mean and spread of the effects, arrivals a year, years that lie behind today, and ahead up to the deadline."""

    mu: float
    tau: float
    rate: float
    past: float
    ahead: float


def truth(rng: np.random.Generator, prior: Prior) -> Truth:
    """How one world works. `model`: as the model has it a priori; `small`: as votes seem to be."""
    mean, spread = (1.0, 0.5) if prior == "model" else (0.1, 0.07)
    return Truth(
        mu=rng.normal(0, mean),
        tau=abs(rng.normal(0, spread)),
        rate=rng.gamma(4, 7 / 4),
        past=rng.uniform(0.5, LONGEST_PAST),
        ahead=rng.uniform(0.25, LONGEST_AHEAD),
    )


def looked(as_of: date, what: str = "gaps") -> list[Row]:
    """Something else of the same source, read on the day: whoever looks finds whatever has appeared by then."""
    row: Row = {"capability": "elsewhere", "demonstration": False, "finished_at": at(as_of)}
    both = {"reasoning_id": "elsewhere", "conventional_id": "elsewhere", "benchmark_id": "elsewhere"}
    return [row | (both if what == "gaps" else {"first_on": as_of})]


def arrivals(rng: np.random.Generator, true: Truth) -> Floats:
    """When units appeared and will appear, in years from today."""
    return np.sort(rng.uniform(-true.past, true.ahead, rng.poisson(true.rate * (true.past + true.ahead))))


def errors(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Standard errors of gaps."""
    return MEDIAN_ERROR * np.exp(rng.normal(0, SPREAD_OF_ERRORS, shape))


def interval(rng: np.random.Generator, prior: Prior) -> World | None:
    """The whole interval of the pooled gap lies above 0."""
    return _gap(rng, prior, "interval")


def mean(rng: np.random.Generator, prior: Prior) -> World | None:
    """The pooled gap lies above 0."""
    return _gap(rng, prior, "mean")


def share(rng: np.random.Generator, prior: Prior) -> World | None:
    """The pooled gap lies above half of another domain's, which itself must be told apart from nothing."""
    own, other = truth(rng, prior), truth(rng, prior)
    when = arrivals(rng, own)
    pairs = [_pairs(rng, one, when, capability) for one, capability in ((own, "taste"), (other, "checked"))]
    rule = GapRule(
        **COMMON,
        kind="gap",
        capability="taste",
        grading="voted",
        unit="rating",
        by=rng.choice(["mean", "interval"]),
        share=0.5,
        share_of="checked",
    )
    rows = [row for one in pairs for row in one]
    now = evidence(TODAY, gaps=_by(TODAY, rows))
    if rule.verdict(now).holds is None:
        return None
    held = judged(rule, evidence(day(own.ahead), gaps=rows))
    return World(rule, now, day(own.ahead), _oracle_of_share(rng, rule, now, own, other), held)


def dose(rng: np.random.Generator, prior: Prior) -> World | None:
    """The pooled slope of log-odds per doubling of the tokens lies above 0, or its whole interval does."""
    true = truth(rng, prior)
    rule = DoseRule(**COMMON, kind="dose", capability="math", grading="verifiable", by=rng.choice(["mean", "interval"]))
    rows: list[Row] = []
    for place, when in enumerate(arrivals(rng, true)):
        slope, height = rng.normal(true.mu, true.tau), rng.normal(0, 0.5)
        for doubling in range(int(rng.integers(2, 5))):
            chance = 1 / (1 + np.exp(-(height + slope * (doubling - 1))))
            right = rng.binomial(500, chance) / 500
            rows.append(
                {
                    "weights": f"w{place:03}",
                    "model_id": f"w{place:03}-{doubling}",
                    "benchmark_id": "b",
                    "capability": "math",
                    "grading": "verifiable",
                    "unit": "fraction",
                    "tokens": 1000.0 * 2**doubling,
                    "value": right,
                    "stderr": np.sqrt(right * (1 - right) / 499),
                    "n": 500,
                    "finished_at": at(day(when)),
                    "first_on": day(when),
                }
            )
    now = evidence(TODAY, doses=_by(TODAY, rows, "doses"))
    if rule.verdict(now).holds is None:
        return None
    units = rule.units(now)
    oracle = _oracle(rng, rule.by, units.values, units.stderrs, true)
    return World(rule, now, day(true.ahead), oracle, judged(rule, evidence(day(true.ahead), doses=rows)))


def _gap(rng: np.random.Generator, prior: Prior, by: Literal["mean", "interval"]) -> World | None:
    true = truth(rng, prior)
    rows = _pairs(rng, true, arrivals(rng, true), "taste")
    rule = GapRule(**COMMON, kind="gap", capability="taste", grading="voted", unit="rating", by=by)
    now = evidence(TODAY, gaps=_by(TODAY, rows))
    if rule.verdict(now).holds is None:
        return None
    units = rule.units(now)
    oracle = _oracle(rng, by, units.values, units.stderrs, true, errors)
    return World(rule, now, day(true.ahead), oracle, judged(rule, evidence(day(true.ahead), gaps=rows)))


def _by(as_of: date, rows: list[Row], what: str = "gaps") -> list[Row]:
    return [row for row in rows if row["finished_at"] <= at(as_of)] + looked(as_of, what)


def _pairs(rng: np.random.Generator, true: Truth, when: Floats, capability: str) -> list[Row]:
    found = []
    stderrs = errors(rng, when.size)
    gaps = rng.normal(rng.normal(true.mu, true.tau, when.size), stderrs)
    for place, (moment, gap, stderr) in enumerate(zip(when, gaps, stderrs, strict=True)):
        found.append(
            {
                "reasoning_id": f"r{place:03}",
                "conventional_id": f"c{place:03}",
                "reasoning_name": f"Thinker {place}",
                "conventional_name": f"Talker {place}",
                "relation": "same-weights",
                "benchmark_id": capability,
                "capability": capability,
                "grading": "voted",
                "unit": "rating",
                "value": gap,
                "stderr": stderr,
                "log_odds": gap,
                "log_odds_stderr": stderr,
                "finished_at": at(day(moment)),
            }
        )
    return found


def _oracle(
    rng: np.random.Generator, by: str, values: Floats, stderrs: Floats, true: Truth, drawn: object = None
) -> float:
    """How likely it is for somebody who knows mean, spread and rate, and simulates what arrives."""
    count = rng.poisson(true.rate * true.ahead, ORACLE_DRAWS)
    shape = (int(count.max(initial=0)), ORACLE_DRAWS)
    new = errors(rng, shape) if drawn is not None else rng.choice(stderrs, shape)
    effects = rng.normal(rng.normal(true.mu, true.tau, shape), new)
    found = pooled(*_together(values, stderrs, effects, new, count), method="paule-mandel")
    return float(((found.mean if by == "mean" else found.low) > 0).mean())


def _oracle_of_share(rng: np.random.Generator, rule: GapRule, now: object, own: Truth, other: Truth) -> float | None:
    """The same, of worlds in which the other domain can still be a yardstick; null: in none."""
    count = rng.poisson(own.rate * own.ahead, ORACLE_DRAWS)
    shape = (int(count.max(initial=0)), ORACLE_DRAWS)
    sides = []
    for true, capability in ((own, "taste"), (other, "checked")):
        new = errors(rng, shape)
        sides.append((capability, rng.normal(rng.normal(true.mu, true.tau, shape), new), new))
    (_, first, first_errors), (_, second, second_errors) = sides
    contrast, contrast_errors = first - 0.5 * second, np.hypot(first_errors, 0.5 * second_errors)
    units = rule.units(now)  # type: ignore[arg-type]
    single = rule.yardstick(now)  # type: ignore[arg-type]
    found = pooled(*_together(units.values, units.stderrs, contrast, contrast_errors, count), method="paule-mandel")
    yard = pooled(*_together(single.values, single.stderrs, second, second_errors, count), method="paule-mandel")
    stands = yard.low > 0
    held = (found.mean if rule.by == "mean" else found.low) > 0
    return float(held[stands].mean()) if stands.any() else None


def _together(
    values: Floats, stderrs: Floats, effects: Floats, new: Floats, count: NDArray[np.int64]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    draws = count.size
    return (
        np.concatenate([np.broadcast_to(values[:, None], (values.size, draws)), effects]),
        np.concatenate([np.broadcast_to(stderrs[:, None], (values.size, draws)), new]) ** 2,
        np.arange(-values.size, len(effects))[:, None] < count,
    )
