"""What of Manifold cannot be followed, or is not as documented, is named in a sentence; and what a search finds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.manifold_files import reply
from tests.manifold_shelf import KINDS, moment, shelf_of, traded
from tests.market_server import InProcess, changed
from tests.market_server_manifold import Manifold
from tracker.markets.client import Client
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Found, SourceError


@pytest.mark.parametrize(
    ("kind", "mechanism"),
    [
        ("POLL", "none"),
        ("BOUNTIED_QUESTION", "none"),
        ("QUADRATIC_FUNDING", "qf"),
        ("STONK", "cpmm-1"),
        ("PERP", "perp"),
        ("NUMBER", "cpmm-multi-1"),
        ("DATE", "cpmm-multi-1"),
        ("FREE_RESPONSE", "dpm-2"),
        ("BINARY", "dpm-2"),
        ("TOMORROW'S KIND", "lmsr-9"),
    ],
)
def test_other_kinds_end_in_a_sentence(kind: str, mechanism: str) -> None:
    site = traded(5, outcomeType=kind, mechanism=mechanism)
    with pytest.raises(SourceError) as caught:
        shelf_of(site).sync("rain")
    assert str(caught.value) == (
        f"Manifold's market “rain” is of the kind “{kind}” (“{mechanism}”): only yes-or-no, multiple-choice and numeric"
        " markets of today's kinds have prices that can be followed."
    )
    assert len(site.site.asked) == 1


def test_a_market_without_answers_yet_ends_in_a_sentence() -> None:
    site = traded(0, outcomeType="MULTIPLE_CHOICE", mechanism="cpmm-multi-1", answers=(), shouldAnswersSumToOne=True)
    site.markets["rain"].more["answers"] = []
    with pytest.raises(SourceError, match="has no answers yet"):
        shelf_of(site).sync("rain")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outcomeType": None}, "“outcomeType” of market “rain” is missing, where a text was expected"),
        ({"isResolved": "no"}, "“isResolved” of market “rain” is “no”, where true or false was expected"),
        ({"isResolved": True}, "“resolution” of market “rain” is missing"),
        (
            {"isResolved": True, "resolution": "MAYBE"},
            "“resolution” of market “rain” is “MAYBE”, where YES, NO, MKT or",
        ),
        ({"probability": 61}, "“probability” of market “rain” is “61”, where a number from 0 to 1 was expected"),
        ({"createdTime": "yesterday"}, "“createdTime” of market “rain” is “yesterday”, where a number was expected"),
        (
            {"createdTime": 10**15},
            "“createdTime” of market “rain” is “1000000000000000”, where milliseconds since 1970",
        ),
        ({"closeTime": "soon"}, "“closeTime” of market “rain” is “soon”, where a date and time was expected"),
        ({"question": ["x"]}, '“question” of market “rain” is “["x"]”, where a text was expected'),
        ({"id": ""}, "“id” of market “rain” is “”, where a text was expected"),
    ],
)
def test_a_changed_field_is_named(more: dict[str, Any], said: str) -> None:
    site = traded(5)
    site.markets["rain"].more |= more
    with pytest.raises(SourceError) as caught:
        shelf_of(site).sync("rain")
    assert str(caught.value).startswith(f"Manifold has changed what it sends: {said}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("missing", ["shouldAnswersSumToOne", "answers"])
def test_answers_that_say_too_little_are_not_guessed_at(missing: str) -> None:
    site = traded(5, **KINDS["linked"])
    site.site.faults.append(changed(lambda market: {name: market[name] for name in market if name != missing}))
    with pytest.raises(SourceError, match=r"has changed what it sends|has no answers yet"):
        shelf_of(site).sync("rain")


@pytest.mark.parametrize(
    "wrong",
    [
        {"probAfter": 1.5},
        {"probAfter": None},
        {"probBefore": "0.5"},
        {"probBefore": True},
        {"createdTime": "1700000000000"},
        {"createdTime": None},
        {"createdTime": 10**15},
        {"createdTime": -1},
        {"id": 7},
        {"contractId": "another"},
    ],
)
def test_a_bet_that_cannot_be_one_stops_its_market(wrong: dict[str, Any]) -> None:
    site = traded(5)
    site.markets["rain"].bets[3] |= wrong
    with pytest.raises(SourceError, match="Manifold has changed what it sends: the bet"):
        MANIFOLD.parse("rain", replies(site), {})


def replies(site: Manifold) -> list[Any]:
    market = site.markets["rain"]
    return [
        reply("slug/rain", site._full(market), moment(site.clock)),
        reply(f"bets?contractId={market.id}&order=asc&limit=1000", market.bets, moment(site.clock)),
    ]


# -- searching ---------------------------------------------------------------------------------------------------------


def search(site: Manifold, words: str, most: int = 20) -> list[Found]:
    assert MANIFOLD.search is not None
    with Client(MANIFOLD, now=lambda: moment(site.clock), transport=InProcess(site.site), first_wait=0) as client:
        return list(MANIFOLD.search(client.get, words, most))


def test_a_search_finds_all_that_can_be_followed() -> None:
    site = Manifold()
    for place in range(30):
        site.add(f"reasoning-model-{place}", price=0.3)
    site.add("reasoning-poll", outcomeType="POLL", mechanism="none")
    site.add("reasoning-answers", answers=["a", "b"])
    site.add("cooking")
    site.add("reasoning-over")
    site.resolve("reasoning-over", "YES")
    found = search(site, "reasoning", 100)
    assert len(found) == 31
    assert site.site.asked[0].one("limit") == "1000"
    first = found[0]
    assert first == Found(
        "https://manifold.markets/somebody/reasoning-model-0", "Will reasoning model 0 happen?", first.probability,
        datetime(2100, 1, 1, tzinfo=UTC), 0.0,
    )  # fmt: skip
    assert first.probability == pytest.approx(0.3)
    # No one price for several answers.
    assert [one.probability for one in found if "answers" in one.url] == [None]
    assert len(search(site, "reasoning", 5)) == 5
    assert search(site, "nothing like it") == []
    assert all(MANIFOLD.key_of(one.url) for one in found)


def test_a_match_that_comes_twice_is_one() -> None:
    site = Manifold()
    site.add("rain")
    site.site.faults.append(changed(lambda rows: rows * 3))
    assert len(search(site, "rain")) == 1
