"""Where the best of each kind may stand later: releases yet to come, drawn from how models were released so far.

A trend through the frontier's own points is no forecast: some of its climb is that more models have had a try, and
carried on it promises too much. So what is carried on is a line along the top of all models of a kind (asymmetric least
squares, Newey and Powell 1987), drawn anew by resampling releases, and around it the models of later releases scatter
as those seen did, with an exponential tail above the best quarter. `through="alike"` gives all kinds one slope;
"frontier" carries on the frontier's own line instead, with new points of it arriving as often as so far.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tracker.stats.arrivals import rate
from tracker.stats.trends import DAYS, FEWEST_POINTS, KINDS, Floats, fit

Through = Literal["top", "alike", "frontier"]

# A model above the line counts 19 times as much as one below it.
ABOVE = 0.95
MOST_ROUNDS = 60
# Lines drawn: fewer where thousands of models make each one surer and slower.
LINES, CELLS = 1000, 60_000
# Lines through resampled releases lie too close together where releases are few. By this much more they are spread so
# that what is said to be likely comes about as often, in worlds whose truth is known: tests/bench/worlds.py.
WIDER = 1.4
# The best quarter of a kind's models has the exponential tail, and at least three of them.
TAIL, SMALLEST_TAIL = 0.25, 3


@dataclass(frozen=True)
class Ahead:
    """What may be released by a later day, `draws` times over, on the scale that the values are on.

    at        (releases, draws) years from the day of the last look; a release may hold models of several kinds
    values    by kind, the best model of that kind in the release; −∞: none, or no such release in that draw
    best      by kind, the best so far
    expected  how many releases are expected
    line      (draws) which of the drawn lines each draw goes on from: draws of one line are not independent
    """

    at: Floats
    values: Mapping[str, Floats]
    best: Mapping[str, float]
    expected: float
    line: NDArray[np.intp]


@dataclass(frozen=True)
class _Part:
    """One kind's models, by date: which release each belongs to, and whether its like is expected again.

    `points`: how many are on the frontier, see `trends.placed`; 0 where they all came on one day.
    """

    years: Floats
    values: Floats
    release: NDArray[np.intp]
    counted: NDArray[np.bool_]
    last_of_day: NDArray[np.intp]
    points: int


@dataclass(frozen=True)
class _Lined:
    """Lines of the resampled releases, and how far each model lies from the line through all."""

    starts: Floats
    climbs: Floats
    residuals: Floats


def ahead(
    models: pl.DataFrame,
    *,
    looked_on: date,
    until: date,
    rng: np.random.Generator,
    draws: int,
    through: Through = "top",
) -> Ahead | None:
    """Releases from the last look on until a day. None where a kind has fewer than 4 points on its frontier.

    `models` has one row a model: model_id, kind, lab, released_on, value on a scale that can be fitted (see
    `trends.forward`). Models of one lab and day are one release and stay together: what they share, they share again.
    """
    rows = models.filter(pl.col("released_on") <= looked_on, pl.col("kind").is_in(KINDS)).sort(
        "released_on", "kind", "model_id"
    )
    kinds = sorted(set(rows["kind"]))
    days = np.array([(day - looked_on).days for day in rows["released_on"].to_list()])
    labs = rows["lab"].fill_null(rows["model_id"]).to_list()
    _, first, release = np.unique(
        [f"{day} {lab}" for day, lab in zip(days, labs, strict=True)], return_index=True, return_inverse=True
    )
    of_kind = rows["kind"].to_numpy()
    values_of = rows["value"].to_numpy()
    parts = [_part(days[own], values_of[own], release[own], through) for own in (of_kind == kind for kind in kinds)]
    if not parts or any(part.points < FEWEST_POINTS for part in parts):
        return None
    releases = first.size
    weights = rng.multinomial(
        releases, np.full(releases, 1 / releases), size=max(100, min(LINES, CELLS // releases, draws // 4))
    ).astype(float)
    chosen = rng.integers(0, len(weights), draws)
    years = (until - looked_on).days / DAYS
    repeated = np.unique(np.concatenate([part.release[part.counted] for part in parts]))
    often = rate((looked_on + timedelta(days=int(day)) for day in days[first[repeated]]), looked_on)
    count = rng.poisson(often.draw(rng, draws) * years)
    shape = (int(count.max(initial=0)), draws)
    at = rng.random(shape) * years
    there = np.arange(shape[0])[:, None] < count
    which = repeated[rng.integers(0, repeated.size, shape)]
    # What a release shares with another of the past: how far out in the tail its models lie.
    excess = rng.exponential(size=shape)
    lines = _lines(parts, weights, through)
    if lines is None:
        return None
    values: dict[str, Floats] = {}
    for kind, part, lined in zip(kinds, parts, lines, strict=True):
        line = lined.starts[chosen] + lined.climbs[chosen] * at
        scattered = _scattered(lined.residuals[part.counted], part.release[part.counted], releases)[which]
        if through != "frontier":
            scattered = _tailed(lined.residuals, scattered, excess, rng)
        values[kind] = np.where(there, line + scattered, -np.inf)
    best = {kind: float(part.values.max()) for kind, part in zip(kinds, parts, strict=True)}
    return Ahead(at=at, values=values, best=best, expected=often.mean * years, line=chosen)


def top_lines(parts: Sequence[tuple[Floats, Floats, Floats]], above: float = ABOVE) -> tuple[list[Floats], Floats]:
    """Lines of one slope along the top of each part: intercepts by part, and the slope, for every row of weights.

    A part is years, values and (rows, models) weights. The lines minimise squared distances that count `above` where a
    value lies above its line, and the rest where below. NaN where there is no slope, since all weight of every part is
    on one day, or no weight to place a line by.
    """
    sides = [np.full(weights.shape, 0.5) for _, _, weights in parts]
    for _ in range(MOST_ROUNDS):
        ups, runs = np.zeros(len(parts[0][2])), np.zeros(len(parts[0][2]))
        centres = []
        for (years, values, weights), side in zip(parts, sides, strict=True):
            mass = weights * side
            total = mass.sum(axis=1)
            with np.errstate(invalid="ignore"):
                centre, height = mass @ years / total, mass @ values / total
            about = np.where(np.isnan(centre)[:, None], 0.0, years - centre[:, None])
            ups += (mass * about * values).sum(axis=1)
            runs += (mass * about**2).sum(axis=1)
            centres.append((centre, height))
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(runs > 1e-9, ups / runs, np.nan)
        intercepts = [height - slope * centre for centre, height in centres]
        now = [
            np.where(values > intercept[:, None] + slope[:, None] * years, above, 1 - above)
            for (years, values, _), intercept in zip(parts, intercepts, strict=True)
        ]
        if all(np.array_equal(one, other) for one, other in zip(now, sides, strict=True)):
            break
        sides = now
    return intercepts, slope


def _part(days: NDArray[np.int64], values: Floats, release: NDArray[np.intp], through: Through) -> _Part:
    last_of_day = np.searchsorted(days, days, side="right") - 1
    frontier = values >= np.maximum.accumulate(values)[last_of_day]
    return _Part(
        years=days / DAYS,
        values=values,
        release=release,
        counted=frontier if through == "frontier" else np.ones(days.size, dtype=bool),
        last_of_day=last_of_day,
        points=int(frontier.sum()) if np.unique(days[frontier]).size > 1 else 0,
    )


def _lines(parts: Sequence[_Part], weights: Floats, through: Through) -> list[_Lined] | None:
    """The line of each part and those of the resampled releases; None where there is none."""
    whole = _fits(parts, [np.ones((1, part.years.size)) for part in parts], through)
    drawn = _fits(parts, [weights[:, part.release] for part in parts], through)
    found = []
    for part, ((start,), (climb,)), (starts, climbs) in zip(parts, whole, drawn, strict=True):
        usable = np.flatnonzero(np.isfinite(starts + climbs))
        if not np.isfinite(start + climb) or not usable.size:
            return None
        # Resampled releases with all of a kind on one day, or none of it, have no line: others stand in.
        usable = np.resize(usable, starts.size)
        residuals = part.values - start - climb * part.years
        counted = residuals[part.counted]
        heavy = np.ones(counted.size) if through == "frontier" else np.where(counted > 0, ABOVE, 1 - ABOVE)
        effective = float(heavy.sum() ** 2 / (heavy**2).sum())
        # A line through few models bends to them: their residuals are too small, and so are those of the lines.
        reach = WIDER * math.sqrt(effective / max(effective - 2, 1.0))
        found.append(
            _Lined(
                starts=start + reach * (starts[usable] - start),
                climbs=climb + reach * (climbs[usable] - climb),
                residuals=residuals * math.sqrt(counted.size / max(counted.size - 2, 1)),
            )
        )
    return found


def _fits(parts: Sequence[_Part], weights: Sequence[Floats], through: Through) -> list[tuple[Floats, Floats]]:
    """Intercept and slope of each part for every row of its weights."""
    given = [(part.years, part.values, weight) for part, weight in zip(parts, weights, strict=True)]
    if through == "alike":
        starts, climbs = top_lines(given)
        return [(start, climbs) for start in starts]
    if through == "top":
        return [(starts[0], climbs) for starts, climbs in (top_lines([one]) for one in given)]
    return [
        fit(part.years, part.values[None, :], weight, part.last_of_day, np.ones(part.years.size, dtype=bool))
        for part, weight in zip(parts, weights, strict=True)
    ]


def _scattered(residuals: Floats, release: NDArray[np.intp], releases: int) -> Floats:
    """How far the best model of each past release lies from the line; −∞ where the release had none of the kind."""
    best = np.full(releases, -np.inf)
    np.maximum.at(best, release, residuals)
    return best


def _tailed(residuals: Floats, scattered: Floats, excess: Floats, rng: np.random.Generator) -> Floats:
    """The same, where those among the best quarter lie as far beyond the rest as an exponential tail has them.

    Without it nothing could ever lie further out than what was seen; how heavy the tail is, is as uncertain as so few
    models leave it. `excess`: draws from the standard exponential.
    """
    several = min(max(SMALLEST_TAIL, math.ceil(residuals.size * TAIL)), residuals.size - 1)
    ordered = np.sort(residuals)[::-1]
    start, mean = ordered[several], float((ordered[:several] - ordered[several]).mean())
    scale = mean * several / rng.gamma(several + 1, size=scattered.shape[1])
    return np.asarray(np.where(scattered > start, start + excess * scale, scattered))
