"""One night at a time: a file lock beside a SQLite file, an advisory lock on PostgreSQL. Says who holds it."""

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text

from db.engine import DatabaseError

log = logging.getLogger(__name__)

# The key of the night's advisory lock: any number that no other program uses on the same server.
NIGHT_LOCK = 7_203_118_965
# `status` takes the file lock for a moment to see whether it is free: that alone is no other night.
MOMENT_SECONDS = 0.3
# PostgreSQL cuts an application's name there.
LONGEST_APPLICATION_NAME = 63

WHO_HOLDS_IT = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :key"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Locked(Exception):
    """Another night is at work. The text says which process, where, and since when."""


class Holder(NamedTuple):
    """Who is at work: the step, its process, since when (UTC), and the machine."""

    doing: str
    pid: int
    since: str
    host: str

    def __str__(self) -> str:
        return f"{self.doing}, process {self.pid} on {self.host}, since {self.since.replace('T', ' ').rstrip('Z')} UTC"


@contextmanager
def night_lock(engine: Engine, data_dir: Path, *, now: datetime, doing: str) -> Iterator[None]:
    """Hold the lock; raises Locked at once when another process has it. A process that dies gives it up."""
    since = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = Holder(doing, os.getpid(), since, socket.gethostname())
    if engine.dialect.name == "postgresql":
        with _advisory(engine, about):
            yield
    else:
        with _file(data_dir / "night.lock", about):
            yield


def holder(engine: Engine, data_dir: Path) -> str | None:
    """Who holds the lock now, in words; None when nobody does."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            found = connection.execute(WHO_HOLDS_IT, {"key": NIGHT_LOCK}).scalar()
        return None if found is None else str(_parse(found) or "another session")
    path = data_dir / "night.lock"
    if not path.exists():
        return None
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return str(_read(path) or "another process")
    lock.release()
    return None


@contextmanager
def _file(path: Path, about: Holder) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=MOMENT_SECONDS)
    except Timeout:
        raise Locked(_refusal(_read(path))) from None
    note = path.with_suffix(".json")
    try:
        note.write_text(json.dumps(about._asdict()), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None


@contextmanager
def _advisory(engine: Engine, about: Holder) -> Iterator[None]:
    with engine.connect() as connection:
        _name(connection, " ".join(str(part) for part in about))
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": NIGHT_LOCK}).scalar()
        found = None if taken else connection.execute(WHO_HOLDS_IT, {"key": NIGHT_LOCK}).scalar()
        if not taken:
            _name(connection, "tracker")
        # The lock belongs to the session: the transaction ends here, so that it does not stay open all night.
        connection.commit()
        if not taken:
            raise Locked(_refusal(_parse(found or "")))
        try:
            yield
        finally:
            try:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": NIGHT_LOCK})
                _name(connection, "tracker")
                connection.commit()
            except DatabaseError as error:
                # The session is gone, and its lock with it: what the night did is saved all the same.
                log.warning("the night's lock was lost before its end: %s", error)


def _name(connection: Connection, name: str) -> None:
    values = {"name": name[:LONGEST_APPLICATION_NAME]}
    connection.execute(text("SELECT set_config('application_name', :name, false)"), values)


def _parse(name: str) -> Holder | None:
    parts = name.split(" ")
    return Holder(parts[0], int(parts[1]), parts[2], parts[3]) if len(parts) == 4 and parts[1].isdigit() else None


def _refusal(found: Holder | None) -> str:
    if found is None:
        return "A night is running already. Wait for it, or stop it."
    return f"A night is running already: {found}. Wait for it, or stop it there: kill {found.pid}."
