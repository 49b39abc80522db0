"""The queries that comparisons rest on, against written rows."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from db.queries.comparisons import READINGS, SIDES, TWINS, readings, sides, twins
from db.store import save_catalog, save_run
from db.tables import Benchmark, Metric, Model, Run, SampleRow, Twin

FINISHED = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


def test_empty_tables_give_empty_frames_with_their_columns(engine: Engine) -> None:
    for query, schema in ((twins, TWINS), (sides, SIDES), (readings, READINGS)):
        frame = query(engine)
        assert frame.is_empty()
        assert dict(frame.schema) == schema


def test_a_written_run_comes_back_whole(engine: Engine) -> None:
    models = [Model(id="a", name="A", kind="reasoning"), Model(id="b", name="B", kind="conventional")]
    twin = Twin(reasoning_id="a", conventional_id="b", relation="same-base", evidence="Cards.", inferred=True)
    benchmark = Benchmark(
        id="bench",
        name="Bench",
        task="task",
        metric="acc",
        filter="none",
        unit="fraction",
        chance=0.25,
        grading="judged",
        log_likelihood=True,
    )
    save_catalog(engine, models, [twin], [benchmark])
    run = Run(
        id="r",
        model_id="a",
        task="task",
        task_version="2.0",
        origin="imported",
        status="limited",
        finished_at=FINISHED,
        settings={"limit": 2},
        settings_hash="h",
        environment={},
        files={},
        truncated=1,
        source="a file",
    )
    metrics = [
        Metric(run_id="r", benchmark_id="bench", name="acc", filter="none", value=0.5, stderr=0.5, n=2, task_hash="t"),
        Metric(run_id="r", benchmark_id="bench", name="acc_norm", filter="none", value=0.75),
        Metric(run_id="r", benchmark_id="nobody-catalogued-it", name="f1", filter="none", value=0.1),
    ]
    save_run(engine, run, metrics, [SampleRow("r", "bench", 0, "d", 1.0, None, None)])

    assert twins(engine).rows() == [("a", "b", "same-base", True)]
    assert sides(engine).to_dicts() == [
        {
            "run_id": "r",
            "model_id": "a",
            "benchmark_id": "bench",
            "task": "task",
            "metric": "acc",
            "filter": "none",
            "unit": "fraction",
            "chance": 0.25,
            "grading": "judged",
            "log_likelihood": True,
            "value": 0.5,
            "stderr": 0.5,
            "n": 2,
            "task_version": "2.0",
            "task_hash": "t",
            "origin": "imported",
            "status": "limited",
            "source": "a file",
            "finished_at": FINISHED,
            "settings": '{"limit":2}',
            "truncated": 1,
            "has_samples": True,
        }
    ]
    assert readings(engine).rows() == [
        ("r", "bench", "acc", "none", 0.5),
        ("r", "bench", "acc_norm", "none", 0.75),
        ("r", "nobody-catalogued-it", "f1", "none", 0.1),
    ]
