"""What Kalshi's replies describe: an event's markets, prices in dollars as text, and what they settled at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from db.forecast_tables import Question
from tracker.markets.reading import Fields, content
from tracker.markets.source import Reply, SourceError

SITE = "Kalshi"
OPEN = ("initialized", "active", "inactive", "unopened", "open", "paused")
FINAL = ("finalized", "settled")
"""A result that is only "determined" can be disputed for a day, and be another one then."""
MARKS = ("status", "result", "volume_fp", "last_price_dollars", "settlement_value_dollars", "close_time")
"""While these stay as they are, nothing of a market has changed: the last price moves only with the volume."""


class Market(NamedTuple):
    """One market of an event. `price`: of its last trade; null: nobody has traded. `until`: when it closed, or now.

    `entry`: the id of the event of which it is one answer; null where it is all of what was asked for. `old`: it is
    kept with what settled long ago.
    """

    fields: Fields
    question_id: str
    entry: str | None
    ticker: str
    title: str
    price: float | None
    volume: float
    closed: bool
    opens_at: datetime
    until: datetime
    old: bool

    @property
    def mark(self) -> list[Any]:
        return [self.fields.record.get(name) for name in MARKS]


class Entry(NamedTuple):
    """`kind`: where it was found, of `kalshi.PLACES`. `series`: null where no reply says it.

    `whole`: the ticker of a market that is all of it, or "".
    """

    kind: str
    series: str | None
    whole: str
    markets: list[Market]


def listed(reply: Reply) -> list[Fields]:
    """The markets that a reply describes, wherever in it they are; none for an event that settled long ago."""
    record = Fields.of(SITE, "its reply", content(SITE, reply))
    if "market" in record.record:
        return [Fields.of(SITE, "the market", record.record["market"])]
    if "event" in record.record:
        event = Fields.of(SITE, "the event", record.record["event"])
        values = event.record.get("markets") or record.record.get("markets") or []
        record = Fields(SITE, "the event", {"markets": values})
    return [Fields.of(SITE, "a market", value) for value in record.listed("markets")]


def read_entry(replies: Sequence[Reply], sync: Mapping[str, Any]) -> Entry:
    """What the first reply describes, with an event's old markets, and its series, where others behind it say them."""
    first = replies[0]
    found = [(fields, _is_old(first)) for fields in listed(first)]
    for reply in replies[1:]:
        found += [(fields, True) for fields in listed(reply)] if _is_old(reply) and _is_event(reply) else []
    if not found:
        raise SourceError(f"{SITE} shows no market at {first.url}: add it when it has one.")
    tickers = [market.must("ticker") for market, _ in found]
    event = _event(replies[:2])
    whole = sync.get("whole", tickers[0] if len(found) == 1 else "")
    key = (found[0][0].text("event_ticker") or tickers[0]) if _is_event(first) else tickers[0]
    return Entry(
        kind=("old " if _is_old(first) else "") + ("event" if _is_event(first) else "market"),
        series=sync.get("series") or (event.text("series_ticker") if event else None),
        whole=whole,
        markets=[
            _market(fields, event, f"kalshi:{key}", ticker == whole, first.fetched_at)._replace(old=old)
            for (fields, old), ticker in zip(found, tickers, strict=True)
        ],
    )


def question(market: Market, fetched_at: datetime) -> Question:
    fields = market.fields
    decided, annulled = resolution(market)
    rules = [text for text in (fields.text("rules_primary"), fields.text("rules_secondary")) if text]
    event = fields.text("event_ticker") or market.ticker
    return Question(
        id=market.question_id,
        source="kalshi",
        market=market.entry,
        title=market.title,
        url=f"https://kalshi.com/markets/{event.lower()}",
        rules="\n\n".join(rules) or None,
        opens_at=market.opens_at,
        closes_at=fields.moment("close_time"),
        resolved_at=(fields.moment("settlement_ts") or market.until) if decided is not None or annulled else None,
        resolution=decided,
        annulled=annulled,
        volume=market.volume,
        volume_unit="contracts",
        synced_at=fetched_at,
        raw={"ticker": market.ticker, "event_ticker": event, "status": fields.text("status")},
    )


def resolution(market: Market) -> tuple[float | None, bool]:
    """What a YES contract paid, and whether the market was voided. Null until that is final."""
    fields = market.fields
    if fields.must("status") not in FINAL:
        return None, False
    result = fields.text("result")
    if result == "void":
        return None, True
    paid = dollars(fields, "settlement_value_dollars")
    said = {"yes": 1.0, "no": 0.0}.get(result or "")
    if said is not None and paid is not None and paid != said:
        raise fields.wrong("settlement_value_dollars", f"what the result “{result}” pays")
    return paid if said is None else said, False


def dollars(fields: Fields, name: str) -> float | None:
    """A price from $0 to $1, which is written as text. A bare number would be cents, as they were sent until 2026."""
    if fields.record.get(name) is None:
        return None
    if not isinstance(fields.record[name], str):
        raise fields.wrong(name, "dollars as text")
    return fields.fraction(name)


def _market(found: Fields, event: Fields | None, entry: str, alone: bool, fetched_at: datetime) -> Market:
    ticker = found.must("ticker")
    fields = Fields(SITE, f"market {ticker}", found.record)
    volume = fields.number("volume_fp")
    opens_at, closes_at = fields.moment("open_time"), fields.moment("close_time")
    if volume is None or opens_at is None or closes_at is None:
        missing = {"volume_fp": volume, "open_time": opens_at, "close_time": closes_at}
        raise fields.wrong(next(name for name, value in missing.items() if value is None), "a number or a time")
    price = dollars(fields, "last_price_dollars")
    if volume and price is None:
        raise fields.wrong("last_price_dollars", "dollars as text")
    closed = fields.must("status") not in OPEN
    answer = fields.text("yes_sub_title")
    title = fields.text("title") or (event.text("title") if event else None) or ticker
    if not alone and event:
        title = f"{event.text('title') or title} — {answer or ticker}"
    return Market(
        fields=fields,
        question_id=entry if alone else f"{entry}/{ticker}",
        entry=None if alone else entry,
        ticker=ticker,
        title=title,
        price=price if volume else None,
        volume=volume,
        closed=closed,
        opens_at=opens_at,
        until=min(closes_at, fetched_at) if closed else fetched_at,
        old=False,
    )


def _is_event(reply: Reply) -> bool:
    """Whether the reply is of an event, and not of one market."""
    path, _, query = reply.url.partition("?")
    return "/events/" in path or "event_ticker=" in query


def _is_old(reply: Reply) -> bool:
    return "/historical/markets" in reply.url and not reply.url.partition("?")[0].endswith("/candlesticks")


def _event(replies: Sequence[Reply]) -> Fields | None:
    for reply in replies:
        event = Fields.of(SITE, "its reply", content(SITE, reply)).record.get("event")
        if event is not None:
            return Fields.of(SITE, "the event", event)
    return None
