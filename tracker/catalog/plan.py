"""Which model should have run which task, with which settings: what the night measures itself against."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tracker.catalog.load import BenchmarkEntry, Catalog, ModelEntry

EVALS = Path(__file__).resolve().parents[1] / "evals"
WEIGHT_FILES = ("*.safetensors", "*.bin", "*.gguf", "*.jinja", "*.model", "*config.json", "tokenizer.json")
MEBIBYTE = 1 << 20

WANTED = pl.Schema(
    {
        "model_id": pl.String,
        "task": pl.String,
        "task_version": pl.String,
        "revision": pl.String,
        "settings_hash": pl.String,
        "every_days": pl.Int64,
        "documents": pl.Int64,
        "gpus": pl.Int64,
        "parameters": pl.Int64,
        "batch_size": pl.Int64,
        "output_limit": pl.Int64,
        "limit": pl.Int64,
        "refused": pl.String,
    }
)


class Pair(NamedTuple):
    """One model on one task; `benchmarks` are the headline numbers the task gives, all from one run: also those of
    another suite, since the task is not run again for them.

    `refused` is the sentence why it cannot be run as catalogued, else null.
    """

    model: ModelEntry
    task: str
    benchmarks: tuple[BenchmarkEntry, ...]
    revision: str | None
    settings: dict[str, Any]
    settings_hash: str
    limit: int | None
    refused: str | None


def pairs(
    catalog: Catalog, suite: str | None = None, *, only: Sequence[str] = (), limit: int | None = None
) -> list[Pair]:
    """Every (model, task) of a suite, of the named models only if any are named; all suites when none is given.

    A model and a benchmark meet when they share a suite. `limit` documents of each task make it a trial, which never
    counts as a complete run.
    """
    found = []
    for model in catalog.models.values():
        if only and model.id not in only:
            continue
        tasks: dict[str, list[BenchmarkEntry]] = {}
        asked = set()
        for benchmark in catalog.benchmarks.values():
            shared = set(model.suites) & set(benchmark.suites)
            if shared:
                tasks.setdefault(benchmark.task, []).append(benchmark)
            if suite in shared or (suite is None and shared):
                asked.add(benchmark.task)
        for task, benchmarks in tasks.items():
            if task not in asked:
                continue
            chosen = settings(model, benchmarks[0])
            chosen_hash = _hash(chosen | {"limit": limit})
            refused = _refused(model, benchmarks[0])
            found.append(Pair(model, task, tuple(benchmarks), revision(model), chosen, chosen_hash, limit, refused))
    return found


def wanted(catalog: Catalog, suite: str | None = None) -> pl.DataFrame:
    """The pairs as a frame (schema WANTED): what `tracker.stats.due.due` compares with the runs there are."""
    return frame(pairs(catalog, suite))


def frame(chosen: Sequence[Pair]) -> pl.DataFrame:
    """The frame of some pairs, a row each, in their order; `output_limit` null: the task's own."""
    rows = []
    for pair in chosen:
        first = pair.benchmarks[0]
        rhythms = [pair.model.every_days, *(benchmark.every_days for benchmark in pair.benchmarks)]
        every = [days for days in rhythms if days is not None]
        rows.append(
            {
                "model_id": pair.model.id,
                "task": pair.task,
                "task_version": first.task_version,
                "revision": pair.revision,
                "settings_hash": pair.settings_hash,
                "every_days": min(every) if every else None,
                "documents": min(first.documents or pair.limit or 0, pair.limit or first.documents or 0) or None,
                "gpus": pair.model.gpus,
                "parameters": pair.model.parameters,
                "batch_size": pair.model.concurrency if pair.model.backend == "server" else pair.model.batch_size,
                "output_limit": 1 if first.output == "loglikelihood" else pair.settings["max_output_tokens"],
                "limit": pair.limit,
                "refused": pair.refused,
            }
        )
    return pl.DataFrame(rows, schema=WANTED)


def settings(model: ModelEntry, benchmark: BenchmarkEntry) -> dict[str, Any]:
    """Everything that can change a score, as it is stored with the run and hashed to tell runs apart."""
    limit = model.max_output_tokens if model.max_output_tokens is not None else benchmark.max_output_tokens
    return {
        "backend": model.backend,
        "chat_template_args": dict(model.chat_template_args),
        "system_prompt": model.system_prompt,
        "thinking_prompt": model.thinking_prompt,
        "thinking": model.thinking,
        "think_end": model.think_end,
        "max_output_tokens": limit,
        "stop": list(model.stop),
        "generation": dict(model.generation),
        "dtype": model.dtype,
        "max_length": model.max_length,
        "apply_chat_template": benchmark.output == "generate",
        "fewshot": benchmark.fewshot,
    }


def revision(model: ModelEntry) -> str | None:
    """The hub revision asked for; for local weights a fingerprint of the files; null behind a server."""
    if model.backend == "server":
        return None
    return _fingerprint(model.location(EVALS)) if model.local else model.revision


def _fingerprint(folder: str) -> str | None:
    """A hash of names, sizes, and the first and last mebibyte of the files, so that 60 GB need not be read nightly."""
    files = sorted({path for pattern in WEIGHT_FILES for path in Path(folder).glob(pattern) if path.is_file()})
    stats = [path.stat() for path in files]
    return _digest(tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in zip(files, stats, strict=True)))


@cache
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str | None:
    """Null for no files. Read once as long as no size or time changes; the times are not part of the hash."""
    if not files:
        return None
    digest = hashlib.sha256()
    for path, size, _ in files:
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(MEBIBYTE))
            file.seek(max(0, size - MEBIBYTE))
            digest.update(file.read(MEBIBYTE))
    return "sha256:" + digest.hexdigest()[:16]


def _refused(model: ModelEntry, benchmark: BenchmarkEntry) -> str | None:
    if benchmark.output == "loglikelihood" and model.thinking:
        return "A model cannot think on a log-likelihood task, so the two modes cannot be compared on it."
    if benchmark.prefilled and model.thinking:
        return "The task writes the first words of the answer, so that a model which thinks first cannot think."
    if benchmark.output == "loglikelihood" and model.backend == "server":
        return "A chat server gives no log-likelihoods."
    return None


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
