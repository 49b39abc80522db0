"""A question that no evidence of ours decides: only people's and markets' forecasts are shown."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from tracker.rules.claim import Piece, Prediction, Rule, Verdict
from tracker.rules.evidence import Evidence


class NoRule(Rule):
    """`because`: why nothing that is measured here would decide the question."""

    kind: Literal["none"]
    id: str = "none"
    name: str = "No rule"
    why: str = "Nothing that is measured here stands for the question."
    because: Annotated[str, Field(min_length=1)]

    def words(self) -> str:
        return f"No rule: {self.because}"

    def verdict(self, evidence: Evidence) -> Verdict:
        return Verdict(holds=None, scale="none", k=0, missing=self.because)

    def looked_at(self, evidence: Evidence) -> pl.DataFrame:
        return pl.DataFrame()

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, Rule]]:
        return []

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        return []

    def _ahead(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Prediction:
        return Prediction(probability=None)
