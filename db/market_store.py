"""Writes what a market site said: questions, decisions and the moves of prices, whole or not at all."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from db.bulk import save_moves
from db.engine import writing
from db.estimate_tables import Estimate
from db.forecast_tables import Forecast, Forecaster, Move, Question, Resolution
from db.rows import Values, merge, table_of, values_of

OURS = ("topic", "inverted", "note", "tracked")
"""What the catalogue and the user say of a question: no site changes it."""
KEPT_IF_NULL = ("url", "rules", "scale", "opens_at")
"""What a site may leave out without meaning that there is none."""


class Said(Protocol):
    """What one sync of a market brought; see `tracker.markets.source.Snapshot`."""

    @property
    def questions(self) -> Sequence[Question]: ...
    @property
    def moves(self) -> Sequence[Move]: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def own_since(self) -> Mapping[str, datetime]: ...
    @property
    def sync(self) -> Mapping[str, Any]: ...
    @property
    def unchanged(self) -> bool: ...


class Saved(NamedTuple):
    """How many questions the market has, and how many moves and decisions are there that were not before."""

    questions: int
    moves: int
    decisions: int


def save_market(engine: Engine, source: str, key: str, said: Said, now: datetime) -> Saved:
    """Save what one sync brought, or nothing of it. The same sync saved twice changes nothing.

    `now`: when the site said it. A decision that differs from the stored one leaves a Resolution row. Raises
    RefusedRow for a probability outside [0, 1].
    """
    with writing(engine) as connection:
        return _save(connection, source, key, said, now)


def replay_market(engine: Engine, source: str, key: str, said: Iterable[tuple[Said, datetime]]) -> Saved:
    """Save all syncs of a market anew, from the first on, in the place of what they left before.

    Decisions recorded before the first of them stay: replies of that time are no longer kept. So does the time at
    which the site last answered, if only to say that nothing is new.
    """
    steps = list(said)
    of_market = _of_market(source, key)
    total = Saved(0, 0, 0)
    with writing(engine) as connection:
        before = _counted(connection, source, of_market)
        answered = connection.execute(select(func.max(Question.synced_at)).where(of_market)).scalar()
        if steps:
            _forget_decisions(connection, of_market, steps[0][1])
        for one, now in steps:
            total = _save(connection, source, key, one, now)
            if answered is not None and now < answered:
                connection.execute(update(table_of(Question)).where(of_market).values(synced_at=answered))
        after = _counted(connection, source, of_market)
    return Saved(total.questions, after[0] - before[0], after[1] - before[1])


def _save(connection: Connection, source: str, key: str, said: Said, now: datetime) -> Saved:
    of_market = _of_market(source, key)
    if said.unchanged:
        seen = connection.execute(update(table_of(Question)).where(of_market).values(synced_at=now))
        return Saved(seen.rowcount, 0, 0)
    here = Forecaster.name == source
    if not connection.execute(select(Forecaster.name).where(here)).first():
        connection.execute(insert(table_of(Forecaster)), {"name": source, "kind": "market"})
    decisions = _merge_questions(connection, of_market, said, now)
    ids = [question.id for question in said.questions]
    _drop_placeholder(connection, f"{source}:{key}", ids)
    gone = 0
    for question_id in ids:
        since = said.own_since.get(question_id, said.since)
        replaced = (Forecast.question_id == question_id) & (Forecast.forecaster == source)
        if since is not None:
            replaced &= Forecast.at >= since
        gone += connection.execute(delete(table_of(Forecast)).where(replaced)).rowcount
    save_moves(connection, source, said.moves)
    return Saved(len(ids), len(said.moves) - gone, decisions)


def _merge_questions(connection: Connection, of_market: ColumnElement[bool], said: Said, now: datetime) -> int:
    """Insert or update the questions; how many decisions are new."""
    table = table_of(Question)
    # An answer that the catalogue named says nothing of its market until that was read.
    meant = of_market | table.c.id.in_([question.id for question in said.questions])
    stored = {row.id: row._asdict() for row in connection.execute(select(table).where(meant))}
    first_of_answers = _first_choice(stored, said.questions)
    added: list[Values] = []
    changes: list[Resolution] = []
    for place, question in enumerate(said.questions):
        values = values_of(question)
        values |= {"synced_at": now, "sync": dict(said.sync) if place == 0 else None}
        before = stored.get(question.id)
        if before is None:
            added.append(values | first_of_answers)
        else:
            values |= {name: before[name] for name in OURS}
            values |= {name: before[name] for name in KEPT_IF_NULL if values[name] is None}
            connection.execute(update(table).where(table.c.id == question.id).values(values))
        if _decision(values) != _decision(before):
            decided = dict(zip(("resolution", "annulled", "resolved_at"), _decision(values), strict=True))
            changes.append(Resolution(question_id=question.id, recorded_at=now, because=None, **decided))
    if added:
        connection.execute(insert(table), added)
    if said.questions:
        # A question that the site no longer lists must not keep marks of an earlier time.
        others = of_market & (table.c.id != said.questions[0].id) & table.c.sync.is_not(None)
        connection.execute(update(table).where(others).values(sync=None))
    if changes:
        ids = [change.question_id for change in changes]
        merge(connection, Resolution, changes, Resolution.question_id.in_(ids))
    return len(changes)


def _first_choice(stored: Mapping[str, Values], questions: Sequence[Question]) -> Values:
    """What a question that is new here starts with.

    A market that was only named is now known to be several questions: they take over what was said of it. Where single
    answers were chosen, the others are not followed.
    """
    named = [row for identity, row in stored.items() if identity not in {question.id for question in questions}]
    if named and all(row["market"] is None for row in named):
        return {name: named[0][name] for name in OURS}
    synced = any(row["synced_at"] is not None for row in stored.values())
    followed = all(row["tracked"] for row in stored.values())
    return {"topic": None, "inverted": False, "note": None, "tracked": not stored or (synced and followed)}


def _decision(row: Mapping[str, Any] | None) -> tuple[float | None, bool, datetime | None]:
    return (None, False, None) if row is None else (row["resolution"], row["annulled"], row["resolved_at"])


def _drop_placeholder(connection: Connection, market: str, ids: Collection[str]) -> None:
    """A market whose answers are the questions is no question itself, unless somebody has said something of it."""
    if not ids or market in ids:
        return
    table = table_of(Question)
    for kind in (Forecast, Resolution, Estimate):
        if connection.execute(select(kind.question_id).where(kind.question_id == market).limit(1)).first():
            connection.execute(update(table).where(table.c.id == market).values(tracked=False, sync=None))
            return
    connection.execute(delete(table).where(table.c.id == market))


def _of_market(source: str, key: str) -> ColumnElement[bool]:
    market = f"{source}:{key}"
    table = table_of(Question)
    return (table.c.id == market) | (table.c.market == market)


def _counted(connection: Connection, source: str, of_market: ColumnElement[bool]) -> tuple[int, int]:
    """How many moves and decisions are stored."""
    ids = select(Question.id).where(of_market)
    moves = select(func.count()).where(Forecast.question_id.in_(ids), Forecast.forecaster == source)
    decisions = select(func.count()).where(Resolution.question_id.in_(ids))
    return connection.execute(moves).scalar_one(), connection.execute(decisions).scalar_one()


def _forget_decisions(connection: Connection, of_market: ColumnElement[bool], since: datetime) -> None:
    """Take back what the syncs from a moment on said of the outcome: it is said again by what follows."""
    ids = list(connection.execute(select(Question.id).where(of_market)).scalars())
    table = table_of(Resolution)
    for question_id in ids:
        own = table.c.question_id == question_id
        connection.execute(delete(table).where(own & (table.c.recorded_at >= since)))
        earlier = select(table).where(own).order_by(table.c.recorded_at.desc()).limit(1)
        last = connection.execute(earlier).first()
        decided = {} if last is None else last._asdict()
        connection.execute(
            update(table_of(Question))
            .where(Question.id == question_id)
            .values(
                resolution=decided.get("resolution"),
                annulled=decided.get("annulled", False),
                resolved_at=decided.get("resolved_at"),
            )
        )
