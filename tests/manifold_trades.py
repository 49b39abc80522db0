"""Markets as a test has them: made, traded, resolved and taken back, in milliseconds, with every price they had."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

START = 1_700_000_000_000
FAR = 4_102_444_800_000
Bet = dict[str, Any]


@dataclass
class Traded:
    """What has a price of its own: a market, or one answer. `truth`: every price it had, with its milliseconds."""

    id: str
    text: str
    price: float
    truth: list[tuple[int, float]]
    resolution: str | None = None
    resolution_probability: float | None = None
    resolution_time: int | str | None = None
    weight: float | None = None

    @property
    def pool(self) -> dict[str, float]:
        return {"YES": 1000 * (1 - self.price), "NO": 1000 * self.price}

    @property
    def shown(self) -> float:
        """P(YES) of the pool, as the API computes it."""
        pool = self.pool
        return 0.5 * pool["NO"] / (0.5 * pool["YES"] + 0.5 * pool["NO"])


@dataclass
class Market:
    """One market. `own` where it has no answers; `more`: fields that the API's market has beside, or other ones."""

    id: str
    slug: str
    kind: str
    mechanism: str
    created: int
    own: Traded
    answers: dict[str, Traded]
    linked: bool
    bets: list[Bet] = field(default_factory=list)
    volume: float = 0.0
    last_bet: int | None = None
    close: int = FAR
    more: dict[str, Any] = field(default_factory=dict)

    def traded(self, answer: str | None = None) -> Traded:
        return self.answers[answer] if answer else self.own

    def questions(self) -> dict[str, Traded]:
        """What the tracker makes questions of, by their ids there."""
        if not self.answers:
            return {f"manifold:{self.slug}": self.own}
        return {f"manifold:{self.slug}/{answer}": traded for answer, traded in self.answers.items()}


class Trades:
    """What happens on a site like Manifold. `clock` in milliseconds is moved by whoever trades."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(seed)
        self.clock = START
        self.markets: dict[str, Market] = {}

    def add(
        self,
        slug: str,
        kind: str = "BINARY",
        *,
        price: float = 0.5,
        answers: Sequence[str] = (),
        linked: bool = True,
        **more: Any,
    ) -> Market:
        """A new market; `answers`: texts, whose prices begin equal."""
        identity = self._new_id(12)
        begin = self.clock
        first = 1 / len(answers) if answers and linked else price
        several = {
            answer: Traded(answer, text, first, [(begin, first)])
            for answer, text in ((self._new_id(10), text) for text in answers)
        }
        own = Traded("", slug, price, [(begin, price)])
        mechanism = "cpmm-multi-1" if answers else "cpmm-1"
        kind = "MULTIPLE_CHOICE" if answers else kind
        if kind == "PSEUDO_NUMERIC":
            more = {"min": 0, "max": 100, "isLogScale": False, **more}
        market = Market(identity, slug, kind, mechanism, begin, own, several, linked and bool(answers), more=more)
        self.markets[slug] = market
        return market

    def trade(self, slug: str, price: float, answer: str | None = None, **flags: Any) -> None:
        """Somebody moves the price; `flags` are fields of the row, such as isCancelled."""
        market = self.markets[slug]
        traded = market.traded(answer)
        amount = round(1 + 99 * self.rng.random(), 2)
        usual = {"amount": amount, "shares": 2 * amount, "isFilled": True, "isCancelled": False}
        self._row(market, traded, price, **{**usual, **flags})
        if market.linked and answer:
            left = 1 - sum(other.price for other in market.answers.values() if other is not traded)
            scale = (1 - price) / (1 - left) if left < 1 else 0.0
            for other in market.answers.values():
                if other is not traded:
                    moved = min(1.0, other.price * scale)
                    self._row(market, other, moved, amount=0, shares=0, isRedemption=True)
        market.volume += amount
        market.last_bet = self.clock

    def order(self, slug: str, answer: str | None = None) -> None:
        """A resting limit order: a row that moves nothing."""
        market = self.markets[slug]
        traded = market.traded(answer)
        self._row(market, traded, traded.price, amount=0, shares=0, isFilled=False, limitProb=0.1, orderAmount=50)

    def redeem(self, slug: str, answer: str | None = None) -> None:
        """Somebody's YES and NO shares become money: a row that moves nothing, without some of the usual flags."""
        market = self.markets[slug]
        traded = market.traded(answer)
        self._row(market, traded, traded.price, amount=-5, shares=-10, isRedemption=True)

    def resolve(self, slug: str, resolution: str, answer: str | None = None, value: float | None = None) -> None:
        """A decision. `value`: of MKT; the last price goes with the others. `answer`: where each is decided alone."""
        market = self.markets[slug]
        traded = market.traded(answer)
        traded.resolution = resolution
        traded.resolution_time = self.clock
        traded.resolution_probability = traded.price if value is None else value
        if answer and all(one.resolution for one in market.answers.values()):
            self.resolve(slug, "MKT", value=0.01)
        market.close = min(market.close, self.clock)

    def share_out(self, slug: str, weights: dict[str, float]) -> None:
        """A linked market ends in several answers, each with its part."""
        self.resolve(slug, "CHOOSE_MULTIPLE")
        for answer, traded in self.markets[slug].answers.items():
            traded.weight = weights.get(answer, 0.0)

    def reopen(self, slug: str, answer: str | None = None) -> None:
        """The decision is taken back."""
        market = self.markets[slug]
        for traded in (market.traded(answer), market.own):
            traded.resolution = traded.resolution_time = traded.resolution_probability = None
        market.close = FAR

    def forget(self, slug: str, count: int = 1) -> None:
        """The last bets are taken back, as if they had never been."""
        market = self.markets[slug]
        for row in reversed(market.bets[-count:]):
            traded = market.traded(row.get("answerId"))
            if row["probBefore"] != row["probAfter"]:
                traded.truth.pop()
            traded.price = row["probBefore"]
        del market.bets[-count:]
        market.volume = market.volume + 0.125 if market.bets else 0.0
        times = [row["createdTime"] for row in market.bets if row["probBefore"] != row["probAfter"]]
        market.last_bet = max(times, default=None)

    def _row(self, market: Market, traded: Traded, after: float, **more: Any) -> None:
        row = {
            "id": self._new_id(12),
            "userId": self._new_id(28),
            "contractId": market.id,
            **({"answerId": traded.id} if traded.id else {}),
            "createdTime": self.clock,
            "outcome": "YES" if after >= traded.price else "NO",
            "probBefore": traded.price,
            "probAfter": after,
            "fees": {"creatorFee": 0, "platformFee": 0, "liquidityFee": 0},
            "fills": [{"amount": more.get("amount"), "shares": more.get("shares"), "timestamp": self.clock}],
            "loanAmount": 0,
            "visibility": "public",
            **more,
        }
        market.bets.append(row)
        if after != traded.price:
            traded.truth.append((self.clock, after))
        traded.price = after

    def _new_id(self, length: int) -> str:
        return "".join(self.rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=length))
