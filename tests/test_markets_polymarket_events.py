"""Polymarket: what a market pays, which of an event's markets are questions, and how they are found."""

import pytest

from tests.market_server_polymarket import Polymarket
from tests.polymarket_cases import DAY, OPENS, hourly, shelf_of, site, sold
from tracker.markets.polymarket import POLYMARKET
from tracker.markets.source import SourceError


@pytest.mark.parametrize(
    ("paid", "status", "expected"),
    [
        (1.0, "resolved", 1.0),
        (0.0, "settled", 0.0),
        (0.5, "resolved", 0.5),
        (0.9995, "resolved", 1.0),
        (0.97, "disputed", None),
        (1.0, "proposed", None),
    ],
)
def test_a_resolution_is_what_the_market_pays_once_the_oracle_has_decided(
    paid: float, status: str, expected: float | None
) -> None:
    polymarket = site(sold(ended=OPENS + 9 * DAY, paid=paid, status=status), days=10)
    (question,) = shelf_of(polymarket).sync("best-ai-model").questions
    assert question.resolution == expected


def test_markets_of_the_first_years_without_status_or_tokens() -> None:
    old = {"clobTokenIds": None, "enableOrderBook": False, "umaResolutionStatus": None}
    won = {**old, "outcomePrices": '["0.9999999794", "0.0000000206"]'}
    open_end = {**old, "outcomePrices": '["0.62", "0.38"]'}
    polymarket = site(
        sold("won", ended=OPENS + DAY, more=won), sold("never-said", ended=OPENS + DAY, more=open_end), days=90
    )
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.questions["polymarket:best-ai-model/won"].resolution == 1.0
    assert shelf.questions["polymarket:best-ai-model/never-said"].resolution is None
    assert shelf.asked == 1
    assert shelf.moves == {"polymarket:best-ai-model/won": {}, "polymarket:best-ai-model/never-said": {}}


def test_outcomes_that_are_not_yes_and_no_name_the_side_that_is_asked_about() -> None:
    polymarket = site(
        teams := sold("gb-dal", outcomes=("Packers", "Cowboys")),
        no := sold("no-first", 3, outcomes=("No", "Yes")),
        days=3,
    )
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.questions["polymarket:best-ai-model/gb-dal"].title == "Will gb-dal be so? — Packers"
    assert shelf.course("polymarket:best-ai-model/gb-dal") == hourly(teams, OPENS, polymarket.now)
    expected = [(at, round(1 - price, 6)) for at, price in hourly(no, OPENS, polymarket.now)]
    assert shelf.course("polymarket:best-ai-model/no-first") == expected
    assert shelf.questions["polymarket:best-ai-model/no-first"].title == "Will no-first be so?"


def test_places_held_free_for_later_names_are_no_questions_until_they_open() -> None:
    later = sold("person-o", 3, active=False)
    polymarket = site(sold(), later, days=3)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert list(shelf.questions) == ["polymarket:best-ai-model/openai-best"]
    later.active = True
    polymarket.now += DAY
    shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model/person-o") == hourly(later, OPENS, polymarket.now)


def test_a_market_that_was_alone_in_its_event_keeps_its_name_when_others_join() -> None:
    polymarket = site(sold(), days=3)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    polymarket.events["best-ai-model"].append(sold("late", 4))
    polymarket.now += DAY
    shelf.sync("best-ai-model")
    assert set(shelf.questions) == {"polymarket:best-ai-model", "polymarket:best-ai-model/late"}


def test_a_market_is_found_by_its_own_slug_too() -> None:
    polymarket = site(sold(), market := sold("google-best", 2), days=3)
    shelf = shelf_of(polymarket)
    (question,) = shelf.sync("google-best").questions
    assert (question.id, question.market) == ("polymarket:google-best", None)
    assert question.url == "https://polymarket.com/event/best-ai-model/google-best"
    assert shelf.course("polymarket:google-best") == hourly(market, OPENS, polymarket.now)
    with pytest.raises(SourceError, match="no event and no market “nothing-here”"):
        shelf_of(polymarket).sync("nothing-here")


def test_search_gives_open_events_with_the_price_of_those_that_have_one() -> None:
    now = OPENS + 3 * DAY
    one, two = sold("one", 1), sold("two", 2)
    polymarket = Polymarket(
        now,
        {
            "reasoning-models": [one],
            "many-models": [two, sold("three", 3)],
            "done-models": [sold("x", ended=OPENS + DAY)],
        },
        {
            "reasoning-models": "Reasoning models win?",
            "many-models": "Which models win?",
            "done-models": "Models done?",
        },
    )
    with shelf_of(polymarket).client() as client:
        assert POLYMARKET.search is not None
        found = POLYMARKET.search(client.get, "models", 5)
    assert [(entry.url, entry.title) for entry in found] == [
        ("https://polymarket.com/event/reasoning-models", "Reasoning models win?"),
        ("https://polymarket.com/event/many-models", "Which models win?"),
    ]
    assert (found[0].probability, found[1].probability) == (one.price(now), None)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://polymarket.com/event/best-ai-model", "best-ai-model"),
        ("https://polymarket.com/event/best-ai-model/?tid=1729566306341#comments", "best-ai-model"),
        ("polymarket.com/event/best-ai-model/openai-best", "openai-best"),
        (" http://www.polymarket.com/zh/event/best-ai-model ", "best-ai-model"),
        ("https://polymarket.com/market/openai-best", "openai-best"),
        ("https://polymarket.com/", None),
        ("https://polymarket.com/event/", None),
        ("https://polymarket.com/event/%2e%2e%2fetc", None),
        ("https://polymarket.us/event/best-ai-model", None),
        ("https://polymarket.com.example.org/event/best-ai-model", None),
        ("https://[broken/event/x", None),
    ],
)
def test_the_key_of_an_address(url: str, key: str | None) -> None:
    assert POLYMARKET.key_of(url) == key
