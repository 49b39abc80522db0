"""Kalshi's markets as its tests have them, and what their trades should come to."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.market_server_kalshi import Contract, Kalshi, Trade
from tests.market_shelf import Shelf
from tracker.markets.kalshi import KALSHI

OPENS = datetime(2026, 2, 1, 15, tzinfo=UTC)
CLOSES = datetime(2026, 12, 31, 15, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVENT, ONE, TWO = "KXAGI-26", "KXAGI-26-JUN", "KXAGI-26-DEC"


def contract(ticker: str = ONE, seed: int = 1, days: float = 300, **more: Any) -> Contract:
    """A market with a trade every day or so."""
    rng = random.Random(seed)
    at, trades = OPENS, []
    while at < OPENS + days * DAY:
        at += timedelta(minutes=rng.randint(10, 3000))
        trades.append(Trade(at, round(rng.uniform(0.01, 0.99), 2), rng.randint(1, 400)))
    return Contract(ticker, OPENS, more.pop("closes", CLOSES), trades, answer=f"Before {ticker[-3:]}", **more)


def site(*contracts: Contract, days: float = 40, series: str | None = "KXAGI") -> Kalshi:
    return Kalshi(OPENS + days * DAY, {EVENT: list(contracts)}, {EVENT: series} if series else {})


def shelf_of(kalshi: Kalshi) -> Shelf:
    return Shelf(KALSHI, kalshi.server, lambda: kalshi.now)


def ends(contract: Contract, now: datetime) -> list[tuple[datetime, float]]:
    """The last price of each hour, dated at its end, where it changed."""
    last: dict[datetime, float] = {}
    for trade in contract.traded(now):
        late = trade.at.minute or trade.at.second
        end = trade.at.replace(minute=0, second=0) + (HOUR if late else timedelta(0))
        last[min(end, now, contract.closes if now > contract.closes else now)] = trade.price
    moves: list[tuple[datetime, float]] = []
    for at in sorted(last):
        if not moves or moves[-1][1] != last[at]:
            moves.append((at, last[at]))
    return moves
