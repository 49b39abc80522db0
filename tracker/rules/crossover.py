"""The claim that the best model of one kind is ahead of the best of the other: on the deadline, or once by then."""

import math
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from tracker.rules.claim import Prediction, Verdict
from tracker.rules.evidence import Evidence
from tracker.rules.frontier import FrontierRule
from tracker.rules.level import best_of, iso
from tracker.stats.gaps import WIDTH_OF_95_PERCENT
from tracker.stats.trends import KINDS

OTHER = dict(zip(KINDS, reversed(KINDS), strict=True))


class CrossoverRule(FrontierRule):
    """The best model of kind `ahead` scores above the best of the other kind.

    `when`: "at-deadline", what stands on the deadline; "by-deadline", at any time up to it, and once is enough.
    """

    kind: Literal["crossover"]
    ahead: Literal["reasoning", "conventional"]
    when: Literal["at-deadline", "by-deadline"] = "at-deadline"

    @property
    def kinds(self) -> tuple[str, ...]:
        return KINDS

    def words(self) -> str:
        moment = "on the deadline" if self.when == "at-deadline" else "at some time up to the deadline"
        return (
            f"On {self.benchmark}, the best {self.ahead} model scores above the best {OTHER[self.ahead]} one {moment}."
        )

    def verdict(self, evidence: Evidence) -> Verdict:
        rows = self.scores(evidence)
        sides = {kind: rows.filter(pl.col("kind") == kind) for kind in KINDS}
        lacking = [kind for kind, own in sides.items() if own.is_empty()]
        if lacking:
            missing = f"No {' and no '.join(lacking)} model has a score on {self.benchmark} that counts."
            return Verdict(None, "none", rows.height, threshold=0.0, missing=missing)
        best, other = best_of(sides[self.ahead]), best_of(sides[OTHER[self.ahead]])
        lead = best["value"] - other["value"]
        holds = lead > 0 or (self.when == "by-deadline" and self._was_ahead(rows))
        reach = None
        if best["stderr"] is not None and other["stderr"] is not None:
            reach = WIDTH_OF_95_PERCENT / 2 * math.hypot(best["stderr"], other["stderr"])
        return Verdict(
            holds=holds,
            scale=rows["unit"][0],
            k=rows.height,
            value=lead,
            low=None if reach is None else lead - reach,
            high=None if reach is None else lead + reach,
            threshold=0.0,
            numbers={
                "model": best["model_name"],
                "released_on": iso(best["released_on"]),
                "other_model": other["model_name"],
                "other_released_on": iso(other["released_on"]),
            },
        )

    def _ahead(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Prediction:
        if self.when == "by-deadline" and self.verdict(evidence).holds:
            return Prediction(probability=1.0, stderr=0.0, expected=0.0)
        found = self.carried_on(evidence, deadline, rng, draws)
        if found is None:
            return Prediction(probability=None)
        own, other = self.ahead, OTHER[self.ahead]
        start = {kind: np.full((1, draws), found.best[kind]) for kind in KINDS}
        if self.when == "at-deadline":
            last = {kind: np.concatenate([start[kind], found.values[kind]]).max(axis=0) for kind in KINDS}
            return Prediction.of(np.asarray(last[own] > last[other]), found.expected, found.line)
        order = np.argsort(found.at, axis=0)
        paths = {
            kind: np.maximum.accumulate(
                np.concatenate([start[kind], np.take_along_axis(found.values[kind], order, axis=0)])
            )
            for kind in KINDS
        }
        holds = (paths[own] > paths[other]).any(axis=0)
        return Prediction.of(np.asarray(holds), found.expected, found.line)

    def _was_ahead(self, rows: pl.DataFrame) -> bool:
        """Whether its best was above the other's on the day of any release, once both kinds were there."""
        dated = rows.filter(pl.col("released_on").is_not_null()).sort("released_on")
        days = dated.group_by("released_on", maintain_order=True).agg(
            **{kind: pl.col("value").filter(pl.col("kind") == kind).max() for kind in KINDS}
        )
        best = days.select(pl.col(KINDS).cum_max().forward_fill())
        return best.filter(pl.col(self.ahead) > pl.col(OTHER[self.ahead])).height > 0
