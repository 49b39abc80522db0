"""The command line of `import`, `reparse`, `catalogue` and `export runs`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine

from db.queries import runs as run_queries
from jobs.exported import Out
from jobs.imports import Result, run_import, run_reparse, summary
from jobs.nightly import UsageError, open_all
from jobs.terminal import Terminal
from tracker.settings import Settings

Edge = Callable[[], AbstractContextManager[Settings]]
Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="Files or folders of lm-eval output; folders with all below them."),
]


class Format(StrEnum):
    EVERY_EVAL_EVER = "every-eval-ever"
    CSV = "csv"
    PARQUET = "parquet"


def add_to(
    app: typer.Typer, *, edge: Edge, now: Callable[[], datetime], log_to: Callable[[Settings], None]
) -> typer.Typer:
    """Add the commands to the program's own. `edge` turns what a person can act on into a sentence.

    Gives back the group `export`, for what else leaves the program.
    """

    @app.command("import", short_help="Take in somebody's lm-eval files, of any version.")
    def import_(paths: Paths) -> None:
        """Take in lm-eval files of any version from 0.3 to 0.4.13: results and samples, plain or .zst.

        A file imported before changes nothing, wherever it lies now. A file that cannot be read gets its line and
        stops no other. Every file is kept as it came, in data/imported.

        \b
        Examples:
          python -m jobs import ~/lm-eval-output
          python -m jobs import results_2026-04-22T17-44-20.347322.json
        """
        with edge() as settings:
            log_to(settings)
            engine, catalog = open_all(settings)
            console = Terminal()
            try:
                result = run_import(engine, settings.data_dir, catalog, paths, console=console, now=now)
            except FileNotFoundError as error:
                raise UsageError(f"There is no file or folder {error.filename}.") from error
            _tell(engine, console, result)
        raise typer.Exit(1 if any(outcome.error for outcome in result.outcomes) else 0)

    @app.command(short_help="Read every imported file again, as kept.")
    def reparse() -> None:
        """Read every imported file again from data/imported, with the parser and the catalogue of today.

        \b
        Examples:
          python -m jobs reparse
        """
        with edge() as settings:
            log_to(settings)
            engine, catalog = open_all(settings)
            console = Terminal()
            result = run_reparse(engine, settings.data_dir, catalog, console=console, now=now)
            _tell(engine, console, result)
        raise typer.Exit(1 if any(outcome.error for outcome in result.outcomes) else 0)

    @app.command(short_help="Print blocks for models that nobody has described.")
    def catalogue() -> None:
        """Print blocks for models.toml: models that only imported files name, and twins to consider.

        \b
        Examples:
          python -m jobs catalogue
        """
        from jobs.catalogue import blocks, seen_models

        with edge() as settings:
            engine, catalog = open_all(settings)
            typer.echo(blocks(seen_models(engine, catalog)))

    export = typer.Typer(help="Take what is stored elsewhere.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(export, name="export")

    @export.command("runs", short_help="Write everything measured, in formats that others read.")
    def export_runs(
        format_: Annotated[Format, typer.Option("--format", help="What to write.")],
        out: Out,
    ) -> None:
        """Write everything measured: as tables (csv, parquet), or one file a run in the schema of Every Eval Ever.

        \b
        Examples:
          python -m jobs export runs --format csv --out exported
          python -m jobs export runs --format every-eval-ever --out exported
        """
        from jobs.export_runs import export_runs as run

        with edge() as settings:
            engine, _ = open_all(settings)
            try:
                counts = run(engine, format_.value, out, now=now())
            except OSError as error:
                raise UsageError(f"{error.filename or out} cannot be written: {error.strerror or error}.") from error
            said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            Terminal().print(escape(f"{out}: {said}."), highlight=False, soft_wrap=True)

    return export


def _tell(engine: Engine, console: Console, result: Result) -> None:
    frame = run_queries.runs(engine)
    unknown = frame.filter(frame["kind"].is_null()).select("model_id", "model_name").unique()
    for line in summary(result, dict(unknown.iter_rows())):
        console.print(escape(line), highlight=False, soft_wrap=True)
