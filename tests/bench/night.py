"""Times the embedded night against lm-eval's command line and a hand-written script: `python -m tests.bench.night`.

Three ways to the same 24 results, on one core each: the night (database, gaps and all), the `lm_eval` command called
once for every model and task, and the shortest script that loads each model once and hands it all its tasks. Night and
script take turns; the command line, which takes minutes, runs once.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tracker.catalog.load import Catalog, load_catalog
from tracker.catalog.plan import EVALS
from tracker.settings import EMBEDDED_CATALOG, EMBEDDED_TASKS

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
job = json.load(open(sys.argv[1]))
for name, model in job["models"].items():
    lm = HFLM(pretrained=model["weights"], device="cpu", dtype="float32", batch_size=model["batch_size"],
              chat_template_args=model["chat_template_args"])
    found = simple_evaluate(lm, tasks=job["tasks"], apply_chat_template=True, batch_size=model["batch_size"],
                            gen_kwargs={"max_gen_toks": model["max_output_tokens"]},
                            task_manager=TaskManager(include_path=job["include_path"], include_defaults=False))
    json.dump(found, open(f"{sys.argv[2]}/{name}.json", "w"), default=str)
"""


def embedded(catalog: Catalog) -> tuple[dict[str, dict[str, object]], list[str]]:
    """The embedded models as the script wants them, and the tasks."""
    models: dict[str, dict[str, object]] = {
        entry.id: {
            "weights": entry.location(EVALS),
            "batch_size": entry.batch_size,
            "chat_template_args": dict(entry.chat_template_args),
            "max_output_tokens": entry.max_output_tokens,
        }
        for entry in catalog.models.values()
        if "embedded" in entry.suites
    }
    tasks = {benchmark.task for benchmark in catalog.benchmarks.values() if "embedded" in benchmark.suites}
    return models, sorted(tasks)


def night(folder: Path) -> float:
    environment = {"TRACKER_DATA_DIR": str(folder), "TRACKER_DATABASE_URL": "", "TRACKER_CATALOG_DIR": ""}
    return timed([sys.executable, "-m", "jobs", "nightly", "--suite", "embedded"], folder, environment)


def script(folder: Path, models: dict[str, dict[str, object]], tasks: list[str]) -> float:
    job = {"models": models, "tasks": tasks, "include_path": str(EMBEDDED_TASKS)}
    (folder / "job.json").write_text(json.dumps(job))
    return timed([sys.executable, "-c", SCRIPT, str(folder / "job.json"), str(folder)], folder, {})


def command_line(folder: Path, models: dict[str, dict[str, object]], tasks: list[str]) -> float:
    """`lm_eval` once for every model and task."""
    total = 0.0
    for name, model in models.items():
        arguments = {
            "pretrained": model["weights"],
            "dtype": "float32",
            "chat_template_args": model["chat_template_args"],
        }
        for task in tasks:
            command = [
                sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--model_args", json.dumps(arguments),
                "--tasks", task, "--include_path", str(EMBEDDED_TASKS), "--device", "cpu", "--apply_chat_template",
                "--batch_size", str(model["batch_size"]), "--gen_kwargs", f"max_gen_toks={model['max_output_tokens']}",
                "--log_samples", "--output_path", str(folder / name / task),
            ]  # fmt: skip
            seconds = timed(command, folder, {})
            total += seconds
            print(f"  lm_eval {name} {task}: {seconds:.1f} s", flush=True)
    return total


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Wall seconds of a command that must succeed."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    done = subprocess.run(
        command, env=os.environ | offline | environment | {"PYTHONPATH": str(ROOT)}, cwd=folder, capture_output=True
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout.decode(errors="replace")[-2000:] + done.stderr.decode(errors="replace")[-2000:])
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often night and script take turns")
    parser.add_argument("--no-command-line", action="store_true", help="leave out the slow one")
    arguments = parser.parse_args()
    models, tasks = embedded(load_catalog(EMBEDDED_CATALOG))
    nights, scripts = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(arguments.rounds):
            for name, times in (("night", nights), ("script", scripts)):
                folder = Path(temporary) / f"{name}-{number}"
                folder.mkdir()
                times.append(night(folder) if name == "night" else script(folder, models, tasks))
                print(f"{name}: {times[-1]:.1f} s", flush=True)
        ours, theirs = statistics.median(nights), statistics.median(scripts)
        print(f"{len(models)} models × {len(tasks)} tasks; medians of {arguments.rounds}")
        print(f"night against script: {ours:.1f} s / {theirs:.1f} s = {ours / theirs:.2f} (wanted: at most 1.10)")
        if not arguments.no_command_line:
            folder = Path(temporary) / "command-line"
            folder.mkdir()
            slow = command_line(folder, models, tasks)
            print(f"night against lm_eval: {ours:.1f} s / {slow:.1f} s = {ours / slow:.2f} (wanted: at most 0.20)")


if __name__ == "__main__":
    main()
