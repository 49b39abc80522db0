"""What rules about the best models share: which scores count, and where the best of each kind may stand later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from pydantic import Field

from tracker.rules.claim import Admitted, Day, Piece, Rule, last_look
from tracker.rules.evidence import OWN_RUNS, Evidence
from tracker.stats.flags import BLOCKING
from tracker.stats.trends import Floats, forward, placed, scale_of
from tracker.stats.trends_ahead import Ahead, Through, ahead

THROUGH_NAMES: dict[Through, str] = {
    "top": "carried on along the top of all models",
    "frontier": "carried on through the frontier's own points",
    "alike": "carried on as if both kinds climbed alike",
}
# Flags of a comparison, not of a run: either score may stand alone.
OF_PAIRS = frozenset({"unequal-settings", "log-likelihood"})


class FrontierRule(Rule):
    """About the best models on a benchmark.

    `since`: models released before it do not count towards what comes. `through`: what is carried on, see
    `tracker.stats.trends_ahead`. `admit`: blocking flags that do not keep a score out. `without_sources`: titles of
    publications whose scores are left out, OWN_RUNS for runs that nobody published.
    """

    benchmark: Annotated[str, Field(min_length=1)]
    through: Through = "top"
    since: Day | None = None
    admit: Admitted = ()
    without_sources: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it is about; empty: all models together."""
        raise NotImplementedError

    def variants(self, evidence: Evidence) -> Sequence[tuple[str, Rule]]:
        measured = self._measured(evidence)
        found: list[tuple[str, Rule]] = []
        sources = sorted(measured["source"].fill_null(OWN_RUNS).unique())
        if len(sources) > 1:
            found += [
                (f"without {source}", self._with(without_sources=(*self.without_sources, source))) for source in sources
            ]
        others = [through for through in THROUGH_NAMES if through != self.through]
        found += [
            (THROUGH_NAMES[other], self._with(through=other))
            for other in others
            if other != "alike" or len(self.kinds) > 1
        ]
        if measured["blocked"].any():
            found.append(("with flagged scores", self._with(admit=tuple(sorted(BLOCKING)))))
        return found

    def pieces(self, evidence: Evidence) -> Sequence[Piece]:
        rows = self.scores(evidence)
        dated = rows.filter(pl.col("released_on").is_not_null())
        best = rows.filter((pl.col("value") == pl.col("value").max()).over("kind"))
        chosen = pl.concat([placed(dated).filter("frontier").select(best.columns), best]).unique("model_id")
        return [
            Piece(key=(model,), name=name)
            for model, name in chosen.sort("model_id").select("model_id", "model_name").rows()
        ]

    def looked_at(self, evidence: Evidence) -> pl.DataFrame:
        """The scores on its benchmark: as `db.queries.trends.scores` gives them."""
        return self._measured(evidence)

    def looked_on(self, evidence: Evidence) -> date:
        def find() -> date:
            measured = self._measured(evidence)
            return last_look(measured, measured.filter(~pl.col("blocked")), evidence.as_of)

        return evidence.once(("looked on", *self._asked()), find)

    def scores(self, evidence: Evidence) -> pl.DataFrame:
        """One row per model that counts, less those left out; `kind` is one for all where the rule takes all."""
        rows = evidence.once(("counted", *self._asked()), lambda: self._measured(evidence).filter(~pl.col("blocked")))
        if not evidence.left_out:
            return rows
        gone = [key[0] for key in evidence.left_out if len(key) == 1]
        return rows.filter(~pl.col("model_id").is_in(gone))

    def carried_on(self, evidence: Evidence, deadline: date, rng: np.random.Generator, draws: int) -> Ahead | None:
        """Releases up to the deadline, from the day the benchmark was last looked at; None: too few models for it.

        The best so far is that of all scores, of whatever date.
        """
        rows = self.scores(evidence)
        counted = rows["n"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        values = fitted(rows["value"].to_numpy(), rows, counted)
        if values is None:
            return None
        models = rows.select("model_id", "kind", "lab", "released_on", value=pl.Series(values, dtype=pl.Float64))
        dated = models.filter(pl.col("released_on") >= (self.since or date.min))
        if dated["kind"].n_unique() < max(len(self.kinds), 1):
            return None
        looked_on = self.looked_on(evidence)
        found = ahead(dated, looked_on=looked_on, until=deadline, rng=rng, draws=draws, through=self.through)
        if found is None:
            return None
        of_kind = rows["kind"].to_numpy()
        return replace(found, best={kind: float(values[of_kind == kind].max()) for kind in found.best})

    def _measured(self, evidence: Evidence) -> pl.DataFrame:
        return evidence.once(("scores", *self._asked()), lambda: self._find(evidence))

    def _asked(self) -> tuple[object, ...]:
        return (self.benchmark, self.kinds, self.admit, self.without_sources)

    def _find(self, evidence: Evidence) -> pl.DataFrame:
        refused = sorted(BLOCKING - OF_PAIRS - set(self.admit))
        rows = evidence.scores.filter(
            pl.col("benchmark_id") == self.benchmark,
            ~pl.col("source").fill_null(OWN_RUNS).is_in(list(self.without_sources)),
        ).with_columns(blocked=pl.col("flags").list.set_intersection(refused).list.len() > 0)
        if self.kinds:
            return rows.filter(pl.col("kind").is_in(list(self.kinds)))
        # `placed` knows two kinds; all models together are one.
        return rows.with_columns(kind=pl.lit("reasoning"))

    def _with(self, **changes: Any) -> Self:
        return self.model_copy(update=changes)


def fitted(values: ArrayLike, rows: pl.DataFrame, n: ArrayLike | None = None) -> Floats | None:
    """Values on the scale that the benchmark of these scores is carried on; None where it has none."""
    if rows.is_empty():
        return None
    unit, ceiling = rows["unit"][0], rows["ceiling"][0]
    scale = scale_of(unit, ceiling)
    return None if scale is None else forward(values, scale, ceiling, n)
