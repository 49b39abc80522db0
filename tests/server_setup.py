"""Evaluates the echo task on a scripted server, through the whole path that a night takes."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.chat_server import Asked, Reply, completion, serving
from tests.harness_setup import model_spec, task_spec
from tracker.evals.harness.models import load_model
from tracker.evals.harness.tasks import Tasks, run_task
from tracker.evals.protocol import ModelSpec
from tracker.evals.results import RunFolder, read_run_folder


def digit(asked: Asked) -> str:
    """The right answer to what the task asks."""
    return re.search(r"\d", asked.question)[0]


def right(asked: Asked) -> Reply:
    return completion(digit(asked), reasoning_content=f"they want {digit(asked)}\n")


def server_spec(url: str, **changes) -> ModelSpec:
    return model_spec(
        "",
        **{
            "id": "served",
            "backend": "server",
            "device": "server",
            "local": False,
            "base_url": url,
            "server_model": "org/served",
            "timeout_seconds": 5.0,
            "patience_seconds": 20.0,
            "retry_seconds": 0.01,
        }
        | changes,
    )


def evaluate(data: Path, spec: ModelSpec, **changes) -> RunFolder:
    model = load_model(spec)
    asked = task_spec(data, spec, **changes)
    with model.server.client:
        run_task(model, asked, Tasks(), lambda kind, **values: None)
    return read_run_folder(Path(asked.folder))


def run(data: Path, script: Callable[[Asked], Reply], **changes) -> tuple[RunFolder, list[Asked]]:
    with serving(script) as server:
        return evaluate(data, server_spec(server.url, **changes)), server.asked


def score(run: RunFolder) -> float:
    return run.results["results"]["echo_digit"]["exact_match,answer"]


def outputs(run: RunFolder) -> list[dict]:
    return [output for row in run.samples["echo_digit"] for output in row["outputs"]]
