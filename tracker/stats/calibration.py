"""Whether what was called 70 % happens in 70 %: bins with counts, bands, and Brier's score taken apart.

Stephenson, Coelho and Jolliffe 2008 (Weather and Forecasting 23(4) 752) for the terms within bins, without which
Murphy's three do not add up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tracker.stats.forecasts import TIME, scored_windows, stood_at
from tracker.stats.resampled import means

Of = Literal["open", "close", "middle"]

# Nearest tenth; written out, since 3 × 0.05 is not 0.15.
TENTHS = (0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)
MANIFOLD_POINTS = (0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99)
"""Where Manifold's own calibration page has its points; `edges_between` makes bins of them."""
BAND = 0.9
DRAWS = 1000
SAMPLES = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "group": pl.String,
    "at": TIME,
    "probability": pl.Float64,
    "resolution": pl.Float64,
    "inverted": pl.Boolean,
}


class Moment(NamedTuple):
    """When a question's probability is read: so many days after it opened or before it closed, or midway."""

    of: Of
    days: int
    words: str


MOMENTS = {
    "open-7": Moment("open", 7, "7 days after a question opened"),
    "open-30": Moment("open", 30, "30 days after a question opened"),
    "open-90": Moment("open", 90, "90 days after a question opened"),
    "close-90": Moment("close", 90, "90 days before a question closed"),
    "close-30": Moment("close", 30, "30 days before a question closed"),
    "close-7": Moment("close", 7, "7 days before a question closed"),
    "middle": Moment("middle", 0, "midway through a question’s life"),
}
DEFAULT_MOMENT = "open-30"


@dataclass(frozen=True)
class Split:
    """One forecaster's probabilities against what happened, each question once. Of no question there are only counts.

    groups      how many of the questions do not share their fate
    brier       mean of (p − r)²; brier_low, brier_high: ends of its 95 % interval, by drawing groups of questions
                anew; None: too few of them
    reliability, resolution, uncertainty, within_variance, within_covariance: of the bins; brier = reliability −
                resolution + uncertainty + within_variance − within_covariance. uncertainty is the spread of the
                outcomes about their mean. A resolution in (0, 1) spreads within its bin as well, which is counted there
    ece         expected calibration error: |happened − called|, the bins weighted by their counts
    ece_chance, ece_chance_high: its mean, and the value it stays below 95 times in 100, were every probability right
                and each group decided by one draw: few questions, and fewer groups, alone give an error
    sharpness   mean of (2p − 1)², 0: always 50 %, 1: always certain. Were the probabilities right, the Brier score
                would be (1 − sharpness) / 4
    called, happened: the mean probability and the mean outcome
    """

    n: int
    groups: int = 0
    brier: float | None = None
    brier_low: float | None = None
    brier_high: float | None = None
    reliability: float | None = None
    resolution: float | None = None
    uncertainty: float | None = None
    within_variance: float | None = None
    within_covariance: float | None = None
    ece: float | None = None
    ece_chance: float | None = None
    ece_chance_high: float | None = None
    sharpness: float | None = None
    called: float | None = None
    happened: float | None = None


def samples(steps: pl.DataFrame, questions: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """What each forecaster said of each resolved question at one moment of its life: SAMPLES, by question, forecaster.

    Never what stood at the resolution: by then everybody knows. A question that had ended by the moment, or on which
    the forecaster had nothing standing then, is not there; nor is an annulled one. `steps` of
    `tracker.stats.forecasts.steps`.

    open    so many days after it opened: what anybody could have picked on that day, which makes the sample fair; the
            default. A question without `opens_at` is left out
    close   so many days before `closes_at`, among those still unresolved by then. Fair only if that is the close that
            was announced: a source that moves it to the resolution (Manifold does, of a question that resolves early)
            has questions read shortly before they came true, and even a perfect forecaster seems to have called them
            too low
    middle  halfway between opening and the end of the scored window, which hangs on the outcome where YES ends a
            question early: the same caution
    """
    windows = scored_windows(questions).filter(pl.col("unscored").is_null())
    span = pl.duration(days=moment.days)
    at = {
        "open": pl.col("start") + span,
        "close": pl.coalesce("announced", "end") - span,
        "middle": pl.col("start") + (pl.col("end") - pl.col("start")) / 2,
    }
    chosen = windows.select("question_id", "group", "resolution", "inverted", at=at[moment.of])
    return stood_at(steps, chosen).join(chosen.drop("at"), on="question_id", maintain_order="left").select(*SAMPLES)


def edges_between(points: Sequence[float]) -> tuple[float, ...]:
    """The edges of bins that hold what is nearest to each of the points."""
    return (0.0, *((low + high) / 2 for low, high in pairwise(points)), 1.0)


def calibration(samples: pl.DataFrame, edges: Sequence[float] = TENTHS) -> pl.DataFrame:
    """A row per forecaster and bin, the empty ones too, by forecaster and bin.

    forecaster, bin (from 0), low, high (its edges; a probability on one is counted towards 50 %), n (questions),
    called (mean probability), happened (mean outcome), band_low, band_high: where the share that happened would lie 90
    times in 100 were each called rightly and each group decided by one draw (`_chances`), the 5 % and 95 % points;
    outside: whether it lies beyond them. Null in an empty bin.
    """
    bins = len(edges) - 1
    placed = samples.with_columns(bin=pl.Series(_bins(samples["probability"].to_numpy(), edges), dtype=pl.Int64))
    names = samples.select("forecaster").unique()
    every = pl.DataFrame(
        {"bin": range(bins), "low": list(edges[:-1]), "high": list(edges[1:])},
        schema={"bin": pl.Int64, "low": pl.Float64, "high": pl.Float64},
    )
    key = ["forecaster", "bin"]
    found = placed.group_by(key).agg(
        n=pl.len().cast(pl.Int64), called=pl.col("probability").mean(), happened=pl.col("resolution").mean()
    )
    bands = pl.DataFrame(
        [(*name, *_band(own)) for name, own in placed.group_by(key)],
        schema={"forecaster": pl.String, "bin": pl.Int64, "band_low": pl.Float64, "band_high": pl.Float64},
        orient="row",
    )
    table = (
        names.join(every, how="cross")
        .join(found, on=key, how="left")
        .join(bands, on=key, how="left")
        .with_columns(pl.col("n").fill_null(0))
        .sort(key)
    )
    beyond = (pl.col("happened") < pl.col("band_low")) | (pl.col("happened") > pl.col("band_high"))
    return table.with_columns(outside=beyond)


def split(samples: pl.DataFrame, rng: np.random.Generator, edges: Sequence[float] = TENTHS) -> Split:
    """The Brier score of one forecaster's samples and its parts; ValueError for those of several."""
    if samples["forecaster"].n_unique() > 1:
        raise ValueError(f"one forecaster at a time, not {samples['forecaster'].n_unique()}")
    if samples.is_empty():
        return Split(0)
    p, r = samples["probability"].to_numpy(), samples["resolution"].to_numpy()
    place = _bins(p, edges)
    size = np.bincount(place, minlength=len(edges) - 1)
    used = size > 0
    called, happened = (
        np.divide(np.bincount(place, weights=values, minlength=len(size)), size, where=used, out=np.zeros(len(size)))
        for values in (p, r)
    )
    weight = size / len(p)
    spread = float(((r - r.mean()) ** 2).mean())
    chance = _ece_by_chance(samples, place, size, rng)
    brier, *_ = means(((p - r) ** 2)[:, None], samples["group"].to_list(), rng)
    return Split(
        n=len(p),
        groups=samples["group"].n_unique(),
        brier=brier.value,
        brier_low=brier.low,
        brier_high=brier.high,
        reliability=float(weight @ (called - happened) ** 2),
        resolution=float(weight[used] @ (happened[used] - r.mean()) ** 2),
        uncertainty=spread,
        within_variance=float(((p - called[place]) ** 2).mean()),
        within_covariance=float(2 * ((p - called[place]) * (r - happened[place])).mean()),
        ece=calibration_error(p, r, edges),
        ece_chance=float(chance.mean()),
        ece_chance_high=float(np.quantile(chance, 0.95)),
        sharpness=float(((2 * p - 1) ** 2).mean()),
        called=float(p.mean()),
        happened=float(r.mean()),
    )


def calibration_error(
    probabilities: NDArray[np.float64], outcomes: NDArray[np.float64], edges: Sequence[float] = TENTHS, norm: float = 1
) -> float:
    """(Σ n/N |happened − called|^norm)^(1/norm) over the bins; with norm ∞ the largest. 1 is what is called ECE."""
    place = _bins(probabilities, edges)
    size = np.bincount(place, minlength=len(edges) - 1)
    off = np.bincount(place, weights=outcomes - probabilities, minlength=len(size))[size > 0] / size[size > 0]
    if math.isinf(norm):
        return float(np.abs(off).max())
    return math.pow((size[size > 0] / len(probabilities)) @ np.abs(off) ** norm, 1 / norm)


def _bins(probabilities: NDArray[np.float64], edges: Sequence[float]) -> NDArray[np.int64]:
    """Which bin each is in. One on an edge belongs to the bin on the side of 50 %, so that turning a question round
    turns the table round."""
    # Rounded, as 1 − 0.55 is not 0.45.
    rounded, inner = np.round(probabilities, 12), np.round(edges[1:-1], 12)
    below, above = (np.searchsorted(inner, rounded, side=side) for side in ("right", "left"))
    return np.where(rounded < 0.5, below, above).astype(np.int64)


def _ece_by_chance(
    samples: pl.DataFrame, place: NDArray[np.int64], size: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The calibration errors of worlds in which everything happens as often as it was called.

    One draw decides all of a group: what was called likelier happens wherever the less likely does, and of inverted
    questions it is the other way round. Of questions that ask the same that is how it is; of the answers to one
    question, of which one alone can be right, it gives larger errors than there are, and so the more cautious word.
    """
    p, turned = samples["probability"].to_numpy(), samples["inverted"].to_numpy()
    _, fate = np.unique(samples["group"].to_numpy(), return_inverse=True)
    belongs = np.zeros((len(p), len(size)))
    belongs[np.arange(len(p)), place] = 1
    drawn = rng.random((DRAWS, fate.max() + 1))[:, fate]
    off = (np.where(turned, 1 - drawn, drawn) < p) - p
    return np.asarray(np.abs(off @ belongs).sum(axis=1) / len(p))


def _band(samples: pl.DataFrame) -> tuple[float, float]:
    """The ends of the band of one bin's samples, shares of them."""
    upto = np.cumsum(_chances(samples))
    tail = (1 - BAND) / 2
    low, high = np.searchsorted(upto, (tail, 1 - tail))
    return float(low / samples.height), float(high / samples.height)


def _chances(samples: pl.DataFrame) -> NDArray[np.float64]:
    """How likely it is that none, one, two, … of these happen, each group decided by one draw as in `_ece_by_chance`.

    Computed and not simulated, so that a band has no seed.
    """
    p, turned = samples["probability"].to_numpy(), samples["inverted"].to_numpy()
    _, fate = np.unique(samples["group"].to_numpy(), return_inverse=True)
    chances = np.ones(1)
    for own in np.split(np.argsort(fate, kind="stable"), np.cumsum(np.bincount(fate))[:-1]):
        edges = np.unique(np.concatenate([[0, 1], np.where(turned, 1 - p, p)[own]]))
        drawn = (edges[1:, None] + edges[:-1, None]) / 2
        happen = (np.where(turned[own], 1 - drawn, drawn) < p[own]).sum(axis=1)
        chances = np.convolve(chances, np.bincount(happen, weights=np.diff(edges), minlength=len(own) + 1))
    return chances
