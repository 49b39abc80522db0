"""Manifold as a world of tests/market_faults.py: markets of all kinds, traded, decided and taken back."""

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.manifold_trades import Market, Traded
from tests.market_server import Fault, changed
from tests.market_server_manifold import Manifold
from tests.market_stands import PLACES, Asked
from tracker.markets.manifold import MANIFOLD, fetch
from tracker.markets.manifold_market import EPOCH

WEEK = 7 * 86_400_000


class ManifoldWorld:
    """One to three markets of all kinds, with so many bets that a sync takes several pages, many in one millisecond."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"world {seed}")
        self.manifold = Manifold(seed, etags=self.rng.random() < 0.7)
        self.site = self.manifold.site
        self.source = replace(MANIFOLD, fetch=functools.partial(fetch, page=self.rng.choice([9, 12, 30, 1000])))
        for place in range(self.rng.randint(1, 3)):
            self._add(f"market-{place}")
        for _ in range(self.rng.choice([0, 1, 10, 40])):
            self._trade()
        self.own_faults = MANIFOLD_FAULTS

    def now(self) -> datetime:
        return moment(self.manifold.clock) + timedelta(seconds=1)

    def followed(self) -> Sequence[str]:
        return list(self.manifold.markets)

    def happen(self) -> None:
        self.manifold.clock += self.rng.choice([1, 60_000, WEEK])
        what = self.rng.choices([self._trades, self._decide, self._reopen, self._forget, self._idle], [6, 2, 1, 1, 1])
        what[0]()

    def meanwhile(self) -> None:
        self.manifold.clock += self.rng.choice([0, 3, 500])
        self._trade()

    def stands(self, key: str) -> dict[str, Asked]:
        market = self.manifold.markets[key]
        return {
            question: Asked(
                [(moment(at), round(price, PLACES)) for at, price in traded.truth], *_decision(market, traded)
            )
            for question, traded in market.questions().items()
        }

    def _add(self, slug: str) -> None:
        kind = self.rng.choice(["BINARY", "PSEUDO_NUMERIC", "linked", "independent"])
        if kind in ("linked", "independent"):
            texts = [f"Answer {place}" for place in range(self.rng.randint(2, 4))]
            self.manifold.add(slug, answers=texts, linked=kind == "linked")
        else:
            self.manifold.add(slug, kind, price=self.rng.uniform(0.05, 0.95))

    def _any(self) -> tuple[Market, str | None]:
        market = self.rng.choice(list(self.manifold.markets.values()))
        return market, self.rng.choice(list(market.answers)) if market.answers else None

    def _trades(self) -> None:
        for _ in range(self.rng.choice([1, 2, 5, 15])):
            self._trade()

    def _trade(self) -> None:
        market, answer = self._any()
        self.manifold.clock += self.rng.choice([0, 0, 1, 40, 3_600_000])
        rows = [row for row in market.bets if row["createdTime"] == self.manifold.clock]
        if len(rows) + max(1, len(market.answers)) > 8:
            # The smallest page has to hold a millisecond.
            self.manifold.clock += 1
        kind = self.rng.random()
        if kind < 0.1:
            self.manifold.order(market.slug, answer)
        elif kind < 0.2 and not market.linked:
            self.manifold.redeem(market.slug, answer)
        elif market.own.resolution is None and market.traded(answer).resolution is None:
            flags = {"isCancelled": True, "isFilled": False} if kind < 0.4 else {}
            self.manifold.trade(market.slug, self.rng.uniform(0.02, 0.95), answer, **flags)

    def _decide(self) -> None:
        market, answer = self._any()
        if market.own.resolution is not None:
            return
        if not market.linked:
            said = self.rng.choice(["YES", "NO", "MKT", "CANCEL"])
            if answer and market.answers[answer].resolution is not None:
                return
            self.manifold.resolve(market.slug, said, answer, self.rng.random() if said == "MKT" else None)
            return
        if self.rng.random() < 0.3:
            first, *_, last = market.answers
            self.manifold.share_out(market.slug, {first: 0.25, last: 0.75})
        else:
            self.manifold.resolve(market.slug, self.rng.choice([*market.answers, "CANCEL"]))

    def _reopen(self) -> None:
        market, answer = self._any()
        self.manifold.reopen(market.slug, None if market.linked else answer)
        for traded in market.answers.values():
            traded.weight = None

    def _forget(self) -> None:
        """Only trades of the end, and none that moved several answers at once."""
        market, _ = self._any()
        if not market.linked and market.bets:
            self.manifold.forget(market.slug, self.rng.randint(1, min(3, len(market.bets))))

    def _idle(self) -> None:
        """Somebody writes a comment."""


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def _decision(market: Market, traded: Traded) -> tuple[float | None, bool]:
    """What the facts say of each resolution."""
    said = market.own.resolution if market.linked or not market.answers else traded.resolution
    if market.linked:
        if said is None or said == "CANCEL":
            return None, said == "CANCEL"
        return (traded.weight if said == "CHOOSE_MULTIPLE" else float(said == traded.id)), False
    if said == "MKT":
        return traded.resolution_probability, False
    return {"YES": 1.0, "NO": 0.0}.get(said or ""), said == "CANCEL"


def _each(value: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Change every bet of a page, or the market."""
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if isinstance(row, dict):
            change(row)
    return value


def _without(*names: str) -> Fault:
    return changed(lambda value: _each(value, lambda row: [row.pop(name, None) for name in names]))


def _with(**values: Any) -> Fault:
    return changed(lambda value: _each(value, lambda row: row.update(values)))


MANIFOLD_FAULTS: Mapping[str, Fault] = {
    "no prices": _without("probBefore", "probAfter"),
    "renamed price": changed(lambda value: _each(value, lambda row: row.update(prob=row.pop("probAfter", 0)))),
    "no id": _without("id"),
    "no time": _without("createdTime"),
    "time as a text": _with(createdTime="2026-01-01T00:00:00Z"),
    "percent": _with(probAfter=61.5),
    "price as a text": _with(probBefore="0.5", probability="half"),
    "no number": _with(probAfter=None),
    "another market": _with(contractId="somebody-elses", id="another"),
    "no kind": _without("outcomeType", "createdTime"),
    "another kind": _with(outcomeType="PERP", probAfter=None),
    "an object for a list": changed(lambda value: {"data": value}),
    "a list for an object": changed(lambda value: [value]),
    "nothing": changed(lambda value: None),
    "backwards": changed(lambda value: [*value[::-1], 1] if isinstance(value, list) else None),
}
