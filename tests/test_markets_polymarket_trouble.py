"""Polymarket: what it sends otherwise than documented, cut off or late is one clear line."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.market_server import Fault, changed, cut, dropped, half, page, refused
from tests.polymarket_cases import OPENS, hourly, shelf_of, site, sold
from tracker.markets.source import SourceError


def without(name: str) -> Callable[[Any], Any]:
    return lambda event: {**event, "markets": [{k: v for k, v in m.items() if k != name} for m in event["markets"]]}


def with_(name: str, value: Any) -> Callable[[Any], Any]:
    return lambda event: {**event, "markets": [{**market, name: value} for market in event["markets"]]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("question"), "“question” of market “openai-best” is missing"),
        (without("slug"), "“slug” of a market of “best-ai-model” is missing"),
        (without("clobTokenIds"), "“clobTokenIds” of market “openai-best” is missing"),
        (with_("outcomes", "Yes,No"), "“outcomes” of market “openai-best” is “Yes,No”"),
        (with_("outcomePrices", '["57%", "43%"]'), "“outcomePrices” of market “openai-best” is “57%”"),
        (with_("outcomePrices", '["57", "43"]'), "a number from 0 to 1"),
        (with_("startDate", "last Monday"), "“startDate” of market “openai-best” is “last Monday”"),
        (with_("endDate", "2026-12-31"), "with its zone"),
        (with_("closed", "no"), "true or false"),
        (lambda event: {"data": event}, "is missing"),
        (lambda event: [event], "an object"),
        (lambda event: {**event, "markets": None}, "“markets” of “best-ai-model” is missing"),
    ],
)
def test_a_changed_field_is_one_clear_line(change: Callable[[Any], Any], said: str) -> None:
    polymarket = site(sold(), days=2)
    polymarket.server.faults.append(changed(change))
    with pytest.raises(SourceError) as error:
        shelf_of(polymarket).sync("best-ai-model")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_slug_cannot_move_the_cursor_in_an_error() -> None:
    polymarket = site(sold(), days=2)
    change = with_("slug", "open\x1b[2J\nai")
    polymarket.server.faults.append(changed(lambda event: with_("closed", "no")(change(event))))
    with pytest.raises(SourceError, match=r"“closed” of market “open \[2J ai” is “no”"):
        shelf_of(polymarket).sync("best-ai-model")


@pytest.mark.parametrize(
    "change",
    [
        lambda reply: {"prices": reply["history"]},
        lambda reply: {"history": [{"t": point["t"] * 1000, "p": point["p"]} for point in reply["history"]]},
        lambda reply: {"history": [{"t": point["t"], "p": point["p"] * 100} for point in reply["history"]]},
        lambda reply: {"history": [[point["t"], point["p"]] for point in reply["history"]]},
        lambda reply: {"history": None},
    ],
)
def test_a_changed_history_is_one_clear_line(change: Callable[[Any], Any]) -> None:
    polymarket = site(sold(), days=2)
    polymarket.server.faults.extend([None, changed(change)])
    with pytest.raises(SourceError, match="Polymarket has changed what it sends"):
        shelf_of(polymarket).sync("best-ai-model")


FAULTS: list[Fault] = [refused(503), refused(429, retry_after="1"), cut, dropped, half, page]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_passing_trouble_in_any_reply_changes_nothing_of_the_result(fault: Fault, place: int) -> None:
    polymarket = site(market := sold(), days=40)
    polymarket.server.faults.extend([*[None] * place, fault])
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.asked == 5
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)
