"""Seeded sequences of syncs against sites that go wrong: python -m tests.market_faults --sequences 1000 --seed 0

Between two syncs a site is traded on, decides, takes decisions back and forgets bets; during one its answers are
refused, cut off, late, of another kind or changed. After each sync every market is either as the site has it, or as it
was before with one clear line; at the end nothing is lost, nothing is there twice, and the kept replies say the same.
"""

import argparse
import logging
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from sqlalchemy import Engine

from db.engine import migrate, open_engine, writing
from db.forecast_tables import Forecast, Question, Resolution
from db.rows import merge
from jobs.markets import Sites, Synced, sync_markets
from jobs.markets_again import reparse_markets
from tests.market_server import (
    Fault,
    InProcess,
    MarketServer,
    bytes_,
    cut,
    dropped,
    half,
    not_gzip,
    page,
    refused,
    slow,
)
from tests.market_stands import Asked, clear, difference, everything, stored
from tracker.markets.client import Client
from tracker.markets.source import Source

TRIES = 3


class World(Protocol):
    """A site on which things happen. `own_faults`: what can go wrong with its answers beside the common ones."""

    source: Source
    site: MarketServer
    own_faults: Mapping[str, Fault]

    def now(self) -> datetime: ...
    def followed(self) -> Sequence[str]: ...
    def happen(self) -> None: ...
    def meanwhile(self) -> None:
        """Something that happens between two requests of one sync."""

    def stands(self, key: str) -> dict[str, Asked]: ...


COMMON: dict[str, Fault] = {
    "429 with seconds": refused(429, Retry_After="7"),
    "429 with a date": refused(429, Retry_After="Tue, 14 Nov 2023 22:20:00 GMT"),
    "429 for an hour": refused(429, Retry_After="3600"),
    "503": refused(503, "Transaction conflict. Please try again."),
    "500": refused(500, "\x1b[31m<script>alert(1)</script>\nTraceback (most recent call last)"),
    "400": refused(400, "Error validating request."),
    "404": refused(404, "Contract not found"),
    "cut off": cut,
    "dropped": dropped,
    "half a body": half,
    "a page": page,
    "no text": bytes_,
    "not packed": not_gzip,
    "too slow": slow(900.0),
    "a little slow": slow(0.01),
}


@dataclass
class Figures:
    """What was done, for the last line."""

    syncs: int = 0
    requests: int = 0
    markets_read: int = 0
    markets_failed: int = 0
    prices: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)


class FaultSequence:
    """One sequence: a world, a database and a data folder of its own."""

    def __init__(self, world: World, seed: int, folder: Path, template: Path, figures: Figures) -> None:
        self.world, self.folder, self.figures = world, folder, figures
        self.rng = random.Random(f"faults {seed}")
        shutil.copyfile(template, folder / "tracker.db")
        self.engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
        name_questions(self.engine, world)
        self.sites = sites_of(world)

    def run(self) -> None:
        for _ in range(self.rng.randint(3, 7)):
            for _ in range(self.rng.randint(0, 3)):
                self.world.happen()
            self.one_sync(likely=self.rng.choice([0.0, 0.15, 0.4, 0.8]))
        self.world.happen()
        self.one_sync(likely=0.0)
        self.from_raw()
        self.engine.dispose()

    def one_sync(self, likely: float) -> None:
        """A sync in which each answer goes wrong with this probability, and what is stored after it."""
        world = self.world
        faults = {**COMMON, **world.own_faults}
        racing = self.rng.random() < 0.15
        world.site.faults.clear()
        names = [self.rng.choice(list(faults)) if self.rng.random() < likely else None for _ in range(60)]
        for name in names:
            world.site.faults.append(self.fault(name, faults[name] if name else None, racing and name is None))
        before = {key: stored(self.engine, key, world.source.name) for key in world.followed()}
        expected = {key: world.stands(key) for key in world.followed()}
        result = self.sync()
        world.site.faults.clear()
        for key in world.followed():
            outcome = result.outcomes.get(f"{world.source.name}:{key}")
            now = stored(self.engine, key, world.source.name)
            if outcome is None or outcome.error is not None:
                assert now == before[key], f"{key} failed and was changed all the same"
                self.line(outcome.error if outcome else None, result)
                self.figures.markets_failed += 1
                continue
            self.figures.markets_read += 1
            if racing:
                expected[key] = self.caught_up(now, expected[key], world.stands(key))
            assert now == expected[key], difference(now, expected[key])
        if likely == 0.0:
            assert not result.failed, [outcome.error for outcome in result.outcomes.values()]

    def fault(self, name: str | None, fault: Fault | None, racing: bool) -> Fault | None:
        if name is None or fault is None:
            return self.race if racing and self.rng.random() < 0.5 else None

        def wrong(answer: Any) -> Any:
            self.figures.faults[name] += 1
            return fault(answer)

        return wrong

    def race(self, answer: Any) -> Any:
        self.world.meanwhile()
        return answer

    def caught_up(self, now: Mapping[str, Asked], first: Mapping[str, Asked], last: Mapping[str, Asked]) -> Any:
        """What is stored after a sync during which more happened: some of it, in order, and all from before."""
        for question, asked in now.items():
            size = len(asked.course)
            assert len(first[question].course) <= size <= len(last[question].course), question
            assert asked.course == last[question].course[:size], difference(now, last)
        return {
            question: last[question]._replace(course=last[question].course[: len(asked.course)])
            for question, asked in now.items()
        }

    def sync(self) -> Synced:
        console = Console(quiet=True)
        result = sync_markets(self.engine, self.folder, self.sites, console=console, now=self.world.now, bar=False)
        self.figures.syncs += 1
        self.figures.requests += sum(result.requests.values())
        self.figures.prices += sum(outcome.counts.get("moves", 0) for outcome in result.outcomes.values())
        return result

    def line(self, error: str | None, result: Synced) -> None:
        """A failure is one clear line; a market that was not asked for is counted as left out."""
        if error is None:
            assert result.left_out > 0
            return
        assert clear(error), error
        self.figures.lines[re.sub(r"“.*?”|\S*\d\S*|/\S+", "…", error)[:90]] += 1

    def from_raw(self) -> None:
        """The kept replies give the same rows again, over those that are there and into an empty database."""
        source = self.world.source
        before = everything(self.engine)
        reparse_markets(
            self.engine, self.folder, {source.name: source}, console=Console(quiet=True), now=self.world.now
        )
        assert everything(self.engine) == before, "from raw, over what is stored"
        with writing(self.engine) as connection:
            for kind in (Forecast, Resolution, Question):
                connection.execute(kind.__table__.delete())
        name_questions(self.engine, self.world)
        result = reparse_markets(
            self.engine, self.folder, {source.name: source}, console=Console(quiet=True), now=self.world.now
        )
        assert not result.failed, [outcome.error for outcome in result.outcomes.values()]
        again = everything(self.engine)
        for rows in (before, again):
            for row in rows["Question"]:
                # An answer that nothing is new leaves no file.
                row.pop("synced_at")
        assert again == before, "from raw, into an empty database"


def sites_of(world: World, clock: Callable[[], float] = time.monotonic) -> Sites:
    """The world's site in this process, asked without waiting."""

    def open_client(source: Source, token: str | None) -> Client:
        return Client(
            source,
            now=world.now,
            token=token,
            transport=InProcess(world.site),
            clock=clock,
            sleep=lambda seconds: None,
            first_wait=0.0,
            attempts=TRIES,
        )

    return Sites({}, open_client, {world.source.name: world.source})


def name_questions(engine: Engine, world: World) -> None:
    """What the catalogue does: name the markets that nobody has fetched yet."""
    source = world.source.name
    rows = [Question(id=f"{source}:{key}", source=source, title=key) for key in world.followed()]
    with writing(engine) as connection:
        merge(connection, Question, rows)


def run(worlds: Mapping[str, Callable[[int], World]], sequences: int, seed: int) -> Figures:
    """Run the sequences, in turn over the worlds. Raises AssertionError, with the seed, for the first that fails."""
    figures = Figures()
    logging.disable(logging.CRITICAL)
    names = list(worlds)
    try:
        with tempfile.TemporaryDirectory() as place:
            template = Path(place) / "template.db"
            engine = open_engine(f"sqlite:///{template}")
            migrate(engine)
            engine.dispose()
            for number in range(seed, seed + sequences):
                name = names[number % len(names)]
                folder = Path(place) / str(number)
                folder.mkdir()
                try:
                    FaultSequence(worlds[name](number), number, folder, template, figures).run()
                except AssertionError as error:
                    raise AssertionError(f"sequence {number} ({name}): {error}") from error
                shutil.rmtree(folder)
    finally:
        logging.disable(logging.NOTSET)
    return figures


def main() -> int:
    """Run them and print figures."""
    from tests.market_worlds import WORLDS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(WORLDS))
    parser.add_argument("--lines", action="store_true", help="also print what failures were told as")
    arguments = parser.parse_args()
    worlds = {arguments.only: WORLDS[arguments.only]} if arguments.only else WORLDS
    started = time.perf_counter()
    figures = run(worlds, arguments.sequences, arguments.seed)
    seconds = time.perf_counter() - started
    print(f"{arguments.sequences:,} sequences over {', '.join(worlds)}: {figures.syncs:,} syncs in {seconds:.0f} s.")
    print(
        f"  {figures.requests:,} requests, {sum(figures.faults.values()):,} of them went wrong in"
        f" {len(figures.faults)} ways; {figures.prices:,} prices stored."
    )
    print(
        f"  {figures.markets_read:,} times a market was as its site had it, {figures.markets_failed:,} times as"
        " before with one clear line. Nothing lost, nothing twice, the kept replies give the same rows."
    )
    if arguments.lines:
        for line, count in figures.lines.most_common():
            print(f"  {count:6,}  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
