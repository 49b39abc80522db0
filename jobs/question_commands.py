"""The command line of `question`: questions of one's own, and a list of all."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import polars as pl
import typer
from rich.markup import escape
from sqlalchemy import Engine

from db.forecast_store import Outcome, add_question, resolve_question
from db.queries.forecasts import standing
from db.queries.questions import questions
from jobs.import_commands import Edge
from jobs.named_questions import find_question, shown
from jobs.nightly import UsageError, open_all
from jobs.questions import save_questions
from jobs.terminal import Terminal
from tracker.settings import Settings
from tracker.stats.odds import NoProbability, probability

LAST_SECOND = time(23, 59, 59, tzinfo=UTC)
OUTCOMES = {"yes": 1.0, "no": 0.0}

Asked = Annotated[
    str, typer.Argument(metavar="QUESTION", help="Its id, address, slug, or a part of its title that no other has.")
]
Because = Annotated[str, typer.Option("--because", metavar="WHY", help="The reason in words; kept for good.")]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="The day on which the outcome was known, where that was earlier."),
]


def open_questions(settings: Settings) -> Engine:
    """The database at its newest version, holding the catalogue's questions."""
    engine, _ = open_all(settings)
    save_questions(engine, settings.catalog_dir)
    return engine


def add_to(app: typer.Typer, *, edge: Edge, now: Callable[[], datetime]) -> None:
    """Add the commands to the program's own."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="question", short_help="Add and decide questions of your own; list all.")

    @group.callback()
    def question() -> None:
        """Questions of your own, which you decide by hand, and a list of all that are followed.

        \b
        Examples:
          python -m jobs question list
          python -m jobs question add "Do we finish in time?" --closes 2026-12-31
          python -m jobs question resolve "finish in time" yes --because "Released on 28 June."
        """

    @group.command("add", short_help="Ask a question that no market asks.")
    def add(
        title: Annotated[str, typer.Argument(metavar="TITLE", help="The question, so that YES or NO answers it.")],
        closes: Annotated[
            str | None, typer.Option("--closes", metavar="DATE", help="The last day to forecast, UTC: 2026-12-31.")
        ] = None,
        rules: Annotated[
            str | None, typer.Option("--rules", metavar="RULES", help="What decides it, in words.")
        ] = None,
    ) -> None:
        """Ask a question that no market asks. It is open from now on, and decided by hand.

        \b
        Examples:
          python -m jobs question add "Will our story judge agree with people?" --closes 2026-12-31
          python -m jobs question add "Do we finish in time?" --rules "YES if it is released by the end of June."
        """
        with edge() as settings:
            last = None if closes is None else datetime.combine(day(closes, "--closes"), LAST_SECOND)
            engine = open_questions(settings)
            question_id = add_question(engine, title, now=now(), closes_at=last, rules=rules)
            _say(f"Added: {question_id}")
            _say(f'Forecast on it: python -m jobs forecast {question_id} 0.4 --because "…"')

    @group.command("resolve", short_help="Say how a question of your own came out.")
    def resolve(
        asked: Asked,
        outcome: Annotated[
            str, typer.Argument(metavar="OUTCOME", help="yes, no, or the share of YES that counts: 30%.")
        ],
        because: Because,
        on: On = None,
    ) -> None:
        """Say how a question of your own came out. It can be said anew: every decision is kept with its reason.

        \b
        Examples:
          python -m jobs question resolve own:do-we-finish-in-time yes --because "Released on 28 June."
          python -m jobs question resolve "finish in time" no --because "Not by then." --on 2026-06-30
          python -m jobs question resolve "finish in time" 30% --because "Three of ten parts were."
        """
        with edge() as settings:
            _decide(settings, asked, share(outcome), because, on)

    @group.command("annul", short_help="Take a question of your own out of every score.")
    def annul(asked: Asked, because: Because, on: On = None) -> None:
        """Take a question of your own out of every score: nobody was right or wrong.

        \b
        Examples:
          python -m jobs question annul "finish in time" --because "The project was given up."
        """
        with edge() as settings:
            _decide(settings, asked, "annulled", because, on)

    @group.command("reopen", short_help="Open a decided question of your own again.")
    def reopen(asked: Asked, because: Because) -> None:
        """Open a question of your own again that was decided or annulled. The earlier decision stays on record.

        \b
        Examples:
          python -m jobs question reopen "finish in time" --because "The release was withdrawn."
        """
        with edge() as settings:
            _decide(settings, asked, "reopened", because, None)

    @group.command("list", short_help="Every followed question, and what stands.")
    def list_(
        words: Annotated[
            str | None, typer.Argument(metavar="[WORDS]", help="Only those with these words in title or id.")
        ] = None,
        all_: Annotated[bool, typer.Option("--all", help="Also those that are followed no more.")] = False,
    ) -> None:
        """Every followed question with its id, how it stands, and what is forecast now.

        \b
        Examples:
          python -m jobs question list
          python -m jobs question list "creative writing" --all
        """
        with edge() as settings:
            engine = open_questions(settings)
            moment = now()
            rows = questions(engine)
            if not all_:
                rows = rows.filter("tracked")
            if words:
                named = pl.concat_str("title", pl.lit(" "), "question_id").str.to_lowercase()
                rows = rows.filter(named.str.contains(words.lower(), literal=True))
            for line in listed(rows, standing(engine, moment), moment):
                _say(line)

    def _decide(settings: Settings, asked: str, outcome: Outcome, because: str, on: str | None) -> None:
        moment = now()
        engine = open_questions(settings)
        question_id = find_question(questions(engine), asked)
        known = None if on is None else datetime.combine(day(on, "--on"), time(tzinfo=UTC))
        resolve_question(engine, question_id, outcome, because=because, now=moment, resolved_at=known)
        [row] = questions(engine).filter(pl.col("question_id") == question_id).to_dicts()
        _say(f"{shown(question_id)}: {state(row, moment)}. {shown(row['title'])}")


def listed(rows: pl.DataFrame, stands: pl.DataFrame, now: datetime) -> list[str]:
    """Two lines a question: its id and state, and its title; what stands follows in the first."""
    if rows.is_empty():
        return ["No such question: python -m jobs question add, or python -m jobs markets add ADDRESS."]
    said: dict[str, list[str]] = {}
    for question_id, name, chance in stands.select("question_id", "forecaster", "probability").iter_rows():
        said.setdefault(question_id, []).append(f"{shown(name)} {percent(chance)}")
    lines = []
    for row in rows.iter_rows(named=True):
        stand = "a quantity" if row["scale"] is not None else ", ".join(said.get(row["question_id"], []))
        parts = [row["question_id"], state(row, now), stand or "no forecast stands"]
        lines += [shown(" · ".join(parts), 200), f"  {shown(row['title'])}"]
    return lines


def state(row: dict[str, Any], now: datetime) -> str:
    """How a question stands, in words."""
    if row["annulled"]:
        return "annulled"
    if row["resolution"] is not None:
        outcome = {1.0: "YES", 0.0: "NO"}.get(row["resolution"], f"{percent(row['resolution'])} of YES")
        return f"resolved {outcome}" + ("" if row["resolved_at"] is None else f" on {row['resolved_at']:%Y-%m-%d}")
    if row["closes_at"] is None:
        return "open"
    word = "closed" if row["closes_at"] <= now else "closes"
    return f"{word} {row['closes_at']:%Y-%m-%d}"


def percent(chance: float) -> str:
    """To four digits: what is recorded is what is shown."""
    return f"{100 * chance:.4g} %"


def share(text: str) -> float:
    """What an outcome is worth: yes, no, or a share. Raises UsageError."""
    word = text.strip().lower()
    if word in OUTCOMES:
        return OUTCOMES[word]
    try:
        return probability(text)
    except NoProbability as error:
        raise UsageError(f"An outcome is yes, no or a share of YES. {error}") from error


def day(text: str, option: str) -> date:
    """A date such as 2026-12-31. Raises UsageError."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{option} is “{shown(text)}”, and that is no day: write 2026-12-31.") from None


def _say(line: str) -> None:
    Terminal().print(escape(line), highlight=False, soft_wrap=True)
