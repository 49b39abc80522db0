"""`python -m tracker.evals.harness`: one JSON object a line in, one a line out (tracker/evals/protocol.py).

What libraries print goes to standard error. The process ends when its input ends, so it cannot outlive the night.
"""

import contextlib
import importlib
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import stamina

from tracker.evals.failures import Failure, HarnessError, explain
from tracker.evals.harness.models import LocalModel, ServerModel, device_used, load_model
from tracker.evals.harness.tasks import Say, Tasks, run_task
from tracker.evals.protocol import ModelSpec, TaskSpec, decode, encode

HUB_TRIES = 4

# What transformers imports only with the first model, about two seconds of it: a child that stands by has the time now.
LOADED_LATE = (
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.generation.utils",
    "transformers.masking_utils",
    "transformers.modeling_layers",
    "transformers.distributed.fsdp",
)


def serve(lines: Iterator[bytes], say: Say) -> None:
    """Answer the night's messages until they end: `load` a model once, then `task` after task.

    The one broad except of this process: whatever a model, a task or a library raises becomes one sentence for the
    night, with its traceback in the log, and the next message is answered.
    """
    model: LocalModel | ServerModel | None = None
    tasks = Tasks()
    say("ready")
    for line in lines:
        message = decode(line)
        spec = ModelSpec(**message["model"])
        task = TaskSpec(**message["task"]) if message["kind"] == "task" else None
        what = f"the data of “{task.task}”" if task else f"the weights {spec.weights}"
        started = time.perf_counter()

        understood = partial(explain, model=spec.id, task=task.task if task else None, what=what, log=message["log"])
        try:
            # A hub that cannot be reached is asked again; offline by choice, once is enough.
            tries = 1 if os.environ.get("HF_HUB_OFFLINE") == "1" else HUB_TRIES
            for attempt in stamina.retry_context(
                on=partial(_worth_retrying, understood), attempts=tries, timeout=None, wait_initial=2, wait_max=30
            ):
                with attempt:
                    if task is None:
                        model = load_model(spec)
                    elif model is None:
                        raise HarnessError(f"“{spec.id}” is not loaded, so “{task.task}” cannot run.")
                    else:
                        run_task(model, task, tasks, say)
        except Exception as error:
            traceback.print_exception(error)
            say("failed", task=task.task if task else None, error=understood(error).sentence)
        else:
            seconds = time.perf_counter() - started
            if task is None:
                say("loaded", device=device_used(spec), seconds=seconds)
            else:
                say("finished", task=task.task, seconds=seconds)


def _worth_retrying(understood: Callable[[BaseException], Failure], error: Exception) -> bool:
    return understood(error).retry


def main() -> None:
    """Keep the pipe to ourselves (libraries print), end when it ends, and serve."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def say(kind: str, **values: Any) -> None:
        with lock, contextlib.suppress(BrokenPipeError):
            pipe.write(encode(kind, **values))

    def listen() -> None:
        for line in sys.stdin.buffer:
            if decode(line)["kind"] == "quit":
                break
            lines.put(line)
        else:
            os._exit(3)  # the night is gone; what was answered is in the cache
        lines.put(None)

    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("tracker").setLevel(logging.INFO)
    threading.Thread(target=listen, daemon=True).start()
    for name in LOADED_LATE:
        importlib.import_module(name)
    serve(iter(lines.get, None), say)


if __name__ == "__main__":
    main()
