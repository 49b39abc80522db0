"""What others published is stored exactly as the files have it, and leaves everything else alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from db.engine import RefusedRow
from db.queries.publications import publications
from db.queries.scores import gaps
from db.rows import Changes
from db.store import save_catalog, save_gaps, save_published, save_run
from db.tables import Base, Benchmark, Metric, Model, Run, Twin
from tests.rows import NIGHT, benchmark, capability, gap, metric, model, publication, published_run, run, twin

PRINTED = {"name": "score", "filter": "none", "low": 0.4, "high": 0.6, "url": "https://paper/table"}
SUMS = {"task": None, "metric": "score", "filter": "none"}
GAP = {"benchmark_id": "paper/sums", "reasoning_id": "deep", "conventional_id": "shallow", "flags": []}


def paper() -> dict[str, Any]:
    """A paper that printed one number of each model of a twin, on one benchmark."""
    return {
        "capabilities": [capability()],
        "publications": [publication()],
        "models": [model("deep", "reasoning"), model("shallow")],
        "twins": [twin("deep", "shallow")],
        "benchmarks": [benchmark("paper/sums", **SUMS)],
        "runs": [
            published_run("published/paper/1/deep", "deep"),
            published_run("published/paper/1/shallow", "shallow"),
        ],
        "metrics": [
            metric("published/paper/1/deep", "paper/sums", value=0.6, **PRINTED),
            metric("published/paper/1/shallow", "paper/sums", **PRINTED),
        ],
    }


def count(engine: Engine, kind: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(kind)).scalar_one()


def test_saving_the_catalogue_afterwards_leaves_the_published_entries_alone(engine: Engine) -> None:
    save_published(engine, **paper())
    assert save_catalog(engine, [model()], [], [benchmark()]) == Changes(2, 0, 0)
    assert save_published(engine, **paper()) == Changes(0, 0, 0)
    with engine.connect() as connection:
        assert connection.execute(select(Twin.reasoning_id)).scalars().all() == ["deep"]
        assert connection.execute(select(Model.catalogued)).scalars().all() == [True] * 3
        assert connection.execute(select(Benchmark.catalogued)).scalars().all() == [True] * 2


def test_a_corrected_number_is_corrected(engine: Engine) -> None:
    save_published(engine, **paper())
    corrected = paper()
    corrected["metrics"][0].value = 0.55
    assert save_published(engine, **corrected) == Changes(0, 1, 0)
    with engine.connect() as connection:
        assert set(connection.execute(select(Metric.value)).scalars()) == {0.5, 0.55}


def test_a_run_that_is_no_longer_published_goes_with_its_gaps_and_others_stay(engine: Engine) -> None:
    save_published(engine, **paper())
    save_gaps(engine, [gap("published/paper/1/deep", "published/paper/1/shallow", **GAP)])
    save_run(engine, run("r1", "deep"), [metric("r1", "paper/sums")], [])
    less = paper() | {"runs": paper()["runs"][1:], "metrics": paper()["metrics"][1:]}
    assert save_published(engine, **less) == Changes(0, 0, 2)
    assert (count(engine, Run), count(engine, Metric), gaps(engine).height) == (2, 2, 0)
    assert save_published(engine, **{name: [] for name in paper()}) == Changes(0, 0, 4)
    assert (count(engine, Run), count(engine, Model), publications(engine).height) == (1, 2, 0)


def test_it_is_saved_whole_or_not_at_all(engine: Engine) -> None:
    broken = paper()
    broken["metrics"].append(metric("published/paper/1/deep", "never-heard-of", **PRINTED))
    with pytest.raises(RefusedRow):
        save_published(engine, **broken)
    assert count(engine, Model) == count(engine, Run) == 0


def test_publications_are_listed_with_their_terms(engine: Engine) -> None:
    save_published(engine, **paper())
    assert publications(engine).to_dicts() == [
        {
            "publication_id": "paper",
            "title": "Paper",
            "citation": "Somebody, A paper",
            "url": "https://paper",
            "terms": "cite it",
            "note": None,
        }
    ]


def save_history(engine: Engine, days: list[int | None]) -> None:
    """The paper's gap on several days after the night; None: the day is not known."""
    rows = paper()
    rows |= {"runs": [], "metrics": []}
    found = []
    for at, day in enumerate(days):
        ids = {side: f"published/paper/{at}/{side}" for side in ("deep", "shallow")}
        finished_at = None if day is None else NIGHT.replace(hour=0) + timedelta(days=day)
        for side, identity in ids.items():
            rows["runs"].append(published_run(identity, side, finished_at=finished_at))
            rows["metrics"].append(metric(identity, "paper/sums", **PRINTED))
        found.append(gap(ids["deep"], ids["shallow"], **GAP, value=float(at)))
    save_published(engine, **rows)
    save_gaps(engine, found)


def test_the_latest_gap_of_a_source_is_given_and_dated_ones_come_first(engine: Engine) -> None:
    save_history(engine, [None, 0, 2, 1])
    assert gaps(engine).select("value", "source", "source_url", "published_on", "nature").rows() == [
        (2.0, "Paper", "https://paper/table", date(2026, 3, 3), "checkable")
    ]


@pytest.mark.parametrize(
    ("as_of", "value"),
    [
        (date(2026, 2, 28), None),
        (date(2026, 3, 1), 1.0),
        (date(2026, 3, 2), 3.0),
        (date(2026, 4, 1), 2.0),
        (datetime(2026, 3, 3, tzinfo=UTC), 2.0),
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), 3.0),
    ],
)
def test_only_what_was_known_on_the_day_is_given(engine: Engine, as_of: date, value: float | None) -> None:
    save_history(engine, [None, 0, 2, 1])
    assert gaps(engine, as_of)["value"].to_list() == ([] if value is None else [value])


def test_what_was_never_dated_was_known_on_no_day(engine: Engine) -> None:
    save_history(engine, [None])
    assert gaps(engine).height == 1
    assert gaps(engine, date(2030, 1, 1)).is_empty()


def test_a_gap_of_our_own_stands_beside_a_published_one(engine: Engine) -> None:
    save_history(engine, [0])
    for identity, side in (("r1", "deep"), ("r2", "shallow")):
        save_run(engine, run(identity, side), [metric(identity, "paper/sums", name="score", filter="none")], [])
    save_gaps(engine, [gap("published/paper/0/deep", "published/paper/0/shallow", **GAP), gap("r1", "r2", **GAP)])
    assert gaps(engine).sort("origin").select("origin", "source", "published_on").rows() == [
        ("local", None, None),
        ("published", "Paper", date(2026, 3, 1)),
    ]
