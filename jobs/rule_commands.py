"""The command line of `rules check` and `backtest`: what each question's rules say now, and would have said."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from db.queries.questions import questions
from jobs.backtest_table import backtest_tables
from jobs.import_commands import Edge
from jobs.named_questions import find_question, shown
from jobs.nightly import UsageError, open_all
from jobs.question_estimates import (
    backtest_question,
    evidence_of,
    first_evidence,
    month_ends,
    stored_backtests,
)
from jobs.questions import catalogue_of
from jobs.terminal import Terminal
from tracker.rules.rule import Evidence, Rule
from tracker.rules.verdicts import sentence

Which = Annotated[
    list[str] | None,
    typer.Argument(metavar="[QUESTION]...", help="Only these: id, address, slug or a part of the title."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The evidence of this day (default: today)."),
]


def add_to(app: typer.Typer, *, edge: Edge, now: Callable[[], datetime]) -> None:
    """Add the commands to the program's own."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="rules", short_help="The rules that stand for the questions.")

    @group.callback()
    def rules() -> None:
        """What each question claims, as rules that evidence decides."""

    @group.command(short_help="Each rule in plain words, with its verdict today.")
    def check(which: Which = None, as_of: AsOf = None) -> None:
        """Each rule in plain words, what the evidence of a day says of it, and what evidence is missing.

        Nothing is stored: `python -m jobs estimates` does that.

        \b
        Examples:
          python -m jobs rules check
          python -m jobs rules check "creative writing" --as-of 2025-12-31
        """
        console = Terminal()
        with edge() as settings:
            engine, _ = open_all(settings)
            catalogue = catalogue_of(settings.catalog_dir).rules
            asked = questions(engine)
            chosen = _chosen(asked, which, catalogue)
            today = now().date()
            day = min(as_of.date(), today) if as_of is not None else today
            titles = {row["question_id"]: row for row in asked.iter_rows(named=True)}
            known: dict[date, Evidence] = {}
            for question_id in chosen:
                row = titles.get(question_id)
                if row is None:
                    raise UsageError("The questions are not in the database yet: python -m jobs estimates.")
                console.print(escape(f"{shown(row['title'])}  ({question_id})"), highlight=False, soft_wrap=True)
                for rule in catalogue[question_id]:
                    for line in _told(rule, row["closes_at"], day, lambda on: _evidence(engine, known, on)):
                        console.print(escape(f"  {line}"), highlight=False, soft_wrap=True)
                console.print()

    @app.command(short_help="Estimate every past month on the evidence of that month alone.")
    def backtest(
        which: Which = None,
        missing: Annotated[
            bool,
            typer.Option("--missing", help="Only months that no back-test of the rule as it is now is stored for."),
        ] = False,
        table: Annotated[bool, typer.Option(help="Print what they say, month by month.")] = True,
    ) -> None:
        """Replay every month with the evidence dated up to its last day, marked as back-tests.

        A back-test is what the rules of today would have said then: they were written later, and that is said wherever
        it is shown. The same evidence adds nothing a second time. Then a table for each question: month by month what
        its first rule said, what its market stood at and what people had said.

        \b
        Examples:
          python -m jobs backtest
          python -m jobs backtest "creative writing"
          python -m jobs backtest --missing --no-table
        """
        console = Terminal()
        with edge() as settings:
            engine, _ = open_all(settings)
            catalogue = catalogue_of(settings.catalog_dir).rules
            asked = questions(engine)
            closing = dict(asked.select("question_id", "closes_at").iter_rows())
            chosen = [name for name in _chosen(asked, which, catalogue) if name in closing]
            start = first_evidence(engine)
            if start is None:
                console.print("There is no evidence to look back on: python -m jobs estimates reads what is published.")
                raise typer.Exit(1)
            days = month_ends(start, now().date())
            done = stored_backtests(engine) if missing else frozenset()
            known: dict[date, Evidence] = {}
            added = 0
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            ) as bar:
                task = bar.add_task("Back-testing, months", total=len(chosen) * len(days))
                for question_id in chosen:
                    for day in days:
                        added += backtest_question(
                            engine,
                            question_id,
                            catalogue[question_id],
                            [day],
                            closes_at=closing[question_id],
                            now=now(),
                            evidence=known,
                            done=done,
                        )
                        bar.advance(task)
            console.print(
                f"Back-tests of {len(days)} months, {days[0]:%b %Y} to {days[-1]:%b %Y}: {added} estimates are new."
                if days
                else "No month has ended since the first evidence."
            )
            if table:
                for part in backtest_tables(engine, chosen):
                    console.print(part, highlight=False, soft_wrap=isinstance(part, str))


def _chosen(asked: pl.DataFrame, which: list[str] | None, catalogue: Mapping[str, tuple[Rule, ...]]) -> list[str]:
    if not which:
        return [question_id for question_id, own in catalogue.items() if own]
    chosen = [find_question(asked, text) for text in which]
    for question_id in chosen:
        if not catalogue.get(question_id):
            raise UsageError(f"{question_id} has no rule in questions.toml: only forecasts are kept of it.")
    return chosen


def _evidence(engine: Engine, known: dict[date, Evidence], day: date) -> Evidence:
    if day not in known:
        known[day] = evidence_of(engine, day)
    return known[day]


def _told(rule: Rule, closes_at: datetime | None, day: date, find: Callable[[date], Evidence]) -> list[str]:
    """The rule, its verdict on the evidence of a day, and how well it stands for the question."""
    deadline = rule.ends_on(closes_at)
    evidence = find(day if deadline is None else min(day, deadline))
    until = "no deadline is known, so no estimate is made" if deadline is None else f"until {deadline}"
    return [
        f"{rule.id}: {rule.words()} ({until})",
        f"  {sentence(rule.verdict(evidence), evidence.as_of)}",
        f"  {rule.why} Fidelity {rule.fidelity:.0%}, otherwise {rule.otherwise:.0%}.",
    ]
