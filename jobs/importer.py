"""Takes one results file with its samples, or samples alone, to the database, and keeps the files as they came."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from db.engine import DatabaseError
from db.imports import save_imported
from db.queries import runs as run_queries
from db.queries.imports import stored_runs
from jobs.import_files import FoundFile, Unit
from jobs.raw_files import RawFiles, read_bytes
from jobs.report import sentence
from tracker.evals.imported import Imported, fit, parse_results, parse_samples, written_out
from tracker.evals.imported_runs import Known
from tracker.evals.imported_samples import SampleFile
from tracker.evals.imported_values import ImportedFileError

IMPORTED, CHANGED, UNCHANGED, ATTACHED, REFUSED = "imported", "changed", "unchanged", "attached", "refused"


@dataclass
class FileOutcome:
    """What became of one file; `outcome` is one of the five above. What a file gave is counted, new or not."""

    unit: str
    outcome: str
    runs: int = 0
    metrics: int = 0
    samples: int = 0
    notes: list[str] = field(default_factory=list)
    error: str | None = None

    def counts(self) -> dict[str, Any]:
        """For the report."""
        counted = {"outcome": self.outcome, "runs": self.runs, "metrics": self.metrics, "samples": self.samples}
        return counted | ({"notes": self.notes} if self.notes else {})


class Importer:
    """Imports unit after unit, knowing what is stored already."""

    def __init__(self, engine: Engine, raw: RawFiles, known: Known) -> None:
        self.engine, self.raw, self.known = engine, raw, known
        self.models: set[str] = set()
        frame = run_queries.runs(engine)
        self._local = set(frame.filter(frame["origin"] == "local")["run_id"])
        self._runs: dict[str, dict[str, str | None]] = {}
        self._files: dict[str, dict[str, str]] = {}
        for run in stored_runs(engine):
            self._runs.setdefault(_base(run.run_id), {})[run.run_id] = run.rows_sha256
            self._files[_base(run.run_id)] = run.files

    def take(self, unit: Unit) -> list[FileOutcome]:
        """Import a unit: what became of each of its files. Nothing that is wrong with one stops the others."""
        if unit.results is None:
            return [self._take_alone(found) for found in unit.samples]
        outcomes: list[FileOutcome] = []
        alone = unit.samples
        try:
            content = read_bytes(unit.results.path)
            listed = written_out(content, unit.results.name, unit.results.folder)
            if listed is not None:
                outcomes.append(self._save_alone(listed, unit.results.unit))
                self.raw.keep(content, unit.results.name, unit.results.folder)
            else:
                outcomes, alone = self._take_results(content, unit.results, unit.samples)
        except (ImportedFileError, OSError, DatabaseError) as error:
            outcomes = [_refused(unit.results, error)]
        return outcomes + [self._take_alone(found) for found in alone]

    def _take_results(
        self, content: bytes, found: FoundFile, beside: Sequence[FoundFile]
    ) -> tuple[list[FileOutcome], list[FoundFile]]:
        """What became of a results file and its samples; and the samples files that are not its own."""
        fitting: dict[str, tuple[SampleFile, FoundFile]] = {}
        refused: list[FileOutcome] = []
        strangers: list[FoundFile] = []
        for other in beside:
            try:
                samples = self.raw.keep_samples(other.path, other.name, other.folder)
            except (ImportedFileError, OSError) as error:
                refused.append(_refused(other, error))
                continue
            task, reason = fit(content, samples)
            if reason is None and task in fitting and fitting[task][0].sha256 != samples.sha256:
                reason = "another file holds the samples of this task"
            if reason is None and task is not None:
                fitting.setdefault(task, (samples, other))
            elif other.stamp is None:
                strangers.append(other)
            else:
                self._forget(samples.sha256)
                refused.append(_refused(other, ImportedFileError(f"it does not go with its results file: {reason}")))
        outcome, sampled = self._save_results(content, found, {task: held[0] for task, held in fitting.items()})
        attached = []
        for task, (samples, other) in fitting.items():
            rows = sampled.get(task, 0)
            outcome.samples -= rows
            notes = (
                [] if rows else [f"its {samples.size()} documents are kept, and no single score of them is a headline"]
            )
            what = UNCHANGED if outcome.outcome == UNCHANGED else ATTACHED
            attached.append(FileOutcome(other.unit, what, samples=rows, notes=notes))
        return [outcome, *attached, *refused], strangers

    def _save_results(
        self, content: bytes, found: FoundFile, samples: dict[str, SampleFile]
    ) -> tuple[FileOutcome, Mapping[str, int]]:
        """Save the runs of a results file; how many sample rows each task gave."""
        sha256 = hashlib.sha256(content).hexdigest()
        base = _base(f"imported/{sha256[:16]}")
        for other in self._files.get(base, {}).values():
            # Samples that came with an earlier import stay with the run.
            if other != sha256 and other not in {held.sha256 for held in samples.values()}:
                kept = self.raw.read_samples(other)
                task = fit(content, kept).task if kept is not None else None
                if kept is not None and task is not None:
                    samples.setdefault(task, kept)
        parsed = parse_results(content, found.name, self.known, {task: [held] for task, held in samples.items()})
        if parsed.own_run_id in self._local:
            for held in samples.values():
                self._forget(held.sha256)
            note = "a run made here, which is stored already"
            return FileOutcome(found.unit, UNCHANGED, notes=[note]), {}
        replaced = [_base(f"imported/{held.sha256[:16]}") for held in samples.values()]
        outcome = self._save(parsed, base, found.unit, replaced)
        self.raw.keep(content, found.name, found.folder)
        return outcome, parsed.sampled

    def _take_alone(self, found: FoundFile) -> FileOutcome:
        try:
            samples = self.raw.keep_samples(found.path, found.name, found.folder)
            try:
                return self._save_alone(samples, found.unit)
            except ImportedFileError:
                self._forget(samples.sha256)
                raise
        except (ImportedFileError, OSError, DatabaseError) as error:
            return _refused(found, error)

    def _save_alone(self, samples: SampleFile, unit: str) -> FileOutcome:
        base = _base(f"imported/{samples.sha256[:16]}")
        holder = next((run for run, files in self._files.items() if samples.sha256 in files.values()), base)
        if holder != base:
            return FileOutcome(unit, UNCHANGED, notes=["its results file was imported with it before"])
        return self._save(parse_samples(samples, self.known), base, unit, [])

    def _save(self, parsed: Imported, base: str, unit: str, replaced: Sequence[str]) -> FileOutcome:
        """Save what was parsed of a file in place of what is stored of it, unless that is the same."""
        outcome = FileOutcome(
            unit,
            IMPORTED,
            runs=len(parsed.runs),
            metrics=sum(len(rows.metrics) for rows in parsed.runs),
            samples=sum(len(rows.samples) for rows in parsed.runs),
            notes=parsed.notes,
        )
        self.models |= {rows.run.model_id for rows in parsed.runs}
        wanted = {rows.run.id: rows.run.environment["rows_sha256"] for rows in parsed.runs}
        stored = self._runs.get(base, {})
        gone = [run_id for other in replaced for run_id in self._runs.get(other, {})]
        if stored == wanted and not gone:
            outcome.outcome = UNCHANGED
            return outcome
        save_imported(self.engine, parsed.runs, parsed.models, parsed.benchmarks, instead_of=[*stored, *gone])
        outcome.outcome = CHANGED if stored else IMPORTED
        for other in replaced:
            self._runs.pop(other, None)
            self._files.pop(other, None)
        self._runs[base] = dict(wanted)
        self._files[base] = parsed.runs[0].run.files
        return outcome

    def _forget(self, sha256: str) -> None:
        """Drop a kept file that nothing stored rests on."""
        if not any(sha256 in files.values() for files in self._files.values()):
            self.raw.drop(sha256)


def _base(run_id: str) -> str:
    """What the runs of one file share of their ids."""
    return "/".join(run_id.split("/")[:2])


def _refused(found: FoundFile, error: Exception) -> FileOutcome:
    text = sentence(error)
    if isinstance(error, ImportedFileError):
        text = f"Not imported: {text}."
    elif isinstance(error, OSError):
        text = f"It cannot be read: {error.strerror or error}."
    return FileOutcome(found.unit, REFUSED, error=text)
