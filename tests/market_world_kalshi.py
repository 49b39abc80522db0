"""Kalshi as a world for tests/market_faults.py: trades, settlements, disputes, and the move to the old shelf."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.market_faults import Asked
from tests.market_server import Fault, changed
from tests.market_server_kalshi import Contract, Kalshi, Trade
from tracker.markets.kalshi import KALSHI

OPENS = datetime(2026, 1, 5, 15, tzinfo=UTC)
CLOSES = datetime(2027, 12, 31, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class KalshiWorld:
    """An event of one market, one of several, and a market followed by itself."""

    source = KALSHI

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"kalshi {seed}")
        several = [self._contract(f"KXB-26-{place}") for place in range(self.rng.randint(2, 3))]
        events = {"KXA-26": [self._contract("KXA-26-X")], "KXB-26": several, "KXC-26": [self._contract("KXC-26-Y")]}
        series = {"KXA-26": "KXA", "KXB-26": "KXELSE"}
        self.kalshi = Kalshi(OPENS + self.rng.randint(1, 300) * DAY, events, series)
        self.site = self.kalshi.server
        self.site.etags = self.rng.random() < 0.6
        self.own_faults = FAULTS
        for contract in self.contracts:
            self._trade(contract, OPENS, self.rng.choice([0, 3, 60]))

    @property
    def contracts(self) -> list[Contract]:
        return [contract for contracts in self.kalshi.events.values() for contract in contracts]

    def _contract(self, ticker: str) -> Contract:
        return Contract(ticker, OPENS, CLOSES, [], answer=f"Before {ticker}")

    def now(self) -> datetime:
        return self.kalshi.now

    def followed(self) -> Sequence[str]:
        return ["KXA-26", "KXB-26", "KXC-26-Y"]

    def happen(self) -> None:
        """Time goes on by minutes to months, and something happens in it."""
        start = self.kalshi.now
        self.kalshi.now += self.rng.choice([timedelta(minutes=7), 3 * HOUR, 30 * HOUR, 9 * DAY, 70 * DAY])
        contract = self.rng.choice(self.contracts)
        what = self.rng.choice(["trades", "trades", "trades", "close", "settle", "otherwise", "nothing"])
        if what == "trades":
            for one in self.contracts:
                self._trade(one, start, self.rng.choice([0, 1, 12]))
        elif what == "close" and contract.closes > self.kalshi.now:
            contract.closes = self.kalshi.now - timedelta(seconds=1)
        elif what == "settle" and contract.closes <= self.kalshi.now and contract.settled is None:
            contract.settled, contract.status = self.kalshi.now, self.rng.choice(["determined", "finalized"])
            self._pay(contract)
        elif what == "otherwise" and contract.settled is not None and not self.kalshi.is_old(contract):
            contract.settled, contract.status = self.kalshi.now, "finalized"
            self._pay(contract)

    def _pay(self, contract: Contract) -> None:
        contract.result, contract.paid = self.rng.choice(
            [("yes", 1.0), ("no", 0.0), ("scalar", 0.25), ("void", None), ("yes", None)]
        )

    def meanwhile(self) -> None:
        """Somebody makes an offer."""

    def _trade(self, contract: Contract, start: datetime, times: int) -> None:
        end = min(self.kalshi.now, contract.closes)
        if start >= end:
            return
        seconds = int((end - start).total_seconds())
        for offset in sorted(self.rng.randint(1, seconds) for _ in range(times)):
            price = round(self.rng.uniform(0.01, 0.99), 2)
            contract.trades.append(Trade(start + timedelta(seconds=offset), price, self.rng.randint(1, 50)))

    def stands(self, key: str) -> dict[str, Asked]:
        if key == "KXC-26-Y":
            return {f"kalshi:{key}": self._asked(self.kalshi.events["KXC-26"][0])}
        contracts = self.kalshi.events[key]
        names = [f"kalshi:{key}"] if key == "KXA-26" else [f"kalshi:{key}/{one.ticker}" for one in contracts]
        return {name: self._asked(contract) for name, contract in zip(names, contracts, strict=True)}

    def _asked(self, contract: Contract) -> Asked:
        settled = contract.settled is not None and contract.status == "finalized"
        paid = {"yes": 1.0, "no": 0.0}.get(contract.result, contract.paid) if settled else None
        return Asked(prices(contract, self.kalshi.now), paid, settled and contract.result == "void")


def prices(contract: Contract, now: datetime) -> list[tuple[datetime, float | None]]:
    """The last price of each hour, dated at its end or, where that is not over, now; where it changed."""
    held: dict[datetime, float] = {}
    for trade in contract.traded(now):
        over = -(-trade.at.timestamp() // 3600) * 3600
        end = min(datetime.fromtimestamp(over, UTC), now)
        held[min(end, contract.closes) if now >= contract.closes else end] = trade.price
    course: list[tuple[datetime, float | None]] = []
    for at, price in held.items():
        if not course or course[-1][1] != price:
            course.append((at, price))
    return course


def _each(name: str, change: Mapping[str, Any], *gone: str) -> Fault:
    """Change every market, or every candlestick, of a reply."""

    def apply(value: Any) -> Any:
        holder = value.get("event", value)
        rows = holder.get(name) or value.get(name) or ([value["market"]] if "market" in value else [])
        for row in rows:
            row.update(change)
            for key in gone:
                row.pop(key, None)
        return value

    return changed(apply)


FAULTS: Mapping[str, Fault] = {
    "no ticker": _each("markets", {}, "ticker"),
    "no volume": _each("markets", {}, "volume_fp"),
    "cents": _each("markets", {"last_price_dollars": 56}),
    "dollars as cents": _each("markets", {"last_price_dollars": "56"}),
    "no status": _each("markets", {}, "status"),
    "a time in seconds": _each("markets", {"close_time": 1767225600}),
    "candles in cents": _each("candlesticks", {"price": {"close": 56}}),
    "candles without prices": _each("candlesticks", {}, "price"),
    "candles without volume": _each("candlesticks", {}, "volume_fp", "volume"),
    "candles without a time": _each("candlesticks", {"end_period_ts": None}),
    "another name": changed(lambda value: {"data": value}),
    "a list": changed(lambda value: [value]),
    "nothing": changed(lambda value: None),
}
