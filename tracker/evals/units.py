"""From a catalogue entry to what the child process is told."""

from collections.abc import Sequence
from pathlib import Path

from tracker.catalog.entries import ModelEntry
from tracker.catalog.plan import EVALS, Pair, revision
from tracker.evals.protocol import ModelSpec, TaskSpec
from tracker.evals.results import Headline


def model_spec(entry: ModelEntry, settings: dict[str, object]) -> ModelSpec:
    """What to load and where: `gpus` 0 is the processor; a server entry loads nothing."""
    server = entry.backend == "server"
    return ModelSpec(
        id=entry.id,
        backend=entry.backend,
        weights=entry.location(EVALS) if entry.weights is not None else entry.server_model or entry.id,
        revision=revision(entry),
        local=entry.local,
        device="server" if server else "cuda" if entry.gpus else "cpu",
        gpus=0 if server else entry.gpus,
        thinking=entry.thinking,
        think_start=entry.think_start,
        think_end=entry.think_end,
        settings=settings,
        batch_size=entry.batch_size,
        base_url=entry.base_url,
        api_key_env=entry.api_key_env,
        server_model=entry.server_model,
        concurrency=entry.concurrency,
    )


def task_spec(pair: Pair, *, run_id: str, data_dir: Path, include_paths: Sequence[Path]) -> TaskSpec:
    """One task, its run folder, and the folder where unfinished answers wait (the same for the same pair)."""
    benchmark = pair.benchmarks[0]
    partial = "-".join((pair.model.id, pair.task, (pair.revision or "none")[-16:], pair.settings_hash))
    return TaskSpec(
        run_id=run_id,
        task=pair.task,
        version=benchmark.task_version,
        folder=str(data_dir / "runs" / run_id),
        partial=str(data_dir / "partial" / partial.replace("/", "_")),
        settings=pair.settings,
        settings_hash=pair.settings_hash,
        unsafe_code=benchmark.unsafe_code,
        limit=pair.limit,
        include_paths=[str(path) for path in include_paths],
        group=benchmark.group,
    )


def headlines(pair: Pair) -> list[Headline]:
    """What the pair's benchmarks take from the task."""
    return [Headline(benchmark.id, benchmark.metric, benchmark.filter) for benchmark in pair.benchmarks]
