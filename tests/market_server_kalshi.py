"""Kalshi's public market data as documented: dollars as text, at most 5,000 candlesticks, a shelf for what is old."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from tests.market_server import Answer, Asked, MarketServer, Refusal, json_answer

BASE = "/trade-api/v2"
MOST = 5000
SHELVED_AFTER = timedelta(days=60)


class Trade(NamedTuple):
    at: datetime
    price: float
    count: float = 10.0


@dataclass
class Contract:
    """One market. `settled`: when it was final; `result`: yes, no, scalar, void or ""; `paid`: to YES, in dollars."""

    ticker: str
    opens: datetime
    closes: datetime
    trades: list[Trade]
    answer: str = ""
    status: str | None = None
    settled: datetime | None = None
    result: str = ""
    paid: float | None = None
    lag: timedelta = timedelta(0)
    more: dict[str, Any] = field(default_factory=dict)

    def traded(self, now: datetime) -> list[Trade]:
        return [trade for trade in self.trades if trade.at <= min(now, self.closes)]


class Kalshi:
    """The site at a moment, `now`. `events`: ticker → its markets; `series`: event → its series, where it says one.

    What settled more than two months ago is on the old shelf only.
    """

    def __init__(self, now: datetime, events: Mapping[str, list[Contract]], series: Mapping[str, str]) -> None:
        self.now = now
        self.events = dict(events)
        self.series = dict(series)
        self.titles: dict[str, str] = {}
        one = "([^/]+)"
        self.server = MarketServer(
            {
                f"{BASE}/events/{one}": self._event,
                f"{BASE}/events": self._events,
                f"{BASE}/markets/{one}": self._market,
                f"{BASE}/historical/markets/{one}": self._old_market,
                f"{BASE}/historical/markets": self._old_markets,
                f"{BASE}/series/{one}/markets/{one}/candlesticks": self._candles,
                f"{BASE}/historical/markets/{one}/candlesticks": self._old_candles,
            },
            missing("not_found"),
        )

    def is_old(self, contract: Contract) -> bool:
        return contract.settled is not None and self.now - contract.settled > SHELVED_AFTER

    def contract(self, ticker: str, *, old: bool) -> tuple[str, Contract]:
        for event, contracts in self.events.items():
            for contract in contracts:
                if contract.ticker == ticker and self.is_old(contract) == old:
                    return event, contract
        raise Refusal(missing("not_found"))

    def title(self, event: str) -> str:
        return self.titles.get(event, f"What of {event}?")

    def described(self, event: str, contract: Contract) -> dict[str, Any]:
        traded = contract.traded(self.now)
        status = "active" if self.now < contract.closes else "closed"
        if contract.settled is not None and self.now >= contract.settled:
            status = contract.status or "finalized"
        last = traded[-1].price if traded else 0.0
        settled = status in ("finalized", "determined", "disputed", "settled")
        return {
            "ticker": contract.ticker,
            "event_ticker": event,
            "market_type": "binary",
            "title": f"Will {contract.ticker} be so?",
            "yes_sub_title": contract.answer,
            "status": status,
            "open_time": iso(contract.opens),
            "close_time": iso(contract.closes),
            "last_price_dollars": f"{last:.4f}",
            "yes_bid_dollars": f"{max(last - 0.01, 0):.4f}",
            "yes_ask_dollars": f"{min(last + 0.02, 1):.4f}",
            "volume_fp": f"{sum(trade.count for trade in traded):.2f}",
            "result": contract.result if settled else "",
            "rules_primary": f"If {contract.ticker} holds, then the market resolves to Yes.",
            "rules_secondary": "",
            **({"settlement_ts": iso(contract.settled)} if settled and contract.settled else {}),
            **({"settlement_value_dollars": f"{contract.paid:.4f}"} if settled and contract.paid is not None else {}),
            **contract.more,
        }

    def _event(self, asked: Asked, match: re.Match[str]) -> Answer:
        event = match[1]
        if event not in self.events:
            return missing("not_found")
        live = [contract for contract in self.events[event] if not self.is_old(contract)]
        markets = [self.described(event, contract) for contract in live]
        record: dict[str, Any] = {"event_ticker": event, "title": self.title(event)}
        if event in self.series:
            record["series_ticker"] = self.series[event]
        if asked.one("with_nested_markets") == "true":
            return json_answer({"event": {**record, "markets": markets}})
        return json_answer({"event": record, "markets": markets})

    def _events(self, asked: Asked, match: re.Match[str]) -> Answer:
        series = asked.one("series_ticker")
        found = [
            {"event_ticker": event, "series_ticker": series, "title": self.title(event)}
            for event, contracts in self.events.items()
            if self.series.get(event) == series and any(self.now < contract.closes for contract in contracts)
        ]
        return json_answer({"events": found, "cursor": ""})

    def _market(self, asked: Asked, match: re.Match[str]) -> Answer:
        return json_answer({"market": self.described(*self.contract(match[1], old=False))})

    def _old_market(self, asked: Asked, match: re.Match[str]) -> Answer:
        return json_answer({"market": self.described(*self.contract(match[1], old=True))})

    def _old_markets(self, asked: Asked, match: re.Match[str]) -> Answer:
        event = asked.one("event_ticker") or ""
        found = [self.described(event, contract) for contract in self.events.get(event, []) if self.is_old(contract)]
        return json_answer({"markets": found, "cursor": ""})

    def _candles(self, asked: Asked, match: re.Match[str]) -> Answer:
        event, contract = self.contract(match[2], old=False)
        if match[1] != self.series.get(event, event.split("-")[0]):
            return missing("not_found")
        return json_answer({"ticker": contract.ticker, "candlesticks": self._made(asked, contract, "_dollars", "_fp")})

    def _old_candles(self, asked: Asked, match: re.Match[str]) -> Answer:
        _, contract = self.contract(match[1], old=True)
        return json_answer({"ticker": contract.ticker, "candlesticks": self._made(asked, contract, "", "")})

    def _made(self, asked: Asked, contract: Contract, dollars: str, count: str) -> list[dict[str, Any]]:
        start, end, minutes = (asked.one(name) for name in ("start_ts", "end_ts", "period_interval"))
        if start is None or end is None or minutes not in ("1", "60", "1440"):
            raise Refusal(bad("validation failed for start_ts, end_ts or period_interval"))
        step = int(minutes) * 60
        wanted = (int(end) - int(start)) / step
        if wanted > MOST:
            raise Refusal(bad(f"requested time range with candlesticks: {wanted:.6f}, max candlesticks: {MOST}"))

        def period(trade: Trade) -> int:
            return -(-int(trade.at.timestamp()) // step) * step

        candles = {}
        seen = [trade for trade in contract.traded(self.now) if trade.at <= self.now - contract.lag]
        for stamp, group in groupby(seen, key=period):
            # After each hour with a trade, one in which only offers moved.
            candles[stamp] = candle(stamp, list(group), dollars, count)
            candles.setdefault(stamp + step, candle(stamp + step, [], dollars, count))
        return [candles[stamp] for stamp in sorted(candles) if int(start) <= stamp <= int(end)]


def candle(stamp: int, trades: list[Trade], dollars: str, count: str) -> dict[str, Any]:
    prices = [f"{trade.price:.4f}" for trade in trades]
    price = {"open": None, "high": None, "low": None, "close": None, "mean": None, "previous": "0.5000"}
    if prices:
        price |= {"open": prices[0], "close": prices[-1], "high": max(prices), "low": min(prices), "mean": prices[0]}
    offers = {f"{name}{dollars}": "0.4000" for name in ("open", "high", "low", "close")}
    return {
        "end_period_ts": stamp,
        "yes_bid": offers,
        "yes_ask": offers,
        "price": {f"{name}{dollars}": value for name, value in price.items()},
        f"volume{count}": f"{sum(trade.count for trade in trades):.2f}",
        f"open_interest{count}": "100.00",
    }


def missing(code: str) -> Answer:
    return json_answer({"error": {"code": code, "message": code.replace("_", " "), "service": "api"}}, 404)


def bad(details: str) -> Answer:
    return json_answer({"error": {"code": "bad_request", "message": "bad request", "details": details}}, 400)


def iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
