"""The schedule, as real processes: the hour, a missed night, one scheduler at a time, and an end without orphans."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from datetime import time as hour
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from jobs.__main__ import app
from jobs.schedule import Runner, last_hour, missed
from tests.harness_setup import shared_model
from tests.night_setup import BENCHMARKS, MODELS, ROOT, SmallNight, until

AT = hour(2, 0)


def at(day: int, hours: int, minutes: int = 0, seconds: int = 0) -> datetime:
    return datetime(2026, 3, day, hours, minutes, seconds, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(5, 2), at(5, 2)),
        (at(5, 1, 59, 59), at(4, 2)),
        (at(5, 23, 59), at(5, 2)),
        (at(1, 0), datetime(2026, 2, 28, 2, tzinfo=UTC)),
        (at(5, 2).astimezone(), at(5, 2)),
    ],
)
def test_the_last_hour_at_which_a_night_should_have_begun(now, expected):
    assert last_hour(AT, now) == expected


def test_the_hour_is_utc_wherever_the_clock_is():
    from zoneinfo import ZoneInfo

    # 03:30 in Berlin on the night the clocks change is 01:30 UTC: the hour comes once, half an hour later.
    now = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert last_hour(AT, now) == at(28, 2)
    assert last_hour(AT, now + timedelta(hours=1)) == at(29, 2)


@pytest.mark.parametrize(
    ("last_started", "expected"),
    [
        (None, True),
        (at(4, 2), True),
        (at(5, 1, 59, 59), True),
        (at(5, 2), False),
        (at(5, 2, 0, 1), False),
        (at(5, 9), False),
    ],
)
def test_a_night_is_missed_when_none_began_since_its_hour(last_started, expected):
    assert missed(AT, at(5, 10), last_started) is expected


@pytest.fixture
def idle(tmp_path: Path) -> SmallNight:
    """A night with nothing to do: its one pair is refused."""
    night = SmallNight(tmp_path / "night")
    models = MODELS.partition('[[model]]\nid = "tiny-off"')[0]
    pick = "[[benchmark]]" + BENCHMARKS.split("[[benchmark]]")[2]
    night.write_catalog(tmp_path, models, pick)
    return night


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


def said_by(process: subprocess.Popen[str], *, first: str) -> list[str]:
    """The lines up to the one that holds some text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if first in line:
            return lines
    raise AssertionError(f"it ended without saying “{first}”: {lines}")


def stop(process: subprocess.Popen[str]) -> str:
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert time.monotonic() - sent < 10
    assert process.returncode == 0
    assert "Traceback" not in said
    return said


def test_a_missed_night_is_run_once_at_the_start_and_a_second_scheduler_is_refused(idle: SmallNight) -> None:
    assert idle.run("nightly")[0] == 0
    idle.query("UPDATE job_report SET started_at = '2020-01-01 02:00:00.000000'")
    now = datetime.now(UTC)
    passed = "00:00" if now.hour else "23:59"  # not the minute at which this runs
    process = idle.start("schedule", "--at", passed)
    lines = said_by(process, first="it is done.")
    assert lines[0] == "The last scheduled night did not run: one begins now."
    assert sum("the night begins." in line for line in lines) == 1
    assert any(line.startswith("The next scheduled night begins 20") for line in lines)
    assert any(line.startswith("Nothing was due (") for line in lines)
    status, said = idle.run("schedule", "--at", passed)
    assert status == 1
    assert said.strip() == f"Another `jobs schedule` runs for {idle.folder / 'data'}: one is enough."
    assert stop(process) == ""
    assert idle.reports("nightly").height == 2
    again = idle.start("schedule", "--at", passed)
    assert said_by(again, first="next scheduled")[0].startswith("The next scheduled night begins 20")
    assert stop(again) == ""
    assert idle.reports("nightly").height == 2


def test_a_first_start_runs_a_night_at_once(idle: SmallNight) -> None:
    process = idle.start("schedule", "--at", "12:00")
    assert said_by(process, first="it is done.")[0] == "No night has run yet: one begins now."
    stop(process)


SOON = """
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from rich.console import Console
from jobs.schedule import run_schedule
now = datetime.now(UTC)
soon = (now + timedelta(seconds=3)).time().replace(microsecond=0)
last = None if os.environ.get("NO_NIGHT_YET") else now
run_schedule(soon, [], data_dir=Path(os.environ["TRACKER_DATA_DIR"]), last_started=last, console=Console(),
             environment=dict(os.environ))
"""


def test_the_night_begins_at_its_hour(idle: SmallNight) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SOON], env=idle.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    lines = said_by(process, first="it is done.")
    assert "next scheduled night" in lines[0]
    assert "the night begins." in lines[1]
    assert idle.reports("nightly")["outcome"].to_list() == ["done"]
    stop(process)


@pytest.mark.parametrize("catching_up", [True, False], ids=["a missed night is at work", "the regular one"])
def test_two_nights_never_overlap_and_sigterm_ends_the_one_at_work(
    catching_up: bool, tmp_path: Path, weights: Path
) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights)
    process = subprocess.Popen(
        [sys.executable, "-c", SOON],
        env=night.environment | ({"NO_NIGHT_YET": "1"} if catching_up else {}),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if catching_up:
        said = said_by(process, first="the night before is still at work; this one is left out.")
        assert said[0] == "No night has run yet: one begins now."
        assert sum("the night begins." in line for line in said) == 1
    until(night.children)
    assert "interrupted in " in stop(process)
    assert night.children() == {}
    assert night.reports("nightly")["outcome"].to_list() == ["interrupted"]


def test_sigterm_also_ends_the_night_it_started(tmp_path: Path, weights: Path) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights)
    process = night.start("schedule", "--at", "12:00")
    until(night.children)
    assert "interrupted in " in stop(process)
    assert night.children() == {}
    assert night.reports("nightly")["outcome"].to_list() == ["interrupted"]


def test_one_night_at_a_time_and_none_after_the_end(tmp_path: Path, weights: Path) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights)
    said = StringIO()
    runner = Runner([], Console(file=said, width=200), night.environment)
    first = threading.Thread(target=runner.run)
    first.start()
    until(night.children)
    runner.run()
    assert "the night before is still at work; this one is left out." in said.getvalue()
    runner.stop()
    first.join(10)
    assert "it ended with status 1: `python -m jobs status` says why." in said.getvalue()
    runner.run()
    assert said.getvalue().count("the night begins.") == 1
    assert night.children() == {}


NO_HOURS = ["24:00", "2", "02:60", "02:00+05:00", "noon", "02:00:30"]


@pytest.mark.parametrize("given", NO_HOURS)
def test_what_is_no_hour_is_refused(given: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = CliRunner().invoke(app, ["schedule", "--at", given], env={"TRACKER_DATA_DIR": str(data), "COLUMNS": "200"})
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 2
    assert f"“{given}” is no time of day in UTC: write 02:00." in done.stderr
    assert not data.exists()


def test_a_process_that_is_given_no_hour_ends_with_status_2(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TRACKER_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "schedule", "--at", NO_HOURS[-1]],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert f"“{NO_HOURS[-1]}” is no time of day in UTC: write 02:00." in done.stderr
    assert not (tmp_path / "data").exists()
