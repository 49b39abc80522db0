"""All four market sites in this process, for the program's commands."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from db.queries.forecasts import standing
from db.queries.questions import questions
from jobs.market_commands import add_market, find_markets
from jobs.markets import Sites
from jobs.question_commands import open_questions
from tests.market_server import InProcess, MarketServer
from tests.market_server_kalshi import Kalshi
from tests.market_server_manifold import Manifold
from tests.market_server_metaculus import Metaculus
from tests.market_server_polymarket import Polymarket, Sold
from tracker.markets.client import Client
from tracker.markets.source import Source
from tracker.settings import EMBEDDED_CATALOG, Settings

NOW = datetime(2026, 8, 20, 12, tzinfo=UTC)
OPENS, CLOSES = NOW - timedelta(days=20), datetime(2027, 1, 1, tzinfo=UTC)


class World:
    """All four sites in this process, and the program's own database and data folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.settings = Settings(folder, url, EMBEDDED_CATALOG, None, "embedded")
        self.engine = open_questions(self.settings)
        self.manifold = Manifold(1)
        self.manifold.clock = int(OPENS.timestamp() * 1000)
        self.polymarket = Polymarket(NOW, {})
        self.kalshi = Kalshi(NOW, {}, {})
        self.metaculus = Metaculus(NOW, {})
        self.environment: dict[str, str] = {}
        self.out = io.StringIO()

    @property
    def servers(self) -> dict[str, MarketServer]:
        return {
            "manifold": self.manifold.site,
            "polymarket": self.polymarket.server,
            "kalshi": self.kalshi.server,
            "metaculus": self.metaculus.server,
        }

    def sites(self) -> Sites:
        def open_client(source: Source, token: str | None) -> Client:
            transport = InProcess(self.servers[source.name])
            return Client(
                source, now=self.now, token=token, transport=transport, sleep=lambda _: None, first_wait=0, attempts=2
            )

        return Sites(self.environment, open_client)

    def now(self) -> datetime:
        return self.polymarket.now

    def console(self) -> Console:
        return Console(file=self.out, width=100)

    def add(self, address: str, topic: str | None = None, inverted: bool = False) -> int:
        return add_market(
            self.engine,
            self.settings,
            self.sites(),
            address,
            topic,
            inverted,
            console=self.console(),
            now=self.now,
        )

    def find(self, words: str) -> int:
        return find_markets(self.sites(), words, 10, console=self.console())

    def said(self) -> str:
        text = self.out.getvalue()
        self.out.truncate(0)
        self.out.seek(0)
        return text

    def stored(self) -> dict[str, dict[str, Any]]:
        """Every question that is not the catalogue's."""
        rows = {row["question_id"]: row for row in questions(self.engine).iter_rows(named=True)}
        return {name: row for name, row in rows.items() if row["synced_at"] is not None}

    def price(self, question_id: str) -> float:
        (price,) = standing(self.engine, self.now(), [question_id])["probability"].to_list()
        return float(price)


def sold(slug: str, *prices: float, question: str | None = None, **more: Any) -> Sold:
    moments = [(OPENS + timedelta(days=place), price) for place, price in enumerate(prices)]
    return Sold(slug, question or f"Will {slug} be so?", OPENS, moments, **more)
