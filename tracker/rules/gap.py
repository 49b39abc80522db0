"""The claim that thinking helps in a domain: its pooled gap lies above a margin, or above a share of another's."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from tracker.rules.claim import Admitted, Number, Rule, Verdict, in_plain, last_look
from tracker.rules.evidence import OWN_RUNS, Evidence
from tracker.rules.pooled import PooledRule, Units
from tracker.stats.evidence import FEWEST_CONVENTIONAL, once
from tracker.stats.flags import BLOCKING
from tracker.stats.gaps import LOG_ODDS_PER_RATING_POINT
from tracker.stats.pooling import FEWEST_TWINS, TWIN, blocked, twin_effects

# Rating points that one log-odds is.
ELO = 1 / LOG_ODDS_PER_RATING_POINT
Relation = Literal["same-weights", "same-base", "same-family", "same-lab"]
GRADED = {"voted": "people vote", "judged": "a model judges", "verifiable": "answers are checked"}


class GapRule(PooledRule):
    """The pooled gap of a domain exceeds a margin (`by` mean), or its whole 95 % interval does (`by` interval).

    `margin` is in log-odds, `margin_elo` in rating points; or `share` of the gap in the capability `share_of`,
    compared within each twin. `admissible`: relations that could be asked for as well; a variant takes each alone.
    `admit`: blocking flags that do not keep a gap out. `without_sources`: titles of publications whose gaps are left
    out, OWN_RUNS for those that nobody published.
    """

    kind: Literal["gap"]
    capability: Annotated[str, Field(min_length=1)]
    grading: Literal["verifiable", "proxy", "judged", "voted"]
    unit: Literal["fraction", "rating"]
    relations: Annotated[tuple[Relation, ...], Field(min_length=1)] = ("same-weights",)
    admissible: tuple[Relation, ...] = ()
    margin: Number = 0.0
    margin_elo: Number | None = None
    share: Annotated[Number, Field(gt=0, le=2)] | None = None
    share_of: Annotated[str, Field(min_length=1)] | None = None
    admit: Admitted = ()
    without_sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.share is None) != (self.share_of is None):
            raise ValueError("share and share_of go together: how much of which capability's gap")
        if self.margin_elo is not None and (self.margin or self.unit != "rating"):
            raise ValueError("margin_elo stands in the place of margin, and only where unit is rating")
        if self.share is not None and (self.margin or self.margin_elo):
            raise ValueError("a rule has a margin or a share of another gap, not both")
        if self.share_of == self.capability:
            raise ValueError("share_of names the capability itself: name another one")
        return self

    def words(self) -> str:
        pairs = " or ".join(_plain(relation) for relation in self.relations)
        what = f"{in_plain(self.capability)}, where {GRADED.get(self.grading, 'a measure stands in for taste')}"
        subject = "the pooled gap" if self.by == "mean" else "the whole 95 % interval of the pooled gap"
        against = _amount(self.least, self.unit)
        if self.share is not None and self.share_of is not None:
            against = f"{100 * self.share:.0f} % of that in {in_plain(self.share_of)}, compared within each pair"
        return f"In {what}, {subject} between reasoning and conventional models ({pairs}) lies above {against}."

    def verdict(self, evidence: Evidence) -> Verdict:
        verdict = super().verdict(evidence)
        if self.share_of is None:
            return verdict
        # A sentence about a share names both gaps; the statistic is their contrast.
        for name, units in (("own", self._single(evidence, self.capability)), ("other", self.yardstick(evidence))):
            result = units.pooled(self.method)
            if result.mean is not None and result.low is not None and result.high is not None:
                verdict.numbers[name] = [number * self.scale[1] for number in (result.mean, result.low, result.high)]
        return verdict

    @property
    def scale(self) -> tuple[str, float]:
        return ("rating", ELO) if self.unit == "rating" else ("log_odds", 1.0)

    @property
    def least(self) -> float:
        return self.margin if self.margin_elo is None else self.margin_elo * LOG_ODDS_PER_RATING_POINT

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, Rule]]:
        measured = self._domain(evidence, self.capability)
        found: list[tuple[str, Rule]] = []
        sources = sorted(measured["source"].fill_null(OWN_RUNS).unique())
        if len(sources) > 1:
            found += [
                (f"without {source}", self._with(without_sources=(*self.without_sources, source))) for source in sources
            ]
        choices = (*self.relations, *(relation for relation in self.admissible if relation not in self.relations))
        if len(choices) > 1:
            alone = [(relation,) for relation in choices if (relation,) != self.relations]
            found += [(f"{_plain(relations[0])} alone", self._with(relations=relations)) for relations in alone]
        found += [(name, self._with(**changes)) for name, changes in self.other_choices()]
        both = [measured] if self.share_of is None else [measured, self._domain(evidence, self.share_of)]
        if any(gaps["blocked"].any() for gaps in both):
            found.append(("with flagged gaps", self._with(admit=tuple(sorted(BLOCKING)))))
        return found

    def looked_at(self, evidence: Evidence) -> pl.DataFrame:
        """The gaps of its domain, and of the one it is measured by: as `db.queries.gaps.gaps` gives them."""
        return pl.concat(
            [self._domain(evidence, name) for name in (self.capability, self.share_of) if name is not None]
        )

    def units(self, evidence: Evidence) -> Units:
        asked = ("units", self._asked(self.capability), self.share, self.share_of)
        return evidence.once(asked, lambda: self._units(evidence)).without(evidence.left_out)

    def yardstick(self, evidence: Evidence) -> Units:
        """The pairs of the domain whose gap is the measure; none where the rule has a margin."""
        return (
            Units((), (), np.empty(0), np.empty(0), ())
            if self.share_of is None
            else self._single(evidence, self.share_of)
        )

    def missing(self, evidence: Evidence) -> str | None:
        units, of = self.units(evidence), in_plain(self.capability)
        if len(units.keys) < FEWEST_TWINS:
            there = len(set(self._seen(evidence).select(TWIN).unique().rows()) - evidence.left_out)
            also = "" if self.share_of is None else f", here and in {in_plain(self.share_of)}"
            return (
                f"{len(units.keys)} of {there} pairs measured in {of} have a gap with a standard error and no blocking"
                f" flag{also}; {FEWEST_TWINS} are needed."
            )
        if len({key[1] for key in units.keys}) < FEWEST_CONVENTIONAL:
            return f"All pairs in {of} are held against fewer than {FEWEST_CONVENTIONAL} conventional models."
        if self.share_of is not None and not self.yardstick(evidence).low(self.method) > 0:
            return f"The gap in {in_plain(self.share_of)} is not told apart from nothing: no yardstick."
        return None

    def looked_on(self, evidence: Evidence) -> date:
        def find() -> date:
            # A publication is read as a whole; of our own runs those of this domain say when it was last measured.
            read = evidence.gaps.filter(
                pl.col("grading") == self.grading,
                pl.col("unit") == self.unit,
                pl.col("source").is_not_null() | (pl.col("capability") == self.capability),
                ~pl.col("demonstration"),
            )
            return last_look(read, self._domain(evidence, self.capability).filter(~pl.col("blocked")), evidence.as_of)

        return evidence.once(("looked on", self._asked(self.capability)), find)

    def _units(self, evidence: Evidence) -> Units:
        own = self._effects(evidence, self.capability)
        if self.share is None or self.share_of is None:
            return Units.of(own, TWIN)
        other = self._effects(evidence, self.share_of)
        rows = own.join(other, on=TWIN, suffix="_other").sort(*TWIN)
        return Units.of(
            rows.with_columns(
                value=pl.col("value") - self.share * pl.col("value_other"),
                stderr=(pl.col("stderr") ** 2 + (self.share * pl.col("stderr_other")) ** 2).sqrt(),
                # Both must be there for the pair to count; where one day is not known, neither is the later one.
                first_on=pl.when(pl.all_horizontal(pl.col("first_on", "first_on_other").is_not_null())).then(
                    pl.max_horizontal("first_on", "first_on_other")
                ),
            ),
            TWIN,
        )

    def _single(self, evidence: Evidence, capability: str) -> Units:
        """The pairs of one capability, whatever the rule compares them with."""
        asked = ("single", self._asked(capability))
        units = evidence.once(asked, lambda: Units.of(self._effects(evidence, capability), TWIN))
        return units.without(evidence.left_out)

    def _effects(self, evidence: Evidence, capability: str) -> pl.DataFrame:
        """One row per pair that counts: its two ids, value, stderr, name, first_on."""
        gaps = self._domain(evidence, capability)
        effects = twin_effects(gaps, scale="log_odds", admit=self.admit)
        name = pl.format("{} against {}", "reasoning_name", "conventional_name")
        names = gaps.unique(TWIN, keep="first", maintain_order=True).select(*TWIN, name=name)
        first = (
            evidence.first_seen.join(gaps.filter(~pl.col("blocked")), on=[*TWIN, "benchmark_id"], how="semi")
            .group_by(TWIN)
            .agg(pl.col("first_on").min())
        )
        return effects.join(names, on=TWIN, how="left").join(first, on=TWIN, how="left").sort(*TWIN)

    def _domain(self, evidence: Evidence, capability: str) -> pl.DataFrame:
        """The gaps that the rule looks at, each answer once, with `blocked`."""
        return evidence.once(("domain", self._asked(capability)), lambda: self._measured(evidence, capability))

    def _measured(self, evidence: Evidence, capability: str) -> pl.DataFrame:
        gaps = evidence.gaps.filter(
            pl.col("capability") == capability,
            pl.col("grading") == self.grading,
            pl.col("unit") == self.unit,
            pl.col("relation").is_in(list(self.relations)),
            ~pl.col("demonstration"),
            ~pl.col("source").fill_null(OWN_RUNS).is_in(list(self.without_sources)),
        )
        return once(gaps, admit=self.admit).with_columns(blocked=blocked(self.admit))

    def _seen(self, evidence: Evidence) -> pl.DataFrame:
        """The domain's gaps in whatever unit: what is measured, whether or not it can be pooled."""
        return evidence.gaps.filter(
            pl.col("capability") == self.capability,
            pl.col("grading") == self.grading,
            pl.col("relation").is_in(list(self.relations)),
            ~pl.col("demonstration"),
        )

    def _asked(self, capability: str) -> tuple[object, ...]:
        """What `_domain` depends on."""
        return (capability, self.grading, self.unit, self.relations, self.admit, self.without_sources)

    def _with(self, **changes: object) -> Self:
        return self.model_copy(update=changes)


def _plain(word: str) -> str:
    return word.replace("-", " ")


def _amount(margin: float, unit: str) -> str:
    if not margin:
        return "0"
    if unit == "rating":
        return f"{margin * ELO:.0f} Elo".replace("-", "−")
    return f"odds {math.exp(margin):.2f} times as high"
