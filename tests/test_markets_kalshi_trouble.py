"""Kalshi: what it sends otherwise than documented, cut off or late is one clear line; which address is whose."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.kalshi_cases import DAY, EVENT, ONE, OPENS, contract, ends, shelf_of, site
from tests.market_server import Fault, changed, cut, dropped, half, page, refused
from tests.market_server_kalshi import Kalshi
from tracker.markets.kalshi import KALSHI
from tracker.markets.source import SourceError


def test_a_result_that_contradicts_what_was_paid_is_an_error_and_no_resolution() -> None:
    kalshi = site(contract(closes=OPENS + DAY, settled=OPENS + 2 * DAY, result="yes", paid=0.0), days=3)
    with pytest.raises(SourceError, match=r"“settlement_value_dollars” of market KXAGI-26-JUN is “0.0000”"):
        shelf_of(kalshi).sync(EVENT)


def test_an_address_of_a_series_names_the_events_that_are_open() -> None:
    kalshi = Kalshi(OPENS + DAY, {EVENT: [contract()], "KXAGI-27": [contract("KXAGI-27-A")]}, {})
    kalshi.series = {EVENT: "KXAGI", "KXAGI-27": "KXAGI"}
    with pytest.raises(SourceError, match=r"series of events. Open now: kalshi.com/markets/kxagi-26, kalshi.com/"):
        shelf_of(kalshi).sync("KXAGI")
    with pytest.raises(SourceError, match="no event, market or open series “KXNOTHING”"):
        shelf_of(kalshi).sync("KXNOTHING")


def in_markets(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    return lambda reply: {"event": {**reply["event"], "markets": [change(m) for m in reply["event"]["markets"]]}}


def without(name: str) -> Callable[[Any], Any]:
    return in_markets(lambda market: {key: value for key, value in market.items() if key != name})


def with_(**values: Any) -> Callable[[Any], Any]:
    return in_markets(lambda market: {**market, **values})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("ticker"), "“ticker” of a market is missing"),
        (without("volume_fp"), "“volume_fp” of market KXAGI-26-JUN is missing"),
        (without("last_price_dollars"), "“last_price_dollars” of market KXAGI-26-JUN is missing"),
        (with_(last_price_dollars=56), "“last_price_dollars” of market KXAGI-26-JUN is “56”"),
        (with_(last_price_dollars="56"), "a number from 0 to 1"),
        # One cent, as it was sent until 2026, and not one dollar.
        (with_(last_price_dollars=1), "“last_price_dollars” of market KXAGI-26-JUN is “1”, where dollars as text"),
        (without("status"), "“status” of market KXAGI-26-JUN is missing"),
        (with_(close_time=1767225600), "“close_time” of market KXAGI-26-JUN is “1767225600”"),
        (lambda reply: {"events": [reply["event"]]}, "“markets” of its reply is missing"),
        (lambda reply: reply["event"]["markets"], "its reply is"),
        (lambda reply: {"event": "gone"}, "the event is “gone”"),
    ],
)
def test_a_changed_field_is_one_clear_line(change: Callable[[Any], Any], said: str) -> None:
    kalshi = site(contract())
    kalshi.server.faults.append(changed(change))
    with pytest.raises(SourceError) as error:
        shelf_of(kalshi).sync(EVENT)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_ticker_cannot_move_the_cursor_in_an_error() -> None:
    kalshi = site(contract())
    kalshi.server.faults.append(changed(with_(ticker="KX\x1b[2J\r\nAGI\u202e", volume_fp=None)))
    with pytest.raises(SourceError, match=r"“volume_fp” of market KX \[2J AGI is missing"):
        shelf_of(kalshi).sync(EVENT)


def in_candles(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], Any]:
    return lambda reply: {"candlesticks": [change(candle) for candle in reply["candlesticks"]]}


@pytest.mark.parametrize(
    "change",
    [
        lambda reply: {"candles": reply["candlesticks"]},
        in_candles(lambda candle: {**candle, "price": {"close": 56}}),
        in_candles(lambda candle: {**candle, "price": {"close": 1}}),
        in_candles(lambda candle: {**candle, "price": {"close_cents": "56"}}),
        in_candles(lambda candle: {**candle, "price": 0.56}),
        in_candles(lambda candle: {name: value for name, value in candle.items() if name != "volume_fp"}),
        in_candles(lambda candle: {**candle, "end_period_ts": candle["end_period_ts"] * 10**9}),
        in_candles(lambda candle: {**candle, "end_period_ts": "2026-02-01"}),
    ],
)
def test_a_changed_candlestick_is_one_clear_line(change: Callable[[Any], Any]) -> None:
    kalshi = site(contract())
    kalshi.server.faults.extend([None, None, changed(change)])
    with pytest.raises(SourceError, match="Kalshi has changed what it sends"):
        shelf_of(kalshi).sync(EVENT)


FAULTS: list[Fault] = [refused(503), refused(429, retry_after="1"), cut, dropped, half, page]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_passing_trouble_in_any_reply_changes_nothing_of_the_result(fault: Fault, place: int) -> None:
    kalshi = site(one := contract(), days=290)
    kalshi.server.faults.extend([*[None] * place, fault])
    shelf = shelf_of(kalshi)
    shelf.sync(EVENT)
    assert shelf.asked == 5
    assert shelf.course(f"kalshi:{EVENT}") == ends(one, kalshi.now)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://kalshi.com/markets/kxagi/when-agi/kxagi-26", EVENT),
        ("https://kalshi.com/markets/kxagi/when-agi/kxagi-26/?utm=x", EVENT),
        ("kalshi.com/markets/kxagi/when-agi/kxagi-26#kxagi-26-jun", ONE),
        ("https://kalshi.com/markets/kxagi/when-agi/kxagi-26#comments", EVENT),
        ("https://www.kalshi.com/events/KXAGI-26", EVENT),
        ("https://kalshi.com/markets/kxagi-26", EVENT),
        ("https://kalshi.com/markets/kxagi/when-agi", "KXAGI"),
        ("https://kalshi.com/markets", None),
        ("https://kalshi.com/portfolio/kxagi", None),
        ("https://kalshi.co/markets/kxagi-26", None),
    ],
)
def test_the_key_of_an_address(url: str, key: str | None) -> None:
    assert KALSHI.key_of(url) == key
