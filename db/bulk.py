"""Saves rows that come by the million, documents of runs and moves of prices, at about the speed of the driver."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import Connection

from db.engine import refused
from db.forecast_tables import Move
from db.tables import SampleRow

COLUMNS = ", ".join(SampleRow._fields)
POSTGRESQL_TYPES = ("text", "text", "int4", "text", "float8", "int4", "bool")
MOVE_COLUMNS = "question_id, forecaster, at, position, probability"


def save_samples(connection: Connection, rows: list[SampleRow]) -> None:
    """Insert the rows, inside the connection's transaction. A score that is not a number is stored as null.

    Raises RefusedRow for a document that comes twice.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        known = (row if row[4] == row[4] else row._replace(score=None) for row in rows)
        _copy("sample", COLUMNS, POSTGRESQL_TYPES, connection, known)
    else:
        places = ", ".join("?" for _ in SampleRow._fields)
        # The driver takes plain tuples a quarter faster. SQLite itself turns "not a number" into null.
        plain = list(map(tuple, rows))
        connection.exec_driver_sql(f"INSERT INTO sample ({COLUMNS}) VALUES ({places})", plain)


def save_moves(connection: Connection, forecaster: str, moves: Iterable[Move]) -> None:
    """Insert a market's prices as forecasts of that name, inside the connection's transaction.

    Raises RefusedRow for a price outside [0, 1] and for a place (question, moment, position) that is taken, ValueError
    for a time without a zone.
    """
    if connection.dialect.name == "postgresql":
        rows = ((move.question_id, forecaster, _utc(move.at), move.position, move.probability) for move in moves)
        _copy("forecast", MOVE_COLUMNS, ("text", "text", "timestamptz", "int4", "float8"), connection, rows)
        return
    # The driver writes no times of its own: this is the form in which SQLAlchemy stores them.
    plain = [(move.question_id, forecaster, _stored(move.at), move.position, move.probability) for move in moves]
    if plain:
        connection.exec_driver_sql(f"INSERT INTO forecast ({MOVE_COLUMNS}) VALUES (?, ?, ?, ?, ?)", plain)


def _stored(at: datetime) -> str:
    """A moment as SQLite holds it."""
    return _utc(at).replace(tzinfo=None).isoformat(" ", "microseconds")


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"naive time {at!r}: times are aware UTC")
    return at.astimezone(UTC)


def _copy(
    table: str, columns: str, types: Sequence[str], connection: Connection, rows: Iterable[Sequence[Any]]
) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            write = copy.write_row
            for row in rows:
                write(row)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise refused(error) from error
