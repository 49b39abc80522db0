"""Writes a small, believable database through `db.store`: what the pages' tests look at."""

import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from db.store import save_catalog, save_gaps, save_report, save_run
from db.tables import Benchmark, Gap, JobReport, Metric, Model, Run, Twin

STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) $x$ :red[red]"
DOCUMENTS = 200
# benchmark id, name, task, metric, capability, grading, reasoning score, conventional score, flags
BENCHMARKS = (
    ("chain-easy", "Arithmetic chains, short", "chain_easy", "mathematics", "verifiable", 0.97, 0.12, []),
    ("chain-hard", "Arithmetic chains, long", "chain_hard", "mathematics", "verifiable", 0.71, 0.05, []),
    ("cups", "Cups and balls", "cups", "logic", "verifiable", 0.62, 0.46, []),
    ("lookup", "Look a word up", "lookup", "knowledge", "verifiable", 0.985, 0.975, []),
    ("largest", "Largest of several numbers", "largest", "mathematics", "verifiable", 0.80, 0.92, []),
    ("facts", "Facts", "facts", "knowledge", "verifiable", 0.55, 0.35, ["truncated", "below-chance"]),
    ("scene-coverage", "Scene: words asked for", "scene", "creative-writing", "proxy", 0.80, 0.78, []),
    ("scene-freshness", "Scene: new phrases", "scene", "creative-writing", "proxy", 0.44, 0.52, []),
    ("story-coverage", "Story: words asked for", "story", "creative-writing", "proxy", 0.66, 0.49, []),
    ("story-freshness", "Story: new phrases", "story", "creative-writing", "proxy", 0.51, 0.51, []),
)
MODELS = (("toy-direct", "conventional"), ("toy-reasoning", "reasoning"), ("toy-reasoning-off", "conventional"))


def fill(engine: Engine, *, reasoning_name: str = "toy-reasoning", demonstration: bool = True) -> None:
    """Three models with their twins, a night of 24 runs, gaps of both twins, a failed and an interrupted report."""
    models = [
        Model(id=id, name=reasoning_name if kind == "reasoning" else id, kind=kind, demonstration=demonstration)
        for id, kind in MODELS
    ]
    twins = [
        Twin(reasoning_id="toy-reasoning", conventional_id=other, relation=relation, evidence="trained here")
        for other, relation in (("toy-reasoning-off", "same-weights"), ("toy-direct", "same-family"))
    ]
    benchmarks = [
        Benchmark(
            id=id,
            name=name,
            task=task,
            metric=_metric(id),
            filter="answer",
            unit="fraction",
            capability=capability,
            grading=grading,
            demonstration=demonstration,
        )
        for id, name, task, capability, grading, *_ in BENCHMARKS
    ]
    save_catalog(engine, models, twins, benchmarks)
    at = STARTED
    for model_id, kind in MODELS:
        for number, task in enumerate(dict.fromkeys(row[2] for row in BENCHMARKS)):
            seconds = (9.0 if kind == "reasoning" else 3.0) * (1 + number % 4) + 0.4 * number
            _save_run(engine, model_id, kind, task, at, seconds)
            at += timedelta(seconds=seconds + 0.5)
    save_gaps(engine, [_gap(row, other, shift) for row in BENCHMARKS for other, shift in _OTHERS])
    for job, unit, outcome, error in (
        ("benchmarks", "toy-large / chain_hard", "failed", f"CUDA out of memory. {HOSTILE}"),
        ("benchmarks", "toy-large / story", "interrupted", None),
        ("benchmarks", "", "done", None),
    ):
        finished = None if outcome == "interrupted" else at + timedelta(seconds=4)
        report = JobReport(
            job=job, unit=unit, started_at=at, finished_at=finished, outcome=outcome, counts={}, error=error
        )
        save_report(engine, report)


_OTHERS = (("toy-reasoning-off", 0.0), ("toy-direct", 0.03))


def _metric(benchmark_id: str) -> str:
    return benchmark_id.split("-")[1] if benchmark_id.startswith(("scene", "story")) else "exact_match"


def _save_run(engine: Engine, model_id: str, kind: str, task: str, at: datetime, seconds: float) -> None:
    run_id = f"{model_id}-{task}"
    run = Run(
        id=run_id,
        model_id=model_id,
        task=task,
        origin="local",
        status="complete",
        started_at=at,
        finished_at=at + timedelta(seconds=seconds),
        settings={"shots": 0},
        settings_hash="a" * 16,
        environment={"cpu": "a test"},
        files=[],
        harness_version="0.4.13",
        device="cpu",
        seconds=seconds,
        output_tokens=int(seconds * 400),
        truncated=11 if (kind, task) == ("reasoning", "facts") else 0,
        folder=f"runs/{run_id}",
    )
    metrics = []
    for id, _, of, _, _, reasoning, conventional, _ in BENCHMARKS:
        if of == task:
            value = reasoning if kind == "reasoning" else conventional
            stderr = math.sqrt(value * (1 - value) / (DOCUMENTS - 1))
            metrics.append(
                Metric(
                    run_id=run_id,
                    benchmark_id=id,
                    name=_metric(id),
                    filter="answer",
                    value=value,
                    stderr=stderr,
                    n=DOCUMENTS,
                )
            )
    save_run(engine, run, metrics, [])


def _gap(row: tuple, other: str, shift: float) -> Gap:
    id, _, task, _, _, reasoning, conventional, flags = row
    conventional += shift
    value = reasoning - conventional
    same = id == "story-freshness"
    stderr = None if same else math.sqrt((abs(value) - value**2 + 0.02) / DOCUMENTS)
    return Gap(
        reasoning_run_id=f"toy-reasoning-{task}",
        conventional_run_id=f"{other}-{task}",
        benchmark_id=id,
        reasoning_id="toy-reasoning",
        conventional_id=other,
        reasoning_value=reasoning,
        conventional_value=conventional,
        value=value,
        stderr=stderr,
        n=DOCUMENTS,
        paired=True,
        flags=flags + (["no-stderr"] if same else []),
    )
