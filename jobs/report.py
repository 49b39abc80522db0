"""The one broad except: runs one piece of work, and stores what happened to it."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine

from db.engine import DatabaseError
from db.store import save_report
from db.tables import JobReport

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class Outcome(NamedTuple):
    """ "done" or "failed"; `error` is one sentence, null when done."""

    outcome: str
    counts: dict[str, Any]
    error: str | None


def attempt(engine: Engine, job: str, unit: str, work: Callable[[], dict[str, Any]], *, now: Clock) -> Outcome:
    """Do the work, and report it whatever happens: nothing one unit raises stops its siblings.

    `work` gives counts. An interrupt (Ctrl-C) is not caught: it is reported as such and goes on.
    """
    started = now()
    report(engine, job, unit, started_at=started, outcome="running")
    try:
        counts = work()
        result = Outcome("done", counts, None)
    except Exception as error:
        log.exception("%s %s", job, unit)
        result = Outcome("failed", {}, sentence(error))
    except BaseException:
        report(engine, job, unit, started_at=started, finished_at=now(), outcome="interrupted", error="Stopped.")
        raise
    report(
        engine,
        job,
        unit,
        started_at=started,
        finished_at=now(),
        outcome=result.outcome,
        counts=result.counts,
        error=result.error,
    )
    return result


def report(
    engine: Engine,
    job: str,
    unit: str,
    *,
    started_at: datetime,
    finished_at: datetime | None = None,
    outcome: str,
    counts: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Store one report. A database that takes no report is logged: it must not hide what is being reported."""
    row = JobReport(
        job=job,
        unit=unit,
        started_at=started_at,
        finished_at=finished_at,
        outcome=outcome,
        counts=counts or {},
        error=error,
    )
    try:
        save_report(engine, row)
    except DatabaseError as trouble:
        log.error("no report of %s %s (%s) could be stored: %s", job, unit, json.dumps(counts or {}), trouble)


def sentence(error: BaseException) -> str:
    """An error as one line; its type is named only where the text alone says nothing."""
    text = " ".join(str(error).split())
    return text if " " in text else f"{type(error).__name__}: {text}".rstrip(": ")
