"""Hand-written rows for tests: valid as they come, and any column can be given."""

from datetime import UTC, datetime
from typing import Any

from db.tables import (
    Benchmark,
    Capability,
    Gap,
    JobReport,
    Metric,
    Model,
    Publication,
    Run,
    SampleRow,
    Twin,
)

NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def model(identity: str = "direct", kind: str | None = "conventional", **given: Any) -> Model:
    return Model(id=identity, kind=kind, **{"name": identity.title(), **given})


def benchmark(identity: str = "sums", **given: Any) -> Benchmark:
    usual = {
        "name": identity.title(),
        "task": f"{identity}_task",
        "metric": "exact_match",
        "filter": "answer",
        "unit": "fraction",
        "chance": 0.1,
        "ceiling": 1.0,
        "capability": "math",
        "grading": "verifiable",
    }
    return Benchmark(id=identity, **{**usual, **given})


def twin(reasoning: str = "thinker", conventional: str = "direct", **given: Any) -> Twin:
    usual = {"relation": "same-weights", "evidence": "the same file, with thinking off"}
    return Twin(reasoning_id=reasoning, conventional_id=conventional, **{**usual, **given})


def capability(identity: str = "math", nature: str = "checkable", **given: Any) -> Capability:
    return Capability(id=identity, nature=nature, **{"name": identity.title(), **given})


def publication(identity: str = "paper", **given: Any) -> Publication:
    usual = {"title": identity.title(), "citation": "Somebody, A paper", "url": "https://paper", "terms": "cite it"}
    return Publication(id=identity, **{**usual, **given})


def published_run(identity: str, model_id: str, **given: Any) -> Run:
    """A run that the paper of `publication` printed."""
    usual = {
        "origin": "published",
        "status": "complete",
        "finished_at": NIGHT,
        "settings": {},
        "settings_hash": "",
        "environment": {},
        "files": {"url": "https://paper"},
        "source": "Somebody, A paper",
        "publication_id": "paper",
    }
    return Run(id=identity, model_id=model_id, **{**usual, **given})


def run(identity: str = "r1", model_id: str = "direct", **given: Any) -> Run:
    usual = {
        "task": "sums_task",
        "task_version": "1.0",
        "revision": "main",
        "origin": "local",
        "status": "complete",
        "started_at": NIGHT,
        "finished_at": NIGHT.replace(minute=10),
        "settings": {"temperature": 0.0},
        "settings_hash": "abc",
        "environment": {"torch": "2.13.0"},
        "harness_version": "0.4.13",
        "device": "cpu",
        "seconds": 600.0,
        "output_tokens": 1234,
        "truncated": 2,
        "folder": f"runs/{identity}",
        "files": {"results.json": "sha256"},
    }
    return Run(id=identity, model_id=model_id, **{**usual, **given})


def metric(run_id: str = "r1", benchmark_id: str = "sums", **given: Any) -> Metric:
    usual = {"name": "exact_match", "filter": "answer", "value": 0.5, "stderr": 0.05, "n": 100, "task_version": "1.0"}
    return Metric(run_id=run_id, benchmark_id=benchmark_id, **{**usual, **given})


def sample(run_id: str = "r1", doc: int = 0, score: float | None = 1.0, **given: Any) -> SampleRow:
    usual = {"benchmark_id": "sums", "doc_hash": f"hash{doc}", "output_tokens": 10, "truncated": False}
    return SampleRow(run_id=run_id, doc=doc, score=score, **{**usual, **given})


def gap(reasoning_run_id: str = "r2", conventional_run_id: str = "r1", **given: Any) -> Gap:
    usual = {
        "benchmark_id": "sums",
        "reasoning_id": "thinker",
        "conventional_id": "direct",
        "reasoning_value": 0.75,
        "conventional_value": 0.5,
        "value": 0.25,
        "stderr": 0.03,
        "n": 100,
        "paired": True,
        "log_odds": 1.1,
        "log_odds_stderr": 0.2,
        "flags": ["truncated"],
    }
    return Gap(reasoning_run_id=reasoning_run_id, conventional_run_id=conventional_run_id, **{**usual, **given})


def report(job: str = "nightly", unit: str = "", **given: Any) -> JobReport:
    usual = {"started_at": NIGHT, "outcome": "running", "counts": {}}
    return JobReport(job=job, unit=unit, **{**usual, **given})
