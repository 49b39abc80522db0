"""The sites of tests/market_faults.py, by the name of their source: each a world made from a seed."""

from collections.abc import Callable

from tests.market_faults import World
from tests.market_world_kalshi import KalshiWorld
from tests.market_world_manifold import ManifoldWorld
from tests.market_world_metaculus import MetaculusWorld
from tests.market_world_polymarket import PolymarketWorld

WORLDS: dict[str, Callable[[int], World]] = {
    "manifold": ManifoldWorld,
    "polymarket": PolymarketWorld,
    "kalshi": KalshiWorld,
    "metaculus": MetaculusWorld,
}
