"""How often something new comes."""

from datetime import date, timedelta

import numpy as np
import pytest

from tracker.stats.arrivals import Rate, rate

TODAY = date(2026, 1, 1)


def days(*ago: int) -> list[date]:
    return [TODAY - timedelta(days=day) for day in ago]


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        ((), Rate(0, 2.0)),
        ((1000,), Rate(0, 2.0)),
        ((1000, 730, 100, 5), Rate(3, 2.0)),
        ((365, 200, 100), Rate(2, 365 / 365.25)),
        ((20, 20, 20), Rate(2, 0.5)),
    ],
)
def test_what_is_counted_and_over_what_time(ago: tuple[int, ...], expected: Rate) -> None:
    assert rate(reversed(days(*ago)), TODAY) == expected


def test_a_rate_is_as_uncertain_as_its_arrivals_are_few() -> None:
    rng = np.random.default_rng(1)
    few, many = Rate(2, 2.0), Rate(200, 2.0)
    for one in (few, many, Rate(0, 2.0)):
        drawn = one.draw(rng, 100_000)
        assert drawn.mean() == pytest.approx(one.mean, rel=0.02)
        assert drawn.min() > 0
    spread = [one.draw(rng, 10_000).std() / one.mean for one in (few, many)]
    assert spread == pytest.approx([2.5**-0.5, 200.5**-0.5], rel=0.05)


def test_a_young_process_is_not_taken_for_a_rare_one() -> None:
    """Ten a year, watched for nine months: 24 months would make it four."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(2000):
        ago = rng.uniform(0, 274, rng.poisson(10 * 274 / 365.25)).astype(int)
        found.append(rate(days(*ago.tolist()), TODAY).mean)
    assert np.mean(found) == pytest.approx(10, rel=0.1)
