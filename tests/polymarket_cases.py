"""Polymarket's markets as its tests have them, and what their hourly record should be."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.market_server_polymarket import Polymarket, Sold, walk
from tests.market_shelf import Shelf
from tracker.markets.polymarket import POLYMARKET

OPENS = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def site(*markets: Sold, days: float = 40, event: str = "best-ai-model") -> Polymarket:
    return Polymarket(OPENS + days * DAY, {event: list(markets)})


def sold(slug: str = "openai-best", seed: int = 1, days: float = 100, **more: Any) -> Sold:
    """A market whose price changes every seven hours."""
    rng = random.Random(seed)
    prices = [round(rng.uniform(0.02, 0.98), 3) for _ in range(int(days * DAY / (7 * HOUR)))]
    return Sold(slug, f"Will {slug} be so?", OPENS, walk(OPENS, prices), **more)


def shelf_of(polymarket: Polymarket) -> Shelf:
    return Shelf(POLYMARKET, polymarket.server, lambda: polymarket.now)


def hourly(market: Sold, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """Where the hourly record changes, counted from the price itself."""
    moves: list[tuple[datetime, float]] = []
    at = start.replace(minute=0) + HOUR
    while at < end:
        price = market.price(at)
        if price is not None and (not moves or moves[-1][1] != price):
            moves.append((at, price))
        at += HOUR
    return moves
