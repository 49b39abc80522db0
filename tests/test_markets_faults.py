"""Syncs against sites that go wrong, in seeded sequences; `python -m tests.market_faults` runs a thousand of them."""

import pytest

from tests.market_faults import TRIES, run, sites_of
from tests.market_server import changed
from tests.market_stands import clear
from tests.market_worlds import WORLDS
from tracker.markets.source import Source


@pytest.mark.parametrize("name", WORLDS)
def test_sequences_of_faults_lose_nothing_and_double_nothing(name: str) -> None:
    figures = run({name: WORLDS[name]}, sequences=3, seed=0)
    assert figures.syncs >= 3 * 4
    assert figures.markets_read > 0 < figures.markets_failed
    assert sum(figures.faults.values()) > 5
    assert figures.prices > 5


def test_the_check_sees_a_lost_bet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that hides a bet without anybody's noticing would be found out."""
    world = WORLDS["manifold"](0)
    blind = changed(lambda rows: [*rows[:1], *rows[2:]] if isinstance(rows, list) else rows)
    right = world.site.answer
    monkeypatch.setattr(world.site, "answer", lambda asked: blind(right(asked)))
    with pytest.raises(AssertionError, match="sequence 0"):
        run({"manifold": lambda seed: world}, sequences=1, seed=0)


def test_a_worlds_site_is_asked_without_waiting() -> None:
    world = WORLDS["manifold"](0)
    source: Source = world.source
    with sites_of(world).open_client(source, None) as client:
        client.get("slug/market-0")
        assert client.requests == 1 <= TRIES


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("Manifold has nothing at /v0/slug/x (Contract not found): what is stored stays.", True),
        ("Manifold\nhas nothing.", False),
        ("KeyError: 'x'", False),
        ("", False),
        ("Word " * 200 + ".", False),
    ],
)
def test_what_a_clear_line_is(line: str, fine: bool) -> None:
    assert clear(line) == fine
