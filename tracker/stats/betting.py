"""What an estimate would be worth against a market's price, were it right: expected value and Kelly share.

Kelly, A New Interpretation of Information Rate, 1956. Fees, the price's own movement and a market's limits are left
out.
"""

from dataclasses import dataclass
from typing import Literal

WARNING = (
    "Play money is play money: this says how far the two differ, not what to do. It holds only if the estimate is"
    " right, and takes no fee and no movement of the price into account."
)


@dataclass(frozen=True)
class Bet:
    """`side`: what the estimate would buy. `value`: expected gain for each unit staked. `share`: Kelly's, of what one
    has."""

    side: Literal["YES", "NO"]
    value: float
    share: float


def bet(estimate: float, price: float) -> Bet | None:
    """The bet that an estimate favours at a price of YES; null where they agree, or the price leaves nothing to buy.

    Raises ValueError outside [0, 1].
    """
    for name, value in (("estimate", estimate), ("price", price)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} {value} is no probability")
    if estimate > price > 0:
        return Bet("YES", estimate / price - 1, (estimate - price) / (1 - price))
    if estimate < price < 1:
        return Bet("NO", (1 - estimate) / (1 - price) - 1, (price - estimate) / price)
    return None
