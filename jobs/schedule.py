"""Stays in the foreground and runs the night at its hour (UTC), once, also when the hour was slept through."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import sleep

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from filelock import FileLock, Timeout
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
HEARTBEAT_SECONDS = 60
"""A machine that sleeps stops the clock the trigger waits on; looking every minute notices the hour has passed."""


class AlreadyScheduled(Exception):
    """Another `jobs schedule` is at work on this data folder."""


def last_hour(at: time, now: datetime) -> datetime:
    """The latest moment not after `now` at which the night should have started."""
    today = datetime.combine(now.astimezone(UTC).date(), at, UTC)
    return today if today <= now else today - timedelta(days=1)


def missed(at: time, now: datetime, last_started: datetime | None) -> bool:
    """Whether the latest scheduled night never started: then it is run once, now."""
    return last_started is None or last_started < last_hour(at, now)


class Runner:
    """Runs `python -m jobs nightly …` as a process of its own, one at a time."""

    def __init__(self, arguments: Sequence[str], console: Console, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "jobs", "nightly", *arguments]
        self._console = console
        self._environment = {**environment, "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        started = datetime.now(UTC)
        self._console.print(f"{started:%Y-%m-%d %H:%M} UTC: the night begins.", highlight=False)
        self._process = subprocess.Popen(self._command, env=self._environment)
        status = self._process.wait()
        self._console.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: it ended with status {status}.", highlight=False)
        return status

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def run_schedule(
    at: time,
    arguments: Sequence[str],
    *,
    data_dir: Path,
    last_started: datetime | None,
    console: Console,
    environment: Mapping[str, str],
) -> int:
    """Run until stopped. Raises AlreadyScheduled when another process schedules nights for the same data folder."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / "schedule.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyScheduled(f"Another `jobs schedule` runs for {data_dir}: one is enough.") from None
    runner = Runner(arguments, console, environment)
    stopped: list[int] = []
    # UTC has no hour that comes twice; a second process would fire twice, hence the lock.
    scheduler = BackgroundScheduler(timezone=UTC)
    trigger = CronTrigger(hour=at.hour, minute=at.minute, timezone=UTC)
    options = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler.add_job(runner.run, trigger, id="night", **options)
    scheduler.add_job(lambda: None, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat", **options)
    if missed(at, datetime.now(UTC), last_started):
        console.print("The last scheduled night did not run; running it now.", highlight=False)
        scheduler.add_job(runner.run, id="missed", **options)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, _: stopped.append(number))
    scheduler.start()
    night = scheduler.get_job("night")
    console.print(f"The next night begins {night.next_run_time:%Y-%m-%d %H:%M} UTC. Ctrl-C ends this.", highlight=False)
    try:
        while not stopped:
            sleep(0.5)
    finally:
        runner.stop()
        scheduler.shutdown(wait=False)
        lock.release()
    return 0
