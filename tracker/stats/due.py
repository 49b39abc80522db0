"""What the night has still to run, why, and how long it is expected to take."""

import math
from datetime import datetime
from typing import Any

import polars as pl

DUE = pl.Schema(
    {
        "model_id": pl.String,
        "task": pl.String,
        "reason": pl.String,
        "expected_seconds": pl.Float64,
        "basis": pl.String,
        "gpus": pl.Int64,
        "refused": pl.String,
    }
)

# A first guess where nothing has run yet: tokens a document, and for each token of a batch the bytes that one GPU (or a
# processor) reads, since writing a token means reading all weights once, and what a step costs besides. It orders the
# night; it is called a guess.
GUESSED_TOKENS = 1500
GUESSED_TOKENS_WITHOUT_LIMIT = 256
GUESSED_DOCUMENTS = 1000
STEP_SECONDS = 0.008
GPU_BYTES_PER_SECOND = 1.0e12
PROCESSOR_BYTES_PER_SECOND = 2.0e9

LAST_RUN, OTHER_RUNS, GUESS, UNKNOWN = "this pair's last run", "this model's other runs", "guess", "not known"


def due(wanted: pl.DataFrame, finished: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The wanted pairs with no complete run for their revision, task version and settings, or only one too old.

    wanted: tracker.catalog.plan.WANTED. finished: model_id, task, task_version, revision, settings_hash, status,
    finished_at, seconds, documents of runs there are. Gives DUE, in the order of `wanted`.

    `expected_seconds` is null when nothing is known and nothing can be guessed; `basis` says where it comes from:
    LAST_RUN, OTHER_RUNS (seconds a document), GUESS or UNKNOWN.
    """
    rows = []
    history = finished.filter(pl.col("status") == "complete").sort("finished_at")
    for pair in wanted.iter_rows(named=True):
        runs = history.filter((pl.col("model_id") == pair["model_id"]) & (pl.col("task") == pair["task"]))
        reason = _reason(pair, runs, finished, now)
        if reason is None:
            continue
        seconds, basis = _expected(pair, runs, history)
        rows.append(
            {
                "model_id": pair["model_id"],
                "task": pair["task"],
                "reason": reason,
                "expected_seconds": seconds,
                "basis": basis,
                "gpus": pair["gpus"],
                "refused": pair["refused"],
            }
        )
    return pl.DataFrame(rows, schema=DUE)


def _reason(pair: dict[str, Any], runs: pl.DataFrame, finished: pl.DataFrame, now: datetime) -> str | None:
    """Why it is due, in words; None when it is not."""
    if pair["limit"] is not None:
        # A trial over some documents is stored as "limited": one like it is enough.
        same = finished.filter(
            (pl.col("model_id") == pair["model_id"])
            & (pl.col("task") == pair["task"])
            & (pl.col("settings_hash") == pair["settings_hash"])
            & pl.col("revision").eq_missing(pl.lit(pair["revision"], dtype=pl.String))
            & pl.col("task_version").eq_missing(pl.lit(pair["task_version"], dtype=pl.String))
        )
        return "trial not run yet" if same.is_empty() else None
    if runs.is_empty():
        return "never run"
    for column, words in (
        ("revision", "weights changed"),
        ("task_version", "task version changed"),
        ("settings_hash", "settings changed"),
    ):
        runs = runs.filter(pl.col(column).eq_missing(pl.lit(pair[column], dtype=pl.String)))
        if runs.is_empty():
            return words
    last = runs["finished_at"].max()
    every = pair["every_days"]
    if every is not None and isinstance(last, datetime) and (now - last).total_seconds() > every * 86400:
        return f"older than {every} days"
    return None


def _expected(pair: dict[str, Any], runs: pl.DataFrame, history: pl.DataFrame) -> tuple[float | None, str]:
    timed = runs.filter(pl.col("seconds").is_not_null())
    if not timed.is_empty():
        last = timed.row(-1, named=True)
        scale = (pair["documents"] or 0) / last["documents"] if pair["limit"] and last["documents"] else 1.0
        return last["seconds"] * scale, LAST_RUN
    documents = pair["documents"] or GUESSED_DOCUMENTS
    others = history.filter(
        (pl.col("model_id") == pair["model_id"]) & pl.col("seconds").is_not_null() & (pl.col("documents") > 0)
    )
    if not others.is_empty():
        rate = float(others["seconds"].sum()) / int(others["documents"].sum())
        return rate * documents, OTHER_RUNS
    if pair["parameters"] is None:
        return None, UNKNOWN
    speed = GPU_BYTES_PER_SECOND * pair["gpus"] if pair["gpus"] else PROCESSOR_BYTES_PER_SECOND
    tokens = min(pair["output_limit"] or GUESSED_TOKENS_WITHOUT_LIMIT, GUESSED_TOKENS)
    steps = math.ceil(documents / pair["batch_size"]) * tokens
    return steps * (STEP_SECONDS + 2 * pair["parameters"] / speed), GUESS
