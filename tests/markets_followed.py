"""A site with three markets, a database that follows them, and a data folder: what reading markets works on."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from sqlalchemy import Engine

from db.forecast_tables import Question
from db.queries.runs import reports
from jobs.markets import Sites, Synced, sync_markets
from jobs.markets_again import reparse_markets
from jobs.raw_replies import RawReplies
from tests.manifold_shelf import moment
from tests.market_rows import prices, put
from tests.market_server import InProcess
from tests.market_server_manifold import Manifold
from tracker.markets.client import Client
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Source


class World:
    """A site with three markets, a database that follows them, and what was said while they were read."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.site = Manifold(seed=1)
        for slug in ("rain", "snow", "sun"):
            self.site.add(slug)
            self.follow(f"manifold:{slug}")
            self.trade(slug, 10)
        self.raw = RawReplies(folder)
        self.said = io.StringIO()
        self.sources: dict[str, Source] = {"manifold": MANIFOLD}
        self.environment: dict[str, str] = {}
        self.transports: dict[str, httpx.BaseTransport] = {}

    def follow(self, identity: str) -> None:
        put(self.engine, Question(id=identity, source=identity.partition(":")[0], title="?"))

    def trade(self, slug: str, times: int = 1) -> None:
        for _ in range(times):
            self.site.clock += 1000
            self.site.trade(slug, self.site.rng.uniform(0.05, 0.95))

    def now(self) -> datetime:
        return moment(self.site.clock) + timedelta(seconds=1)

    def open_client(self, source: Source, token: str | None) -> Client:
        transport = self.transports.get(source.name) or InProcess(self.site.site)
        return Client(
            source, token=token, now=self.now, transport=transport, sleep=lambda _: None, first_wait=0.0, attempts=3
        )

    def sync(self, *only: str, stopping: Callable[[], bool] = lambda: False) -> Synced:
        self.site.clock += 60_000
        return sync_markets(
            self.engine,
            self.folder,
            Sites(self.environment, self.open_client, self.sources),
            console=self.console(),
            now=self.now,
            only=only,
            stopping=stopping,
        )

    def reparse(self, *only: str) -> Synced:
        return reparse_markets(self.engine, self.folder, self.sources, console=self.console(), now=self.now, only=only)

    def console(self) -> Console:
        self.said = io.StringIO()
        return Console(file=self.said, width=300)

    def check(self) -> None:
        """What is stored is every price there was."""
        for market in self.site.markets.values():
            found = [(at, price) for at, _, price in prices(self.engine, f"manifold:{market.slug}")]
            assert found == [(moment(at), pytest.approx(price, abs=1e-9)) for at, price in market.own.truth]

    def files(self, key: str = "rain") -> list[Path]:
        return [self.folder / "raw" / "manifold" / key / name for name in self.raw.names("manifold", key)]


def told(engine: Engine, job: str = "markets") -> dict[str, tuple[str, str | None]]:
    """The last report of each unit."""
    rows = reports(engine, job).sort("started_at").to_dicts()
    return {row["unit"]: (row["outcome"], row["error"]) for row in rows}
