"""What is believed of a pooled gap, and what could become of it: against sums done the long way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

from tracker.rules.arrivals import GRID, pooled, posterior, simulate
from tracker.stats.pooling import Method, pool


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    method=st.sampled_from(["paule-mandel", "dersimonian-laird"]),
    spread=st.sampled_from([0.0, 0.01, 0.3, 30.0]),
    level=st.sampled_from([0.8, 0.95]),
)
def test_pooling_many_sets_is_pooling_each(seed: int, method: Method, spread: float, level: float) -> None:
    rng = np.random.default_rng(seed)
    units, sets = int(rng.integers(1, 12)), 25
    errors = np.exp(rng.normal(-3, 1, (units, sets)))
    effects = rng.normal(rng.normal(0, spread, (units, sets)), errors)
    there = rng.random((units, sets)) < 0.7
    found = pooled(effects, errors**2, there, method=method, level=level)
    for place in range(sets):
        one = there[:, place]
        single = pool(effects[one, place], errors[one, place], method=method, level=level)
        numbers = [found.mean[place], found.low[place], found.high[place]]
        assert found.k[place] == single.k
        if single.mean is None:
            assert np.isnan(numbers).all()
        else:
            scale = max(1.0, abs(single.mean))
            assert numbers == pytest.approx([single.mean, single.low, single.high], abs=1e-9 * scale, rel=1e-9)


@pytest.mark.parametrize("count", [0, 1, 4, 14])
@pytest.mark.parametrize("spread", [0.05, 0.6])
def test_the_posterior_is_the_integral(count: int, spread: float) -> None:
    """Against the joint density of μ and τ, added up over a fine grid."""
    rng = np.random.default_rng(count)
    errors = rng.uniform(0.03, 0.2, count)
    effects = rng.normal(rng.normal(0.1, spread, count), errors)
    mu, tau = np.linspace(-6, 6, 2401), np.linspace(1e-6, 2.5, 601)
    density = -0.5 * (mu[:, None] ** 2) - 0.5 * (tau[None, :] / 0.5) ** 2
    for effect, error in zip(effects, errors, strict=True):
        variance = error**2 + tau[None, :] ** 2
        density = density - 0.5 * np.log(variance) - 0.5 * (effect - mu[:, None]) ** 2 / variance
    density = np.exp(density - density.max())

    def expected(values: np.ndarray) -> float:
        return float(simpson(simpson(density * values, mu, axis=0), tau))

    whole = expected(np.ones_like(density))
    centre = expected(np.broadcast_to(mu[:, None], density.shape)) / whole
    square = expected(np.broadcast_to(mu[:, None] ** 2, density.shape)) / whole
    wide = expected(np.broadcast_to(tau[None, :], density.shape)) / whole
    found = posterior(effects, errors)
    assert found.mu == pytest.approx(centre, abs=1e-4)
    assert found.weights @ (found.sd**2 + found.mean**2) == pytest.approx(square, rel=1e-3)
    assert found.weights @ GRID == pytest.approx(wide, rel=1e-3)


def test_nothing_to_go_by_gives_no_statistic() -> None:
    found = simulate([], [], expected=5.0, draws=10, rng=np.random.default_rng(1))
    assert np.isnan(found.mean).all()
    assert found.k.tolist() == [0] * 10


def test_what_arrives_is_as_uncertain_as_its_rate() -> None:
    effects, errors, draws = np.full(5, 0.1), np.full(5, 0.05), 4000
    rates = np.random.default_rng(2).gamma(2.0, 3.0, draws)
    found = [
        simulate(effects, errors, expected=expected, draws=draws, rng=np.random.default_rng(3)).k - 5
        for expected in (0.0, 6.0, rates)
    ]
    assert found[0].max() == 0
    assert found[1].mean() == pytest.approx(6, abs=0.15)
    assert found[1].var() == pytest.approx(6, rel=0.1)
    assert found[2].mean() == pytest.approx(rates.mean(), abs=0.3)
    assert found[2].var() == pytest.approx(rates.var() + rates.mean(), rel=0.1)


def test_with_nothing_to_come_the_statistic_is_that_of_today() -> None:
    rng = np.random.default_rng(4)
    effects, errors = rng.normal(0.1, 0.1, 7), rng.uniform(0.02, 0.1, 7)
    found = simulate(effects, errors, expected=0.0, draws=20, rng=rng)
    today = pool(effects, errors)
    assert found.low == pytest.approx(np.full(20, today.low))
    assert found.high == pytest.approx(np.full(20, today.high))


def test_two_sets_of_evidence_share_their_draws() -> None:
    """What sets them apart is then surer than either: told apart from draws of their own by a large margin."""
    rng = np.random.default_rng(5)
    errors = rng.uniform(0.03, 0.08, 14)
    effects = rng.normal(0.03, 0.05, 14)
    draws, tries = 400, 40

    def low(count: int, seed: int) -> float:
        found = simulate(effects[:count], errors[:count], expected=6.0, draws=draws, rng=np.random.default_rng(seed))
        return float((found.low > 0).mean())

    shared = [low(14, seed) - low(13, seed) for seed in range(tries)]
    apart = [low(14, seed) - low(13, tries + seed) for seed in range(tries)]
    assert np.std(shared) < 0.7 * np.std(apart)
