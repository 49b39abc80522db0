"""Two forecasters compared, and the intervals: paired, by groups that share a fate, none over too few."""

import math

import numpy as np
import polars as pl
import pytest
from forecast_frames import forecasts, question, questions, said

from tracker.stats.forecasts import steps
from tracker.stats.head_to_head import Duel, head_to_head
from tracker.stats.resampled import FEWEST_GROUPS, means
from tracker.stats.scoring import KEPT, forecaster_scores, question_scores


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def scored(rows: list[object], about: list[object], *compared: str) -> pl.DataFrame:
    asked = questions(*about)
    return question_scores(steps(forecasts(*rows), asked), asked, compared)


def many(count: int, topic: str | None = None) -> tuple[list[object], list[object]]:
    """Questions on which anna does better than ben, by more on some than on others."""
    about = [question(f"q{place:02}", resolution=float(place % 2), topic=topic) for place in range(count)]
    rows: list[object] = []
    for place in range(count):
        right = 0.7 + 0.02 * (place % 10)
        for name, p in (("anna", right), ("ben", right - 0.2)):
            rows.append(said(1, p if place % 2 else 1 - p, name, f"q{place:02}"))
    return rows, about


def test_enough_questions_have_an_interval_and_few_have_none() -> None:
    few = forecaster_scores(scored(*many(FEWEST_GROUPS - 1), "anna", "ben"), rng())
    assert few["brier_low"].to_list() == [None, None]
    enough = forecaster_scores(scored(*many(FEWEST_GROUPS), "anna", "ben"), rng())
    for row in enough.iter_rows(named=True):
        for score in (*KEPT, "brier_index"):
            assert row[f"{score}_low"] < row[score] < row[f"{score}_high"]
    assert enough["forecaster"].to_list() == ["anna", "ben"]
    one_fate = forecaster_scores(scored(*many(30, topic="t"), "anna", "ben"), rng())
    assert one_fate["questions", "groups", "brier_low"].row(0) == (30, 1, None)


def duel(rows: list[object], about: list[object], *names: str, **columns: object) -> Duel:
    asked = questions(*about)
    return head_to_head(steps(forecasts(*rows), asked), asked, *names, rng=rng(), **columns)  # type: ignore[arg-type]


def test_head_to_head_is_paired() -> None:
    found = duel(*many(20), "anna", "ben")
    assert (found.questions, found.groups, found.won, found.lost) == (20, 20, 20, 0)
    assert found.one_mean is not None
    assert found.other_mean is not None
    assert found.difference == pytest.approx(found.one_mean - found.other_mean)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.difference < found.high < 0
    assert found.ahead == "anna"
    assert found.rows["difference"].mean() == pytest.approx(found.difference)
    # The scores themselves spread far more than their differences do.
    alone = forecaster_scores(scored(*many(20), "anna", "ben"), rng()).row(0, named=True)
    assert found.high - found.low < alone["brier_high"] - alone["brier_low"]


def test_head_to_head_turned_round_is_the_same_with_the_signs_turned() -> None:
    one, other = duel(*many(20), "anna", "ben"), duel(*many(20), "ben", "anna")
    assert other.difference == pytest.approx(-(one.difference or math.nan))
    assert (other.low, other.high) == pytest.approx((-(one.high or math.nan), -(one.low or math.nan)))
    assert (other.won, other.lost, other.ahead) == (one.lost, one.won, "anna")


@pytest.mark.parametrize("score", ["log", "baseline", "peer"])
def test_higher_is_better_but_for_the_brier_score(score: str) -> None:
    found = duel(*many(20), "anna", "ben", score=score)
    assert found.difference is not None
    assert found.difference > 0
    assert (found.won, found.ahead) == (20, "anna")


def test_head_to_head_without_enough_says_nothing() -> None:
    few = duel(*many(9), "anna", "ben")
    assert (few.questions, few.low, few.high, few.ahead) == (9, None, None, None)
    assert few.difference is not None
    nothing = duel([], [], "anna", "ben")
    assert (nothing.questions, nothing.difference, nothing.one_mean, nothing.ahead) == (0, None, None, None)
    with pytest.raises(ValueError, match="anna cannot be compared with itself"):
        duel(*many(3), "anna", "anna")


@pytest.mark.parametrize("by", ["question", "topic"])
def test_the_answers_of_one_market_are_one_group_however_they_are_compared(by: str) -> None:
    rows, about = many(12)
    answers = [row | {"market": "manifold:m"} for row in about]  # type: ignore[operator]
    found = duel(rows, answers, "anna", "ben", by=by)
    assert (found.questions, found.groups, found.low, found.ahead) == (12, 1, None, None)


def test_a_topic_is_one_group_whatever_markets_it_takes_answers_from() -> None:
    rows, about = many(12)
    places = [
        row | {"market": f"manifold:m{place % 4}", "topic": "t" if place % 2 else None}  # type: ignore[operator]
        for place, row in enumerate(about)
    ]
    # Six answers of two markets ask the same; the other six, of two more, belong to no topic.
    one, other = (duel(rows, places, "anna", "ben", by=by) for by in ("question", "topic"))
    assert (one.questions, one.groups) == (12, 3)
    assert (other.questions, other.groups) == (7, 3)


def test_equals_are_not_told_apart() -> None:
    rows, about = many(20)
    rows += [said(1, row["probability"], "twin", row["question_id"]) for row in rows if row["forecaster"] == "anna"]  # type: ignore[index]
    found = duel(rows, about, "anna", "twin")
    assert (found.difference, found.low, found.high, found.ahead) == (0, 0, 0, None)


def test_the_same_seed_gives_the_same_interval_in_whatever_order_rows_come() -> None:
    rows, about = many(15)
    first, second = duel(rows, about, "anna", "ben"), duel(rows[::-1], about[::-1], "anna", "ben")
    assert (first.low, first.high) == (second.low, second.high)


def test_groups_are_drawn_together() -> None:
    values = np.repeat(np.linspace(0, 1, 12), 5)[:, None]
    together, *_ = means(values, np.repeat(np.arange(12), 5).tolist(), rng())
    apart, *_ = means(values, list(range(60)), rng())
    assert together.value == apart.value
    width = [(spread.high or math.nan) - (spread.low or math.nan) for spread in (together, apart)]
    assert width[0] > 2 * width[1]


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(5).normal(size=(400, 1))
    spread, *_ = means(values, list(range(400)), rng(), draws=20_000)
    half = 1.96 * values.std(ddof=1) / math.sqrt(400)
    ends = (spread.low or math.nan, spread.high or math.nan)
    assert ends == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05 * half)
