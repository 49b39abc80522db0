"""How the best models of a kind climb with time: frontier, fitted line with its band, slope per year.

Scores are fitted where they can grow without end: fractions and points by the logit of value ÷ ceiling, ratings and
index points as they are, time horizons by their natural logarithm. A model is on the frontier of its kind if, on the
day of its release, none of its kind released by then scored higher; models that share the best score all are. The band
comes from drawing the models of a kind anew with replacement, finding the frontier of what was drawn, and fitting that.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Scale = Literal["logit", "plain", "log"]
Floats = NDArray[np.float64]

KINDS = ("reasoning", "conventional")
FEWEST_POINTS = 4
DRAWS = 1000
LEVEL = 0.95
# Where more draws than this give no line (all that was drawn came out on one day), there is no interval.
MOST_WITHOUT_LINE = 0.1
# How far a share of the ceiling is moved off 0 and 1 so that its logit is a number: half a document of so many where
# their number is not known, and never less than a thousandth.
DOCUMENTS_IF_UNKNOWN = 100
CLIP = 1e-3
DAYS = 365.25
POINTS_ON_CURVE = 60
CURVE = {"on": pl.Date, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "ahead": pl.Boolean}


class Window(NamedTuple):
    """First and last day of release that the fit takes."""

    start: date
    end: date


class Interval(NamedTuple):
    """An estimate with its interval; `low`, `high` None: no interval could be had."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Line:
    """The frontier of one kind within the window. With fewer than four points there is no line: `slope` is None.

    slope    change per year on the fitted scale: log-odds, rating or index points, or the natural logarithm
    curve    on, value, low, high in the benchmark's unit, from the kind's first point of the window on; `ahead`: after
             the window. Empty without a line
    reached  the line's value on the last day of the curve
    """

    kind: str
    points: int
    slope: Interval | None = None
    reached: Interval | None = None
    curve: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CURVE))


@dataclass(frozen=True)
class Trends:
    """What one benchmark says about time.

    scores      the rows that could be placed, by release date, with `frontier`
    undated     rows left out because the release date is not known; `unkind`: because the kind is not
    difference  slope of reasoning − slope of conventional; None unless both have a line
    """

    scale: Scale
    scores: pl.DataFrame
    undated: int
    unkind: int
    window: Window
    ahead_to: date
    lines: Mapping[str, Line]
    difference: Interval | None
    level: float = LEVEL


def scale_of(unit: str | None, ceiling: float | None) -> Scale | None:
    """The scale a benchmark is fitted on; None where there is none: points without a ceiling, or no known unit.

    Units of scores are those of `db.tables.UNITS`, and two that a caller computes: "index", see
    `tracker.stats.capability_index`, and "minutes", a time horizon, see `horizon`. No benchmark is stored in these two.
    """
    if unit in ("rating", "index"):
        return "plain"
    if unit == "minutes":
        return "log"
    return "logit" if unit == "fraction" or (unit == "points" and ceiling) else None


def placed(scores: pl.DataFrame) -> pl.DataFrame:
    """The rows whose release date and kind are known, by date, with `frontier`: the best of its kind when released.

    Models released on one day are judged together, by the best of that day.
    """
    known = scores.filter(pl.col("released_on").is_not_null() & pl.col("kind").is_in(KINDS))
    known = known.sort("released_on", "kind", "value", "model_id")
    best = known.group_by("kind", "released_on").agg(pl.col("value").max().alias("best")).sort("released_on")
    best = best.with_columns(pl.col("best").cum_max().over("kind"))
    return (
        known.join(best, on=["kind", "released_on"], how="left", maintain_order="left")
        .with_columns(frontier=pl.col("value") >= pl.col("best"))
        .drop("best")
    )


def trends(
    scores: pl.DataFrame,
    *,
    rng: np.random.Generator,
    window: Window | None = None,
    ahead_to: date | None = None,
    drawn: Mapping[str, Floats] | None = None,
    draws: int = DRAWS,
) -> Trends | None:
    """Frontiers, lines and their difference on one benchmark; None where nothing can be placed or nothing fitted.

    `scores` has one row a model: model_id, kind, released_on, value, n, unit, ceiling. The window is all of time
    unless given; the curves run on to `ahead_to`. `drawn`: other values each score might have had, by model id, as a
    bootstrap gives them; each draw of the band then takes one at random, the same one for every model.
    """
    if scores.is_empty():
        return None
    unit, ceiling = scores["unit"][0], scores["ceiling"][0]
    scale = scale_of(unit, ceiling)
    rows = placed(scores)
    if scale is None or rows.is_empty():
        return None
    first, last = rows["released_on"][0], rows["released_on"][-1]
    fitted = Window(max(window.start, first), min(window.end, last)) if window else Window(first, last)
    end = max(fitted.end, ahead_to or fitted.end)
    lines: dict[str, Line] = {}
    slopes: dict[str, Floats] = {}
    chosen = rng.integers(0, len(next(iter(drawn.values()))), draws) if drawn else None
    for kind in KINDS:
        own = rows.filter(pl.col("kind") == kind)
        others = None
        if drawn is not None and chosen is not None:
            others = np.column_stack([drawn[model][chosen] for model in own["model_id"]]) if own.height else None
        lines[kind], slopes[kind] = _line(kind, own, scale, ceiling, fitted, end, others, rng, draws)
    one, other = (lines[kind].slope for kind in KINDS)
    difference = None
    if one is not None and other is not None:
        difference = _interval(one.value - other.value, slopes["reasoning"] - slopes["conventional"])
    unkind = scores.filter(~pl.col("kind").is_in(KINDS) | pl.col("kind").is_null()).height
    return Trends(
        scale=scale,
        scores=rows,
        undated=scores.height - unkind - rows.height,
        unkind=unkind,
        window=fitted,
        ahead_to=end,
        lines=lines,
        difference=difference,
    )


def doubling_days(slope: Interval) -> Interval:
    """Days in which a time horizon doubles, ln 2 ÷ slope. An end at which it does not grow is None: no finite time."""

    def days(value: float | None) -> float | None:
        return math.log(2) / value * DAYS if value is not None and value > 0 else None

    return Interval(days(slope.value) or math.inf, days(slope.high), days(slope.low))


def horizon(intercept: float, slope: float, share: float = 0.5) -> float:
    """Minutes of human work that a model does with a given chance, its log-odds being intercept + slope·log2(minutes).

    METR's time horizon (arXiv 2503.14499); the slope is below 0.
    """
    return float(2 ** ((math.log(share / (1 - share)) - intercept) / slope))


def forward(values: ArrayLike, scale: Scale, ceiling: float | None = None, n: ArrayLike | None = None) -> Floats:
    """Values on the scale that is fitted.

    A share of the ceiling is moved off 0 and 1 by half of one of `n` documents (NaN: not known, taken as 100), and by
    at least a thousandth.
    """
    given = np.asarray(values, dtype=float)
    if scale == "plain":
        return given
    if scale == "log":
        return np.asarray(np.log(given), dtype=float)
    counted = np.asarray(np.nan if n is None else n, dtype=float)
    off = np.clip(0.5 / np.where(np.isnan(counted), DOCUMENTS_IF_UNKNOWN, counted), CLIP, 0.5)
    share = np.clip(given / (ceiling or 1.0), off, 1 - off)
    return np.asarray(np.log(share / (1 - share)), dtype=float)


def backward(values: ArrayLike, scale: Scale, ceiling: float | None = None) -> Floats:
    """From the fitted scale to the benchmark's unit."""
    given = np.asarray(values, dtype=float)
    if scale == "plain":
        return given
    return np.asarray(np.exp(given) if scale == "log" else (ceiling or 1.0) / (1 + np.exp(-given)), dtype=float)


def _line(
    kind: str,
    rows: pl.DataFrame,
    scale: Scale,
    ceiling: float | None,
    window: Window,
    end: date,
    others: Floats | None,
    rng: np.random.Generator,
    draws: int,
) -> tuple[Line, Floats]:
    inside = pl.col("released_on").is_between(window.start, window.end)
    points = rows.filter(pl.col("frontier") & inside).height
    dates = rows["released_on"]
    apart = rows.filter(pl.col("frontier") & inside)["released_on"].n_unique()
    if points < FEWEST_POINTS or apart < 2:
        return Line(kind, points), np.full(draws, np.nan)
    years = np.array([(day - window.end).days for day in dates.to_list()]) / DAYS
    counted = rows["n"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    values = forward(rows["value"].to_numpy(), scale, ceiling, counted)
    last_of_day = np.searchsorted(years, years, side="right") - 1
    used = np.asarray(rows.select(inside).to_series().to_numpy(), dtype=bool)

    intercept, slope = fit(years, values[None, :], np.ones((1, len(years))), last_of_day, used)
    weights = rng.multinomial(len(years), np.full(len(years), 1 / len(years)), size=draws).astype(float)
    resampled = values[None, :] if others is None else forward(others, scale, ceiling)
    intercepts, slopes = fit(years, resampled, weights, last_of_day, used)

    first = rows.filter(pl.col("frontier") & inside)["released_on"][0]
    days = _curve_days(Window(first, window.end), end)
    at = np.array([(day - window.end).days for day in days]) / DAYS
    usable = np.isfinite(slopes)
    spread = intercepts[usable, None] + slopes[usable, None] * at
    middle = backward(intercept[0] + slope[0] * at, scale, ceiling)
    low, high = (np.full(len(at), np.nan), np.full(len(at), np.nan))
    if _enough(slopes):
        tail = (1 - LEVEL) / 2
        low, high = backward(np.quantile(spread, [tail, 1 - tail], axis=0), scale, ceiling)
    curve = pl.DataFrame(
        {"on": days, "value": middle, "low": low, "high": high, "ahead": [day > window.end for day in days]},
        schema=CURVE,
    ).with_columns(pl.col("low", "high").fill_nan(None))
    final = curve.row(-1, named=True)
    reached = Interval(final["value"], final["low"], final["high"])
    return Line(kind, points, _interval(float(slope[0]), slopes), reached, curve), slopes


def fit(
    years: Floats, values: Floats, weights: Floats, last_of_day: NDArray[np.intp], used: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Intercept and slope of the frontier's line for every row of weights; NaN where the frontier has one day only.

    A value of NaN is a model that is not there.
    """
    there = (weights > 0) & np.isfinite(values)
    values = np.where(np.isfinite(values), values, 0.0)
    best = np.maximum.accumulate(np.where(there, values, -np.inf), axis=1)[:, last_of_day]
    mass = np.where(there & (values >= best) & used, weights, 0.0)
    total = np.maximum(mass.sum(axis=1), 1e-300)
    centre = mass @ years / total
    height = (mass * values).sum(axis=1) / total
    about = years[None, :] - centre[:, None]
    across = (mass * about**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(across > 1e-9, (mass * about * values).sum(axis=1) / across, np.nan)
    return height - slope * centre, slope


def _interval(value: float, draws: Floats) -> Interval:
    if not _enough(draws):
        return Interval(value, None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _enough(draws: Floats) -> bool:
    return bool(np.isnan(draws).mean() <= MOST_WITHOUT_LINE)


def _curve_days(window: Window, end: date) -> list[date]:
    """Days evenly through the window and on to the end; the window's last day is one of them."""
    inside = np.linspace(0, (window.end - window.start).days, POINTS_ON_CURVE).round().astype(int)
    days = [window.start + timedelta(days=int(offset)) for offset in np.unique(inside)]
    after = np.linspace(0, (end - window.end).days, POINTS_ON_CURVE // 2).round().astype(int)
    return days + [window.end + timedelta(days=int(offset)) for offset in np.unique(after)[1:]]
