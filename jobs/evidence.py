"""What follows from everything that is stored: published evidence, kept imports, and the gaps of all of it."""

from collections.abc import Callable
from typing import Any

from rich.console import Console
from sqlalchemy import Engine

from jobs.estimates import run_estimates
from jobs.imports import bring_up_to_date
from jobs.published import save_published
from jobs.report import Clock, Outcome, attempt
from tracker.catalog.load import Catalog
from tracker.settings import Settings


def update_evidence(
    engine: Engine, settings: Settings, catalog: Catalog, *, console: Console, now: Clock
) -> dict[str, Outcome]:
    """Three steps, each with its own report: one that fails leaves what the others stored."""

    def relink() -> dict[str, Any]:
        return {"relinked": bring_up_to_date(engine, settings.data_dir, catalog, console=console, now=now)}

    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "published": lambda: dict(save_published(engine, settings.catalog_dir)),
        "imports": relink,
        "estimates": lambda: dict(run_estimates(engine, now=now())),
    }
    return {name: attempt(engine, name, "", work, now=now) for name, work in steps.items()}
