"""One market as Polymarket's Gamma describes it: which side is asked about, its token, how it was resolved."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from db.forecast_tables import Question
from tracker.markets.reading import Fields, content
from tracker.markets.source import Reply

SITE = "Polymarket"
MARKS = ("updatedAt", "closed", "closedTime", "endDate", "umaResolutionStatus", "outcomePrices", "volume")
"""While these stay as they are, nothing of a market has changed."""
FINAL = 0.001
"""A settled side's price may be this far from 0 or 1."""
DECIDED = 1e-5
"""Nearer to 0 or 1 than the finest tick allows a price to be: so say early markets, without a status, who has won."""


class Market(NamedTuple):
    """One market of an entry. `side`: which of its two outcomes is asked about. `token`: null: it never had a book.

    `until`: when it was closed, or when it was fetched.
    """

    fields: Fields
    question_id: str
    slug: str
    outcomes: list[str]
    prices: list[float]
    side: int
    token: str | None
    closed: bool
    opens_at: datetime
    until: datetime

    @property
    def mark(self) -> list[Any]:
        return [self.fields.record.get(name) for name in MARKS]

    @property
    def ending(self) -> list[Any]:
        """Which of its closes this is: a market can open again and close anew between two syncs."""
        return [self.slug, self.fields.record.get("closedTime")]


def read(key: str, found: Fields, whole: str, fetched_at: datetime) -> Market:
    """`whole`: the slug of the market that is all of its entry, and so has the entry's own name; or none."""
    slug = found.must("slug")
    fields = Fields(SITE, f"market “{slug}”", found.record)
    closed = fields.flag("closed")
    outcomes = [str(outcome) for outcome in packed(fields, "outcomes")]
    # Markets from before the order book, closed long ago, have no tokens and no history.
    booked = not closed or fields.flag("enableOrderBook")
    tokens = [str(token) for token in packed(fields, "clobTokenIds")] if booked else []
    if len(outcomes) != 2 or len(tokens) not in (0, 2):
        raise fields.wrong("outcomes" if len(outcomes) != 2 else "clobTokenIds", "a list of two")
    opens_at = fields.moment("startDate") or fields.moment("createdAt")
    if opens_at is None:
        raise fields.wrong("startDate", "a date and time")
    closed_at = (fields.moment("closedTime") or fields.moment("endDate")) if closed else None
    side = side_of(outcomes)
    return Market(
        fields=fields,
        question_id=f"polymarket:{key}" if slug == whole else f"polymarket:{key}/{slug}",
        slug=slug,
        outcomes=outcomes,
        prices=prices_of(fields, needed=closed),
        side=side,
        token=tokens[side] if tokens else None,
        closed=closed,
        opens_at=opens_at,
        until=min(closed_at or fetched_at, fetched_at),
    )


def question(market: Market, key: str, entry: Reply) -> Question:
    fields = market.fields
    named = {name.casefold() for name in market.outcomes} == {"yes", "no"}
    events = fields.record.get("events") or [content(SITE, entry)]
    event = Fields.of(SITE, "its event", events[0]).text("slug")
    decided = resolution(market)
    return Question(
        id=market.question_id,
        source="polymarket",
        market=f"polymarket:{key}" if "/" in market.question_id else None,
        title=fields.must("question") + ("" if named else f" — {market.outcomes[market.side]}"),
        url=f"https://polymarket.com/event/{event}/{market.slug}" if event else None,
        rules=fields.text("description"),
        opens_at=market.opens_at,
        closes_at=fields.moment("endDate"),
        resolved_at=market.until if decided is not None else None,
        resolution=decided,
        annulled=False,
        volume=fields.number("volumeNum" if "volumeNum" in fields.record else "volume"),
        volume_unit="USD",
        synced_at=entry.fetched_at,
        raw={name: fields.record.get(name) for name in ("id", "conditionId", "clobTokenIds")},
    )


def resolution(market: Market) -> float | None:
    """What the market pays for its side, once it is closed and the oracle has decided; null before.

    A market that pays both sides a half is resolved as 0.5: its price was a price of that.
    """
    if not market.closed:
        return None
    price = market.prices[market.side]
    status = market.fields.text("umaResolutionStatus")
    if status is None:
        return float(round(price)) if min(price, 1 - price) < DECIDED else None
    if status not in ("resolved", "settled"):
        return None
    if abs(sum(market.prices) - 1) > FINAL:
        raise market.fields.wrong("outcomePrices", "two prices that sum to 1")
    return float(round(price)) if min(price, 1 - price) <= FINAL else price


def side_of(outcomes: list[str]) -> int:
    """ "Yes" where there is one, else the first."""
    return next((place for place, name in enumerate(outcomes) if name.casefold() == "yes"), 0)


def prices_of(fields: Fields, *, needed: bool = False) -> list[float]:
    """The two prices, each from 0 to 1; empty where there are none and none is needed."""
    if not needed and not fields.record.get("outcomePrices"):
        return []
    values = packed(fields, "outcomePrices")
    if len(values) != 2:
        raise fields.wrong("outcomePrices", "two prices")
    return [Fields(SITE, fields.what, {"outcomePrices": value}).fraction("outcomePrices") for value in values]


def packed(fields: Fields, name: str) -> list[Any]:
    """A list, which Gamma packs as JSON into a text."""
    value = fields.record.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise fields.wrong(name, "a list as text") from None
    if not isinstance(value, list):
        raise fields.wrong(name, "a list as text")
    return value
