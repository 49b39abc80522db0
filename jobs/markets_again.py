"""Reads again what market sites answered, from the replies that are kept, with the parser of today."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import Engine

from db.market_store import replay_market
from db.queries.markets import Followed, followed_markets
from jobs.markets import Synced, chosen, progress, tell
from jobs.raw_replies import RawReplies
from jobs.report import Clock, attempt
from tracker.markets.source import Snapshot, Source, SourceError

JOB = "markets-from-raw"


def reparse_markets(
    engine: Engine,
    data_dir: Path,
    sources: Mapping[str, Source],
    *,
    console: Console,
    now: Clock,
    only: Collection[str] = (),
) -> Synced:
    """Parse the kept replies of the followed markets again, with the parser of today, and save what they say."""
    result = Synced()
    raw = RawReplies(data_dir)
    markets = chosen(followed_markets(engine), only)
    with progress(console, True, len(markets)) as advance:
        for market in markets:
            source = sources.get(market.source)
            if source is not None and raw.names(market.source, market.key):

                def work(market: Followed = market, source: Source = source) -> dict[str, Any]:
                    steps, skipped = kept_snapshots(raw, source, market.key, market.sync.get("kept"))
                    saved = replay_market(engine, market.source, market.key, steps)
                    return {"syncs": len(steps), "skipped": skipped, **saved._asdict()}

                outcome = attempt(engine, JOB, market.id, work, now=now)
                result.outcomes[market.id] = outcome
                tell(console, market.id, outcome.error)
            else:
                result.left_out += 1
            advance()
    return result


def kept_snapshots(
    raw: RawReplies, source: Source, key: str, last: str | None
) -> tuple[list[tuple[Snapshot, datetime]], int]:
    """What the kept syncs of an entry say, each with its time, and how many could not be used.

    Those before the first that tells the whole history cannot: what they continue is gone. Raises SourceError where
    none does, and for one after it that cannot be read.
    """
    steps: list[tuple[Snapshot, datetime]] = []
    state: Mapping[str, Any] = {}
    skipped = 0
    for kept in raw.chain(source.name, key, last):
        try:
            said = source.parse(key, kept.replies, state)
        except SourceError:
            if steps:
                raise
            skipped += 1
            continue
        if not steps and (said.since is not None or said.own_since):
            skipped += 1
            continue
        # Through JSON, as when it comes back from the database.
        state = json.loads(json.dumps({**said.sync, "kept": kept.name}))
        steps.append((replace(said, sync=state), kept.replies[-1].fetched_at))
    if not steps:
        raise SourceError("The replies that are kept do not tell its whole history: what is stored stays.")
    return steps, skipped
