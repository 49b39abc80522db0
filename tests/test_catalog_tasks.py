"""Every catalogued task, metric, filter and version, compared with the lm-eval that is installed.

The tasks are read through lm-eval's own index in a child process, without being built: building one downloads data.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import pytest

import tracker.catalog
from tracker.catalog.load import BenchmarkEntry, Catalog, load_catalog

FOLDER = Path(tracker.catalog.__file__).parent
TASKS = FOLDER.parent / "evals" / "tasks"

CHILD = '''
import json, sys
from lm_eval.tasks import TaskManager

index = TaskManager(include_path=sys.argv[1]).task_index


def members(name, config):
    for item in config["task"]:
        if isinstance(item, dict) and isinstance(item.get("task"), list):
            yield from members(name, item)
            continue
        child = item if isinstance(item, str) else item.get("group") or item["task"]
        entry = index[child]
        if entry.kind.name == "TAG":
            for tagged in sorted(entry.tags):
                yield index[tagged].cfg
        elif entry.kind.name == "GROUP":
            yield from members(child, entry.cfg)
        else:
            yield entry.cfg if isinstance(item, str) else {**entry.cfg, **item}


def metrics(config):
    """The names in the results: a metric that is a function has its name, but pass_at_k gives one number for each k."""
    found = {}
    for metric in config["metric_list"]:
        name = metric["metric"].rpartition(".")[2] if metric["metric"].startswith("/") else metric["metric"]
        names = [f"pass@{k}" for k in metric["k"]] if name == "pass_at_k" else [name]
        found.update(dict.fromkeys(names, metric.get("higher_is_better", True)))
    return found


def as_list(value):
    return value if isinstance(value, list) else [value]


def facts(name):
    if name not in index:
        return None
    entry = index[name]
    config = entry.cfg
    group = entry.kind.name == "GROUP"
    tasks = list(members(name, config)) if group else [config]
    filters = [[chain["name"] for chain in task.get("filter_list") or [{"name": "none"}]] for task in tasks]
    keys = [[metric, chain] for task, chains in zip(tasks, filters) for metric in metrics(task) for chain in chains]
    if group:
        keys = [
            [metric["metric"], chain]
            for metric in config.get("aggregate_metric_list") or []
            for chain in as_list(metric.get("filter_list", "none"))
            if all(metric["metric"] in metrics(task) and chain in chains for task, chains in zip(tasks, filters))
        ]
    version = (config.get("metadata") or {}).get("version")
    return {
        "group": group,
        "keys": keys,
        "version": None if version is None else str(version),
        "outputs": sorted({task.get("output_type") or "generate_until" for task in tasks}),
        "prefilled": any(task.get("gen_prefix") for task in tasks),
        "unsafe_code": any(bool(task.get("unsafe_code")) for task in tasks),
        "lower_is_better": sorted({name for task in tasks for name, better in metrics(task).items() if not better}),
    }


print(json.dumps({name: facts(name) for name in json.load(sys.stdin)}))
'''

OUTPUTS = {"generate": {"generate_until"}, "loglikelihood": {"loglikelihood", "multiple_choice"}}

Facts = Mapping[str, Mapping[str, Any] | None]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(FOLDER)


@pytest.fixture(scope="module")
def installed(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What the installed lm-eval says of every catalogued task; None for one that it does not have.

    Indexing its tasks takes some ten seconds, so one pytest-xdist worker does it for all.
    """
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed_tasks.json"
    with filelock.FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_text(_ask([*{entry.task for entry in catalog.benchmarks.values()}, "gsm9k"]), encoding="utf-8")
    found: Facts = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _ask(names: list[str]) -> str:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(TASKS)],
        input=json.dumps(names),
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return child.stdout.splitlines()[-1]


def differences(entry: BenchmarkEntry, installed: Facts) -> list[str]:
    """What the catalogue says of a task that the installed lm-eval does not."""
    facts = installed[entry.task]
    if facts is None:
        return ["no such task"]
    claims = {
        "group": entry.group == facts["group"],
        "metric and filter": [entry.metric, entry.filter] in facts["keys"],
        "version": entry.task_version == facts["version"],
        "output": bool(facts["outputs"]) and set(facts["outputs"]) <= OUTPUTS[entry.output],
        "prefilled": entry.prefilled == facts["prefilled"],
        "unsafe code": entry.unsafe_code == facts["unsafe_code"],
        "better when higher": entry.metric not in facts["lower_is_better"],
    }
    return [claim for claim, holds in claims.items() if not holds]


def test_every_benchmark_is_as_the_installed_harness_has_it(catalog: Catalog, installed: Facts) -> None:
    wrong = {entry.id: differences(entry, installed) for entry in catalog.benchmarks.values()}
    assert {name: claims for name, claims in wrong.items() if claims} == {}


def test_a_wrong_entry_is_noticed(catalog: Catalog, installed: Facts) -> None:
    gsm8k, bbh = catalog.benchmarks["gsm8k"], catalog.benchmarks["bbh"]
    humaneval, hellaswag = catalog.benchmarks["humaneval"], catalog.benchmarks["hellaswag"]
    noticed: list[tuple[BenchmarkEntry, dict[str, Any], list[str]]] = [
        (gsm8k, {"task": "gsm9k"}, ["no such task"]),
        (gsm8k, {"metric": "acc"}, ["metric and filter"]),
        (gsm8k, {"filter": "flexible"}, ["metric and filter"]),
        (gsm8k, {"task_version": "3.1"}, ["version"]),
        (gsm8k, {"task_version": None}, ["version"]),
        (gsm8k, {"output": "loglikelihood"}, ["output"]),
        (gsm8k, {"group": True}, ["group"]),
        (gsm8k, {"prefilled": True}, ["prefilled"]),
        (bbh, {"filter": "get-answer"}, ["metric and filter"]),
        (bbh, {"metric": "acc"}, ["metric and filter"]),
        (bbh, {"group": False}, ["group"]),
        (humaneval, {"metric": "pass_at_1"}, ["metric and filter"]),
        (humaneval, {"prefilled": False}, ["prefilled"]),
        (humaneval, {"unsafe_code": False}, ["unsafe code"]),
        (hellaswag, {"filter": "strict-match"}, ["metric and filter"]),
        (hellaswag, {"output": "generate"}, ["output"]),
    ]
    for entry, change, claims in noticed:
        assert differences(entry.model_copy(update=change), installed) == claims, (entry.id, change)
