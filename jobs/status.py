"""What `python -m jobs status` tells: what there is, what happened last, what is due."""

from datetime import datetime

import polars as pl
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from db.queries import runs
from jobs.lock import holder
from jobs.nightly import Wish, due_units, open_all
from jobs.progress import duration
from jobs.report import Clock
from jobs.slots import find_gpus
from tracker.settings import Settings


def last_night(engine: Engine) -> datetime | None:
    """When the last night started; null when none has."""
    nights = runs.reports(engine, "nightly")
    return None if nights.is_empty() else nights["started_at"].max()  # type: ignore[return-value]


def show_status(settings: Settings, wish: Wish, *, console: Console, now: Clock) -> None:
    """Print it; a suite that does not exist is a UsageError."""
    engine, catalog = open_all(settings)

    def say(text: str) -> None:
        console.print(escape(text), highlight=False, soft_wrap=True)

    say(f"Database:   {engine.url.render_as_string(hide_password=True)}")
    gpus = find_gpus()
    say("GPUs:       " + (", ".join(f"{gpu.number}: {gpu.name}" for gpu in gpus) or "none; one processor slot"))
    stored = runs.runs(engine)
    kept = stored.group_by("origin").len().sort("origin")
    say("Runs:       " + (", ".join(f"{count} {origin}" for origin, count in kept.iter_rows()) or "none yet"))
    say("At work:    " + (holder(settings.data_dir) or "no night is running"))
    nights = runs.reports(engine, "nightly")
    if nights.is_empty():
        say("Last night: none yet. Start one: python -m jobs nightly")
    else:
        last = nights.row(0, named=True)
        say(f"Last night: {last['started_at']:%Y-%m-%d %H:%M} UTC, {last['outcome']}")
        units = runs.reports(engine, "benchmarks").filter(
            (pl.col("started_at") >= last["started_at"]) & pl.col("outcome").is_in(["failed", "interrupted"])
        )
        for row in units.iter_rows(named=True):
            say(f"  {row['unit']}: {row['outcome']}: {row['error'] or ''}")
    units_due = due_units(engine, catalog, wish, now=now)
    tasks = sum(len(unit.tasks) for unit in units_due)
    total = duration(sum(unit.expected or 0.0 for unit in units_due))
    words = f"{tasks} tasks of {len(units_due)} models in suite {wish.suite}, about {total}"
    say("Due:        " + (words if tasks else f"nothing in suite {wish.suite}"))
    engine.dispose()
