"""Manifold, read through its public API: https://docs.manifold.markets/api. No key is needed."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tracker.markets.address import plain_key, segments
from tracker.markets.manifold_history import NotContinued, read_bets, times_and_ids, trace
from tracker.markets.manifold_market import (
    READABLE,
    SITE,
    Market,
    address,
    moment_of,
    of_json,
    questions,
    read_market,
    time_of,
)
from tracker.markets.reading import Fields, changed, content, shown
from tracker.markets.source import KEEP_ALL, Found, Get, Reply, Snapshot, Source, SourceError

PAGE = 1000
"""Bets in one reply: as many as the documents allow."""
SEARCHED = 1000
"""Results of a search: smaller pages have been seen to lose matches and to repeat others."""
NEAR_ONE = 0.01
"""How far the parts of a resolution may be from adding up to one: people type them in whole percents."""
NOT_MARKETS = ("topic", "group", "news", "browse", "leagues", "dashboard", "post", "tv", "about")


def key_of(url: str) -> str | None:
    """The slug of a market's address, manifold.markets/somebody/slug; null for any other."""
    parts = segments(url, "manifold.markets")
    if parts and parts[0] == "embed":
        parts = parts[1:]
    if parts is None or len(parts) < 2 or parts[0] in NOT_MARKETS:
        return None
    return plain_key(parts[1])


def fetch(get: Get, key: str, sync: Mapping[str, Any], *, page: int = PAGE) -> list[Reply]:
    """The market; where it has been traded since the last time, the bets from the last known one on, or all of them.

    All of them where what is stored cannot be continued: bets are gone, answers have come, it was opened again.
    """
    reply = get(f"slug/{key}", like=sync.get("like"))
    if reply.status == 304:
        return [reply]
    market = read_market(key, reply)
    replies = [reply]
    if market.shares_out and sync.get("weights_at") != market.fields.number("resolutionTime"):
        replies.append(get(f"market/{market.id}/prob"))
    if _can_continue(market, sync):
        if sync["mark"] == market.mark():
            return replies
        # Bets that did not join up may have been missing for a moment only: they are all fetched once more.
        if sync["last"] is not None and not sync["holes"]:
            newer = [*replies, *_bets(get, market, sync["last"], page)]
            try:
                parse(key, newer, sync)
            except NotContinued:
                pass
            else:
                return newer
    return [*replies, *_bets(get, market, None, page)]


def parse(key: str, replies: Sequence[Reply], sync: Mapping[str, Any]) -> Snapshot:
    """The market's questions, and those moves of their prices that are new."""
    first = replies[0]
    if first.status == 304:
        return Snapshot(sync=sync, unchanged=True)
    market = read_market(key, first)
    weights = sync.get("weights")
    for reply in replies[1:]:
        if _path(reply).endswith("/prob"):
            weights = _weights(market, reply)
    pages = [reply for reply in replies[1:] if _path(reply).endswith("/bets")]
    marks = {"id": market.id, "like": first.validators, "mark": market.mark(), "resolved": market.resolved}
    if market.shares_out:
        marks |= {"weights": weights, "weights_at": market.fields.number("resolutionTime")}
    asked = questions(market, weights if market.shares_out else None)
    if not pages:
        if not _can_continue(market, sync) or sync["mark"] != market.mark():
            raise NotContinued(key)
        held = {name: sync[name] for name in ("last", "ids", "prices", "holes") if name in sync}
        return Snapshot(asked, since=KEEP_ALL, sync={**held, **marks})
    since = _asked_from(pages[0])
    bets = read_bets(market, (row for reply in pages for row in _rows(reply)))
    if since is not None:
        there = {bet.id for bet in bets if bet.at == since}
        if not _can_continue(market, sync) or sync["last"] != since or not there.issuperset(sync["ids"]):
            raise NotContinued(key)
    if not bets and (market.last_bet is not None or market.fields.number("volume")):
        raise SourceError(f"{SITE} says that {shown(key)} has been traded, and gives no bets: nothing was stored.")
    history = trace(market, bets, None if since is None else sync)
    notice = None
    if history.holes:
        times = "once" if history.holes == 1 else f"{history.holes} times"
        notice = f"Manifold's bets on {shown(key)} leave out what moved the price, {times}: a gap is drawn there."
    return Snapshot(
        asked,
        history.moves,
        since=None if since is None else moment_of(since),
        sync={**marks, **history.sync, "holes": history.holes},
        notice=notice,
    )


def search(get: Get, words: str, most: int) -> list[Found]:
    """Open markets whose prices can be followed, in the site's own order of fit."""
    reply = get("search-markets", {"term": words, "filter": "open", "limit": SEARCHED})
    found: dict[str, Found] = {}
    for row in _rows(reply):
        market = of_json(Fields.of(SITE, "a market found", row).must("slug"), row, reply.fetched_at)
        if (market.kind, market.mechanism) not in READABLE:
            continue
        price = market.price if market.kind == "BINARY" else None
        fields = market.fields
        told = Found(
            address(market), fields.must("question"), price, time_of(fields, "closeTime"), fields.number("volume")
        )
        found.setdefault(market.id, told)
    return list(found.values())[:most]


def _can_continue(market: Market, sync: Mapping[str, Any]) -> bool:
    """Whether what is stored is of this market, with these answers, and not of a decision that was taken back."""
    if not sync or sync["id"] != market.id or sync["mark"]["prices"].keys() != market.prices().keys():
        return False
    return market.resolved or not sync["resolved"]


def _bets(get: Get, market: Market, since: int | None, page: int) -> list[Reply]:
    """Every bet from a millisecond on (null: from the first), page by page.

    A page begins with the very millisecond at which the one before it ended: bets tied there are on both. A short page
    is the last one only if it reaches the market's last bet: the site may give less than was asked for.
    """
    params: dict[str, str | int] = {"contractId": market.id, "order": "asc", "limit": page}
    if market.linked:
        # Nothing but this: a “false” for another filter has been read as true, as every text is in JavaScript.
        params["includeZeroShareRedemptions"] = "true"
    replies: list[Reply] = []
    seen: set[str] = set()
    edge = since
    while True:
        reply = get("bets", params if edge is None else {**params, "afterTime": edge - 1})
        replies.append(reply)
        rows = _rows(reply)
        times, ids = times_and_ids(rows)
        if times != sorted(times):
            raise SourceError(f"{SITE} gives the bets on {shown(market.key)} out of order: nothing was stored.")
        fresh = ids - seen
        seen |= fresh
        full = len(rows) >= page
        if full and (not fresh or times[-1] == edge):
            raise SourceError(
                f"{SITE} has {page:,} or more bets on {shown(market.key)} in one millisecond, and gives no way past"
                " them: its history cannot be read whole, and nothing of it was stored."
            )
        if not fresh or (not full and times[-1] >= (market.last_bet or 0)):
            return replies
        edge = times[-1]


def _rows(reply: Reply) -> list[Any]:
    rows = content(SITE, reply)
    if not isinstance(rows, list):
        raise changed(SITE, _path(reply), "a list", rows)
    return rows


def _weights(market: Market, reply: Reply) -> dict[str, float] | None:
    """The parts that a market ended in, by answer; null where they are not parts of one."""
    told = Fields.of(SITE, f"the shares of {shown(market.key)}", content(SITE, reply)).record.get("answerProbs")
    parts = Fields.of(SITE, f"“answerProbs” of {shown(market.key)}", told)
    weights = {answer: parts.fraction(answer) for answer in market.answers if answer in parts.record}
    return weights if abs(sum(weights.values()) - 1) <= NEAR_ONE else None


def _asked_from(reply: Reply) -> int | None:
    """The millisecond from which bets were asked for; null: from the first."""
    after = parse_qs(urlsplit(reply.url).query).get("afterTime")
    return None if after is None else int(after[0]) + 1


def _path(reply: Reply) -> str:
    return urlsplit(reply.url).path


MANIFOLD = Source(
    name="manifold",
    title=SITE,
    base_url="https://api.manifold.markets/v0/",
    rate=300,
    terms="Manifold's API is public and asks for no key; its documents allow 500 requests a minute.",
    key_of=key_of,
    fetch=fetch,
    parse=parse,
    search=search,
)
