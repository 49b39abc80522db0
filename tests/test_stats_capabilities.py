"""The capability map: the best trusted score of each kind, beside people, and an honest "nothing tracked"."""

from datetime import UTC, datetime

import polars as pl
import pytest

from db.queries.capabilities import BENCHMARKS, CAPABILITIES, SPEEDS
from db.queries.trends import SCORES
from tracker.stats import capabilities as findings

DAY = datetime(2025, 12, 1, tzinfo=UTC)


def score(benchmark: str, kind: str | None, value: float, model: str, **given: object) -> dict[str, object]:
    usual = dict.fromkeys(SCORES) | {
        "model_id": model,
        "model_name": model.title(),
        "kind": kind,
        "benchmark_id": benchmark,
        "unit": "fraction",
        "value": value,
        "source": "A report",
        "source_url": "https://example.org",
        "finished_at": DAY,
        "flags": [],
    }
    return usual | given


def scores(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCORES | {"flags": pl.List(pl.String)}, orient="row")


def known(**more: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    capabilities = pl.DataFrame(
        [
            ("math", "Math", "checkable", "superhuman", None),
            ("robotics", "Robotics", "checkable", "high-human", None),
            ("science", "Science", "checkable", None, None),
            ("thinking-speed", "Thinking speed", "checkable", "superhuman", "Own runs."),
        ],
        schema=CAPABILITIES,
        orient="row",
    )
    benchmarks = pl.DataFrame(
        [
            ("sums", "Sums", "math", "verifiable", "fraction", 0.0, 1.0, 0.9, "People; A. Author 2020", None),
            ("votes", "Votes", "math", "voted", "rating", None, None, None, None, None),
            ("idle", "Idle", "science", "verifiable", "fraction", 0.0, 1.0, None, None, None),
        ],
        schema=BENCHMARKS,
        orient="row",
    )
    return capabilities, benchmarks


SPEED = pl.DataFrame(
    [("toy", "Toy", "reasoning", "cpu", 2, 10.0, 500, 50, DAY, True)], schema=SPEEDS, orient="row"
)  # fmt: skip


def test_the_best_of_each_kind_stands_with_its_source() -> None:
    found = findings.best(
        scores(
            score("sums", "reasoning", 0.8, "a"),
            score("sums", "reasoning", 0.95, "b"),
            score("sums", "conventional", 0.6, "c"),
            score("sums", None, 0.99, "nobody knows"),
        )
    ).sort("kind")
    assert found.select("kind", "model_name", "value", "models").rows() == [
        ("conventional", "C", 0.6, 1),
        ("reasoning", "B", 0.95, 2),
    ]
    assert found["source"].to_list() == ["A report"] * 2


def test_a_distrusted_score_is_never_the_best() -> None:
    found = findings.best(
        scores(score("sums", "reasoning", 0.99, "cut", flags=["truncated"]), score("sums", "reasoning", 0.5, "whole"))
    )
    assert found["model_name"].to_list() == ["Whole"]


def test_ratings_of_different_days_are_not_compared() -> None:
    old = score("votes", "reasoning", 1600.0, "old", unit="rating", finished_at=datetime(2025, 3, 1, tzinfo=UTC))
    new = score("votes", "reasoning", 1450.0, "new", unit="rating")
    assert findings.best(scores(old, new))["model_name"].to_list() == ["New"]


def test_every_capability_has_a_row_and_an_untracked_one_says_so() -> None:
    capabilities, benchmarks = known()
    rows = findings.table(
        capabilities, benchmarks, scores(score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.6, "c"))
    )
    assert set(rows["capability_id"]) == set(capabilities["capability_id"])
    marks = findings.drawn(rows, SPEED)
    texts = dict(marks.select("label", "text").iter_rows())
    assert texts == {
        "Math": "95 % against 60 %, human 90 %",
        "Thinking speed": "demonstration only, below",
        "Robotics": "nothing tracked",
        "Science": "1 benchmark, none run yet",
    }
    assert marks["panel"].unique(maintain_order=True).to_list() == list(findings.PLACES.values())
    note = marks.filter(label="Math")["note"].item()
    assert "People; A. Author 2020" in note
    assert "B (A report, 1 Dec 2025)" in note


def test_the_sentence_counts() -> None:
    capabilities, benchmarks = known()
    pair = (score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.6, "c"))
    text = findings.finding(findings.table(capabilities, benchmarks, scores(*pair)), SPEED)
    assert text == (
        "The best score is a reasoning model’s on 1 of 1 benchmarks; of the 3 capabilities that the question names, "
        "2 have no score here."
    )
    nothing = findings.finding(findings.table(capabilities, benchmarks, scores()), SPEED)
    assert nothing == "No benchmark has a score of both kinds yet; 3 of 3 named capabilities have no score at all."
    timed = SPEED.with_columns(demonstration=pl.lit(False))
    assert "; 2 of 3" in findings.finding(findings.table(capabilities, benchmarks, scores()), timed)


def test_a_check_stands_for_what_can_be_checked_even_where_more_models_were_voted_on() -> None:
    capabilities, benchmarks = known()
    votes = [
        score("votes", kind, 1400.0 + place, f"{kind}{place}", unit="rating")
        for kind in findings.KINDS
        for place in range(5)
    ]
    pair = (score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.6, "c"))
    rows = findings.table(capabilities, benchmarks, scores(*votes, *pair))
    assert findings.leading(rows).filter(capability_id="math")["benchmark_id"].item() == "sums"


def test_speed_is_tokens_by_seconds_and_by_answers() -> None:
    row = findings.speed(SPEED).row(0, named=True)
    assert (row["per_second"], row["per_answer"]) == (50, 10)
    unknown = findings.speed(SPEED.with_columns(answers=pl.lit(None, pl.Int64)))
    assert unknown["per_answer"].to_list() == [None]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.9, "fraction", "90 %"), (0.042, "fraction", "4.2 %"), (0.998, "fraction", "99.8 %"), (1.0, "fraction", "100 %"),
     (1482.4, "rating", "1,482"), (8.03, "points", "8.0"), (None, "fraction", "not known")],
)  # fmt: skip
def test_scores_are_written_as_people_write_them(value: float | None, unit: str, text: str) -> None:
    assert findings.amount(value, unit) == text
