"""A source without a database: its snapshots put upon each other, as saving them does."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from db.forecast_tables import Question
from tests.market_server import InProcess, MarketServer
from tracker.markets.client import Client
from tracker.markets.source import Snapshot, Source


class Shelf:
    """`moves`: question id → {(moment, position): price}; `asked`: how many requests the last sync took."""

    def __init__(self, source: Source, server: MarketServer, now: Callable[[], datetime], token: str | None = None):
        self.source, self.server, self.now, self.token = source, server, now, token
        self.questions: dict[str, Question] = {}
        self.moves: dict[str, dict[tuple[datetime, int], float | None]] = {}
        self.marks: dict[str, Any] = {}
        self.asked = 0

    def client(self) -> Client:
        return Client(
            self.source, now=self.now, token=self.token, transport=InProcess(self.server), sleep=_no_time, first_wait=0
        )

    def sync(self, key: str) -> Snapshot:
        before = json.loads(json.dumps(self.marks))
        with self.client() as client:
            replies = self.source.fetch(client.get, key, before)
            self.asked = client.requests
        snapshot = self.source.parse(key, replies, before)
        self.put(snapshot)
        return snapshot

    def put(self, snapshot: Snapshot) -> None:
        if snapshot.unchanged:
            return
        self.marks = json.loads(json.dumps(snapshot.sync))
        for question in snapshot.questions:
            since = snapshot.own_since.get(question.id, snapshot.since)
            stored = self.moves.setdefault(question.id, {})
            for at in [at for at in stored if since is None or at[0] >= since]:
                del stored[at]
            self.questions[question.id] = question
        for move in snapshot.moves:
            stored = self.moves[move.question_id]
            assert (move.at, move.position) not in stored, f"twice: {move}"
            stored[move.at, move.position] = move.probability

    def course(self, question_id: str) -> list[tuple[datetime, float | None]]:
        return [(at, price) for (at, _), price in sorted(self.moves[question_id].items())]


def _no_time(seconds: float) -> None:
    """Waits are the client's own matter: here they take none."""
