"""Saving twice is saving once, and a unit of work is saved whole or not at all."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from db.engine import RefusedRow
from db.queries.runs import reports
from db.rows import Changes
from db.store import add_to_run, close_stale_reports, save_catalog, save_gaps, save_published, save_report, save_run
from db.tables import Base, Benchmark, Gap, Metric, Model, Run, Sample, SampleRow, Twin
from tests.rows import NIGHT, benchmark, gap, metric, model, report, run, sample, twin
from tests.test_db_published import paper

FOREIGN = 'O\'Brien "quoted" ; DROP TABLE model; -- \\ % ? :name 🧪 漢字 \r\n\t'
NOTHING = Changes(0, 0, 0)


def stored(engine: Engine, kind: type[Base]) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [
            row._asdict() for row in connection.execute(select(kind.__table__).order_by(*kind.__table__.primary_key))
        ]


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    return {mapper.class_.__name__: stored(engine, mapper.class_) for mapper in Base.registry.mappers}


def save_pair(engine: Engine) -> None:
    """A catalogued twin, and one run of each of the two."""
    save_catalog(engine, [model(), model("thinker", "reasoning")], [twin()], [benchmark()])
    save_run(engine, run("r1"), [metric("r1")], [sample("r1")])
    save_run(engine, run("r2", "thinker"), [metric("r2")], [sample("r2")])


def test_saving_everything_twice_changes_nothing(engine: Engine) -> None:
    def save() -> list[object]:
        catalog = save_catalog(engine, [model(), model("thinker", "reasoning")], [twin()], [benchmark()])
        first = save_run(engine, run("r1"), [metric("r1")], [sample("r1", doc) for doc in range(3)])
        second = save_run(engine, run("r2", "thinker"), [metric("r2")], [])
        save_report(engine, report(outcome="done", counts={"runs": 2}))
        printed = save_published(engine, **paper())
        return [catalog, first, second, printed, save_gaps(engine, [gap()])]

    assert save() == [Changes(4, 0, 0), True, True, Changes(10, 0, 0), Changes(1, 0, 0)]
    before = everything(engine)
    assert save() == [NOTHING, False, False, NOTHING, NOTHING]
    assert everything(engine) == before
    # Questions and what is said of them are saved elsewhere.
    saved_here = {mapper.class_.__name__ for mapper in Base.registry.mappers if mapper.class_.__module__ == "db.tables"}
    assert all(before[name] for name in saved_here)


def test_a_run_that_is_there_already_is_not_changed_by_another_of_its_id(engine: Engine) -> None:
    save_pair(engine)
    before = everything(engine)
    assert not save_run(engine, run("r1", "stranger", seconds=1.0), [metric("r1", "other")], [sample("r1", 9)])
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("metrics", "samples"),
    [
        ([metric()], [*(sample(doc=doc) for doc in range(500)), sample(doc=3)]),
        ([metric(), metric()], [sample()]),
        ([metric(value=None)], [sample()]),
        ([metric(value=math.nan)], [sample()]),
        ([metric("another")], [sample()]),
        ([metric()], [sample("another")]),
        ([metric(benchmark_id="su\0ms")], [sample()]),
    ],
    ids=["document twice", "metric twice", "no value", "not a number", "metric elsewhere", "sample elsewhere", "NUL"],
)
def test_a_run_that_cannot_be_saved_whole_leaves_nothing(
    engine: Engine, metrics: list[Metric], samples: list[SampleRow]
) -> None:
    with pytest.raises(RefusedRow):
        save_run(engine, run(), metrics, samples)
    assert not any(everything(engine).values())
    assert save_run(engine, run(), [metric()], [sample()])


def test_what_is_saved_is_read_back_as_it_was(engine: Engine) -> None:
    samples = [sample(doc=0, score=0.1 + 0.2), sample(doc=1, score=None, output_tokens=None, truncated=None)]
    settings = {"b": [1, None, True], "a": {"ü": "🧪\0"}}
    save_run(engine, run(settings=settings), [metric(value=1 / 3, stderr=math.inf)], samples)
    assert [SampleRow(**row) for row in stored(engine, Sample)] == samples
    assert stored(engine, Metric)[0]["value"] == 1 / 3
    assert stored(engine, Metric)[0]["stderr"] == math.inf
    found = stored(engine, Run)[0]
    assert found["settings"] == settings
    assert found["finished_at"] == NIGHT.replace(minute=10)
    assert found["finished_at"].tzinfo is UTC


def test_a_score_that_is_not_a_number_is_stored_as_unknown(engine: Engine) -> None:
    save_run(engine, run(seconds=math.nan), [metric(stderr=math.nan)], [sample(score=math.nan)])
    assert [
        stored(engine, kind)[0][name] for kind, name in ((Run, "seconds"), (Metric, "stderr"), (Sample, "score"))
    ] == [
        None,
        None,
        None,
    ]


def test_models_and_benchmarks_that_nobody_catalogued_say_only_their_id(engine: Engine) -> None:
    save_run(engine, run(model_id="new"), [metric(benchmark_id="novel")], [sample(benchmark_id="other")])
    [found] = stored(engine, Model)
    assert (found["id"], found["name"], found["kind"], found["catalogued"]) == ("new", "new", None, False)
    for row, identity in zip(stored(engine, Benchmark), ("novel", "other"), strict=True):
        known = {name: value for name, value in row.items() if value not in (None, False)}
        assert known == {"id": identity, "name": identity}
    assert save_catalog(engine, [model("new")], [], [benchmark("novel")]) == Changes(0, 2, 0)
    assert stored(engine, Benchmark)[0]["unit"] == "fraction"


def test_the_catalogue_changes_only_what_differs_and_keeps_what_vanished(engine: Engine) -> None:
    save_pair(engine)
    save_gaps(engine, [gap()])
    third = model("third", released_on=date(2026, 1, 2), parameters=8_000_000_000)
    changed = [model(name="Renamed"), model("thinker", "reasoning"), third]
    twins = [twin(), twin(conventional="third")]
    assert save_catalog(engine, changed, twins, [benchmark()]) == Changes(2, 1, 0)
    assert {row["id"]: row["name"] for row in stored(engine, Model)}["direct"] == "Renamed"

    # The third model's twin has no gap and goes; the first has one and stays, though nobody lists it.
    assert save_catalog(engine, changed[:2], [], []) == Changes(0, 2, 1)
    assert {row["id"]: row["catalogued"] for row in stored(engine, Model)} == {
        "direct": True,
        "thinker": True,
        "third": False,
    }
    assert [row["conventional_id"] for row in stored(engine, Twin)] == ["direct"]
    assert not stored(engine, Benchmark)[0]["catalogued"]

    save_gaps(engine, [])
    assert save_catalog(engine, changed[:2], [], [benchmark()]) == Changes(0, 1, 1)


def test_an_entry_given_twice_is_refused(engine: Engine) -> None:
    with pytest.raises(RefusedRow, match="model direct was given twice"):
        save_catalog(engine, [model(), model(name="Again")], [], [])
    assert stored(engine, Model) == []


def test_a_twin_of_a_model_that_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(RefusedRow, match="refused a row"):
        save_catalog(engine, [model()], [twin()], [])
    assert stored(engine, Model) == []


def test_a_word_outside_the_vocabulary_is_refused(engine: Engine) -> None:
    with pytest.raises(RefusedRow, match="refused a row"):
        save_catalog(engine, [model(kind="clever")], [], [])


def test_gaps_become_exactly_those_given(engine: Engine) -> None:
    save_pair(engine)
    save_run(engine, run("r3"), [metric("r3")], [])
    assert save_gaps(engine, [gap(), gap("r2", "r3")]) == Changes(2, 0, 0)
    assert save_gaps(engine, [gap("r2", "r3", value=0.3, flags=["limited"]), gap()]) == Changes(0, 1, 0)
    assert save_gaps(engine, [gap(flags=("truncated",))]) == Changes(0, 0, 1)
    assert [row["flags"] for row in stored(engine, Gap)] == [["truncated"]]
    with pytest.raises(RefusedRow):
        save_gaps(engine, [gap("r2", "r3"), gap("r2", "missing")])
    assert len(stored(engine, Gap)) == 1


def test_a_report_is_replaced_by_a_later_one_of_the_same_start(engine: Engine) -> None:
    save_report(engine, report())
    save_report(engine, report(unit="toy"))
    save_report(engine, report(outcome="failed", finished_at=NIGHT + timedelta(minutes=1), error="bad\0 byte \udc80"))
    found = reports(engine)
    assert found.select("unit", "outcome", "error").rows() == [("", "failed", "bad byte ?"), ("toy", "running", None)]


def test_reports_left_running_are_closed_and_no_others(engine: Engine) -> None:
    now = NIGHT + timedelta(days=1)
    save_report(engine, report())
    save_report(engine, report(unit="done", outcome="done", finished_at=NIGHT))
    save_report(engine, report(unit="just begun", started_at=now))
    assert close_stale_reports(engine, now) == 1
    assert close_stale_reports(engine, now) == 0
    found = {row["unit"]: (row["outcome"], row["error"]) for row in reports(engine).to_dicts()}
    assert found == {
        "": ("interrupted", "The process stopped before it could report."),
        "done": ("done", None),
        "just begun": ("running", None),
    }


def test_a_time_without_a_zone_is_refused_and_another_zone_is_the_same_moment(engine: Engine) -> None:
    naive = datetime(2026, 3, 1, 2, 0)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware UTC"):
        save_run(engine, run(finished_at=naive), [], [])
    with pytest.raises(ValueError, match="aware UTC"):
        save_report(engine, report(started_at=naive))
    assert not any(everything(engine).values())
    save_report(engine, report())
    save_report(engine, report(started_at=NIGHT.astimezone(timezone(timedelta(hours=9))), outcome="done"))
    assert reports(engine)["outcome"].to_list() == ["done"]


def test_foreign_text_survives(engine: Engine) -> None:
    long = FOREIGN * 250
    assert len(long) > 10_000
    save_catalog(engine, [model(FOREIGN, name=long)], [], [benchmark(FOREIGN, name="nul\0 and half a pair \ud83d")])
    save_run(engine, run(FOREIGN, FOREIGN), [metric(FOREIGN, FOREIGN)], [sample(FOREIGN, benchmark_id=FOREIGN)])
    assert (
        save_catalog(engine, [model(FOREIGN, name=long)], [], [benchmark(FOREIGN, name="nul\0 and half a pair \ud83d")])
        == NOTHING
    )
    assert (stored(engine, Model)[0]["id"], stored(engine, Model)[0]["name"]) == (FOREIGN, long)
    assert stored(engine, Benchmark)[0]["name"] == "nul and half a pair ?"
    assert stored(engine, Sample)[0]["run_id"] == FOREIGN


def test_fifty_thousand_documents_are_all_there(engine: Engine) -> None:
    save_run(engine, run(), [metric()], [sample(doc=doc, score=doc % 2) for doc in range(50_000)])
    with engine.connect() as connection:
        totals = connection.execute(select(func.count(), func.sum(Sample.score), func.max(Sample.doc))).one()
    assert tuple(totals) == (50_000, 25_000.0, 49_999)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [("task", "sums_task", "other"), ("metric", "exact_match", "f1"), ("filter", "answer", "strict")],
)
@pytest.mark.parametrize("origin", ["local", "imported"])
def test_a_benchmark_with_scores_keeps_what_they_measure(
    engine: Engine, key: str, before: str, after: str, origin: str
) -> None:
    save_catalog(engine, [model()], [], [benchmark()])
    save_run(engine, run("r1", origin=origin), [metric("r1")], [sample("r1")])
    kept = everything(engine)
    with pytest.raises(RefusedRow) as refused:
        save_catalog(engine, [model("another")], [], [benchmark(**{key: after})])
    assert str(refused.value) == (
        f"The benchmark “sums” has scores whose {key} is “{before}”, and its entry now says “{after}”: give the changed"
        " entry a new id."
    )
    assert everything(engine) == kept
    assert save_catalog(engine, [model()], [], [benchmark(name="Additions", capability="reasoning")]).changed == 1
    save_catalog(engine, [model()], [], [benchmark("additions", **{key: after})])
    assert {row["id"]: row[key] for row in stored(engine, Benchmark)} == {"additions": after, "sums": before}


def test_a_benchmark_without_scores_or_description_may_still_be_described(engine: Engine) -> None:
    save_catalog(engine, [model()], [], [benchmark()])
    assert save_catalog(engine, [model()], [], [benchmark(metric="f1")]) == Changes(0, 1, 0)
    save_run(engine, run("r1"), [metric("r1", "new")], [])
    save_catalog(engine, [model()], [], [benchmark(metric="f1"), benchmark("new")])
    assert {row["id"]: row["metric"] for row in stored(engine, Benchmark)} == {"new": "exact_match", "sums": "f1"}


def test_published_numbers_follow_their_files(engine: Engine) -> None:
    printed = paper()
    save_published(engine, **printed)
    [held] = [row for row in stored(engine, Benchmark) if row["id"] == printed["benchmarks"][0].id]
    again = {key: held[key] for key in ("name", "unit", "capability", "grading")}
    save_catalog(engine, [], [], [Benchmark(id=held["id"], task="t", metric="m", filter="f", **again)])
    save_catalog(engine, [], [], [Benchmark(id=held["id"], task="t", metric="other", filter="f", **again)])
    assert [row["metric"] for row in stored(engine, Benchmark) if row["id"] == held["id"]] == ["other"]


def test_benchmarks_are_added_to_a_stored_run_once_and_only_from_its_own_files(engine: Engine) -> None:
    save_pair(engine)
    rows = [metric("r1"), metric("r1", "new", value=0.75)], [sample("r1", 7), sample("r1", 0, benchmark_id="new")]
    with pytest.raises(RefusedRow, match="The files of the run r1 are not those that it was saved from"):
        add_to_run(engine, run("r1", files={"results.json": "another"}), *rows)
    with pytest.raises(RefusedRow, match="of another run, r2"):
        add_to_run(engine, run("r1"), [metric("r2", "new")], [])
    with pytest.raises(RefusedRow, match="There is no run r3"):
        add_to_run(engine, run("r3"), [metric("r3", "new")], [])
    before = everything(engine)
    with pytest.raises(RefusedRow):
        add_to_run(engine, run("r1"), [metric("r1", "new"), metric("r1", "new")], [])
    assert everything(engine) == before
    assert add_to_run(engine, run("r1"), *rows) == 1
    after = everything(engine)
    assert [row for row in after["Metric"] if row not in before["Metric"]] == [
        row for row in after["Metric"] if (row["run_id"], row["benchmark_id"], row["value"]) == ("r1", "new", 0.75)
    ]
    assert len(after["Sample"]) == len(before["Sample"]) + 1
    assert add_to_run(engine, run("r1"), *rows) == 0
    assert everything(engine) == after
