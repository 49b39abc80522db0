"""`python -m jobs STEP`: the program's command line. `--help` on any step explains it with examples."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from db.engine import DatabaseError
from jobs.evidence import update_evidence
from jobs.export_commands import add_to as add_exports_to
from jobs.forecast_commands import add_to as add_forecasts_to
from jobs.import_commands import add_to
from jobs.lock import Locked
from jobs.market_commands import add_to as add_market_commands_to
from jobs.nightly import UsageError, Wish, check, log_file, open_all, run_night
from jobs.question_commands import add_to as add_questions_to
from jobs.rule_commands import add_to as add_rules_to
from jobs.schedule import AlreadyScheduled, run_schedule
from jobs.slots import Gpu, Slots, find_gpus
from jobs.status import last_night, show_plan, show_status
from jobs.sync_commands import add_to as add_markets_to
from jobs.terminal import Terminal
from tracker.catalog.load import CatalogError
from tracker.settings import Settings, SettingsError


class Steps(TyperGroup):
    """Names what there is when asked for what there is not."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"There is no step “{args[0]}”: there are {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Steps,
    help="The steps of the night. Each says what it did; exit status 0: all done, 1: something failed or was stopped,"
    " 2: the command was not understood.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Suite = Annotated[
    str | None,
    typer.Option(
        "--suite", metavar="NAME", help="Only this suite: embedded, core or full (default: TRACKER_SUITE, or embedded)."
    ),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="MODEL", help="Only this model; give it several times for more.")
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="TIME", help="Start nothing that is not expected to fit: 8h, 90m, 1h30m, 45s."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what is due, why and how long it should take.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="A trial over the first N documents of each task; never counts as a full run.",
    ),
]
RunCode = Annotated[bool, typer.Option("--run-code", help="Allow tasks that run code which the model writes.")]


def now() -> datetime:
    return datetime.now(UTC)


def gpus() -> list[Gpu]:
    return find_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"))


@contextmanager
def edge() -> Iterator[Settings]:
    """Turn what a person can act on into one sentence and an exit status; anything else is a bug and shows as one."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        Terminal(stderr=True).print(escape(str(error)), highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    try:
        yield settings
    except UsageError as error:
        Terminal(stderr=True).print(escape(str(error)), highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except (CatalogError, DatabaseError, Locked, AlreadyScheduled) as error:
        Terminal(stderr=True).print(escape(str(error)), highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        where = error.filename or settings.data_dir
        text = f"{where} cannot be used: {error.strerror or error}. Correct that, or set TRACKER_DATA_DIR."
        Terminal(stderr=True).print(escape(text), highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def seconds(text: str | None) -> float | None:
    """A duration such as 8h, 90m, 1h30m or 45s, in seconds; null stays null."""
    if text is None:
        return None
    parts = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip().lower())
    if parts is None or not any(parts.groups()):
        raise typer.BadParameter(f"“{text}” is no duration: write 8h, 90m, 1h30m or 45s.", param_hint="--budget")
    hours, minutes, rest = (float(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + rest


def _run(
    suite: str | None,
    only: list[str] | None,
    budget: str | None,
    dry_run: bool,
    limit: int | None,
    run_code: bool,
    *,
    estimates: bool,
) -> None:
    most = seconds(budget)
    console = Terminal()
    with edge() as settings:
        wish = Wish(suite or settings.suite, tuple(only or ()), most, limit, run_code)
        _log_to(settings)
        if dry_run:
            show_plan(settings, wish, console=console, now=now, gpus=gpus())
            return
        status = run_night(
            settings,
            wish,
            console=console,
            environment=dict(os.environ),
            now=now,
            slots=Slots(gpus()),
            estimates=estimates,
        )
    raise typer.Exit(status)


@app.command(short_help="Run what is due, then compute the gaps.")
def nightly(
    suite: Suite = None,
    only: Only = None,
    budget: Budget = None,
    dry_run: DryRun = False,
    limit: Limit = None,
    run_code: RunCode = False,
) -> None:
    """Run every benchmark that is due, then compute the gaps.

    Due is a (model, benchmark) with no complete run for its weights, task version and settings, or one older than its
    `every_days`. One model and its tasks share one process; each task is saved as it finishes, so a killed night goes
    on where it was.

    \b
    Examples:
      python -m jobs nightly
      python -m jobs nightly --suite core --budget 8h
      python -m jobs nightly --suite full --only qwen3-8b-thinking --only qwen3-8b --dry-run
    """
    _run(suite, only, budget, dry_run, limit, run_code, estimates=True)


@app.command(short_help="Run what is due, and nothing else of the night.")
def benchmarks(
    suite: Suite = None,
    only: Only = None,
    budget: Budget = None,
    dry_run: DryRun = False,
    limit: Limit = None,
    run_code: RunCode = False,
) -> None:
    """Run every benchmark that is due, and nothing else of the night.

    \b
    Examples:
      python -m jobs benchmarks --only toy-reasoning
      python -m jobs benchmarks --suite core --limit 20
    """
    _run(suite, only, budget, dry_run, limit, run_code, estimates=False)


@app.command(short_help="Compute the gaps anew from what is stored.")
def estimates() -> None:
    """Compute the gap of every twin on every benchmark from what is stored. The same input gives the same rows.

    \b
    Examples:
      python -m jobs estimates
    """
    console = Terminal()
    with edge() as settings:
        _log_to(settings)
        engine, catalog = open_all(settings)
        results = update_evidence(engine, settings, catalog, console=console, now=now)
        for name, result in results.items():
            said = result.error or ", ".join(f"{key}: {count}" for key, count in result.counts.items())
            console.print(escape(f"{name}: {said}"), highlight=False, soft_wrap=True)
    raise typer.Exit(1 if any(result.error for result in results.values()) else 0)


@app.command(short_help="Say what there is, what failed, and what is due.")
def status(suite: Suite = None) -> None:
    """What there is: database, GPUs, the last night, its failures, what is due, and whether a night is running.

    \b
    Examples:
      python -m jobs status
    """
    with edge() as settings:
        wish = Wish(suite or settings.suite)
        show_status(settings, wish, console=Terminal(), now=now, gpus=gpus())


@app.command(short_help="Stay and run the night at its hour (UTC).")
def schedule(
    at: Annotated[str, typer.Option("--at", metavar="HH:MM", help="The hour, UTC.")] = "02:00",
    suite: Suite = None,
    budget: Budget = None,
    run_code: RunCode = False,
) -> None:
    """Stay in the foreground and run the night at its hour (UTC), once, also when the hour was slept through.

    docs/scheduling.md shows the same by a systemd timer and by cron.

    \b
    Examples:
      python -m jobs schedule
      python -m jobs schedule --at 23:30 --suite core --budget 8h
    """
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", at):
        raise typer.BadParameter(f"“{at}” is no time of day in UTC: write 02:00.", param_hint="--at")
    hour = time.fromisoformat(at.zfill(5))
    seconds(budget)
    with edge() as settings:
        wish = Wish(suite or settings.suite)
        arguments = ["--suite", str(wish.suite)]
        arguments += ["--budget", budget] if budget else []
        arguments += ["--run-code"] if run_code else []
        engine, catalog = open_all(settings)
        check(catalog, wish)
        last = last_night(engine)
        engine.dispose()
        code = run_schedule(
            hour,
            arguments,
            data_dir=settings.data_dir,
            last_started=last,
            console=Terminal(),
            environment=dict(os.environ),
        )
    raise typer.Exit(code)


def _log_to(settings: Settings) -> None:
    """Tracebacks go to a file: the person at the terminal gets the sentence."""
    path = log_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=path, format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.INFO)


export = add_to(app, edge=edge, now=now, log_to=_log_to)
add_exports_to(export, edge=edge, now=now)
markets = add_markets_to(app, edge=edge, now=now, log_to=_log_to)
add_market_commands_to(markets, edge=edge, now=now, log_to=_log_to)
add_questions_to(app, edge=edge, now=now)
add_forecasts_to(app, edge=edge, now=now)
add_rules_to(app, edge=edge, now=now)


if __name__ == "__main__":
    app(prog_name="python -m jobs")
