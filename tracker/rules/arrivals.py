"""How a pooled gap may look once more twins are measured: what is believed of the gaps now, and what could arrive.

y_i ~ N(θ_i, v_i), θ_i ~ N(μ, τ²), μ ~ N(0, 1), τ ~ half-normal(0.5), in log-odds. μ is integrated out, τ stays on a
grid; twins yet to come have errors as large as those seen, and gaps from N(μ, τ²).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp
from scipy.stats import t

from tracker.stats.pooling import FEWEST_TWINS, Method

Floats = NDArray[np.float64]

PRIOR_MEAN_SD = 1.0
PRIOR_SPREAD_SD = 0.5
# Half-normal(0.5) has less than 1e-6 of its mass beyond; 400 points leave the mean of τ right to four digits.
GRID = (np.arange(400) + 0.5) * (2.5 / 400)
MOST_STEPS = 60
CLOSE_ENOUGH = 1e-10


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
    """The pooled gap of each simulated set of twins: mean, Hartung–Knapp interval, number of twins; NaN: k < 3."""

    mean: Floats
    low: Floats
    high: Floats
    k: NDArray[np.int64]


def posterior(values: ArrayLike, stderrs: ArrayLike) -> Posterior:
    """What the twins' gaps (log-odds) say of μ and τ. Without any twin it is the prior."""
    effects, variances = np.asarray(values, dtype=float), np.asarray(stderrs, dtype=float) ** 2
    spread = variances[None, :] + GRID[:, None] ** 2
    precision = 1 / PRIOR_MEAN_SD**2 + (1 / spread).sum(axis=1)
    mean = (effects / spread).sum(axis=1) / precision
    # log N(y; 0, V + 11ᵀ) by the matrix determinant lemma and Sherman–Morrison, constants dropped.
    fits = -0.5 * (np.log(spread).sum(axis=1) + np.log(precision) + (effects**2 / spread).sum(axis=1))
    log_weights = fits + 0.5 * precision * mean**2 - 0.5 * (GRID / PRIOR_SPREAD_SD) ** 2
    weights = np.exp(log_weights - logsumexp(log_weights))
    return Posterior(weights=weights, mean=mean, sd=np.sqrt(1 / precision))


def simulate(
    values: ArrayLike,
    stderrs: ArrayLike,
    *,
    expected: float,
    draws: int,
    rng: np.random.Generator,
    method: Method = "paule-mandel",
    level: float = 0.95,
) -> Statistics:
    """The pooled statistic of the twins there are together with Poisson(`expected`) more, `draws` times over."""
    effects, errors = np.asarray(values, dtype=float), np.asarray(stderrs, dtype=float)
    believed = posterior(effects, errors)
    at = rng.choice(GRID.size, size=draws, p=believed.weights)
    mu = rng.normal(believed.mean[at], believed.sd[at])
    arrived = rng.poisson(expected, size=draws) if errors.size else np.zeros(draws, dtype=np.int64)
    most = int(arrived.max(initial=0))
    seen = errors if errors.size else np.ones(1)
    new_errors = rng.choice(seen, size=(draws, most))
    theta = rng.normal(mu[:, None], GRID[at][:, None], size=(draws, most))
    new_effects = rng.normal(theta, new_errors)
    there = np.concatenate(
        [np.ones((draws, effects.size), dtype=bool), np.arange(most)[None, :] < arrived[:, None]], axis=1
    )
    everything = np.concatenate([np.broadcast_to(effects, (draws, effects.size)), new_effects], axis=1)
    variances = np.concatenate([np.broadcast_to(errors, (draws, errors.size)), new_errors], axis=1) ** 2
    return pooled(everything, variances, there, method=method, level=level)


def pooled(
    effects: Floats, variances: Floats, there: NDArray[np.bool_], *, method: Method, level: float = 0.95
) -> Statistics:
    """`tracker.stats.pooling.pool` for many sets at once: (sets, twins) arrays, `there` says which twins count."""
    k = there.sum(axis=1)
    enough = k >= FEWEST_TWINS
    mean, low, high = (np.full(len(k), np.nan) for _ in range(3))
    if enough.any():
        y = np.where(there, effects, 0.0)[enough]
        v = np.where(there, variances, 1.0)[enough]
        mask = there[enough].astype(float)
        tau2 = (_paule_mandel if method == "paule-mandel" else _dersimonian_laird)(y, v, mask)
        weights = mask / (v + tau2[:, None])
        total = weights.sum(axis=1)
        centre = (weights * y).sum(axis=1) / total
        freedom = mask.sum(axis=1) - 1
        stderr = np.sqrt((weights * (y - centre[:, None]) ** 2).sum(axis=1) / (freedom * total))
        reach = t.isf((1 - level) / 2, freedom) * stderr
        mean[enough], low[enough], high[enough] = centre, centre - reach, centre + reach
    return Statistics(mean=mean, low=low, high=high, k=k)


def _paule_mandel(y: Floats, v: Floats, mask: Floats) -> Floats:
    """τ² of each row. The excess falls and is convex in τ²: Newton's steps from 0 never pass the root."""
    tau2 = np.zeros(len(y))
    freedom = mask.sum(axis=1) - 1
    for _ in range(MOST_STEPS):
        weights = mask / (v + tau2[:, None])
        centre = (weights * y).sum(axis=1) / weights.sum(axis=1)
        squares = (y - centre[:, None]) ** 2
        excess = (weights * squares).sum(axis=1) - freedom
        step = np.where(excess > 0, excess / np.maximum((weights**2 * squares).sum(axis=1), 1e-300), 0.0)
        tau2 += step
        if float(step.max(initial=0.0)) < CLOSE_ENOUGH:
            break
    return tau2


def _dersimonian_laird(y: Floats, v: Floats, mask: Floats) -> Floats:
    """τ² of each row, cut off at 0."""
    weights = mask / v
    total = weights.sum(axis=1)
    centre = (weights * y).sum(axis=1) / total
    q = (weights * (y - centre[:, None]) ** 2).sum(axis=1)
    tau2: Floats = np.maximum(0.0, (q - (mask.sum(axis=1) - 1)) / (total - (weights**2).sum(axis=1) / total))
    return tau2
