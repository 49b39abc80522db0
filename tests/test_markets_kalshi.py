"""Kalshi: the price of each trade, once; a market that nobody has traded; final results; the old shelf."""

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.kalshi_cases import CLOSES, DAY, EVENT, HOUR, MINUTE, ONE, OPENS, TWO, contract, ends, shelf_of, site
from tests.market_server import refused
from tests.market_server_kalshi import Contract, Trade
from tracker.markets.source import SourceError


def test_the_last_price_of_each_hour_in_windows_that_are_not_refused() -> None:
    kalshi = site(one := contract(), days=290)
    shelf = shelf_of(kalshi)
    (question,) = shelf.sync(EVENT).questions
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)
    # The event, its old markets, and two windows of at most 5,000 of the 6,960 hours.
    assert shelf.asked == 4
    assert (question.market, question.title) == (None, f"Will {ONE} be so?")
    assert (question.opens_at, question.closes_at) == (OPENS, CLOSES)
    assert question.volume == sum(trade.count for trade in one.traded(kalshi.now))
    assert (question.volume_unit, question.url) == ("contracts", "https://kalshi.com/markets/kxagi-26")
    assert (question.resolution, question.annulled, question.resolved_at) == (None, False, None)


def test_later_syncs_bring_only_what_is_new_and_lose_no_trade() -> None:
    kalshi = site(one := contract(), two := contract(TWO, 2), days=20)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    assert set(shelf.questions) == {f"kalshi:{EVENT}/{ONE}", f"kalshi:{EVENT}/{TWO}"}
    assert shelf.questions[f"kalshi:{EVENT}/{ONE}"].title == f"What of {EVENT}? — Before JUN"
    rng = random.Random(5)
    for _ in range(40):
        kalshi.now += timedelta(minutes=rng.choice([7, 60, 61, 500, 3000]))
        shelf.sync(EVENT)
        assert shelf.asked <= 3
        for ticker, known in ((ONE, one), (TWO, two)):
            course = shelf.course(f"kalshi:{EVENT}/{ticker}")
            assert course[-1][1] == known.traded(kalshi.now)[-1].price
            assert course == ends(known, kalshi.now)


@pytest.mark.parametrize("etags", [True, False])
def test_where_nobody_has_traded_one_request_says_so(etags: bool) -> None:
    kalshi = site(contract(days=30), contract(TWO, 2, days=30), days=40)
    kalshi.server.etags = etags
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    before = dict(shelf.moves)
    kalshi.now += DAY
    assert shelf.sync(EVENT).unchanged
    assert (shelf.asked, shelf.moves) == (1, before)


def test_an_answer_that_nobody_traded_keeps_what_is_stored_while_another_goes_on() -> None:
    kalshi = site(contract(days=10), two := contract(TWO, 2), days=20)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    before = shelf.course(f"kalshi:{EVENT}/{ONE}")
    assert len(before) > 3
    kalshi.now += 5 * DAY
    shelf.sync(EVENT)
    assert shelf.asked == 2
    assert shelf.course(f"kalshi:{EVENT}/{ONE}") == before
    assert shelf.course(f"kalshi:{EVENT}/{TWO}") == ends(two, kalshi.now)


def test_a_trade_that_is_in_no_candlestick_yet_is_known_and_then_dated_right() -> None:
    kalshi = site(one := contract(), days=20)
    one.trades = [trade for trade in one.trades if trade.at < kalshi.now - DAY]
    one.trades.append(Trade(kalshi.now - timedelta(minutes=20), 0.77))
    one.lag = HOUR
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}")[-1] == (kalshi.now, 0.77)
    kalshi.now += 3 * DAY
    one.trades = one.trades[:]
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)
    assert shelf.sync(EVENT).unchanged


def test_a_clock_that_fell_an_hour_behind_the_sites_takes_nothing_away() -> None:
    kalshi = site(quiet := contract(), lively := contract(TWO, 2), days=20)
    noon = kalshi.now
    quiet.trades = [trade for trade in quiet.trades if trade.at < noon - DAY] + [Trade(noon - 50 * MINUTE, 0.77)]
    lively.trades = [trade for trade in lively.trades if trade.at < noon - DAY]
    lively.trades += [Trade(noon + 40 * MINUTE, 0.31), Trade(noon + 50 * MINUTE, 0.32)]
    kalshi.now = noon + 30 * MINUTE
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    before = shelf.course(f"kalshi:{EVENT}/{ONE}")
    assert before[-1] == (noon, 0.77)
    kalshi.now = noon + 55 * MINUTE
    shelf.now = lambda: kalshi.now - HOUR
    assert not shelf.sync(EVENT).unchanged
    assert shelf.course(f"kalshi:{EVENT}/{ONE}") == before
    kalshi.now += DAY
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}/{TWO}") == ends(lively, kalshi.now)


def test_a_clock_that_fell_by_hours_dates_no_price_before_what_is_stored() -> None:
    kalshi = site(one := contract(), days=20)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    before = shelf.course(f"kalshi:{EVENT}")
    one.trades = [trade for trade in one.trades if trade.at <= kalshi.now] + [Trade(kalshi.now + 10 * MINUTE, 0.77)]
    kalshi.now += 20 * MINUTE
    shelf.now = lambda: kalshi.now - 9 * HOUR
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}") == before
    shelf.now = lambda: kalshi.now
    kalshi.now += DAY
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)


def test_a_market_that_nobody_has_traded_has_no_price_and_not_zero() -> None:
    kalshi = site(Contract(ONE, OPENS, CLOSES, []))
    shelf = shelf_of(kalshi)
    (question,) = shelf.sync(EVENT).questions
    assert (shelf.asked, shelf.moves, question.volume) == (2, {f"kalshi:{EVENT}": {}}, 0)


@pytest.mark.parametrize("key", [ONE, EVENT])
@pytest.mark.parametrize("series", ["KXAGI", None, "KXOTHERSERIES"])
def test_the_series_is_the_events_or_the_tickers_beginning(key: str, series: str | None) -> None:
    kalshi = site(one := contract(), days=20, series=series)
    shelf = shelf_of(kalshi)
    shelf.sync(key)
    assert shelf.course(f"kalshi:{key}") == ends(one, kalshi.now)
    kalshi.now += 3 * DAY
    shelf.sync(key)
    assert shelf.asked == 2 + (series is None and key == ONE)
    assert shelf.course(f"kalshi:{key}") == ends(one, kalshi.now)


@pytest.mark.parametrize(
    ("said", "resolution", "annulled"),
    [
        ({"result": "yes", "paid": 1.0}, 1.0, False),
        ({"result": "no", "paid": 0.0}, 0.0, False),
        ({"result": "yes"}, 1.0, False),
        ({"result": "scalar", "paid": 0.35}, 0.35, False),
        ({"result": "void"}, None, True),
        ({"result": ""}, None, False),
        ({"result": "yes", "paid": 1.0, "status": "determined"}, None, False),
        ({"result": "yes", "paid": 1.0, "status": "disputed"}, None, False),
    ],
)
def test_a_resolution_is_what_was_paid_once_that_is_final(
    said: dict[str, Any], resolution: float | None, annulled: bool
) -> None:
    closes, settled = OPENS + 10 * DAY, OPENS + 11 * DAY
    kalshi = site(one := contract(closes=closes, settled=settled, **said), days=12)
    shelf = shelf_of(kalshi)
    (question,) = shelf.sync(EVENT).questions
    assert (question.resolution, question.annulled) == (resolution, annulled)
    assert question.resolved_at == (settled if resolution is not None or annulled else None)
    course = shelf.course(f"kalshi:{EVENT}")
    assert course == ends(one, kalshi.now)
    assert course[-1][0] <= closes


def test_a_followed_market_is_closed_then_settled_then_settled_otherwise() -> None:
    one = contract(closes=OPENS + 10 * DAY)
    kalshi = site(one, days=5)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    kalshi.now = OPENS + 10 * DAY + HOUR
    assert shelf.sync(EVENT).questions[0].resolution is None
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)
    one.settled, one.result, one.paid = OPENS + 11 * DAY, "yes", 1.0
    kalshi.now = OPENS + 12 * DAY
    assert shelf.sync(EVENT).questions[0].resolution == 1.0
    one.result, one.paid = "no", 0.0
    kalshi.now += HOUR
    assert shelf.sync(EVENT).questions[0].resolution == 0.0
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)
    kalshi.now += HOUR
    assert shelf.sync(EVENT).unchanged


@pytest.mark.parametrize("key", [ONE, EVENT])
def test_what_settled_long_ago_is_found_on_the_old_shelf(key: str) -> None:
    one = contract(closes=OPENS + 10 * DAY, settled=OPENS + 11 * DAY, result="no", paid=0.0)
    kalshi = site(one, days=200)
    shelf = shelf_of(kalshi)
    (question,) = shelf.sync(key).questions
    assert (question.id, question.resolution) == (f"kalshi:{key}", 0.0)
    assert shelf.course(f"kalshi:{key}") == ends(one, kalshi.now)
    assert shelf.sync(key).unchanged
    assert shelf.asked == 1


@pytest.mark.parametrize("key", [ONE, EVENT])
def test_a_followed_market_is_followed_to_the_old_shelf(key: str) -> None:
    one = contract(closes=OPENS + 10 * DAY)
    kalshi = site(one, days=5)
    shelf = shelf_of(kalshi)
    shelf.sync(key)
    one.settled, one.result, one.paid = OPENS + 11 * DAY, "yes", 1.0
    kalshi.now = OPENS + 200 * DAY
    assert shelf.sync(key).questions[0].resolution == 1.0
    assert shelf.course(f"kalshi:{key}") == ends(one, kalshi.now)
    assert shelf.sync(key).unchanged


def test_a_series_that_could_not_be_learnt_is_asked_for_again() -> None:
    kalshi = site(one := Contract(ONE, OPENS, CLOSES, []), series="KXOTHERSERIES")
    shelf = shelf_of(kalshi)
    shelf.sync(ONE)
    one.trades = contract().trades
    kalshi.server.faults.extend([None, refused(404)])
    with pytest.raises(SourceError, match="Kalshi has nothing at /trade-api/v2/series/KXAGI/markets/KXAGI-26-JUN/"):
        shelf.sync(ONE)
    shelf.sync(ONE)
    assert shelf.course(f"kalshi:{ONE}") == ends(one, kalshi.now)


def test_an_answer_that_goes_to_the_old_shelf_before_its_result_was_read_is_still_settled() -> None:
    one, two = contract(closes=OPENS + 10 * DAY), contract(TWO, 2)
    kalshi = site(one, two, days=5)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    one.settled, one.result, one.paid = OPENS + 11 * DAY, "yes", 1.0
    kalshi.now = OPENS + 100 * DAY
    shelf.sync(EVENT)
    assert shelf.questions[f"kalshi:{EVENT}/{ONE}"].resolution == 1.0
    assert shelf.course(f"kalshi:{EVENT}/{ONE}") == ends(one, kalshi.now)
    kalshi.now += DAY
    shelf.sync(EVENT)
    assert shelf.asked <= 2
    assert shelf.course(f"kalshi:{EVENT}/{TWO}") == ends(two, kalshi.now)
    whole = shelf_of(kalshi)
    whole.sync(EVENT)
    assert whole.moves == shelf.moves


def test_a_price_of_an_hour_that_is_not_over_is_dated_at_its_end_the_next_time() -> None:
    kalshi = site(one := Contract(ONE, OPENS, CLOSES, [Trade(OPENS + timedelta(minutes=130), 0.4)]))
    kalshi.now = OPENS + timedelta(minutes=140)
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}") == [(kalshi.now, 0.4)]
    kalshi.now = OPENS + 9 * HOUR
    shelf.sync(EVENT)
    assert shelf.course(f"kalshi:{EVENT}") == [(OPENS + 3 * HOUR, 0.4)] == ends(one, kalshi.now)
    assert shelf.sync(EVENT).unchanged
