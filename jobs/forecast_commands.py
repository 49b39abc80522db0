"""The command line of `forecast`: a person's forecasts, as a journal that is never edited."""

import getpass
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape
from typer.core import TyperGroup

from db.forecast_store import save_forecast, withdraw_forecast
from db.queries.forecasts import forecasts, standing
from db.queries.questions import questions
from jobs.import_commands import Edge
from jobs.named_questions import find_question, shown
from jobs.nightly import UsageError
from jobs.question_commands import Asked, Because, open_questions, percent
from jobs.terminal import Terminal
from tracker.settings import Settings
from tracker.stats.odds import NoProbability, odds, probability

As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="NAME", help="Whose forecast it is (default: TRACKER_FORECASTER, or your login name)."
    ),
]
NEGATIVE = re.compile(r"-[0-9.]+%?")


class Journal(TyperGroup):
    """`forecast QUESTION 0.4` is short for `forecast make QUESTION 0.4`."""

    unnamed = "make"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for negative in filter(NEGATIVE.fullmatch, args):
            ctx.fail(f"“{negative}” is no probability: one lies from 0 to 1.")
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.unnamed, *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer, *, edge: Edge, now: Callable[[], datetime]) -> None:
    """Add the commands to the program's own."""
    group = typer.Typer(cls=Journal, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="forecast", short_help="State a probability; list and withdraw what was stated.")

    @group.callback()
    def forecast() -> None:
        """Your own forecasts, as a journal: `forecast QUESTION PROBABILITY` states one, dated by the clock.

        None is ever changed: a new one takes the place of the last, and a mistake is withdrawn and stays visible.

        \b
        Examples:
          python -m jobs forecast "creative writing" 0.4 --because "Votes see no gap so far."
          python -m jobs forecast list
          python -m jobs forecast withdraw "creative writing" --because "I mistook the question."
        """

    @group.command("make", short_help="State a probability (the word make can be left out).")
    def make(
        asked: Asked,
        chance: Annotated[
            str,
            typer.Argument(
                metavar="PROBABILITY",
                help="Of YES: 0.4, 40%, odds for : against such as 2:3, “3 to 2 against”, “2 in 5”.",
            ),
        ],
        because: Annotated[
            str | None, typer.Option("--because", metavar="WHY", help="The reason in words; kept for good.")
        ] = None,
        name: As = None,
    ) -> None:
        """State the probability of YES. It is dated by the clock and stands until your next one on this question.

        \b
        Examples:
          python -m jobs forecast manifold:will-large-reasoning-models-signifi 40% --because "Votes see no gap."
          python -m jobs forecast "creative writing" 2:3 --as Ada
          python -m jobs forecast "creative writing" "3 to 2 against"
        """
        with edge() as settings:
            try:
                stated = probability(chance)
            except NoProbability as error:
                raise UsageError(str(error)) from error
            moment = now()
            engine = open_questions(settings)
            known = questions(engine)
            question_id = find_question(known, asked)
            before = standing(engine, moment, [question_id])
            kept = save_forecast(engine, question_id, forecaster(settings, name), stated, reason=because, now=moment)
            [row] = known.filter(pl.col("question_id") == question_id).to_dicts()
            for line in told(row, kept.forecaster, stated, before, moment):
                _say(line)

    @group.command("withdraw", short_help="Take back your last forecast on a question.")
    def withdraw(asked: Asked, because: Because, name: As = None) -> None:
        """Take back your last forecast on a question. It stays visible, and counts for the time it stood.

        \b
        Examples:
          python -m jobs forecast withdraw "creative writing" --because "I mistook the question."
        """
        with edge() as settings:
            engine = open_questions(settings)
            question_id = find_question(questions(engine), asked)
            kept = withdraw_forecast(engine, question_id, forecaster(settings, name), because=because, now=now())
            _say(f"Withdrawn: {kept.forecaster}'s forecast of {kept.at:%Y-%m-%d %H:%M} UTC on {shown(question_id)}.")

    @group.command("list", short_help="Every forecast of people, the newest last.")
    def list_(
        asked: Annotated[
            str | None, typer.Argument(metavar="[QUESTION]", help="Only on this question, named as for a forecast.")
        ] = None,
        name: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Only those of this forecaster.")] = None,
    ) -> None:
        """Every forecast of people, question by question, the newest last, with reasons and withdrawals.

        \b
        Examples:
          python -m jobs forecast list
          python -m jobs forecast list "creative writing" --as Ada
        """
        with edge() as settings:
            engine = open_questions(settings)
            known = questions(engine)
            ids = None if asked is None else [find_question(known, asked)]
            rows = forecasts(engine, ids, ["person"])
            if name is not None:
                rows = rows.filter(pl.col("forecaster").str.to_lowercase() == name.strip().lower())
            for line in journal(rows, known, _whose(name, ids)):
                _say(line)


def told(row: dict[str, Any], name: str, stated: float, before: pl.DataFrame, now: datetime) -> list[str]:
    """What was recorded, what it takes the place of, and what others say."""
    lines = [
        f"Recorded: {shown(name)} {percent(stated)} (odds {odds(stated)}) on {shown(row['question_id'])}",
        f"  {shown(row['title'])}",
    ]
    said = {one["forecaster"]: one for one in before.iter_rows(named=True)}
    if name in said:
        last = said.pop(name)
        lines.append(f"  In the place of {percent(last['probability'])} of {last['at']:%Y-%m-%d}.")
    if said:
        others = ", ".join(f"{shown(other)} {percent(one['probability'])}" for other, one in said.items())
        lines.append(f"  Others: {others}.")
    if row["closes_at"] is not None and row["closes_at"] <= now:
        lines.append(f"  The question closed on {row['closes_at']:%Y-%m-%d}: forecasts from then on are not scored.")
    return lines


def journal(rows: pl.DataFrame, known: pl.DataFrame, whose: str = "of anybody") -> list[str]:
    """The forecasts in words, under the title of each question. `whose` says what was asked for, where none is."""
    if rows.is_empty():
        return [f'No forecast {whose} is stored: python -m jobs forecast QUESTION 0.4 --because "…"']
    titles = dict(known.select("question_id", "title").iter_rows())
    lines = []
    for (question_id,), of_one in rows.sort("question_id", "at", "position").group_by(
        "question_id", maintain_order=True
    ):
        lines.append(f"{shown(question_id)}: {shown(titles[question_id])}")
        for row in of_one.iter_rows(named=True):
            stated = "no forecast from here on" if row["probability"] is None else percent(row["probability"])
            parts = [
                f"{row['at']:%Y-%m-%d %H:%M} UTC",
                shown(row["forecaster"]),
                stated,
                row["reason"],
                row["citation"],
            ]
            if row["recorded_at"] is None:
                parts[0] = f"{row['at']:%Y-%m-%d}"
            if row["withdrawn_at"] is not None:
                parts.append(f"withdrawn {row['withdrawn_at']:%Y-%m-%d %H:%M} UTC: {row['withdrawn_because']}")
            lines.append("  " + shown("  ".join(str(part) for part in parts if part), 400))
    return lines


def _whose(name: str | None, ids: list[str] | None) -> str:
    who = "of anybody" if name is None else f"of “{shown(name)}”"
    return who if ids is None else f"{who} on {shown(ids[0])}"


def forecaster(settings: Settings, name: str | None) -> str:
    """Whose forecasts these are. Raises UsageError where nothing says so."""
    found = name if name is not None else settings.forecaster
    if found is not None:
        return found
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise UsageError("Whose forecast is it? Say --as NAME, or set TRACKER_FORECASTER.") from error


def _say(line: str) -> None:
    Terminal().print(escape(line), highlight=False, soft_wrap=True)
