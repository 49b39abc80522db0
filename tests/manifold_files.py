"""Manifold's real replies of 2022, beside the checkout, as the parser takes them.

https://github.com/bcongdon/PyManifold (MIT), tests/fixtures/cassettes.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Reply, Snapshot

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "pymanifold"
FETCHED = datetime(2022, 10, 14, tzinfo=UTC)
RESOLVED = "will-bitcoins-price-fall-below-25k"

needs_files = pytest.mark.skipif(not FOLDER.exists(), reason="shared data is not beside this checkout")


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def markets() -> list[dict[str, Any]]:
    """500 LiteMarkets of all kinds there were."""
    found: list[dict[str, Any]] = read("markets_500.json")
    return found


def resolved_market() -> Snapshot:
    """A market that resolved YES, parsed with all its 49 bets: one question, 50 moves."""
    return MANIFOLD.parse(RESOLVED, resolved_replies(), {})


def resolved_replies() -> list[Reply]:
    market = read(f"slug_{RESOLVED}.json")
    bets = market.pop("bets")
    return [
        reply(f"slug/{RESOLVED}", market),
        reply(f"bets?contractId={market['id']}&order=asc&limit=1000", sorted(bets, key=lambda bet: bet["createdTime"])),
    ]


def reply(path: str, value: Any, fetched_at: datetime = FETCHED) -> Reply:
    return Reply(MANIFOLD.base_url + path, 200, fetched_at, json.dumps(value))
