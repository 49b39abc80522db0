"""One task of lm-eval, configured from the catalogue, evaluated, and written to its run folder."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import transformers
from lm_eval import evaluate
from lm_eval.loggers.utils import add_tokenizer_info
from lm_eval.tasks import TaskManager
from lm_eval.utils import handle_non_serializable

from tracker.evals.batches import TaskAnswers
from tracker.evals.cache import RequestCache
from tracker.evals.failures import HarnessError
from tracker.evals.harness.models import LocalModel, ServerModel, device_used
from tracker.evals.protocol import TaskSpec
from tracker.evals.run_folder import provenance, save_run_folder, system_instruction

Say = Callable[..., None]


class Tasks:
    """lm-eval's task index: our own folders at once, its 14,683 defaults only when a stock task is asked for."""

    def __init__(self) -> None:
        self._own: dict[tuple[str, ...], TaskManager] = {}
        self._stock: dict[tuple[str, ...], TaskManager] = {}

    def load(self, name: str, include_paths: Sequence[str]) -> Any:
        for path in include_paths:
            if not Path(path).is_dir():
                raise HarnessError(f"There is no folder of tasks {path}: correct TRACKER_TASKS_DIR.")
        key = tuple(include_paths)
        if key not in self._own:
            self._own[key] = TaskManager(include_path=list(key), include_defaults=False)
        manager = self._own[key]
        if name not in manager.all_tasks:
            if key not in self._stock:
                self._stock[key] = TaskManager(include_path=list(key))
            manager = self._stock[key]
        return manager.load([name])


def run_task(model: LocalModel | ServerModel, spec: TaskSpec, tasks: Tasks, say: Say) -> None:
    """Evaluate one task and write its run folder. Answers given before an error are kept for the next time."""
    started = time.time()
    loaded = tasks.load(spec.task, spec.include_paths)
    if not spec.group:
        _check_version(loaded["tasks"], spec)
    defaulted = [_configure(task, spec) for task in loaded["tasks"].values()]
    owner = {
        "model": model.spec.id,
        "revision": model.spec.revision,
        "task": spec.task,
        "version": spec.version,
        "settings": spec.settings_hash,
    }
    cache = RequestCache(Path(spec.partial) / "requests.sqlite", owner)
    model.answers = answers = TaskAnswers(cache, model.spec.batch_size, _progress(say, spec.task))
    model.prompts_cut = 0
    chat = bool(spec.settings["apply_chat_template"])
    try:
        transformers.set_seed(1234)
        os.environ["HF_ALLOW_CODE_EVAL"] = "1" if spec.unsafe_code else "0"
        results: dict[str, Any] = dict(
            evaluate(
                model,
                loaded,
                limit=spec.limit,
                log_samples=True,
                system_instruction=system_instruction(spec.settings),
                apply_chat_template=chat,
                fewshot_as_multiturn=chat,
                confirm_run_unsafe_code=spec.unsafe_code,
            )
            or {}
        )
    finally:
        cache.close()
    samples = results.pop("samples")
    for name, rows in samples.items():
        for row in rows:
            row["outputs"] = [output._asdict() for output in answers.outputs.get((name, row["doc_id"]), [])]
    results |= provenance(
        model.spec, spec, samples, getattr(getattr(model, "tokenizer", None), "chat_template", None), started
    )
    add_tokenizer_info(results, model)
    finished = time.time()
    results["total_evaluation_time_seconds"] = str(finished - started)
    every = [output for outputs in answers.outputs.values() for output in outputs]
    counts = [output.output_tokens for output in every if output.output_tokens is not None]
    results["tracker"] = {
        "run_id": spec.run_id,
        "model_id": model.spec.id,
        "task": spec.task,
        "task_version": spec.version,
        "revision": model.spec.revision,
        "settings": spec.settings | {"harness_default_limit": any(defaulted), "limit": spec.limit},
        "settings_hash": spec.settings_hash,
        "device": device_used(model.spec),
        "started_at": started,
        "finished_at": finished,
        "output_tokens": sum(counts) if every and len(counts) == len(every) else None,
        "truncated": sum(output.finish_reason == "length" for output in every) if every else None,
        "resumed": answers.resumed,
        "batch_size": answers.smallest_batch or model.spec.batch_size,
        "prompts_cut": model.prompts_cut,
    }
    save_run_folder(Path(spec.folder), results, samples, started, default=handle_non_serializable)


def _check_version(tasks: dict[str, Any], spec: TaskSpec) -> None:
    """Scores of two versions of a task are not comparable, so the catalogue must know which one is installed."""
    versions = {(task.config.metadata or {}).get("version") for task in tasks.values()}
    installed = {None if one is None else str(one) for one in versions}
    if installed != {spec.version}:
        found = ", ".join(sorted(str(one) for one in installed))
        raise HarnessError(
            f"The installed lm-eval has version {found} of “{spec.task}” and the catalogue says {spec.version}: correct"
            " task_version in benchmarks.toml; earlier runs then count as another version."
        )


def _configure(task: Any, spec: TaskSpec) -> bool:
    """Put the catalogue's settings into a task; True if its output limit is nobody's choice but lm-eval's default."""
    settings = spec.settings
    if settings["fewshot"] is not None and task.get_config("num_fewshot") != 0:
        task.set_config(key="num_fewshot", value=settings["fewshot"])
    elif task.get_config("num_fewshot") is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=1234)
    if task.get_config("output_type") != "generate_until":
        return False
    own = dict(task.get_config("generation_kwargs") or {})
    limited = any(key in own for key in ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"))
    changed = dict(settings["generation"])
    if settings["max_output_tokens"] is not None:
        changed["max_gen_toks"] = settings["max_output_tokens"]
    if changed:
        task.set_config(key="generation_kwargs", value=changed, update=True)
    return not limited and settings["max_output_tokens"] is None


def _progress(say: Say, task: str) -> Callable[[int, int, int | None], None]:
    def report(done: int, total: int, tokens: int | None) -> None:
        say("progress", task=task, done=done, total=total, tokens=tokens)

    return report
