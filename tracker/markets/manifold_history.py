"""A market's bets as the history of its prices: every move once, in order, and holes where bets do not join up.

Every row that moves the price counts, filled or not: an order that is cancelled later has moved it all the same. Rows
flagged isRedemption move nothing in a market that is one question or has independent answers; where answers are linked,
they are how one answer's trade moves the others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from db.forecast_tables import Move
from tracker.markets.manifold_market import EPOCH, MILLISECOND, SITE, YEAR_10000, Market
from tracker.markets.reading import shown
from tracker.markets.source import SourceError

JOINED = 1e-4
"""Prices this close are the same: what the market maker rounds, and less than a reader is shown."""
STALE = 60_000
"""Milliseconds by which a market's own reply may be older than the bets fetched with it."""


class NotContinued(SourceError):
    """The bets that came do not go on where the stored ones end: the whole history has to be fetched."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Manifold's bets on {shown(key)} do not continue those that are stored: sync it once more.")


class Bet(NamedTuple):
    """One row of /bets, as far as it concerns the price. `at` in milliseconds; `answer` "" where there are none."""

    at: int
    id: str
    answer: str
    before: float
    after: float


class Point(NamedTuple):
    """A price from a moment on; null: none is known from here."""

    at: int
    price: float | None


@dataclass(frozen=True)
class History:
    """`moves` of all questions; `holes`: how often a price moved unseen; `sync`: what the next part continues from."""

    moves: list[Move]
    holes: int
    sync: dict[str, Any]


def times_and_ids(rows: Iterable[Any]) -> tuple[list[int], set[str]]:
    """What one page of bets goes on from. Raises SourceError for a row without."""
    times, ids = [], set()
    for row in rows:
        if not (isinstance(row, dict) and _is_time(row.get("createdTime")) and isinstance(row.get("id"), str)):
            raise _odd(row, "has no time or no id")
        times.append(int(row["createdTime"]))
        ids.add(row["id"])
    return times, ids


def read_bets(market: Market, rows: Iterable[Any]) -> list[Bet]:
    """The rows that count, each once, in the order of time. Raises SourceError for a row that cannot be one."""
    found: dict[str, Bet] = {}
    for row in rows:
        try:
            at, identity, before, after = row["createdTime"], row["id"], row["probBefore"], row["probAfter"]
        except (KeyError, TypeError) as error:
            raise _odd(row, f"lacks {error}" if isinstance(error, KeyError) else "is no object") from None
        if not (_is_time(at) and isinstance(identity, str) and _is_price(before) and _is_price(after)):
            raise _odd(row, "has a time, an id or a price that cannot be one")
        if row.get("contractId", market.id) != market.id:
            raise _odd(row, "belongs to another market")
        if row.get("isRedemption") and not market.linked:
            continue
        answer = row.get("answerId", "") if market.answers else ""
        if market.answers and answer not in market.answers:
            raise _odd(row, "belongs to no answer of its market")
        found[identity] = Bet(int(at), identity, answer, before, after)
    # Rows of one millisecond come in any order, and in another one the next time.
    return sorted(found.values())


def trace(market: Market, bets: Sequence[Bet], sync: Mapping[str, Any] | None) -> History:
    """The moves that the bets are. `sync`: they continue from there; null: they are all the bets there ever were.

    A price is null from a bet on after which the next one begins elsewhere: bets between them are missing or hidden.
    Raises NotContinued for bets that do not continue from `sync`.
    """
    of_answer: dict[str, list[Bet]] = defaultdict(list)
    for bet in bets:
        of_answer[bet.answer].append(bet)
    last = bets[-1].at if bets else None
    moves: list[Move] = []
    prices: dict[str, float] = {}
    holes, earliest = 0, True
    now = market.prices()
    for answer, start in market.starts().items():
        own = of_answer.get(answer, [])
        if sync is None:
            first = _beginning(market, answer, start, own)
            points = [] if first is None else [first]
        else:
            first, points = Point(sync["last"], sync["prices"][answer]), []
        holes += _walk(own, first, points)
        if _still_traded(market, answer) and not _ends_at(now[answer], market, first, points):
            holes += _correct(points, now[answer], market)
        question = market.question_id(answer)
        moves += (
            Move(question, EPOCH + at * MILLISECOND, position, price)
            for at, tied in groupby(points, key=lambda point: point.at)
            for position, (_, price) in enumerate(tied)
        )
        if last is not None and first is not None:
            prices[answer] = _price_before(last, first, points)
            earliest = earliest and (sync is not None or first.at < last)
        else:
            earliest = False
    if holes and sync is not None:
        raise NotContinued(market.key)
    # A question that begins with the last bet itself could not be continued from there.
    marks = {"last": last, "ids": [bet.id for bet in bets if bet.at == last], "prices": prices}
    return History(moves, holes, marks if earliest else {"last": None})


def _beginning(market: Market, answer: str, start: int, bets: Sequence[Bet]) -> Point | None:
    """Before the first trade the price is that at which it begins; without a trade, the one of today."""
    if not bets:
        price = market.prices()[answer]
        return None if price is None else Point(start, price)
    moving = [bet for bet in bets if bet.before != bet.after]
    first = [bet for bet in moving if bet.at == moving[0].at]
    # Of several in one millisecond the first is the one that begins where no other ended.
    ends = Counter(_place(bet.after) for bet in first)
    ends.subtract(_place(bet.before) for bet in first)
    opening = next((bet for bet in first if ends[_place(bet.before)] < 0), (first or bets)[0])
    return Point(min(start, bets[0].at), opening.before)


def _walk(bets: Sequence[Bet], first: Point | None, points: list[Point]) -> int:
    """Add the bets' points; how many holes there are between them."""
    if first is None or first.price is None:
        return 0
    held, price, holes = first.at, first.price, 0
    moving = (bet for bet in bets if bet.before != bet.after)
    for at, tied in groupby(moving, key=lambda bet: bet.at):
        for bet in _in_order(list(tied), price):
            if abs(bet.before - price) > JOINED:
                points.append(Point(held, None))
                holes += 1
            points.append(Point(at, bet.after))
            held, price = at, bet.after
    return holes


def _in_order(tied: list[Bet], price: float) -> list[Bet]:
    """Bets of one millisecond in the order in which each begins where the one before it ended, if there is one.

    They are the edges of a path through prices: Hierholzer's algorithm, from the price that stood.
    """
    if len(tied) == 1:
        return tied
    leaving: dict[float, list[Bet]] = defaultdict(list)
    for bet in reversed(tied):
        leaving[_place(bet.before)].append(bet)
    path: list[Bet] = []
    stack: list[tuple[float, Bet | None]] = [(_place(price), None)]
    while stack:
        here, came_by = stack[-1]
        if leaving[here]:
            bet = leaving[here].pop()
            stack.append((_place(bet.after), bet))
        else:
            stack.pop()
            if came_by is not None:
                path.append(came_by)
    return path[::-1] if len(path) == len(tied) else tied


def _place(price: float) -> float:
    return round(price, 6)


def _still_traded(market: Market, answer: str) -> bool:
    if market.resolved:
        return False
    return not answer or market.answers[answer].text("resolution") is None


def _ends_at(now: float | None, market: Market, first: Point | None, points: Sequence[Point]) -> bool:
    """Whether the market's own price is that of the last bet it knew of, or of a later one: they are asked in turn."""
    if now is None or first is None:
        return True
    fetched = (market.fetched_at - EPOCH) // MILLISECOND
    known = fetched - STALE if market.last_bet is None else market.last_bet
    # Bets of the very millisecond may have come after the market's reply.
    earlier = [point.price for point in (first, *points) if point.at < known]
    possible = [*earlier[-1:], *(point.price for point in (first, *points) if point.at >= known)]
    return any(price is not None and abs(price - now) <= JOINED for price in possible)


def _correct(points: list[Point], now: float | None, market: Market) -> int:
    """The bets do not lead to the market's price: none is known after the last of them, until the one it says."""
    fetched = (market.fetched_at - EPOCH) // MILLISECOND
    if points:
        points.append(Point(points[-1].at, None))
        fetched = max(fetched, points[-1].at)
    points.append(Point(fetched, now))
    return 1


def _price_before(last: int, first: Point, points: Sequence[Point]) -> float:
    known = [price for at, price in points if at < last and price is not None]
    assert first.price is not None
    return known[-1] if known else first.price


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < YEAR_10000


def _is_price(value: Any) -> bool:
    return type(value) in (float, int) and 0 <= value <= 1


def _odd(row: Any, trouble: str) -> SourceError:
    named = row.get("id") if isinstance(row, Mapping) else row
    return SourceError(
        f"{SITE} has changed what it sends: the bet {shown(named)} {trouble}. Nothing was stored; what is stored stays."
    )
