"""One night at a time: a file lock beside a SQLite file, an advisory lock on PostgreSQL. Says who holds it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, text

# The key of the night's advisory lock: any number that no other program uses on the same server.
NIGHT_LOCK = 7_203_118_965


class Locked(Exception):
    """Another night is at work. The text says which process, where, and since when."""


@contextmanager
def night_lock(engine: Engine, data_dir: Path, *, now: datetime, doing: str) -> Iterator[None]:
    """Hold the lock; raises Locked at once when another process has it. A process that dies gives it up."""
    about = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": now.isoformat(timespec="seconds"),
        "doing": doing,
    }
    if engine.dialect.name == "postgresql":
        with _advisory(engine, about):
            yield
    else:
        with _file(data_dir / "night.lock", about):
            yield


def holder(data_dir: Path) -> str | None:
    """Who holds the file lock now, in words; None when nobody does (or the lock is PostgreSQL's)."""
    path = data_dir / "night.lock"
    if not path.exists():
        return None
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _words(_about(path))
    lock.release()
    return None


@contextmanager
def _file(path: Path, about: dict[str, object]) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        found = _about(path)
        raise Locked(f"{_words(found)} Wait for it, or stop it: kill {found.get('pid', 'PID')}.") from None
    note = path.with_suffix(".json")
    try:
        note.write_text(json.dumps(about), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _about(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _advisory(engine: Engine, about: dict[str, object]) -> Iterator[None]:
    with engine.connect() as connection:
        name = f"night pid {about['pid']} on {about['host']} since {about['since']}"[:63]
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": name})
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": NIGHT_LOCK}).scalar()
        # The lock belongs to the session: the transaction ends here, so that it does not stay open all night.
        connection.commit()
        if not taken:
            found = connection.execute(
                text(
                    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE"
                    " l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :key"
                ),
                {"key": NIGHT_LOCK},
            ).scalar()
            connection.rollback()
            raise Locked(f"A night is running already: {found or 'another session'}. Wait for it, or stop it.")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": NIGHT_LOCK})
            connection.execute(text("SELECT set_config('application_name', 'tracker', false)"))
            connection.commit()


def _words(about: dict[str, object]) -> str:
    if not about:
        return "A night is running already."
    who = f"{about['doing']}, process {about['pid']} on {about['host']}"
    return f"A night is running already: {who}, since {about['since']}."
