"""What killed and stopped nights leave behind: nothing lost, nothing twice, and nothing stale."""

import os
import random
import re
import shutil
import signal
import time
from pathlib import Path

import polars as pl
import pytest

from tests.harness_setup import shared_model
from tests.killed_nights import OFTEN, Undisturbed, killed, shared_undisturbed
from tests.night_setup import BENCHMARKS, SmallNight, until


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Undisturbed:
    """One night that nobody disturbed; tests only read it, or copy it."""
    return shared_undisturbed(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("night") / "first", weights)


# Three of them: `python -m tests.killed_nights` kills as many as it is told to, and `make bench` twenty.
@pytest.mark.parametrize(("seed", "who"), [(1, "parent"), (3, "parent"), (4, "child")])
def test_a_night_killed_at_any_moment_ends_equal(
    finished: Undisturbed, tmp_path: Path, weights: Path, seed: int, who: str
) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights, benchmarks=BENCHMARKS + OFTEN)
    kill = killed(night, finished, who, random.Random(seed))
    assert 0 < kill.asked <= finished.batches
    assert kill.equal
    assert kill.again <= 1
    assert kill.starts == (1 if who == "child" else 2)
    resumed = night.query("SELECT seconds IS NULL FROM run WHERE json_extract(environment, '$.resumed') > 0")
    assert all(row == (1,) for row in resumed)  # how long it took in all is not known


def test_sigterm_and_ctrl_c_end_a_night_within_ten_seconds_and_it_goes_on_later(
    finished: Undisturbed, tmp_path: Path, weights: Path
) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights, benchmarks=BENCHMARKS + OFTEN)
    for number in (signal.SIGTERM, signal.SIGINT):
        asked = night.batches()
        process = night.start("nightly")
        until(lambda asked=asked: night.batches() > asked + 2)
        [environment] = [one for one in night.children().values() if one["CUDA_VISIBLE_DEVICES"] == ""][:1]
        assert environment["OMP_NUM_THREADS"] == "1"
        sent = time.monotonic()
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
        assert time.monotonic() - sent < 10
        assert process.returncode == 1
        assert night.children() == {}
        assert "Traceback" not in said
        assert re.search(r"interrupted in [\d.]+ .*\. Start it again, and it goes on from there\.$", said.strip())
        assert night.reports("nightly")["outcome"][0] == "interrupted"
        assert "Stopped; what was answered is kept, and the next night goes on from there." in night.reports()["error"]
    assert night.run("nightly")[0] == 0
    assert night.content() == finished.content
    assert night.batches() - finished.batches <= 2


def test_finished_runs_on_disk_are_saved_and_damaged_ones_set_aside(finished: Undisturbed, tmp_path: Path) -> None:
    night = finished.night.copy(tmp_path / "night")
    [(run_id, folder)] = night.query("SELECT id, folder FROM run WHERE task = 'echo_digit' AND model_id = 'tiny-on'")
    night.query("DELETE FROM gap")
    for table in ("metric", "sample"):
        night.query(f"DELETE FROM {table} WHERE run_id = '{run_id}'")
    night.query(f"DELETE FROM run WHERE id = '{run_id}'")
    whole = night.folder / "data" / str(folder)
    cut = shutil.copytree(whole, whole.with_name("20200101T000000.000001Z"))
    [samples] = cut.glob("samples_*")
    samples.write_bytes(samples.read_bytes()[:-7])
    foreign = whole.with_name("20200101T000000.000002Z")
    foreign.mkdir()
    (foreign / "results_x.json").write_text('{"results": {}, "tracker": {}}')
    unfinished = whole.with_name("20200101T000000.000003Z.unfinished")
    unfinished.mkdir()
    status, said = night.run("nightly")
    assert status == 0, said
    assert "Traceback" not in said
    assert "1 finished run of an earlier night lay on disk and are saved now." in said
    assert f"{cut} cannot be read" in said
    assert f"{foreign} does not hold what the harness writes" in said
    assert said.count("could not be saved") == 2
    assert sorted(path.name[:23] for path in whole.parent.glob("*.unreadable")) == [cut.name, foreign.name]
    assert not unfinished.exists()
    assert night.content() == finished.content
    failed = night.reports().filter(pl.col("outcome") == "failed")
    assert failed["unit"].sort().to_list() == [f"tiny-on/echo_digit/{one.name}" for one in (cut, foreign)]
    # Once is enough.
    status, said = night.run("nightly")
    assert (status, said.startswith("Nothing was due")) == (0, True)


def test_answers_a_saved_run_holds_already_are_not_served_to_the_next(finished: Undisturbed, tmp_path: Path) -> None:
    """Killed between saving a run and removing what waited for it, a night must not make the next run a copy."""
    night = finished.night.copy(tmp_path / "night")
    [(revision, hash_)] = night.query(
        "SELECT revision, settings_hash FROM run WHERE task = 'echo_digit' AND model_id = 'tiny-on'"
    )
    partial = night.folder / "data" / "partial" / f"tiny-on-echo_digit-{str(revision)[-16:]}-{hash_}"
    other = partial.with_name("tiny-on-echo_digit-of-other-weights-s")
    for folder in (partial, other):
        folder.mkdir()
        (folder / "requests.sqlite").write_bytes(b"")
        os.utime(folder / "requests.sqlite", (1_000_000_000, 1_000_000_000))
    assert night.run("nightly")[0] == 0
    assert not partial.exists()
    assert other.exists()
    partial.mkdir()
    (partial / "requests.sqlite").write_bytes(b"")  # newer than the run: what a killed repetition left
    assert night.run("nightly")[0] == 0
    assert partial.exists()
