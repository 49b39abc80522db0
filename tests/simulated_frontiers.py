"""Worlds in which models of a kind are released at a known rate, and scatter in a known way about a known line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tests.simulated_worlds import ORACLE_DRAWS, TODAY, Row, World, at, day, evidence, judged
from tracker.rules.crossover import CrossoverRule
from tracker.rules.level import LevelRule
from tracker.stats.trends import KINDS

Floats = NDArray[np.float64]

COMMON = {"id": "r", "name": "Simulated", "why": "A simulated question.", "benchmark": "b"}
# What one standard deviation of the scatter is in log-odds of a fraction, and in rating points.
IN_LOG_ODDS, IN_POINTS = 0.4, 25.0


def normal(when: Floats, rng: np.random.Generator) -> Floats:
    """Models scatter about a line."""
    return rng.normal(0, 1, when.shape)


def behind(when: Floats, rng: np.random.Generator) -> Floats:
    """None is better than the state of the art, many are worse."""
    return -rng.exponential(1.5, when.shape)


def two_crowds(when: Floats, rng: np.random.Generator) -> Floats:
    """Two in five are made to lead; the others are small."""
    return np.where(rng.random(when.shape) < 0.4, rng.normal(0, 0.3, when.shape), -1 - rng.exponential(1.5, when.shape))


def outliers(when: Floats, rng: np.random.Generator) -> Floats:
    """Now and then one is far off."""
    return rng.standard_t(4, when.shape) * 0.8


def more_small_ones(when: Floats, rng: np.random.Generator) -> Floats:
    """Ever more of those that are measured are small."""
    small = rng.random(when.shape) < np.clip(0.1 + 0.7 * (when + 2.5) / 4, 0, 1)
    return np.where(small, -1 - rng.exponential(2, when.shape), rng.normal(0, 0.4, when.shape))


def few_leaders(when: Floats, rng: np.random.Generator) -> Floats:
    """Three in ten lead, close together; the rest is far below."""
    return np.where(rng.random(when.shape) < 0.7, -2 - rng.exponential(2, when.shape), rng.normal(0, 0.25, when.shape))


SCATTERS: tuple[Callable[[Floats, np.random.Generator], Floats], ...] = (
    normal,
    behind,
    two_crowds,
    outliers,
    more_small_ones,
    few_leaders,
)


@dataclass(frozen=True)
class Truth:
    """How one kind grows: height today, climb a year, releases a year, scatter; all in standard deviations of it."""

    height: float
    climb: float
    rate: float
    past: float
    scatter: Callable[[Floats, np.random.Generator], Floats]

    def released(self, rng: np.random.Generator, start: float, end: float) -> tuple[Floats, Floats]:
        """When and how good, from one time to another."""
        when = np.sort(rng.uniform(start, end, rng.poisson(self.rate * (end - start))))
        return when, self.height + self.climb * when + self.scatter(when, rng)

    def best(self, rng: np.random.Generator, ahead: float, draws: int) -> Floats:
        """The best of the models to come, many times over; −∞ where none comes."""
        count = rng.poisson(self.rate * ahead, draws)
        when = rng.uniform(0, ahead, (max(int(count.max(initial=0)), 1), draws))
        scores = self.height + self.climb * when + self.scatter(when, rng)
        best: Floats = np.where(np.arange(len(when))[:, None] < count, scores, -np.inf).max(axis=0)
        return best


def truth(rng: np.random.Generator, climb: float | None = None) -> Truth:
    return Truth(
        height=0.0,
        climb=rng.lognormal(0.5, 0.6) if climb is None else climb,
        rate=rng.uniform(4, 25),
        past=rng.uniform(0.75, 2.5),
        scatter=SCATTERS[rng.integers(len(SCATTERS))],
    )


def level(rng: np.random.Generator, prior: str) -> World | None:
    """The best model reaches a score that none has reached yet."""
    true, ahead = truth(rng), rng.uniform(0.25, 1.5)
    when, scores = true.released(rng, -true.past, 0)
    if when.size < 4:
        return None
    target = scores.max() + rng.uniform(0, 1.3) * (true.climb * ahead + 0.5)
    unit = str(rng.choice(["rating", "fraction"]))
    rule = LevelRule(**COMMON, kind="level", model_kind="reasoning", score=_shown(target, unit))
    past = _rows("reasoning", when, scores, unit)
    later = _rows("reasoning", *true.released(rng, 0, ahead), unit)
    oracle = float((true.best(rng, ahead, ORACLE_DRAWS) >= target).mean())
    return _world(rule, past, later, day(ahead), oracle)


def crossover(rng: np.random.Generator, prior: str) -> World | None:
    """The best reasoning model is ahead on the deadline, or once by then; `small`: both kinds climb nearly alike."""
    ahead = rng.uniform(0.25, 1.5)
    shared = rng.lognormal(0.5, 0.6)
    climbs = [shared * rng.lognormal(0, 0.2) if prior == "small" else rng.lognormal(0.5, 0.6) for _ in KINDS]
    trues = dict(zip(KINDS, (truth(rng, climb) for climb in climbs), strict=True))
    past: list[Row] = []
    later: list[Row] = []
    tops: dict[str, float] = {}
    drawn: dict[str, tuple[Floats, Floats]] = {}
    for kind, true in trues.items():
        drawn[kind] = true.released(rng, -true.past, 0)
        if drawn[kind][0].size < 4:
            return None
        tops[kind] = float(drawn[kind][1].max())
    # So that the question is open: the leads of today are small.
    shift = tops["conventional"] - tops["reasoning"] + rng.normal(0, 1)
    unit = str(rng.choice(["rating", "fraction"]))
    futures: dict[str, Floats] = {}
    for kind, true in trues.items():
        lift = shift if kind == "reasoning" else 0.0
        when, scores = drawn[kind]
        past += _rows(kind, when, scores + lift, unit)
        when, scores = true.released(rng, 0, ahead)
        later += _rows(kind, when, scores + lift, unit)
        futures[kind] = np.maximum(tops[kind], true.best(rng, ahead, ORACLE_DRAWS)) + lift
    rule = CrossoverRule(**COMMON, kind="crossover", ahead="reasoning")
    return _world(rule, past, later, day(ahead), float((futures["reasoning"] > futures["conventional"]).mean()))


def _world(
    rule: LevelRule | CrossoverRule, past: list[Row], later: list[Row], deadline: date, oracle: float
) -> World | None:
    now = evidence(TODAY, scores=_measured(past, TODAY))
    verdict = rule.verdict(now)
    if verdict.holds is None or rule.predict(now, deadline, 0, 10).probability is None:
        return None
    return World(
        rule, now, deadline, oracle, judged(rule, evidence(deadline, scores=_measured(past + later, deadline)))
    )


def _rows(kind: str, when: Floats, scores: Floats, unit: str) -> list[Row]:
    return [
        {
            "model_id": f"{kind}-{moment:+.4f}-{place}",
            "model_name": f"{kind} {place}",
            "kind": kind,
            "released_on": day(moment),
            "benchmark_id": "b",
            "unit": unit,
            "ceiling": 1.0 if unit == "fraction" else None,
            "value": _shown(score, unit),
            "n": 1_000_000 if unit == "fraction" else None,
        }
        for place, (moment, score) in enumerate(zip(when, scores, strict=True))
    ]


def _measured(rows: list[Row], as_of: date) -> list[Row]:
    """All of them measured on the same day, as by a leaderboard."""
    return [row | {"finished_at": at(as_of)} for row in rows]


def _shown(score: float, unit: str) -> float:
    """A score in the benchmark's unit."""
    return float(1300 + IN_POINTS * score if unit == "rating" else 1 / (1 + np.exp(-IN_LOG_ODDS * score)))
