"""Standard errors, pairing and power on Miller's worked examples (arXiv 2411.00640), document by document."""

import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import comb

from tracker.stats.gaps import MeasuredGap, Score, interval, interval_stderr, paired_gap, stderr, unpaired_gap

Floats = NDArray[np.float64]

GALLEON = {
    "MATH": (5000, 65.5, 63.0, 2.5, (1.2, 3.8)),
    "HumanEval": (164, 83.6, 86.7, -3.1, (-7.2, 1.0)),
    "MGSM": (2500, 75.3, 78.0, -2.7, (-6.1, 0.7)),
}
RESAMPLED = {2: 0.3333333333333333, 4: 0.5, 6: 0.5555555555555556}
RESAMPLED_FOREVER = 0.6666666666666666
NEEDED = 968.9974980677886
DETECTABLE = {1: (0.132, 0.1327333278739942), 10: (0.075, 0.0756696392667773)}

# (z of a two-sided 5 % test + z of 80 % power), as Miller's sample size has it.
REACH = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)


def compared(reasoning: Floats, conventional: Floats) -> MeasuredGap:
    """The paired gap of scores on the same documents, in order."""
    names = pl.arange(len(reasoning), eager=True).cast(pl.String)
    gap = paired_gap(
        pl.DataFrame({"doc_hash": names, "reasoning": reasoning, "conventional": conventional}), unit="fraction"
    )
    assert gap is not None
    return gap


def alike(correlation: float) -> tuple[Floats, Floats]:
    """Chances of being right of two models, each uniform on [0, 1], with this correlation: the same, or independent."""
    grid = (np.arange(100) + 0.5) / 100
    one, other = (side.ravel() for side in np.meshgrid(grid, grid))
    same = np.repeat(grid, round(100 * correlation / (1 - correlation)))
    return np.concatenate([one, same]), np.concatenate([other, same])


def answered(times: int, correlation: float, documents: int) -> tuple[Floats, Floats]:
    """Mean scores of two such models that answer every question so many times, in the shares to be expected.

    A uniform chance makes every count of right answers equally likely; a shared one makes the two counts alike.
    """
    one, other = np.indices((times + 1, times + 1))
    together = comb(times, one) * comb(times, other) / ((2 * times + 1) * comb(2 * times, one + other))
    share = correlation * together + (1 - correlation) / (times + 1) ** 2
    counts = np.rint(share * documents).astype(int).ravel()
    return np.repeat(one.ravel() / times, counts), np.repeat(other.ravel() / times, counts)


def test_a_mean_of_graded_scores_and_its_error() -> None:
    """Miller as relayed: 200 scores with mean .62 and variance .04 have stderr .014 and [.592, .648]."""
    apart = 0.2 * math.sqrt(199 / 200)
    error = stderr([0.62 - apart, 0.62 + apart] * 100)
    around = interval(0.62, error)
    assert error is not None
    assert around is not None
    assert round(error, 3) == 0.014
    assert (round(around.low, 3), round(around.high, 3)) == (0.592, 0.648)


def test_galleon_and_dreadnought_document_by_document() -> None:
    """5,000 documents of MATH that give both scores and differ as often as the interval says give that interval back.

    Totals alone give a wider one. The other two cannot be laid out so: HumanEval's scores are of no whole number of its
    164 documents, and MGSM's interval counts each question in ten languages once.
    """
    n, galleon, dreadnought, difference, (low, high) = GALLEON["MATH"]
    error = interval_stderr(low / 100, high / 100)
    assert error is not None
    right = round(n * galleon / 100), round(n * dreadnought / 100)
    differing = n * (n - 1) * error**2 + (right[0] - right[1]) ** 2 / n
    only_galleon = round((differing + right[0] - right[1]) / 2)
    only_dreadnought = only_galleon - right[0] + right[1]
    both = right[0] - only_galleon
    counts = [both, only_galleon, only_dreadnought, n - both - only_galleon - only_dreadnought]
    gap = compared(np.repeat([1.0, 1.0, 0.0, 0.0], counts), np.repeat([1.0, 0.0, 1.0, 0.0], counts))
    around = interval(gap.value, gap.stderr)
    assert around is not None
    assert (gap.n, 100 * gap.value) == (n, pytest.approx(difference))
    assert (round(100 * around.low, 1), round(100 * around.high, 1)) == (low, high)
    totals = unpaired_gap(Score(galleon / 100, n=n), Score(dreadnought / 100, n=n), unit="fraction")
    assert totals.stderr is not None
    assert totals.stderr > 1.4 * error


@pytest.mark.parametrize("name", GALLEON)
def test_published_intervals_of_galleon_and_dreadnought_are_kept(name: str) -> None:
    """A published interval becomes a standard error and is drawn again as it was, around the published difference."""
    _, galleon, dreadnought, difference, (low, high) = GALLEON[name]
    gap = unpaired_gap(Score(galleon), Score(dreadnought), unit="points")
    around = interval(gap.value, interval_stderr(low, high))
    assert around is not None
    assert gap.value == pytest.approx(difference)
    assert (around.low, around.high) == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))


@pytest.mark.parametrize("times", RESAMPLED)
def test_answers_to_one_question_are_not_independent(times: int) -> None:
    """Uniform chances: K answers a question cut the variance by 1/3, 1/2, 5/9, whether averaged or clustered."""
    documents = 2 * (times + 1) * 60
    counts = np.repeat(np.arange(times + 1), documents // (times + 1))
    answers = (np.arange(times) < counts[:, None]).astype(float).ravel()
    averaged = stderr(counts / times)
    clustered = stderr(answers, np.repeat(np.arange(documents), times))
    once = stderr([0.0, 1.0] * (documents // 2))
    assert averaged is not None
    assert once is not None
    assert 1 - (averaged / once) ** 2 == pytest.approx(RESAMPLED[times], abs=1e-6)
    assert clustered == pytest.approx(averaged, abs=1e-12)


def test_greedy_answers_have_more_spread() -> None:
    """Chances uniform on [0, 1] vary by 1/12, which is 2/3 less than one answer each; made right or wrong, by 1/4."""
    chances, _ = alike(0.0)
    smooth, rounded = stderr(chances), stderr((chances > 0.5).astype(float))
    assert smooth is not None
    assert rounded is not None
    documents = len(chances) - 1
    assert rounded**2 * documents == pytest.approx(1 / 4, abs=1e-6)
    assert smooth**2 * documents == pytest.approx((1 - 1 / 100**2) / 12, abs=1e-6)
    assert 1 - (smooth / rounded) ** 2 == pytest.approx(RESAMPLED_FOREVER, abs=1e-4)


@pytest.mark.parametrize(("correlation", "saved"), [(0.5, 1 / 2), (1 / 3, 1 / 3), (0.0, 0.0)])
def test_pairing_saves_what_the_scores_have_in_common(correlation: float, saved: float) -> None:
    """Pairing cuts the variance by 2·Cov over the sum of the two variances: for equal spreads, by the correlation.

    Miller's section 4.2 says 1/3 (from 1/6 to 1/9) for a correlation of .5, but its own formula gives 1/6 − 2·1/24 =
    1/12, a half; 1/3 and 1/9 belong to a correlation of 1/3. The later examples start from that 1/9.
    """
    one, other = alike(correlation)
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(correlation, abs=1e-12)
    paired = compared(one, other)
    totals = unpaired_gap(Score(one.mean(), stderr(one)), Score(other.mean(), stderr(other)), unit="fraction")
    assert paired.stderr is not None
    assert totals.stderr is not None
    assert 1 - (paired.stderr / totals.stderr) ** 2 == pytest.approx(saved, abs=1e-9)
    variance = paired.stderr**2 * (len(one) - 1) / (1 - 1 / 100**2)
    assert variance == pytest.approx((1 - correlation) / 6, abs=1e-9)


def test_documents_needed_to_see_three_points() -> None:
    """Differences with variance 1/9: 969 documents show a gap of .03 in 80 % of all runs, by formula and by trial."""
    spread = np.array([-1, 1] * 50) / 3 * math.sqrt(99 / 100)
    error = stderr(spread)
    assert error is not None
    assert len(spread) * (REACH * error / 0.03) ** 2 == pytest.approx(NEEDED, abs=1e-6)
    rng = np.random.default_rng(11)
    shown = 0
    for _ in range(3000):
        differences = rng.normal(0.03, 1 / 3, math.ceil(NEEDED))
        around = interval(float(differences.mean()), stderr(differences))
        assert around is not None
        shown += not around.low <= 0 <= around.high
    assert shown / 3000 == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("times", DETECTABLE)
def test_the_gap_that_198_documents_can_show(times: int) -> None:
    """One answer or ten to each of 198 questions, with ω² = 1/9 and σ² = 1/6. Miller's numbers are cut, not rounded."""
    claimed, exact = DETECTABLE[times]
    one, other = answered(times, 1 / 3, 900_000)
    error = stderr(one - other)
    assert error is not None
    found = REACH * error * math.sqrt((len(one) - 1) / 198)
    assert found == pytest.approx(exact, abs=1e-6)
    assert math.floor(found * 1000) / 1000 == claimed
