"""The gap between a reasoning and a conventional model on one benchmark: its value, its error, its log-odds form.

Standard errors follow Miller 2024 (arXiv 2411.00640). Unknown is None, and so is a mean of nothing.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

WIDTH_OF_95_PERCENT = 3.92
LOG_ODDS_PER_RATING_POINT = math.log(10) / 400


class Interval(NamedTuple):
    """`level` is the confidence level, 0.95 for a 95 % interval."""

    low: float
    high: float
    level: float


@dataclass(frozen=True)
class Score:
    """One side of an unpaired gap, in the benchmark's unit. `stderr` or `n` None: not known."""

    value: float
    stderr: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class MeasuredGap:
    """Reasoning − conventional. `value`, `stderr` are in the benchmark's unit.

    `n`: shared documents if `paired`, else the smaller of the two counts, None where either is not known.
    `stderr` None: none could be had; the gap is shown and not pooled. `log_odds` None: the unit has no such form.
    """

    reasoning_value: float
    conventional_value: float
    value: float
    stderr: float | None
    n: int | None
    paired: bool
    log_odds: float | None
    log_odds_stderr: float | None


class _Logit(NamedTuple):
    """The logit of a fraction, its slope there, and its own variance if the fraction was moved off 0 or 1."""

    value: float
    slope: float
    moved_variance: float | None


def mean(values: ArrayLike) -> float | None:
    """The mean; None of nothing."""
    numbers = np.asarray(values, dtype=float)
    return float(numbers.mean()) if numbers.size else None


def stderr(values: ArrayLike, clusters: ArrayLike | None = None) -> float | None:
    """Standard error of the mean: √(Σ(s−s̄)²/(n(n−1))).

    `clusters` names the group each value belongs to, such as the passage several questions ask about: deviations are
    summed within clusters first, with the factor C/(C−1), so that clusters of one document give the formula above.
    None for fewer than two values, or fewer than two clusters.
    """
    numbers = np.asarray(values, dtype=float)
    if clusters is None:
        sums = numbers - numbers.mean() if numbers.size else numbers
    else:
        labels = np.asarray(clusters)
        if labels.shape != numbers.shape:
            raise ValueError(f"{numbers.size} values but {labels.size} cluster labels: each value needs one")
        _, members = np.unique(labels, return_inverse=True)
        sums = np.bincount(members, weights=numbers - numbers.mean()) if numbers.size else numbers
    if sums.size < 2:
        return None
    if numbers.min() == numbers.max():
        return 0.0  # rounding in the mean must not make equal values look spread
    return math.sqrt(sums.size / (sums.size - 1) * float(sums @ sums)) / numbers.size


def binomial_stderr(value: float, n: int) -> float:
    """√(p(1−p)/n), where p is `value` moved off 0 and 1 by half a document: a perfect score is not a certain one.

    For graded scores in [0, 1] it is the largest the standard error can be.
    """
    moved = _moved(_fraction(value), n)
    return math.sqrt(moved * (1 - moved) / n)


def chance_corrected(value: float, chance: float | None) -> float | None:
    """max(0, (raw − chance)/(1 − chance)); None where the chance level is not known."""
    if chance is None:
        return None
    if not 0 <= chance < 1:
        raise ValueError(f"chance level {chance!r}: a number from 0 to below 1")
    return max(0.0, (value - chance) / (1 - chance))


def interval_stderr(low: float | None, high: float | None) -> float | None:
    """The standard error behind a published 95 % interval: width/3.92; None where an end is missing."""
    if low is None or high is None:
        return None
    if high < low:
        raise ValueError(f"interval [{low!r}, {high!r}]: its ends are the wrong way round")
    return (high - low) / WIDTH_OF_95_PERCENT


def interval(value: float, stderr: float | None, level: float = 0.95) -> Interval | None:
    """The normal interval around a value; None without a standard error."""
    if stderr is None:
        return None
    reach = NormalDist().inv_cdf((1 + level) / 2) * stderr
    return Interval(value - reach, value + reach, level)


def paired_gap(documents: pl.DataFrame, *, unit: str) -> MeasuredGap | None:
    """The gap on shared documents: the mean of their differences d, with stderr sd(d)/√n.

    `documents` holds doc_hash, reasoning, conventional; a document without both scores is left out. Both values are
    means over the shared documents, so they may differ from the runs' own headlines. The order of the documents does
    not matter. None if no document is shared.
    """
    # Sums depend on the order of their terms in the last digit; sorting makes the same documents the same bytes.
    shared = documents.drop_nulls(["reasoning", "conventional"]).sort("doc_hash", "reasoning", "conventional")
    reasoning = shared["reasoning"].cast(pl.Float64).to_numpy()
    conventional = shared["conventional"].cast(pl.Float64).to_numpy()
    n = len(shared)
    if not n:
        return None
    log_odds, log_odds_stderr = _paired_log_odds(reasoning, conventional, unit)
    return MeasuredGap(
        reasoning_value=float(reasoning.mean()),
        conventional_value=float(conventional.mean()),
        value=float((reasoning - conventional).mean()),
        stderr=stderr(reasoning - conventional),
        n=n,
        paired=True,
        log_odds=log_odds,
        log_odds_stderr=log_odds_stderr,
    )


def unpaired_gap(reasoning: Score, conventional: Score, *, unit: str) -> MeasuredGap:
    """The gap of two totals: stderr √(se_r² + se_c²).

    A side without a standard error gets the binomial one if its unit is fraction and its count is known; otherwise
    the gap has none.
    """
    errors = _error(reasoning, unit), _error(conventional, unit)
    value = reasoning.value - conventional.value
    log_odds, log_odds_stderr = _unpaired_log_odds(reasoning, conventional, errors, unit)
    counts = [side.n for side in (reasoning, conventional) if side.n is not None]
    return MeasuredGap(
        reasoning_value=reasoning.value,
        conventional_value=conventional.value,
        value=value,
        stderr=None if errors[0] is None or errors[1] is None else math.hypot(errors[0], errors[1]),
        n=min(counts) if len(counts) == 2 else None,
        paired=False,
        log_odds=log_odds,
        log_odds_stderr=log_odds_stderr,
    )


def _paired_log_odds(
    reasoning: NDArray[np.float64], conventional: NDArray[np.float64], unit: str
) -> tuple[float | None, float | None]:
    """The log-odds form and its stderr, by the delta method on the paired covariance.

    The linear form slope_r·r − slope_c·c carries the covariance with it. A side that was moved off 0 or 1 has no
    spread of its own to go by: it gets the binomial variance of the moved fraction. Where no document tells the two
    sides apart, half a document is taken to: a gap seen without variation is not one known without error.
    """
    n = len(reasoning)
    if unit == "rating":
        error = stderr(reasoning - conventional)
        value = float((reasoning - conventional).mean()) * LOG_ODDS_PER_RATING_POINT
        return value, None if error is None else error * LOG_ODDS_PER_RATING_POINT
    if unit != "fraction" or n < 2:
        return None, None
    first, second = _logit(float(reasoning.mean()), n), _logit(float(conventional.mean()), n)
    form = np.zeros(n)
    variance = 0.0
    for sign, side, scores in ((1, first, reasoning), (-1, second, conventional)):
        if side.moved_variance is None:
            form += sign * side.slope * scores
        else:
            variance += side.moved_variance
    variance += (stderr(form) or 0.0) ** 2
    if variance == 0.0:
        variance = 0.5 * ((first.slope + second.slope) / 2 / n) ** 2
    return first.value - second.value, math.sqrt(variance)


def _unpaired_log_odds(
    reasoning: Score, conventional: Score, errors: tuple[float | None, float | None], unit: str
) -> tuple[float | None, float | None]:
    if unit == "rating":
        value = (reasoning.value - conventional.value) * LOG_ODDS_PER_RATING_POINT
        error = None if errors[0] is None or errors[1] is None else math.hypot(*(e for e in errors if e is not None))
        return value, None if error is None else error * LOG_ODDS_PER_RATING_POINT
    if unit != "fraction":
        return None, None
    sides = []
    for side, error in zip((reasoning, conventional), errors, strict=True):
        if side.n is None and _fraction(side.value) in (0.0, 1.0):
            return None, None  # without a count, how far to move it off the end is not known
        logit = _logit(side.value, side.n)
        own = None if error is None else (logit.slope * error) ** 2
        sides.append((logit.value, own if logit.moved_variance is None else logit.moved_variance))
    (first, first_variance), (second, second_variance) = sides
    if first_variance is None or second_variance is None:
        return first - second, None
    return first - second, math.sqrt(first_variance + second_variance)


def _error(side: Score, unit: str) -> float | None:
    if side.stderr is not None or unit != "fraction" or not side.n:
        return side.stderr
    return binomial_stderr(side.value, side.n)


def _logit(value: float, n: int | None) -> _Logit:
    moved = _moved(_fraction(value), n)
    spread = moved * (1 - moved)
    variance = 1 / (n * spread) if n and moved != value else None
    return _Logit(math.log(moved / (1 - moved)), 1 / spread, variance)


def _moved(value: float, n: int | None) -> float:
    """The fraction, at least half a document away from 0 and from 1."""
    return value if not n else min(max(value, 0.5 / n), 1 - 0.5 / n)


def _fraction(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"score {value!r}: a fraction lies from 0 to 1")
    return value
