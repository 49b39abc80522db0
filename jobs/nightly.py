"""The night: what is due is run, then gaps are computed from what is stored."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from db.engine import migrate, open_engine
from db.store import close_stale_reports, save_catalog
from jobs.benchmarks import Night
from jobs.estimates import run_estimates
from jobs.lock import night_lock
from jobs.progress import Watch, duration
from jobs.report import Clock, attempt, report
from jobs.saving import adopt
from jobs.slots import Slots, find_gpus
from jobs.units import Unit, plan
from tracker.catalog.load import Catalog, load_catalog
from tracker.settings import Settings


class UsageError(Exception):
    """What was asked for does not exist; the text names what does."""


@dataclass(frozen=True)
class Wish:
    """What a person asked the night to do. `budget` in seconds; `limit` documents of each task make it a trial."""

    suite: str | None
    only: tuple[str, ...] = ()
    budget: float | None = None
    limit: int | None = None
    run_code: bool = False


def open_all(settings: Settings) -> tuple[Engine, Catalog]:
    """The database at its newest version, holding the catalogue's entries, and the catalogue itself."""
    catalog = load_catalog(settings.catalog_dir)
    engine = open_engine(settings.database_url)
    migrate(engine)
    save_catalog(engine, *catalog.rows())
    return engine, catalog


def due_units(engine: Engine, catalog: Catalog, wish: Wish, *, now: Clock) -> list[Unit]:
    """What is due of what was asked for. Raises UsageError for a suite or model that is not in the catalogue."""
    if wish.suite is not None and wish.suite not in catalog.suites():
        raise UsageError(f"There is no suite “{wish.suite}”: there are {', '.join(sorted(catalog.suites()))}.")
    unknown = [model for model in wish.only if model not in catalog.models]
    if unknown:
        raise UsageError(f"There is no model “{unknown[0]}” in models.toml: there are {', '.join(catalog.models)}.")
    return plan(engine, catalog, suite=wish.suite, only=wish.only, limit=wish.limit, now=now())


def run_night(
    settings: Settings,
    wish: Wish,
    *,
    console: Console,
    environment: Mapping[str, str],
    now: Clock,
    estimates: bool = True,
) -> int:
    """Run everything that is due; the exit status: 0 all done, 1 something failed or was stopped."""
    started = time.monotonic()
    engine, catalog = open_all(settings)
    with night_lock(engine, settings.data_dir, now=now(), doing="nightly" if estimates else "benchmarks"):
        close_stale_reports(engine, now())
        began = now()
        report(engine, "nightly", "", started_at=began, outcome="running")
        units = due_units(engine, catalog, wish, now=now)
        total = sum(len(unit.tasks) for unit in units)
        with Watch(console, total) as watch:
            kept = adopt(engine, settings, catalog, watch, now=now)
            if kept:
                watch.line(f"{kept} finished runs of an earlier night were still on disk; they are saved now.")
                units = due_units(engine, catalog, wish, now=now)
                watch.total = sum(len(unit.tasks) for unit in units)
            if units:
                expected = sum(unit.expected or 0.0 for unit in units)
                watch.line(f"{watch.total} tasks of {len(units)} models are due; expected: {duration(expected)}.")
            night = Night(
                engine,
                settings,
                Slots(find_gpus()),
                watch,
                environment=environment,
                now=now,
                budget=wish.budget,
                run_code=wish.run_code,
            )
            with _stopping(night):
                tally: dict[str, int] = dict(night.run(units))
                if estimates and not night.stopping:
                    result = attempt(engine, "estimates", "", lambda: _counts(engine, now), now=now)
                    if result.error:
                        watch.line(f"estimates: FAILED: {result.error}")
                        tally["failed"] += 1
        failed = bool(tally["failed"] or tally["interrupted"])
        outcome = "interrupted" if night.stopping else "failed" if failed else "done"
        report(engine, "nightly", "", started_at=began, finished_at=now(), outcome=outcome, counts=tally)
    console.print(summary(tally, time.monotonic() - started), highlight=False)
    return 1 if failed or night.stopping else 0


def summary(tally: Mapping[str, int], seconds: float) -> str:
    """One line on what the night did."""
    if not sum(tally.values()):
        return f"Nothing was due ({duration(seconds)})."
    said = [f"{tally['done']} done"]
    said += [f"{tally[key]} {key}" for key in ("failed", "skipped", "interrupted") if tally[key]]
    tail = " See the Runs page or `python -m jobs status` for the failures." if tally["failed"] else ""
    return f"{', '.join(said)} in {duration(seconds)}.{tail}"


def plan_table(units: Sequence[Unit], gpus: int) -> Table:
    """The plan as a table: unit by unit, in the order in which they will be started."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, side in (("model", "left"), ("task", "left"), ("why", "left"), ("needs", "left"), ("expected", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    table.add_column("from")
    for unit in units:
        needs = unit.server or (f"{unit.gpus} GPU" if unit.gpus else "cpu")
        short = " (not here)" if unit.gpus > gpus else ""
        for due in unit.tasks:
            table.add_row(unit.model_id, due.pair.task, due.reason, needs + short, duration(due.expected), due.basis)
    return table


def _counts(engine: Engine, now: Clock) -> dict[str, Any]:
    return dict(run_estimates(engine, now=now()))


@contextmanager
def _stopping(night: Night) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask the night to stop; it then ends its children and reports what it was at."""
    before = {one: signal.signal(one, lambda *_: night.stop()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def log_file(settings: Settings) -> Path:
    """Where the night's own log goes: tracebacks of what the reports tell in a sentence."""
    return settings.data_dir / "logs" / "jobs.log"
