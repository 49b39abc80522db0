"""Somebody else's lm-eval files → rows of runs with origin "imported". Pure: bytes in, rows out.

A file is one run, or several where its tasks were not asked alike (other shots, another output limit): the settings of
a run hold for all that is in it. A run's id comes from the file's bytes alone, so the same file is the same run
wherever it lies and whatever it is called.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from db.tables import Benchmark, Model
from tracker.catalog.mentions import Mention, find, mention
from tracker.evals.imported_results import Reading, TaskReading, check, read_tasks, read_times
from tracker.evals.imported_runs import Known, environment_of, kind_of, run_row, run_rows
from tracker.evals.imported_samples import SampleFile, read_name, same_mean, sample_file
from tracker.evals.imported_settings import clean, find_mention, plain, run_config, run_settings
from tracker.evals.imported_values import ImportedFileError, count, read_json, section
from tracker.evals.results import RunRows
from tracker.stats.gaps import mean, stderr

NOT_NAMED = "file:"
# Their value for one document is a log-likelihood: its mean is not what the name says.
NOT_MEANS = ("perplexity", "ppl", "bits_per_byte")


class Imported(NamedTuple):
    """The rows of one file. `models`, `benchmarks`: those that no entry of the catalogue stands for, so far.

    `own_run_id`: the run's id where our own harness made it. `sampled`: how many sample rows a task's samples gave.
    """

    runs: list[RunRows]
    models: list[Model]
    benchmarks: list[Benchmark]
    notes: list[str]
    own_run_id: str | None = None
    sampled: Mapping[str, int] = {}


class Fit(NamedTuple):
    """Whether a samples file belongs to a results file. `task`: its task there; `reason`: why it does not."""

    task: str | None
    reason: str | None


def parse_results(
    content: bytes, name: str, known: Known, samples: Mapping[str, Sequence[SampleFile]] | None = None
) -> Imported:
    """The rows of a results file, with those of samples files found to `fit` it, by task.

    Raises ImportedFileError for anything that lm-eval did not write, or did not write to its end.
    """
    try:
        data = check(read_json(content))
        return _results(data, content, name, known, samples or {})
    except RecursionError:
        raise ImportedFileError("it is nested too deeply") from None


def fit(content: bytes, samples: SampleFile) -> Fit:
    """Whether these are the samples behind a results file: by lm-eval's hash of them all, else by count and mean."""
    tasks = {reading.task: reading for reading in read_tasks(check(read_json(content)))}
    said = read_name(samples.name, samples.folder)
    stem = (said.task or "").removesuffix(".jsonl")
    task = said.task if said.task in tasks else max((t for t in tasks if stem.endswith(f"_{t}")), key=len, default=None)
    if task is None:
        return Fit(None, "the results file has no such task")
    reading = tasks[task]
    if reading.task_hash and samples.task_hash:
        same = reading.task_hash == samples.task_hash
        return Fit(task, None) if same else Fit(None, "its documents are not those of the results file")
    if reading.documents() not in (None, samples.size()):
        return Fit(None, f"it has {samples.size()} documents, the results file counts {reading.documents()}")
    scores = samples.scores()
    for one in reading.readings:
        values = [score for score in scores.get((one.metric, one.filter), []) if score is not None]
        if same_mean(values, one.value):
            return Fit(task, None)
    return Fit(None, "no mean of its scores is a value in the results file")


def parse_samples(file: SampleFile, known: Known) -> Imported:
    """A run from a samples file that lies beside no results: means over its documents, with their standard errors."""
    said = read_name(file.name, file.folder)
    task = clean(said.task) if said.task else "unknown"
    found = Mention(NOT_NAMED + file.sha256[:16], hint=said.model)
    readings = []
    for (metric, filter_), scores in file.scores().items():
        values = [score for score in scores if score is not None]
        if metric.lower().endswith(NOT_MEANS) or len(values) < len(scores):
            continue
        readings.append(Reading(metric, filter_, float(mean(values) or 0.0), stderr(values), len(values)))
    if not readings:
        raise ImportedFileError("no metric in it is a number for every document")
    reading = TaskReading(task, tuple(readings), {}, None, None, file.task_hash)
    settings: dict[str, Any] = {"model": found.name, "revision": None, "arguments": {}, "model_hint": said.model}
    environment = {"computed": "Means and standard errors were computed here, from the samples alone."}
    run = run_row(file.sha256, "", [reading], known.model_id(found), settings, environment)
    run.status = "limited"
    run.files = {clean(file.name): file.sha256}
    rows, benchmarks = run_rows(run, [reading], known, {task: [file]}, {}, {})
    notes = [
        "no results file beside it: its means were computed here, and whether all documents are there is not known"
    ]
    return Imported([rows], _models(found, known, file.name), benchmarks, notes)


def mention_of(settings: Mapping[str, Any]) -> Mention:
    """The mention that an imported run's settings keep, to look it up in a catalogue that has changed."""
    args = settings.get("arguments") or {}
    found = mention(str(settings.get("model") or ""), settings.get("revision"), args)
    return replace(found, hint=settings.get("model_hint"))


def written_out(content: bytes, name: str, folder: str = "") -> SampleFile | None:
    """The samples in a JSON file that is one list of them, as version 0.3 wrote them; None for any other file."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return None
    try:
        return sample_file(read_json(content), name, folder=folder, sha256=hashlib.sha256(content).hexdigest())
    except RecursionError:
        raise ImportedFileError("it is nested too deeply") from None


def _results(
    data: Mapping[str, Any], content: bytes, name: str, known: Known, samples: Mapping[str, Sequence[SampleFile]]
) -> Imported:
    sha256 = hashlib.sha256(content).hexdigest()
    tasks = read_tasks(data)
    found = find_mention(data, NOT_NAMED + sha256[:16])
    own = section(data, "tracker")
    ours = own.get("model_id") in {entry.id for entry in known.models}
    shared = run_settings(data, found)
    if isinstance(own.get("settings"), dict):
        named = {} if ours else {key: shared[key] for key in ("model", "revision", "arguments")}
        shared = plain(own["settings"]) | named
    model_id = str(own["model_id"]) if ours else known.model_id(found)
    started, seconds = read_times(data)
    alike: dict[str, list[TaskReading]] = {}
    for reading in tasks:
        alike.setdefault(json.dumps(reading.settings, sort_keys=True), []).append(reading)
    samples = dict(samples)
    inner = section(data, "samples")
    for task, rows in inner.items():
        if isinstance(rows, list) and rows:
            samples.setdefault(clean(task), [sample_file(rows, name, sha256=sha256)])
    runs: list[RunRows] = []
    benchmarks: list[Benchmark] = []
    sampled: dict[str, int] = {}
    files = {clean(name): sha256}
    files |= {clean(file.name): file.sha256 for held in samples.values() for file in held if file.sha256 != sha256}
    kinds: list[str] = []
    for readings in alike.values():
        kinds.append(kind_of(readings[0].settings))
        kind = kinds[-1] + (f"-{kinds.count(kinds[-1])}" if kinds.count(kinds[-1]) > 1 else "")
        settings = shared | {key: value for key, value in readings[0].settings.items() if value is not None}
        settings = {"limit": None} | settings if "limit" in readings[0].settings else settings
        run = run_row(
            sha256, kind if len(alike) > 1 else "", readings, model_id, settings, environment_of(data, readings)
        )
        run.revision = found.revision
        run.started_at = started
        alone = seconds if len(alike) == 1 else None
        run.finished_at = started + timedelta(seconds=seconds or 0) if started else None
        run.seconds = alone
        run.harness_version = _text(data.get("lm_eval_version"))
        run.device = _text(run_config(data).get("device"))
        run.output_tokens, run.truncated = count(own.get("output_tokens")), count(own.get("truncated"))
        run.files = files
        parts = {reading.task: reading.parts for reading in tasks if reading.parts}
        rows, uncatalogued = run_rows(run, readings, known, samples, parts, sampled)
        runs.append(rows)
        benchmarks += uncatalogued
    unusable = [f"{reading.task} {key}" for reading in tasks for key in reading.unusable]
    notes = (
        [f"no finite number, so not kept: {', '.join(unusable[:5])}{' …' * (len(unusable) > 5)}"] if unusable else []
    )
    if found.name.startswith(NOT_NAMED):
        notes.append("it names no model")
    own_run_id = _text(own.get("run_id"))
    return Imported(runs, [] if ours else _models(found, known, name), benchmarks, notes, own_run_id, sampled)


def _models(found: Mention, known: Known, name: str) -> list[Model]:
    if find(found, known.models) is not None:
        return []
    label = f"not named in {clean(name)}" if found.name.startswith(NOT_NAMED) and not found.hint else found.label
    weights = found.name if found.is_hub_id else None
    return [Model(id=found.model_id, name=label, weights=weights, revision=found.revision, catalogued=False)]


def _text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) and value else None
