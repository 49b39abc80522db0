"""Standard errors, paired and unpaired gaps and their log-odds form, on worked examples and by their properties."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.stats.gaps import (
    MeasuredGap,
    Score,
    binomial_stderr,
    chance_corrected,
    interval,
    interval_stderr,
    mean,
    paired_gap,
    stderr,
    unpaired_gap,
)

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors" / "statistics.json"


def documents(reasoning: list[float | None], conventional: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "doc_hash": [f"d{at:04}" for at in range(len(reasoning))],
            "reasoning": reasoning,
            "conventional": conventional,
        },
        schema={"doc_hash": pl.String, "reasoning": pl.Float64, "conventional": pl.Float64},
    )


def measured(reasoning: list[float | None], conventional: list[float | None], unit: str = "fraction") -> MeasuredGap:
    gap = paired_gap(documents(reasoning, conventional), unit=unit)
    assert gap is not None
    return gap


right_or_wrong = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)] * 2)
)
graded = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(0, 1, width=16), min_size=n, max_size=n)] * 2)
)


def test_clustered_stderr_of_inspect_and_of_miller() -> None:
    """0..19 in four clusters: inspect_ai's test_clustered_stderr, and the same without its factor C/(C−1)."""
    values, clusters = list(range(20)), [at % 4 for at in range(20)]
    found = stderr(values, clusters)
    assert found == pytest.approx(0.6454972243679028, abs=1e-9)
    assert found * math.sqrt(3 / 4) == pytest.approx(0.5590169943749475, abs=1e-9)


def test_clusters_of_one_document_are_no_clusters() -> None:
    values = [0.2, 0.9, 0.4, 0.4, 1.0]
    assert stderr(values, list("abcde")) == pytest.approx(stderr(values), abs=1e-15)


def test_stderr_of_too_little_is_unknown() -> None:
    assert mean([]) is None
    assert stderr([]) is None
    assert stderr([0.5]) is None
    assert stderr([0.5, 0.6], ["a", "a"]) is None
    assert stderr([0.1] * 7) == 0.0


def test_every_value_needs_a_cluster() -> None:
    with pytest.raises(ValueError, match="3 values but 2 cluster labels"):
        stderr([1, 2, 3], ["a", "b"])


def test_binomial_stderr_and_interval_of_miller() -> None:
    """Miller 2024 as relayed: n = 200, p = .55 gives .035 and [.481, .619]."""
    error = binomial_stderr(0.55, 200)
    assert error == pytest.approx(0.035, abs=5e-4)
    around = interval(0.55, error)
    assert around is not None
    assert (round(around.low, 3), round(around.high, 3), around.level) == (0.481, 0.619, 0.95)
    assert interval(0.55, None) is None


def test_a_perfect_score_is_not_a_certain_one() -> None:
    assert binomial_stderr(1.0, 50) == pytest.approx(math.sqrt(0.99 * 0.01 / 50))
    assert binomial_stderr(0.0, 50) == pytest.approx(binomial_stderr(1.0, 50))


def test_paired_variance_is_that_of_miller() -> None:
    """(Var(s_r) + Var(s_c) − 2 Cov(s_r, s_c))/n."""
    reasoning, conventional = [1.0, 1, 0, 1, 0.5, 1], [0.0, 1, 0, 1, 0.25, 0]
    covariance = np.cov(reasoning, conventional)
    expected = (covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]) / 6
    gap = measured(reasoning, conventional)
    assert gap.stderr == pytest.approx(math.sqrt(expected), abs=1e-12)
    assert (gap.n, gap.paired) == (6, True)
    assert gap.value == pytest.approx(2.25 / 6)


def test_chance_correction_of_the_open_llm_leaderboard() -> None:
    """norm = 100·max(0, (raw − lower)/(1 − lower)), with its published examples."""
    assert chance_corrected(0.27, 0.25) == pytest.approx(0.02666666666666669)
    assert chance_corrected(0.4287, 0.1) == pytest.approx(0.3652222222222222)
    assert chance_corrected(0.2551, 0.25) == pytest.approx(0.006799999999999992)
    assert chance_corrected(0.2, 0.25) == 0.0
    assert chance_corrected(0.2, None) is None
    with pytest.raises(ValueError, match="below 1"):
        chance_corrected(0.5, 1.0)


def test_interval_becomes_stderr() -> None:
    assert interval_stderr(1356.18, 1383.43) == pytest.approx(27.25 / 3.92)
    assert interval_stderr(None, 3.0) is None
    with pytest.raises(ValueError, match="wrong way round"):
        interval_stderr(2.0, 1.0)


def test_log_odds_of_a_paired_gap_by_hand() -> None:
    """Ten documents, 8 against 5 right, 5 right by both: covariance (n/(n−1))·(.5 − .8·.5)."""
    gap = measured([1.0] * 8 + [0.0] * 2, [1.0] * 5 + [0.0] * 5)
    assert gap.log_odds == pytest.approx(math.log(4))
    slopes = 1 / 0.16, 1 / 0.25
    one, two, both = 0.16 / 9, 0.25 / 9, (0.5 - 0.4) / 9
    expected = slopes[0] ** 2 * one + slopes[1] ** 2 * two - 2 * slopes[0] * slopes[1] * both
    assert gap.log_odds_stderr == pytest.approx(math.sqrt(expected))


def test_all_right_against_all_wrong_is_finite_and_unsure() -> None:
    gap = measured([1.0] * 100, [0.0] * 100)
    assert gap.value == 1.0
    assert gap.log_odds == pytest.approx(2 * math.log(99.5 / 0.5))
    assert gap.log_odds_stderr == pytest.approx(math.sqrt(2 / (100 * 0.005 * 0.995)))


def test_the_same_answers_everywhere_leave_an_error() -> None:
    """Half a document is taken to tell the two apart, so that nothing enters a pool with infinite weight."""
    gap = measured([1.0, 0.0] * 50, [1.0, 0.0] * 50)
    assert (gap.value, gap.stderr, gap.log_odds) == (0.0, 0.0, 0.0)
    assert gap.log_odds_stderr == pytest.approx(math.sqrt(0.5) / 100 * 4)


def test_one_document_gives_a_value_and_no_error() -> None:
    gap = measured([1.0], [0.0])
    assert (gap.value, gap.n, gap.stderr, gap.log_odds, gap.log_odds_stderr) == (1.0, 1, None, None, None)


def test_no_shared_document_gives_no_gap() -> None:
    assert paired_gap(documents([], []), unit="fraction") is None
    assert paired_gap(documents([1.0], [None]), unit="fraction") is None


def test_a_document_without_both_scores_does_not_count() -> None:
    gap = measured([1.0, None, 0.0, 1.0], [0.0, 1.0, None, 1.0])
    assert (gap.n, gap.value) == (2, 0.5)


def test_ratings_and_points_on_the_log_odds_scale() -> None:
    gap = unpaired_gap(Score(1370.0, 5.0), Score(1330.0, 12.0), unit="rating")
    assert (gap.value, gap.stderr) == (40.0, 13.0)
    assert gap.log_odds == pytest.approx(40 * math.log(10) / 400)
    assert gap.log_odds_stderr == pytest.approx(13 * math.log(10) / 400)
    points = unpaired_gap(Score(7.0, 0.1), Score(6.0, 0.1), unit="points")
    assert (points.value, points.log_odds, points.log_odds_stderr) == (1.0, None, None)


def test_unpaired_error_comes_from_the_count_or_not_at_all() -> None:
    counted = unpaired_gap(Score(0.8, None, 400), Score(0.6, 0.02, 500), unit="fraction")
    assert counted.stderr == pytest.approx(math.hypot(math.sqrt(0.16 / 400), 0.02))
    assert (counted.n, counted.paired) == (400, False)
    assert counted.log_odds_stderr == pytest.approx(math.hypot(0.02 / 0.16, 0.02 / 0.24))
    uncounted = unpaired_gap(Score(0.8), Score(0.6, 0.02, 500), unit="fraction")
    assert (uncounted.stderr, uncounted.n, uncounted.log_odds_stderr) == (None, None, None)
    assert uncounted.log_odds == pytest.approx(math.log(4) - math.log(1.5))
    assert unpaired_gap(Score(8.0, None, 400), Score(6.0, None, 400), unit="points").stderr is None


def test_a_perfect_score_without_a_count_has_no_log_odds() -> None:
    gap = unpaired_gap(Score(1.0, 0.0), Score(0.6, 0.02), unit="fraction")
    assert (gap.value, gap.log_odds) == (0.4, None)
    known = unpaired_gap(Score(1.0, 0.0, 200), Score(0.6, 0.02, 200), unit="fraction")
    assert known.log_odds == pytest.approx(math.log(399) - math.log(1.5))
    assert known.log_odds_stderr == pytest.approx(math.hypot(math.sqrt(1 / (0.5 * 0.9975)), 0.02 / 0.24))


def test_a_fraction_above_one_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"score 83\.4: a fraction lies from 0 to 1"):
        unpaired_gap(Score(83.4, 1.0, 100), Score(0.6, 0.02, 100), unit="fraction")


@given(graded)
def test_swapping_the_sides_turns_the_sign(pair: tuple[list[float], list[float]]) -> None:
    forwards, backwards = measured(*pair), measured(pair[1], pair[0])
    assert forwards.value == -backwards.value
    assert forwards.log_odds == -backwards.log_odds
    assert forwards.stderr == pytest.approx(backwards.stderr, abs=1e-15)
    assert forwards.log_odds_stderr == pytest.approx(backwards.log_odds_stderr)


@given(graded, st.randoms(use_true_random=False))
def test_the_order_of_documents_changes_no_byte(pair: tuple[list[float], list[float]], shuffler: object) -> None:
    frame = documents(*pair)
    order = list(range(len(frame)))
    shuffler.shuffle(order)
    assert paired_gap(frame[order], unit="fraction") == paired_gap(frame, unit="fraction")


@given(right_or_wrong)
def test_pairing_narrows_the_error_exactly_when_the_sides_agree(pair: tuple[list[float], list[float]]) -> None:
    gap = measured(*pair)
    apart = math.hypot(stderr(pair[0]), stderr(pair[1]))
    covariance = np.cov(*pair)[0, 1]
    if covariance >= 0:
        assert gap.stderr <= apart + 1e-12
    else:
        assert gap.stderr >= apart - 1e-12


@given(graded)
def test_log_odds_has_the_sign_of_the_gap_and_an_error_above_zero(pair: tuple[list[float], list[float]]) -> None:
    gap = measured(*pair)
    assert gap.log_odds_stderr > 0
    assert gap.log_odds * gap.value >= -1e-12


def test_log_odds_error_agrees_with_simulation() -> None:
    """The delta method against 4,000 simulated pairs of runs on 400 shared documents."""
    rng = np.random.default_rng(7)
    difficulty = rng.random((4000, 400, 1))
    right = (rng.random((4000, 400, 2)) * 0.4 + difficulty * 0.6 < np.array([0.7, 0.5])).astype(float)
    rates = right.mean(axis=1)
    spread = np.std(np.diff(np.log(rates / (1 - rates)), axis=1))
    gap = measured(list(right[0, :, 0]), list(right[0, :, 1]))
    assert gap.log_odds_stderr == pytest.approx(spread, rel=0.15)


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_shared_vectors_hold() -> None:
    vectors = json.loads(VECTORS.read_text())
    clustered = vectors["clustered_se_inspect_ai"]
    assert stderr(range(20), [at % 4 for at in range(20)]) == pytest.approx(clustered["recomputed"], abs=1e-6)
    for case in vectors["miller_2024"]["worked"]:
        if "p" in case:
            assert binomial_stderr(case["p"], case["n"]) == pytest.approx(case["se_bernoulli"], abs=5e-4)
        if "var" in case:
            around = interval(case["mean"], math.sqrt(case["var"] / case["n"]))
            assert [around.low, around.high] == pytest.approx(case["ci"], abs=5e-4)
    leaderboard = vectors["open_llm_leaderboard_v2_normalisation"]
    for case in leaderboard["vectors"]:
        assert 100 * chance_corrected(case["raw"], leaderboard["lower"][case["task"]]) == pytest.approx(case["norm"])
