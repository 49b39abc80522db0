"""How a pooled effect may look once more of its units are measured: what is believed of them now, what could arrive.

y_i ~ N(θ_i, v_i), θ_i ~ N(μ, τ²), μ ~ N(0, 1), τ ~ half-normal(0.5), in log-odds. μ is integrated out, τ stays on a
grid; units yet to come have errors as large as those seen, and effects from N(μ, τ²). A unit is a twin and its gap, or
a set of weights and its slope.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from tracker.stats.pooling import FEWEST_TWINS, Method

Floats = NDArray[np.float64]

PRIOR_MEAN_SD = 1.0
PRIOR_SPREAD_SD = 0.5
# Half-normal(0.5) has less than 1e-6 of its mass beyond 2.5. Steps grow with τ: gaps of votes spread by hundredths, and
# even steps would leave a few of them there. The mean of τ is right to four digits.
POINTS = 400
_SHARES = (np.arange(POINTS) + 0.5) / POINTS
GRID = 2.5 * _SHARES**2
_LOG_STEPS = np.log(_SHARES)
MOST_STEPS = 60
MOST_CARRIED = 0.7
# Of Newton's last step, as a share of the total variance; what is left after it is about its square.
CLOSE_ENOUGH = 1e-5
# The variance of a unit that does not count: its weight is exactly 0.
NOT_THERE = np.inf
# Rounding must not reach 0 or 1, where a normal deviate has no end.
INSIDE = (2.0**-54, 1 - 2.0**-53)
# So many draws are pooled at a time: the arrays of each step stay in the processor's cache.
BLOCK = 500


@dataclass(frozen=True)
class Posterior:
    """What is believed of τ (weights over GRID) and, at each τ, of μ (normal: mean, sd)."""

    weights: Floats
    mean: Floats
    sd: Floats

    @property
    def mu(self) -> float:
        """The posterior mean of μ."""
        return float(self.weights @ self.mean)


@dataclass(frozen=True)
class Statistics:
    """The pooled effect of each set of units: mean, Hartung–Knapp interval, how many units; NaN where k < 3."""

    mean: Floats
    low: Floats
    high: Floats
    k: NDArray[np.int64]


def posterior(values: ArrayLike, stderrs: ArrayLike) -> Posterior:
    """What the effects (log-odds) say of μ and τ. Without any it is the prior."""
    effects, variances = np.asarray(values, dtype=float), np.asarray(stderrs, dtype=float) ** 2
    spread = variances[None, :] + GRID[:, None] ** 2
    precision = 1 / PRIOR_MEAN_SD**2 + (1 / spread).sum(axis=1)
    mean = (effects / spread).sum(axis=1) / precision
    # log N(y; 0, V + 11ᵀ) by the matrix determinant lemma and Sherman–Morrison, constants dropped.
    fits = -0.5 * (np.log(spread).sum(axis=1) + np.log(precision) + (effects**2 / spread).sum(axis=1))
    log_weights = fits + 0.5 * precision * mean**2 - 0.5 * (GRID / PRIOR_SPREAD_SD) ** 2 + _LOG_STEPS
    weights = np.exp(log_weights - log_weights.max())
    return Posterior(weights=weights / weights.sum(), mean=mean, sd=np.sqrt(1 / precision))


def simulate(
    values: ArrayLike,
    stderrs: ArrayLike,
    *,
    expected: float | Floats,
    draws: int,
    rng: np.random.Generator,
    method: Method = "paule-mandel",
    level: float = 0.95,
) -> Statistics:
    """The pooled statistic of the units there are together with Poisson(`expected`) more, `draws` times over.

    `expected`: one number, or one for each draw where the rate itself is uncertain. Without any unit to take errors
    from, none arrives.
    """
    effects, errors = np.asarray(values, dtype=float), np.asarray(stderrs, dtype=float)
    if not effects.size:
        nothing = np.empty((0, draws))
        return pooled(nothing, nothing, nothing.astype(bool), method=method, level=level)
    believed = posterior(effects, errors)
    # Each thing that is drawn has a stream of its own, whose first rows are the same however many there are: two sets
    # of evidence share most of their draws. Errors are taken by rank, so that one more shifts them but a little. How
    # many arrive is drawn otherwise at another rate: it is the sorting that makes those alike.
    counts, resembled, scattered = rng.spawn(3)
    ranked = np.sort(errors)
    at = np.searchsorted(np.cumsum(believed.weights)[:-1], _evenly(rng, draws), side="right")
    mu = believed.mean[at] + believed.sd[at] * ndtri(_evenly(rng, draws))
    # Nothing else of a draw depends on how many arrive: sorted by that, blocks of draws have little that is not there.
    arrived = np.sort(counts.poisson(expected, size=draws))
    most = int(arrived[-1])
    like = (resembled.random((most, draws)) * errors.size).astype(np.intp)
    apart = scattered.standard_normal((most, draws))
    blocks = []
    for start in range(0, draws, BLOCK):
        block = slice(start, start + BLOCK)
        count = arrived[block]
        shape = (int(count[-1]), count.size)
        new_errors = ranked[like[: shape[0], block]]
        y, v = (np.empty((errors.size + shape[0], count.size)) for _ in range(2))
        y[: errors.size], v[: errors.size] = effects[:, None], errors[:, None] ** 2
        # θ and its measurement error are both normal: one draw of their sum.
        together = np.sqrt(GRID[at[block]] ** 2 + new_errors**2)
        y[errors.size :] = mu[block] + together * apart[: shape[0], block]
        v[errors.size :] = np.where(np.arange(shape[0])[:, None] < count, new_errors**2, NOT_THERE)
        blocks.append(_pooled(y, v, errors.size + count, method=method, level=level))
    return Statistics(
        mean=np.concatenate([block.mean for block in blocks]),
        low=np.concatenate([block.low for block in blocks]),
        high=np.concatenate([block.high for block in blocks]),
        k=np.concatenate([block.k for block in blocks]),
    )


def _evenly(rng: np.random.Generator, draws: int) -> Floats:
    """Draws from between 0 and 1 in any order, one from each of so many equal parts: surer than draws on their own."""
    return np.clip((rng.permutation(draws) + rng.random(draws)) / draws, *INSIDE)


def pooled(
    effects: Floats, variances: Floats, there: NDArray[np.bool_], *, method: Method, level: float = 0.95
) -> Statistics:
    """`tracker.stats.pooling.pool` for many sets at once: (units, sets) arrays, `there` says which units count."""
    y, v = np.where(there, effects, 0.0), np.where(there, variances, NOT_THERE)
    return _pooled(y, v, there.sum(axis=0), method=method, level=level)


def _pooled(y: Floats, v: Floats, k: NDArray[np.int64], *, method: Method, level: float) -> Statistics:
    """`pooled`, where the variance of a unit that does not count is NOT_THERE; `k` says how many do."""
    enough = k >= FEWEST_TWINS
    if not enough.all():
        mean, low, high = (np.full(k.size, np.nan) for _ in range(3))
        if enough.any():
            part = _pooled(y[:, enough], v[:, enough], k[enough], method=method, level=level)
            mean[enough], low[enough], high[enough] = part.mean, part.low, part.high
        return Statistics(mean=mean, low=low, high=high, k=k)
    freedom = (k - 1).astype(np.float64)
    weights = np.reciprocal(v + _spread(y, v, freedom, method))
    total = weights.sum(axis=0)
    centre = _dot(weights, y) / total
    away = y - centre
    stderr = np.sqrt(_dot(weights * away, away) / (freedom * total))
    # A quantile takes a while, and there are but a few numbers of units.
    quantiles = stdtrit(np.arange(FEWEST_TWINS - 1, k.max(initial=FEWEST_TWINS)), (1 - level) / 2)
    reach = -quantiles[k - FEWEST_TWINS] * stderr
    return Statistics(mean=centre, low=centre - reach, high=centre + reach, k=k)


def _spread(y: Floats, v: Floats, freedom: Floats, method: Method) -> Floats:
    """τ² of each column. DerSimonian and Laird: from the moments of the weighted squares, cut off at 0.

    Paule and Mandel: where the weighted squares about the mean are as many as degrees of freedom; 0 if they are fewer
    at 0. Their excess falls and is convex in τ², so Newton's steps never pass the root from the left, and from the
    right of it the first one lands left; the other method's τ² is a near place to start.
    """
    weights = 1 / v
    total = weights.sum(axis=0)
    away = y - _dot(weights, y) / total
    q = _dot(weights * away, away)
    tau2: Floats = np.maximum(0.0, (q - freedom) / (total - _dot(weights, weights) / total))
    if method == "dersimonian-laird":
        return tau2
    left = np.flatnonzero(q > freedom)
    y, v, freedom = y[:, left], v[:, left], freedom[left]
    for _ in range(MOST_STEPS):
        before = tau2[left]
        weights = 1 / (v + before)
        away = y - _dot(weights, y) / weights.sum(axis=0)
        weighted = weights * away
        step = (_dot(weighted, away) - freedom) / np.maximum(_dot(weighted, weighted), 1e-300)
        found = np.maximum(0.0, before + step)
        tau2[left] = found
        far = np.abs(step) > CLOSE_ENOUGH * (found + v.min(axis=0))
        if not far.any():
            break
        # Most sets are there after three steps, and are not carried along with the others.
        if far.mean() < MOST_CARRIED:
            left, y, v, freedom = left[far], y[:, far], v[:, far], freedom[far]
    return tau2


def _dot(one: Floats, other: Floats) -> Floats:
    """The sum of the products in each column; as `(one * other).sum(axis=0)`, without writing the products down."""
    return np.asarray(np.einsum("ij,ij->j", one, other), dtype=np.float64)
