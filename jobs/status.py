"""What `python -m jobs status` and `--dry-run` tell: what there is, what happened last, what is due."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from db.engine import shown_address
from db.queries import runs
from jobs.lock import holder
from jobs.nightly import Wish, check, counted, due_units, open_all
from jobs.report import Clock
from jobs.slots import Gpu
from jobs.terminal import Terminal
from jobs.units import Unit, expectation, refusals
from tracker.settings import Settings
from tracker.stats.nights import duration

SHOWN = 3


def last_night(engine: Engine) -> datetime | None:
    """When the last night started; null when none has."""
    nights = runs.reports(engine, "nightly")
    return None if nights.is_empty() else nights["started_at"].max()  # type: ignore[return-value]


def show_status(settings: Settings, wish: Wish, *, console: Console, now: Clock, gpus: Sequence[Gpu]) -> None:
    """Print it; a suite that does not exist is a UsageError."""
    engine, catalog = open_all(settings)
    check(catalog, wish)

    def say(text: str) -> None:
        console.print(escape(text), highlight=False, soft_wrap=True)

    say(f"Database:   {shown_address(engine.url)}")
    say("GPUs:       " + (", ".join(f"{gpu.number}: {gpu.name}" for gpu in gpus) or "none; one processor slot"))
    kept = runs.runs(engine).group_by("origin").len().sort("origin")
    say("Runs:       " + (", ".join(f"{count:,} {origin}" for origin, count in kept.iter_rows()) or "none yet"))
    say("At work:    " + (holder(engine, settings.data_dir) or "no night is running"))
    nights = runs.reports(engine, "nightly")
    if nights.is_empty():
        say("Last night: none yet. Start one: python -m jobs nightly")
    else:
        last = nights.row(0, named=True)
        say(f"Last night: {last['started_at']:%Y-%m-%d %H:%M} UTC, {last['outcome']}")
        since = pl.col("started_at") >= last["started_at"]
        troubles = pl.col("outcome").is_in(["failed", "interrupted"]) & (pl.col("job") != "nightly")
        for row in runs.reports(engine).filter(since & troubles).sort("started_at", "job", "unit").to_dicts():
            if row["error"] is not None:
                say(f"  {row['unit'] or row['job']}: {row['outcome']}: {row['error']}")
    units = due_units(engine, catalog, wish, now=now)
    tasks = counted(sum(len(unit.tasks) for unit in units), "task")
    words = f"{tasks} of {counted(len(units), 'model')} in suite {wish.suite}, {expectation(units)}"
    say("Due:        " + (words if units else f"nothing in suite {wish.suite}"))
    engine.dispose()


def show_plan(settings: Settings, wish: Wish, *, console: Console, now: Clock, gpus: Sequence[Gpu]) -> None:
    """Print what a night would do, and which pairs no night ever runs."""
    engine, catalog = open_all(settings)
    units = due_units(engine, catalog, wish, now=now)
    engine.dispose()
    if units:
        # A pipe is as wide as what is written into it.
        wide = console if console.is_terminal else Terminal(width=200)
        wide.print(plan_table(units, len(gpus)))
        tasks = counted(sum(len(unit.tasks) for unit in units), "task")
        console.print(f"{tasks}, {expectation(units)}.", highlight=False, soft_wrap=True)
    else:
        console.print("Nothing is due.")
    for why, names in refusals(catalog, wish.suite, wish.only).items():
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        console.print(escape(f"Never run: {shown}: {why}"), highlight=False, soft_wrap=True)


def plan_table(units: Sequence[Unit], gpus: int) -> Table:
    """The plan as a table: unit by unit, in the order in which they will be started."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, side in (("model", "left"), ("task", "left"), ("why", "left"), ("needs", "left"), ("expected", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("from")
    for unit in units:
        needs = unit.server or (counted(unit.gpus, "GPU") if unit.gpus else "cpu")
        short = " (not here)" if unit.gpus > gpus else ""
        for due in unit.tasks:
            cells = (unit.model_id, due.pair.task, due.reason, needs + short, duration(due.expected), due.basis)
            table.add_row(*(escape(cell) for cell in cells))
    return table
