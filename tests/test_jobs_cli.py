"""The command line as a person meets it: help with examples, and a sentence for whatever cannot be done."""

import re
import stat
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from jobs.__main__ import app, seconds
from tests.night_setup import BENCHMARKS, MODELS, SmallNight
from tracker.settings import Settings, SettingsError

STEPS = ("nightly", "benchmarks", "estimates", "status", "schedule", "import", "reparse", "catalogue")
GROUPS = ("export", "markets", "question", "forecast")


@pytest.fixture
def night(tmp_path: Path) -> SmallNight:
    """A catalogue that is in order; nothing of it is run."""
    night = SmallNight(tmp_path / "night")
    night.write_catalog(tmp_path)
    return night


def refused(night: SmallNight, *arguments: str, status: int) -> str:
    """What is said to a command that must be refused, by a process of its own: short, and no traceback."""
    code, said = night.run(*arguments)
    return sentence(said, code, status)


def refused_here(night: SmallNight, *arguments: str, status: int) -> str:
    """As `refused`, in this process: quicker, for what is refused before anything is opened or begun."""
    done = CliRunner().invoke(app, arguments, env=night.environment)
    assert isinstance(done.exception, SystemExit), done.exception
    return sentence(done.output, done.exit_code, status)


def sentence(said: str, code: int, status: int) -> str:
    assert "Traceback" not in said
    assert code == status, said
    assert len(said.strip().splitlines()) <= 5
    return said.strip()


def test_help_lists_every_step() -> None:
    done = CliRunner().invoke(app, ["--help"], terminal_width=80)
    assert done.exit_code == 0
    for step in (*STEPS, *GROUPS):
        assert re.search(rf"^  {step} +[A-Z][^…]*\.$", done.stdout, re.MULTILINE), step
    assert "..." not in done.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("step", [*STEPS, *GROUPS[1:]])
def test_help_explains_a_step_with_an_example(step: str) -> None:
    done = CliRunner().invoke(app, [step, "--help"], terminal_width=80)
    assert done.exit_code == 0
    assert f"  python -m jobs {step}" in done.stdout.partition("Examples:")[2]
    assert "TEXT" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nighty"], f"There is no step “nighty”: there are {', '.join(STEPS)}"),
        (["nightly", "--bugdet", "3h"], "No such option: --bugdet (Possible options: --budget)"),
        (["nightly", "--limit", "0"], "Invalid value for '--limit'"),
        (["nightly", "--budget", "soon"], "“soon” is no duration: write 8h, 90m, 1h30m or 45s."),
        (["schedule", "--budget", "soon"], "“soon” is no duration"),
        (["nightly", "surplus"], "surplus"),
    ],
)
def test_what_is_not_understood_has_status_2(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8h", 28800), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("1.5h", 5400), (" 2H ", 7200), ("1h1m1s", 3661)],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "8", "h", "-1h", "1m1h", "8 hours", "1e3s", "1h 30m", "∞"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no duration"):
        seconds(text)


@pytest.mark.parametrize("step", [["nightly"], ["benchmarks", "--dry-run"], ["status"], ["schedule"]])
def test_an_unknown_suite_is_refused_with_those_there_are(night: SmallNight, step: list[str]) -> None:
    said = refused(night, *step, "--suite", "[bold]x", status=2)
    assert said == "There is no suite “[bold]x” in the catalogue: there are mini."
    # Nothing began: a scheduler must not believe that a night has run.
    assert night.query("SELECT * FROM job_report") == []


def test_an_unknown_model_is_refused_with_those_there_are(night: SmallNight) -> None:
    said = refused(night, "nightly", "--only", "tiny-on", "--only", "tiny", status=2)
    assert said == "There is no model “tiny” in models.toml: there are tiny-on, tiny-off."


@pytest.mark.parametrize("step", ["nightly", "status"])
def test_a_broken_catalogue_is_one_sentence(night: SmallNight, step: str) -> None:
    night.write_catalog(night.folder, MODELS.replace('kind = "reasoning"', 'kind = "clever"'), BENCHMARKS)
    said = refused_here(night, step, status=1)
    assert said == 'models.toml, model "tiny-on": kind is "clever", allowed is one of reasoning, conventional.'


@pytest.mark.parametrize("step", ["nightly", "status", "estimates", "schedule"])
def test_an_unreachable_database_is_one_sentence_without_the_password(tmp_path: Path, step: str) -> None:
    night = SmallNight(tmp_path, more={"TRACKER_DATABASE_URL": "postgresql://me:s3cret@127.0.0.1:9/tracker"})
    night.write_catalog(tmp_path)
    started = time.monotonic()
    said = refused_here(night, step, status=1)
    assert said.startswith("PostgreSQL at postgresql://me:***@127.0.0.1:9/tracker cannot be used: ")
    assert "s3cret" not in said
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("step", ["nightly", "status", "schedule"])
def test_a_data_folder_that_cannot_be_is_one_sentence(tmp_path: Path, step: str) -> None:
    file = tmp_path / "file"
    file.write_text("")
    night = SmallNight(tmp_path, more={"TRACKER_DATA_DIR": str(file / "data")})
    night.write_catalog(tmp_path)
    said = refused_here(night, step, status=1)
    assert str(file) in said
    assert "TRACKER_DATA_DIR" in said


@pytest.mark.parametrize("variable", ["TRACKER_DATA_DIR", "TRACKER_CATALOG_DIR", "TRACKER_TASKS_DIR"])
@pytest.mark.parametrize("step", ["nightly", "status"])
def test_a_path_that_cannot_be_is_one_sentence(tmp_path: Path, variable: str, step: str) -> None:
    night = SmallNight(tmp_path, more={variable: "~no-such-user/x"})
    night.write_catalog(tmp_path)
    said = refused_here(night, step, status=1)
    assert said.startswith(f"{variable} is “~no-such-user/x”, and that is no path here (")
    assert said.endswith("): correct it.")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="such a path is left as it is, and refused when it is used")
def test_links_that_lead_round_are_no_path(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    given = str(tmp_path / "one" / "data")
    with pytest.raises(SettingsError, match=f"^TRACKER_DATA_DIR is “{re.escape(given)}”, and that is no path here"):
        Settings.from_environment({"TRACKER_DATA_DIR": given})


def test_a_file_in_the_place_of_the_logs_is_one_sentence(night: SmallNight) -> None:
    (night.folder / "data").mkdir()
    (night.folder / "data" / "logs").write_text("")
    assert "logs cannot be used: File exists." in refused(night, "nightly", status=1)


def test_a_damaged_database_is_one_sentence(night: SmallNight) -> None:
    (night.folder / "data").mkdir()
    (night.folder / "data" / "tracker.db").write_bytes(b"no database" * 1000)
    assert "is not a SQLite database, or is damaged" in refused(night, "nightly", status=1)


def test_estimates_of_nothing_are_none(night: SmallNight) -> None:
    status, said = night.run("estimates")
    assert status == 0
    lines = dict(line.split(": ", 1) for line in said.splitlines())
    assert lines["estimates"] == "gaps: 0, paired: 0, flagged: 0, refused: 0, added: 0, changed: 0, removed: 0"
    assert lines["published"].endswith("added: 42, changed: 0, removed: 0")  # the capabilities alone


def test_status_of_an_empty_folder(night: SmallNight) -> None:
    status, said = night.run("status")
    assert status == 0
    lines = dict(line.split(":", 1) for line in said.splitlines())
    assert lines["Runs"].strip() == "none yet"
    assert lines["At work"].strip() == "no night is running"
    assert lines["Last night"].strip() == "none yet. Start one: python -m jobs nightly"
    due = r" +3 tasks of 2 models in suite mini, expected to take [\d.]+ s one after another \(a first guess\)"
    assert re.fullmatch(due, lines["Due"])
    assert stat.S_ISREG((night.folder / "data" / "tracker.db").stat().st_mode)
