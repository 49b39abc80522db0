"""How a market stands on its site and in the database, to compare the two."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from db.forecast_tables import Forecast, Question, Resolution

PLACES = 9
"""Decimal places in which prices are compared: a pool gives them back a last bit off."""
LONGEST_LINE = 500


class Asked(NamedTuple):
    """How a question stands on the site: every price with its moment, and the decision."""

    course: list[tuple[datetime, float | None]]
    resolution: float | None
    annulled: bool


def stored(engine: Engine, key: str, source: str) -> dict[str, Asked]:
    """How the questions of one market stand in the database, those that were ever synced."""
    market = f"{source}:{key}"
    with engine.connect() as connection:
        questions = connection.execute(
            select(Question.id, Question.resolution, Question.annulled).where(
                Question.synced_at.is_not(None), (Question.id == market) | (Question.market == market)
            )
        ).all()
        courses: dict[str, list[tuple[datetime, float | None]]] = {row.id: [] for row in questions}
        moves = (
            select(Forecast.question_id, Forecast.at, Forecast.probability)
            .where(Forecast.question_id.in_(list(courses)))
            .order_by(Forecast.question_id, Forecast.at, Forecast.position)
        )
        for question, at, probability in connection.execute(moves):
            courses[question].append((at, None if probability is None else round(probability, PLACES)))
    return {row.id: Asked(courses[row.id], row.resolution, row.annulled) for row in questions}


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of what a sync may write."""
    with engine.connect() as connection:
        return {
            kind.__name__: [
                row._asdict()
                for row in connection.execute(select(kind.__table__).order_by(*kind.__table__.primary_key))
            ]
            for kind in (Question, Resolution, Forecast)
        }


def clear(line: str) -> bool:
    """One line of words for a person."""
    return (
        "\n" not in line
        and "Traceback (most" not in line.partition("HTTP 5")[0]
        and len(line) <= LONGEST_LINE
        and re.match(r"[A-Z].* .*[.)]$", line) is not None
    )


def difference(now: Mapping[str, Asked], expected: Mapping[str, Asked]) -> str:
    """The first place at which two markets differ."""
    if now.keys() != expected.keys():
        return f"questions {sorted(now)} and not {sorted(expected)}"
    for question, asked in now.items():
        wanted = expected[question]
        if asked.course != wanted.course:
            place = next(
                (i for i, (a, b) in enumerate(zip(asked.course, wanted.course, strict=False)) if a != b),
                min(len(asked.course), len(wanted.course)),
            )
            return (
                f"{question}: {len(asked.course)} moves and not {len(wanted.course)}; from {place}:"
                f" {asked.course[place : place + 3]} and not {wanted.course[place : place + 3]}"
            )
        if asked != wanted:
            return f"{question}: {asked[1:]} and not {wanted[1:]}"
    return "no difference"
