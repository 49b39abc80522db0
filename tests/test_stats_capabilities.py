"""The capability map: the best trusted score of each kind, beside people, and an honest "nothing tracked"."""

from datetime import UTC, datetime

import polars as pl
import pytest

from db.queries.capabilities import BENCHMARKS, CAPABILITIES, SPEEDS
from db.queries.publications import PUBLICATIONS
from db.queries.trends import SCORES
from tracker.figures.capabilities import reached
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
        "origin": "published",
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
    math = marks.row(by_predicate=pl.col("label") == "Math", named=True)
    assert (math["reasoning"], math["conventional"], math["human"]) == (95, 60, 90)
    assert "human level: People; A. Author 2020" in math["note"]
    assert "B (A report, 1 Dec 2025)" in math["note"]
    assert "Upright stroke: human level." in findings.reading(marks)
    assert findings.source(rows, SPEED) == (
        "Source: A report, newest 1 Dec 2025 · best trusted score of each kind · human level: People; A. Author 2020"
    )


def test_the_sentence_counts() -> None:
    capabilities, benchmarks = known()
    pair = (score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.6, "c"))
    text = findings.finding(findings.table(capabilities, benchmarks, scores(*pair)), SPEED)
    assert text == (
        "The best score is a reasoning model’s on 1 of 1 benchmarks; of the 3 capabilities the question names, "
        "2 have no score here."
    )
    nothing = findings.finding(findings.table(capabilities, benchmarks, scores()), SPEED)
    assert nothing == "No benchmark has a score of both kinds yet; 3 of 3 named capabilities have no score at all."
    timed = SPEED.with_columns(demonstration=pl.lit(False))
    assert "; 2 of 3" in findings.finding(findings.table(capabilities, benchmarks, scores()), timed)


def test_what_counts_the_same_answers_again_is_not_counted() -> None:
    capabilities, benchmarks = known()
    slice_of = benchmarks.filter(benchmark_id="sums").with_columns(
        benchmark_id=pl.lit("half"), benchmark_name=pl.lit("Half"), overlaps=pl.lit("sums")
    )
    pairs = [
        score(name, kind, value, kind)
        for name in ("sums", "half")
        for kind, value in (("reasoning", 0.95), ("conventional", 0.6))
    ]
    both = findings.table(capabilities, pl.concat([benchmarks, slice_of]), scores(*pairs))
    assert "on 1 of 1 benchmarks" in findings.finding(both, SPEED)
    alone = findings.table(capabilities, pl.concat([benchmarks, slice_of]), scores(*pairs[2:]))
    assert "on 1 of 1 benchmarks" in findings.finding(alone, SPEED)


def test_where_people_stand_is_said_only_where_it_is_known() -> None:
    capabilities, benchmarks = known()
    pair = scores(score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.9, "c"))
    assert findings.people(findings.table(capabilities, benchmarks, pair)) == (
        "A human level is known on 1 of these 1 benchmarks: the best reasoning model scores above it on 1, the best "
        "conventional one on 0, by however little."
    )
    unknown = benchmarks.with_columns(human=pl.lit(None, pl.Float64), human_source=pl.lit(None, pl.String))
    rows = findings.table(capabilities, unknown, pair)
    assert findings.people(rows) == "A human level is known on none of these 1 benchmarks."
    assert findings.drawn(rows, SPEED)["human"].is_null().all()
    assert "human" not in findings.reading(findings.drawn(rows, SPEED))
    assert findings.people(findings.table(capabilities, benchmarks, scores())) == ""


def test_every_origin_in_the_chart_is_named() -> None:
    capabilities, benchmarks = known()
    own = score("sums", "conventional", 0.6, "c", origin="local", source=None)
    rows = findings.table(capabilities, benchmarks, scores(score("sums", "reasoning", 0.95, "b"), own))
    assert findings.source(rows, SPEED).startswith("Source: A report, own lm-eval runs, newest 1 Dec 2025 ")
    assert "C (own lm-eval runs, 1 Dec 2025)" in findings.drawn(rows, SPEED).filter(label="Math")["note"].item()
    # The demonstration's speed is no figure of the chart; that of a model is.
    assert findings.figures(rows, SPEED).select("source", "origin").rows() == [
        ("A report", "published"),
        (None, "local"),
    ]
    timed = findings.figures(rows, SPEED.with_columns(demonstration=pl.lit(False)))
    assert timed["origin"].to_list() == ["published", "local", "local"]


def test_a_small_screen_counts_what_has_no_score_and_names_it_below() -> None:
    capabilities, benchmarks = known()
    pair = (score("sums", "reasoning", 0.95, "b"), score("sums", "conventional", 0.6, "c"))
    marks = findings.drawn(findings.table(capabilities, benchmarks, scores(*pair)), SPEED)
    assert findings.shorter(marks).select("label", "text").rows() == [
        ("Math", "95 % against 60 %, human 90 %"),
        ("1 more capability", "no score"),
        ("1 capability", "no score"),
        ("1 capability", "no score"),
    ]
    assert findings.unscored(marks) == (
        "Nothing tracked: Robotics. Tracked, with no score yet: Thinking speed, Science."
    )


def test_a_picture_with_its_words_counts_what_has_no_score_and_a_wide_page_shows_it() -> None:
    capabilities, benchmarks = known()
    rows = findings.table(capabilities, benchmarks, scores(score("sums", "reasoning", 0.95, "b")))
    figure = reached(rows, SPEED, publications=pl.DataFrame(schema=PUBLICATIONS))
    written = []
    for words in (figure.words, None):
        spec = figure.draw(width=1200, height=None, mode="light", words=words).to_dict()
        written.append({row["label"] for drawn in spec["datasets"].values() for row in drawn if "label" in row})
    assert "1 more capability" in written[0]
    assert "Robotics" not in written[0]
    assert "Robotics" in written[1]
    assert figure.rows == len(findings.shorter(findings.drawn(rows, SPEED)))


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
