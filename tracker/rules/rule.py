"""What every rule is given and what it answers: evidence of a day, a verdict on it, a probability for a later day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
DAYS_A_YEAR = 365.25


class FutureEvidence(ValueError):
    """Evidence dated after the day it is to be judged on, or not dated at all."""


@dataclass(frozen=True)
class Evidence:
    """What was known at the end of a day. Raises FutureEvidence for a row that is dated later, or not dated.

    gaps        as `db.queries.gaps.gaps` gives them as of the day
    first_seen  reasoning_id, conventional_id, benchmark_id, first_on: when a twin was first measured there
    scores      as `db.queries.trends.scores` gives them as of the day
    """

    as_of: date
    gaps: pl.DataFrame
    first_seen: pl.DataFrame
    scores: pl.DataFrame

    def __post_init__(self) -> None:
        for name, column in (("gaps", "finished_at"), ("first_seen", "first_on"), ("scores", "finished_at")):
            dates = getattr(self, name)[column].cast(pl.Date)
            late = dates.filter(dates.is_null() | (dates > self.as_of))
            if len(late):
                shown = late.drop_nulls().max()
                what = f"one of {shown}" if shown is not None else "one without a date"
                raise FutureEvidence(
                    f"{name} as of {self.as_of} hold {len(late)} rows that were not known then: {what}"
                )


@dataclass(frozen=True)
class Verdict:
    """Whether a rule holds on its evidence. `holds` None: too little evidence, and `missing` says what.

    `value`, `low`, `high`: the rule's statistic with its 95 % interval, on `scale`; `threshold`: what it is held
    against. `k`: how many twins (or models) it rests on. `numbers`: whatever else a sentence about it needs.
    """

    holds: bool | None
    scale: str
    k: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    missing: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """yes, no or too-little: what is stored."""
        return {True: "yes", False: "no", None: "too-little"}[self.holds]


@dataclass(frozen=True)
class Prediction:
    """How likely a rule is to hold at its deadline. `probability` None: nothing to say it from.

    `stderr`: the error of the simulation alone. `expected`: how many twins or models are expected to arrive.
    """

    probability: float | None
    stderr: float | None = None
    expected: float | None = None
    draws: int = 0


@dataclass(frozen=True)
class Piece:
    """A piece of evidence that can be left out: its key, and how it is named to a reader."""

    key: tuple[str, ...]
    name: str


class Rule(BaseModel):
    """What all kinds of rule share: how it is named, how well it stands for its question, and until when.

    `fidelity`: how likely it is that the resolver agrees with the rule; `otherwise`: how likely YES is where not.
    `deadline` null: the question's own close.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    fidelity: Share = 1.0
    otherwise: Share = 0.5
    deadline: date | None = None
    why: Annotated[str, Field(min_length=1)]

    def words(self) -> str:
        """The rule in plain words: what must be true."""
        raise NotImplementedError

    def verdict(self, evidence: Evidence) -> Verdict:
        """Whether it holds on the evidence."""
        raise NotImplementedError

    def predict(self, evidence: Evidence, deadline: date, seed: int, draws: int = 4000) -> Prediction:
        """How likely it is to hold at the deadline, seen from the day of the evidence."""
        raise NotImplementedError

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, "Rule"]]:
        """The same claim under other defensible choices, each with its name."""
        raise NotImplementedError

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        """What it rests on, piece by piece."""
        raise NotImplementedError

    def without(self, evidence: Evidence, piece: Piece) -> Evidence:
        """The evidence with one piece left out."""
        raise NotImplementedError

    def p_yes(self, p_rule: float | None) -> float | None:
        """P(YES) of the question: fidelity·P(rule) + (1 − fidelity)·otherwise; null where P(rule) is."""
        return None if p_rule is None else self.fidelity * p_rule + (1 - self.fidelity) * self.otherwise
