"""Writes of people: forecasts, which are never edited, and questions of one's own with their decisions.

What cannot be written is a RefusedRow whose text a page or a command shows as it is.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select, update

from db.engine import RefusedRow, writing
from db.forecast_tables import Forecast, Forecaster, Question, Resolution
from db.forecasters import folded, objection, plain_name
from db.rows import table_of, values_of

Outcome = float | Literal["annulled", "reopened"]
"""YES is 1, NO is 0, and anything between a share of each. Annulled: nobody is scored. Reopened: open as before."""

LONGEST_SLUG = 60
CLOCK = "The clock says {now:%Y-%m-%d %H:%M} UTC, which is before {what} of {then:%Y-%m-%d %H:%M} UTC: correct it."


class Kept(NamedTuple):
    """A forecast as it was stored, under the name that the forecaster already had."""

    forecaster: str
    at: datetime
    position: int


def save_forecast(
    engine: Engine, question_id: str, forecaster: str, probability: float, *, reason: str | None, now: datetime
) -> Kept:
    """Add a person's forecast, dated by the clock. It stands until the next one; none is ever changed.

    Raises RefusedRow for a reserved name, a probability outside [0, 1], a question that is not there, is decided or
    asks for a quantity, and for a clock that went backwards. A closed question takes forecasts until it is decided.
    """
    trouble = objection(forecaster)
    if trouble:
        raise RefusedRow(trouble)
    if not 0 <= probability <= 1:
        raise RefusedRow(f"{probability} is no probability: one lies from 0 to 1.")
    with writing(engine) as connection:
        question = _open_question(connection, question_id)
        if question["scale"] is not None:
            raise RefusedRow(f"“{question['title']}” asks for a quantity: a probability would say nothing of it.")
        name = _known_as(connection, plain_name(forecaster))
        last = _latest(connection, question_id, name)
        if last is not None and last["at"] > now:
            raise RefusedRow(CLOCK.format(now=now, what=f"{name}'s last forecast on this", then=last["at"]))
        position = last["position"] + 1 if last is not None and last["at"] == now else 0
        row = Forecast(
            question_id=question_id,
            forecaster=name,
            at=now,
            position=position,
            probability=probability,
            reason=_text(reason),
            recorded_at=now,
        )
        connection.execute(insert(table_of(Forecast)), values_of(row))
    return Kept(name, now, position)


def withdraw_forecast(
    engine: Engine,
    question_id: str,
    forecaster: str,
    *,
    because: str,
    now: datetime,
    at: datetime | None = None,
    position: int = 0,
) -> Kept:
    """Withdraw a person's forecast: the last one, or that of `at`. It stays, with the reason, and counts till now.

    Raises RefusedRow where there is none to withdraw, where no reason is given, and after the decision.
    """
    reason = _because(because)
    with writing(engine) as connection:
        _open_question(connection, question_id)
        name = _known_as(connection, plain_name(forecaster), new=False)
        chosen = _latest(connection, question_id, name, None if at is None else (at, position))
        if chosen is None:
            raise RefusedRow(f"{name} has no forecast on {question_id} to withdraw.")
        if chosen["withdrawn_at"] is not None:
            raise RefusedRow(f"{name}'s forecast of {chosen['at']:%Y-%m-%d %H:%M} UTC is withdrawn already.")
        if chosen["recorded_at"] is None:
            raise RefusedRow(f"{name}'s forecast of {chosen['at']:%Y-%m-%d} is on record elsewhere, and stays on it.")
        if now < chosen["at"]:
            raise RefusedRow(CLOCK.format(now=now, what="the forecast", then=chosen["at"]))
        this = (
            (Forecast.question_id == question_id)
            & (Forecast.forecaster == name)
            & (Forecast.at == chosen["at"])
            & (Forecast.position == chosen["position"])
        )
        withdrawn = {"withdrawn_at": now, "withdrawn_because": reason}
        connection.execute(update(table_of(Forecast)).where(this).values(withdrawn))
    return Kept(name, chosen["at"], chosen["position"])


def add_question(
    engine: Engine,
    title: str,
    *,
    now: datetime,
    closes_at: datetime | None = None,
    rules: str | None = None,
    note: str | None = None,
) -> str:
    """Add a question of one's own, open from now on; its id. Raises RefusedRow for one that is there already."""
    asked = " ".join(title.split())
    if not asked:
        raise RefusedRow("A question needs its text.")
    if closes_at is not None and closes_at <= now:
        raise RefusedRow(f"The question would close on {closes_at:%Y-%m-%d}, which is over: say a day to come.")
    with writing(engine) as connection:
        own = select(Question.id, Question.title).where(Question.source == "own")
        stored = dict(connection.execute(own).all())
        for question_id, known in stored.items():
            if folded(known) == folded(asked):
                raise RefusedRow(f"There is a question “{known}” already: {question_id}.")
        row = Question(
            id=_free_id(asked, stored),
            source="own",
            title=asked,
            rules=_text(rules),
            note=_text(note),
            opens_at=now,
            closes_at=closes_at,
        )
        connection.execute(insert(table_of(Question)), values_of(row))
    return row.id


def resolve_question(
    engine: Engine,
    question_id: str,
    outcome: Outcome,
    *,
    because: str,
    now: datetime,
    resolved_at: datetime | None = None,
) -> None:
    """Decide a question of one's own, decide it anew, or open it again; every decision is kept with its reason.

    `resolved_at`: when the outcome was known, where that was earlier than now; no forecast counts from then on.
    Raises RefusedRow for a question of a market, for no reason, and for what is so already.
    """
    reason = _because(because)
    reopened, annulled = outcome == "reopened", outcome == "annulled"
    resolution = None if isinstance(outcome, str) else float(outcome)
    if resolution is not None and not 0 <= resolution <= 1:
        raise RefusedRow(f"{resolution} is no outcome: NO is 0, YES is 1, and a share lies between.")
    at = None if reopened else resolved_at or now
    with writing(engine) as connection:
        question = _question(connection, question_id)
        if question["source"] != "own":
            raise RefusedRow(f"{question_id} is decided by {question['source']}: only one's own are decided by hand.")
        if reopened and not decided(question):
            raise RefusedRow(f"“{question['title']}” is open.")
        same = resolution == question["resolution"] and annulled == question["annulled"]
        if decided(question) and same and (resolved_at is None or resolved_at == question["resolved_at"]):
            raise RefusedRow(f"“{question['title']}” is decided so already.")
        opened = question["opens_at"]
        if at is not None and (at > now or (opened is not None and at < opened)):
            since = f" and not before {opened:%Y-%m-%d %H:%M} UTC, when it opened" if opened is not None else ""
            raise RefusedRow(f"The outcome cannot be known at {at:%Y-%m-%d %H:%M} UTC: not later than now{since}.")
        own = select(func.max(Resolution.recorded_at)).where(Resolution.question_id == question_id)
        last = connection.execute(own).scalar()
        if last is not None and last >= now:
            raise RefusedRow(CLOCK.format(now=now, what="its last decision", then=last))
        now_so = {"resolution": resolution, "annulled": annulled, "resolved_at": at}
        row = Resolution(question_id=question_id, recorded_at=now, because=reason, **now_so)
        connection.execute(insert(table_of(Resolution)), values_of(row))
        connection.execute(update(table_of(Question)).where(Question.id == question_id).values(now_so))


def decided(question: Mapping[str, Any]) -> bool:
    """Whether a question has an outcome, or was annulled."""
    return question["resolution"] is not None or question["annulled"] or question["resolved_at"] is not None


def _question(connection: Connection, question_id: str) -> Mapping[str, Any]:
    table = table_of(Question)
    names = ("id", "source", "title", "scale", "opens_at", "resolved_at", "resolution", "annulled")
    found = connection.execute(select(*(table.c[name] for name in names)).where(table.c.id == question_id)).first()
    if found is None:
        raise RefusedRow(f"There is no question {question_id}.")
    # A site's own title may have line breaks, and what quotes it is one sentence.
    return {**found._asdict(), "title": " ".join(found.title.split())}


def _open_question(connection: Connection, question_id: str) -> Mapping[str, Any]:
    question = _question(connection, question_id)
    if decided(question):
        raise RefusedRow(f"“{question['title']}” is decided: what was forecast stays as it is.")
    return question


def _known_as(connection: Connection, name: str, *, new: bool = True) -> str:
    """The name as it is stored, whatever its capitals and spaces; a `new` one is stored. Raises RefusedRow."""
    stored = connection.execute(select(Forecaster.name, Forecaster.kind).order_by(Forecaster.name)).all()
    alike = {known: kind for known, kind in stored if folded(known) == folded(name)}
    known = name if name in alike else next(iter(alike), None)
    if known is None:
        if not new:
            raise RefusedRow(f"Nobody called “{name}” has made a forecast.")
        connection.execute(insert(table_of(Forecaster)), {"name": name, "kind": "person"})
        return name
    if alike[known] != "person":
        raise RefusedRow(f"“{known}” is not a person: its forecasts are not made by hand.")
    return known


def _latest(
    connection: Connection, question_id: str, name: str, key: tuple[datetime, int] | None = None
) -> Mapping[str, Any] | None:
    """Somebody's last forecast on a question, or that of a moment and position; null where there is none."""
    table = table_of(Forecast)
    query = select(table).where(table.c.question_id == question_id, table.c.forecaster == name)
    if key is not None:
        query = query.where(table.c.at == key[0], table.c.position == key[1])
    found = connection.execute(query.order_by(table.c.at.desc(), table.c.position.desc()).limit(1)).first()
    return None if found is None else found._asdict()


def _because(text: str) -> str:
    reason = _text(text)
    if reason is None:
        raise RefusedRow("A reason is needed: why?")
    return reason


def _text(text: str | None) -> str | None:
    return (text or "").strip() or None


def _free_id(title: str, taken: Mapping[str, str]) -> str:
    """An id from the words of the title, with a number where it is taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    slug = words if len(words) <= LONGEST_SLUG else words[: LONGEST_SLUG + 1].rpartition("-")[0] or words[:LONGEST_SLUG]
    found, number = f"own:{slug or 'question'}", 2
    while found in taken:
        found, number = f"own:{slug or 'question'}-{number}", number + 1
    return found
