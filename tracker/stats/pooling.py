"""Many gaps as one number: combined within each twin, then by random effects over the twins.

Paule and Mandel 1982 or DerSimonian and Laird 1986 for the spread between twins, Hartung and Knapp 2001 for the
interval, Higgins, Thompson and Spiegelhalter 2009 for the prediction interval.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from tracker.stats.flags import BLOCKING

Method = Literal["paule-mandel", "dersimonian-laird"]
Scale = Literal["log_odds", "value"]

FEWEST_TWINS = 3
TWIN = ("reasoning_id", "conventional_id")
STDERR_OF: dict[Scale, str] = {"log_odds": "log_odds_stderr", "value": "stderr"}
NOT_NUMBERS = "values must be numbers, and standard errors numbers above 0"


class Combined(NamedTuple):
    """A mean weighted by 1/stderr², with its standard error."""

    value: float
    stderr: float


@dataclass(frozen=True)
class Pooled:
    """The mean over k twins and how far they spread, on the scale that was pooled.

    `stderr`, `low`, `high`: Hartung–Knapp, t(k−1). `model_stderr`: what it would be had τ² been known.
    `predicted_low`, `predicted_high`: where a new twin's true gap would lie, t(k−2). `i2` in [0, 1]: the share of the
    spread that is not measurement error. `positive`: how many of the k are above 0. With fewer than three twins every
    number but `k` and `positive` is None: the twins are shown and nothing is pooled.
    """

    k: int
    positive: int
    level: float
    method: Method
    mean: float | None = None
    stderr: float | None = None
    model_stderr: float | None = None
    low: float | None = None
    high: float | None = None
    predicted_low: float | None = None
    predicted_high: float | None = None
    tau2: float | None = None
    q: float | None = None
    i2: float | None = None


def inverse_variance(values: ArrayLike, stderrs: ArrayLike) -> Combined | None:
    """The mean weighted by 1/stderr²; None of nothing. Every stderr must be above 0."""
    effects, variances = _arrays(values, stderrs)
    if not effects.size:
        return None
    weights = 1 / variances
    return Combined(float(weights @ effects / weights.sum()), math.sqrt(1 / float(weights.sum())))


def pool(values: ArrayLike, stderrs: ArrayLike, *, method: Method = "paule-mandel", level: float = 0.95) -> Pooled:
    """Random effects over twins: one value and one stderr above 0 for each."""
    if method not in ("paule-mandel", "dersimonian-laird"):
        raise ValueError(f"method {method!r}: paule-mandel or dersimonian-laird")
    # Importing these takes half a second, which a command that pools nothing need not pay.
    from scipy.stats import t
    from statsmodels.stats.meta_analysis import combine_effects

    effects, variances = _arrays(values, stderrs)
    k = len(effects)
    positive = int((effects > 0).sum())
    if k < FEWEST_TWINS:
        return Pooled(k=k, positive=positive, level=level, method=method)
    # statsmodels leaves a negative DerSimonian–Laird τ² negative and divides by what it makes of the variances, and
    # its Paule–Mandel iteration answers 0 whenever rounding carries it past the root. So the one is cut off at 0, the
    # other is solved here, and with τ² added to the variances the "fixed effect" is the random-effects mean.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fixed = combine_effects(effects, variances, method_re="dl")
        tau2 = max(0.0, float(fixed.tau2)) if method == "dersimonian-laird" else _paule_mandel(effects, variances)
        random = combine_effects(effects, variances + tau2, method_re="dl")
    mean, stderr = float(random.mean_effect_fe), math.sqrt(float(random.var_hksj_fe))
    reach = float(t.isf((1 - level) / 2, k - 1)) * stderr
    predicted = float(t.isf((1 - level) / 2, k - 2)) * math.sqrt(tau2 + stderr**2)
    return Pooled(
        k=k,
        positive=positive,
        level=level,
        method=method,
        mean=mean,
        stderr=stderr,
        model_stderr=float(random.sd_eff_w_fe),
        low=mean - reach,
        high=mean + reach,
        predicted_low=mean - predicted,
        predicted_high=mean + predicted,
        tau2=tau2,
        q=float(fixed.q),
        i2=max(0.0, 1 - (k - 1) / float(fixed.q)) if fixed.q > 0 else 0.0,
    )


def blocked(admit: Collection[str] = ()) -> pl.Expr:
    """Whether a gap carries a blocking flag that is not admitted."""
    refused = list(BLOCKING - set(admit))
    return pl.col("flags").cast(pl.List(pl.String)).list.eval(pl.element().is_in(refused)).list.any().fill_null(False)


def twin_effects(
    gaps: pl.DataFrame, *, scale: Scale = "log_odds", admit: Collection[str] = (), by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per twin: reasoning_id, conventional_id, value, stderr, gaps (how many were combined).

    `gaps` needs the twin's two ids, `unit`, `flags` and the scale's value and stderr. Left out: gaps with a blocking
    flag that `admit` does not name, gaps without a stderr above 0, gaps without a value on this scale. The gaps of a
    twin are combined as `inverse_variance` does, as if independent. With `by`, a twin has a row for every combination
    of these columns, which come first. Raises ValueError for gaps in several units that `by` does not keep apart:
    being right and being preferred are not the same thing.
    """
    error = STDERR_OF[scale]
    units = sorted(gaps["unit"].unique().to_list())
    if len(units) > 1 and "unit" not in by:
        raise ValueError(f"gaps in {' and '.join(units)} are not pooled together: choose one unit")
    usable = gaps.filter(pl.col(scale).is_not_null(), pl.col(error) > 0, ~blocked(admit)).select(
        *by, *TWIN, value=scale, stderr=error
    )
    if not usable.select(pl.all_horizontal(pl.col("value", "stderr").is_finite().all())).item():
        raise ValueError(NOT_NUMBERS)
    weight = 1 / pl.col("stderr") ** 2
    # Floating-point sums depend on their order: sorted, the same gaps give the same number to the last digit.
    return (
        usable.sort(*by, *TWIN, "value", "stderr", nulls_last=True)
        .group_by(*by, *TWIN, maintain_order=True)
        .agg(
            value=(weight * pl.col("value")).sum() / weight.sum(),
            stderr=(1 / weight.sum()).sqrt(),
            gaps=pl.len().cast(pl.Int64),
        )
    )


def twin_differences(
    gaps: pl.DataFrame, other: pl.DataFrame, *, scale: Scale = "log_odds", admit: Collection[str] = ()
) -> pl.DataFrame:
    """One row per twin that has both domains: reasoning_id, conventional_id, value (gaps − other), stderr.

    The two domains' errors count as independent. Raises ValueError if the two are in different units.
    """
    units = sorted(set(gaps["unit"].unique()) | set(other["unit"].unique()))
    if len(units) > 1:
        raise ValueError(f"gaps in {' and '.join(units)} are not compared: choose one unit")
    first = twin_effects(gaps, scale=scale, admit=admit)
    second = twin_effects(other, scale=scale, admit=admit)
    return (
        first.join(second, on=TWIN, suffix="_other")
        .sort(*TWIN)
        .select(
            *TWIN,
            value=pl.col("value") - pl.col("value_other"),
            stderr=(pl.col("stderr") ** 2 + pl.col("stderr_other") ** 2).sqrt(),
        )
    )


def pool_twins(twins: pl.DataFrame, *, method: Method = "paule-mandel", level: float = 0.95) -> Pooled:
    """`pool` over the rows that `twin_effects` or `twin_differences` gives."""
    return pool(twins["value"].to_numpy(), twins["stderr"].to_numpy(), method=method, level=level)


def _paule_mandel(effects: NDArray[np.float64], variances: NDArray[np.float64]) -> float:
    """The τ² at which the weighted squares about the mean equal k − 1; 0 if they are below that already."""

    def excess(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        centre = weights @ effects / weights.sum()
        return float(weights @ (effects - centre) ** 2) - (len(effects) - 1)

    if excess(0.0) <= 0:
        return 0.0
    high = float(variances.max())
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=high * 1e-14, rtol=1e-14))


def _arrays(values: ArrayLike, stderrs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    effects, errors = np.asarray(values, dtype=float), np.asarray(stderrs, dtype=float)
    if effects.shape != errors.shape:
        raise ValueError(f"{effects.size} values but {errors.size} standard errors: each value needs one")
    if not (np.isfinite(effects).all() and np.isfinite(errors).all() and (errors > 0).all()):
        raise ValueError(NOT_NUMBERS)
    return effects, errors**2
