"""A benchmark catalogued after its task had run gets the numbers of those runs from their folders, once and whole."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from sqlalchemy import Engine, text

from db.queries import runs, samples, scores
from db.store import save_catalog
from jobs.evidence import update_evidence
from jobs.saving import Backfilled, backfill, save_folder
from tests.lm_eval_files import benchmark, catalog, entry
from tests.test_db_store import everything
from tracker.catalog.entries import TwinEntry
from tracker.catalog.load import Catalog
from tracker.evals.results import Headline, ResultsError
from tracker.evals.run_folder import save_run_folder
from tracker.settings import Settings

NOW = datetime(2026, 3, 2, tzinfo=UTC)
STRICT = benchmark("strict", "adding", filter="strict")
LOOSE = benchmark("loose", "adding", filter="loose")
MODELS = (
    entry(
        "thinks",
        "reasoning",
        weights="made-up/tiny",
        max_output_tokens=64,
        chat_template_args={"enable_thinking": True},
    ),
    entry("direct", weights="made-up/tiny", chat_template_args={"enable_thinking": False}),
    TwinEntry(reasoning="thinks", conventional="direct", relation="same-weights", evidence="One checkpoint."),
)
BEFORE = catalog(STRICT, *MODELS)
AFTER = catalog(STRICT, LOOSE, *MODELS)
RIGHT = {
    "thinks": {"strict": [1, 1, 0, 0], "loose": [1, 1, 1, 0]},
    "direct": {"strict": [1, 0, 0, 0], "loose": [1, 1, 0, 0]},
}
FIRST = [Headline("strict", "exact_match", "strict")]
BOTH = [*FIRST, Headline("loose", "exact_match", "loose")]
DAMAGED = [
    b"",
    b"{",
    b"[]",
    b'{"tracker": {}, "results": {}}',
    b'{"tracker": 1, "results": {"adding": {"exact_match,loose": 1}}}',
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"TRACKER_DATA_DIR": str(tmp_path / "data")})


@pytest.fixture
def ran(engine: Engine, settings: Settings) -> Engine:
    """Both models have run the task, when only the strict reading of it was a benchmark; then the loose one came."""
    save_catalog(engine, *BEFORE.rows())
    for model_id in RIGHT:
        folder = write_run(settings, model_id)
        save_folder(engine, settings, folder, FIRST)
    save_catalog(engine, *AFTER.rows())
    return engine


def write_run(settings: Settings, model_id: str, task: str = "adding") -> Path:
    """A run folder as the harness writes it."""
    run_id = f"{model_id}/{task}/1"
    rows = [
        {"doc_id": doc, "doc_hash": f"h{doc}", "filter": name, "exact_match": score, "outputs": []}
        for name, marks in RIGHT[model_id].items()
        for doc, score in enumerate(marks)
    ]
    numbers: dict[str, Any] = {"alias": task}
    for name, marks in RIGHT[model_id].items():
        numbers |= {f"exact_match,{name}": sum(marks) / 4, f"exact_match_stderr,{name}": 0.25}
    about = {"run_id": run_id, "task": task, "model_id": model_id, "task_version": "1.0", "revision": "r1"}
    about |= {"settings": {"limit": None}, "settings_hash": "s1", "started_at": 1e9, "finished_at": 1e9 + 60}
    about |= {"batch_size": 8, "prompts_cut": 0, "resumed": 0, "device": "cpu", "output_tokens": 9, "truncated": 0}
    found = {"results": {task: numbers}, "n-samples": {task: {"effective": 4}}, "tracker": about}
    folder = settings.data_dir / "runs" / run_id
    save_run_folder(folder, found, {task: rows}, 1e9, default=str)
    return folder


def values(engine: Engine) -> dict[tuple[str, str], float]:
    frame = scores.headlines(engine)
    return {(row["model_id"], row["benchmark_id"]): row["value"] for row in frame.iter_rows(named=True)}


def estimates(engine: Engine, settings: Settings, using: Catalog) -> dict[str, Any]:
    """As a night computes them, which replays no past month."""
    quiet = Console(quiet=True)
    results = update_evidence(engine, settings, using, console=quiet, now=lambda: datetime.now(UTC), backtests=False)
    return {name: result.error or result.counts for name, result in results.items()}


def test_a_new_benchmark_of_a_task_that_has_run_gets_its_numbers_and_documents(ran: Engine, settings: Settings) -> None:
    assert set(values(ran)) == {("thinks", "strict"), ("direct", "strict")}
    assert backfill(ran, settings, AFTER) == Backfilled(2, 2, [])
    assert values(ran) == {
        ("thinks", "strict"): 0.5, ("direct", "strict"): 0.25, ("thinks", "loose"): 0.75, ("direct", "loose"): 0.5,
    }  # fmt: skip
    paired = samples.paired(ran, "thinks/adding/1", "direct/adding/1", "loose").sort("doc_hash")
    assert paired.select("reasoning", "conventional").rows() == [(1, 1), (1, 1), (1, 0), (0, 0)]


def test_it_is_what_a_run_saved_with_both_would_hold(ran: Engine, settings: Settings) -> None:
    backfill(ran, settings, AFTER)
    filled = everything(ran)
    with ran.begin() as connection:
        for table in ("sample", "metric", "run"):
            connection.execute(text(f"DELETE FROM {table}"))
    for model_id in RIGHT:
        save_folder(ran, settings, settings.data_dir / "runs" / model_id / "adding" / "1", BOTH)
    assert everything(ran) == filled
    assert len(filled["Sample"]) == 16


def test_a_second_time_changes_nothing(ran: Engine, settings: Settings) -> None:
    backfill(ran, settings, AFTER)
    before = everything(ran)
    assert backfill(ran, settings, AFTER) == Backfilled(0, 0, [])
    assert everything(ran) == before


def test_the_estimates_fill_first_and_then_compare(sqlite_engine: Engine, settings: Settings) -> None:
    save_catalog(sqlite_engine, *BEFORE.rows())
    for model_id in RIGHT:
        save_folder(
            sqlite_engine, settings, write_run(settings, model_id), [Headline("strict", "exact_match", "strict")]
        )
    save_catalog(sqlite_engine, *AFTER.rows())
    said = estimates(sqlite_engine, settings, AFTER)
    assert said["backfill"] == {"runs": 2, "benchmarks": 2}
    gaps = scores.gaps(sqlite_engine).filter(pl.col("origin") == "local").sort("benchmark_id")
    assert gaps.select("benchmark_id", "value", "paired").rows() == [("loose", 0.25, True), ("strict", 0.25, True)]
    assert runs.reports(sqlite_engine, "backfill")["outcome"].to_list() == ["done"]


def test_what_is_no_longer_on_disk_is_left_as_it_is(ran: Engine, settings: Settings) -> None:
    shutil.rmtree(settings.data_dir / "runs" / "thinks")
    assert backfill(ran, settings, AFTER) == Backfilled(1, 1, [])
    assert ("thinks", "loose") not in values(ran)


def test_files_that_are_not_those_of_the_stored_run_give_nothing(ran: Engine, settings: Settings) -> None:
    [results] = (settings.data_dir / "runs" / "thinks").rglob("results_*.json")
    results.write_text(results.read_text().replace("0.75", "0.95"))
    found = backfill(ran, settings, AFTER)
    assert (found.runs, found.benchmarks) == (1, 1)
    assert found.refused == [
        "The run thinks/adding/1 gives no numbers for a new benchmark: The files of the run thinks/adding/1 are not"
        " those that it was saved from."
    ]
    assert ("thinks", "loose") not in values(ran)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_folder_costs_only_itself(ran: Engine, settings: Settings, damage: bytes) -> None:
    [results] = (settings.data_dir / "runs" / "direct").rglob("results_*.json")
    results.write_bytes(damage)
    found = backfill(ran, settings, AFTER)
    assert (found.runs, len(found.refused)) == (1, 1)
    assert str(results.parent) in found.refused[0]
    with pytest.raises(ResultsError, match="gives no numbers"):
        found.counts()


def test_a_headline_that_no_run_has_is_a_mistake_in_the_catalogue(ran: Engine, settings: Settings) -> None:
    using = catalog(STRICT, benchmark("loose", "adding", filter="lose"), *MODELS)
    save_catalog(ran, *using.rows())
    before = everything(ran)
    sentence = (
        "No run of “adding” gives exact_match,lose, the headline of “loose”, but exact_match,loose, exact_match,strict:"
        " correct `metric` or `filter` in benchmarks.toml."
    )
    assert backfill(ran, settings, using) == Backfilled(0, 0, [sentence])
    assert everything(ran) == before


def test_a_headline_that_only_older_runs_lack_is_none(ran: Engine, settings: Settings) -> None:
    [results] = (settings.data_dir / "runs" / "thinks").rglob("results_*.json")
    held = json.loads(results.read_text())
    del held["results"]["adding"]["exact_match,loose"]
    results.write_text(json.dumps(held))
    assert backfill(ran, settings, AFTER) == Backfilled(1, 1, [])
