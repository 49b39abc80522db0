"""Two forecasters on the same questions and days: by how much one was better, and whether that is more than chance."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tracker.stats.resampled import LEVEL, means
from tracker.stats.scoring import By, Score, question_scores

# Which of two scores is the better one.
LOWER_IS_BETTER: frozenset[Score] = frozenset({"brier"})


@dataclass(frozen=True)
class Duel:
    """The paired differences of two forecasters.

    difference   mean of one's score − the other's, over the questions; None without a question
    low, high    ends of its interval at `level`, by drawing groups of questions anew; None: too few groups
    won, lost    on how many questions `one` had the better, the worse score; the rest are even
    groups       how many of the questions do not share their fate
    days         the sum over the questions of the days on which both stood
    rows         per question: unit, topic, resolution, days, one, other (their scores), difference; by unit
    """

    one: str
    other: str
    score: Score
    questions: int
    groups: int
    days: float
    one_mean: float | None
    other_mean: float | None
    difference: float | None
    low: float | None
    high: float | None
    won: int
    lost: int
    rows: pl.DataFrame
    level: float = LEVEL

    @property
    def ahead(self) -> str | None:
        """Who was better, as far as the interval tells; None: not told apart, or no interval."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.one if (self.high < 0) == (self.score in LOWER_IS_BETTER) else self.other


def head_to_head(
    steps: pl.DataFrame,
    questions: pl.DataFrame,
    one: str,
    other: str,
    *,
    rng: np.random.Generator,
    score: Score = "brier",
    by: By = "question",
) -> Duel:
    """Compare two forecasters over the resolved questions that both forecast, on the days on which both stood.

    `by` "topic" lets two sites be compared that never share a question: see `question_scores`. Raises ValueError for a
    forecaster against itself.
    """
    if one == other:
        raise ValueError(f"{one} cannot be compared with itself")
    scores = question_scores(steps, questions, [one, other], by)
    about = ["unit", "group", "topic", "resolution", "days"]
    first, second = (
        scores.filter(pl.col("forecaster") == name).select(*about, pl.col(score).alias(side))
        for name, side in ((one, "one"), (other, "other"))
    )
    rows = first.join(second.select("unit", "other"), on="unit").sort("unit")
    rows = rows.with_columns(difference=pl.col("one") - pl.col("other"))
    spread, *_ = means(rows.select("difference").to_numpy(), rows["group"].to_list(), rng)
    sides = rows.select(pl.col("one", "other").mean()).row(0)
    higher, lower = rows.filter(pl.col("difference") > 0).height, rows.filter(pl.col("difference") < 0).height
    won, lost = (lower, higher) if score in LOWER_IS_BETTER else (higher, lower)
    return Duel(
        one=one,
        other=other,
        score=score,
        questions=rows.height,
        groups=rows["group"].n_unique(),
        days=float(rows["days"].sum()),
        one_mean=sides[0],
        other_mean=sides[1],
        difference=spread.value,
        low=spread.low,
        high=spread.high,
        won=won,
        lost=lost,
        rows=rows.drop("group"),
    )
