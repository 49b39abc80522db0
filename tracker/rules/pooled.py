"""What rules about a pooled effect share: units with an effect each, pooled now, and pooled with those yet to come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl

from tracker.rules.arrivals import Floats, pooled, simulate
from tracker.rules.claim import Piece, Prediction, Rule, Verdict
from tracker.rules.evidence import Evidence
from tracker.stats.arrivals import DAYS_A_YEAR, Over, Rate, rate
from tracker.stats.pooling import Method, Pooled, pool

OTHER_METHOD: dict[Method, Method] = {
    "paule-mandel": "dersimonian-laird",
    "dersimonian-laird": "paule-mandel",
}
METHOD_NAMES: dict[Method, str] = {
    "paule-mandel": "spread after Paule and Mandel",
    "dersimonian-laird": "spread after DerSimonian and Laird",
}


@dataclass(frozen=True)
class Units:
    """What is pooled: a key, name, effect and standard error each, and the day it first could be.

    `first_on` null: that is not known, and the unit counts as no arrival.
    """

    keys: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    values: Floats
    stderrs: Floats
    first_on: tuple[date | None, ...]

    @classmethod
    def of(cls, rows: pl.DataFrame, key: Sequence[str]) -> "Units":
        """From a frame with the columns of `key`, name, value, stderr, first_on; in its order."""
        return cls(
            keys=tuple(rows.select(key).rows()),
            names=tuple(rows["name"]),
            values=rows["value"].to_numpy(),
            stderrs=rows["stderr"].to_numpy(),
            first_on=tuple(rows["first_on"]),
        )

    def without(self, left_out: frozenset[tuple[str, ...]]) -> "Units":
        """All but those with these keys."""
        if left_out.isdisjoint(self.keys):
            return self
        stays = [place for place, key in enumerate(self.keys) if key not in left_out]
        return Units(
            keys=tuple(self.keys[place] for place in stays),
            names=tuple(self.names[place] for place in stays),
            values=self.values[stays],
            stderrs=self.stderrs[stays],
            first_on=tuple(self.first_on[place] for place in stays),
        )

    def pooled(self, method: Method) -> Pooled:
        """The random-effects mean over them."""
        return pool(self.values, self.stderrs, method=method)

    def low(self, method: Method) -> float:
        """The lower end of the pooled interval, as `pooled` has it and quicker; NaN where too few."""
        there = np.ones((len(self.keys), 1), dtype=bool)
        return float(pooled(self.values[:, None], self.stderrs[:, None] ** 2, there, method=method).low[0])


class PooledRule(Rule):
    """The pooled effect exceeds a margin (`by` mean), or its whole 95 % interval does (`by` interval).

    `arriving`: over what time new units are counted to say how often they come, see `tracker.stats.arrivals`.
    """

    # Fewer than of other rules: with a piece and without it most of the draws are the same.
    driver_draws: ClassVar[int] = 400
    least_moved: ClassVar[float] = 0.02

    by: Literal["mean", "interval"]
    method: Method = "paule-mandel"
    arriving: Over = "since-first"

    def other_choices(self) -> list[tuple[str, dict[str, Any]]]:
        """What every pooled rule could do otherwise, each with its name: the method for the spread, the rate."""
        other = OTHER_METHOD[self.method]
        found: list[tuple[str, dict[str, Any]]] = [(METHOD_NAMES[other], {"method": other})]
        if self.arriving == "since-first":
            found.append(("new measurements at the rate of the last 24 months", {"arriving": "two-years"}))
        return found

    def verdict(self, evidence: Evidence) -> Verdict:
        units, (scale, factor) = self.units(evidence), self.scale
        missing = self.missing(evidence)
        if missing is not None:
            return Verdict(None, scale, len(units.keys), threshold=self.least * factor, missing=missing)
        result = units.pooled(self.method)
        reached = result.mean if self.by == "mean" else result.low
        if reached is None or result.mean is None or result.low is None or result.high is None or result.tau2 is None:
            raise RuntimeError(f"{len(units.keys)} units were enough and could not be pooled")
        return Verdict(
            holds=reached > self.least,
            scale=scale,
            k=result.k,
            value=result.mean * factor,
            low=result.low * factor,
            high=result.high * factor,
            threshold=self.least * factor,
            numbers={
                "by": self.by,
                "tau": math.sqrt(result.tau2) * factor,
                "i2": result.i2,
                "positive": result.positive,
                "method": self.method,
            },
        )

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        units = self.units(evidence)
        return [Piece(key, name) for key, name in zip(units.keys, units.names, strict=True)]

    def expected(self, evidence: Evidence, deadline: date) -> float:
        """How many new units should come between the last look and the deadline."""
        often, years = self._arriving(evidence, deadline)
        return often.mean * years

    @property
    def scale(self) -> tuple[str, float]:
        """What the verdict's numbers are in, and how much of that one log-odds is."""
        raise NotImplementedError

    @property
    def least(self) -> float:
        """The margin in log-odds."""
        raise NotImplementedError

    def units(self, evidence: Evidence) -> Units:
        """What counts, less the pieces left out."""
        raise NotImplementedError

    def missing(self, evidence: Evidence) -> str | None:
        """What the verdict lacks, as a sentence; null when nothing does."""
        raise NotImplementedError

    def _arriving(self, evidence: Evidence, deadline: date) -> tuple[Rate, float]:
        """How often new units appear, and for how many years more."""
        looked_on = self.looked_on(evidence)
        days = (first for first in self.units(evidence).first_on if first is not None)
        return rate(days, looked_on, self.arriving), (deadline - looked_on).days / DAYS_A_YEAR

    def _ahead(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Prediction:
        if self.missing(evidence) is not None:
            return Prediction(probability=None)
        units, (often, years) = self.units(evidence), self._arriving(evidence, deadline)
        expected = often.draw(rng.spawn(1)[0], draws) * years
        simulated = simulate(units.values, units.stderrs, expected=expected, draws=draws, rng=rng, method=self.method)
        reached = simulated.mean if self.by == "mean" else simulated.low
        return Prediction.of(np.asarray(reached > self.least), often.mean * years)
