"""Manifold's histories: every move once and in order, at page edges and in ties."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.manifold_shelf import KINDS, check, moment, shelf_of, traded
from tests.market_server import changed
from tests.market_server_manifold import Manifold
from tracker.markets.manifold import key_of
from tracker.markets.source import SourceError


@pytest.mark.parametrize("kind", KINDS)
def test_every_move_of_every_kind_of_market(kind: str) -> None:
    site = traded(40, **KINDS[kind])
    for answer in [*site.markets["rain"].answers] or [None]:
        site.clock += 5
        site.order("rain", answer)
        if kind != "linked":
            site.redeem("rain", answer)
    shelf = shelf_of(site)
    said = shelf.sync("rain")
    check(site, shelf, "rain")
    assert shelf.asked == 2
    assert said.notice is None
    asked = site.site.asked[-1]
    assert (asked.one("order"), asked.one("limit"), asked.one("afterTime")) == ("asc", "1000", None)
    # Where answers are linked, the rows that move the others are hidden unless asked for.
    assert asked.one("includeZeroShareRedemptions") == ("true" if kind == "linked" else None)
    assert asked.one("filterRedemptions") is None
    assert {question.market for question in said.questions} == {"manifold:rain" if "answers" in KINDS[kind] else None}


def test_cancelled_and_unfilled_orders_count_as_they_moved_the_price() -> None:
    site = traded(0)
    for price, flags in (
        (0.6, {}),
        (0.3, {"isCancelled": True, "isFilled": False}),
        (0.45, {"isFilled": False}),
        (0.2, {"isFilled": None, "isApi": None}),
    ):
        site.clock += 1000
        site.trade("rain", price, **flags)
    shelf = shelf_of(site)
    shelf.sync("rain")
    assert [price for _, price in shelf.course("manifold:rain")] == [0.5, 0.6, 0.3, 0.45, 0.2]


def test_redemptions_of_an_independent_answer_move_nothing_whatever_they_say() -> None:
    site = traded(6, **KINDS["independent"])
    site.clock += 1
    site.redeem("rain", next(iter(site.markets["rain"].answers)))
    site.markets["rain"].bets[-1].update(probBefore=0.1, probAfter=0.9)
    shelf = shelf_of(site)
    shelf.sync("rain")
    check(site, shelf, "rain")


def test_a_market_that_nobody_traded_has_the_price_it_began_with() -> None:
    site = Manifold()
    site.add("rain", price=0.25)
    shelf = shelf_of(site)
    said = shelf.sync("rain")
    assert shelf.course("manifold:rain") == [(moment(site.clock), 0.25)]
    assert (said.questions[0].forecasters, said.questions[0].volume) == (0, 0.0)
    site.clock += 1000
    site.trade("rain", 0.75)
    shelf.sync("rain")
    check(site, shelf, "rain")


# -- page edges and ties -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", range(6, 30))
def test_nothing_is_lost_at_a_page_edge_wherever_it_falls(page: int) -> None:
    site = traded(0)
    rng = random.Random(7)
    # Groups of up to five in one millisecond: some page ends inside each of them.
    for size in [1, 5, 2, 4, 3, 5, 1, 1, 5, 4, 2]:
        site.clock += 1
        for _ in range(size):
            site.trade("rain", rng.random())
    shelf = shelf_of(site, page)
    shelf.sync("rain")
    check(site, shelf, "rain")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_times_any_page_any_kind(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    several = max(1, len(KINDS[kind].get("answers", ())))
    site = Manifold(data.draw(st.integers(0, 10**6)))
    market = site.add("rain", **KINDS[kind])
    shelf = shelf_of(site, data.draw(st.integers(4 * several + 1, 40)))
    for _ in range(data.draw(st.integers(1, 4))):
        for step in data.draw(st.lists(st.sampled_from([0, 1, 1000]), max_size=25)):
            tied = sum(row["createdTime"] == site.clock for row in market.bets)
            site.clock += max(step, int(tied >= 4 * several))
            site.trade(
                "rain", site.rng.uniform(0.01, 0.95), site.rng.choice([*market.answers]) if market.answers else None
            )
        shelf.sync("rain")
        check(site, shelf, "rain")


@pytest.mark.parametrize("size", [10, 11, 25])
def test_more_bets_in_a_millisecond_than_a_page_holds_are_one_line_and_no_loop(size: int) -> None:
    site = traded(5)
    site.clock += 1
    for _ in range(size):
        site.trade("rain", site.rng.random())
    site.clock += 1
    site.trade("rain", 0.5)
    with pytest.raises(SourceError) as caught:
        shelf_of(site, page=10).sync("rain")
    assert str(caught.value) == (
        "Manifold has 10 or more bets on “rain” in one millisecond, and gives no way past them: its history cannot be"
        " read whole, and nothing of it was stored."
    )
    assert len(site.site.asked) <= 4


def test_a_site_that_gives_less_than_was_asked_for_is_asked_on() -> None:
    site = traded(60)
    site.site.faults.extend([None, *[changed(lambda rows: rows[:12])] * 20])
    shelf = shelf_of(site)
    shelf.sync("rain")
    check(site, shelf, "rain")


def test_a_site_that_gives_more_than_was_asked_for_is_understood() -> None:
    site = traded(60)
    everything = sorted(site.markets["rain"].bets, key=lambda row: row["createdTime"])
    site.site.faults.extend([None, changed(lambda rows: everything)])
    shelf = shelf_of(site, page=10)
    shelf.sync("rain")
    check(site, shelf, "rain")


def test_several_rounds_in_one_millisecond_are_put_in_order() -> None:
    site = Manifold(3)
    site.add("rain", price=0.5)
    site.clock += 10
    # Back through the same prices: a path that a greedy choice gets stuck on.
    for price in (0.6, 0.5, 0.7, 0.6, 0.8):
        site.trade("rain", price)
    site.clock += 10
    site.trade("rain", 0.1)
    for _ in range(10):
        shelf = shelf_of(site)
        shelf.sync("rain")
        prices = [price for _, price in shelf.course("manifold:rain")]
        assert (prices[0], prices[-2:]) == (0.5, [0.8, 0.1])
        assert sorted(prices) == [0.1, 0.5, 0.5, 0.6, 0.6, 0.7, 0.8]


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://manifold.markets/CDBiddulph/will-large-reasoning", "will-large-reasoning"),
        ("manifold.markets/LeoGao/compose-t-238b95385b65?r=abc#bets", "compose-t-238b95385b65"),
        ("http://www.manifold.markets/embed/somebody/a-market/", "a-market"),
        (" <https://Manifold.Markets/somebody/a-market> ", "a-market"),
        ("https://manifold.markets/somebody", None),
        ("https://manifold.markets/topic/ai", None),
        ("https://manifold.markets/browse/ai?x=1", None),
        ("https://manifold.markets.example.org/somebody/a-market", None),
        ("https://polymarket.com/event/a-market", None),
        ("ftp://manifold.markets/somebody/a-market", None),
        ("https://manifold.markets/somebody/a%2Fb", None),
        ("https://manifold.markets/somebody/..", None),
        ("not an address", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_key_of_an_address(url: str, key: str | None) -> None:
    assert key_of(url) == key
