"""What an estimate is worth against a price: by hand, and as the best growth there is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from tracker.stats.betting import Bet, bet


def test_a_coin_that_is_sold_too_cheap() -> None:
    assert bet(0.6, 0.5) == Bet("YES", pytest.approx(0.2), pytest.approx(0.2))
    assert bet(0.06, 0.35) == Bet("NO", pytest.approx(0.94 / 0.65 - 1), pytest.approx(0.29 / 0.35))


@pytest.mark.parametrize(("estimate", "price"), [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.4, 0.0), (0.4, 1.0)])
def test_nothing_to_buy(estimate: float, price: float) -> None:
    assert bet(estimate, price) is None


@pytest.mark.parametrize(("estimate", "price"), [(1.2, 0.5), (0.5, -0.1), (math.nan, 0.5)])
def test_what_is_no_probability_is_refused(estimate: float, price: float) -> None:
    with pytest.raises(ValueError, match="is no probability"):
        bet(estimate, price)


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_share_is_the_one_at_which_money_grows_fastest(estimate: float, price: float) -> None:
    found = bet(estimate, price)
    if found is None or abs(estimate - price) < 0.01:
        return
    won, cost = (estimate, price) if found.side == "YES" else (1 - estimate, 1 - price)

    def shrinks(share: float) -> float:
        return -(won * math.log(1 + share * (1 / cost - 1)) + (1 - won) * math.log(1 - share))

    best = minimize_scalar(shrinks, bounds=(0, 1 - 1e-9), method="bounded", options={"xatol": 1e-9}).x
    assert found.share == pytest.approx(best, abs=1e-4)
    assert found.value > 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_other_side_of_the_question_is_the_same_bet(estimate: float, price: float) -> None:
    found, other = bet(estimate, price), bet(1 - estimate, 1 - price)
    if found is not None and other is not None and 1 - (1 - estimate) == estimate and 1 - (1 - price) == price:
        assert found.side != other.side
        assert (found.value, found.share) == pytest.approx((other.value, other.share), rel=1e-6)
