"""A small night with a real model: a catalogue of one tiny model in two modes, and what its database should hold."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from db.engine import open_engine
from db.queries import runs
from tests.harness_setup import TASKS
from tracker.settings import EMBEDDED_CATALOG

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")

MODELS = """
[[model]]
id = "tiny-on"
name = "Tiny, thinking"
kind = "reasoning"
weights = "{weights}"
local = true
gpus = 0
dtype = "float32"
max_output_tokens = 40
batch_size = 8
parameters = 100_000
suites = ["mini"]

[[model]]
id = "tiny-off"
name = "Tiny, not thinking"
kind = "conventional"
weights = "{weights}"
local = true
gpus = 0
dtype = "float32"
chat_template_args = {{ enable_thinking = false }}
batch_size = 8
parameters = 100_000
suites = ["mini"]

[[twin]]
reasoning = "tiny-on"
conventional = "tiny-off"
relation = "same-weights"
evidence = "One folder."
"""

BENCHMARKS = """
[[benchmark]]
id = "echo"
name = "Echo a digit"
task = "echo_digit"
metric = "exact_match"
filter = "answer"
capability = "reasoning"
grading = "verifiable"
output = "generate"
task_version = "1.0"
documents = 40
suites = ["mini"]

[[benchmark]]
id = "pick"
name = "Pick a digit"
task = "pick_digit"
metric = "acc"
filter = "none"
capability = "reasoning"
grading = "verifiable"
output = "loglikelihood"
task_version = "1.0"
documents = 40
suites = ["mini"]
"""


@dataclass(frozen=True)
class SmallNight:
    """A data folder and a catalogue of its own; `offline` runs it where there is no network at all."""

    folder: Path
    embedded: bool = False
    offline: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "TRACKER_DATA_DIR": str(self.folder / "data"),
            "TRACKER_DATABASE_URL": "",
            "TRACKER_CATALOG_DIR": "" if self.embedded else str(self.folder / "catalog"),
            "TRACKER_TASKS_DIR": "" if self.embedded else str(TASKS),
            "TRACKER_SUITE": "embedded" if self.embedded else "mini",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            **self.more,
        }

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'tracker.db'}"

    def write_catalog(self, weights: Path, models: str = MODELS, benchmarks: str = BENCHMARKS) -> None:
        catalog = self.folder / "catalog"
        catalog.mkdir(parents=True, exist_ok=True)
        (catalog / "models.toml").write_text(models.format(weights=weights), encoding="utf-8")
        (catalog / "benchmarks.toml").write_text(benchmarks, encoding="utf-8")
        # Nobody has published anything of these models: what a night leaves is its own work alone.
        shutil.copy(EMBEDDED_CATALOG / "capabilities.toml", catalog)
        (catalog / "published.toml").write_text("", encoding="utf-8")
        for name in ("published.csv", "published_arena.csv"):
            with (EMBEDDED_CATALOG / name).open(encoding="utf-8") as shipped:
                (catalog / name).write_text(shipped.readline(), encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*(WITHOUT_NETWORK if self.offline else ()), sys.executable, "-m", "jobs", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit status and what was said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=180)
        return process.returncode, said

    def copy(self, folder: Path) -> "SmallNight":
        """The same night's data and catalogue in another folder."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement on the SQLite file."""
        with closing(sqlite3.connect(self.folder / "data" / "tracker.db")) as database, database:
            return list(database.execute(statement))

    def batches(self) -> int:
        """How many batches the models were asked, over all starts, as the harness logs them before each."""
        logs = (self.folder / "data" / "logs").glob("*.log")
        return sum(path.read_text(errors="replace").count("tracker asks the model") for path in logs)

    def children(self) -> dict[int, dict[str, str]]:
        """The harness processes at work in this folder, wherever they hang: their environment by process id."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                if b"tracker.evals.harness" not in (path / "cmdline").read_bytes():
                    continue
                lines = (path / "environ").read_bytes().decode(errors="replace").split("\0")
                environment = dict(line.split("=", 1) for line in lines if "=" in line)
                if environment.get("TRACKER_DATA_DIR") == self.environment["TRACKER_DATA_DIR"]:
                    found[int(path.name)] = environment
        return found

    def reports(self, job: str | None = "benchmarks") -> pl.DataFrame:
        engine = open_engine(self.database_url)
        try:
            return runs.reports(engine, job)
        finally:
            engine.dispose()

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything measured, without run ids, times and speeds: equal for a killed night and an undisturbed one."""
        queries = {
            "runs": "SELECT model_id, task, task_version, revision, status, device, settings, settings_hash,"
            " output_tokens, truncated FROM run",
            "metrics": "SELECT r.model_id, m.benchmark_id, m.name, m.filter, m.value, m.stderr, m.n, m.task_hash"
            " FROM metric m JOIN run r ON r.id = m.run_id",
            "samples": "SELECT r.model_id, s.benchmark_id, s.doc, s.doc_hash, s.score, s.output_tokens, s.truncated"
            " FROM sample s JOIN run r ON r.id = s.run_id",
            "gaps": "SELECT reasoning_id, conventional_id, benchmark_id, value, stderr, n, paired, log_odds, flags"
            " FROM gap",
        }
        return {name: sorted(self.query(query), key=repr) for name, query in queries.items()}


def without_network() -> bool:
    """Whether this user may run a night where there is no network at all."""
    return subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0


def until(true: Callable[[], object], seconds: float = 180.0) -> None:
    """Wait until something is so; fails when it does not become so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
