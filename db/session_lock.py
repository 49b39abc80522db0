"""A lock that one session of a PostgreSQL database holds, and gives up when it ends; its note says who that is."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from db.engine import DatabaseError

log = logging.getLogger(__name__)

# PostgreSQL cuts an application's name there.
LONGEST_NOTE = 63
USUAL_NOTE = "tracker"

WHO_HOLDS_IT = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :key"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SessionLockTaken(Exception):
    """Another session has the lock. `note` is what it says of itself, null when it is gone already."""

    def __init__(self, note: str | None) -> None:
        super().__init__(f"another session has the lock: {note or 'it says nothing of itself'}")
        self.note = note


@contextmanager
def session_lock(engine: Engine, key: int, note: str) -> Iterator[None]:
    """Hold the advisory lock of this number; raises SessionLockTaken at once when another session has it.

    The note is the session's application name meanwhile, so it is seen in pg_stat_activity too; 63 bytes are kept.
    """
    with engine.connect() as connection:
        _name(connection, note)
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar()
        found = None if taken else connection.execute(WHO_HOLDS_IT, {"key": key}).scalar()
        if not taken:
            _name(connection, USUAL_NOTE)
        # The lock belongs to the session: the transaction ends here, so that it does not stay open all the while.
        connection.commit()
        if not taken:
            raise SessionLockTaken(found)
        try:
            yield
        finally:
            try:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
                _name(connection, USUAL_NOTE)
                connection.commit()
            except DatabaseError as error:
                # The session is gone, and its lock with it: what was done meanwhile is saved all the same.
                log.warning("the lock %d was lost before its end: %s", key, error)


def note_of_holder(engine: Engine, key: int) -> str | None:
    """The note of the session that has the lock; null when none has."""
    with engine.connect() as connection:
        note: str | None = connection.execute(WHO_HOLDS_IT, {"key": key}).scalar()
        return note


def _name(connection: Connection, name: str) -> None:
    values = {"name": name[:LONGEST_NOTE]}
    connection.execute(text("SELECT set_config('application_name', :name, false)"), values)
