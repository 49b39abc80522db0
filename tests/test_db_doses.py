"""What was scored at how much thinking: weights that several models share, tokens an answer, nothing undated."""

from datetime import date, timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from db.queries.doses import DOSES, doses
from db.store import save_catalog, save_run
from tests.rows import NIGHT, benchmark, metric, model, run

LATER = NIGHT + timedelta(days=10)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    models = [
        model("low", "reasoning", weights="lab/weights"),
        model("high", "reasoning", weights="lab/weights"),
        model("off", "conventional", weights="lab/weights"),
        model("alone", "reasoning", weights="lab/others"),
        model("closed", "reasoning"),
        model("shut", "reasoning"),
        model("toy-low", "reasoning", weights="toys", demonstration=True),
        model("toy-high", "reasoning", weights="toys", demonstration=True),
    ]
    save_catalog(engine, models, [], [benchmark(), benchmark("again", overlaps="sums")])
    for name in ("low", "high", "off", "alone", "closed", "shut", "toy-low", "toy-high"):
        tokens = 40_000 if name == "low" else 160_000
        save_run(
            engine,
            run(f"r-{name}", name, output_tokens=tokens, truncated=2),
            [metric(f"r-{name}", n=80), metric(f"r-{name}", "again", n=20)],
            [],
        )
    return engine


def test_an_empty_database_gives_an_empty_frame_of_the_declared_types(engine: Engine) -> None:
    assert doses(engine).schema == pl.Schema(DOSES)
    assert doses(engine).is_empty()


def test_reasoning_models_of_shared_weights_with_what_they_wrote(filled: Engine) -> None:
    found = doses(filled)
    assert found.select("weights", "benchmark_id", "model_id", "tokens", "truncated").rows() == [
        ("lab/weights", "again", "high", 2000.0, 0.025),
        ("lab/weights", "again", "low", 500.0, 0.025),
        ("lab/weights", "sums", "high", 2000.0, 0.025),
        ("lab/weights", "sums", "low", 500.0, 0.025),
    ]
    assert found["overlaps"].to_list() == ["sums", "sums", None, None]


def test_runs_that_counted_no_tokens_are_left_out(filled: Engine) -> None:
    save_run(filled, run("silent", "low", output_tokens=None, finished_at=LATER), [metric("silent")], [])
    assert set(doses(filled).filter(benchmark_id="sums")["model_id"]) == {"high"}


def test_the_latest_score_counts_and_the_first_day_is_kept(filled: Engine) -> None:
    again = run("later", "low", output_tokens=90_000, truncated=None, finished_at=LATER)
    save_run(filled, again, [metric("later", value=0.9, n=90)], [])
    row = doses(filled).filter(model_id="low", benchmark_id="sums").row(0, named=True)
    assert (row["tokens"], row["value"], row["truncated"]) == (1000.0, 0.9, None)
    assert (row["finished_at"], row["first_on"]) == (LATER, NIGHT.date())
    before = doses(filled, LATER - timedelta(seconds=1)).filter(model_id="low", benchmark_id="sums")
    assert before["tokens"].to_list() == [500.0]


def test_as_of_a_day_nothing_later_or_undated_is_known(filled: Engine) -> None:
    assert doses(filled, NIGHT - timedelta(days=1)).is_empty()
    save_run(
        filled,
        run("undated", "high", output_tokens=900_000, finished_at=None, started_at=None),
        [metric("undated")],
        [],
    )
    found = doses(filled, LATER)
    assert "undated" not in set(found["run_id"])
    assert found["first_on"].max() <= date(2026, 3, 11)
