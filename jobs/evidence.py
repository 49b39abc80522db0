"""What follows from everything that is stored: questions, published evidence, kept imports and runs, and the gaps."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.console import Console
from sqlalchemy import Engine

from jobs.estimates import run_estimates
from jobs.imports import bring_up_to_date
from jobs.published import save_published
from jobs.question_estimates import Rules, every_question
from jobs.questions import catalogue_of, save_questions
from jobs.report import Clock, Outcome, attempt
from jobs.saving import backfill
from tracker.catalog.checked import CatalogError
from tracker.catalog.load import Catalog
from tracker.settings import Settings


def update_evidence(
    engine: Engine,
    settings: Settings,
    catalog: Catalog,
    *,
    console: Console,
    now: Clock,
    estimates: bool = True,
    backtests: bool = True,
) -> dict[str, Outcome]:
    """Seven steps, each with its own report: one that fails leaves what the others stored.

    Without `backtests` no past month is replayed: a night leaves that to the commands `estimates` and `backtest`.
    Without `estimates` only the step on our own runs, whose scores are then complete, and nothing is compared.
    """

    def relink() -> dict[str, Any]:
        return {"relinked": bring_up_to_date(engine, settings.data_dir, catalog, console=console, now=now)}

    def by_rules(step: str, rules: Rules) -> dict[str, Any]:
        return dict(every_question(engine, rules, step=step, clock=now))

    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "questions": lambda: dict(save_questions(engine, settings.catalog_dir)),
        "published": lambda: dict(save_published(engine, settings.catalog_dir)),
        "imports": relink,
        "backfill": lambda: backfill(engine, settings, catalog).counts(),
        "estimates": lambda: dict(run_estimates(engine, now=now())),
    }
    # Rules are in the file of the questions: what is wrong with it the first step says, and once is enough.
    with suppress(CatalogError):
        rules = catalogue_of(settings.catalog_dir).rules
        steps["rules"] = lambda: by_rules("rules", rules)
        if backtests:
            steps["backtests"] = lambda: by_rules("backtests", rules)
    wanted = steps if estimates else {"backfill": steps["backfill"]}
    return {name: attempt(engine, name, "", work, now=now) for name, work in wanted.items()}
