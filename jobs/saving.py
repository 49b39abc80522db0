"""From a finished run folder to the database; also those that a killed night left behind."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.engine import RefusedRow
from db.queries import runs
from db.store import save_run
from jobs.progress import Watch
from jobs.report import Clock, report, sentence
from tracker.catalog.load import Catalog
from tracker.catalog.plan import Pair
from tracker.evals.results import Headline, ResultsError, RunRows, parse_run, read_run_folder
from tracker.evals.units import task_spec
from tracker.settings import Settings

JOB = "benchmarks"
ASIDE = ".unreadable"


def save_folder(engine: Engine, settings: Settings, folder: Path, wanted: Sequence[Headline]) -> dict[str, Any]:
    """Parse a run folder and save it in one transaction; counts for the report. Saving it again changes nothing."""
    rows = _rows(settings, folder, wanted)
    save_run(engine, rows.run, rows.metrics, rows.samples)
    return _counts(rows)


def adopt(engine: Engine, settings: Settings, catalog: Catalog, watch: Watch, *, now: Clock) -> int:
    """Save finished runs that a killed night left on disk but not in the database; how many.

    One that cannot be saved, now or ever, is moved aside, so that it is reported once and its task runs again.
    """
    wanted: dict[str, list[Headline]] = {}
    for benchmark in catalog.benchmarks.values():
        headline = Headline(benchmark.id, benchmark.metric, benchmark.filter)
        wanted.setdefault(benchmark.task.replace("/", "_"), []).append(headline)
    root = settings.data_dir / "runs"
    known = set(runs.runs(engine)["run_id"])
    adopted = 0
    for folder in sorted(root.glob("*/*/*")):
        run_id = folder.relative_to(root).as_posix()
        if folder.suffix == ".unfinished":
            shutil.rmtree(folder, ignore_errors=True)
            continue
        if run_id in known or not folder.is_dir() or folder.suffix == ASIDE:
            continue
        try:
            rows = _rows(settings, folder, wanted.get(folder.parent.name, []))
            save_run(engine, rows.run, rows.metrics, rows.samples)
        except (ResultsError, RefusedRow) as error:
            aside = folder.with_name(folder.name + ASIDE)
            folder.rename(aside)
            text = f"A run left on disk could not be saved: {sentence(error)} It was moved aside, to {aside}."
            report(engine, JOB, run_id, started_at=now(), finished_at=now(), outcome="failed", error=text)
            watch.line(text)
        else:
            name = f"{rows.run.model_id} × {rows.run.task}"
            started, finished = rows.run.started_at or now(), rows.run.finished_at
            report(engine, JOB, name, started_at=started, finished_at=finished, outcome="done", counts=_counts(rows))
            adopted += 1
    return adopted


def drop_answered(engine: Engine, settings: Settings, chosen: Sequence[Pair]) -> None:
    """Remove kept answers that a saved run holds already: a later run would be served them, and measure nothing.

    They are left when a night dies between saving a run and removing them, and when a run is adopted.
    """
    finished = {
        (row["model_id"], row["task"], row["revision"], row["settings_hash"]): row["finished_at"]
        for row in runs.finished(engine).sort("finished_at").iter_rows(named=True)
    }
    for pair in chosen:
        saved_at = finished.get((pair.model.id, pair.task, pair.revision, pair.settings_hash))
        partial = Path(task_spec(pair, run_id="", data_dir=settings.data_dir, include_paths=()).partial)
        written = [path.stat().st_mtime for path in partial.glob("*.sqlite*")]
        if saved_at is not None and written and max(written) <= saved_at.timestamp():
            shutil.rmtree(partial, ignore_errors=True)


def _rows(settings: Settings, folder: Path, wanted: Sequence[Headline]) -> RunRows:
    """Parsed; a run that went on from kept answers has no `seconds`: what it took in all is not known."""
    try:
        rows = parse_run(read_run_folder(folder), wanted, str(folder.relative_to(settings.data_dir)))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ResultsError(
            f"{folder} does not hold what the harness writes ({type(error).__name__}: {error})."
        ) from error
    if rows.run.environment["resumed"]:
        rows.run.seconds = None
    return rows


def _counts(rows: RunRows) -> dict[str, Any]:
    return {
        "documents": max((metric.n or 0 for metric in rows.metrics), default=0),
        "output_tokens": rows.run.output_tokens,
        "truncated": rows.run.truncated,
        "resumed": rows.run.environment["resumed"],
        "seconds": None if rows.run.seconds is None else round(rows.run.seconds, 3),
    }
