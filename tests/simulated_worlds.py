"""A world whose truth is known: what a rule is asked, what an oracle would say, and what came of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl

from db.queries.doses import DOSES
from db.queries.gaps import GAPS
from db.queries.trends import SCORES
from tracker.rules.evidence import FIRST_SEEN
from tracker.rules.rule import Evidence, Rule

TODAY = date(2026, 1, 1)
DAYS = 365.25
ORACLE_DRAWS = 2000

Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """`oracle`: the probability that whoever knows how the world works would give. `held`: what came of it; null:
    on the deadline there was too little evidence, and the question came to nothing."""

    rule: Rule
    evidence: Evidence
    deadline: date
    oracle: float | None
    held: bool | None


def judged(rule: Rule, then: Evidence) -> bool | None:
    """Whether the rule holds on the evidence of the deadline."""
    return rule.verdict(then).holds


def day(years: float) -> date:
    """The day so many years from today."""
    return TODAY + timedelta(days=int(np.floor(years * DAYS)))


def at(on: date) -> datetime:
    """Midnight of a day."""
    return datetime.combine(on, time(), UTC)


def evidence(
    as_of: date, *, gaps: list[Row] | None = None, scores: list[Row] | None = None, doses: list[Row] | None = None
) -> Evidence:
    """Evidence from rows that name only what matters; `first_on` of a gap is its own day."""
    return Evidence(
        as_of=as_of,
        gaps=_frame(gaps or [], GAPS, {"demonstration": False, "flags": [], "source": "Simulated"}),
        first_seen=_frame(
            [{**row, "first_on": row["finished_at"].date()} for row in gaps or []],
            FIRST_SEEN,
            {},
        ),
        scores=_frame(scores or [], SCORES | {"flags": pl.List(pl.String)}, {"flags": [], "source": "Simulated"}),
        doses=_frame(doses or [], DOSES, {"flags": [], "source": "Simulated"}),
    )


def _frame(rows: list[Row], schema: Any, usual: Row) -> pl.DataFrame:
    columns = {name: [row.get(name, usual.get(name)) for row in rows] for name in schema}
    return pl.DataFrame(columns, schema=schema)
