"""What the evidence's pages ask of the database: the quick gaps are the same gaps, and a number leads to its files."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import seeded
import shipped
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import open_engine
from db.queries import capabilities as capability_queries
from db.queries.evidence import KEY, details, evidence, relations
from db.queries.gaps import gaps
from db.queries.provenance import BEHIND, behind
from db.tables import Benchmark, Capability


@pytest.fixture(scope="module")
def shipped_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("evidence") / "tracker.db"
    shipped.copy_to(path, demonstration=True)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "as_of", [None, date(2025, 11, 5), date(2025, 1, 1), datetime(2025, 12, 11, tzinfo=UTC), date(2026, 12, 31)]
)
def test_the_quick_gaps_are_the_gaps(shipped_engine: Engine, as_of: date | None) -> None:
    expected = gaps(shipped_engine, as_of)
    found = evidence(shipped_engine, as_of)
    assert found.equals(expected.select(found.columns))
    some = evidence(shipped_engine, as_of, "same-weights")
    assert some.equals(found.filter(relation="same-weights"))


def test_the_rest_of_what_is_known_of_a_gap(shipped_engine: Engine) -> None:
    expected = gaps(shipped_engine).filter(pl.col("benchmark_id").is_in(["lmarena/math", "chain-easy"]))
    more = details(shipped_engine, ["lmarena/math", "chain-easy"])
    found = expected.select(KEY).join(more, on=KEY, how="left", maintain_order="left")
    assert expected.height == 24
    assert found.equals(expected.select(found.columns))


def test_the_quick_gaps_on_every_database(engine: Engine) -> None:
    assert evidence(engine).is_empty()
    seeded.fill(engine)
    assert evidence(engine).equals(gaps(engine).select(evidence(engine).columns))
    assert evidence(engine, None, "same-family").height == 10
    assert relations(engine).rows() == [("same-family", True), ("same-weights", True)]


def test_a_number_leads_to_its_runs(engine: Engine) -> None:
    seeded.fill(engine)
    found = behind(engine, ["toy-reasoning-facts", "toy-reasoning-off-facts", "gone"], "facts")
    assert found.columns == list(BEHIND)
    assert found["run_id"].to_list() == ["toy-reasoning-facts", "toy-reasoning-off-facts"]
    row = found.row(0, named=True)
    assert (row["kind"], row["value"], row["n"], row["folder"]) == ("reasoning", 0.55, 200, "runs/toy-reasoning-facts")
    assert row["settings"] == '{"shots":0}'
    assert row["citation"] is None
    other = behind(engine, ["toy-reasoning-facts"], "cups").row(0, named=True)
    assert other["value"] is None


def test_a_published_number_leads_to_its_source(shipped_engine: Engine) -> None:
    gap = (
        gaps(shipped_engine)
        .filter(benchmark_id="qwen3-report/gpqa-diamond", relation="same-weights")
        .row(0, named=True)
    )
    found = behind(shipped_engine, [gap["reasoning_run_id"], gap["conventional_run_id"]], gap["benchmark_id"])
    assert found.height == 2
    assert found["citation"].str.contains("Qwen3 Technical Report").all()
    assert found["url"].str.starts_with("https://").all()
    assert found["value"].to_list() == [gap["reasoning_value"], gap["conventional_value"]]


def test_capabilities_and_benchmarks_without_the_demonstration(engine: Engine) -> None:
    capability = Capability(id="math", name="Math", nature="checkable", place="superhuman", note=None)
    own = {"task": "t", "metric": "m", "filter": "none", "unit": "fraction", "capability": "math"}
    benchmarks = [
        Benchmark(id="real", name="Real", grading="verifiable", human=0.9, human_source="A 2020", **own),
        Benchmark(id="toy", name="Toy", grading="verifiable", demonstration=True, **own),
    ]
    with Session(engine) as session:
        session.add_all([capability, *benchmarks])
        session.commit()
    assert capability_queries.capabilities(engine).rows() == [("math", "Math", "checkable", "superhuman", None)]
    found = capability_queries.benchmarks(engine)
    assert found["benchmark_id"].to_list() == ["real"]
    assert found.select("human", "human_source").row(0) == (0.9, "A 2020")


def test_speeds_are_of_own_runs_and_say_what_is_a_demonstration(engine: Engine) -> None:
    seeded.fill(engine)
    found = capability_queries.speeds(engine)
    assert found["model_id"].to_list() == ["toy-direct", "toy-reasoning", "toy-reasoning-off"]
    assert found["demonstration"].all()
    row = found.row(1, named=True)
    assert (row["runs"], row["answers"]) == (8, 8 * seeded.DOCUMENTS)
    assert row["output_tokens"] / row["seconds"] == pytest.approx(400, rel=0.01)
