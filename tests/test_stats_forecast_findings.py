"""Sentences over scores and calibration: composed from the numbers, never stronger than the intervals, never of few."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from forecast_frames import START, forecasts, open_question, question, questions, said

from tracker.stats.calibration import MOMENTS, SAMPLES, Split, calibration, split
from tracker.stats.forecast_findings import (
    calibration_finding,
    calibration_headline,
    calibration_reading,
    certainty,
    duel_finding,
    named,
    nothing_resolved,
    number,
    owned,
    scores_finding,
    unscored,
    with_interval,
)
from tracker.stats.forecasts import BASE_RATE, FIFTY, steps
from tracker.stats.head_to_head import Duel, head_to_head
from tracker.stats.scoring import Score, forecaster_scores, question_scores

MONTH = MOMENTS["open-30"]


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def sampled(called: float, yes: int, no: int, groups: int | None = None) -> pl.DataFrame:
    count = yes + no
    names = [f"q{place}" for place in range(count)]
    columns = {
        "question_id": names,
        "group": [f"g{place % (groups or count)}" for place in range(count)],
        "probability": [called] * count,
        "resolution": [1.0] * yes + [0.0] * no,
    }
    schema = {name: kind for name, kind in SAMPLES.items() if name in columns}
    return pl.DataFrame(columns, schema=schema).with_columns(forecaster=pl.lit("manifold"), inverted=pl.lit(False))


def told(rows: pl.DataFrame) -> tuple[str, str]:
    found = split(rows, rng())
    finding = calibration_finding(found, calibration(rows), "manifold", "market", MONTH)
    return finding, calibration_headline(found, "manifold", "market")


def test_names_as_they_are_written() -> None:
    assert named("manifold", "market") == "Manifold"
    assert named("anna", "person") == "anna"
    assert named("manifold", "person") == "manifold"
    assert named(BASE_RATE, "reference") == "always the base rate"
    assert named(FIFTY, "reference") == "always 50 %"
    assert owned("Anna", "person") == "Anna’s forecasts"
    assert owned("kalshi", "market") == "Kalshi’s prices"
    assert owned("tracker", "tracker") == "our estimates"


@pytest.mark.parametrize(
    ("value", "score", "text"),
    [
        (0.1234, "brier", "0.12"),
        (0.0608, "brier", "0.061"),
        (-0.0004, "brier", "0.000"),
        (-0.25, "log", "−0.25"),
        (12.4, "peer", "+12"),
        (-12.6, "baseline", "−13"),
        (-0.2, "peer", "0"),
    ],
)
def test_numbers_as_they_are_written(value: float, score: Score, text: str) -> None:
    assert number(value, score) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.12, 0.08, 0.17), "0.12 [0.08, 0.17]"),
        ((0.12, 0.115, 0.125), "0.120 [0.115, 0.125]"),
        ((-0.03, -0.06, -0.002), "−0.030 [−0.060, −0.002]"),
        ((0.0, 0.0, 0.0), "0.000 [0.000, 0.000]"),
        ((0.12, None, None), "0.12"),
    ],
)
def test_an_end_that_is_not_nothing_never_reads_so(ends: tuple[float, float | None, float | None], text: str) -> None:
    assert with_interval(*ends) == text


def test_empty_states_say_what_is_missing() -> None:
    assert nothing_resolved(questions(), START) == "No question is here yet, so there is nothing to score."
    running = [open_question("a", ends=30), open_question("b", ends=20), open_question("c", ends=-5)]
    assert nothing_resolved(questions(*running), START) == (
        "No question here has resolved yet: 3 are open, and the next closes on 21 Jan 2026. Scores begin with the "
        "first that does."
    )
    assert nothing_resolved(questions(open_question("a", closes_at=None)), START) == (
        "No question here has resolved yet: 1 is open. Scores begin with the first that does."
    )
    annulled = question("a", resolution=None, annulled=True)
    assert nothing_resolved(questions(annulled), START) == (
        "No question here can be scored: 1 was annulled and is never scored."
    )
    assert nothing_resolved(questions(*running, question("d")), START) is None


def test_what_is_not_scored_is_counted_and_explained() -> None:
    rows = [
        question("a"),
        question("b", resolution=0.4),
        open_question("c"),
        open_question("d"),
        question("e", annulled=True),
        question("f", scale='{"min": 0}'),
    ]
    assert unscored(questions(*rows)) == (
        "2 are still open; 1 was annulled and is never scored; 1 asks for a quantity, whose price is no probability; 1 "
        "resolved in between YES and NO and counts as a fraction."
    )
    assert unscored(questions(question("a"))) == ""


def test_few_questions_are_said_to_be_too_few() -> None:
    finding, headline = told(sampled(0.7, 4, 2))
    assert finding == (
        "Manifold’s prices, read 30 days after a question opened: Brier 0.22 over 6 resolved questions, too few to say "
        "how well calibrated."
    )
    assert headline == "Manifold’s prices: too few resolved questions to judge them by"
    finding, headline = told(sampled(0.7, 20, 10, groups=3))
    assert "over 30 resolved questions, 3 groups that share their fate, too few to say" in finding
    assert "too few" in headline


def test_good_calibration_is_not_told_apart_from_perfect() -> None:
    finding, headline = told(sampled(0.7, 27, 13))
    assert finding.startswith("Manifold’s prices, read 30 days after a question opened: Brier 0.22 [")
    assert "over 40 resolved questions; what was called about 70 % (40 of them) happened in 68 %;" in finding
    assert "the calibration error, 0.025, is no more than chance gives (up to " in finding
    assert headline == "Manifold’s prices are not told apart from well calibrated ones"


def test_an_error_beyond_chance_is_named_with_the_bin_that_shows_it() -> None:
    rows = pl.concat([sampled(0.9, 15, 25), sampled(0.5, 30, 31)])
    rows = rows.with_columns(question_id=pl.int_range(pl.len()).cast(pl.String))
    finding, headline = told(rows.with_columns(group=pl.col("question_id")))
    assert "what was called about 90 % (40 of them) happened in 38 %;" in finding
    assert "is more than chance gives (up to " in finding
    assert headline == "Manifold’s prices are off by more than chance gives"


def test_nothing_read_at_the_moment_is_said() -> None:
    nothing = Split(0)
    assert calibration_finding(nothing, pl.DataFrame(), "Anna", "person", MONTH) == (
        "Anna’s forecasts: on no resolved question here did one stand 30 days after a question opened."
    )
    assert "too few" in calibration_headline(nothing, "Anna", "person")


def test_a_share_that_is_not_nothing_never_reads_so() -> None:
    finding, _ = told(sampled(0.001, 1, 399))
    assert "what was called under 1 % (400 of them) happened in under 1 %" in finding
    finding, _ = told(sampled(0.0, 0, 20))
    assert "what was called about 0 % (20 of them) happened in 0 %" in finding


def test_the_reading_names_what_the_band_takes_for_granted() -> None:
    assert "share their fate" not in calibration_reading(split(sampled(0.5, 6, 6), rng()))
    assert calibration_reading(split(sampled(0.5, 6, 6, groups=4), rng())).endswith(
        "The 12 questions are 4 groups that share their fate: the band, and what chance gives, take each group to come "
        "out together."
    )


def duel(count: int, spread: float, topic: str | None = None, **columns: Any) -> Duel:
    """anna against Manifold, better by 0.2 in probability give or take `spread`."""
    asked = questions(*(question(f"q{place:02}", topic=topic) for place in range(count)))
    rows = []
    for place in range(count):
        rows.append(said(0, 0.7 + spread * (-1) ** place, "anna", f"q{place:02}"))
        rows.append(said(0, 0.5, "manifold", f"q{place:02}"))
    return head_to_head(steps(forecasts(*rows), asked), asked, "anna", "manifold", rng=rng(), **columns)


def test_head_to_head_says_who_is_better_only_if_the_interval_does() -> None:
    better = duel_finding(duel(20, 0.1), "person", "market")
    assert better.startswith(
        "anna scored better than Manifold: Brier score 0.10 and 0.25 for anna and Manifold over the "
    )
    assert "over the same 20 resolved questions and days, −0.15 [−0.18, −0.12]." in better
    even = duel_finding(duel(20, 0.29), "person", "market")
    assert even.startswith("anna and Manifold: Brier score 0.17 and 0.25 over the same 20 resolved questions and days;")
    assert even.endswith("], is not told apart from nothing.")
    worse = duel(20, 0.1)
    turned = replace(worse, difference=0.15, low=0.12, high=0.18)
    assert duel_finding(turned, "person", "market").startswith("Manifold scored better than anna: ")
    assert duel_finding(duel(20, 0.1, score="log"), "person", "market").startswith(
        "anna scored better than Manifold: log "
    )


def test_head_to_head_of_few_says_so() -> None:
    assert duel_finding(duel(6, 0.1), "person", "market") == (
        "anna and Manifold: Brier score 0.10 and 0.25 over the same 6 resolved questions and days, too few to say who "
        "is better."
    )
    assert "over the same 20 resolved questions and days, all of one fate, too few" in duel_finding(
        duel(20, 0.1, topic="t"), "person", "market"
    )
    assert duel_finding(duel(1, 0.1), "person", "market").count("1 resolved question and days")
    assert duel_finding(duel(0, 0.1), "person", "market") == (
        "anna and Manifold have no resolved question in common on which both had a forecast standing."
    )


def test_everybodys_scores_in_one_sentence_rank_nobody() -> None:
    asked = questions(*(question(f"q{place}") for place in range(3)))
    rows = [said(0, p, name, f"q{place}") for place in range(3) for name, p in (("manifold", 0.8), ("anna", 0.7))]
    stood = steps(forecasts(*rows), asked)
    both = forecaster_scores(question_scores(stood, asked, ["anna", "manifold"]), rng())
    assert scores_finding(both) == (
        "Brier score over the same 3 resolved questions and days: Manifold 0.040, anna 0.090; who is better is told by "
        "comparing two at a time, not by the order of this list."
    )
    alone = forecaster_scores(question_scores(stood, asked, ["anna"]), rng())
    assert scores_finding(alone) == "Brier score over 3 resolved questions: anna 0.090."
    assert scores_finding(both.clear()) == (
        "No resolved question has a day on which all of these had a forecast standing."
    )


def test_certainty_grows_with_the_questions() -> None:
    assert certainty(9) == ""
    assert "rather too narrow" in certainty(10)
    assert "rather too narrow" not in certainty(30)
