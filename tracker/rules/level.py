"""The claim that the best model of a kind reaches a score on a benchmark."""

from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl

from tracker.rules.claim import Number, Prediction, Verdict
from tracker.rules.evidence import Evidence
from tracker.rules.frontier import FrontierRule, fitted

WHOSE = {"reasoning": "reasoning model", "conventional": "conventional model", "any": "model of any kind"}


class LevelRule(FrontierRule):
    """Some model of `model_kind` reaches `score`, in the benchmark's unit (0.9 for 90 %).

    By the latest score of each model. Reached, it is predicted to hold: that a score may be revised is not reckoned.
    """

    kind: Literal["level"]
    model_kind: Literal["reasoning", "conventional", "any"]
    score: Number
    through: Literal["top", "frontier"] = "top"

    @property
    def kinds(self) -> tuple[str, ...]:
        return () if self.model_kind == "any" else (self.model_kind,)

    def words(self) -> str:
        return f"The best {WHOSE[self.model_kind]} reaches {self.score:g} on {self.benchmark}."

    def verdict(self, evidence: Evidence) -> Verdict:
        rows = self.scores(evidence)
        if rows.is_empty():
            missing = f"No {WHOSE[self.model_kind]} has a score on {self.benchmark} that counts."
            return Verdict(None, "none", 0, threshold=self.score, missing=missing)
        unit, ceiling = rows["unit"][0], rows["ceiling"][0]
        if ceiling is not None and self.score > ceiling:
            missing = f"The most that {self.benchmark} gives is {ceiling:g}; the rule asks for {self.score:g}."
            return Verdict(None, unit, rows.height, threshold=self.score, missing=missing)
        best = best_of(rows)
        return Verdict(
            holds=best["value"] >= self.score,
            scale=unit,
            k=rows.height,
            value=best["value"],
            low=best["low"],
            high=best["high"],
            threshold=self.score,
            numbers={"model": best["model_name"], "released_on": iso(best["released_on"])},
        )

    def _ahead(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Prediction:
        holds = self.verdict(evidence).holds
        if holds is None:
            return Prediction(probability=None)
        if holds:
            return Prediction(probability=1.0, stderr=0.0, expected=0.0)
        found = self.carried_on(evidence, deadline, rng, draws)
        target = fitted(self.score, self.scores(evidence), np.inf)
        if found is None or target is None:
            return Prediction(probability=None)
        (values,) = found.values.values()
        return Prediction.of(np.asarray((values >= float(target)).any(axis=0)), found.expected, found.line)


def best_of(rows: pl.DataFrame) -> dict[str, Any]:
    """The row with the highest value; of equals the first released."""
    return rows.sort("value", "released_on", "model_id", descending=[True, False, False], nulls_last=True).row(
        0, named=True
    )


def iso(day: date | None) -> str | None:
    """The day as it is stored."""
    return None if day is None else day.isoformat()
