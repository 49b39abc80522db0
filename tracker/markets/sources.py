"""Every site that the program knows, by the name that its questions begin with."""

from typing import NamedTuple

from tracker.markets.kalshi import KALSHI
from tracker.markets.manifold import MANIFOLD
from tracker.markets.metaculus import METACULUS
from tracker.markets.polymarket import POLYMARKET
from tracker.markets.source import Source

SOURCES: dict[str, Source] = {source.name: source for source in (MANIFOLD, POLYMARKET, KALSHI, METACULUS)}


class Place(NamedTuple):
    """Where a market is: its site, and its key there."""

    source: Source
    key: str


def source_of(url: str) -> Place | None:
    """The site and key that an address names; null where it is of no site that is known, or of no market there."""
    for source in SOURCES.values():
        key = source.key_of(url)
        if key is not None:
            return Place(source, key)
    return None
