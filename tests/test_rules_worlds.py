"""P(rule) means what it says: in simulated worlds, what is likely comes about about as often."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests.bench.worlds import KINDS, Told, table, told

WORLDS = 60
# In 60 worlds the difference between how often rules held and how often they were said to is normal enough.
MOST_STANDARD_ERRORS = 3.3


@functools.cache
def asked(kind: str) -> Told:
    return told(kind, WORLDS, np.random.default_rng(11), "small", draws=1000)


@pytest.mark.parametrize("kind", KINDS)
def test_rules_hold_as_often_as_they_are_said_to(kind: str) -> None:
    assert abs(asked(kind).too_high) < MOST_STANDARD_ERRORS


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_is_used(kind: str) -> None:
    """Better than the base rate, and not far behind somebody who knows how the world works."""
    found = asked(kind)
    assert found.brier(found.ours) < found.base
    assert found.brier(found.ours) < found.brier(found.oracle) + 0.12


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_promises_too_much_or_too_little_is_found_out(kind: str) -> None:
    found = asked(kind)
    spoiled = [replace(found, ours=(1 + found.ours) / 2), replace(found, ours=found.ours / 2)]
    assert max(abs(one.too_high) for one in spoiled) > MOST_STANDARD_ERRORS
    assert all(one.brier(one.ours) > found.brier(found.ours) for one in spoiled)


def test_the_table_marks_a_bin_outside_of_its_band() -> None:
    said, held = np.full(100, 0.55), np.repeat([1.0, 0.0], [55, 45])
    assert table(said, held) == ["0.5–0.6    100    0.550    0.550   0.470–0.630"]
    assert table(said, np.zeros(100))[0].endswith(" *")
