"""From a finished run folder to the database; also what a killed night left there, or nobody asked for at the time."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from db.engine import RefusedRow
from db.queries import runs
from db.store import add_to_run, save_run
from jobs.progress import Watch
from jobs.report import Clock, report, sentence
from tracker.catalog.load import BenchmarkEntry, Catalog
from tracker.catalog.plan import Pair
from tracker.evals.results import Headline, ResultsError, RunRows, parse_run, read_headlines, read_run_folder
from tracker.evals.units import task_spec
from tracker.settings import Settings

log = logging.getLogger(__name__)

JOB = "benchmarks"
ASIDE = ".unreadable"


class Backfilled(NamedTuple):
    """How many runs gave numbers to how many benchmarks, counted for each run; why others did not, in sentences."""

    runs: int
    benchmarks: int
    refused: list[str]

    def counts(self) -> dict[str, Any]:
        """For the report. Raises ResultsError where anything was refused: what could be saved is saved by then."""
        if self.refused:
            log.warning("no numbers for new benchmarks:\n%s", "\n".join(self.refused))
            more = f" {len(self.refused) - 1:,} more like it are in the log." if len(self.refused) > 1 else ""
            raise ResultsError(self.refused[0] + more)
        return {"runs": self.runs, "benchmarks": self.benchmarks}


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
        wanted.setdefault(benchmark.task.replace("/", "_"), []).append(_headline(benchmark))
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


def backfill(engine: Engine, settings: Settings, catalog: Catalog) -> Backfilled:
    """Give benchmarks that were catalogued after their task had run the numbers of those runs, from the run folders.

    A run whose folder is not on this machine is left alone. So is one that never had the benchmark's metric, as an
    older version of the task may not have; where no run has it, the entry must be wrong and is among those refused.
    """
    wanted: dict[str, tuple[str, str, list[Headline]]] = {}
    for run_id, task, folder, benchmark_id in runs.unread(engine).iter_rows():
        entry = catalog.benchmarks.get(benchmark_id)
        if entry is not None and entry.task == task and (settings.data_dir / folder).is_dir():
            wanted.setdefault(run_id, (task, folder, []))[2].append(_headline(entry))
    refused: list[str] = []
    without: dict[str, str] = {}
    added = touched = 0
    for run_id, (task, folder, headlines) in wanted.items():
        try:
            path = settings.data_dir / folder
            there = read_headlines(path, task)
            for one in headlines:
                if f"{one.metric},{one.filter}" not in there:
                    without[one.benchmark_id] = _not_given(task, one, there)
            found = [one for one in headlines if f"{one.metric},{one.filter}" in there]
            if found:
                rows = _rows(settings, path, found)
                if rows.run.id != run_id:
                    raise ResultsError(f"{path} holds another run, {rows.run.id}.")
                new = add_to_run(engine, rows.run, rows.metrics, rows.samples)
                added += new
                touched += bool(new)
        except (ResultsError, RefusedRow) as error:
            refused.append(f"The run {run_id} gives no numbers for a new benchmark: {sentence(error)}")
    if without:
        known = set(runs.measured(engine))
        refused += [text for benchmark_id, text in sorted(without.items()) if benchmark_id not in known]
    return Backfilled(touched, added, refused)


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


def _headline(entry: BenchmarkEntry) -> Headline:
    return Headline(entry.id, entry.metric, entry.filter)


def _not_given(task: str, headline: Headline, there: set[str]) -> str:
    return (
        f"No run of “{task}” gives {headline.metric},{headline.filter}, the headline of “{headline.benchmark_id}”, but"
        f" {', '.join(sorted(there)) or 'no number at all'}: correct `metric` or `filter` in benchmarks.toml."
    )


def _counts(rows: RunRows) -> dict[str, Any]:
    return {
        "documents": max((metric.n or 0 for metric in rows.metrics), default=0),
        "output_tokens": rows.run.output_tokens,
        "truncated": rows.run.truncated,
        "resumed": rows.run.environment["resumed"],
        "seconds": None if rows.run.seconds is None else round(rows.run.seconds, 3),
    }
