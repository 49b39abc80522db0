"""Polymarket: events and markets from Gamma, prices from the history of their order books.

https://docs.polymarket.com/api-reference. A history is asked for in windows: longer ones than 15 days are refused, and
an interval is counted back from now. A market that is closed keeps all of its course only at twelve hours.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from db.forecast_tables import Move
from tracker.markets import course
from tracker.markets.address import plain_key, segments
from tracker.markets.course import Point
from tracker.markets.polymarket_market import SITE, Market, packed, prices_of, question, read, side_of
from tracker.markets.reading import Fields, content
from tracker.markets.source import KEEP_ALL, Found, Get, Reply, Snapshot, Source, SourceError

HISTORY = "https://clob.polymarket.com/prices-history"
WINDOW = timedelta(days=15)
FINE = timedelta(hours=1)
COARSE = timedelta(hours=12)
HOLES = {FINE: timedelta(days=1), COARSE: timedelta(days=2)}
PATIENCE = timedelta(days=30)
"""So long after its close a market without a history is asked again: an empty 200 may be a bad day of the site's."""


def key_of(url: str) -> str | None:
    """The slug of the market, where the address names one within its event, else of the event."""
    parts = segments(url, "polymarket.com") or []
    for place, kind in enumerate(parts[:2]):
        if kind in ("event", "market"):
            named = parts[place + 1 : place + (3 if kind == "event" else 2)]
            return plain_key(named[-1]) if named else None
    return None


def fetch(get: Get, key: str, sync: Mapping[str, Any]) -> Sequence[Reply]:
    """The event or the market, then the history of each market that is not as it was at `sync`."""
    entry = _entry(get, key, sync)
    replies = [entry]
    if entry.status == 304:
        return replies
    for market in _markets(key, entry, sync):
        if not _is_due(market, sync):
            continue
        last = _last(market, sync)
        if market.closed:
            all_of_it = get(HISTORY, {"market": market.token, "interval": "max", "fidelity": _minutes(COARSE)})
            replies.append(all_of_it)
            if course.after(_points(all_of_it), last, market.until):
                continue
        # Windows overlap by one point: whether the moment at their edge belongs to them is written nowhere.
        start, begun = last.at - FINE if last else market.opens_at, last is not None
        while start < market.until:
            end = min(start + WINDOW, market.until)
            times = {"startTs": int(start.timestamp()), "endTs": int(end.timestamp())}
            asked = {"market": market.token, **times, "fidelity": _minutes(FINE)}
            replies.append(get(HISTORY, asked))
            if begun and end - start > HOLES[FINE] and not any(_points(replies[-1])):
                # A hole of days is believed only when it is said twice.
                replies.append(get(HISTORY, asked))
            begun = begun or any(_points(replies[-1]))
            start = end - FINE if end < market.until else end
    return replies


def parse(key: str, replies: Sequence[Reply], sync: Mapping[str, Any]) -> Snapshot:
    """A question for each market, with the course of its first outcome ("Yes") and null where the record has a hole."""
    entry = replies[0]
    if entry.status == 304:
        return Snapshot(sync=dict(sync), unchanged=True)
    markets = _markets(key, entry, sync)
    points: dict[str, list[Point]] = {}
    for reply in replies[1:]:
        points.setdefault(_asked(reply)["market"], []).extend(_points(reply))
    moves: list[Move] = []
    own_since, marks, lasts = {}, {}, dict(sync.get("lasts", {}))
    for market in markets:
        last = _last(market, sync)
        if not _is_due(market, sync):
            if last:
                own_since[market.question_id] = KEEP_ALL
            marks[market.slug] = market.mark
            continue
        new = course.after(points.get(market.token or "", []), last, market.until)
        moves += course.changes(market.question_id, new, last, market.until, HOLES)
        if last:
            own_since[market.question_id] = last.at + timedelta(seconds=1)
        newest = new[-1] if new else last
        if newest:
            lasts[market.slug] = [int(newest.at.timestamp()), newest.price]
        reaches = newest is not None and market.until - newest.at <= HOLES[newest.spacing]
        # What moved after the newest point is in the market's own record, and not yet in its history: the next point
        # may be hours late where the record has a hole.
        touched = market.fields.moment("updatedAt")
        # A close that is ahead of this machine's clock cuts the record off at that clock: it is no end yet.
        ended = market.closed and market.until < entry.fetched_at
        calm = ended or (touched is not None and newest is not None and newest.at >= touched)
        if (reaches and calm) or (market.closed and entry.fetched_at - market.until > PATIENCE):
            marks[market.slug] = market.mark
    complete = len(marks) == len(markets)
    return Snapshot(
        questions=[question(market, key, entry) for market in markets],
        moves=moves,
        sync={
            "kind": "events" if "markets" in content(SITE, entry) else "markets",
            "whole": next((market.slug for market in markets if "/" not in market.question_id), ""),
            "marks": marks,
            "lasts": lasts,
            "done": [market.ending for market in markets if market.closed and market.slug in marks],
            # With a history missing, the next fetch must see the entry itself, not that it is as it was.
            "like": entry.validators if complete else {},
        },
        unchanged=complete and marks == sync.get("marks"),
        own_since=own_since,
    )


def search(get: Get, words: str, limit: int) -> Sequence[Found]:
    """Open events by their words; one with several markets has no single price."""
    reply = get("/public-search", {"q": words, "limit_per_type": limit, "events_status": "active"})
    found = []
    for value in Fields.of(SITE, "a search", content(SITE, reply)).listed("events")[:limit]:
        event = Fields.of(SITE, "an event found", value)
        markets = event.listed("markets")
        only = Fields.of(SITE, "a market found", markets[0]) if len(markets) == 1 else None
        prices = prices_of(only) if only else []
        found.append(
            Found(
                url=f"https://polymarket.com/event/{event.must('slug')}",
                title=event.must("title"),
                probability=prices[side_of([str(name) for name in packed(only, "outcomes")])]
                if only and prices
                else None,
                closes_at=event.moment("endDate"),
                volume=event.number("volume"),
            )
        )
    return found


def _entry(get: Get, key: str, sync: Mapping[str, Any]) -> Reply:
    for kind in [sync["kind"]] if "kind" in sync else ["events", "markets"]:
        try:
            return get(f"/{kind}/slug/{key}", like=sync.get("like"))
        except SourceError as error:
            if error.status != 404:
                raise
    raise SourceError(f"{SITE} has no event and no market “{key}”: copy its address from the page again.", 404)


def _markets(key: str, entry: Reply, sync: Mapping[str, Any]) -> list[Market]:
    """What the entry asks. Answers that are only held free for a later name are left out."""
    record = Fields.of(SITE, f"“{key}”", content(SITE, entry))
    listed = record.listed("markets") if "markets" in record.record else [record.record]
    found = [Fields.of(SITE, f"a market of “{key}”", value) for value in listed]
    whole = sync.get("whole", found[0].must("slug") if len(found) == 1 else "")
    shown = [fields for fields in found if fields.flag("active") or fields.flag("closed")]
    if not shown:
        raise SourceError(f"{SITE}'s “{key}” has no market that is open or closed yet: add it when it has opened.")
    return [read(key, fields, whole, entry.fetched_at) for fields in shown]


def _is_due(market: Market, sync: Mapping[str, Any]) -> bool:
    if market.token is None or (market.closed and market.ending in sync.get("done", ())):
        return False
    return market.closed or sync.get("marks", {}).get(market.slug) != market.mark


def _last(market: Market, sync: Mapping[str, Any]) -> Point | None:
    known = sync.get("lasts", {}).get(market.slug)
    return Point(datetime.fromtimestamp(known[0], UTC), known[1], FINE) if known else None


def _asked(reply: Reply) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(reply.url).query).items()}


def _points(reply: Reply) -> Iterator[Point]:
    spacing = timedelta(minutes=int(_asked(reply)["fidelity"]))
    for value in Fields.of(SITE, "a price history", content(SITE, reply)).listed("history"):
        point = Fields.of(SITE, "a point of a price history", value)
        at = point.seconds("t")
        if at is None:
            raise point.wrong("t", "seconds since 1970")
        yield Point(at, point.fraction("p"), spacing)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


POLYMARKET = Source(
    name="polymarket",
    title=SITE,
    base_url="https://gamma-api.polymarket.com",
    rate=300,
    terms="Polymarket's market data is public and asks for no key; its terms are at https://polymarket.com/tos.",
    key_of=key_of,
    fetch=fetch,
    parse=parse,
    search=search,
)
