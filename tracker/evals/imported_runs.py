"""Runs, metrics and samples of an imported file as rows, under the benchmarks that the catalogue says they measure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.tables import Benchmark, Metric, Run, SampleRow
from tracker.catalog.entries import BenchmarkEntry, ModelEntry
from tracker.catalog.mentions import Mention, find
from tracker.evals.imported_results import Reading, TaskReading, leaves
from tracker.evals.imported_samples import SampleFile, sample_rows
from tracker.evals.imported_settings import plain, run_config
from tracker.evals.results import RunRows

ORIGIN = "imported"


@dataclass(frozen=True)
class Known:
    """What the catalogue says: who is who, and which benchmark is which metric of which task."""

    models: tuple[ModelEntry, ...] = ()
    benchmarks: tuple[BenchmarkEntry, ...] = ()

    def model_id(self, found: Mention) -> str:
        """The catalogued model that a mention means, else an id of its own."""
        entry = find(found, self.models)
        return found.model_id if entry is None else entry.id


def kind_of(settings: Mapping[str, Any]) -> str:
    """What sets some tasks apart from the others of their file, as part of a run's id."""
    words = [f"{settings['fewshot']}-shot" if "fewshot" in settings else "shots-unknown"]
    if settings.get("harness_default_limit"):
        words.append("default-limit")
    if settings.get("limit") is not None:
        words.append(f"limit-{settings['limit']}")
    return "-".join(words)


def run_row(
    sha256: str,
    kind: str,
    readings: Sequence[TaskReading],
    model_id: str,
    settings: dict[str, Any],
    environment: dict[str, Any],
) -> Run:
    inside = {part for reading in readings for part in reading.parts}
    tops = [reading for reading in readings if reading.task not in inside] or list(readings)
    limited = settings.get("limit") is not None or any(reading.limited for reading in readings)
    canonical = json.dumps(settings, sort_keys=True, ensure_ascii=False)
    return Run(
        id=f"{ORIGIN}/{sha256[:16]}" + (f"/{kind}" if kind else ""),
        model_id=model_id,
        task=tops[0].task if len(tops) == 1 else None,
        task_version=tops[0].version if len(tops) == 1 else None,
        origin=ORIGIN,
        status="limited" if limited else "complete",
        settings=settings,
        settings_hash=hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:16],
        environment=environment,
    )


def environment_of(data: Mapping[str, Any], readings: Sequence[TaskReading]) -> dict[str, Any]:
    """Where the numbers come from. `parts`: a group's tasks, which must not be counted beside it."""
    config = run_config(data)
    held = {key: data.get(key) for key in ("transformers_version", "git_hash")}
    held |= {key: config.get(key) for key in ("model_sha", "model_dtype", "model_num_parameters", "batch_size")}
    environment = {key: plain(value) for key, value in held.items() if value not in (None, "")}
    parts = {reading.task: list(reading.parts) for reading in readings if reading.parts}
    lower = {reading.task: list(reading.lower) for reading in readings if reading.lower}
    unusable = {reading.task: list(reading.unusable) for reading in readings if reading.unusable}
    named = {"parts": parts, "lower_is_better": lower, "unusable": unusable}
    return environment | {key: value for key, value in named.items() if value}


def run_rows(
    run: Run,
    readings: Sequence[TaskReading],
    known: Known,
    samples: Mapping[str, Sequence[SampleFile]],
    parts: Mapping[str, Sequence[str]],
    sampled: dict[str, int],
) -> tuple[RunRows, list[Benchmark]]:
    metrics: dict[tuple[str, str, str], Metric] = {}
    documents: list[SampleRow] = []
    uncatalogued: dict[str, Benchmark] = {}
    taken = {entry.id for entry in known.benchmarks}
    for reading in readings:
        values = {(one.metric, one.filter): one.value for one in reading.readings}
        below = [samples.get(leaf, ()) for leaf in leaves(reading.task, parts)]
        files = [file for held in below for file in held] if all(below) else []
        headlines = [
            (entry.id, entry.metric, entry.filter)
            for entry in known.benchmarks
            if entry.task == reading.task and _plausible(values.get((entry.metric, entry.filter)), entry.unit)
        ]
        if not headlines and values:
            own_id = f"lm-eval/{reading.task}" if reading.task in taken else reading.task
            pairs = {pair for file in files for pair in file.pairs()}
            metric, filter_ = pairs.pop() if len(pairs) == 1 else ("", "")
            headlines = [(own_id, metric, filter_)]
            unit = "points" if all(value > 1 for value in values.values()) else None
            row = Benchmark(id=own_id, name=reading.task, task=reading.task, unit=unit, catalogued=False)
            uncatalogued.setdefault(own_id, row)
        for benchmark_id, metric, filter_ in headlines:
            for one in reading.readings:
                key = (benchmark_id, one.metric, one.filter)
                metrics.setdefault(key, _metric(run.id, benchmark_id, reading, one))
            if files and metric:
                given = sample_rows(run.id, benchmark_id, metric, filter_, files, values.get((metric, filter_)))
                documents += given
                sampled[reading.task] = sampled.get(reading.task, 0) + len(given)
    rows = RunRows(run, list(metrics.values()), documents)
    run.environment = run.environment | {"rows_sha256": _digest(rows)}
    return rows, list(uncatalogued.values())


def _digest(rows: RunRows) -> str:
    """What tells whether parsing the same files anew gave anything else.

    The model is looked up apart, and a file is the same by another name.
    """
    columns = [column.name for column in Run.__table__.columns if column.name not in ("model_id", "files")]
    parts: list[Any] = [[getattr(rows.run, name) for name in columns], sorted(rows.run.files.values())]
    names = [column.name for column in Metric.__table__.columns]
    parts += [[getattr(metric, name) for name in names] for metric in rows.metrics]
    text = json.dumps([*parts, rows.samples], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _metric(run_id: str, benchmark_id: str, reading: TaskReading, one: Reading) -> Metric:
    return Metric(
        run_id=run_id,
        benchmark_id=benchmark_id,
        name=one.metric,
        filter=one.filter,
        value=one.value,
        stderr=one.stderr,
        n=one.n,
        task_version=reading.version,
        task_hash=reading.task_hash,
    )


def _plausible(value: float | None, unit: str) -> bool:
    """Whether a value can be one of this unit: percentages under the name of a fraction are another measure."""
    return value is not None and (unit != "fraction" or 0 <= value <= 1)
