"""Scores of forecasts: over which days, of which questions, against whom, and what no order or zone may change."""

import math

import numpy as np
import polars as pl
import pytest
from forecast_frames import day, forecasts, open_question, question, questions, said
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.stats.forecasts import FIFTY, reference_steps, steps
from tracker.stats.scoring import KEPT, SCORES, brier, brier_index, forecaster_scores, question_scores, topic_scores


def scored(rows: list[object], about: list[object], *compared: str, by: str = "question") -> pl.DataFrame:
    asked = questions(*about)
    return question_scores(steps(forecasts(*rows), asked), asked, compared, by)  # type: ignore[arg-type]


def of(found: pl.DataFrame, forecaster: str, unit: str = "q") -> dict[str, float]:
    return found.filter(forecaster=forecaster, unit=unit).row(0, named=True)


def test_a_score_is_averaged_over_the_time_each_probability_stood() -> None:
    found = of(scored([said(0, 0.4), said(2, 0.8)], [question()], "anna"), "anna")
    assert found["probability"] == pytest.approx(0.2 * 0.4 + 0.8 * 0.8)
    assert found["brier"] == pytest.approx(0.2 * 0.36 + 0.8 * 0.04)
    assert found["log"] == pytest.approx(0.2 * math.log(0.4) + 0.8 * math.log(0.8))
    assert found["baseline"] == pytest.approx(100 * (found["log"] / math.log(2) + 1))
    assert (found["days"], found["coverage"], found["peer"]) == (10, 1, None)


def test_only_the_days_that_all_compared_cover_count() -> None:
    rows = [said(0, 0.2, "manifold"), said(6, 0.6, "manifold"), said(5, 0.9), said(8, 0.9, withdrawn_at=day(9))]
    found = scored(rows, [question()], "manifold", "anna")
    assert of(found, "manifold")["days"] == of(found, "anna")["days"] == 4
    assert of(found, "manifold")["brier"] == pytest.approx((0.64 + 3 * 0.16) / 4)
    assert of(found, "anna")["brier"] == pytest.approx(0.01)
    assert (of(found, "manifold")["coverage"], of(found, "anna")["coverage"]) == (1, pytest.approx(0.4))
    alone = of(scored(rows, [question()], "manifold"), "manifold")
    assert alone["days"] == 10
    assert alone["brier"] == pytest.approx(0.6 * 0.64 + 0.4 * 0.16)


def test_a_day_without_a_forecast_is_not_a_perfect_one() -> None:
    found = of(scored([said(5, 0.5)], [question()], "anna"), "anna")
    assert found["brier"] == 0.25
    assert found["coverage"] == 0.5


def test_a_question_that_one_of_them_never_forecast_is_not_compared() -> None:
    rows = [said(0, 0.5, "manifold"), said(0, 0.5, "manifold", "r"), said(1, 0.5, "anna", "r")]
    about = [question(), question("r")]
    assert set(scored(rows, about, "manifold", "anna")["unit"]) == {"r"}
    assert scored(rows, about, "manifold", "nobody").is_empty()
    assert scored([], [], "manifold").schema == SCORES


def test_open_and_annulled_questions_and_quantities_are_never_scored() -> None:
    about = [
        open_question("open"),
        question("annulled", resolution=None, annulled=True),
        question("annulled with a price", resolution=0.7, annulled=True),
        question("quantity", resolution=0.7, scale='{"min": 0, "max": 1, "log": false}'),
        question("no end", resolved_at=None, closes_at=None),
        question("yes"),
    ]
    rows = [said(1, 0.5, question_id=str(row["question_id"])) for row in about]  # type: ignore[index]
    assert scored(rows, about, "anna")["unit"].to_list() == ["yes"]


def test_a_resolution_in_between_is_scored_as_a_fraction() -> None:
    found = of(scored([said(0, 0.7)], [question(resolution=0.4)], "anna"), "anna")
    assert found["brier"] == pytest.approx(0.09)
    assert found["log"] == pytest.approx(0.4 * math.log(0.7) + 0.6 * math.log(0.3))


def test_what_is_said_after_an_early_resolution_or_a_close_counts_for_nothing() -> None:
    rows = [said(0, 0.5), said(6, 1.0)]
    assert of(scored(rows, [question(resolved_at=day(6))], "anna"), "anna")["brier"] == 0.25
    assert of(scored(rows, [question(closes_at=day(6), resolved_at=day(90))], "anna"), "anna")["days"] == 6
    assert of(scored(rows, [question(closes_at=day(6), resolved_at=day(90))], "anna"), "anna")["brier"] == 0.25


def test_the_impossible_that_happens_has_a_finite_log_score() -> None:
    found = of(scored([said(0, 0.0)], [question()], "anna"), "anna")
    assert found["log"] == pytest.approx(math.log(0.001))
    assert found["brier"] == 1


def test_sites_that_share_no_question_are_compared_over_a_topic() -> None:
    about = [
        question("manifold:a", topic="t"),
        question("polymarket:a", topic="t", inverted=True, resolution=0.0),
        question("manifold:b", topic="u"),
        question("polymarket:b", topic="u", resolution=0.0),
        question("manifold:c"),
    ]
    rows = [said(0, 0.6, str(row["source"]), str(row["question_id"])) for row in about]  # type: ignore[index]
    assert scored(rows, about, "manifold", "polymarket").is_empty()
    found = scored(rows, about, "manifold", "polymarket", by="topic")
    # Topic u is left out: its two questions resolved differently, so they asked for different things.
    assert found["unit", "forecaster", "resolution"].rows() == [("t", "manifold", 1.0), ("t", "polymarket", 1.0)]
    assert found["probability"].to_list() == pytest.approx([0.6, 0.4])
    assert found["brier"].to_list() == pytest.approx([0.16, 0.36])
    assert set(scored(rows, about, "manifold", by="topic")["unit"]) == {"t", "u", "manifold:c"}


def test_several_questions_of_a_topic_are_averaged_by_time() -> None:
    about = [
        question("manifold:a", topic="t"),
        question("manifold:b", topic="t", opens=5),
        question("own:c", topic="t"),
    ]
    rows = [
        said(0, 0.4, "manifold", "manifold:a"),
        said(5, 0.8, "manifold", "manifold:b"),
        said(2, 0.5, "anna", "own:c"),
    ]
    found = of(scored(rows, about, "manifold", "anna", by="topic"), "manifold", "t")
    assert found["days"] == 8
    assert found["probability"] == pytest.approx((8 * 0.4 + 5 * 0.8) / 13)
    assert found["brier"] == pytest.approx((8 * 0.36 + 5 * 0.04) / 13)


def test_references_are_compared_like_everybody_else() -> None:
    asked = questions(question())
    stood = steps(forecasts(said(0, 0.9)), asked)
    found = question_scores(pl.concat([stood, reference_steps(stood, asked)]), asked, ["anna", FIFTY])
    assert of(found, FIFTY)["brier"] == 0.25
    assert of(found, FIFTY)["baseline"] == pytest.approx(0)
    assert of(found, "anna")["peer"] == pytest.approx(100 * math.log(0.9 / 0.5))


def test_topics_and_forecasters_average_questions_not_days() -> None:
    about = [question("a", topic="t"), question("b", topic="t", ends=1000), question("c", resolution=0.0)]
    rows = [said(0, p, question_id=name) for name, p in (("a", 0.5), ("b", 0.9), ("c", 0.3))]
    found = scored(rows, about, "anna")
    topics = topic_scores(found)
    assert topics["topic", "questions"].rows() == [("t", 2), (None, 1)]
    assert topics["brier"].to_list() == pytest.approx([(0.25 + 0.01) / 2, 0.09])
    row = forecaster_scores(found, np.random.default_rng(11)).row(0, named=True)
    assert (row["questions"], row["groups"]) == (3, 2)
    assert row["days"] == pytest.approx(1020)
    assert row["brier"] == pytest.approx((0.25 + 0.01 + 0.09) / 3)
    assert row["brier_index"] == pytest.approx(100 * (1 - math.sqrt(row["brier"])))
    assert (row["brier_low"], row["brier_index_high"], row["peer"]) == (None, None, None)


probability = st.floats(0, 1)
statement = st.tuples(st.integers(-50, 300), st.one_of(probability, st.none()))
course = st.lists(statement, min_size=1, max_size=10)
resolution = st.one_of(st.sampled_from([0.0, 1.0]), probability)


def written(rows: list[tuple[int, float | None]], forecaster: str = "anna") -> list[object]:
    return [said(hour / 24, p, forecaster, position=place) for place, (hour, p) in enumerate(rows)]


def close_to(one: dict[str, float], other: dict[str, float], names: tuple[str, ...] = KEPT) -> None:
    assert [one[name] for name in names] == pytest.approx([other[name] for name in names], abs=1e-9)


@settings(deadline=None)
@given(course, resolution)
def test_scores_keep_to_their_ranges(rows: list[tuple[int, float | None]], outcome: float) -> None:
    found = scored(written(rows), [question(resolution=outcome)], "anna")
    for row in found.iter_rows(named=True):
        assert 0 <= row["brier"] <= 1
        assert math.log(0.001) - 1e-9 <= row["log"] <= 0
        assert -896.58 <= row["baseline"] <= 100
        assert 0 < row["days"] <= 10
        assert 0 < row["coverage"] <= 1
        assert 0 <= row["probability"] <= 1


@settings(deadline=None)
@given(course, course, resolution)
def test_turning_a_question_round_changes_no_score(
    rows: list[tuple[int, float | None]], others: list[tuple[int, float | None]], outcome: float
) -> None:
    def turned(course: list[tuple[int, float | None]]) -> list[tuple[int, float | None]]:
        return [(at, None if p is None else 1 - p) for at, p in course]

    both = written(rows) + written(others, "manifold")
    round_about = written(turned(rows)) + written(turned(others), "manifold")
    one = scored(both, [question(resolution=outcome)], "anna", "manifold")
    other = scored(round_about, [question(resolution=1 - outcome)], "anna", "manifold")
    assert one.height == other.height
    for name in ("anna", "manifold") if one.height else ():
        close_to(of(one, name), of(other, name), ("brier", "log", "baseline", "peer", "days", "coverage"))
        assert of(one, name)["probability"] == pytest.approx(1 - of(other, name)["probability"], abs=1e-9)


@settings(deadline=None)
@given(course, resolution, st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(1, 40))
def test_saying_the_same_again_changes_nothing(
    rows: list[tuple[int, float | None]], outcome: float, which: list[int], later: int
) -> None:
    ordered = sorted(rows, key=lambda row: row[0])
    again = list(ordered)
    for place in sorted({place for place in which if place < len(ordered)}, reverse=True):
        at, p = ordered[place]
        following = ordered[place + 1][0] if place + 1 < len(ordered) else math.inf
        again.insert(place + 1, (int(min(at + later, following)), p))
    about = [question(resolution=outcome)]
    one, other = scored(written(ordered), about, "anna"), scored(written(again), about, "anna")
    assert one.height == other.height
    if one.height:
        close_to(of(one, "anna"), of(other, "anna"), ("probability", "brier", "log", "baseline", "days", "coverage"))


@settings(deadline=None)
@given(st.lists(course, min_size=2, max_size=5), resolution)
def test_peer_scores_sum_to_nothing(courses: list[list[tuple[int, float | None]]], outcome: float) -> None:
    names = [f"f{place}" for place in range(len(courses))]
    rows = [row for name, course in zip(names, courses, strict=True) for row in written(course, name)]
    found = scored(rows, [question(resolution=outcome)], *names)
    assert sum(found["peer"].to_list()) == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(course, resolution)
def test_scores_agree_with_an_hour_by_hour_count(rows: list[tuple[int, float | None]], outcome: float) -> None:
    """Forecasts are made on the hour, so the mean over hours is the integral: counted one by one, in plain Python."""
    found = scored(written(rows), [question(resolution=outcome)], "anna")
    ordered = [p for _, p in sorted(enumerate(rows), key=lambda row: (row[1][0], row[0]))]
    hours = []
    for hour in range(240):
        said_by_then = [p for at, p in ordered if at <= hour]
        if said_by_then and said_by_then[-1] is not None:
            hours.append((said_by_then[-1] - outcome) ** 2)
    assert found.height == bool(hours)
    if hours:
        assert of(found, "anna")["brier"] == pytest.approx(sum(hours) / len(hours), abs=1e-9)
        assert of(found, "anna")["coverage"] == pytest.approx(len(hours) / 240)


def test_brier_index_of_a_mean_is_not_the_mean_of_indices() -> None:
    frame = pl.DataFrame({"p": [0.5, 1.0], "r": [1.0, 1.0]})
    assert frame.select(brier_index(brier(pl.col("p"), pl.col("r")).mean())).item() == pytest.approx(
        100 * (1 - math.sqrt(0.125))
    )
