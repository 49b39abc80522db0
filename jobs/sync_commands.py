"""The command line of `markets`: reading the followed markets, from their sites or from what is kept."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from db.queries.markets import followed_markets
from jobs.markets import Sites, chosen, sync_markets
from jobs.markets_again import reparse_markets
from jobs.nightly import UsageError
from jobs.question_commands import open_questions
from jobs.terminal import Terminal
from tracker.markets.sources import SOURCES
from tracker.settings import Settings

Edge = Callable[[], AbstractContextManager[Settings]]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="QUESTION", help="Only the market of this question; give it several times for more."
    ),
]
FromRaw = Annotated[
    bool, typer.Option("--from-raw", help="Ask no site: parse all replies that are kept again, and save what they say.")
]
NAMED = 5


def add_to(
    app: typer.Typer, *, edge: Edge, now: Callable[[], datetime], log_to: Callable[[Settings], None]
) -> typer.Typer:
    """Add the group of commands on markets, and give it back. `edge` turns what a person can act on into a sentence."""
    markets = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    app.add_typer(markets, name="markets", short_help="Read the prices of the followed prediction markets.")

    @markets.callback()
    def sync(context: typer.Context, only: Only = None, from_raw: FromRaw = False) -> None:
        """Read the prices of the followed prediction markets, and how they were resolved.

        This asks the markets' sites, over the network. The night does so only where TRACKER_MARKETS is on. What a site
        answers is kept in data/raw. A market that fails gets its line, and what is stored of it stays.

        \b
        Examples:
          python -m jobs markets
          python -m jobs markets --only manifold:will-large-reasoning-models-signifi
          python -m jobs markets --from-raw
        """
        if context.invoked_subcommand is not None:
            return
        console = Terminal()
        with edge() as settings:
            log_to(settings)
            engine = open_questions(settings)
            known = followed_markets(engine)
            for wanted in only or ():
                if not chosen(known, [wanted]):
                    listed = ", ".join(market.id for market in known[:NAMED]) or "none"
                    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
                    raise UsageError(f"No market of “{wanted}” is followed: there are {listed}{more}.")
            if from_raw:
                result = reparse_markets(engine, settings.data_dir, SOURCES, console=console, now=now, only=only or ())
            else:
                sites = Sites.real(os.environ, now)
                result = sync_markets(engine, settings.data_dir, sites, console=console, now=now, only=only or ())
            console.print(escape(result.summary()), highlight=False, soft_wrap=True, emoji=False)
            engine.dispose()
        raise typer.Exit(1 if result.failed else 0)

    return markets
