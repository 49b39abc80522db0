"""The stored back-tests as tables to read: for each question its months, ours beside the market's and people's."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from db.queries.estimates import estimates
from db.queries.forecasts import daily
from db.queries.questions import questions
from jobs.named_questions import shown
from tracker.rules.estimate_findings import probability
from tracker.rules.verdicts import HOLDS
from tracker.stats.backtests import by_month, compared, others_in
from tracker.stats.forecast_findings import named


def backtest_tables(engine: Engine, question_ids: Sequence[str]) -> Iterator[RenderableType]:
    """A title, a table and what it says, for each question that has back-tests."""
    told = estimates(engine, question_ids, backtest=True)
    asked = {row["question_id"]: row for row in questions(engine).iter_rows(named=True)}
    for question_id in question_ids:
        own = told.filter(question_id=question_id)
        if own.is_empty():
            continue
        question = asked[question_id]
        stood = daily(engine, own["as_of"].min(), [question_id])  # type: ignore[arg-type]
        months = by_month(own, stood, question["resolved_at"])
        if months.is_empty():
            continue
        yield escape(f"\n{shown(question['title'])}  ({question_id})")
        yield _table(months, {row["forecaster"]: row["kind"] for row in stood.iter_rows(named=True)})
        for line in _read(months, question, stood):
            yield escape(line)


def _table(months: pl.DataFrame, kinds: dict[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Evidence up to")
    table.add_column("Rule, then")
    for name in ("P(rule)", "Our P(YES)"):
        table.add_column(name, justify="right")
    others = others_in(months)
    for name in others:
        table.add_column(escape(shown(named(name, kinds[name]))), justify="right")
    for row in months.iter_rows(named=True):
        figures = [_percent(row[name]) for name in ("p_rule", "p_yes", *others)]
        table.add_row(f"{row['as_of']}", HOLDS[row["verdict"]].removeprefix("It ").rstrip("."), *figures)
    return table


def _read(months: pl.DataFrame, question: dict[str, Any], stood: pl.DataFrame) -> Iterator[str]:
    """What the table comes to, whichever way."""
    kinds = {row["forecaster"]: row["kind"] for row in stood.iter_rows(named=True)}
    for name in others_in(months):
        who = shown(named(name, kinds[name]))
        both = compared(months, name, question["resolution"])
        if both is None:
            yield f"Ours against {who}: no month for which both are known."
            continue
        count = "1 month" if both.months == 1 else f"{both.months} months"
        yield f"Ours against {who}, over {count}: {100 * both.apart:.0f} points apart on average."
        if both.ours is not None and both.theirs is not None:
            yield f"  Brier score (0 is best): ours {both.ours:.3f}, {who} {both.theirs:.3f}."
    if not any(kinds[name] == "market" for name in others_in(months)) and question["source"] != "own":
        yield "No price of its market is known here: python -m jobs markets fetches what its site has kept."


def _percent(value: float | None) -> str:
    return "not known" if value is None else probability(value)
