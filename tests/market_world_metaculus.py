"""Metaculus as a world for tests/market_faults.py: the community changes its mind, has none, and is told the answer."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.market_faults import Asked
from tests.market_server import Fault, changed
from tests.market_server_metaculus import Metaculus, Posed
from tracker.markets.metaculus import METACULUS

OPENS = datetime(2026, 1, 5, tzinfo=UTC)
CLOSES = datetime(2027, 12, 31, tzinfo=UTC)
HOUR = timedelta(hours=1)


class MetaculusWorld:
    """A question, a group of two, and a choice among three, to a key that is shown everything."""

    source = replace(METACULUS, token=None)

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"metaculus {seed}")
        group = [Posed(number, f"Part {number}", OPENS, CLOSES) for number in (21, 22)]
        choice = Posed(3, "Which", OPENS, CLOSES, kind="multiple_choice", options=["A", "B", "C"])
        posts: dict[int, tuple[str, Posed | list[Posed]]] = {
            1: ("Will it be?", Posed(1, "Will it be?", OPENS, CLOSES)),
            2: ("When will it be?", group),
            3: ("Which will it be?", choice),
        }
        self.metaculus = Metaculus(OPENS + HOUR, posts)
        self.metaculus.needs_key = False
        self.site = self.metaculus.server
        self.site.etags = self.rng.random() < 0.5
        self.own_faults = FAULTS
        for _ in range(self.rng.randint(0, 30)):
            self._forecast(self.rng.choice(self.questions))

    @property
    def questions(self) -> list[Posed]:
        held = [posed for _, posed in self.metaculus.posts.values()]
        return [question for posed in held for question in (posed if isinstance(posed, list) else [posed])]

    def now(self) -> datetime:
        return self.metaculus.now

    def followed(self) -> Sequence[str]:
        return ["1", "2", "3"]

    def happen(self) -> None:
        question = self.rng.choice(self.questions)
        self.metaculus.now += self.rng.choice([timedelta(seconds=1), HOUR, 300 * HOUR])
        what = self.rng.choice(["forecast", "forecast", "forecast", "withdraw", "resolve", "unresolve", "nothing"])
        if what == "forecast":
            for _ in range(self.rng.randint(1, 8)):
                self._forecast(self.rng.choice(self.questions))
        elif what == "withdraw" and question.history and question.history[-1][1] is None:
            start, _, value = question.history[-1]
            self.metaculus.now += 5 * HOUR
            question.history[-1] = (start, self.metaculus.now - HOUR, value)
        elif what == "resolve":
            said = question.options or ["yes", "no"]
            question.resolution = self.rng.choice([*said, "annulled", "ambiguous"])
            question.resolved = self.metaculus.now
        elif what == "unresolve":
            question.resolution = question.resolved = None

    def meanwhile(self) -> None:
        """Somebody writes a comment."""

    def _forecast(self, question: Posed) -> None:
        self.metaculus.now += timedelta(minutes=self.rng.randint(1, 3000))
        at = self.metaculus.now - timedelta(seconds=30)
        if question.history and question.history[-1][1] is None:
            start, _, value = question.history[-1]
            question.history[-1] = (start, at, value)
        one = round(self.rng.uniform(0.01, 0.97), 3)
        question.history.append((at, None, [one, round(1 - one - 0.01, 3), 0.01] if question.options else one))

    def stands(self, key: str) -> dict[str, Asked]:
        _, posed = self.metaculus.posts[int(key)]
        if isinstance(posed, list):
            return {f"metaculus:{key}/{one.id}": _asked(one, 0, "yes") for one in posed}
        if posed.options:
            return {f"metaculus:{key}/{name}": _asked(posed, i, name) for i, name in enumerate(posed.options)}
        return {f"metaculus:{key}": _asked(posed, 0, "yes")}


def _asked(question: Posed, place: int, yes: str) -> Asked:
    course: list[tuple[datetime, float | None]] = []
    for number, (start, end, value) in enumerate(question.history):
        price = value[place] if isinstance(value, list) else value
        if not course or course[-1][1] != price:
            course.append((start, price))
        nothing_after = number + 1 == len(question.history) or question.history[number + 1][0] > (end or start)
        if end is not None and nothing_after:
            course.append((end, None))
    void = question.resolution in ("annulled", "ambiguous")
    decided = None if void or question.resolution is None else float(question.resolution == yes)
    return Asked(course, decided, void)


def _question(change: Mapping[str, Any], *gone: str) -> Fault:
    def apply(value: Any) -> Any:
        rows = value.get("group_of_questions", {}).get("questions") or [value["question"]]
        for row in rows:
            row.update(change)
            for name in gone:
                row.pop(name, None)
        return value

    return changed(apply)


FAULTS: Mapping[str, Fault] = {
    "no kind": _question({}, "type"),
    "no forecasts": _question({}, "aggregations"),
    "forecasts of another name": _question({"aggregations": {"weighted": {"history": []}}}),
    "an answer that is none": _question({"resolution": 7}),
    "a time that is none": _question({"open_time": "soon"}),
    "a number": _question({"type": "numeric"}),
    "another name": changed(lambda value: {"data": value}),
    "a list": changed(lambda value: [value]),
    "nothing": changed(lambda value: None),
}
