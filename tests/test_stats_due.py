"""What is due and how long it should take, on small frames."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from db.queries.runs import FINISHED
from tracker.catalog.plan import WANTED
from tracker.stats.due import (
    GPU_BYTES_PER_SECOND,
    GUESS,
    LAST_RUN,
    OTHER_RUNS,
    PROCESSOR_BYTES_PER_SECOND,
    STEP_SECONDS,
    UNKNOWN,
    due,
)

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
PAIR = {
    "model_id": "m",
    "task": "t",
    "task_version": "1.0",
    "revision": "r1",
    "settings_hash": "s1",
    "every_days": None,
    "documents": 100,
    "gpus": 1,
    "parameters": 8_000_000_000,
    "batch_size": 8,
    "output_limit": None,
    "limit": None,
    "refused": None,
}
RUN = {
    "model_id": "m",
    "task": "t",
    "task_version": "1.0",
    "revision": "r1",
    "settings_hash": "s1",
    "status": "complete",
    "finished_at": NOW - timedelta(days=3),
    "seconds": 50.0,
    "documents": 100,
}


def ask(wanted: list[dict[str, Any]], *finished: dict[str, Any]) -> list[dict[str, Any]]:
    """`finished` newest first, as the query gives them."""
    rows = pl.DataFrame([PAIR | one for one in wanted], schema=WANTED)
    runs = pl.DataFrame([RUN | one for one in finished], schema=dict(FINISHED))
    return due(rows, runs, NOW).to_dicts()


def reason(pair: dict[str, Any], *finished: dict[str, Any]) -> str | None:
    rows = ask([pair], *finished)
    return rows[0]["reason"] if rows else None


def expected(pair: dict[str, Any], *finished: dict[str, Any]) -> tuple[float | None, str]:
    [row] = ask([pair], *finished)
    return row["expected_seconds"], row["basis"]


@pytest.mark.parametrize(
    ("pair", "runs", "said"),
    [
        ({}, [], "never run"),
        ({}, [{"model_id": "other"}], "never run"),
        ({}, [{"task": "other"}], "never run"),
        ({}, [{}], None),
        ({}, [{"revision": "r0"}], "weights changed"),
        ({"revision": None}, [{}], "weights changed"),
        ({"revision": None}, [{"revision": None}], None),
        ({}, [{"task_version": "0.9"}], "task version changed"),
        ({"task_version": None}, [{"task_version": None}], None),
        ({}, [{"settings_hash": "s0"}], "settings changed"),
        ({}, [{"settings_hash": "s0"}, {"finished_at": NOW - timedelta(days=400)}], None),
        ({}, [{"revision": "r0"}, {"task_version": "0.9"}, {"settings_hash": "s0"}], "settings changed"),
        ({}, [{"status": "limited"}], "never run"),
        ({"every_days": 3}, [{"finished_at": NOW - timedelta(days=3)}], None),
        ({"every_days": 3}, [{"finished_at": NOW - timedelta(days=3, seconds=-1)}], None),
        ({"every_days": 3}, [{"finished_at": NOW - timedelta(days=3, seconds=1)}], "older than 3 days"),
        ({"every_days": 3}, [{"finished_at": NOW}, {"finished_at": NOW - timedelta(days=9)}], None),
        ({"every_days": 3}, [{"finished_at": NOW, "status": "limited"}, {"finished_at": NOW - timedelta(days=9)}],
         "older than 3 days"),
        ({"every_days": 3}, [{"finished_at": NOW, "settings_hash": "s0"}, {"finished_at": NOW - timedelta(days=9)}],
         "older than 3 days"),
    ],
)  # fmt: skip
def test_a_pair_is_due_for_a_reason_or_not_at_all(pair, runs, said):
    assert reason(pair, *runs) == said


def test_a_trial_is_due_until_one_like_it_has_run_and_stands_for_no_full_run():
    trial = {"limit": 10, "settings_hash": "s-of-10", "documents": 10}
    stored = {"status": "limited", "settings_hash": "s-of-10", "documents": 10}
    assert reason(trial, {}) == "trial not run yet"
    assert reason(trial, stored) is None
    assert reason(trial, stored | {"revision": "r0"}) == "trial not run yet"
    assert reason(trial, stored | {"task_version": "0.9"}) == "trial not run yet"
    assert reason({}, stored) == "never run"


def test_the_last_run_of_the_pair_says_how_long_it_takes_whatever_has_changed_since():
    runs = [{"seconds": 70.0, "finished_at": NOW}, {"seconds": 20.0, "finished_at": NOW - timedelta(days=9)}]
    assert expected({"settings_hash": "s2"}, *runs) == (70.0, LAST_RUN)
    assert expected({"settings_hash": "s2"}, *reversed(runs)) == (70.0, LAST_RUN)


def test_a_run_whose_duration_nobody_knows_is_passed_over():
    older = {"seconds": 20.0, "finished_at": NOW - timedelta(days=9)}
    assert expected({"settings_hash": "s2"}, {"seconds": None, "finished_at": NOW}, older) == (20.0, LAST_RUN)


def test_a_trial_takes_its_share_of_the_last_run():
    assert expected({"limit": 10, "documents": 10, "settings_hash": "s2"}, {"seconds": 50.0}) == (5.0, LAST_RUN)


def test_the_models_other_runs_say_how_long_a_document_takes():
    others = [{"task": "a", "seconds": 30.0, "documents": 10}, {"task": "b", "seconds": 30.0, "documents": 50}]
    assert expected({}, *others) == (pytest.approx(100.0), OTHER_RUNS)
    assert expected({}, *others, {"task": "c", "model_id": "n", "seconds": 9e9}) == (pytest.approx(100.0), OTHER_RUNS)
    uncounted = [{"task": "c", "seconds": 9e9, "documents": None}, {"task": "d", "seconds": None}]
    assert expected({}, *others, *uncounted) == (pytest.approx(100.0), OTHER_RUNS)


def test_a_guess_grows_with_what_is_read_and_written():
    seconds, basis = expected({})
    assert basis == GUESS
    steps = 13 * 256
    assert seconds == pytest.approx(steps * (STEP_SECONDS + 16e9 / GPU_BYTES_PER_SECOND))
    assert expected({"gpus": 0})[0] == pytest.approx(steps * (STEP_SECONDS + 16e9 / PROCESSOR_BYTES_PER_SECOND))
    assert expected({"gpus": 2})[0] < seconds < expected({"parameters": 16_000_000_000})[0]
    assert expected({"documents": 208})[0] == pytest.approx(2 * seconds)
    assert expected({"documents": None})[0] > expected({"documents": 200})[0]
    assert expected({"batch_size": 16})[0] < seconds
    assert expected({"output_limit": 512})[0] == pytest.approx(2 * seconds)
    assert expected({"output_limit": 32_768})[0] == expected({"output_limit": 1500})[0]  # few think to the limit
    assert expected({"output_limit": 1})[0] == pytest.approx(seconds / 256)


def test_what_nobody_can_guess_is_not_known():
    assert expected({"parameters": None}) == (None, UNKNOWN)


def test_the_order_and_the_refusals_are_kept():
    rows = ask([{"task": "z"}, {"task": "a", "refused": "It cannot."}, {"task": "m"}])
    assert [(row["task"], row["refused"]) for row in rows] == [("z", None), ("a", "It cannot."), ("m", None)]
