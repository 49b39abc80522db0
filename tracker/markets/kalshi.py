"""Kalshi: events, their markets, and hourly candlesticks of each.

https://docs.kalshi.com/api-reference. The price is that of the last trade: an hour without a trade has no candlestick,
or an empty one, so such a record has no holes. What settled long ago is kept under addresses of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from db.forecast_tables import Move
from tracker.markets import course
from tracker.markets.address import plain_key, segments
from tracker.markets.course import Point
from tracker.markets.kalshi_market import SITE, Market, dollars, listed, question, read_entry
from tracker.markets.reading import Fields, content
from tracker.markets.source import KEEP_ALL, Get, Params, Reply, Snapshot, Source, SourceError

HOUR = timedelta(hours=1)
WINDOW = 4900 * HOUR
"""A request for more than 5,000 candlesticks is refused."""
HOLES = {HOUR: timedelta.max}
PATIENCE = timedelta(days=30)
"""So long after its close a market's last trade is looked for in its candlesticks."""
CANDLES = re.compile(r"/markets/([^/?]+)/candlesticks")
PLACES: dict[str, tuple[str, Params]] = {
    "event": ("/events/{}", {"with_nested_markets": "true"}),
    "market": ("/markets/{}", {}),
    "old market": ("/historical/markets/{}", {}),
    "old event": ("/historical/markets", {"event_ticker": "{}", "limit": 1000}),
}


def key_of(url: str) -> str | None:
    """The ticker of the event, or of the market that an anchor names; of the series where the address has no event."""
    parts = segments(url, "kalshi.com") or []
    if len(parts) < 2 or parts[0] not in ("markets", "events"):
        return None
    ticker = parts[3] if len(parts) > 3 else parts[1]
    anchor = url.partition("#")[2].strip()
    return plain_key((anchor if anchor.lower().startswith(ticker.lower()) else ticker).upper())


def fetch(get: Get, key: str, sync: Mapping[str, Any]) -> Sequence[Reply]:
    """The event or market, then the candlesticks of each market that was traded since `sync`."""
    replies = [_found(get, key, sync)]
    if replies[0].status == 304:
        return replies
    entry = read_entry(replies, sync)
    gone = set(sync.get("tickers", [])) - {market.ticker for market in entry.markets}
    if entry.kind == "event" and (gone or not sync):
        # An event's reply leaves out the markets that were settled long ago.
        replies.append(_ask(get, "old event", key))
        entry = read_entry(replies, sync)
    due = [market for market in entry.markets if _is_due(market, sync)]
    if entry.kind == "market" and due and not entry.series:
        replies += _event_of(get, due[0])
        entry = read_entry(replies, sync)
    for market in due:
        start, until, old = _upto(market, sync) or market.opens_at, _hour(market.until) + HOUR, market.old
        while start < until:
            end = min(start + WINDOW, until)
            times = {"start_ts": int(start.timestamp()) + 1, "end_ts": int(end.timestamp()), "period_interval": 60}
            shelf = "/historical" if old else f"/series/{entry.series or market.ticker.split('-')[0]}"
            try:
                replies.append(get(f"{shelf}/markets/{market.ticker}/candlesticks", times))
                start = end
            except SourceError as error:
                if error.status != 404 or old or not market.closed:
                    raise
                old = True
    return replies


def parse(key: str, replies: Sequence[Reply], sync: Mapping[str, Any]) -> Snapshot:
    """A question for each market, with the prices at which it was traded."""
    first = replies[0]
    if first.status == 304:
        return Snapshot(sync=dict(sync), unchanged=True)
    entry = read_entry(replies, sync)
    points: dict[str, list[Point]] = {}
    for reply in replies:
        if named := CANDLES.search(reply.url):
            points.setdefault(named[1], []).extend(_points(reply))
    moves: list[Move] = []
    own_since, marks, lasts = {}, {}, dict(sync.get("lasts", {}))
    for market in entry.markets:
        upto, known = _upto(market, sync), _known(market, sync)
        if not _is_due(market, sync):
            if upto:
                own_since[market.question_id] = KEEP_ALL
            marks[market.ticker] = market.mark
            continue
        new = _traded(market, points.get(market.ticker, []), upto)
        agrees = (new[-1] if new else known or market).price == market.price and bool(new or known)
        # An hour that is not over yet is dated at the fetch, and at its end the next time.
        over = market.closed or not new or new[-1].at < market.until
        ahead = upto is None or market.until > upto
        if not agrees and ahead and not market.closed and market.price is not None:
            # The newest trade is in the market's own price, and not yet in a candlestick.
            new = [point for point in new if point.at < market.until] + [Point(market.until, market.price, HOUR)]
        moves += course.changes(market.question_id, new, known, market.until, HOLES)
        if upto:
            own_since[market.question_id] = upto + timedelta(seconds=1)
        enough = agrees or (market.closed and first.fetched_at - market.until > PATIENCE)
        if enough and over:
            marks[market.ticker] = market.mark
        if enough:
            # The last full hour is asked for again: its candlestick may have been made before its last trade.
            sure = max(_hour(market.until) - HOUR, upto or market.opens_at)
            standing = [point for point in [known, *new] if point and point.at <= sure]
            lasts[market.ticker] = [int(sure.timestamp()), standing[-1].price if standing else None]
    complete = len(marks) == len(entry.markets)
    return Snapshot(
        questions=[question(market, first.fetched_at) for market in entry.markets],
        moves=moves,
        sync={
            "kind": entry.kind,
            "series": entry.series,
            "whole": entry.whole,
            "tickers": [market.ticker for market in entry.markets],
            "marks": marks,
            "lasts": lasts,
            # With a trade missing, the next fetch must see the entry itself, not that it is as it was.
            "like": first.validators if complete else {},
        },
        unchanged=complete and marks == sync.get("marks"),
        own_since=own_since,
    )


def _found(get: Get, key: str, sync: Mapping[str, Any]) -> Reply:
    """The reply that describes the market, or the event's markets.

    What settled long ago moves from its own address to that of old markets; an event's reply then leaves it out.
    """
    kinds = [sync["kind"], f"old {sync['kind']}"] if "kind" in sync else ["event", "market", "old market"]
    for kind in kinds:
        if kind not in PLACES:
            continue
        try:
            reply = _ask(get, kind, key, sync.get("like"))
        except SourceError as error:
            if error.status != 404:
                raise
            continue
        empty = kind == "event" and reply.status != 304 and not listed(reply)
        return _ask(get, "old event", key) if empty else reply
    raise _nothing(get, key)


def _event_of(get: Get, market: Market) -> list[Reply]:
    """Only an event says its series; nothing where there is no such event."""
    try:
        return [get(f"/events/{market.fields.text('event_ticker') or market.ticker}")]
    except SourceError as error:
        if error.status != 404:
            raise
        return []


def _ask(get: Get, kind: str, key: str, like: Mapping[str, str] | None = None) -> Reply:
    path, params = PLACES[kind]
    given = {name: key if value == "{}" else value for name, value in params.items()}
    return get(path.format(key), given or None, like=like)


def _nothing(get: Get, key: str) -> SourceError:
    """What to say of a ticker that is no event and no market: an address without an event names a whole series."""
    reply = get("/events", {"series_ticker": key, "status": "open", "limit": 200})
    events = Fields.of(SITE, f"series {key}", content(SITE, reply)).listed("events")
    tickers = [Fields.of(SITE, "an event", event).must("event_ticker") for event in events]
    if not tickers:
        return SourceError(f"{SITE} has no event, market or open series “{key}”: copy its address again.", 404)
    some = ", ".join(f"kalshi.com/markets/{ticker.lower()}" for ticker in tickers[:5])
    more = f" and {len(tickers) - 5} more" if len(tickers) > 5 else ""
    return SourceError(f"At {SITE}, “{key}” is a series of events. Open now: {some}{more}. Give one of these.", 404)


def _is_due(market: Market, sync: Mapping[str, Any]) -> bool:
    return market.price is not None and sync.get("marks", {}).get(market.ticker) != market.mark


def _upto(market: Market, sync: Mapping[str, Any]) -> datetime | None:
    """Up to which moment the market's candlesticks are stored."""
    known = sync.get("lasts", {}).get(market.ticker)
    return datetime.fromtimestamp(known[0], UTC) if known else None


def _known(market: Market, sync: Mapping[str, Any]) -> Point | None:
    upto = _upto(market, sync)
    price = sync["lasts"][market.ticker][1] if upto else None
    return Point(upto, price, HOUR) if upto and price is not None else None


def _traded(market: Market, points: Sequence[Point], upto: datetime | None) -> list[Point]:
    """The new prices. An hour's is dated at its end, but not ahead of the fetch or behind the market's close."""
    new = sorted(point for point in points if upto is None or point.at > upto)
    held = {min(point.at, market.until): point.price for point in new}
    return [Point(at, price, HOUR) for at, price in held.items()]


def _points(reply: Reply) -> Iterator[Point]:
    """The last price of each hour with a trade. Candlesticks of old markets name their fields without the unit."""
    for value in Fields.of(SITE, "its candlesticks", content(SITE, reply)).listed("candlesticks"):
        candle = Fields.of(SITE, "a candlestick", value)
        at = candle.seconds("end_period_ts")
        volume = candle.number("volume_fp" if "volume_fp" in candle.record else "volume")
        price = Fields.of(SITE, "the price of a candlestick", candle.record.get("price"))
        close = dollars(price, "close_dollars" if "close_dollars" in price.record else "close")
        if at is None or volume is None:
            raise candle.wrong("end_period_ts" if at is None else "volume_fp", "a number")
        if close is not None:
            yield Point(at, close, HOUR)
        elif volume:
            raise price.wrong("close_dollars", "dollars as text")


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


KALSHI = Source(
    name="kalshi",
    title=SITE,
    base_url="https://external-api.kalshi.com/trade-api/v2",
    rate=120,
    terms="Kalshi's market data is public and asks for no key; its developer agreement applies.",
    key_of=key_of,
    fetch=fetch,
    parse=parse,
)
