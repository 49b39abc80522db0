"""Runs in the format of Every Eval Ever, version 0.3.0: https://github.com/evaleval/every_eval_ever."""

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

SCHEMA_VERSION = "0.3.0"
COLLECTION = "capability-tracker"
UNITS = {"fraction": "proportion", "rating": "elo", "points": "points"}
SERVED = ("openai", "anthropic", "textsynth", "watsonx", "gguf", "local-chat", "local-completions", "server")
# An argument of theirs ← the names it goes by in settings.
GENERATION = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "max_tokens": ("max_gen_toks", "max_new_tokens", "max_tokens", "max_output_tokens"),
}

Row = Mapping[str, Any]


def document(run: Row, model: Row, metrics: Sequence[Row], benchmarks: Mapping[str, Row], now: datetime) -> Row:
    """One run as one document. `settings` and `environment` of the run are tables, not JSON text.

    A metric that several benchmarks take from one task is one result.
    """
    results: dict[tuple[str, str, str], Row] = {}
    headline_first = sorted(metrics, key=lambda metric: not _is_headline(metric, benchmarks[metric["benchmark_id"]]))
    for metric in headline_first:
        benchmark = benchmarks[metric["benchmark_id"]]
        key = (benchmark["task"] or benchmark["id"], metric["name"], metric["filter"])
        results.setdefault(key, _result(run, metric, benchmark))
    published = run["origin"] == "published"
    said: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{COLLECTION}.{run['id'].replace('/', '.')}/{_model_id(model)}/{now.timestamp()}",
        "retrieved_timestamp": str(now.timestamp()),
        "source_metadata": {
            "source_name": run["source"] or COLLECTION,
            "source_type": "documentation" if published else "evaluation_run",
            "source_organization_name": run["source"] or "not stated",
            "evaluator_relationship": "other",
            "additional_details": {"origin": run["origin"], "status": run["status"], "run_id": run["id"]},
        },
        "eval_library": {
            "name": "unknown" if published else "lm_eval",
            "version": run["harness_version"] or "unknown",
        },
        "model_info": {
            "name": model["name"],
            "id": _model_id(model),
            "developer": _folders(model)[0],
            "additional_details": _details(
                {
                    "deployment_type": _deployment(run),
                    "model_availability": "open_weights" if model["weights"] else "unknown",
                    "kind": model["kind"],
                    "revision": run["revision"] or model["revision"],
                    "parameters": model["parameters"],
                    "base": model["base"],
                }
            ),
        },
        "evaluation_results": list(results.values()),
    }
    if run["finished_at"] is not None:
        said["evaluation_timestamp"] = run["finished_at"].isoformat()
    return said


def place(run: Row, model: Row) -> PurePosixPath:
    """Where their collections keep such a file, data/collection/developer/model/uuid.json: one place for one run."""
    name = uuid.UUID(bytes=hashlib.sha256(run["id"].encode("utf-8", "surrogatepass")).digest()[:16], version=4)
    return PurePosixPath("data", COLLECTION, *_folders(model), f"{name}.json")


def _result(run: Row, metric: Row, benchmark: Row) -> Row:
    task = benchmark["task"] or benchmark["id"]
    headline = _is_headline(metric, benchmark)
    unit = benchmark["unit"] if headline else None
    lower = metric["name"] in (run["environment"].get("lower_is_better") or {}).get(task, ())
    uncertainty: dict[str, Any] = {}
    if metric["stderr"] is not None:
        uncertainty["standard_error"] = {"value": metric["stderr"]}
    if metric["n"] is not None:
        uncertainty["num_samples"] = metric["n"]
    if metric.get("low") is not None and metric.get("high") is not None:
        uncertainty["confidence_interval"] = {"lower": metric["low"], "upper": metric["high"]}
    return {
        "evaluation_result_id": f"{benchmark['id']}/{metric['name']}/{metric['filter']}",
        "evaluation_name": task,
        "source_data": {"dataset_name": task, "source_type": "other"},
        "metric_config": {
            "evaluation_description": f"{benchmark['name']}: {metric['name']}, filter {metric['filter']}",
            "metric_name": metric["name"],
            "lower_is_better": lower,
            "score_type": "continuous",
            "min_score": 0 if unit == "fraction" else "-Infinity",
            "max_score": 1 if unit == "fraction" else "Infinity",
            "additional_details": _details(
                {
                    "filter": metric["filter"],
                    "headline": headline,
                    "capability": benchmark["capability"],
                    "grading": benchmark["grading"],
                    "chance": benchmark["chance"],
                    "task_version": metric["task_version"],
                    "task_hash": metric["task_hash"],
                }
            ),
        }
        | ({"metric_unit": UNITS[unit]} if unit else {}),
        "score_details": {"score": metric["value"]} | ({"uncertainty": uncertainty} if uncertainty else {}),
        "generation_config": _generation(run["settings"]),
    }


def _is_headline(metric: Row, benchmark: Row) -> bool:
    return bool((metric["name"], metric["filter"]) == (benchmark["metric"], benchmark["filter"]))


def _generation(settings: Row) -> Row:
    generation = settings.get("generation")
    given = {**settings, **(generation if isinstance(generation, dict) else {})}
    arguments: dict[str, Any] = {}
    for theirs, names in GENERATION.items():
        value = next((given[name] for name in names if _is_number(given.get(name))), None)
        if value is not None and (theirs != "max_tokens" or (isinstance(value, int) and value >= 1)):
            arguments[theirs] = value
    return {"generation_args": arguments, "additional_details": _details(settings)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _deployment(run: Row) -> str:
    backend = run["settings"].get("backend")
    if not isinstance(backend, str):
        return "unknown"
    return "unknown" if backend.startswith(SERVED) else "self_deployed"


def _model_id(model: Row) -> str:
    return model["weights"] if "/" in (model["weights"] or "") else "/".join(_folders(model))


def _folders(model: Row) -> tuple[str, str]:
    """Developer and model, as names of folders that any system can have."""
    weights = model["weights"] or ""
    if re.fullmatch(r"[^/]+/[^/]+", weights):
        developer, _, name = weights.partition("/")
    else:
        developer, name = model["lab"] or "not-stated", model["id"].removeprefix("imported/")
    return _portable(developer), _portable(name)


def _portable(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", name).strip("-. ") or "unnamed"


def _details(values: Row) -> dict[str, str]:
    """Their free part takes text alone; what is not known is left out."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
        for key, value in values.items()
        if value is not None
    }
