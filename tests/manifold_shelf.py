"""Manifold's markets on a shelf: a site that was traded at random, and what of it is on the shelf."""

import functools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.market_server_manifold import Manifold
from tests.market_shelf import Shelf
from tracker.markets.manifold import MANIFOLD, fetch
from tracker.markets.manifold_market import EPOCH


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def shelf_of(site: Manifold, page: int = 1000) -> Shelf:
    """A minute later than the site's last event: what a market says of itself is not older than its bets."""
    source = replace(MANIFOLD, fetch=functools.partial(fetch, page=page))
    return Shelf(source, site.site, lambda: moment(site.clock) + timedelta(minutes=2))


def check(site: Manifold, shelf: Shelf, slug: str) -> None:
    """What is on the shelf is every price there was."""
    market = site.markets[slug]
    assert shelf.questions.keys() == market.questions().keys()
    for question, traded in market.questions().items():
        assert shelf.course(question) == [(moment(at), pytest.approx(price, abs=1e-9)) for at, price in traded.truth], (
            question
        )


def traded(bets: int = 30, *, seed: int = 1, steps: tuple[int, ...] = (0, 1, 60_000), **more: Any) -> Manifold:
    """A site with one market, "rain", that was traded that often; `steps` milliseconds between two trades."""
    site = Manifold(seed)
    market = site.add("rain", **more)
    for _ in range(bets):
        site.clock += site.rng.choice(steps)
        answer = site.rng.choice(list(market.answers)) if market.answers else None
        site.trade("rain", site.rng.uniform(0.02, 0.9), answer)
    return site


KINDS: dict[str, dict[str, Any]] = {
    "yes or no": {},
    "numeric": {"kind": "PSEUDO_NUMERIC"},
    "linked": {"answers": ["Ada", "Bo", "Cy"]},
    "independent": {"answers": ["Ada", "Bo"], "linked": False},
}
