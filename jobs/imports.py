"""`python -m jobs import` and `reparse`: somebody's lm-eval files, found, paired, parsed and saved, each reported."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from db.imports import move_runs
from db.queries.imports import stored_runs
from db.tables import Model
from jobs.import_files import FoundFile, Unit, find_files, pair
from jobs.importer import REFUSED, UNCHANGED, FileOutcome, Importer
from jobs.raw_files import RawFiles
from jobs.report import Clock, attempt, report
from tracker.catalog.load import Catalog
from tracker.evals.imported import mention_of
from tracker.evals.imported_runs import Known

JOB = "import"
MODELS_NAMED = 12


class Result(NamedTuple):
    """What an import did: every file's outcome, the models its runs are of, and how many runs changed their model."""

    outcomes: list[FileOutcome]
    models: set[str]
    relinked: int


def run_import(
    engine: Engine, data_dir: Path, catalog: Catalog, paths: Iterable[Path], *, console: Console, now: Clock
) -> Result:
    """Import every lm-eval file at these paths. Files imported before change nothing, wherever they lie now.

    Raises FileNotFoundError for a path that is not there, before anything is imported.
    """
    units = pair(find_files(paths))
    bring_up_to_date(engine, data_dir, catalog, console=console, now=now)
    return _run(engine, data_dir, catalog, units, job=JOB, console=console, now=now)


def run_reparse(engine: Engine, data_dir: Path, catalog: Catalog, *, console: Console, now: Clock) -> Result:
    """Parse every kept file again, with the parser and the catalogue of today; only what comes out anew is written."""
    raw = RawFiles(data_dir / "imported")
    found = [FoundFile(kept.path, kept.name, kept.folder, kept.name, kept.is_samples) for kept in raw.all()]
    result = _run(engine, data_dir, catalog, pair(found), job="reparse", console=console, now=now)
    return result


def bring_up_to_date(engine: Engine, data_dir: Path, catalog: Catalog, *, console: Console, now: Clock) -> int:
    """Let imported runs follow the catalogue: their models, and which metric is which benchmark. For before estimates.

    Models are looked up anew each time. Files are parsed again only when a benchmark has changed since the last time.
    How many runs changed their model.
    """
    raw = RawFiles(data_dir / "imported")
    stamp = raw.folder / "benchmarks.sha256"
    current = _benchmarks_hash(catalog)
    if not stamp.exists() or stamp.read_text() != current:
        if raw.all():
            console.print("The catalogue's benchmarks have changed: imported files are read again.", highlight=False)
            run_reparse(engine, data_dir, catalog, console=Console(quiet=True), now=now)
        raw.folder.mkdir(parents=True, exist_ok=True)
        stamp.write_text(current)
    return relink_models(engine, _known(catalog))


def relink_models(engine: Engine, known: Known) -> int:
    """Give imported runs to the models that the catalogue says they are of, or no longer are; how many changed hands.

    Nothing is imported again for it. Call it before `run_estimates`.
    """
    moves: dict[str, list[str]] = {}
    models = {}
    for run in stored_runs(engine):
        if not run.settings.get("model"):
            continue
        found = mention_of(run.settings)
        model_id = known.model_id(found)
        if model_id != run.model_id:
            moves.setdefault(model_id, []).append(run.run_id)
            models[model_id] = Model(id=model_id, name=found.label, catalogued=False)
    if moves:
        move_runs(engine, moves, models.values())
    return sum(map(len, moves.values()))


def summary(result: Result, names: dict[str, str]) -> list[str]:
    """What to tell the person. `names` are the models of unknown kind, by id."""
    tally = Counter(outcome.outcome for outcome in result.outcomes)
    said = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(tally.items())) or "nothing to import"
    runs, metrics, samples = (
        sum(getattr(outcome, key) for outcome in result.outcomes) for key in ("runs", "metrics", "samples")
    )
    lines = [
        f"{len(result.outcomes):,} files: {said}. They hold {runs:,} runs, {metrics:,} metrics, {samples:,} samples."
    ]
    if result.relinked:
        lines.append(f"{result.relinked:,} imported runs belong to another model now, as the catalogue says.")
    unknown = sorted(names[model] for model in result.models if model in names)
    if unknown:
        listed = ", ".join(unknown[:MODELS_NAMED]) + (
            f" and {len(unknown) - MODELS_NAMED} more" * (len(unknown) > MODELS_NAMED)
        )
        lines.append(f"Kind unknown: {listed}.")
        lines.append("Their runs are kept, and compared with nothing until models.toml says what they are:")
        lines.append("`python -m jobs catalogue` prints blocks to paste.")
    return lines


def _run(
    engine: Engine,
    data_dir: Path,
    catalog: Catalog,
    units: Sequence[Unit],
    *,
    job: str,
    console: Console,
    now: Clock,
) -> Result:
    importer = Importer(engine, RawFiles(data_dir / "imported"), _known(catalog))
    outcomes: list[FileOutcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(job, total=sum(len(unit.samples) + (unit.results is not None) for unit in units))
        for unit in units:
            for outcome in _take(importer, unit, job, now):
                outcomes.append(outcome)
                _say(progress.console, outcome)
                progress.advance(bar)
    relinked = relink_models(engine, _known(catalog))
    return Result(outcomes, importer.models, relinked)


def _take(importer: Importer, unit: Unit, job: str, now: Clock) -> list[FileOutcome]:
    """One unit, with a report for each of its files whatever happens."""
    first = unit.results or unit.samples[0]
    started = now()
    outcomes: list[FileOutcome] = []

    def work() -> dict[str, object]:
        outcomes.extend(importer.take(unit))
        return next((one.counts() for one in outcomes if one.unit == first.unit), {})

    result = attempt(importer.engine, job, first.unit, work, now=_starting(started, now))
    if result.error is not None:
        return [FileOutcome(first.unit, REFUSED, error=f"Not imported: {result.error}")]
    for outcome in outcomes:
        if outcome.unit != first.unit or outcome.error:
            report(
                importer.engine,
                job,
                outcome.unit,
                started_at=started,
                finished_at=now(),
                outcome="failed" if outcome.error else "done",
                counts=outcome.counts(),
                error=outcome.error,
            )
    return outcomes


def _say(console: Console, outcome: FileOutcome) -> None:
    """A line for a file that a person should know about; names in files are shown as text, never as markup."""
    texts = [outcome.error] if outcome.error else outcome.notes if outcome.outcome != UNCHANGED else []
    for text in texts:
        console.print(escape(f"{outcome.unit}: {text}"), highlight=False, soft_wrap=True)


def _starting(started: datetime, now: Clock) -> Clock:
    """A clock whose first reading is when the unit started, so that all its reports have one start."""
    first = [started]
    return lambda: first.pop() if first else now()


def _known(catalog: Catalog) -> Known:
    return Known(tuple(catalog.models.values()), tuple(catalog.benchmarks.values()))


def _benchmarks_hash(catalog: Catalog) -> str:
    listed = [(entry.id, entry.task, entry.metric, entry.filter, entry.unit) for entry in catalog.benchmarks.values()]
    return hashlib.sha256(json.dumps(sorted(listed)).encode()).hexdigest()
