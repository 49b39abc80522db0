"""One night at a time, on SQLite and PostgreSQL, with real processes: who holds the lock, and that a death frees it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.engine import open_engine
from jobs.lock import Locked, holder, night_lock

ROOT = Path(__file__).resolve().parents[1]
SINCE = datetime(2026, 3, 1, 2, 0, 7, tzinfo=UTC)
HOLDS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from db.engine import open_engine
from jobs.lock import night_lock
since = datetime(2026, 3, 1, 2, 0, 7, tzinfo=UTC)
with night_lock(open_engine(sys.argv[1]), Path(sys.argv[2]), now=since, doing="nightly"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_night(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, url, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def jobs(url: str, folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "jobs", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TRACKER_DATABASE_URL": url, "TRACKER_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


def about(process: subprocess.Popen[str]) -> str:
    return f"nightly, process {process.pid} on {socket.gethostname()}, since 2026-03-01 02:00:07 UTC"


def test_a_second_night_is_refused_at_once_and_told_by_whom(database_url: str, tmp_path: Path) -> None:
    with another_night(database_url, tmp_path) as first:
        status, said = jobs(database_url, tmp_path, "nightly")
        assert status == 1
        expected = f"A night is running already: {about(first)}. Wait for it, or stop it there: kill {first.pid}."
        assert said.strip() == expected
        status, said = jobs(database_url, tmp_path, "status")
        assert status == 0
        assert f"At work:    {about(first)}\n" in said


def test_a_killed_night_leaves_no_lock(engine: Engine, database_url: str, tmp_path: Path) -> None:
    with another_night(database_url, tmp_path) as first:
        started = time.monotonic()
        with pytest.raises(Locked), night_lock(engine, tmp_path, now=SINCE, doing="nightly"):
            pass
        assert time.monotonic() - started < 2
        assert holder(engine, tmp_path) == about(first)
        first.kill()
        first.wait()
        until = time.monotonic() + 5
        while holder(engine, tmp_path) and time.monotonic() < until:
            time.sleep(0.02)  # PostgreSQL notices the lost connection in its own time
        assert holder(engine, tmp_path) is None
        with night_lock(engine, tmp_path, now=SINCE, doing="nightly"):
            assert f"process {os.getpid()} on" in str(holder(engine, tmp_path))
    assert holder(engine, tmp_path) is None


def test_a_night_that_fails_gives_the_lock_up(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), night_lock(engine, tmp_path, now=SINCE, doing="nightly"):
        raise ZeroDivisionError
    with night_lock(engine, tmp_path, now=SINCE, doing="benchmarks"):
        pass
    assert holder(engine, tmp_path) is None


def test_looking_who_is_at_work_refuses_no_night(sqlite_engine: Engine, tmp_path: Path) -> None:
    with night_lock(sqlite_engine, tmp_path, now=SINCE, doing="nightly"):
        pass
    looks = "import sys\nfrom filelock import FileLock\nimport time\nlock = FileLock(sys.argv[1])\n"
    looks += "lock.acquire()\nprint('held', flush=True)\ntime.sleep(0.1)\nlock.release()\n"
    command = [sys.executable, "-c", looks, str(tmp_path / "night.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as looking:
        assert looking.stdout is not None
        assert looking.stdout.readline() == "held\n"
        with night_lock(sqlite_engine, tmp_path, now=SINCE, doing="nightly"):
            pass


def test_a_connection_that_is_lost_at_night_does_not_undo_the_night(postgresql_url: str, tmp_path: Path) -> None:
    engine = open_engine(postgresql_url)
    other = open_engine(postgresql_url)
    with night_lock(engine, tmp_path, now=SINCE, doing="nightly"), other.connect() as connection:
        ended = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        ).scalar()
        assert ended
    other.dispose()
    engine.dispose()
