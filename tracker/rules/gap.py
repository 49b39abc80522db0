"""The claim that thinking helps in a domain: its pooled gap lies above a margin, or above a share of another's."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from tracker.rules.arrivals import Statistics, simulate
from tracker.rules.rule import DAYS_A_YEAR, Evidence, Piece, Prediction, Rule, Verdict
from tracker.stats.evidence import FEWEST_CONVENTIONAL, once
from tracker.stats.flags import BLOCKING
from tracker.stats.pooling import FEWEST_TWINS, TWIN, Method, pool_twins, twin_effects

YEARS_LOOKED_BACK = 2
ELO = 400 / math.log(10)
OTHER_METHOD: dict[Method, Method] = {
    "paule-mandel": "dersimonian-laird",
    "dersimonian-laird": "paule-mandel",
}
Relation = Literal["same-weights", "same-base", "same-family", "same-lab"]


class GapRule(Rule):
    """The pooled gap of a domain exceeds a margin (`by` mean), or its whole 95 % interval does (`by` interval).

    `margin` is in log-odds; or `share` of the gap in the capability `share_of`, compared within each twin. `sources`
    null: all but `without_sources`. `admit`: blocking flags that do not keep a gap out.
    """

    kind: Literal["gap"]
    capability: str
    grading: Literal["verifiable", "proxy", "judged", "voted"]
    unit: Literal["fraction", "rating"]
    relations: Annotated[tuple[Relation, ...], Field(min_length=1)] = ("same-weights",)
    admissible: tuple[Relation, ...] = ()
    by: Literal["mean", "interval"]
    margin: float = 0.0
    share: Annotated[float, Field(gt=0, le=2)] | None = None
    share_of: str | None = None
    admit: tuple[str, ...] = ()
    without_sources: tuple[str, ...] = ()
    method: Method = "paule-mandel"

    @model_validator(mode="after")
    def _share_needs_both(self) -> Self:
        if (self.share is None) != (self.share_of is None):
            raise ValueError("share and share_of go together: how much of which capability's gap")
        if self.share is not None and self.margin:
            raise ValueError("a rule has a margin or a share of another gap, not both")
        if self.share_of == self.capability:
            raise ValueError("share_of names the capability itself: name another one")
        unknown = sorted(set(self.admit) - BLOCKING)
        if unknown:
            raise ValueError(f"admit holds {', '.join(unknown)}: allowed are {', '.join(sorted(BLOCKING))}")
        return self

    def words(self) -> str:
        pairs = " or ".join(relation.replace("-", " ") for relation in self.relations)
        graded = {"voted": "people vote", "judged": "a model judges", "verifiable": "answers are checked"}
        what = f"{self.capability.replace('-', ' ')}, where {graded.get(self.grading, 'a measure stands in for taste')}"
        against = f"{_amount(self.margin, self.unit)}"
        if self.share is not None and self.share_of is not None:
            against = f"{self.share:.0%} of the gap in {self.share_of.replace('-', ' ')}".replace("%", " %")
        subject = "the pooled gap" if self.by == "mean" else "the whole 95 % interval of the pooled gap"
        return f"In {what}, {subject} between reasoning and conventional models ({pairs}) lies above {against}."

    def verdict(self, evidence: Evidence) -> Verdict:
        twins = self.twins(evidence)
        result = pool_twins(twins, method=self.method)
        scale = "rating" if self.unit == "rating" else "log_odds"
        missing = self._missing(evidence, twins)
        if missing is not None:
            return Verdict(holds=None, scale=scale, k=result.k, threshold=self.margin, missing=missing)
        assert result.mean is not None
        assert result.low is not None
        reached = result.mean if self.by == "mean" else result.low
        return Verdict(
            holds=reached > self.margin,
            scale=scale,
            k=result.k,
            value=result.mean,
            low=result.low,
            high=result.high,
            threshold=self.margin,
            numbers={"tau2": result.tau2, "i2": result.i2, "positive": result.positive, "method": self.method},
        )

    def predict(self, evidence: Evidence, deadline: date, seed: int, draws: int = 4000) -> Prediction:
        if deadline <= evidence.as_of:
            holds = self.verdict(evidence).holds
            return Prediction(probability=None if holds is None else float(holds), stderr=0.0, expected=0.0)
        twins = self.twins(evidence)
        if self._missing(evidence, twins) is not None:
            return Prediction(probability=None)
        expected = self.expected(evidence, deadline)
        simulated = simulate(
            twins["value"].to_numpy(),
            twins["stderr"].to_numpy(),
            expected=expected,
            draws=draws,
            rng=np.random.default_rng(seed),
            method=self.method,
        )
        p = float(self._holds(simulated).mean())
        return Prediction(probability=p, stderr=math.sqrt(p * (1 - p) / draws), expected=expected, draws=draws)

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, Rule]]:
        gaps = self._domain(evidence, self.capability)
        found: list[tuple[str, Rule]] = []
        sources = sorted(source for source in gaps["source"].unique().to_list() if source is not None)
        if len(sources) > 1:
            found += [
                (f"without {source}", self._with(without_sources=(*self.without_sources, source))) for source in sources
            ]
        choices = (*self.relations, *(relation for relation in self.admissible if relation not in self.relations))
        if len(choices) > 1:
            found += [
                (f"{relation.replace('-', ' ')} alone", self._with(relations=(relation,))) for relation in choices
            ]
        found.append((_METHOD_NAMES[OTHER_METHOD[self.method]], self._with(method=OTHER_METHOD[self.method])))
        if set(self.admit) != BLOCKING:
            found.append(("with flagged gaps", self._with(admit=tuple(sorted(BLOCKING)))))
        return found

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        names = {}
        for row in evidence.gaps.iter_rows(named=True):
            names[row["reasoning_id"], row["conventional_id"]] = (
                f"{row['reasoning_name']} against {row['conventional_name']}"
            )
        return [Piece(key=twin, name=names[twin]) for twin in self.twins(evidence).select(TWIN).rows()]

    def without(self, evidence: Evidence, piece: Piece) -> Evidence:
        reasoning, conventional = piece.key
        keep = ~((pl.col("reasoning_id") == reasoning) & (pl.col("conventional_id") == conventional))
        return Evidence(evidence.as_of, evidence.gaps.filter(keep), evidence.first_seen, evidence.scores)

    def twins(self, evidence: Evidence) -> pl.DataFrame:
        """One row per twin that counts: its two ids, value and stderr of what the rule holds against the margin."""
        own = twin_effects(self._domain(evidence, self.capability), scale="log_odds", admit=self.admit)
        if self.share is None or self.share_of is None:
            return own
        other = twin_effects(self._domain(evidence, self.share_of), scale="log_odds", admit=self.admit)
        return (
            own.join(other, on=TWIN, suffix="_other")
            .sort(*TWIN)
            .select(
                *TWIN,
                value=pl.col("value") - self.share * pl.col("value_other"),
                stderr=(pl.col("stderr") ** 2 + (self.share * pl.col("stderr_other")) ** 2).sqrt(),
            )
        )

    def expected(self, evidence: Evidence, deadline: date) -> float:
        """How many new twins should arrive by the deadline: as many a year as in the 24 months up to the evidence."""
        domain = self._domain(evidence, self.capability)
        seen = evidence.first_seen.join(domain.select(*TWIN, "benchmark_id"), on=[*TWIN, "benchmark_id"], how="semi")
        first = seen.group_by(TWIN).agg(pl.col("first_on").min())
        since = evidence.as_of - timedelta(days=round(YEARS_LOOKED_BACK * DAYS_A_YEAR))
        arrived = first.filter(pl.col("first_on") > since).height
        return arrived / YEARS_LOOKED_BACK * (deadline - evidence.as_of).days / DAYS_A_YEAR

    def _domain(self, evidence: Evidence, capability: str) -> pl.DataFrame:
        source = pl.col("source").is_null() | ~pl.col("source").is_in(list(self.without_sources))
        return once(
            evidence.gaps.filter(
                pl.col("capability") == capability,
                pl.col("grading") == self.grading,
                pl.col("unit") == self.unit,
                pl.col("relation").is_in(list(self.relations)),
                ~pl.col("demonstration"),
                source,
            ),
            admit=self.admit,
        )

    def _missing(self, evidence: Evidence, twins: pl.DataFrame) -> str | None:
        """What the verdict lacks, as a sentence; null when nothing does."""
        measured = self._domain(evidence, self.capability)
        of = self.capability.replace("-", " ")
        if twins.height < FEWEST_TWINS:
            there = measured.select(TWIN).n_unique()
            return (
                f"{twins.height} of {there} pairs measured in {of} have a gap with a standard error and no blocking"
                f" flag; {FEWEST_TWINS} are needed."
            )
        if twins["conventional_id"].n_unique() < FEWEST_CONVENTIONAL:
            return f"All pairs in {of} are held against fewer than {FEWEST_CONVENTIONAL} conventional models."
        if self.share_of is not None:
            other = twin_effects(self._domain(evidence, self.share_of), scale="log_odds", admit=self.admit)
            low = pool_twins(other, method=self.method).low
            if low is None or low <= 0:
                return f"The gap in {self.share_of.replace('-', ' ')} is not told apart from nothing: no yardstick."
        return None

    def _holds(self, simulated: Statistics) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray((simulated.mean if self.by == "mean" else simulated.low) > self.margin)

    def _with(self, **changes: object) -> Self:
        return self.model_copy(update=changes)


_METHOD_NAMES: dict[Method, str] = {
    "paule-mandel": "spread after Paule and Mandel",
    "dersimonian-laird": "spread after DerSimonian and Laird",
}


def _amount(margin: float, unit: str) -> str:
    if not margin:
        return "0"
    return f"{margin * ELO:.0f} Elo" if unit == "rating" else f"odds {math.exp(margin):.2f} times as high"
