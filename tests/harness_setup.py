"""Specs for the harness's tests, and tiny models that all test processes of a session share."""

import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests import tiny_models
from tracker.evals.protocol import ModelSpec, TaskSpec

TASKS = Path(__file__).parent / "fixtures" / "tasks"


def shared_model(base: Path, family: str) -> Path:
    """The folder of a tiny model, made by whichever test process asks first; `base`: this one's temporary folder."""
    base = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = base / f"tiny-{family}"
    with FileLock(base / f"{family}.lock"):
        if not (folder / "config.json").exists():
            tiny_models.build(folder, family)
    return folder


def model_spec(folder: Path | str, **changes: Any) -> ModelSpec:
    """A thinking model on the processor, unless told otherwise."""
    thinking = changes.get("thinking", True)
    settings = {
        "backend": "hf",
        "chat_template_args": {},
        "system_prompt": None,
        "thinking": thinking,
        "think_end": "</think>",
        "max_output_tokens": None,
        "stop": [],
        "generation": {},
        "dtype": "float32",
        "max_length": None,
        "apply_chat_template": True,
        "fewshot": None,
    } | changes.pop("settings", {})
    values = {
        "id": "tiny",
        "backend": "hf",
        "weights": str(folder),
        "revision": "r1",
        "local": True,
        "device": "cpu",
        "gpus": 0,
        "thinking": thinking,
        "think_start": "<think>",
        "think_end": "</think>",
        "settings": settings,
        "batch_size": 8,
    } | changes
    return ModelSpec(**values)


def task_spec(data: Path, model: ModelSpec, task: str = "echo_digit", **changes: Any) -> TaskSpec:
    values = {
        "run_id": f"{model.id}/{task}/1",
        "task": task,
        "version": "1.0",
        "folder": str(data / "runs" / model.id / task / "1"),
        "partial": str(data / "partial" / f"{model.id}-{task}"),
        "settings": model.settings,
        "settings_hash": "s1",
        "include_paths": [str(TASKS)],
    } | changes
    return TaskSpec(**values)
