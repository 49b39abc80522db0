"""One night at a time: a file lock beside a SQLite file, an advisory lock on PostgreSQL. Says who holds it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy import Engine

from db.session_lock import SessionLockTaken, note_of_holder, session_lock

# The key of the night's advisory lock: any number that no other program uses on the same server.
NIGHT_LOCK = 7_203_118_965
# `status` takes the file lock for a moment to see whether it is free: that alone is no other night.
MOMENT_SECONDS = 0.3


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
        found = note_of_holder(engine, NIGHT_LOCK)
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
    try:
        with session_lock(engine, NIGHT_LOCK, " ".join(str(part) for part in about)):
            yield
    except SessionLockTaken as error:
        raise Locked(_refusal(_parse(error.note or ""))) from None


def _parse(name: str) -> Holder | None:
    parts = name.split(" ")
    return Holder(parts[0], int(parts[1]), parts[2], parts[3]) if len(parts) == 4 and parts[1].isdigit() else None


def _refusal(found: Holder | None) -> str:
    if found is None:
        return "A night is running already. Wait for it, or stop it."
    return f"A night is running already: {found}. Wait for it, or stop it there: kill {found.pid}."
