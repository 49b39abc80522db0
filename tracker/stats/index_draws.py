"""The index's least squares on many resamples at once: Levenberg and Marquardt's method, a batch of draws in one array.

A resample only changes the weights of the cells, so all draws share one table of models by benchmarks. The normal
equations fall into a 2×2 block for each benchmark (difficulty, slope), which is eliminated, and one system as large as
the models: a fit takes milliseconds where a general solver takes a third of a second.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# So many cells of the tables of a batch, all draws together, stay in a processor's cache.
CELLS_AT_ONCE = 200_000
MOST_STEPS = 60
SETTLED = 1e-5
FROZEN = 1e12


@dataclass(frozen=True)
class Cells:
    """The scores that are fitted, each with its model and benchmark by number; `anchor`: the one with D = 0, a = 1."""

    model: NDArray[np.intp]
    benchmark: NDArray[np.intp]
    score: Floats
    models: int
    benchmarks: int
    anchor: int


class Parameters(NamedTuple):
    """Capability of each model; difficulty and slope of each benchmark."""

    capability: Floats
    difficulty: Floats
    slope: Floats

    def anchored(self, benchmark: int) -> "Parameters":
        """Shifted so that this benchmark has difficulty 0."""
        shift = self.difficulty[benchmark]
        return Parameters(self.capability - shift, self.difficulty - shift, self.slope)


def refit(
    cells: Cells, weights: Floats, start: Parameters, *, pull: float, reach: float, slopes: tuple[float, float]
) -> Floats:
    """Capabilities (draws × models) of the fit with each row of weights over the cells, from `start` on.

    The same squares, pull towards 0 and bounds as `capability_index.fit`; the same shift to the anchor benchmark.
    """
    size = max(1, CELLS_AT_ONCE // (cells.models * cells.benchmarks))
    parts = [_batch(cells, weights[at : at + size], start, pull, reach, slopes) for at in range(0, len(weights), size)]
    return np.concatenate(parts) if parts else np.empty((0, cells.models))


def _batch(
    cells: Cells, weights: Floats, start: Parameters, pull: float, reach: float, slopes: tuple[float, float]
) -> Floats:
    draws, shape = len(weights), (cells.models, cells.benchmarks)
    score, weight = np.zeros(shape), np.zeros((draws, *shape))
    score[cells.model, cells.benchmark] = cells.score
    weight[:, cells.model, cells.benchmark] = weights
    free = np.ones(cells.benchmarks)
    free[cells.anchor] = 0.0
    ridge = pull / (cells.models + 2 * cells.benchmarks - 1)
    now = [np.repeat(part[None, :], draws, axis=0).copy() for part in start]
    damping = np.full(draws, 1e-3)
    cost = _cost(now, score, weight, free, ridge)
    live = np.arange(draws)
    for _ in range(MOST_STEPS):
        here = [part[live] for part in now]
        step = _step(here, score, weight[live], free, ridge, damping[live], reach, slopes)
        bounds = ((-reach, reach), (-reach, reach), slopes)
        tried = [np.clip(a + b, *ends) for a, b, ends in zip(here, step, bounds, strict=True)]
        tried_cost = _cost(tried, score, weight[live], free, ridge)
        better = tried_cost < cost[live]
        gain = cost[live] - tried_cost
        for part, new in zip(now, tried, strict=True):
            part[live[better]] = new[better]
        damping[live] = np.where(better, damping[live] / 5, damping[live] * 6)
        settled = better & (gain < SETTLED * cost[live]) | (damping[live] > 1e8)
        cost[live[better]] = tried_cost[better]
        live = live[~settled]
        if not live.size:
            break
    capability, difficulty, _ = now
    return capability - difficulty[:, [cells.anchor]]


def _share(parts: list[Floats]) -> Floats:
    capability, difficulty, slope = parts
    steps = slope[:, None, :] * (capability[:, :, None] - difficulty[:, None, :])
    return np.asarray(1 / (1 + np.exp(-steps)), dtype=float)


def _cost(parts: list[Floats], score: Floats, weight: Floats, free: Floats, ridge: float) -> Floats:
    capability, difficulty, slope = parts
    squares = (weight * (_share(parts) - score) ** 2).sum(axis=(1, 2))
    pulled = (capability**2).sum(axis=1) + (difficulty**2).sum(axis=1) + (free * slope**2).sum(axis=1)
    return np.asarray(squares + ridge * pulled, dtype=float)


def _step(
    parts: list[Floats],
    score: Floats,
    weight: Floats,
    free: Floats,
    ridge: float,
    damping: Floats,
    reach: float,
    slopes: tuple[float, float],
) -> list[Floats]:
    """The damped Gauss–Newton step of every draw; a parameter that pushes against its bound stays where it is."""
    capability, difficulty, slope = parts
    share = _share(parts)
    steep = share * (1 - share)
    apart = capability[:, :, None] - difficulty[:, None, :]
    towards = weight * steep * (share - score)
    curved = weight * steep**2
    a = slope[:, None, :]
    # Gradients, halved.
    of_c = (towards * a).sum(axis=2) + ridge * capability
    of_d = -(towards * a).sum(axis=1) + ridge * difficulty
    of_a = free * ((towards * apart).sum(axis=1) + ridge * slope)
    # Curvatures: c and d, c and a; then the diagonal and the block of d and a.
    cd, ca = -curved * a**2, curved * a * apart * free
    damp = damping[:, None]
    cc = (-cd).sum(axis=2) * (1 + damp) + ridge + damp * 1e-6
    dd = (-cd).sum(axis=1) * (1 + damp) + ridge + damp * 1e-6
    aa = (curved * apart**2).sum(axis=1) * (1 + damp) + ridge + damp * 1e-6
    da = -ca.sum(axis=1)
    cc = cc + FROZEN * _stuck(capability, of_c, -reach, reach)
    dd = dd + FROZEN * _stuck(difficulty, of_d, -reach, reach)
    aa = aa + FROZEN * (_stuck(slope, of_a, *slopes) | (free == 0))
    block = dd * aa - da**2
    to_d, to_a = (
        (cd * aa[:, None] - ca * da[:, None]) / block[:, None],
        (ca * dd[:, None] - cd * da[:, None]) / block[:, None],
    )
    system = -(to_d @ cd.transpose(0, 2, 1) + to_a @ ca.transpose(0, 2, 1))
    places = np.arange(system.shape[1])
    system[:, places, places] += cc
    known = of_c - (to_d * of_d[:, None] + to_a * of_a[:, None]).sum(axis=2)
    step_c = -np.linalg.solve(system, known[:, :, None])[:, :, 0]
    rest_d = -of_d - (cd * step_c[:, :, None]).sum(axis=1)
    rest_a = -of_a - (ca * step_c[:, :, None]).sum(axis=1)
    return [step_c, (aa * rest_d - da * rest_a) / block, (dd * rest_a - da * rest_d) / block]


def _stuck(values: Floats, gradient: Floats, low: float, high: float) -> NDArray[np.bool_]:
    return np.asarray(((values <= low) & (gradient > 0)) | ((values >= high) & (gradient < 0)))
