"""The frames that charts are drawn from in tests: believable numbers of every kind that a chart can meet."""

from datetime import UTC, datetime, timedelta

import polars as pl

from tracker.stats.findings import drawn, with_intervals
from tracker.stats.nights import Clock, clock, nights

AT = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def gaps(count: int = 6, **columns: object) -> pl.DataFrame:
    """Gaps with the columns of `db.queries.scores.gaps`; keywords replace a whole column by one value."""
    values = (0.85, 0.16, 0.01, -0.12, 0.33, 0.2)
    stderrs = (0.02, 0.05, 0.02, 0.03, None, 0.03)
    flags: tuple[list[str], ...] = ([], [], [], [], ["no-stderr"], ["truncated"])
    rows = [
        {
            "reasoning_id": "r",
            "reasoning_name": "thinker",
            "conventional_id": "c",
            "conventional_name": "talker",
            "relation": "same-weights",
            "twin_evidence": "one set of weights",
            "inferred": False,
            "benchmark_id": f"b{index}",
            "benchmark_name": f"Benchmark {index}",
            "task": f"task_{index}",
            "capability": "mathematics",
            "grading": ("verifiable", "proxy")[index % 2],
            "unit": "fraction",
            "chance": 0.0,
            "reasoning_value": 0.1 + max(values[index % 6], 0.0),
            "conventional_value": 0.1 + max(values[index % 6], 0.0) - values[index % 6],
            "value": values[index % 6],
            "stderr": stderrs[index % 6],
            "n": 200,
            "paired": True,
            "log_odds": None,
            "log_odds_stderr": None,
            "flags": flags[index % 6],
            "reasoning_run_id": f"r{index}",
            "conventional_run_id": f"c{index}",
            "origin": "local",
            "finished_at": AT,
            "demonstration": False,
        }
        | columns
        for index in range(count)
    ]
    schema = dict.fromkeys(("stderr", "log_odds", "log_odds_stderr"), pl.Float64)
    lists = {"flags": pl.List(pl.String), "finished_at": pl.Datetime("us", "UTC"), "grading": pl.String}
    return pl.DataFrame(rows, schema_overrides=schema | lists)


def forest_rows(count: int = 6, **columns: object) -> pl.DataFrame:
    return drawn(with_intervals(gaps(count, **columns)))


def runs(count: int = 6, *, start: datetime = AT, kinds: tuple[str | None, ...] = ("reasoning", None)) -> pl.DataFrame:
    """Runs with the columns of `db.queries.runs.runs`, one after the other, of as many models as kinds."""
    rows = [
        {
            "run_id": f"run-{start:%d%H}-{index}",
            "model_id": f"m{index % len(kinds)}",
            "model_name": f"model {index % len(kinds)}",
            "kind": kinds[index % len(kinds)],
            "task": f"task_{index}",
            "task_version": "1",
            "revision": None,
            "origin": "local",
            "status": "complete",
            "started_at": start + timedelta(seconds=30 * index),
            "finished_at": start + timedelta(seconds=30 * index + 20),
            "seconds": 20.0,
            "device": "cpu",
            "documents": 100,
            "output_tokens": 5000,
            "truncated": 3 if index == 1 else 0,
            "harness_version": "0.4.13",
            "settings_hash": "a",
            "folder": None,
            "demonstration": False,
        }
        for index in range(count)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def night(count: int = 6, most: int = 30) -> Clock:
    return clock(nights(runs(count)), most)
