"""The night: what is due is run, markets are read where that is wanted, then gaps are computed from what is stored."""

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine

from db.engine import migrate, open_engine
from db.store import close_stale_reports, save_catalog
from jobs.benchmarks import Night
from jobs.evidence import update_evidence
from jobs.lock import night_lock
from jobs.markets import Sites, Synced, sync_markets
from jobs.progress import Watch
from jobs.questions import save_questions
from jobs.report import Clock, attempt, report
from jobs.saving import adopt, drop_answered
from jobs.slots import Slots
from jobs.units import Unit, expectation, plan
from tracker.catalog.load import Catalog, load_catalog
from tracker.catalog.plan import pairs
from tracker.settings import Settings
from tracker.stats.nights import duration


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


def check(catalog: Catalog, wish: Wish) -> None:
    """Raises UsageError for a suite or model that is not in the catalogue."""
    if wish.suite is not None and wish.suite not in catalog.suites():
        known = ", ".join(sorted(catalog.suites())) or "none"
        raise UsageError(f"There is no suite “{wish.suite}” in the catalogue: there are {known}.")
    unknown = [model for model in wish.only if model not in catalog.models]
    if unknown:
        known = ", ".join(catalog.models) or "none"
        raise UsageError(f"There is no model “{unknown[0]}” in models.toml: there are {known}.")


def due_units(engine: Engine, catalog: Catalog, wish: Wish, *, now: Clock) -> list[Unit]:
    """What is due of what was asked for. Raises UsageError for a suite or model that is not in the catalogue."""
    check(catalog, wish)
    return plan(engine, catalog, suite=wish.suite, only=wish.only, limit=wish.limit, now=now())


def run_night(
    settings: Settings,
    wish: Wish,
    *,
    console: Console,
    environment: Mapping[str, str],
    now: Clock,
    slots: Slots,
    estimates: bool = True,
    sites: Sites | None = None,
) -> int:
    """Run everything that is due; the exit status: 0 all done, 1 something failed or was stopped.

    Its report is that of the step "nightly", and without the estimates that of "benchmarks". `sites`: how markets are
    reached, where the settings want them read; null: over the network.
    """
    started = time.monotonic()
    engine, catalog = open_all(settings)
    check(catalog, wish)
    step = "nightly" if estimates else "benchmarks"
    with night_lock(engine, settings.data_dir, now=now(), doing=step):
        began = now()
        close_stale_reports(engine, began)
        report(engine, step, "", started_at=began, outcome="running")
        with Watch(console) as watch:
            night = Night(
                engine,
                settings,
                slots,
                watch,
                environment=environment,
                now=now,
                budget=wish.budget,
                run_code=wish.run_code,
            )
            with _stopping(night):
                kept = adopt(engine, settings, catalog, watch, now=now)
                if kept:
                    watch.line(f"{counted(kept, 'finished run')} of an earlier night lay on disk and are saved now.")
                drop_answered(engine, settings, pairs(catalog, limit=wish.limit))
                units = due_units(engine, catalog, wish, now=now)
                tasks = sum(len(unit.tasks) for unit in units)
                if units:
                    watch.line(
                        f"Due: {counted(tasks, 'task')} of {counted(len(units), 'model')}, {expectation(units)}."
                    )
                watch.expect(tasks)
                tally: dict[str, int] = dict(night.run(units))
                if estimates and settings.markets and not night.stopping:
                    synced = _read_markets(engine, settings, sites or Sites.real(environment, now), watch, night, now)
                    tally["failed"] += synced.failed
                if not night.stopping:
                    results = update_evidence(
                        engine,
                        settings,
                        catalog,
                        console=watch.console,
                        now=now,
                        estimates=estimates,
                        backtests=False,
                    )
                    for name, result in results.items():
                        if result.error:
                            watch.line(f"{name}: FAILED: {result.error}")
                            tally["failed"] += 1
                    if given := results["backfill"].counts.get("runs"):
                        watch.line(f"{counted(given, 'kept run')} gave numbers to benchmarks that are newer.")
        failed = bool(tally["failed"] or tally["interrupted"])
        outcome = "interrupted" if night.stopping else "failed" if failed else "done"
        report(engine, step, "", started_at=began, finished_at=now(), outcome=outcome, counts=tally)
    engine.dispose()
    console.print(summary(tally, time.monotonic() - started), highlight=False, soft_wrap=True)
    return 1 if failed or night.stopping else 0


def _read_markets(engine: Engine, settings: Settings, sites: Sites, watch: Watch, night: Night, now: Clock) -> Synced:
    """Read the followed markets, those that the catalogue has just begun to name too."""
    attempt(engine, "questions", "", lambda: dict(save_questions(engine, settings.catalog_dir)), now=now)
    synced = sync_markets(
        engine,
        settings.data_dir,
        sites,
        console=watch.console,
        now=now,
        bar=False,
        stopping=lambda: night.stopping,
    )
    watch.line(f"Markets: {synced.summary()}")
    return synced


def summary(tally: Mapping[str, int], seconds: float) -> str:
    """One line on what the night did."""
    if not sum(tally.values()):
        return f"Nothing was due ({duration(seconds)})."
    said = [f"{tally[key]} {key}" for key in ("done", "failed", "skipped", "interrupted") if tally[key]]
    line = f"{', '.join(said)} in {duration(seconds)}."
    if tally["interrupted"]:
        line += " Start it again, and it goes on from there."
    if tally["failed"]:
        line += " `python -m jobs status` and the Runs page list the failures."
    return line


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


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
