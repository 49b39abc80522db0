"""lm-eval's results and samples files → rows. Pure but for `read_run_folder`, which opens the files."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from db.tables import Metric, Run, SampleRow

SAME_MEAN = 1e-6
"""How far the mean of a run's samples may lie from its headline value and still be the same number."""


class ResultsError(ValueError):
    """A file is not what lm-eval writes, or is cut off. The text is a sentence that names the file."""


@dataclass(frozen=True)
class Headline:
    """What a benchmark takes from a task: one metric after one filter."""

    benchmark_id: str
    metric: str
    filter: str


class RunRows(NamedTuple):
    run: Run
    metrics: list[Metric]
    samples: list[SampleRow]


class RunFolder(NamedTuple):
    """One run's files, read: results, samples by task, and each file's name with its SHA-256."""

    results: dict[str, Any]
    samples: dict[str, list[dict[str, Any]]]
    files: dict[str, str]


def read_run_folder(folder: Path) -> RunFolder:
    """The files that `save_run_folder` wrote. Raises ResultsError with a sentence when one is missing or cut off."""
    results, files = _read_results(folder)
    samples: dict[str, list[dict[str, Any]]] = {}
    try:
        for path in sorted(folder.glob("samples_*.jsonl.zst")):
            content = path.read_bytes()
            files[path.name] = hashlib.sha256(content).hexdigest()
            text = _decompress(content).decode("utf-8", "surrogatepass")
            rows = [json.loads(line) for line in text.split("\n") if line]
            samples[path.name.removeprefix("samples_").rpartition("_")[0]] = rows
    except (OSError, ValueError, zstandard.ZstdError) as error:
        raise ResultsError(f"{folder} cannot be read: {error}") from error
    return RunFolder(results, samples, files)


def read_headlines(folder: Path, task: str) -> set[str]:
    """What a run folder tells of a task, as "metric,filter", without reading its documents. Raises ResultsError."""
    results, _ = _read_results(folder)
    scores = results["results"].get(task)
    if not isinstance(scores, dict):
        raise ResultsError(f"The results file in {folder} has no results of “{task}”.")
    return {key for key in scores if "," in key and not key.partition(",")[0].endswith("_stderr")}


def parse_run(read: RunFolder, headlines: Sequence[Headline], folder: str) -> RunRows:
    """The rows of one run of one task. Every metric of the task is kept under each benchmark that measures it.

    A benchmark gets samples only where the mean of its documents' scores is the headline value: an aggregate that is
    not a mean (a corpus score, an unweighted group) cannot be compared document by document.
    """
    results, about = read.results, read.results["tracker"]
    task, run_id = about["task"], about["run_id"]
    if task not in results["results"]:
        raise ResultsError(f"The results file of {run_id} has no results of “{task}”.")
    scores = results["results"][task]
    n = _documents(results, task)
    ids = [headline.benchmark_id for headline in headlines] or [task]
    metrics = [
        Metric(
            run_id=run_id,
            benchmark_id=benchmark_id,
            name=name,
            filter=filter_,
            value=value,
            stderr=_number(scores.get(f"{name}_stderr,{filter_}")),
            n=n,
            task_version=_version(results, task),
            task_hash=(results.get("task_hashes") or {}).get(task),
        )
        for benchmark_id in ids
        for name, filter_, value in _metrics(scores)
    ]
    missing = [one for one in headlines if f"{one.metric},{one.filter}" not in scores]
    if missing:
        known = ", ".join(f"{name},{filter_}" for name, filter_, _ in _metrics(scores)) or "no number at all"
        one = missing[0]
        raise ResultsError(
            f"“{task}” gives no {one.metric},{one.filter}, the headline of “{one.benchmark_id}”, but {known}:"
            " correct `metric` or `filter` in benchmarks.toml."
        )
    run = Run(
        id=run_id,
        model_id=about["model_id"],
        task=task,
        task_version=about["task_version"],
        revision=about["revision"],
        origin="local",
        status="complete" if about["settings"]["limit"] is None else "limited",
        started_at=datetime.fromtimestamp(about["started_at"], UTC),
        finished_at=datetime.fromtimestamp(about["finished_at"], UTC),
        settings=about["settings"],
        settings_hash=about["settings_hash"],
        environment={key: results.get(key) for key in ("transformers_version", "torch_version", "python_version")}
        | {key: about[key] for key in ("batch_size", "prompts_cut", "resumed")},
        harness_version=results.get("lm_eval_version"),
        device=about["device"],
        seconds=about["finished_at"] - about["started_at"],
        output_tokens=about["output_tokens"],
        truncated=about["truncated"],
        folder=folder,
        files=read.files,
        source=None,
    )
    samples: list[SampleRow] = []
    for headline in headlines:
        rows = list(_samples(run_id, headline, read.samples))
        if _same_mean(rows, _number(scores[f"{headline.metric},{headline.filter}"])):
            samples += rows
    return RunRows(run, metrics, samples)


def _read_results(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The results file, and its name with its SHA-256."""
    found = sorted(folder.glob("results_*.json"))
    if len(found) != 1:
        raise ResultsError(f"{folder} holds {len(found)} results files, and a run has one.")
    try:
        content = found[0].read_bytes()
        results = json.loads(content)
    except (OSError, ValueError) as error:
        raise ResultsError(f"{folder} cannot be read: {error}") from error
    if not isinstance(results, dict) or "tracker" not in results or not isinstance(results.get("results"), dict):
        raise ResultsError(f"{found[0]} is not a results file that the harness wrote.")
    return results, {found[0].name: hashlib.sha256(content).hexdigest()}


def _decompress(content: bytes) -> bytes:
    """The whole of it: zstandard's stream readers take a file that breaks off for one that ends, or wait for more."""
    stream = zstandard.ZstdDecompressor().decompressobj()
    plain = stream.decompress(content)
    if not stream.eof:
        raise ValueError("a samples file is cut off")
    return plain


def _metrics(scores: Mapping[str, Any]) -> Iterable[tuple[str, str, float]]:
    for key, raw in scores.items():
        name, comma, filter_ = key.partition(",")
        value = _number(raw)
        if comma and not name.endswith("_stderr") and value is not None:
            yield name, filter_, value


def _samples(run_id: str, headline: Headline, by_task: Mapping[str, list[dict[str, Any]]]) -> Iterable[SampleRow]:
    doc = 0
    for task in sorted(by_task):
        rows = [row for row in by_task[task] if row.get("filter") == headline.filter]
        for row in sorted(rows, key=lambda row: int(row["doc_id"])):
            outputs = row.get("outputs") or []
            counts = [output["output_tokens"] for output in outputs]
            yield SampleRow(
                run_id,
                headline.benchmark_id,
                doc,
                str(row["doc_hash"]),
                _number(row.get(headline.metric)),
                None if not counts or None in counts else sum(counts),
                any(output["finish_reason"] == "length" for output in outputs) if outputs else None,
            )
            doc += 1


def _same_mean(rows: Sequence[SampleRow], value: float | None) -> bool:
    scores = [row.score for row in rows if row.score is not None]
    if not rows or value is None or len(scores) != len(rows):
        return False
    return abs(math.fsum(scores) / len(scores) - value) <= SAME_MEAN


def _documents(results: Mapping[str, Any], task: str) -> int | None:
    """How many documents the headline rests on: the task's, or those of all the group's subtasks, groups or not."""
    if subtasks := (results.get("group_subtasks") or {}).get(task):
        found = [_documents(results, name) for name in subtasks]
        known = [count for count in found if count is not None]
        return sum(known) if len(known) == len(found) else None
    count = ((results.get("n-samples") or {}).get(task) or {}).get("effective")
    return None if count is None else int(count)


def _version(results: Mapping[str, Any], task: str) -> str | None:
    version = (results.get("versions") or {}).get(task)
    return None if version in (None, "N/A", "Yaml") else str(version)


def _number(value: Any) -> float | None:
    """A finite float, true and false as 1 and 0; anything else ("N/A", NaN, a list) is not known."""
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None
