"""Every query gives the hand-written rows back, on both databases, and the declared types when there are none."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import Engine

from db.queries import runs, samples, scores
from db.store import save_catalog, save_gaps, save_report, save_run
from tests.rows import NIGHT, benchmark, gap, metric, model, report, run, sample, twin

LATER = NIGHT + timedelta(days=1)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Two twins (one a demonstration), two benchmarks on one task, four runs of which one is of unknown date."""
    models = [model(), model("thinker", "reasoning"), model("toy", "reasoning", demonstration=True)]
    twins = [twin(), twin("toy", relation="same-family", evidence="said so", inferred=True)]
    benchmarks = [benchmark(), benchmark("style", task="sums_task", metric="coverage", grading="proxy", chance=None)]
    save_catalog(engine, models, twins, benchmarks)
    save_run(
        engine,
        run("r1"),
        [metric("r1"), metric("r1", filter="strict", value=0.4), metric("r1", "style", name="coverage", n=120)],
        [],
    )
    save_run(engine, run("r2", "thinker", finished_at=LATER), [metric("r2", value=0.75, stderr=None, n=None)], [])
    save_run(engine, run("r3", "toy", origin="imported", finished_at=None, started_at=None), [metric("r3")], [])
    save_run(engine, run("r4", "stranger", finished_at=LATER + timedelta(1)), [metric("r4", "odd")], [])
    save_gaps(engine, [gap(), gap("r3", "r1", reasoning_id="toy", stderr=None, flags=[], paired=False, n=None)])
    return engine


@pytest.mark.parametrize(
    ("query", "schema"),
    [
        (scores.headlines, scores.HEADLINES),
        (scores.gaps, scores.GAPS),
        (runs.runs, runs.RUNS),
        (runs.finished, runs.FINISHED),
        (runs.reports, runs.REPORTS),
        (lambda engine: samples.paired(engine, "a", "b", "c"), samples.PAIRED),
    ],
)
def test_an_empty_database_gives_an_empty_frame_of_the_declared_types(engine: Engine, query, schema) -> None:
    found = query(engine)
    assert found.is_empty()
    assert found.schema == pl.Schema(schema)


def test_a_headline_is_the_metric_that_the_catalogue_names(filled: Engine) -> None:
    found = scores.headlines(filled)
    assert found.schema == pl.Schema(scores.HEADLINES)
    assert found.select("run_id", "benchmark_id", "value").rows() == [
        ("r2", "sums", 0.75),
        ("r1", "style", 0.5),
        ("r1", "sums", 0.5),
        ("r3", "sums", 0.5),
    ]


def test_a_headline_carries_what_a_reader_needs_to_judge_it(filled: Engine) -> None:
    [row] = scores.headlines(filled).filter(pl.col("run_id") == "r2").to_dicts()
    assert row == {
        "run_id": "r2",
        "model_id": "thinker",
        "model_name": "Thinker",
        "kind": "reasoning",
        "benchmark_id": "sums",
        "benchmark_name": "Sums",
        "task": "sums_task",
        "metric": "exact_match",
        "filter": "answer",
        "capability": "math",
        "grading": "verifiable",
        "unit": "fraction",
        "chance": 0.1,
        "ceiling": 1.0,
        "value": 0.75,
        "stderr": None,
        "n": None,
        "origin": "local",
        "status": "complete",
        "finished_at": LATER,
        "settings_hash": "abc",
        "task_version": "1.0",
        "truncated": 2,
        "output_tokens": 1234,
        "demonstration": False,
    }


def test_a_demonstration_is_marked_wherever_it_shows(filled: Engine) -> None:
    marked = scores.headlines(filled).filter("demonstration")
    assert marked["model_id"].to_list() == ["toy"]
    assert scores.gaps(filled).filter("demonstration")["reasoning_id"].to_list() == ["toy"]
    assert runs.runs(filled).filter("demonstration")["run_id"].to_list() == ["r3"]
    save_catalog(filled, [model(), model("thinker", "reasoning")], [twin()], [benchmark(demonstration=True)])
    assert scores.headlines(filled).filter(benchmark_id="sums")["demonstration"].all()
    assert runs.runs(filled).filter("demonstration")["run_id"].to_list() == ["r2", "r1", "r3"]


def test_a_gap_carries_both_sides(filled: Engine) -> None:
    found = scores.gaps(filled)
    assert found.schema == pl.Schema(scores.GAPS)
    assert found.to_dicts()[0] == {
        "reasoning_id": "thinker",
        "reasoning_name": "Thinker",
        "conventional_id": "direct",
        "conventional_name": "Direct",
        "relation": "same-weights",
        "twin_evidence": "the same file, with thinking off",
        "inferred": False,
        "benchmark_id": "sums",
        "benchmark_name": "Sums",
        "task": "sums_task",
        "capability": "math",
        "nature": None,
        "grading": "verifiable",
        "unit": "fraction",
        "chance": 0.1,
        "overlaps": None,
        "reasoning_value": 0.75,
        "conventional_value": 0.5,
        "value": 0.25,
        "stderr": 0.03,
        "n": 100,
        "paired": True,
        "log_odds": 1.1,
        "log_odds_stderr": 0.2,
        "flags": ["truncated"],
        "reasoning_run_id": "r2",
        "conventional_run_id": "r1",
        "origin": "local",
        "source": None,
        "source_url": None,
        "published_on": None,
        "finished_at": LATER,
        "demonstration": False,
    }


def test_a_gap_of_unlike_runs_says_the_less_sure(filled: Engine) -> None:
    row = scores.gaps(filled).row(1, named=True)
    assert (row["origin"], row["finished_at"], row["flags"], row["stderr"]) == ("imported", None, [], None)
    assert (row["inferred"], row["relation"], row["twin_evidence"]) == (True, "same-family", "said so")


def test_runs_come_newest_first_and_unknown_dates_last(filled: Engine) -> None:
    found = runs.runs(filled)
    assert found.schema == pl.Schema(runs.RUNS)
    assert found.select("run_id", "kind", "documents").rows() == [
        ("r4", None, 100),
        ("r2", "reasoning", None),
        ("r1", "conventional", 120),
        ("r3", "reasoning", 100),
    ]
    assert found.to_dicts()[2] == {
        "run_id": "r1",
        "model_id": "direct",
        "model_name": "Direct",
        "kind": "conventional",
        "task": "sums_task",
        "task_version": "1.0",
        "revision": "main",
        "origin": "local",
        "status": "complete",
        "started_at": NIGHT,
        "finished_at": NIGHT.replace(minute=10),
        "seconds": 600.0,
        "device": "cpu",
        "documents": 120,
        "output_tokens": 1234,
        "truncated": 2,
        "harness_version": "0.4.13",
        "settings_hash": "abc",
        "folder": "runs/r1",
        "demonstration": False,
    }


def test_only_our_own_runs_count_as_finished(filled: Engine) -> None:
    found = runs.finished(filled)
    assert found.schema == pl.Schema(runs.FINISHED)
    assert found["model_id"].to_list() == ["stranger", "thinker", "direct"]
    assert found.to_dicts()[2] == {
        "model_id": "direct",
        "task": "sums_task",
        "task_version": "1.0",
        "revision": "main",
        "settings_hash": "abc",
        "status": "complete",
        "finished_at": NIGHT.replace(minute=10),
        "seconds": 600.0,
        "documents": 120,
    }


def test_reports_come_newest_first_and_can_be_of_one_job(engine: Engine) -> None:
    save_report(engine, report(outcome="done", finished_at=LATER, counts={"b": 1, "a": "é"}))
    save_report(engine, report("imports", "file", started_at=LATER, outcome="failed", error="no such file"))
    found = runs.reports(engine)
    assert found.rows() == [
        ("imports", "file", LATER, None, "failed", "{}", "no such file"),
        ("nightly", "", NIGHT, LATER, "done", '{"a":"é","b":1}', None),
    ]
    assert runs.reports(engine, "nightly").equals(found.tail(1))
    assert runs.reports(engine, "nobody").is_empty()


def test_documents_are_paired_by_hash_and_repeats_by_order(engine: Engine) -> None:
    def save(run_id: str, scored: list[tuple[str, float | None]]) -> None:
        rows = [sample(run_id, doc, score, doc_hash=doc_hash) for doc, (doc_hash, score) in enumerate(scored)]
        other = [sample(run_id, 0, 0.5, doc_hash="a", benchmark_id="style")]
        save_run(engine, run(run_id), [metric(run_id)], rows + other)

    save("one", [("c", 1.0), ("a", 1.0), ("twice", 0.1), ("twice", None), ("twice", 0.3), ("only here", 1.0)])
    save("two", [("twice", 0.4), ("a", 0.0), ("twice", 0.5), ("c", None), ("twice", 0.6), ("twice", 0.7)])
    found = samples.paired(engine, "one", "two", "sums")
    assert found.schema == pl.Schema(samples.PAIRED)
    assert found.rows() == [("a", 1.0, 0.0), ("twice", 0.1, 0.4), ("twice", 0.3, 0.6)]
    assert samples.paired(engine, "two", "one", "sums").rows() == [
        ("twice", 0.4, 0.1),
        ("a", 0.0, 1.0),
        ("twice", 0.6, 0.3),
    ]
    assert samples.paired(engine, "one", "two", "style").rows() == [("a", 0.5, 0.5)]
