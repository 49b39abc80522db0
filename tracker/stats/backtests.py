"""What the back-tests of a question said, month by month, beside what others had said by then."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import polars as pl

OURS = ("as_of", "rule_id", "verdict", "p_rule", "p_yes")


class Compared(NamedTuple):
    """Ours and another's over the months for which both are known. `apart`: the mean distance of their probabilities.

    `ours`, `theirs`: Brier scores, each the mean over those months; null while the question is not resolved.
    """

    months: int
    apart: float
    ours: float | None
    theirs: float | None


def by_month(estimates: pl.DataFrame, stood: pl.DataFrame, resolved_at: datetime | None) -> pl.DataFrame:
    """A row for each month: OURS, of the question's first rule, and a column for each other forecaster's probability.

    estimates    one question's, as `db.queries.estimates.estimates` gives them: the back-tests are taken
    stood        what others said of it, as `db.queries.forecasts.daily` gives it
    resolved_at  from then on nobody's forecast stands; null: it is open

    A probability is null where nothing stood at the end of that day (UTC).
    """
    # A rule that came first once and has been taken back may have left back-tests of the same days.
    told = estimates.filter("backtest", "headline").sort("computed_at")
    months = told.unique("as_of", keep="last").select(OURS).sort("as_of")
    if resolved_at is not None:
        months = months.filter(pl.col("as_of") < resolved_at.date())
    others = stood.filter(pl.col("kind").is_in(["market", "person"])).sort("kind", "forecaster", "on")
    for (name,), said in others.partition_by("forecaster", as_dict=True, maintain_order=True).items():
        steps = said.select(as_of="on", **{str(name): "probability"}).sort("as_of")
        months = months.join_asof(steps, on="as_of")
    return months


def others_in(months: pl.DataFrame) -> list[str]:
    """The forecasters that `by_month` found."""
    return [name for name in months.columns if name not in OURS]


def compared(months: pl.DataFrame, other: str, resolution: float | None) -> Compared | None:
    """Ours against another's, over the months for which both are known; null: there is none."""
    both = months.drop_nulls(["p_yes", other])
    if both.is_empty():
        return None
    errors: Mapping[str, pl.Expr] = {"apart": (pl.col("p_yes") - pl.col(other)).abs().mean()}
    if resolution is not None:
        errors = {
            **errors,
            "ours": ((pl.col("p_yes") - resolution) ** 2).mean(),
            "theirs": ((pl.col(other) - resolution) ** 2).mean(),
        }
    found = both.select(**errors).row(0, named=True)
    return Compared(both.height, found["apart"], found.get("ours"), found.get("theirs"))
