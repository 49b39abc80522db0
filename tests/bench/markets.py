"""Reading markets: a first sync, a second with nothing new, and how fast bets are parsed: python -m tests.bench.markets

The site is tests/market_server_manifold.py in a process of its own, over a real socket on this machine. The polite
limit is the client's own, with its waits counted and not waited for.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine

from db.engine import migrate, open_engine, writing
from db.forecast_tables import Question
from db.queries.markets import followed_markets
from db.rows import merge
from jobs.markets import Sites, Synced, sync_markets
from jobs.raw_replies import RawReplies
from tests.market_server import ToSocket, serving
from tests.market_server_manifold import Manifold
from tracker.markets.client import Client
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Source


def manifold(markets: int, bets: int) -> Manifold:
    """That many binary markets of that many bets, some in one millisecond."""
    site = Manifold(seed=0)
    for place in range(markets):
        slug = f"market-{place}"
        site.add(slug)
        for _ in range(bets):
            site.clock += site.rng.choice([0, 1, 60_000])
            site.trade(slug, site.rng.uniform(0.02, 0.98))
    return site


def serve(markets: int, bets: int, address: "Connection[str, str]") -> None:
    with serving(manifold(markets, bets).site) as url:
        address.send(url)
        address.recv()


@contextmanager
def elsewhere(markets: int, bets: int) -> Iterator[str]:
    """The site in another process; its address."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(markets, bets, there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


class Waits:
    """A clock that goes on by itself, and by what is slept on it."""

    def __init__(self) -> None:
        self.slept = 0.0

    def clock(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def sync(engine: Engine, folder: Path, address: str, rate: int) -> tuple[Synced, str, float]:
    """One sync: what it did, the seconds it took in words, and those it would have waited."""
    waits = Waits()

    def now() -> datetime:
        return datetime.now(UTC)

    def open_client(source: Source, token: str | None) -> Client:
        return Client(source, now=now, transport=ToSocket(address), clock=waits.clock, sleep=waits.sleep)

    sites = Sites({}, open_client, {"manifold": replace(MANIFOLD, rate=rate)})
    started, used = time.perf_counter(), time.process_time()
    result = sync_markets(engine, folder, sites, console=Console(stderr=True), now=now)
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    return result, f"{seconds:.1f} s ({processor:.1f} s of them our own processor time)", waits.slept


def main() -> int:
    """Print the figures; fails where a second sync asks more than once a market."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=50)
    parser.add_argument("--bets", type=int, default=5000)
    arguments = parser.parse_args()
    markets, bets = arguments.markets, arguments.bets
    with tempfile.TemporaryDirectory() as place, elsewhere(markets, bets) as address:
        folder = Path(place)
        engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
        migrate(engine)
        rows = [Question(id=f"manifold:market-{one}", source="manifold", title="?") for one in range(markets)]
        with writing(engine) as connection:
            merge(connection, Question, rows)
        first, took, waited = sync(engine, folder, address, MANIFOLD.rate)
        asked = sum(first.requests.values())
        print(f"first sync of {markets} markets with {bets:,} bets each: {took}, {asked} requests;")
        print(f"  at {MANIFOLD.rate} requests a minute {waited:.0f} s of waiting beside it. {first.summary()}")
        second, took, waited = sync(engine, folder, address, MANIFOLD.rate)
        asked = sum(second.requests.values())
        print(f"second sync, nothing new: {took}, {asked / markets:.2f} requests a market,")
        print(f"  {waited:.0f} s of waiting at the same limit. {second.summary()}")
        raw = RawReplies(folder)
        kept = [
            (market.key, raw.read("manifold", market.key, raw.names("manifold", market.key)[0]).replies)
            for market in followed_markets(engine)
        ]
        started = time.process_time()
        moves = sum(len(MANIFOLD.parse(key, replies, {}).moves) for key, replies in kept)
        seconds = time.process_time() - started
        size = sum(len(reply.body) for _, replies in kept for reply in replies)
        print(
            f"parsed {markets * bets:,} bets ({size / 1e6:.0f} MB) to {moves:,} prices in {seconds:.1f} s of processor:"
        )
        print(f"  {markets * bets / seconds:,.0f} bets/s.")
        packed = sum(path.stat().st_size for path in (folder / "raw").rglob("*.zst"))
        print(f"kept replies: {packed / 1e6:.0f} MB on disk.")
        engine.dispose()
    return 0 if not first.failed and not second.failed and asked <= markets else 1


if __name__ == "__main__":
    sys.exit(main())
