"""Trends: who was best when released, the line through them, its band, and what is left out and counted."""

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trend_frames import START, climbing, frame, score

from tracker.stats.trends import (
    Interval,
    Window,
    backward,
    doubling_days,
    forward,
    horizon,
    placed,
    scale_of,
    trends,
)

# Five of METR's time horizons (version 1.1), in minutes, with the days of release.
METR_2025 = {
    "Claude 3.7 Sonnet": (date(2025, 2, 24), 60),
    "o3": (date(2025, 4, 16), 121),
    "Claude Opus 4": (date(2025, 5, 22), 101),
    "GPT-5": (date(2025, 8, 7), 214),
    "Claude Opus 4.5": (date(2025, 11, 24), 320),
}


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def exact(slope: float, count: int = 6, kind: str = "reasoning", **columns: object) -> list[dict[str, object]]:
    """Models that lie on a line of this slope a year in log-odds, each the best when released."""
    rows = []
    for place in range(count):
        years = place * 60 / 365.25
        value = 1 / (1 + math.exp(-(slope * years - 1)))
        rows.append(score(f"{kind}-{place}", kind, START + timedelta(days=60 * place), value) | columns)
    return rows


def test_the_frontier_is_who_was_best_of_its_kind_when_released() -> None:
    day = [START + timedelta(days=10 * place) for place in range(5)]
    rows = frame(
        [
            score("first", "reasoning", day[0], 0.5),
            score("worse", "reasoning", day[1], 0.4),
            score("equal", "reasoning", day[2], 0.5),
            score("same-day-low", "reasoning", day[3], 0.6),
            score("same-day-high", "reasoning", day[3], 0.7),
            score("too-late", "reasoning", day[4], 0.65),
            score("other-kind", "conventional", day[4], 0.1),
        ]
    )
    best = placed(rows).filter("frontier")["model_id"].to_list()
    assert best == ["first", "equal", "same-day-high", "other-kind"]


def test_unknown_dates_and_kinds_are_left_out_and_counted() -> None:
    extra = [score("undated", "reasoning", None, 0.99), score("unkind", None, START, 0.99)]
    found = trends(pl.concat([climbing(), frame(extra)]), rng=rng())
    assert found is not None
    assert (found.undated, found.unkind) == (1, 1)
    assert {"undated", "unkind"}.isdisjoint(found.scores["model_id"])


def test_models_on_a_line_give_its_slope_exactly() -> None:
    found = trends(frame(exact(1.5) + exact(0.5, kind="conventional")), rng=rng())
    assert found is not None
    assert found.lines["reasoning"].slope is not None
    assert found.lines["reasoning"].slope.value == pytest.approx(1.5, abs=1e-9)
    assert found.lines["conventional"].slope is not None
    assert found.lines["conventional"].slope.value == pytest.approx(0.5, abs=1e-9)
    assert found.difference == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
    last = found.lines["reasoning"].curve.row(-1, named=True)
    assert last["value"] == pytest.approx(found.scores.filter(kind="reasoning")["value"][-1])


def test_the_slope_is_that_of_least_squares() -> None:
    values = [0.30, 0.42, 0.44, 0.61, 0.66]
    rows = [score(f"m{i}", "reasoning", START + timedelta(days=50 * i), value) for i, value in enumerate(values)]
    found = trends(frame(rows), rng=rng())
    assert found is not None
    assert found.lines["reasoning"].slope is not None
    years = np.arange(5) * 50 / 365.25
    expected = np.polyfit(years, np.log(np.array(values) / (1 - np.array(values))), 1)[0]
    assert found.lines["reasoning"].slope.value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_four_points_are_no_line(count: int) -> None:
    found = trends(frame(exact(1.0, count)), rng=rng())
    assert found is not None
    line = found.lines["reasoning"]
    assert (line.points, line.slope, line.curve.height) == (count, None, 0)
    assert found.difference is None


def test_four_points_of_one_day_are_no_line() -> None:
    found = trends(frame([score(f"m{i}", "reasoning", START, 0.5) for i in range(5)]), rng=rng())
    assert found is not None
    assert found.lines["reasoning"].points == 5
    assert found.lines["reasoning"].slope is None


def test_the_window_limits_the_fit_but_not_who_was_best() -> None:
    rows = [score("old-giant", "reasoning", START - timedelta(days=400), 0.45), *exact(1.0, 8)]
    window = Window(START + timedelta(days=60), START + timedelta(days=330))
    found = trends(frame(rows), rng=rng(), window=window)
    assert found is not None
    best = found.scores.filter("frontier")["model_id"].to_list()
    assert best[0] == "old-giant"
    inside = [row["model_id"] for row in rows if row["model_id"] in best and window.start <= row["released_on"]]
    assert found.lines["reasoning"].points == len([name for name in inside if name <= "reasoning-5"])
    assert found.window == window


def test_a_window_without_models_is_no_line() -> None:
    far = Window(date(2040, 1, 1), date(2041, 1, 1))
    found = trends(climbing(), rng=rng(), window=far)
    assert found is not None
    assert all(line.slope is None for line in found.lines.values())


def test_the_curve_runs_from_the_first_point_to_the_day_looked_ahead_to() -> None:
    ahead = START + timedelta(days=600)
    found = trends(climbing(), rng=rng(), ahead_to=ahead)
    assert found is not None
    curve = found.lines["conventional"].curve
    assert (curve["on"][0], curve["on"][-1]) == (START, ahead)
    assert curve["on"].is_sorted()
    assert (curve["on"] > found.window.end).to_list() == curve["ahead"].to_list()
    reached = found.lines["conventional"].reached
    assert reached is not None
    assert reached.value == curve["value"][-1]
    assert curve.filter(pl.col("low") > pl.col("high")).is_empty()


def test_the_same_generator_gives_the_same_band_and_noise_gives_it_width() -> None:
    one, again = (trends(climbing(), rng=rng()) for _ in range(2))
    assert one is not None
    assert again is not None
    assert one.difference == again.difference
    slope = one.lines["reasoning"].slope
    assert slope is not None
    assert slope.low is not None
    assert slope.high is not None
    assert slope.low < slope.value < slope.high


def test_values_drawn_for_every_score_widen_the_band() -> None:
    rows = climbing(unit="rating")
    plain = trends(rows, rng=rng())
    noise = np.random.default_rng(1).normal(0, 80, (200, rows.height))
    drawn = {name: value + noise[:, i] for i, (name, value) in enumerate(rows.select("model_id", "value").iter_rows())}
    drawn["laggard"] = np.full(200, np.nan)
    wide = trends(rows, rng=rng(), drawn=drawn)
    assert plain is not None
    assert wide is not None

    def width(slope: Interval | None) -> float:
        assert slope is not None
        assert slope.low is not None
        assert slope.high is not None
        return slope.high - slope.low

    for kind in ("reasoning", "conventional"):
        assert width(wide.lines[kind].slope) > 2 * width(plain.lines[kind].slope)


@given(shift=st.floats(-500, 500), seed=st.integers(0, 99))
def test_a_rating_scale_moved_up_or_down_keeps_every_slope(shift: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(1200, 60, 12)
    days = [START + timedelta(days=20 * place) for place in range(12)]
    slopes = []
    for moved in (0.0, shift):
        rows = [
            score(f"m{i}", "reasoning", days[i], float(value) + moved, unit="rating", ceiling=None)
            for i, value in enumerate(values)
        ]
        found = trends(frame(rows), rng=rng(), draws=20)
        assert found is not None
        slopes.append(found.lines["reasoning"].slope)
    if slopes[0] is None or slopes[1] is None:
        assert slopes[0] == slopes[1]
    else:
        assert slopes[0].value == pytest.approx(slopes[1].value, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=40))
def test_the_frontier_never_falls_and_no_model_before_it_is_better(points: list[tuple[int, float]]) -> None:
    rows = [score(f"m{i:02}", "reasoning", START + timedelta(days=d), v) for i, (d, v) in enumerate(points)]
    shown = placed(frame(rows))
    best = shown.filter("frontier")
    assert best["value"].is_sorted()
    for row in shown.iter_rows(named=True):
        beaten = shown.filter((pl.col("released_on") <= row["released_on"]) & (pl.col("value") > row["value"]))
        assert row["frontier"] == beaten.is_empty()


@pytest.mark.parametrize(
    ("unit", "ceiling", "scale"),
    [
        ("fraction", None, "logit"),
        ("fraction", 1.0, "logit"),
        ("points", 10.0, "logit"),
        ("points", None, None),
        ("rating", None, "plain"),
        ("index", None, "plain"),
        ("minutes", None, "log"),
        (None, 1.0, None),
    ],
)
def test_a_unit_is_fitted_where_it_can_grow_without_end(unit: str, ceiling: float, scale: str) -> None:
    assert scale_of(unit, ceiling) == scale


def test_points_without_a_ceiling_have_no_trend() -> None:
    assert trends(climbing(unit="points", ceiling=None), rng=rng()) is None
    assert trends(climbing().clear(), rng=rng()) is None


def test_nought_and_full_marks_are_moved_by_half_a_document() -> None:
    moved = forward([0.0, 1.0, 1.0], "logit", 1.0, [50, 50, math.nan])
    assert moved == pytest.approx([-math.log(99), math.log(99), math.log(199)])
    assert forward([1.0], "logit", 1.0, [10_000_000])[0] == pytest.approx(math.log(999))


@given(st.floats(0.01, 0.99), st.sampled_from(["logit", "plain", "log"]))
def test_there_and_back_is_the_same_value(value: float, scale: str) -> None:
    there = forward([value * 10], scale, 10.0, [1000])  # type: ignore[arg-type]
    assert backward(there, scale, 10.0)[0] == pytest.approx(value * 10)  # type: ignore[arg-type]


def test_metr_horizons_of_one_fit() -> None:
    assert horizon(3.0, -0.6) == pytest.approx(32.0, abs=1e-6)
    assert horizon(3.0, -0.6, 0.8) == pytest.approx(6.450939998596628, abs=1e-6)


def test_metr_horizons_double_at_the_pace_they_published() -> None:
    """Five of METR's 2025 models (time horizon 1.1): 131 days for all since 2023, 89 for those since 2024."""
    rows = [score(name, "reasoning", day, value, unit="minutes") for name, (day, value) in METR_2025.items()]
    found = trends(frame(rows), rng=rng())
    assert found is not None
    best = found.scores.filter("frontier")["model_id"].to_list()
    assert best == ["Claude 3.7 Sonnet", "o3", "GPT-5", "Claude Opus 4.5"]
    assert found.lines["reasoning"].slope is not None
    assert 89 < doubling_days(found.lines["reasoning"].slope).value < 131


def test_a_slope_that_may_be_nought_has_no_longest_doubling() -> None:
    assert doubling_days(Interval(math.log(2), 0.5 * math.log(2), 2 * math.log(2))) == pytest.approx(
        (365.25, 365.25 / 2, 2 * 365.25)
    )
    assert doubling_days(Interval(math.log(2), -0.1, 2 * math.log(2))).high is None
    assert doubling_days(Interval(-1.0, -2.0, -0.5)).value == math.inf
