"""Whole nights with real child processes and a real, tiny model: what they store, say, survive and give up."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from db.engine import open_engine
from jobs.questions import catalogue_of
from tests.harness_setup import shared_model
from tests.killed_nights import OFTEN, Undisturbed, shared_undisturbed
from tests.night_setup import BENCHMARKS, MODELS, WITHOUT_NETWORK, SmallNight
from tracker.settings import EMBEDDED_CATALOG

RULES = catalogue_of(EMBEDDED_CATALOG).rules

MORE_MODELS = """
[[model]]
id = "lost"
name = "Weights nobody has"
kind = "conventional"
weights = "/nowhere/at/all"
local = true
gpus = 0
suites = ["mini"]

[[model]]
id = "large"
name = "Needs more than there is"
kind = "conventional"
weights = "lab/large"
gpus = 64
suites = ["mini"]
"""

WRONG = """
[[benchmark]]
id = "wrong"
name = "A metric nobody computes"
task = "echo_often"
metric = "exact_match"
filter = "misspelt"
capability = "reasoning"
grading = "verifiable"
output = "generate"
task_version = "1.0"
documents = 200
suites = ["mini"]
"""
DYING = OFTEN.replace("often", "dying").replace("documents = 200", "documents = 40")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Undisturbed:
    """One night that nobody disturbed, without any network where that can be; tests only read it, or copy it."""
    return shared_undisturbed(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("night") / "first", weights)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> tuple[SmallNight, int, str]:
    """One night in which all goes wrong that can; tests only read it, or copy it."""
    night = SmallNight(tmp_path_factory.mktemp("troubled") / "night")
    models = MODELS.partition("[[twin]]")[0].split("[[model]]")[2]
    night.write_catalog(weights, "[[model]]" + models + MORE_MODELS, BENCHMARKS + WRONG + DYING)
    return night, *night.run("nightly")


# -- an undisturbed night ---------------------------------------------------------------------------------------------


def test_everything_due_is_run_and_stored(finished: Undisturbed) -> None:
    content = finished.content
    pairs = {(run[0], run[1]) for run in content["runs"]}
    assert pairs == {
        ("tiny-on", "echo_digit"), ("tiny-on", "echo_often"),
        ("tiny-off", "echo_digit"), ("tiny-off", "echo_often"), ("tiny-off", "pick_digit"),
    }  # fmt: skip
    assert {run[4] for run in content["runs"]} == {"complete"}
    assert len(content["samples"]) == 2 * (40 + 200) + 40
    [echo, often] = sorted(content["gaps"], key=lambda gap: gap[2])
    assert echo[:3] == ("tiny-on", "tiny-off", "echo")
    assert (echo[5], echo[6]) == (40, 1)
    assert (often[2], often[5], often[6]) == ("often", 200, 1)


def test_what_is_stored_is_what_lm_eval_wrote(finished: Undisturbed) -> None:
    night = finished.night
    rows = night.query("SELECT r.folder, r.task, m.name, m.filter, m.value FROM metric m JOIN run r ON r.id = m.run_id")
    assert len(rows) == 5
    for folder, task, name, filter_, value in rows:
        [file] = (night.folder / "data" / str(folder)).glob("results_*.json")
        written = json.loads(file.read_text())["results"][task]
        assert written[f"{name},{filter_}"] == value
    gap = {row[0]: row[1] for row in night.query("SELECT benchmark_id, value FROM gap")}
    for benchmark in ("echo", "often"):
        means = dict(
            night.query(
                "SELECT r.model_id, avg(s.score) FROM sample s JOIN run r ON r.id = s.run_id"
                f" WHERE s.benchmark_id = '{benchmark}' GROUP BY 1"
            )
        )
        assert gap[benchmark] == pytest.approx(means["tiny-on"] - means["tiny-off"])


def test_every_unit_reports_once_and_so_does_the_night(finished: Undisturbed) -> None:
    reports = finished.night.reports(None)
    assert set(reports["outcome"]) == {"done"}
    assert reports["finished_at"].null_count() == 0
    units = reports.filter(pl.col("job") == "benchmarks")["unit"].to_list()
    assert sorted(units) == sorted(f"{run[0]} × {run[1]}" for run in finished.content["runs"])
    steps = reports.filter(pl.col("job") != "benchmarks").select("job", "unit").sort("job", "unit")
    assert steps.filter(unit="")["job"].to_list() == [
        "backfill",
        "estimates",
        "imports",
        "nightly",
        "published",
        "questions",
        "rules",
    ]
    asked = {question for question, rules in RULES.items() if any(rule.id != "none" for rule in rules)}
    assert set(steps.filter(pl.col("unit") != "").rows()) == {("rules", question) for question in asked}
    counts = json.loads(reports.filter(pl.col("unit") == "tiny-on × echo_often")["counts"][0])
    assert counts["documents"] == 200
    assert counts["output_tokens"] > 200
    assert counts["resumed"] == 0


def test_it_says_what_it_does(finished: Undisturbed) -> None:
    lines = finished.said.splitlines()
    assert lines[0].startswith("Due: 5 tasks of 2 models, expected to take ")
    assert lines[0].endswith(" one after another (a first guess).")
    assert sum(re.fullmatch(r"tiny-o[nf]+: loaded on cpu in \d+\.?\d* s\.", line) is not None for line in lines) == 2
    [on] = [line for line in lines if "tiny-on × echo_often" in line]
    assert re.fullmatch(r"\[\d/5\] tiny-on × echo_often: 200 documents, [\d.]+ (s|min \d+ s).*", on)
    assert re.fullmatch(r"5 done in [\d.]+ (s|min \d+ s)\.", lines[-1])
    assert len(lines) == 1 + 2 + 5 + 1


def test_nothing_that_waited_is_left(finished: Undisturbed) -> None:
    assert list((finished.night.folder / "data" / "partial").iterdir()) == []
    assert list((finished.night.folder / "data").rglob("*.unfinished")) == []


def test_the_engine_is_left_as_it_was(finished: Undisturbed) -> None:
    """The file can be opened, and holds no journal that a reader would have to recover."""
    engine = open_engine(finished.night.database_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_a_machine_without_any_network_runs_the_night(finished: Undisturbed) -> None:
    if not finished.night.offline:
        pytest.skip("this user may not make an empty network namespace")
    shown = subprocess.run([*WITHOUT_NETWORK, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True)
    assert [line.split(":")[0].strip() for line in shown.stdout.splitlines()[2:]] == ["lo"]
    assert "5 done" in finished.said


def test_the_next_night_finds_nothing_due_and_starts_no_child(finished: Undisturbed, tmp_path: Path) -> None:
    night = finished.night.copy(tmp_path / "night")
    sizes = {path: path.stat().st_size for path in (night.folder / "data" / "logs").iterdir()}
    status, said = night.run("nightly")
    assert status == 0
    assert re.fullmatch(r"Nothing was due \([\d.]+ s\)\.\n", said)
    assert {path: path.stat().st_size for path in sizes} == sizes
    assert night.content() == finished.content
    assert night.reports("nightly")["outcome"].to_list() == ["done", "done"]
    assert night.reports("benchmarks").height == 5


def test_a_benchmark_that_came_after_its_runs_gets_their_numbers_and_none_runs_again(
    finished: Undisturbed, tmp_path: Path
) -> None:
    night = finished.night.copy(tmp_path / "night")
    for table in ("gap", "sample", "metric"):
        night.query(f"DELETE FROM {table} WHERE benchmark_id = 'often'")
    status, said = night.run("nightly")
    assert status == 0
    assert re.fullmatch(
        r"2 kept runs gave numbers to benchmarks that are newer\.\nNothing was due \([\d.]+ s\)\.\n", said
    )
    assert night.content() == finished.content
    assert night.batches() == finished.batches


# -- what is chosen ---------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_the_plan_and_runs_nothing(tmp_path: Path, weights: Path) -> None:
    night = SmallNight(tmp_path / "night")
    server = '\n[[model]]\nid = "served"\nname = "Served"\nkind = "conventional"\nbackend = "server"\n'
    server += 'base_url = "http://[fe80::1]:9/v1"\nsuites = ["mini"]\n'
    night.write_catalog(weights, MODELS + MORE_MODELS + server, BENCHMARKS)
    status, said = night.run("nightly", "--dry-run")
    assert status == 0
    lines = [line.split() for line in said.splitlines()]
    assert ["tiny-on", "echo_digit", "never", "run", "cpu", "1.6", "s", "guess"] in lines
    assert [
        "large",
        "echo_digit",
        "never",
        "run",
        "64",
        "GPUs",
        "(not",
        "here)",
        "not",
        "known",
        "not",
        "known",
    ] in lines
    # Brackets in an address are text, not markup.
    assert any("http://[fe80::1]:9/v1" in line for line in lines)
    assert "Never run: tiny-on × pick_digit: A model cannot think on a log-likelihood task" in said
    assert "Never run: served × pick_digit: A chat server gives no log-likelihoods." in said
    assert night.query("SELECT * FROM run") == night.query("SELECT * FROM job_report") == []
    assert not (night.folder / "data" / "partial").exists()


def test_a_budget_skips_what_is_not_expected_to_fit_and_a_trial_counts_as_no_run(
    finished: Undisturbed, tmp_path: Path, weights: Path
) -> None:
    night = finished.night.copy(tmp_path / "night")
    night.query("UPDATE run SET seconds = 1e6 WHERE model_id = 'tiny-on'")
    # Changed settings make all of it due again, with what was learnt.
    changed = MODELS.replace("batch_size = 8", 'batch_size = 8\nsystem_prompt = "Say it."')
    night.write_catalog(weights, changed, BENCHMARKS)
    status, said = night.run("benchmarks", "--limit", "8", "--budget", "1h")
    assert status == 0
    assert re.search(r"tiny-on × echo_digit: skipped: It is expected to take 55 h 33 min, and 1 h 00 min of the", said)
    assert "tiny-on: loaded" not in said  # no model is loaded for nothing
    assert re.search(r"^2 done, 1 skipped in ", said, re.MULTILINE)
    runs = night.query("SELECT model_id, task FROM run WHERE status = 'limited' ORDER BY 2")
    assert runs == [("tiny-off", "echo_digit"), ("tiny-off", "pick_digit")]
    assert night.content()["gaps"] == finished.content["gaps"]  # "benchmarks" computes none, and a trial makes none
    outcomes = dict(night.reports().sort("started_at").select("unit", "outcome").iter_rows())
    assert outcomes["tiny-on × echo_digit"] == "skipped"
    assert night.reports("nightly").height == 1
    _, said = night.run("nightly", "--dry-run", "--only", "tiny-off")
    assert sorted(line.split()[:4] for line in said.splitlines()[1:3]) == [
        ["tiny-off", "echo_digit", "settings", "changed"],
        ["tiny-off", "pick_digit", "settings", "changed"],
    ]
    assert "tiny-on " not in said


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_each_failure_is_one_sentence_and_the_others_run(troubled: tuple[SmallNight, int, str]) -> None:
    night, status, said = troubled
    assert status == 1
    assert "Traceback" not in said
    errors = dict(night.reports().filter(pl.col("outcome") != "done").select("unit", "error").iter_rows())
    assert set(errors) == {
        *(f"lost × {task}" for task in ("echo_digit", "pick_digit", "echo_often", "echo_dying")),
        *(f"large × {task}" for task in ("echo_digit", "pick_digit", "echo_often", "echo_dying")),
        "tiny-off × echo_often",
        "tiny-off × echo_dying",
    }
    lost = "There is no folder /nowhere/at/all: correct `weights` of “lost” in models.toml."
    assert errors["lost × echo_digit"] == lost
    assert f"lost, 4 tasks: FAILED: {lost}\n" in said
    assert errors["large × echo_digit"].startswith("It needs 64 GPUs, and this machine has ")
    assert "large, 4 tasks: skipped: It needs 64 GPUs" in said
    assert "“echo_often” gives no exact_match,misspelt, the headline of “wrong”, but" in errors["tiny-off × echo_often"]
    assert sorted(run[:2] for run in night.content()["runs"]) == [
        ("tiny-off", "echo_digit"),
        ("tiny-off", "pick_digit"),
    ]
    assert re.search(r"^2 done, 6 failed, 4 skipped in .* list the failures\.$", said, re.MULTILINE)
    assert "[12/12]" in said
    outcomes = night.reports().group_by("outcome").len().sort("outcome").rows()
    assert outcomes == [("done", 2), ("failed", 6), ("skipped", 4)]
    assert night.children() == {}


def test_a_child_that_dies_again_and_again_is_given_up(troubled: tuple[SmallNight, int, str]) -> None:
    night, _, said = troubled
    assert said.count("tiny-off: its process was ended by signal 9; starting it again where it was.") == 2
    [error] = night.reports().filter(pl.col("unit") == "tiny-off × echo_dying")["error"]
    log = night.folder / "data" / "logs" / "tiny-off.log"
    assert error == (
        "The process of tiny-off was ended by signal 9 (the system may have run out of memory), 3 times; its output is"
        f" in {log}."
    )
    # Started again, it asks nothing again.
    assert night.batches() == 5 + 1 + 25 + 5


def test_status_lists_the_failures_as_they_were_reported(troubled: tuple[SmallNight, int, str]) -> None:
    night, _, _ = troubled
    status, said = night.run("status")
    assert status == 0
    assert "failed" in re.search(r"Last night: .*", said)[0]
    assert "  lost × echo_digit: failed: There is no folder /nowhere/at/all" in said
    assert "Runs:       2 local\n" in said
    assert "At work:    no night is running\n" in said


def test_a_run_whose_catalogue_entry_is_corrected_is_saved_from_disk(
    troubled: tuple[SmallNight, int, str], tmp_path: Path, weights: Path
) -> None:
    night = troubled[0].copy(tmp_path / "night")
    batches = night.batches()
    night.write_catalog(weights, benchmarks=BENCHMARKS + WRONG.replace("misspelt", "answer"))
    status, said = night.run("nightly", "--only", "tiny-off")
    assert status == 0, said
    assert said.startswith("1 finished run of an earlier night lay on disk and are saved now.\nNothing was due (")
    assert night.batches() == batches
    assert night.query("SELECT count(*) FROM sample WHERE benchmark_id = 'wrong'") == [(200,)]
    # The answers kept for another try are gone: a later run must be measured, not read back.
    assert [path.name for path in (night.folder / "data" / "partial").iterdir() if "often" in path.name] == []
