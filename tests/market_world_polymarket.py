"""Polymarket as a world for tests/market_faults.py: prices move, records have holes, markets close and open again."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.market_faults import Asked
from tests.market_server import Fault, changed
from tests.market_server_polymarket import Polymarket, Sold
from tracker.markets.polymarket import POLYMARKET

OPENS = datetime(2026, 1, 5, 9, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class PolymarketWorld:
    """An event of one market, one of several, and one of its answers followed by itself."""

    source = POLYMARKET

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"polymarket {seed}")
        single = [self._sold("alone")]
        several = [self._sold(f"answer-{place}") for place in range(self.rng.randint(2, 3))]
        self.polymarket = Polymarket(OPENS + self.rng.randint(1, 40) * DAY, {"one": single, "many": several})
        self.site = self.polymarket.server
        self.site.etags = self.rng.random() < 0.6
        self.own_faults = FAULTS
        for market in self.polymarket.markets:
            self._trade(market, OPENS, self.polymarket.now, self.rng.choice([0, 3, 40]))

    def _sold(self, slug: str) -> Sold:
        opens = OPENS + timedelta(minutes=self.rng.randint(0, 3000))
        return Sold(slug, f"Will {slug} be?", opens, [(opens, self._price())], keeps="windows")

    def _price(self) -> float:
        return round(self.rng.uniform(0.01, 0.99), 3)

    def now(self) -> datetime:
        return self.polymarket.now

    def followed(self) -> Sequence[str]:
        return ["one", "many", "answer-0"]

    def happen(self) -> None:
        """Time goes on by minutes to weeks, and something happens in it."""
        start = self.polymarket.now
        self.polymarket.now += self.rng.choice([10 * HOUR / 60, 3 * HOUR, 30 * HOUR, 9 * DAY, 20 * DAY])
        market = self.rng.choice(self.polymarket.markets)
        what = self.rng.choice(["trades", "trades", "trades", "silence", "close", "decide", "open", "join", "nothing"])
        if what == "trades":
            for one in self.polymarket.markets:
                self._trade(one, start, self.polymarket.now, self.rng.choice([0, 1, 12]))
        elif what == "silence" and market.ended is None:
            begin, end = sorted([self._moment(start), self._moment(start)])
            market.silent.append((begin, end))
            # A record stops where a market is much traded.
            market.prices.append((max(begin, market.prices[-1][0]), self._price()))
        elif what == "close" and market.ended is None:
            market.ended = max(self._moment(start), market.prices[-1][0] + HOUR)
            self.polymarket.now = max(self.polymarket.now, market.ended)
            market.status = "proposed"
        elif what == "decide" and market.ended is not None:
            market.paid, market.status = self.rng.choice([0.0, 1.0, 0.5]), "resolved"
        elif what == "open" and market.ended is not None:
            market.ended = market.paid = market.status = None
            market.prices.append((self.polymarket.now, self._price()))
        elif what == "join":
            self.polymarket.events["many"].append(late := self._sold(f"late-{len(self.polymarket.markets)}"))
            late.opens = start
            late.prices = [(start, self._price())]

    def meanwhile(self) -> None:
        start = self.polymarket.now
        self.polymarket.now += self.rng.choice([timedelta(seconds=1), 2 * HOUR])
        for market in self.polymarket.markets:
            self._trade(market, start, self.polymarket.now, 1)

    def _moment(self, start: datetime) -> datetime:
        span = int((self.polymarket.now - start).total_seconds())
        return start + timedelta(seconds=self.rng.randint(0, span))

    def _trade(self, market: Sold, start: datetime, end: datetime, times: int) -> None:
        begin = max(start, market.prices[-1][0])
        if market.ended is not None or begin >= end:
            return
        seconds = int((end - begin).total_seconds())
        for offset in sorted(self.rng.randint(0, seconds) for _ in range(times)):
            market.prices.append((begin + timedelta(seconds=offset), self._price()))

    def stands(self, key: str) -> dict[str, Asked]:
        if key == "answer-0":
            return {"polymarket:answer-0": self._asked(self.polymarket.market("answer-0"))}
        markets = self.polymarket.events[key]
        names = ["polymarket:one"] if key == "one" else [f"polymarket:many/{market.slug}" for market in markets]
        return {name: self._asked(market) for name, market in zip(names, markets, strict=True)}

    def _asked(self, market: Sold) -> Asked:
        return Asked(record(market, self.polymarket.now), market.paid, False)


def record(market: Sold, now: datetime) -> list[tuple[datetime, float | None]]:
    """What the site's hourly points say: where the price changed, and from when it was unknown for a day and more."""
    until = min(market.ended or now, now)
    course: list[tuple[datetime, float | None]] = []
    seen: datetime | None = None
    at = market.opens.replace(minute=0, second=0) + HOUR
    while at < until:
        if not any(begin <= at < end for begin, end in market.silent):
            if seen is not None and at - seen > DAY:
                course.append((seen + HOUR, None))
            price = market.price(at)
            if not course or course[-1][1] != price:
                course.append((at, price))
            seen = at
        at += HOUR
    if seen is not None and until - seen > DAY:
        course.append((seen + HOUR, None))
    return course


def _markets(change: Mapping[str, Any], *gone: str) -> Fault:
    def apply(value: Any) -> Any:
        listed = value.get("markets", [value]) if isinstance(value, dict) else []
        for market in listed:
            market.update(change)
            for name in gone:
                market.pop(name, None)
        return value

    return changed(apply)


def _points(change: Mapping[str, Any]) -> Fault:
    def apply(value: Any) -> Any:
        for point in value.get("history", []):
            point.update(change)
        return value

    return changed(apply)


FAULTS: Mapping[str, Fault] = {
    "no question": _markets({}, "question"),
    "no slug": _markets({}, "slug"),
    "no tokens": _markets({"clobTokenIds": "none"}),
    "percent": _markets({"outcomePrices": '["61", "39"]'}),
    "three outcomes": _markets({"outcomes": '["Yes", "No", "Perhaps"]'}),
    "no zone": _markets({"endDate": "2026-12-31T12:00:00", "startDate": "soon"}),
    "closed as a text": _markets({"closed": "false"}),
    "points in percent": _points({"p": 61.5}),
    "points without a time": _points({"t": None}),
    "points as texts": _points({"p": "a half"}),
    "another name": changed(lambda value: {"data": value}),
    "a list": changed(lambda value: [value]),
    "nothing": changed(lambda value: None),
}
