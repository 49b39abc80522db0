"""Writes the catalogue's questions: what is asked, what it belongs to, and what others are on record for."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from db.engine import RefusedRow, writing
from db.forecast_tables import Forecast, Forecaster, Question, Topic
from db.rows import Changes, key_of, merge, remove_others, table_of, values_of

OURS = ("topic", "inverted", "note")
"""What the catalogue alone says of a question, in every state."""
BY_HAND = "Added by hand."
"""The note on a question under a topic that somebody added: the catalogue does not list it, and does not release it."""
UNTIL_READ = ("title", "url", "closes_at")
"""What it says until the site has answered; then the site's word counts."""


def save_questions(
    engine: Engine, topics: Sequence[Topic], questions: Sequence[Question], on_record: Sequence[Forecast]
) -> Changes:
    """Make the tables hold the catalogue's topics and questions, and the forecasts that people are `on_record` for.

    A question with a topic is the catalogue's: one no longer listed loses it and is tracked no more, but stays with
    all that was said of it. One without a topic, or with the note BY_HAND, was added by somebody, and is left alone.
    Where a market turned out to be several questions, what is said of it is said of each. Forecasts on record, which
    have a citation and no `recorded_at`, are exactly those given, on the questions given.

    Raises RefusedRow for a forecaster on record who is not a person.
    """
    with writing(engine) as connection:
        changes = merge(connection, Topic, topics)
        stored = _stored(connection)
        answers = {row["market"] for row in stored.values() if row["market"] is not None}
        cited = {forecast.question_id for forecast in on_record}
        for question in questions:
            wanted = values_of(question)
            # The answers are the questions then, and the whole market is kept only for what was said of it.
            wanted["tracked"] = question.id not in answers
            if question.id in stored:
                before = stored[question.id]
                names = (*OURS, "tracked") if before["synced_at"] is not None else (*OURS, "tracked", *UNTIL_READ)
                changes += _correct(connection, before, {name: wanted[name] for name in names})
            elif question.id not in answers or question.id in cited:
                connection.execute(insert(table_of(Question)), wanted)
                changes += Changes(1, 0, 0)
        changes += _spread(connection, stored, questions)
        changes += _release(connection, stored, {question.id for question in questions})
        changes += _unfile(connection, {topic.id for topic in topics})
        changes += remove_others(connection, Topic, {(topic.id,) for topic in topics})
        return changes + _put_on_record(connection, on_record, {question.id for question in questions})


def _stored(connection: Connection) -> dict[str, Mapping[str, Any]]:
    table = table_of(Question)
    names = ("id", "market", "tracked", "synced_at", *OURS, *UNTIL_READ)
    found = connection.execute(select(*(table.c[name] for name in names)))
    return {row.id: row._asdict() for row in found}


def _correct(connection: Connection, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> Changes:
    """Write what differs of one question."""
    different = {name: value for name, value in wanted.items() if value != before[name]}
    if not different:
        return Changes(0, 0, 0)
    table = table_of(Question)
    connection.execute(update(table).where(table.c.id == before["id"]).values(different))
    return Changes(0, 1, 0)


def _spread(connection: Connection, stored: Mapping[str, Mapping[str, Any]], questions: Sequence[Question]) -> Changes:
    """What is said of a market, said of each of its answers that is not listed itself."""
    listed = {question.id for question in questions}
    changes = Changes(0, 0, 0)
    for question in questions:
        parts = [row for row in stored.values() if row["market"] == question.id]
        # Chosen one by one, they stay as chosen; none chosen means that the market was not listed until now.
        chosen = any(row["tracked"] for row in parts)
        said = values_of(question)
        for row in parts:
            if row["id"] in listed:
                continue
            wanted = {name: said[name] for name in OURS} | {"tracked": row["tracked"] or not chosen}
            changes += _correct(connection, row, wanted)
    return changes


def _release(connection: Connection, stored: Mapping[str, Mapping[str, Any]], listed: Collection[str]) -> Changes:
    """Follow no longer what the catalogue listed and lists no more."""
    gone = [
        row["id"]
        for row in stored.values()
        if row["topic"] is not None
        and row["note"] != BY_HAND
        and row["id"] not in listed
        and row["market"] not in listed
    ]
    table = table_of(Question)
    for question_id in gone:
        released = {"topic": None, "inverted": False, "tracked": False}
        connection.execute(update(table).where(table.c.id == question_id).values(released))
    return Changes(0, len(gone), 0)


def _unfile(connection: Connection, topics: Collection[str]) -> Changes:
    """Take what somebody added out of a topic that is no more; it is still followed."""
    table = table_of(Question)
    lost = (table.c.note == BY_HAND) & table.c.topic.is_not(None) & table.c.topic.not_in(sorted(topics))
    done = connection.execute(update(table).where(lost).values(topic=None, inverted=False, note=None))
    return Changes(0, done.rowcount, 0)


def _put_on_record(connection: Connection, forecasts: Sequence[Forecast], question_ids: Collection[str]) -> Changes:
    kinds = dict(connection.execute(select(Forecaster.name, Forecaster.kind)).all())
    for name in sorted({forecast.forecaster for forecast in forecasts}):
        if name not in kinds:
            connection.execute(insert(table_of(Forecaster)), {"name": name, "kind": "person"})
        elif kinds[name] != "person":
            raise RefusedRow(f"“{name}” is on record as a person, and stored as a {kinds[name]}: name it otherwise.")
    curated = Forecast.question_id.in_(sorted(question_ids)) & Forecast.recorded_at.is_(None)
    curated &= Forecast.citation.is_not(None)
    changes = merge(connection, Forecast, forecasts, curated)
    kept = {key_of(table_of(Forecast), values_of(row)) for row in forecasts}
    return changes + remove_others(connection, Forecast, kept, curated)
