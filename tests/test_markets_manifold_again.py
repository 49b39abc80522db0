"""Manifold the second time: little is asked when little is new, and what does not join up is a gap and no guess."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.manifold_shelf import KINDS, check, moment, shelf_of, traded
from tests.market_server import Fault, changed
from tests.market_server_manifold import Manifold
from tests.market_shelf import Shelf
from tracker.markets.source import SourceError


@pytest.mark.parametrize("etags", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_with_nothing_new_asks_once(kind: str, etags: bool) -> None:
    site = traded(30, **KINDS[kind])
    site.site.etags = etags
    shelf = shelf_of(site)
    shelf.sync("rain")
    before = dict(shelf.moves)
    for _ in range(3):
        site.clock += 86_400_000
        said = shelf.sync("rain")
        assert shelf.asked == 1
        assert said.unchanged == etags
        assert said.moves == ()
    assert shelf.moves == before


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_new_is_fetched(kind: str) -> None:
    site = traded(1200, **KINDS[kind])
    shelf = shelf_of(site)
    shelf.sync("rain")
    last = max(row["createdTime"] for row in site.markets["rain"].bets)
    answer = next(iter(site.markets["rain"].answers), None)
    site.clock += 1000
    site.trade("rain", 0.123, answer)
    said = shelf.sync("rain")
    check(site, shelf, "rain")
    assert shelf.asked == 2
    assert site.site.asked[-1].one("afterTime") == str(last - 1)
    assert len(said.moves) <= 12


def test_a_bet_in_the_last_known_millisecond_is_not_lost() -> None:
    site = traded(10)
    shelf = shelf_of(site)
    for _ in range(5):
        site.trade("rain", site.rng.random())
        shelf.sync("rain")
        check(site, shelf, "rain")


@pytest.mark.parametrize(
    "happens",
    [
        lambda site, shelf: site.forget("rain", 3),
        lambda site, shelf: (site.forget("rain", 1), site.trade("rain", 0.31)),
        lambda site, shelf: (site.resolve("rain", "YES"), shelf.sync("rain"), site.reopen("rain")),
    ],
    ids=["bets gone", "bet replaced", "opened again"],
)
def test_what_cannot_be_continued_is_fetched_whole(happens: Callable[[Manifold, Shelf], Any]) -> None:
    site = traded(40, steps=(1000,))
    shelf = shelf_of(site)
    shelf.sync("rain")
    site.clock += 1000
    happens(site, shelf)
    shelf.sync("rain")
    check(site, shelf, "rain")
    assert site.site.asked[-1].path == "/v0/bets"
    assert site.site.asked[-1].one("afterTime") is None


def test_a_new_answer_brings_its_whole_history() -> None:
    site = traded(20, **KINDS["independent"])
    shelf = shelf_of(site)
    shelf.sync("rain")
    market = site.markets["rain"]
    other = Manifold(9).add("x", answers=["Dee"], linked=False)
    [(identity, added)] = other.answers.items()
    added.truth = [(market.created, 0.5)]
    market.answers[identity] = added
    site.clock += 10
    site.trade("rain", 0.8, identity)
    shelf.sync("rain")
    check(site, shelf, "rain")
    assert len(shelf.questions) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_bets_during_a_sync_are_no_gap(kind: str) -> None:
    for seed in range(12):
        site = traded(30, seed=seed, **KINDS[kind])
        answers = [*site.markets["rain"].answers] or [None]
        shelf = shelf_of(site)

        def meanwhile(answer: Any, site: Manifold = site, answers: list[Any] = answers) -> Any:
            site.clock += site.rng.choice([0, 1])
            site.trade("rain", site.rng.uniform(0.02, 0.9), site.rng.choice(answers))
            return answer

        for _ in range(3):
            site.site.faults.extend([meanwhile, meanwhile])
            assert shelf.sync("rain").notice is None
            site.site.faults.clear()
        shelf.sync("rain")
        check(site, shelf, "rain")


# -- what does not join up ---------------------------------------------------------------------------------------------


def hiding(site: Manifold, place: int) -> Fault:
    """One bet is in no reply."""
    hidden = site.markets["rain"].bets[place]["id"]
    return changed(lambda rows: [row for row in rows if row["id"] != hidden])


def test_a_bet_that_is_missing_is_a_gap_until_it_is_there() -> None:
    site = traded(30, steps=(1000,))
    site.site.faults.extend([None, hiding(site, 9)])
    shelf = shelf_of(site)
    said = shelf.sync("rain")
    assert said.notice == ("Manifold's bets on “rain” leave out what moved the price, once: a gap is drawn there.")
    truth = site.markets["rain"].own.truth
    course = shelf.course("manifold:rain")
    assert course[9] == (moment(truth[9][0]), truth[9][1])
    # From the bet before it none is known, until the one after it.
    assert course[10] == (moment(truth[9][0]), None)
    assert course[11] == (moment(truth[11][0]), truth[11][1])
    site.clock += 1000
    site.trade("rain", 0.5)
    assert shelf.sync("rain").notice is None
    check(site, shelf, "rain")


def test_bets_that_do_not_lead_to_the_price_of_today() -> None:
    site = traded(30, steps=(1000,))
    site.site.faults.extend([None, *[hiding(site, 29)] * 3])
    shelf = shelf_of(site)
    said = shelf.sync("rain")
    assert said.notice is not None
    assert len(site.site.faults) == 1
    site.site.faults.clear()
    truth = site.markets["rain"].own.truth
    fetched = moment(site.clock) + timedelta(minutes=2)
    assert shelf.course("manifold:rain")[-3:] == [
        (moment(truth[29][0]), truth[29][1]),
        (moment(truth[29][0]), None),
        (fetched, pytest.approx(truth[30][1])),
    ]
    site.clock += 600_000
    site.trade("rain", 0.5)
    assert shelf.sync("rain").notice is None
    check(site, shelf, "rain")


def test_no_bets_of_a_market_that_was_traded_are_no_history() -> None:
    site = traded(30)
    shelf = shelf_of(site)
    shelf.sync("rain")
    before = dict(shelf.moves)
    site.clock += 1000
    site.trade("rain", 0.5)
    site.site.faults.extend([None, *[changed(lambda rows: [])] * 4])
    with pytest.raises(SourceError, match="says that “rain” has been traded, and gives no bets: nothing was stored"):
        shelf.sync("rain")
    assert shelf.moves == before


def test_when_it_was_fetched_changes_nothing() -> None:
    site = traded(5)
    first, second = shelf_of(site), shelf_of(site)
    first.sync("rain")
    site.clock += int(timedelta(days=3).total_seconds() * 1000)
    second.sync("rain")
    assert first.marks == second.marks
    assert first.moves == second.moves


@pytest.mark.parametrize("behind", [timedelta(hours=2), timedelta(days=-400)])
def test_a_clock_that_is_wrong_loses_nothing(behind: timedelta) -> None:
    site = traded(30)
    site.site.etags = False
    shelf = shelf_of(site)
    shelf.now = lambda: moment(site.clock) - behind
    for later in (0, 0, 5, 60_000, 0):
        site.clock += later
        if later:
            site.trade("rain", site.rng.random())
        shelf.sync("rain")
        check(site, shelf, "rain")
