"""Manifold's real replies: 500 markets, a resolved one with all its bets, and every way there was to resolve."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.manifold_files import FETCHED, markets, needs_files, read, resolved_market, resolved_replies
from tracker.markets.manifold import MANIFOLD
from tracker.markets.manifold_history import read_bets
from tracker.markets.manifold_market import EPOCH, of_json, pool_price, questions, unreadable
from tracker.markets.source import SourceError

pytestmark = needs_files


def test_a_resolved_market_with_all_its_bets() -> None:
    said = resolved_market()
    [question] = said.questions
    assert (question.resolution, question.annulled) == (1.0, False)
    # It closed when it was resolved, before the date that had been set.
    assert question.closes_at == question.resolved_at == EPOCH + timedelta(milliseconds=1655299026599)
    assert question.opens_at == EPOCH + timedelta(milliseconds=1652144899261)
    assert question.title == "Will Bitcoin's price fall below $25k for at least one day in 2022?"
    assert question.rules is not None
    assert question.rules.startswith("Using data source: https://coinmarketcap.com")
    assert (question.volume, question.volume_unit) == (pytest.approx(2754.865807790558), "mana")
    assert said.notice is None
    bets = sorted(read("slug_will-bitcoins-price-fall-below-25k.json")["bets"], key=lambda bet: bet["createdTime"])
    assert len(bets) == 49
    expected = [(1652144899261, 0.5), *((bet["createdTime"], bet["probAfter"]) for bet in bets)]
    found = [(round((move.at - EPOCH) / timedelta(milliseconds=1)), move.probability) for move in said.moves]
    assert found == expected
    assert {move.position for move in said.moves} == {0}


def test_its_time_averages_are_those_that_are_known() -> None:
    said = resolved_market()
    [question] = said.questions
    assert question.closes_at is not None
    ends = [move.at for move in said.moves[1:]] + [question.closes_at]
    spans = [(end - move.at) / timedelta(milliseconds=1) for move, end in zip(said.moves, ends, strict=True)]
    prices = [move.probability for move in said.moves]
    average = sum(span * price for span, price in zip(spans, prices, strict=True) if price is not None) / sum(spans)
    brier = sum(span * (price - 1) ** 2 for span, price in zip(spans, prices, strict=True) if price is not None)
    assert average == pytest.approx(0.787418911921429, abs=1e-12)
    assert brier / sum(spans) == pytest.approx(0.06082782655992691, abs=1e-12)


def test_all_500_markets_parse() -> None:
    parsed = [of_json(f"market-{place}", market, FETCHED) for place, market in enumerate(markets())]
    assert len(parsed) == 500
    read_ = [market for market in parsed if unreadable(market) is None]
    assert Counter(market.kind for market in read_) == {"BINARY": 413, "PSEUDO_NUMERIC": 11}
    # Markets of a kind that Manifold has given up: their answers moved each other without a bet that says so.
    legacy = [market for market in parsed if unreadable(market) is not None]
    assert Counter((market.kind, market.mechanism) for market in legacy) == {
        ("FREE_RESPONSE", "dpm-2"): 75,
        ("MULTIPLE_CHOICE", "dpm-2"): 1,
    }
    asked = [question for market in read_ for question in questions(market, None)]
    assert len(asked) == 424
    ended = Counter((question.resolution, question.annulled) for question in asked if question.resolved_at)
    # One MKT of a yes-or-no market and two of numeric ones say their value; the others are YES, NO and CANCEL.
    assert ended.pop((None, True)) == 34
    assert ended.pop((1.0, False)) == 29
    assert ended.pop((0.0, False)) == 25
    assert sum(ended.values()) == 3
    assert all(value is not None and 0 < value < 1 and not annulled for value, annulled in ended)
    assert sum(question.resolved_at is None for question in asked) == 333
    assert all(question.url and question.url.startswith("https://manifold.markets/") for question in asked)


def test_the_price_of_the_pool_is_the_probability_of_every_open_market() -> None:
    compared = 0
    for place, value in enumerate(markets()):
        if value["mechanism"] != "cpmm-1" or value["isResolved"]:
            continue
        market = of_json(f"market-{place}", value, FETCHED)
        price = pool_price(market.fields)
        assert price is not None
        assert market.price == pytest.approx(price, abs=1e-12)
        if "probability" in value:
            assert price == pytest.approx(value["probability"], abs=1e-12)
            compared += 1
        else:
            # In 2022 numeric markets said no probability: the pool alone does.
            assert market.kind == "PSEUDO_NUMERIC"
    assert compared == 326


@pytest.mark.parametrize(
    ("name", "resolution", "annulled", "scale"),
    [
        ("resolve_binary_POST.json", 1.0, False, None),
        ("resolve_pseudo_numeric_POST.json", 0.7196933145315632, False, {"min": 2023.0, "max": 2100.0, "log": True}),
        ("resolve_binary_GET.json", None, False, None),
        ("resolve_pseudo_numeric_GET.json", None, False, {"min": 2023.0, "max": 2100.0, "log": True}),
    ],
)
def test_real_decisions(name: str, resolution: float | None, annulled: bool, scale: dict[str, Any] | None) -> None:
    [question] = questions(of_json("m", read(name), FETCHED), None)
    assert (question.resolution, question.annulled, question.scale) == (resolution, annulled, scale)
    assert (question.resolved_at is not None) == name.endswith("POST.json")


@pytest.mark.parametrize("name", ["resolve_free_response_GET.json", "resolve_multiple_choice_GET.json"])
def test_kinds_that_are_gone_end_in_a_sentence(name: str) -> None:
    first, bets = resolved_replies()
    legacy = first.__class__(first.url, 200, FETCHED, json.dumps(read(name)))
    with pytest.raises(SourceError, match=r"is of the kind “[A-Z_]+” \(“dpm-2”\): only yes-or-no"):
        MANIFOLD.parse("m", [legacy, bets], {})


@pytest.mark.parametrize("name", ["bets_latest45.json", "bets_username_LivInTheLookingGlass.json"])
def test_real_bets_of_many_markets_are_not_taken_for_one(name: str) -> None:
    market = of_json("m", read("market_by_id_rIR6mWqaO9xKLifr6cLL.json"), FETCHED)
    with pytest.raises(SourceError, match="belongs to another market"):
        read_bets(market, read(name))
