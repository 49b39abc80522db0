"""lm-eval results files and catalogue entries made for tests: valid as they come, and any part can be given."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.catalog.entries import BenchmarkEntry, ModelEntry, TwinEntry
from tracker.catalog.load import Catalog
from tracker.evals.imported_runs import Known

FIXTURES = Path(__file__).parent / "fixtures" / "lm_eval"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "lm_eval"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def results(scores: dict[str, Any] | None = None, **given: Any) -> bytes:
    """A results file of one task, "adding"; `config` is merged into the usual one."""
    config = {"model": "hf", "model_args": {"pretrained": "made-up/Tiny"}, "limit": None, "gen_kwargs": {}}
    data = {
        "results": {"adding": scores or {"exact_match,none": 0.5, "exact_match_stderr,none": 0.1}},
        "versions": {"adding": 1.0},
        "n-shot": {"adding": 0},
        "n-samples": {"adding": {"original": 25, "effective": 25}},
        "config": config | given.pop("config", {}),
        "date": 1777009279.5,
    }
    return json.dumps(data | given).encode("utf-8", "surrogatepass")


def entry(identity: str, kind: str = "conventional", **given: Any) -> ModelEntry:
    return ModelEntry.model_validate({"id": identity, "name": identity, "kind": kind, **given})


def benchmark(identity: str, task: str, **given: Any) -> BenchmarkEntry:
    usual = {
        "name": identity,
        "metric": "exact_match",
        "filter": "none",
        "capability": "math",
        "grading": "verifiable",
        "output": "generate",
    }
    return BenchmarkEntry.model_validate({"id": identity, "task": task} | usual | given)


def known(*entries: ModelEntry | BenchmarkEntry) -> Known:
    models = tuple(entry for entry in entries if isinstance(entry, ModelEntry))
    return Known(models, tuple(entry for entry in entries if isinstance(entry, BenchmarkEntry)))


def catalog(*entries: ModelEntry | BenchmarkEntry | TwinEntry) -> Catalog:
    return Catalog(
        {one.id: one for one in entries if isinstance(one, ModelEntry)},
        tuple(one for one in entries if isinstance(one, TwinEntry)),
        {one.id: one for one in entries if isinstance(one, BenchmarkEntry)},
    )
