"""From a finished run folder to the database; also those that a killed night left behind."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.queries import runs
from db.store import save_run
from jobs.progress import Watch
from jobs.report import Clock, report
from tracker.catalog.load import Catalog
from tracker.evals.results import Headline, ResultsError, parse_run, read_run_folder
from tracker.settings import Settings

JOB = "benchmarks"


def save_folder(engine: Engine, settings: Settings, folder: Path, wanted: Sequence[Headline]) -> dict[str, Any]:
    """Parse a run folder and save it in one transaction; counts for the report. Saving it again changes nothing."""
    rows = parse_run(read_run_folder(folder), wanted, str(folder.relative_to(settings.data_dir)))
    save_run(engine, rows.run, rows.metrics, rows.samples)
    return {
        "documents": max((metric.n or 0 for metric in rows.metrics), default=0),
        "output_tokens": rows.run.output_tokens,
        "truncated": rows.run.truncated,
        "seconds": round(rows.run.seconds or 0.0, 3),
    }


def adopt(engine: Engine, settings: Settings, catalog: Catalog, watch: Watch, *, now: Clock) -> int:
    """Save finished runs that a killed night left on disk but not in the database; how many."""
    wanted: dict[str, list[Headline]] = {}
    for benchmark in catalog.benchmarks.values():
        wanted.setdefault(benchmark.task, []).append(Headline(benchmark.id, benchmark.metric, benchmark.filter))
    root = settings.data_dir / "runs"
    known = set(runs.runs(engine)["run_id"])
    adopted = 0
    for folder in sorted(root.glob("*/*/*")):
        run_id = folder.relative_to(root).as_posix()
        if folder.suffix == ".unfinished":
            shutil.rmtree(folder, ignore_errors=True)
        elif run_id not in known and folder.is_dir() and folder.suffix != ".unreadable":
            try:
                save_folder(engine, settings, folder, wanted.get(folder.parent.name, []))
            except ResultsError as error:
                folder.rename(folder.with_name(folder.name + ".unreadable"))
                started = now()
                report(engine, JOB, run_id, started_at=started, finished_at=started, outcome="failed", error=str(error))
                watch.line(f"A run left on disk could not be saved: {error}")
            else:
                adopted += 1
    return adopted
