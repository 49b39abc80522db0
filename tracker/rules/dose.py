"""The claim that more thinking raises the score: the pooled slope per doubling of tokens lies above a margin."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

import polars as pl
from pydantic import Field

from tracker.rules.claim import Admitted, Number, Rule, in_plain, last_look
from tracker.rules.evidence import OWN_RUNS, Evidence
from tracker.rules.gap import GRADED
from tracker.rules.pooled import PooledRule, Units
from tracker.stats.doses import slopes
from tracker.stats.flags import BLOCKING
from tracker.stats.pooling import FEWEST_TWINS, blocked


class DoseRule(PooledRule):
    """The slope of log-odds per doubling of the tokens written, pooled over weights measured at several doses.

    `margin`: in log-odds per doubling. `admit`, `without_sources`: as in a gap rule.
    """

    kind: Literal["dose"]
    capability: Annotated[str, Field(min_length=1)]
    grading: Literal["verifiable", "proxy", "judged", "voted"]
    unit: Literal["fraction", "rating"] = "fraction"
    margin: Number = 0.0
    admit: Admitted = ()
    without_sources: tuple[str, ...] = ()

    def words(self) -> str:
        what = f"{in_plain(self.capability)}, where {GRADED.get(self.grading, 'a measure stands in for taste')}"
        subject = "the odds of a better answer" if self.unit == "rating" else "the odds of a right answer"
        whole = "on average" if self.by == "mean" else "on the whole 95 % interval"
        much = "" if not self.margin else f" by more than a factor of {math.exp(self.margin):.2f}"
        return (
            f"In {what}, {subject} rise{much} with each doubling of the tokens that the same weights write, {whole}"
            " over weights."
        )

    @property
    def scale(self) -> tuple[str, float]:
        return "log_odds", 1.0

    @property
    def least(self) -> float:
        return self.margin

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, Rule]]:
        measured = self._measured(evidence)
        found: list[tuple[str, Rule]] = []
        sources = sorted(measured["source"].fill_null(OWN_RUNS).unique())
        if len(sources) > 1:
            found += [
                (f"without {source}", self._with(without_sources=(*self.without_sources, source))) for source in sources
            ]
        found += [(name, self._with(**changes)) for name, changes in self.other_choices()]
        flagged = self._with(admit=tuple(sorted(BLOCKING)))
        if len(flagged.units(evidence).keys) != len(self.units(evidence).keys):
            found.append(("with flagged scores", flagged))
        return found

    def looked_at(self, evidence: Evidence) -> pl.DataFrame:
        """The scores of weights measured at several amounts of thinking: as `db.queries.doses.doses` gives them."""
        return self._measured(evidence).with_columns(blocked=blocked(self.admit))

    def units(self, evidence: Evidence) -> Units:
        asked = ("slopes", self.capability, self.grading, self.unit, self.admit, self.without_sources)
        return evidence.once(asked, lambda: self._units(evidence)).without(evidence.left_out)

    def missing(self, evidence: Evidence) -> str | None:
        there = len(self.units(evidence).keys)
        if there >= FEWEST_TWINS:
            return None
        return (
            f"{there} {'set of weights has' if there == 1 else 'sets of weights have'} scores at several amounts of"
            f" thinking in {in_plain(self.capability)}; {FEWEST_TWINS} are needed."
        )

    def looked_on(self, evidence: Evidence) -> date:
        asked = ("doses looked on", self.capability, self.grading, self.unit, self.without_sources)
        measured = self._measured(evidence)
        return evidence.once(asked, lambda: last_look(measured, measured, evidence.as_of))

    def _units(self, evidence: Evidence) -> Units:
        found = slopes(self._measured(evidence), admit=self.admit)
        return Units.of(found.with_columns(name=pl.col("weights")), ["weights"])

    def _measured(self, evidence: Evidence) -> pl.DataFrame:
        return evidence.doses.filter(
            pl.col("capability") == self.capability,
            pl.col("grading") == self.grading,
            pl.col("unit") == self.unit,
            ~pl.col("source").fill_null(OWN_RUNS).is_in(list(self.without_sources)),
        )

    def _with(self, **changes: Any) -> Self:
        return self.model_copy(update=changes)
