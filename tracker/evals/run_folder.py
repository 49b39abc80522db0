"""The files of one run: lm-eval's own results file and its samples, compressed, written whole or not at all."""

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zstandard

from tracker.evals.failures import HarnessError
from tracker.evals.protocol import ModelSpec, TaskSpec


def provenance(
    model: ModelSpec, spec: TaskSpec, samples: Mapping[str, Sequence[Mapping[str, Any]]], template: Any, started: float
) -> dict[str, Any]:
    """The keys that lm-eval's own program puts around its results, so that other tools read the file as theirs."""
    template = template if isinstance(template, str) else None
    return {
        "config": {
            "model": "hf" if model.backend == "hf" else "local-chat-completions",
            "model_args": {"pretrained": model.id if model.local else model.weights, **spec.settings},
            "model_revision": model.revision,
            "batch_size": model.batch_size,
            "device": model.device,
            "limit": spec.limit,
            "bootstrap_iters": 100000,
            "gen_kwargs": spec.settings["generation"] or None,
            "torch_seed": 1234,
            "fewshot_seed": 1234,
        },
        "date": started,
        "task_hashes": {
            name: _sha256("".join(row["doc_hash"] + row["prompt_hash"] + row["target_hash"] for row in rows))
            for name, rows in samples.items()
        },
        "model_name": model.id,
        "model_source": model.backend,
        "system_instruction": system_instruction(spec.settings),
        "chat_template": template,
        "chat_template_sha": _sha256(template) if template else None,
        "lm_eval_version": version("lm_eval"),
        "transformers_version": version("transformers"),
        "torch_version": version("torch"),
        "python_version": sys.version.split()[0],
    }


def system_instruction(settings: Mapping[str, Any]) -> str | None:
    """What the model is told before anything else: how to think, where that is switched in words, then the rest."""
    return "\n\n".join(filter(None, (settings.get("thinking_prompt"), settings["system_prompt"]))) or None


def save_run_folder(
    folder: Path,
    results: Mapping[str, Any],
    samples: Mapping[str, Sequence[Mapping[str, Any]]],
    started: float,
    *,
    default: Callable[[Any], Any],
) -> None:
    """Write `results_*.json` and one `samples_*.jsonl.zst` a task into `folder`, which appears when all is there.

    lm-eval itself only warns when a folder is not writable and reports success; here it is an error.
    """
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    unfinished = folder.with_name(folder.name + ".unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name, rows in samples.items():
            path = unfinished / f"samples_{name.replace('/', '__')}_{stamp}.jsonl.zst"
            with (
                path.open("wb") as file,
                zstandard.ZstdCompressor(level=3).stream_writer(file) as compressed,
                io.TextIOWrapper(compressed, encoding="utf-8", errors="surrogatepass") as text,
            ):
                text.writelines(json.dumps(row, default=default, ensure_ascii=False) + "\n" for row in rows)
        content = json.dumps(results, indent=2, default=default, ensure_ascii=False)
        (unfinished / f"results_{stamp}.json").write_text(content, encoding="utf-8")
        unfinished.rename(folder)
    except OSError as error:
        raise HarnessError(
            f"The run's files could not be written to {folder.parent} ({error.strerror or error}): make the folder"
            " writable and see that the disk has room, or set TRACKER_DATA_DIR."
        ) from error


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
