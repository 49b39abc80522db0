"""Reads the followed markets: each is fetched, its replies are kept, and what they say is saved whole or not at all."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from db.market_store import save_market
from db.queries.markets import Followed, followed_markets
from jobs.raw_replies import RawReplies
from jobs.report import Clock, Outcome, attempt, report
from tracker.markets.client import Client
from tracker.markets.source import Source, SourceDown
from tracker.markets.sources import SOURCES

JOB = "markets"


@dataclass(frozen=True)
class Sites:
    """How sites are reached. `open_client` is given the source and its key, null where it needs none.

    `environment`: where the keys are.
    """

    environment: Mapping[str, str]
    open_client: Callable[[Source, str | None], Client]
    sources: Mapping[str, Source] = field(default_factory=lambda: SOURCES)

    @classmethod
    def real(cls, environment: Mapping[str, str], now: Clock) -> "Sites":
        """The sites themselves, over the network."""
        return cls(environment, lambda source, token: Client(source, token=token, now=now))

    def token(self, source: Source) -> str | None:
        """The source's key, without what copying it has left around it; null where none is set or needed."""
        return self.environment.get(source.token, "").strip() or None if source.token else None


@dataclass
class Synced:
    """What a sync did: how each market ended, what each site was asked, and how many markets were left out."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    left_out: int = 0

    @property
    def failed(self) -> int:
        return sum(outcome.error is not None for outcome in self.outcomes.values())

    def summary(self) -> str:
        """One line on all of it."""
        if not self.outcomes and not self.left_out:
            return "No market is followed: python -m jobs markets add ADDRESS"
        counts = [outcome.counts for outcome in self.outcomes.values() if outcome.error is None]
        moves, decisions = (sum(count.get(name, 0) for count in counts) for name in ("moves", "decisions"))
        said = [f"{_counted(len(counts), 'market')} read, {_counted(moves, 'new price')}"]
        if decisions:
            said.append(_counted(decisions, "new decision"))
        said += [f"{count:,} {name}" for name, count in (("failed", self.failed), ("left out", self.left_out)) if count]
        if self.requests:
            said.append(_counted(sum(self.requests.values()), "request"))
        return ", ".join(said) + "."


def sync_markets(
    engine: Engine,
    data_dir: Path,
    sites: Sites,
    *,
    console: Console,
    now: Clock,
    only: Collection[str] = (),
    bar: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Synced:
    """Read every followed market, or those of `only` (question or market ids). Each has a report of its own.

    A market that fails stops no other. A site that cannot be reached is not asked for its other markets. Once
    `stopping` is true, no other market is begun.
    """
    result = Synced()
    markets = chosen(followed_markets(engine), only)
    raw = RawReplies(data_dir)
    with progress(console, bar, len(markets)) as advance:
        for name, group in groupby(markets, key=lambda market: market.source):
            own = list(group)
            source = sites.sources.get(name)
            token = sites.token(source) if source else None
            why = None
            if source is None:
                why = f"This version reads no markets of “{name}”."
            elif source.token and not token:
                why = f"{source.title} is read only with a key in {source.token}."
            if source is None or why:
                _leave_out(engine, result, name, len(own), why or "", console=console, now=now)
                continue
            with sites.open_client(source, token) as client:
                for done, market in enumerate(own, start=1):
                    if stopping():
                        break
                    outcome, down = sync_one(engine, raw, source, client, market, console=console, now=now)
                    result.outcomes[market.id] = outcome
                    advance()
                    if down and done < len(own):
                        # The market's own line has said it all.
                        why = f"{source.title} is not asked for more this time."
                        _leave_out(engine, result, name, len(own) - done, why, console=Console(quiet=True), now=now)
                        break
                result.requests[name] += client.requests
    return result


def chosen(markets: Sequence[Followed], only: Collection[str]) -> list[Followed]:
    """Those that one of the ids names: a question's or a market's. All, where none is given."""
    return [market for market in markets if not only or {market.id, *market.question_ids} & set(only)]


def sync_one(
    engine: Engine, raw: RawReplies, source: Source, client: Client, market: Followed, *, console: Console, now: Clock
) -> tuple[Outcome, bool]:
    """One market, reported; and whether its site cannot be reached at all."""
    down: list[SourceDown] = []
    notices: list[str] = []

    def work() -> dict[str, Any]:
        before = client.requests
        try:
            replies = source.fetch(client.get, market.key, market.sync)
        except SourceDown as error:
            down.append(error)
            raise
        said = source.parse(market.key, replies, market.sync)
        if said.notice:
            notices.append(said.notice)
        if not said.unchanged:
            kept = raw.keep(source.name, market.key, replies, market.sync.get("kept"))
            said = replace(said, sync={**said.sync, "kept": kept})
        saved = save_market(engine, source.name, market.key, said, replies[-1].fetched_at)
        return {**saved._asdict(), "requests": client.requests - before, **({"notice": said.notice} if notices else {})}

    outcome = attempt(engine, JOB, market.id, work, now=now)
    tell(console, market.id, outcome.error)
    for notice in notices:
        tell(console, market.id, notice)
    return outcome, bool(down)


def _leave_out(
    engine: Engine, result: Synced, source: str, count: int, why: str, *, console: Console, now: Clock
) -> None:
    """Report once for all of a site's markets that are not asked for."""
    result.left_out += count
    line = f"{why} {_counted(count, 'market')} of it stay{'s' if count == 1 else ''} as stored."
    started = now()
    report(engine, JOB, source, started_at=started, finished_at=started, outcome="skipped", error=line)
    tell(console, source, line)


def tell(console: Console, name: str, text: str | None) -> None:
    """Names and texts are a site's own: shown as text, never as markup or as a small picture (“:sun:”)."""
    if text:
        console.print(escape(f"{name}: {text}"), highlight=False, soft_wrap=True, emoji=False)


@contextmanager
def progress(console: Console, wanted: bool, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; gives the function that moves it on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (wanted and console.is_terminal)) as bar:
        task = bar.add_task("markets", total=total)
        yield lambda: bar.advance(task)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
