"""How long `run_estimates` takes cold and after one more run: `python -m tests.bench.estimates [--documents 1000]`.

The database holds the shipped evidence and 200 runs of our own: five twins on 20 benchmarks, every document stored.
Cold is the first call; then one more run is saved, and only what it touches should be computed.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

import tracker.catalog
from db.engine import migrate, open_engine
from db.store import save_catalog, save_gaps, save_run
from db.tables import Metric, Run, SampleRow
from jobs.estimates import run_estimates
from jobs.published import save_published
from tracker.catalog.load import BenchmarkEntry, Catalog, load_catalog
from tracker.stats.gaps import stderr

FOLDER = Path(tracker.catalog.__file__).parent
NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
TWINS, BENCHMARKS = 5, 20
MOST = 0.05


def chosen(catalog: Catalog) -> tuple[list[str], list[BenchmarkEntry]]:
    """The models of five twins that share none, and 20 benchmarks with a task each."""
    models: list[str] = []
    for twin in catalog.twins:
        pair = [twin.reasoning, twin.conventional]
        if not set(pair) & set(models) and not catalog.models[twin.reasoning].demonstration:
            models += pair
    tasks = {entry.task: entry for entry in catalog.benchmarks.values() if not entry.demonstration}
    return models[: 2 * TWINS], list(tasks.values())[:BENCHMARKS]


def save_one(
    engine: Engine, model: str, entry: BenchmarkEntry, documents: int, night: int, rng: np.random.Generator
) -> None:
    """One run with a score of 0 or 1 for every document."""
    run_id = f"{night:03}-{model}-{entry.id}"
    scores = (rng.random(documents) < 0.6).astype(float)
    run = Run(
        id=run_id,
        model_id=model,
        task=entry.task,
        origin="local",
        status="complete",
        finished_at=NIGHT + timedelta(days=night),
        settings={"limit": None, "generation": {}},
        settings_hash="",
        environment={},
        files={},
        truncated=0,
    )
    metric = Metric(
        run_id=run_id,
        benchmark_id=entry.id,
        name=entry.metric,
        filter=entry.filter,
        value=float(scores.mean()),
        stderr=stderr(scores),
        n=documents,
    )
    rows = [
        SampleRow(run_id, entry.id, doc, f"{doc * 2654435761:064x}", float(score), 200, False)
        for doc, score in enumerate(scores)
    ]
    assert save_run(engine, run, [metric], rows)


def filled(url: str, documents: int, rng: np.random.Generator) -> tuple[Engine, Catalog]:
    """A database with the shipped evidence and the 200 runs, and no gap yet."""
    engine = open_engine(url)
    migrate(engine)
    catalog = load_catalog(FOLDER)
    save_catalog(engine, *catalog.rows())
    save_published(engine, FOLDER)
    models, entries = chosen(catalog)
    for model in models:
        for entry in entries:
            save_one(engine, model, entry, documents, 0, rng)
    return engine, catalog


def measure(engine: Engine, catalog: Catalog, documents: int, rounds: int, rng: np.random.Generator) -> float:
    """Print the medians; the share of the cold time that a night with one more run takes."""
    now = NIGHT + timedelta(days=1000)
    seconds: dict[str, list[float]] = {"cold": [], "one more run": [], "nothing new": []}
    models, entries = chosen(catalog)
    for round_ in range(1, rounds + 1):
        save_gaps(engine, [])
        began = time.perf_counter()
        counts = run_estimates(engine, now=now)
        seconds["cold"].append(time.perf_counter() - began)
        save_one(engine, models[0], entries[round_ % BENCHMARKS], documents, round_, rng)
        for name in ("one more run", "nothing new"):
            began = time.perf_counter()
            counts = run_estimates(engine, now=now)
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    share = medians["one more run"] / medians["cold"]
    print(f"{counts['gaps']:,} gaps, {counts['paired']:,} of them over {documents:,} documents each")
    for name, value in medians.items():
        print(f"{name:<13} {value * 1000:>8,.0f} ms")
    print(f"one more run takes {share:.1%} of cold (target {MOST:.0%})")
    return share


def main() -> None:
    """Run it on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder:
        engine, catalog = filled(f"sqlite:///{Path(folder) / 'tracker.db'}", arguments.documents, rng)
        measure(engine, catalog, arguments.documents, arguments.rounds, rng)
        engine.dispose()


if __name__ == "__main__":
    main()
