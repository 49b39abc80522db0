"""Manifold's read API as documented, over markets that a test makes, trades and resolves: https://docs.manifold.markets/api.

Its traps are here too: unknown parameters are refused, times are strict, rows of one millisecond come in any order,
rows of redemptions without shares are hidden unless asked for, small searches lose matches.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.manifold_trades import Market, Traded, Trades
from tests.market_server import Answer, Asked, MarketServer, Refusal, json_answer

MAX_LIMIT = 1000
BETS = """id userId username contractId contractSlug answerId limit before after beforeTime afterTime order kinds
minAmount filterRedemptions includeZeroShareRedemptions excludeApi commentRepliesOnly count points"""
SEARCH = """term filter sort contractType topicSlug creatorId limit offset beforeTime token liquidity hasBets
includeLiteAnswers"""
MARKETS = "limit sort order before userId groupId"


class Manifold(Trades):
    """The site: `site` is what answers requests."""

    def __init__(self, seed: int = 0, *, etags: bool = True) -> None:
        super().__init__(seed)
        routes: dict[str, Callable[[Asked, re.Match[str]], Answer]] = {
            r"/v0/slug/([^/]+)": self._slug,
            r"/v0/market/([^/]+)": self._market,
            r"/v0/market/([^/]+)/prob": self._prob,
            r"/v0/market-probs": self._probs,
            r"/v0/bets": self._bets,
            r"/v0/markets": self._list,
            r"/v0/search-markets": self._search,
        }
        self.site = MarketServer(routes, json_answer({"message": "Not found"}, 404), etags=etags)

    def _slug(self, asked: Asked, match: re.Match[str]) -> Answer:
        return json_answer(self._full(self._found(match[1], "slug")))

    def _market(self, asked: Asked, match: re.Match[str]) -> Answer:
        return json_answer(self._full(self._found(match[1], "id")))

    def _prob(self, asked: Asked, match: re.Match[str]) -> Answer:
        market = self._found(match[1], "id")
        if not market.answers:
            return json_answer({"prob": market.own.shown})
        stored = {answer: one.shown if one.weight is None else one.weight for answer, one in market.answers.items()}
        return json_answer({"answerProbs": stored})

    def _probs(self, asked: Asked, match: re.Match[str]) -> Answer:
        ids = asked.all("ids") + asked.all("ids[]")
        if asked.params and (len(asked.params) == 1 and asked.params[0][0] == "ids"):
            raise Refusal(_invalid("ids", "Expected array, received string"))
        known = {market.id: market for market in self.markets.values()}
        return json_answer({one: known[one].own.shown for one in ids[:100] if one in known})

    def _bets(self, asked: Asked, match: re.Match[str]) -> Answer:
        _strict(asked, BETS)
        rows = [row for market in self._asked_markets(asked) for row in market.bets]
        if answer := asked.one("answerId"):
            rows = [row for row in rows if row.get("answerId") == answer]
        if asked.one("kinds") == "open-limit":
            rows = [row for row in rows if "limitProb" in row and not row.get("isFilled")]
        # Any text is true, “false” too.
        if asked.one("filterRedemptions"):
            rows = [row for row in rows if not row.get("isRedemption")]
        if asked.one("includeZeroShareRedemptions") != "true":
            rows = [row for row in rows if not (row.get("isRedemption") and not row["shares"])]
        for name, later in (("before", False), ("after", True)):
            if identity := asked.one(name):
                edge = next((row["createdTime"] for row in rows if row["id"] == identity), None)
                if edge is None:
                    raise Refusal(json_answer({"message": f"Bet specified in {name} parameter not found"}, 404))
                rows = [row for row in rows if (row["createdTime"] > edge) is later and row["createdTime"] != edge]
        if (before := _number(asked, "beforeTime")) is not None:
            rows = [row for row in rows if row["createdTime"] < before]
        if (after := _number(asked, "afterTime")) is not None:
            rows = [row for row in rows if row["createdTime"] > after]
        # The database orders by time alone: rows of one millisecond come as they happen to.
        self.rng.shuffle(rows)
        rows.sort(key=lambda row: row["createdTime"], reverse=_order(asked) == "desc")
        return json_answer(rows[: _limit(asked, MAX_LIMIT)])

    def _list(self, asked: Asked, match: re.Match[str]) -> Answer:
        _strict(asked, MARKETS)
        newest = sorted(self.markets.values(), key=lambda market: -market.created)
        if before := asked.one("before"):
            newest = newest[[market.id for market in newest].index(before) + 1 :]
        return json_answer([self._lite(market) for market in newest[: _limit(asked, 500)]])

    def _search(self, asked: Asked, match: re.Match[str]) -> Answer:
        _strict(asked, SEARCH)
        words = (asked.one("term") or "").lower().split()
        found = [market for market in self.markets.values() if all(word in _title(market).lower() for word in words)]
        if asked.one("filter") == "open":
            found = [market for market in found if market.own.resolution is None and market.close > self.clock]
        limit = _limit(asked, 100)
        if limit < 1000:
            found = [market for place, market in enumerate(found) if place % 3 != 1]
        return json_answer([self._lite(market) for market in found[_number(asked, "offset") or 0 :][:limit]])

    def _asked_markets(self, asked: Asked) -> list[Market]:
        markets = list(self.markets.values())
        if slug := asked.one("contractSlug"):
            markets = [market for market in markets if market.slug == slug]
            if not markets:
                raise Refusal(json_answer({"message": "No contract found with that slug"}, 400))
        ids = [identity for identity in asked.all("contractId") if identity]
        return [market for market in markets if market.id in ids] if ids else markets

    def _found(self, value: str, name: str) -> Market:
        for market in self.markets.values():
            if getattr(market, name) == value:
                return market
        raise Refusal(json_answer({"message": "Contract not found"}, 404))

    def _lite(self, market: Market) -> dict[str, Any]:
        one = market.own
        told = {
            "id": market.id,
            "creatorId": "creator",
            "creatorUsername": "somebody",
            "creatorName": "Some Body",
            "createdTime": market.created,
            "closeTime": market.close,
            "question": _title(market),
            "slug": market.slug,
            "url": f"https://manifold.markets/somebody/{market.slug}",
            "outcomeType": market.kind,
            "mechanism": market.mechanism,
            "totalLiquidity": 1000,
            "volume": market.volume,
            "volume24Hours": 0,
            "isResolved": one.resolution is not None,
            "uniqueBettorCount": len({row["userId"] for row in market.bets}),
            "token": "MANA",
        }
        if not market.answers:
            told |= {"pool": one.pool, "p": 0.5, "probability": one.shown}
        if market.last_bet is not None:
            told["lastBetTime"] = market.last_bet
        return {**told, **_resolution(one), **market.more}

    def _full(self, market: Market) -> dict[str, Any]:
        told = {"description": {"type": "doc", "content": []}, "textDescription": f"Rules of {market.slug}."}
        if market.answers:
            told["shouldAnswersSumToOne"] = market.linked
            told["addAnswersMode"] = "DISABLED"
            told["answers"] = [
                {
                    "id": answer.id,
                    "contractId": market.id,
                    "createdTime": market.created,
                    "index": place,
                    "text": answer.text,
                    "isOther": False,
                    "volume": market.volume / len(market.answers),
                    "pool": answer.pool,
                    "probability": answer.shown,
                    **_resolution(answer),
                    **_ended_with(market, answer),
                }
                for place, answer in enumerate(market.answers.values())
            ]
        return {**self._lite(market), **told, **market.more}


def _ended_with(market: Market, answer: Traded) -> dict[str, Any]:
    """Answers of a linked market get the time of its end and their last price, and no resolution of their own."""
    if not (market.linked and market.own.resolution):
        return {}
    return {"resolutionTime": market.own.resolution_time, "resolutionProbability": answer.price}


def _resolution(traded: Traded) -> dict[str, Any]:
    told = {
        "resolution": traded.resolution,
        "resolutionTime": traded.resolution_time,
        "resolutionProbability": traded.resolution_probability,
    }
    return {name: value for name, value in told.items() if value is not None}


def _title(market: Market) -> str:
    return f"Will {market.slug.replace('-', ' ')} happen?"


def _invalid(name: str, error: str) -> Answer:
    return json_answer({"message": "Error validating request.", "details": [{"field": name, "error": error}]}, 400)


def _strict(asked: Asked, known: str) -> None:
    for name, _ in asked.params:
        if name.removesuffix("[]") not in known.split():
            raise Refusal(_invalid("", f"Unrecognized key(s) in object: '{name}'"))


def _number(asked: Asked, name: str) -> int | None:
    value = asked.one(name)
    if value is None:
        return None
    if not re.fullmatch(r"-?\d+", value):
        raise Refusal(_invalid(name, "Expected number, received nan"))
    return int(value)


def _limit(asked: Asked, usual: int) -> int:
    limit = _number(asked, "limit")
    limit = usual if limit is None else limit
    if not 0 < limit <= MAX_LIMIT:
        raise Refusal(_invalid("limit", f"Number must be less than or equal to {MAX_LIMIT}"))
    return limit


def _order(asked: Asked) -> str:
    order = asked.one("order") or "desc"
    if order not in ("asc", "desc"):
        raise Refusal(_invalid("order", "Invalid enum value. Expected 'asc' | 'desc'"))
    return order
