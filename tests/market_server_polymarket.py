"""Polymarket's Gamma and price history as documented: lists packed as texts, windows of 15 days, coarse once closed."""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from tests.market_server import Answer, Asked, MarketServer, Refusal, json_answer

LONGEST = 15 * 86400
INTERVALS = ("max", "all", "1m", "1w", "1d", "6h", "1h")


@dataclass
class Sold:
    """One market. `prices`: what one share of the first outcome cost from each moment on. `silent`: spans of no record.

    `ended`: when it closed; `paid`: what it then paid for the first outcome, null while the oracle has not decided.
    `keeps`: which history is left then: "coarse" (interval=max at 720 minutes) or "windows" (as while it was open).
    """

    slug: str
    question: str
    opens: datetime
    prices: list[tuple[datetime, float]]
    outcomes: tuple[str, str] = ("Yes", "No")
    ends: datetime = datetime(2026, 12, 31, 12, tzinfo=UTC)
    silent: list[tuple[datetime, datetime]] = field(default_factory=list)
    ended: datetime | None = None
    paid: float | None = None
    keeps: str = "coarse"
    status: str | None = None
    active: bool = True
    volume: float = 1000.0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def tokens(self) -> tuple[str, str]:
        return f"{hash_of(self.slug)}1", f"{hash_of(self.slug)}2"

    def price(self, at: datetime) -> float | None:
        place = bisect_right(self.prices, at, key=itemgetter(0))
        return self.prices[place - 1][1] if place else None


def hash_of(text: str) -> int:
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)


class Polymarket:
    """The site at a moment, `now`. `events`: slug → its markets. `forgets`: histories come empty, with status 200."""

    def __init__(
        self, now: datetime, events: Mapping[str, list[Sold]], titles: Mapping[str, str] | None = None
    ) -> None:
        self.now = now
        self.events = dict(events)
        self.titles = dict(titles or {})
        self.forgets = False
        self.server = MarketServer(
            {
                "/events/slug/([^/]+)": self._event,
                "/markets/slug/([^/]+)": self._market,
                "/prices-history": self._history,
                "/public-search": self._search,
            },
            json_answer({"type": "not found error", "error": "not found"}, 404),
        )

    @property
    def markets(self) -> list[Sold]:
        return [market for markets in self.events.values() for market in markets]

    def market(self, slug: str) -> Sold:
        return next(market for market in self.markets if market.slug == slug)

    def _event(self, asked: Asked, match: re.Match[str]) -> Answer:
        if match[1] not in self.events:
            return json_answer({"type": "not found error", "error": "slug not found"}, 404)
        return json_answer(self.event(match[1]))

    def event(self, slug: str) -> dict[str, Any]:
        markets = self.events[slug]
        return {
            "id": str(hash_of(slug) % 100000),
            "slug": slug,
            "title": self.titles.get(slug, slug.replace("-", " ").capitalize() + "?"),
            "endDate": iso(max(market.ends for market in markets)),
            "volume": sum(market.volume for market in markets),
            "closed": all(market.ended for market in markets),
            "markets": [self.described(market) for market in markets],
        }

    def _market(self, asked: Asked, match: re.Match[str]) -> Answer:
        for slug, markets in self.events.items():
            for market in markets:
                if market.slug == match[1]:
                    event = {"id": str(hash_of(slug) % 100000), "slug": slug, "title": self.titles.get(slug, slug)}
                    return json_answer({**self.described(market), "events": [event]})
        return json_answer({"type": "not found error", "error": "slug not found"}, 404)

    def described(self, market: Sold) -> dict[str, Any]:
        price = market.price(min(self.now, market.ended or self.now))
        if market.ended and market.paid is not None:
            price = market.paid
        known = {} if price is None else {"outcomePrices": json.dumps([f"{price:.6g}", f"{1 - price:.6g}"])}
        closed = {} if market.ended is None else {"closedTime": f"{market.ended:%Y-%m-%d %H:%M:%S}+00"}
        status = market.status or ("resolved" if market.paid is not None else None)
        return {
            "id": str(hash_of(market.slug) % 1000000),
            "conditionId": f"0x{hash_of(market.slug):064x}",
            "slug": market.slug,
            "question": market.question,
            "description": f"This market resolves to “Yes” if {market.slug} holds.",
            "outcomes": json.dumps(market.outcomes),
            "clobTokenIds": json.dumps(market.tokens),
            "enableOrderBook": True,
            "active": market.active,
            "closed": market.ended is not None,
            "startDate": iso(market.opens),
            "endDate": iso(market.ends),
            "updatedAt": self._touched(market),
            "volume": f"{market.volume:.6f}",
            "volumeNum": market.volume,
            **known,
            **closed,
            **({"umaResolutionStatus": status} if status else {}),
            **market.more,
        }

    def _touched(self, market: Sold) -> str:
        moved = [moment for moment, _ in market.prices if moment <= self.now]
        return iso(max([market.opens, *moved, *([market.ended] if market.ended else [])]))

    def _history(self, asked: Asked, match: re.Match[str]) -> Answer:
        token = asked.one("market")
        unknown = {name for name, _ in asked.params} - {"market", "startTs", "endTs", "interval", "fidelity"}
        if not token or unknown:
            raise refusal(f"invalid filters: {sorted(unknown) or 'market'}")
        market = next((market for market in self.markets if token in market.tokens), None)
        minutes = int(asked.one("fidelity") or 1)
        interval, start, end = asked.one("interval"), asked.one("startTs"), asked.one("endTs")
        if (interval is None) == (start is None):
            raise refusal("invalid filters: give an interval, or 'startTs' and 'endTs'")
        if interval is not None and interval not in INTERVALS:
            raise refusal(f"invalid filters: 'interval' {interval}")
        if start is not None and int(end or self.now.timestamp()) - int(start) > LONGEST:
            raise refusal("invalid filters: 'startTs' and 'endTs' interval is too long")
        if market is None or self.forgets:
            return json_answer({"history": []})
        coarse = interval is not None and minutes >= 720
        if market.ended and coarse != (market.keeps == "coarse"):
            return json_answer({"history": []})
        first = market.opens if start is None else datetime.fromtimestamp(int(start), UTC)
        last = datetime.fromtimestamp(int(end), UTC) if end else self.now
        return json_answer({"history": self.samples(market, token, first, last, minutes)})

    def samples(self, market: Sold, token: str, first: datetime, last: datetime, minutes: int) -> list[dict[str, Any]]:
        """One point for each stretch of so many minutes, dated where it begins, after `first` and before `last`."""
        step = minutes * 60
        stamp = (int(first.timestamp()) // step + 1) * step
        until = min(int(last.timestamp()), int((market.ended or self.now).timestamp()), int(self.now.timestamp()))
        points = []
        for at in range(stamp, until, step):
            moment = datetime.fromtimestamp(at, UTC)
            price = market.price(moment)
            if price is None or any(begin <= moment < end for begin, end in market.silent):
                continue
            points.append({"t": at, "p": price if token == market.tokens[0] else round(1 - price, 6)})
        return points

    def _search(self, asked: Asked, match: re.Match[str]) -> Answer:
        words = (asked.one("q") or "").lower().split()
        if not words:
            return json_answer({"type": "validation error", "error": "q is required"}, 422)
        slugs = [slug for slug in self.events if all(word in self.event(slug)["title"].lower() for word in words)]
        most = int(asked.one("limit_per_type") or 10)
        events = [self.event(slug) for slug in slugs if not self.event(slug)["closed"]][:most]
        return json_answer({"events": events, "pagination": {"hasMore": len(slugs) > most, "totalResults": len(slugs)}})


def refusal(text: str) -> Refusal:
    return Refusal(json_answer({"error": text}, 400))


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def walk(opens: datetime, prices: list[float], every: timedelta = timedelta(hours=7)) -> list[tuple[datetime, float]]:
    """A price that changes every so often."""
    return [(opens + place * every, price) for place, price in enumerate(prices)]
