"""The scores by model: the latest complete run, flags of its gaps, nothing of the demonstration."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from db.queries.trends import SCORES, scores
from db.store import save_catalog, save_gaps, save_run
from tests.rows import NIGHT, benchmark, gap, metric, model, run, twin

LATER = NIGHT + timedelta(days=1)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    models = [
        model(released_on=date(2025, 2, 3), lab="A lab"),
        model("thinker", "reasoning"),
        model("toy", "reasoning", demonstration=True),
    ]
    benchmarks = [benchmark(), benchmark("again", overlaps="sums"), benchmark("shown", demonstration=True)]
    save_catalog(engine, models, [twin(), twin("toy")], benchmarks)
    save_run(engine, run("old"), [metric("old", value=0.4), metric("old", filter="strict", value=0.1)], [])
    save_run(
        engine, run("new", finished_at=LATER), [metric("new", value=0.6, low=0.5, high=0.7, n=90, stderr=None)], []
    )
    save_run(engine, run("undated", finished_at=None, started_at=None), [metric("undated", value=0.9)], [])
    save_run(engine, run("trial", finished_at=LATER + timedelta(1), status="limited"), [metric("trial", value=1.0)], [])
    save_run(engine, run("other", "thinker", finished_at=None, started_at=None), [metric("other", value=0.8)], [])
    save_run(engine, run("r-toy", "toy", finished_at=LATER), [metric("r-toy"), metric("r-toy", "shown")], [])
    save_gaps(
        engine,
        [gap("other", "new", flags=["truncated", "no-stderr"]), gap("other", "old", flags=["shared-fit", "no-stderr"])],
    )
    return engine


def test_an_empty_database_gives_an_empty_frame_of_the_declared_types(engine: Engine) -> None:
    found = scores(engine)
    assert found.is_empty()
    assert found.schema == pl.Schema(SCORES | {"flags": pl.List(pl.String)})


def test_the_latest_complete_dated_run_counts(filled: Engine) -> None:
    found = scores(filled)
    assert found.select("model_id", "benchmark_id", "run_id", "value").rows() == [
        ("direct", "sums", "new", 0.6),
        ("thinker", "sums", "other", 0.8),
    ]
    row = found.row(0, named=True)
    assert (row["released_on"], row["lab"], row["low"], row["high"], row["n"]) == (
        date(2025, 2, 3),
        "A lab",
        0.5,
        0.7,
        90,
    )
    assert row["finished_at"] == LATER


def test_every_flag_of_its_gaps_is_on_a_score(filled: Engine) -> None:
    flags = dict(scores(filled).select("run_id", "flags").iter_rows())
    assert flags == {"new": ["no-stderr", "truncated"], "other": ["no-stderr", "shared-fit", "truncated"]}


def test_as_of_a_day_neither_later_nor_undated_runs_are_there(filled: Engine) -> None:
    found = scores(filled, as_of=NIGHT + timedelta(hours=20))
    assert found.select("run_id", "value").rows() == [("old", 0.4)]
    assert scores(filled, as_of=datetime(2001, 1, 1, tzinfo=UTC)).is_empty()


def test_a_gap_with_a_later_run_flags_nothing_as_of_an_earlier_day(filled: Engine) -> None:
    save_run(filled, run("late", "thinker", finished_at=LATER + timedelta(300)), [metric("late", value=0.7)], [])
    save_gaps(filled, [gap("late", "new", flags=["truncated"])])
    flags = {row["run_id"]: row["flags"] for row in scores(filled, LATER).iter_rows(named=True)}
    assert flags == {"new": []}
    later = {row["run_id"]: row["flags"] for row in scores(filled, LATER + timedelta(301)).iter_rows(named=True)}
    assert later == {"new": ["truncated"], "late": ["truncated"]}
