"""What every kind of rule has in common, and what it answers: a verdict on evidence, a probability for a later day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tracker.rules.evidence import Evidence, FutureEvidence
from tracker.stats.flags import BLOCKING

Number = Annotated[float, Field(strict=True)]
Share = Annotated[Number, Field(ge=0, le=1)]
Day = Annotated[date, Field(strict=True)]
DRAWS = 4000
FARTHEST = timedelta(days=3653)
"""Nothing is said of a deadline that lies further ahead than ten years: nothing here was ever tried on such a span."""
HALF_A_DAY = timedelta(hours=12)
OVERALL = "general"
"""The capability of benchmarks over all kinds of text."""
FRESH = 31
"""Evidence that was read less than so many days before a deadline decides it."""


def _blocking(flags: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(set(flags) - BLOCKING)
    if unknown:
        raise ValueError(f"admit holds {', '.join(unknown)}: allowed are {', '.join(sorted(BLOCKING))}")
    return flags


Admitted = Annotated[tuple[str, ...], AfterValidator(_blocking)]


def in_plain(capability: str) -> str:
    """A capability as the words of a rule have it: "creative writing", "all text"."""
    return "all text" if capability == OVERALL else capability.replace("-", " ")


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

    `stderr`: the error of the simulation alone (of pooled effects: at most); not 0 where every draw agrees.
    `expected`: how many twins or models are expected to arrive. `draws` 0: nothing was simulated, since the rule is
    decided; only then is it 0 or 1.
    """

    probability: float | None
    stderr: float | None = None
    expected: float | None = None
    draws: int = 0

    @classmethod
    def of(
        cls,
        holds: np.ndarray[Any, np.dtype[np.bool_]],
        expected: float,
        shared: np.ndarray[Any, np.dtype[np.intp]] | None = None,
    ) -> "Prediction":
        """The share of draws in which the rule holds, after Jeffreys: all of them are no certainty.

        `shared`: which draws have something drawn in common, by number; the error is then that of so many groups, and
        never less than that of draws on their own.
        """
        held, draws = int(holds.sum()), holds.size
        near = (held + 0.5) / (draws + 1)
        variance = near * (1 - near) / draws
        if shared is not None:
            off = np.bincount(shared, weights=holds - near)
            variance = max(variance, float((off**2).sum()) / draws**2)
        return cls(near, float(np.sqrt(variance)), expected, draws)


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

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    driver_draws: ClassVar[int] = 800
    """Of each probability with one piece left out."""
    least_moved: ClassVar[float] = 0.05
    """What moves P(YES) by less is not told from the noise of those draws: twice its standard deviation, about. In
    simulated worlds that is 3.8 points of P(rule) in the middle for rules about the best models."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    fidelity: Share = 1.0
    otherwise: Share = 0.5
    deadline: Day | None = None
    why: Annotated[str, Field(min_length=1)]

    def words(self) -> str:
        """The rule in plain words: what must be true."""
        raise NotImplementedError

    def verdict(self, evidence: Evidence) -> Verdict:
        """Whether it holds on the evidence."""
        raise NotImplementedError

    def predict(self, evidence: Evidence, deadline: date, seed: int, draws: int = DRAWS) -> Prediction:
        """How likely it is to hold at the deadline, seen from the day of the evidence; on that day, whether it does.

        Where its sources were last read FRESH days before the deadline or earlier, the deadline decides nothing: what
        has come since is still to be expected. Of a deadline further ahead than FARTHEST nothing is said (null). The
        same evidence, deadline and seed give the same number to the last
        digit. Raises FutureEvidence where the evidence is later than the deadline: past it, the evidence of the
        deadline decides.
        """
        if evidence.as_of > deadline:
            raise FutureEvidence(f"evidence as of {evidence.as_of} is later than the deadline, {deadline}.")
        if evidence.as_of == deadline and (deadline - self.looked_on(evidence)).days < FRESH:
            holds = self.verdict(evidence).holds
            return Prediction(None) if holds is None else Prediction(float(holds), stderr=0.0, expected=0.0)
        if deadline - evidence.as_of > FARTHEST:
            return Prediction(probability=None)
        return self._ahead(evidence, deadline, np.random.default_rng(seed), draws)

    def ends_on(self, closes_at: datetime | None) -> date | None:
        """Until when it has to hold: its own deadline, else the day its question closes; null: not known.

        A question that closes in the night or the morning (UTC) closes with the day before, as sites mean it.
        """
        return self.deadline or (None if closes_at is None else (closes_at - HALF_A_DAY).date())

    def looked_on(self, evidence: Evidence) -> date:
        """The last day on which its sources were read; the day of the evidence where there are none.

        What appeared since is not in the evidence, and not known not to have appeared.
        """
        raise NotImplementedError

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, "Rule"]]:
        """The same claim under other defensible choices, each with its name."""
        raise NotImplementedError

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        """What it rests on, piece by piece."""
        raise NotImplementedError

    def looked_at(self, evidence: Evidence) -> pl.DataFrame:
        """Every row of the evidence that bears on it, with `blocked`: whether a flag keeps it out. Columns by kind."""
        raise NotImplementedError

    def without(self, evidence: Evidence, piece: Piece) -> Evidence:
        """The evidence with one piece left out."""
        return evidence.without(piece.key)

    def p_yes(self, p_rule: float | None) -> float | None:
        """P(YES) of the question: fidelity·P(rule) + (1 − fidelity)·otherwise; null where P(rule) is."""
        return None if p_rule is None else self.fidelity * p_rule + (1 - self.fidelity) * self.otherwise

    def _ahead(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Prediction:
        """`predict` where there is time until the deadline; null where there is no verdict."""
        raise NotImplementedError


def last_look(read: pl.DataFrame, used: pl.DataFrame, otherwise: date) -> date:
    """The latest day of anything `read` from the source that most of what is `used` comes from.

    Another source's day says nothing of it: one score of last night does not mean that a leaderboard was read again.
    Of sources that bring as much the one read earlier. Both frames have `source` (null: our own runs), `read` also
    `finished_at`.
    """
    counted = used.group_by("source").len("used")
    latest = read.group_by("source").agg(pl.col("finished_at").max())
    sources = counted.join(latest, on="source", nulls_equal=True).drop_nulls("finished_at")
    if sources.is_empty():
        return otherwise
    chosen = sources.sort("used", "finished_at", descending=[True, False])["finished_at"][0]
    return chosen.date() if isinstance(chosen, datetime) else otherwise
