"""Stays in the foreground and runs the night at its hour (UTC), once, also when the hour was slept through."""

import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape

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
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        """Run one night to its end; none while another is at work, and none after `stop`."""
        with self._lock:
            if self._stopped:
                return
            if self._process is not None:
                self._say("the night before is still at work; this one is left out.")
                return
            self._say("the night begins.")
            process = self._process = subprocess.Popen(self._command, env=self._environment)
        status = process.wait()
        with self._lock:
            self._process = None
        self._say("it is done." if status == 0 else f"it ended with status {status}: `python -m jobs status` says why.")

    def stop(self) -> None:
        """Start no more, end the night at work as Ctrl-C would, and wait for it."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait()

    def _say(self, text: str) -> None:
        self._console.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {text}", highlight=False, soft_wrap=True)


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
    stopped = threading.Event()
    # UTC has no hour that comes twice; a second process would fire twice, hence the lock.
    scheduler = BackgroundScheduler(timezone=UTC)
    trigger = CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=UTC)
    options = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler.add_job(runner.run, trigger, id="night", **options)
    scheduler.add_job(lambda: None, "interval", seconds=HEARTBEAT_SECONDS, id="heartbeat", **options)
    if missed(at, datetime.now(UTC), last_started):
        why = "No night has run yet" if last_started is None else "The last scheduled night did not run"
        console.print(f"{why}: one begins now.", highlight=False)
        scheduler.add_job(runner.run, id="missed", **options)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopped.set())
    scheduler.start()
    try:
        following = f"{scheduler.get_job('night').next_run_time:%Y-%m-%d %H:%M}"
        console.print(escape(f"The next scheduled night begins {following} UTC. Ctrl-C ends this."), highlight=False)
        stopped.wait()
    finally:
        runner.stop()
        scheduler.shutdown(wait=False)
        lock.release()
    return 0
