"""Metaculus's API as documented: nothing without a key, and the community's forecasts only to some."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.market_server import Answer, Asked, MarketServer, Refusal, json_answer

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Posed:
    """One question. `history`: (from, to or null, the value of "yes", or one of each option)."""

    id: int
    title: str
    opens: datetime
    closes: datetime
    history: list[tuple[datetime, datetime | None, float | list[float | None]]] = field(default_factory=list)
    kind: str = "binary"
    options: list[str] | None = None
    resolution: str | None = None
    resolved: datetime | None = None
    reveals: datetime | None = None
    hidden: bool = False
    more: dict[str, Any] = field(default_factory=dict)


class Metaculus:
    """The site at a moment. `posts`: number → (title, its one question, or several of a group).

    `shows`: whether this key is shown the community's forecasts; `quotes`: refusals repeat the key they were given;
    `needs_key`: false lets tests about other things in without one.
    """

    def __init__(self, now: datetime, posts: Mapping[int, tuple[str, Posed | list[Posed]]]) -> None:
        self.now = now
        self.posts = dict(posts)
        self.shows = True
        self.quotes = False
        self.needs_key = True
        self.server = MarketServer(
            {"/api/posts/([0-9]+)/": self._post, "/api/posts/": self._posts},
            json_answer({"detail": "Not found."}, 404),
            etags=False,
        )

    def _check(self, asked: Asked) -> None:
        given = asked.headers.get("authorization", "")
        if given == f"Token {TOKEN}" or not self.needs_key:
            return
        text = f"Invalid token {given}." if self.quotes else "Invalid token."
        raise Refusal(json_answer({"detail": text if given else "Authentication credentials were not provided."}, 401))

    def _post(self, asked: Asked, match: re.Match[str]) -> Answer:
        self._check(asked)
        if int(match[1]) not in self.posts:
            return json_answer({"detail": "Not found."}, 404)
        told = asked.one("with_cp") == "true"
        return json_answer(self.post(int(match[1]), told, told and asked.one("include_cp_history") == "true"))

    def _posts(self, asked: Asked, match: re.Match[str]) -> Answer:
        self._check(asked)
        words = (asked.one("search") or "").lower().split()
        found = [number for number, (title, _) in self.posts.items() if all(word in title.lower() for word in words)]
        most = int(asked.one("limit") or 20)
        told = asked.one("with_cp") == "true"
        results = [self.post(number, told, False) for number in found[:most]]
        return json_answer({"next": None, "previous": None, "results": results})

    def post(self, number: int, told: bool, history: bool) -> dict[str, Any]:
        title, posed = self.posts[number]
        several = isinstance(posed, list)
        questions = posed if isinstance(posed, list) else [posed]
        inner = [self.described(question, told, history) for question in questions]
        held = {"group_of_questions": {"id": number, "questions": inner}} if several else {"question": inner[0]}
        return {
            "id": number,
            "title": title,
            "slug": title.lower().replace(" ", "-"),
            "nr_forecasters": 12 if any(question.history for question in questions) else 0,
            "scheduled_close_time": iso(questions[0].closes),
            **held,
        }

    def described(self, question: Posed, told: bool, history: bool) -> dict[str, Any]:
        entries = [
            {
                "start_time": start.timestamp(),
                "end_time": None if end is None or end > self.now else end.timestamp(),
                "forecaster_count": 5,
                "interval_lower_bounds": None,
                "centers": value if isinstance(value, list) else [value],
                "interval_upper_bounds": None,
            }
            for start, end, value in question.history
            if start <= self.now
        ]
        hidden = question.hidden or not self.shows or (question.reveals is not None and self.now < question.reveals)
        shown = entries if told and not hidden else []
        empty: dict[str, Any] = {"history": [], "latest": None, "score_data": {}}
        weighted = {**empty, "history": shown if history else [], "latest": shown[-1] if shown else None}
        closed = self.now >= question.closes
        return {
            "id": question.id,
            "title": question.title,
            "label": question.title,
            "type": question.kind,
            "options": question.options,
            "status": "resolved" if question.resolution else "closed" if closed else "open",
            "open_time": iso(question.opens),
            "scheduled_close_time": iso(question.closes),
            "actual_close_time": iso(question.closes) if closed else None,
            "cp_reveal_time": iso(question.reveals) if question.reveals else None,
            "resolution": question.resolution,
            "actual_resolve_time": iso(question.resolved) if question.resolved else None,
            "resolution_criteria": "As it says.",
            "fine_print": "",
            "aggregations": {"recency_weighted": weighted, "unweighted": empty},
            **question.more,
        }


def iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
