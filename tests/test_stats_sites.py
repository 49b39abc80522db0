"""What pages say of sites agrees with the sources themselves, and only a site's own pages are linked to."""

import pytest

from db.forecast_tables import SOURCES as STORED
from tracker.markets.sources import SOURCES
from tracker.stats.sites import HOSTS, SITES, TERMS, site_address, site_terms


def test_every_source_is_named_as_it_names_itself_and_on_its_own_terms() -> None:
    assert set(SITES) == set(TERMS) == set(STORED)
    assert set(HOSTS) == set(SOURCES)
    for name, source in SOURCES.items():
        assert SITES[name] == source.title
        assert TERMS[name] == source.terms


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("manifold", "https://manifold.markets/CDBiddulph/will-large-reasoning-models-signifi"),
        ("polymarket", "https://polymarket.com/event/a?tid=1"),
        ("kalshi", "https://www.kalshi.com/markets/kx"),
        ("metaculus", "http://www.metaculus.com/questions/1/"),
    ],
)
def test_a_page_of_the_site_is_a_link(source: str, url: str) -> None:
    assert site_address(source, url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "javascript://manifold.markets/%0aalert(1)",
        "https://manifold.markets.evil.example/x",
        "https://evil.example/manifold.markets",
        "https://manifold.markets@evil.example/x",
        "https://user:pass@manifold.markets/x",
        "https://manifold.markets:8080/x",
        "data:text/html,<script>alert(1)</script>",
        "//manifold.markets/x",
        "https://manifold.markets/a b",
        "https://manifold.markets/\u202egnp",
        "https://[::1/x",
        "https://polymarket.com/event/x",
    ],
)
def test_no_other_address_is(url: str | None) -> None:
    assert site_address("manifold", url) is None


def test_an_own_question_is_nowhere_else() -> None:
    assert site_address("own", "https://manifold.markets/x") is None
    assert site_terms(["own"]) == TERMS["own"]
    assert site_terms(["kalshi", "own", "manifold"]).startswith("Manifold: ")
