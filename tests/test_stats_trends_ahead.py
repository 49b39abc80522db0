"""Where the best models may stand later: the line along the top, and the releases to come around it."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

from tracker.stats.trends_ahead import ABOVE, Ahead, ahead, top_lines

LOOKED = date(2026, 1, 1)


def models(*rows: tuple[str, str, int, float], lab: str | None = None) -> pl.DataFrame:
    """model, kind, days before the last look, value."""
    return pl.DataFrame(
        [
            {
                "model_id": name,
                "kind": kind,
                "lab": lab,
                "released_on": LOOKED - timedelta(days=days),
                "value": value,
            }
            for name, kind, days, value in rows
        ],
        schema={
            "model_id": pl.String,
            "kind": pl.String,
            "lab": pl.String,
            "released_on": pl.Date,
            "value": pl.Float64,
        },
    )


def climbing(count: int = 12, kind: str = "reasoning", step: float = 1.0, height: float = 0.0) -> pl.DataFrame:
    """One model a month, each `step` better, with a little scatter that comes again."""
    scatter = (0.1, -0.2, 0.0, 0.15, -0.05)
    rows = [
        (f"{kind}-{place:02}", kind, 30 * (count - 1 - place), height + step * place + scatter[place % 5])
        for place in range(count)
    ]
    return models(*rows)


def future(rows: pl.DataFrame, days: int = 365, draws: int = 2000, seed: int = 1, **given: object) -> Ahead | None:
    until = LOOKED + timedelta(days=days)
    return ahead(rows, looked_on=LOOKED, until=until, rng=np.random.default_rng(seed), draws=draws, **given)


def top_line(years: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (intercept,), slope = top_lines([(years, values, weights)])
    return intercept, slope


def test_points_on_a_line_give_the_line() -> None:
    years = np.array([-2.0, -1.5, -0.5, 0.0])
    intercept, slope = top_line(years, 3 + 2 * years, np.ones((1, 4)))
    assert (intercept[0], slope[0]) == pytest.approx((3, 2))


def test_the_line_along_the_top_minimises_lopsided_squares() -> None:
    rng = np.random.default_rng(3)
    years, weights = np.sort(rng.uniform(-2, 0, 30)), rng.integers(0, 3, (5, 30)).astype(float)
    values = years - rng.exponential(1, 30)
    intercepts, slopes = top_line(years, values, weights)
    for row, intercept, slope in zip(weights, intercepts, slopes, strict=True):

        def loss(line: np.ndarray, row: np.ndarray = row) -> float:
            off = values - line[0] - line[1] * years
            return float((row * np.where(off > 0, ABOVE, 1 - ABOVE) * off**2).sum())

        best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
        assert [intercept, slope] == pytest.approx(best.x, abs=1e-5)


def test_lines_that_climb_alike_minimise_the_sum_over_both() -> None:
    rng = np.random.default_rng(4)
    parts = []
    for climb, count in ((1.0, 20), (2.0, 12)):
        years = np.sort(rng.uniform(-2, 0, count))
        parts.append((years, climb * years - rng.exponential(1, count), np.ones((1, count))))
    intercepts, slope = top_lines(parts)

    def loss(lines: np.ndarray) -> float:
        total = 0.0
        for (years, values, _), intercept in zip(parts, lines[:2], strict=True):
            off = values - intercept - lines[2] * years
            total += float((np.where(off > 0, ABOVE, 1 - ABOVE) * off**2).sum())
        return total

    best = minimize(
        loss, [0.0, 0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 4000}
    )
    assert [intercepts[0][0], intercepts[1][0], slope[0]] == pytest.approx(best.x, abs=1e-5)


def test_a_model_counted_twice_is_two_models() -> None:
    years, values = np.array([-3.0, -2.0, -1.0, 0.0]), np.array([0.0, 2.0, 1.0, 3.0])
    once = top_line(np.repeat(years, [1, 2, 1, 3]), np.repeat(values, [1, 2, 1, 3]), np.ones((1, 7)))
    assert np.ravel(top_line(years, values, np.array([[1.0, 2.0, 1.0, 3.0]]))) == pytest.approx(np.ravel(once))


def test_all_on_one_day_or_nothing_at_all_is_no_line() -> None:
    years, values = np.array([-1.0, -1.0, 0.0]), np.array([1.0, 2.0, 3.0])
    found = top_line(years, values, np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]))
    assert [np.isnan(part).tolist() for part in found] == [[True, True, False]] * 2


def test_small_models_below_do_not_pull_the_line_down() -> None:
    leading = climbing(24)
    small = models(*((f"small-{place}", "reasoning", 30 * place, 13.0 - place) for place in range(24)))
    alone, crowded = (future(rows, seed=2) for rows in (leading, pl.concat([leading, small])))
    assert alone is not None
    assert crowded is not None
    tops = [np.median(found.values["reasoning"].max(axis=0)) for found in (alone, crowded)]
    assert tops[0] == pytest.approx(tops[1], abs=0.5)


@pytest.mark.parametrize("through", ["top", "alike", "frontier"])
def test_steady_growth_goes_on(through: str) -> None:
    """A point a month for two years, then a year on: 12 higher, give or take the last release."""
    found = future(climbing(24), through=through)
    assert found is not None
    assert found.best["reasoning"] == pytest.approx(23.15)
    assert found.expected == pytest.approx(12.2, abs=1.0)
    tops = found.values["reasoning"].max(axis=0)
    assert np.median(tops) == pytest.approx(34.5, abs=1.0)
    assert found.at.min() >= 0
    assert found.at.max() <= 1.0


def test_a_frontier_of_fewer_than_four_points_is_not_carried_on() -> None:
    assert future(climbing(3)) is None
    assert future(climbing(4)) is not None
    falling = models(*((f"m{place}", "reasoning", 300 - 30 * place, -1.0 * place) for place in range(10)))
    assert future(falling) is None
    one_day = models(*((f"m{place}", "reasoning", 30, 1.0) for place in range(10)))
    assert future(one_day) is None
    assert future(pl.concat([climbing(12), climbing(3, "conventional")])) is None
    assert future(climbing(0)) is None


def test_what_was_released_after_the_last_look_is_not_known() -> None:
    later = models(("later", "reasoning", -20, 99.0))
    known, whole = future(climbing(12)), future(pl.concat([climbing(12), later]))
    assert known is not None
    assert whole is not None
    assert known.best == whole.best
    assert np.array_equal(known.values["reasoning"], whole.values["reasoning"])


def test_the_same_seed_gives_the_same_futures_whatever_the_order_of_the_rows() -> None:
    rows = pl.concat([climbing(9), climbing(9, "conventional")])
    first, again, other = future(rows), future(rows.reverse()), future(rows, seed=2)
    assert first is not None
    assert again is not None
    assert other is not None
    for kind in ("reasoning", "conventional"):
        assert np.array_equal(first.values[kind], again.values[kind])
    assert not np.array_equal(first.at, other.at)


def test_models_of_one_lab_and_day_stay_together() -> None:
    rows = pl.concat([climbing(12), climbing(12, "conventional", height=-1.0)])
    together, apart = future(rows.with_columns(lab=pl.lit("A lab"))), future(rows)
    assert together is not None
    assert apart is not None
    both = [
        np.isfinite(found.values["reasoning"]) & np.isfinite(found.values["conventional"])
        for found in (together, apart)
    ]
    assert np.array_equal(both[0], np.isfinite(together.values["reasoning"]))
    assert not both[1].any()
    assert together.expected == pytest.approx(apart.expected / 2, rel=0.1)
    leads = together.values["reasoning"][both[0]] - together.values["conventional"][both[0]]
    assert np.median(np.abs(leads - 1.0)) < 0.1


def test_releases_come_as_often_as_in_the_last_24_months() -> None:
    rows = models(*((f"m{place:02}", "reasoning", 100 * place, 50.0 - place) for place in range(20)))
    found = future(rows, draws=4000)
    assert found is not None
    assert found.expected == pytest.approx((8 + 0.5) / 2, rel=0.05)
    counts = np.isfinite(found.values["reasoning"]).sum(axis=0)
    assert counts.mean() == pytest.approx(found.expected, rel=0.05)
    assert counts.var() > counts.mean()
