"""What holds of every source: its name, its limits, and that no address belongs to two."""

import pytest

from db import forecast_tables
from tracker.markets.source import Source
from tracker.markets.sources import SOURCES, source_of

ADDRESSES = {
    "https://manifold.markets/someone/some-market?tab=trades#abc": ("manifold", "some-market"),
    "https://polymarket.com/event/some-event/": ("polymarket", "some-event"),
    "https://kalshi.com/markets/kxagi/agi/kxagi-26": ("kalshi", "KXAGI-26"),
    "https://www.metaculus.com/questions/3479/title/": ("metaculus", "3479"),
    "https://www.example.com/event/some-event": None,
    "some words": None,
    "": None,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_belongs_to_one_site_or_none(address: str) -> None:
    claimed = [source.name for source in SOURCES.values() if source.key_of(address) is not None]
    place = source_of(address)
    expected = ADDRESSES[address]
    assert (place and (place.source.name, place.key)) == expected
    assert claimed == ([expected[0]] if expected else [])


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_is_one_that_questions_may_name_with_terms_and_a_modest_rate(source: Source) -> None:
    assert SOURCES[source.name] is source
    assert source.name in forecast_tables.SOURCES
    assert source.base_url.startswith("https://")
    assert 0 < source.rate <= 400
    assert source.terms.endswith(".")
    assert source.title in source.terms


def test_only_metaculus_needs_a_key_and_only_kalshi_has_no_search() -> None:
    assert {name: source.token for name, source in SOURCES.items() if source.token} == {"metaculus": "METACULUS_TOKEN"}
    assert [name for name, source in SOURCES.items() if source.search is None] == ["kalshi"]
