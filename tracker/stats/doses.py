"""What more thinking brings: how the score of one set of weights climbs with the tokens it writes."""

import math
from collections.abc import Collection
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tracker.stats.flags import BLOCKING
from tracker.stats.gaps import Score, unpaired_gap
from tracker.stats.pooling import inverse_variance

SLOPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "weights": pl.String,
    "value": pl.Float64,
    "stderr": pl.Float64,
    "benchmarks": pl.Int64,
    "least_tokens": pl.Float64,
    "most_tokens": pl.Float64,
    "first_on": pl.Date,
}
# As `tracker.evals.guards` has it of a gap: a dose whose answers were cut short says nothing of thinking longer.
MOST_TRUNCATED = 0.02
# Where a score stands against nothing: even odds, or a rating of 0, known without error.
NOTHING = {"fraction": Score(0.5, 0.0), "rating": Score(0.0, 0.0)}


def slopes(doses: pl.DataFrame, *, admit: Collection[str] = ()) -> pl.DataFrame:
    """One row per set of weights that was measured at several doses of thinking: SLOPES.

    `doses` has one row a model and benchmark: weights, model_id, benchmark_id, overlaps, unit, tokens (an answer, on
    average), value, stderr, n, truncated (the share of answers cut short), flags, first_on. `value`: log-odds per
    doubling of the tokens, by least squares weighted with the scores' errors on each benchmark, then combined over
    benchmarks by inverse variance. Where three doses or more scatter about their line by more than their errors, its
    error grows accordingly. Scores at several doses count as independent, though they are of the same documents: the
    errors are rather too large than too small. `first_on`: the first day on which there were two doses.

    Left out: doses with a blocking flag of their own that `admit` does not name or with too many answers cut short,
    those without an error, benchmarks whose answers another one counts already, and points, which have no log-odds.
    """
    refused = sorted(BLOCKING - {"unequal-settings"} - set(admit))
    cut = pl.lit(value=False) if "truncated" in admit else pl.col("truncated").fill_null(0.0) > MOST_TRUNCATED
    usable = doses.filter(
        pl.col("unit").is_in(list(NOTHING)),
        pl.col("tokens") > 0,
        pl.col("weights").is_not_null(),
        pl.col("flags").list.set_intersection(refused).list.len() == 0,
        ~cut,
    )
    usable = usable.join(
        usable, left_on=["overlaps", "model_id"], right_on=["benchmark_id", "model_id"], how="anti"
    ).sort("weights", "benchmark_id", "tokens", "model_id")
    rows = []
    for (weights,), own in usable.group_by("weights", maintain_order=True):
        lines = [line for _, one in own.group_by("benchmark_id", maintain_order=True) if (line := _line(one))]
        combined = inverse_variance([line[0] for line in lines], [line[1] for line in lines])
        if combined is not None:
            tokens = [number for line in lines for number in line[2:4]]
            rows.append((weights, *combined, len(lines), min(tokens), max(tokens), min(line[4] for line in lines)))
    return pl.DataFrame(rows, schema=SLOPES, orient="row")


def _line(doses: pl.DataFrame) -> tuple[float, float, float, float, date] | None:
    """Slope, its error, fewest and most tokens, and the first day with two doses; None with fewer than two."""
    points = []
    for row in doses.iter_rows(named=True):
        score = Score(row["value"], row["stderr"], row["n"])
        gap = unpaired_gap(score, NOTHING[row["unit"]], unit=row["unit"])
        if gap.log_odds is not None and gap.log_odds_stderr:
            points.append((row["tokens"], gap.log_odds, gap.log_odds_stderr, row["first_on"]))
    if len({point[0] for point in points}) < 2:
        return None
    tokens, odds, errors = (np.array([point[place] for point in points], dtype=float) for place in range(3))
    slope, error = _least_squares(np.log2(tokens), odds, errors)
    days = sorted(point[3] for point in points)
    return slope, error, float(tokens.min()), float(tokens.max()), days[1]


def _least_squares(x: NDArray[np.float64], y: NDArray[np.float64], errors: NDArray[np.float64]) -> tuple[float, float]:
    weights = 1 / errors**2
    about = x - weights @ x / weights.sum()
    across = float(weights @ about**2)
    slope = float((weights * about) @ y) / across
    height = weights @ y / weights.sum()
    scatter = float(weights @ (y - height - slope * about) ** 2)
    freedom = len(x) - 2
    return slope, math.sqrt(max(1.0, scatter / freedom if freedom else 1.0) / across)
