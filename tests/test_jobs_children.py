"""The children of a night: the devices and the environment they get, and how they are ended or given up."""

import os
import re
import signal
import threading
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from queue import SimpleQueue

import pytest
from rich.console import Console
from sqlalchemy import Engine

from jobs.benchmarks import Night
from jobs.executors.local import Child, end
from jobs.nightly import Wish, due_units, open_all
from jobs.progress import Watch
from jobs.slots import Gpu, Slots
from jobs.units import plan
from jobs.work import Work, child_environment
from tests.harness_setup import shared_model
from tests.night_setup import BENCHMARKS, MODELS, SmallNight, until
from tracker.catalog.load import load_catalog
from tracker.settings import EMBEDDED_CATALOG, Settings

LARGE = """
[[model]]
id = "large"
name = "Needs two"
kind = "conventional"
weights = "lab/large"
gpus = 2
suites = ["mini"]
"""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


def test_two_models_on_two_gpus_get_one_each_and_never_the_processor(tmp_path: Path, weights: Path) -> None:
    """The devices are made up, the children are real: torch sees none, which must be said, not worked around."""
    night = SmallNight(tmp_path / "night")
    models = MODELS.partition("[[twin]]")[0].replace("gpus = 0", "gpus = 1")
    night.write_catalog(weights, models, BENCHMARKS.partition('[[benchmark]]\nid = "pick"')[0])
    settings = Settings.from_environment(night.environment)
    engine, catalog = open_all(settings)
    seen: dict[int, dict[str, str]] = {}
    finished = threading.Event()

    def look() -> None:
        while not finished.wait(0.05):
            for pid, environment in night.children().items():
                seen.setdefault(pid, environment)

    watching = threading.Thread(target=look)
    watching.start()
    said = StringIO()
    with Watch(Console(file=said, width=200)) as watch:
        units = due_units(engine, catalog, Wish("mini"), now=now)
        slots = Slots([Gpu(0, "made up"), Gpu(1, "made up")])
        watch.expect(2)
        tally = Night(engine, settings, slots, watch, environment=night.environment, now=now).run(units)
    finished.set()
    watching.join()
    engine.dispose()
    assert tally == {"done": 0, "failed": 2, "skipped": 0, "interrupted": 0}
    assert sorted(one["CUDA_VISIBLE_DEVICES"] for one in seen.values()) == ["0", "1"]
    assert {one["CUDA_DEVICE_ORDER"] for one in seen.values()} == {"PCI_BUS_ID"}
    for error in night.reports()["error"]:
        assert re.match(r"“tiny-o[nf]+” asks for 1 GPU and torch .* sees none: install a CUDA build", error)
    assert slots.take(gpus=2, server=None) == ("0", "1")
    assert night.children() == {}


def test_children_get_the_network_and_threads_they_need(sqlite_engine: Engine, tmp_path: Path, weights: Path) -> None:
    def environment(folder: Path, suite: str, model: str, given: dict[str, str]) -> dict[str, str]:
        units = plan(sqlite_engine, load_catalog(folder), suite=suite, now=now())
        [unit] = [unit for unit in units if unit.model_id == model]
        return child_environment(unit, ("0", "2"), given, embedded={"embedded_facts", *embedded})

    tasks = load_catalog(EMBEDDED_CATALOG).benchmarks.values()
    embedded = {one.task for one in tasks if "embedded" in one.suites}
    inner = environment(EMBEDDED_CATALOG, "embedded", "toy-direct", {"A": "b"})
    assert inner["HF_HUB_OFFLINE"] == inner["HF_DATASETS_OFFLINE"] == inner["OMP_NUM_THREADS"] == "1"
    assert (inner["CUDA_VISIBLE_DEVICES"], inner["A"]) == ("", "b")
    assert environment(EMBEDDED_CATALOG, "embedded", "toy-direct", {"OMP_NUM_THREADS": "4"})["OMP_NUM_THREADS"] == "4"
    night = SmallNight(tmp_path / "night")
    large = MODELS.replace("parameters = 100_000", "parameters = 8_000_000_000")
    night.write_catalog(weights, large + LARGE)
    own = environment(night.folder / "catalog", "mini", "tiny-off", {})
    # Own tasks may read data sets from the hub, and a large model is worth every core.
    assert not {"HF_HUB_OFFLINE", "OMP_NUM_THREADS"} & set(own)
    gpus = environment(night.folder / "catalog", "mini", "large", {"CUDA_VISIBLE_DEVICES": "7"})
    assert gpus["CUDA_VISIBLE_DEVICES"] == "0,2"


def test_a_child_that_ignores_sigterm_ends_with_all_it_started(tmp_path: Path) -> None:
    """The program in the harness's place starts another one, and both ignore SIGTERM."""
    package = tmp_path / "first" / "sitecustomize.py"
    package.parent.mkdir()
    package.write_text(
        "import os, signal, sys, time\n"
        "if 'tracker.evals.harness' in sys.orig_argv and 'STUBBORN' in os.environ:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print('a library prints this', flush=True)\n"
        "    other = os.fork()\n"
        "    if other:\n"
        '        print(\'{"kind": "ready", "other": %d}\' % other, flush=True)\n'
        "    time.sleep(60)\n"
    )
    events: SimpleQueue = SimpleQueue()
    environment = os.environ | {"STUBBORN": "1", "PYTHONPATH": str(package.parent)}
    child = Child(environment, tmp_path / "log", events)
    ready = events.get(timeout=30).message
    assert ready["kind"] == "ready"
    end([child], grace=0.2)
    assert events.get(timeout=10).message == {"kind": "exit", "code": -signal.SIGKILL}
    until(lambda: not alive(ready["other"]))
    assert "a library prints this" in (tmp_path / "log").read_text()
    child.send("load", nothing=1)  # to nobody: no error


def alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_child_that_gets_on_between_its_deaths_is_not_given_up(
    sqlite_engine: Engine, tmp_path: Path, weights: Path
) -> None:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(weights)
    [unit, _] = plan(sqlite_engine, load_catalog(night.folder / "catalog"), suite="mini", now=now())
    work = Work(unit, ("cpu",), None, list(unit.tasks), tmp_path / "log")
    assert [work.died() for _ in range(3)] == [True, True, False]  # while it loads
    work.begin(unit.tasks[0], now())
    run_id = work.run_id
    for done in (8, 16, 24, 32):
        work.done = done
        assert work.died()
    # Started again, it finds 32 answers kept: that is no progress.
    assert [work.died() for _ in range(2)] == [True, False]
    assert work.run_id == run_id
    work.leave()
    assert work.died()
