"""Calibration: which probability of a question is read, bins and their bands, and Brier's score taken apart."""

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from forecast_frames import START, day, forecasts, open_question, question, questions, said
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tracker.stats.calibration import (
    DEFAULT_MOMENT,
    MOMENTS,
    SAMPLES,
    TENTHS,
    Moment,
    calibration,
    calibration_error,
    edges_between,
    samples,
    split,
)
from tracker.stats.forecasts import steps


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def sampled(p: list[float], r: list[float], groups: list[str] | None = None, forecaster: str = "anna") -> pl.DataFrame:
    names = [f"q{place}" for place in range(len(p))]
    columns = {"question_id": names, "group": groups or names, "probability": p, "resolution": r}
    schema = {name: kind for name, kind in SAMPLES.items() if name in columns}
    return pl.DataFrame(columns, schema=schema).with_columns(forecaster=pl.lit(forecaster), inverted=pl.lit(False))


def read(moment: str, *rows: object, **of_question: object) -> list[float]:
    asked = questions(question(**of_question))  # type: ignore[arg-type]
    return samples(steps(forecasts(*rows), asked), asked, MOMENTS[moment])["probability"].to_list()


CLIMB = [said(at, at / 1000) for at in range(0, 200, 5)]


def test_the_moment_is_counted_from_the_opening_or_the_close() -> None:
    assert read("open-7", *CLIMB, ends=180) == [0.005]
    assert read("open-30", *CLIMB, ends=180) == [0.03]
    assert read("close-30", *CLIMB, ends=180) == [0.15]
    assert read("close-7", *CLIMB, ends=180) == [0.17]
    assert read("middle", *CLIMB, ends=180) == [0.09]


def test_a_question_that_had_ended_or_without_a_forecast_then_is_not_there() -> None:
    assert read("open-30", *CLIMB, ends=20) == []
    assert read("open-30", *CLIMB, ends=30) == []
    assert read("close-30", *CLIMB, ends=20) == []
    assert read("open-30", said(40, 0.5), ends=100) == []
    assert read("open-30", said(0, 0.5), said(20, None), ends=100) == []
    assert read("open-30", said(0, 0.5, withdrawn_at=day(29)), ends=100) == []
    assert read("open-30", said(0, 0.5), opens=None, ends=100) == []
    assert read("open-30", said(0, 0.5), ends=100, annulled=True) == []


def test_an_early_resolution_is_read_before_the_announced_close_or_not_at_all() -> None:
    assert read("close-30", *CLIMB, ends=180, resolved_at=day(160)) == [0.15]
    assert read("close-30", *CLIMB, ends=180, resolved_at=day(100)) == []
    assert read("close-30", *CLIMB, closes_at=None, resolved_at=day(100)) == [0.07]


def test_a_late_resolution_is_read_before_the_close() -> None:
    assert read("close-7", *CLIMB, ends=100, resolved_at=day(190)) == [0.09]
    assert read("middle", *CLIMB, ends=100, resolved_at=day(190)) == [0.05]


def test_every_forecaster_is_read_and_open_questions_are_not() -> None:
    asked = questions(question("a", ends=50), question("b", ends=50, resolution=0.25), open_question("c", ends=50))
    rows = [said(0, 0.3, name, asks) for name in ("anna", "ben") for asks in "abc"]
    found = samples(steps(forecasts(*rows), asked), asked, MOMENTS[DEFAULT_MOMENT])
    assert found["forecaster", "question_id", "resolution"].rows() == [
        ("anna", "a", 1.0),
        ("ben", "a", 1.0),
        ("anna", "b", 0.25),
        ("ben", "b", 0.25),
    ]
    assert found["at"].to_list() == [START + timedelta(days=30)] * 4
    assert samples(steps(forecasts(), questions()), questions(), MOMENTS["middle"]).schema == SAMPLES


def hazard(count: int) -> tuple[list[object], list[object]]:
    """Will it happen within 100 days, resolved when it does; and a forecaster who knows the risk."""
    source = np.random.default_rng(8)
    about: list[object] = []
    rows: list[object] = []
    for place in range(count):
        risk = source.uniform(0.002, 0.02)
        happens = source.exponential(1 / risk)
        ends = min(happens, 100.0)
        name = f"q{place:03}"
        about.append(
            question(name, ends=100, resolved_at=day(ends), closes_at=day(ends), resolution=float(happens < 100))
        )
        rows += [said(at, 1 - math.exp(-risk * (100 - at)), question_id=name) for at in range(0, math.ceil(ends), 5)]
    return rows, about


def test_a_perfect_forecaster_is_calibrated_after_the_opening_and_seems_not_so_midway() -> None:
    rows, about = hazard(400)
    asked = questions(*about)
    stood = steps(forecasts(*rows), asked)
    fair = split(samples(stood, asked, MOMENTS["open-7"]), rng())
    assert fair.ece is not None
    assert fair.ece_chance_high is not None
    assert fair.ece < fair.ece_chance_high
    for moment in ("middle", "close-7"):
        found = split(samples(stood, asked, MOMENTS[moment]), rng())
        assert found.ece is not None
        assert found.ece_chance_high is not None
        assert found.ece > 1.5 * found.ece_chance_high
        assert (found.happened or 0) > (found.called or 0) + 0.1


def test_bins_hold_the_nearest_tenth_and_edges_go_towards_the_middle() -> None:
    said_so = [0.0, 0.05, 0.149, 0.15, 0.5, 0.85, 0.851, 0.95, 1.0]
    table = calibration(sampled(said_so, [0.0] * len(said_so)))
    assert dict(table.filter(pl.col("n") > 0)["bin", "n"].rows()) == {0: 1, 1: 2, 2: 1, 5: 1, 8: 1, 9: 2, 10: 1}
    assert table.height == len(TENTHS) - 1
    assert table["low"].to_list() == list(TENTHS[:-1])
    empty = table.filter(pl.col("n") == 0)
    assert empty.select("called", "happened", "band_low", "band_high", "outside").null_count().row(0) == (4,) * 5


def test_bands_are_the_5_and_95_percent_points_of_the_binomial() -> None:
    called = [0.3] * 20 + [0.28] * 20
    table = calibration(sampled(called, [1.0] * 22 + [0.0] * 18)).filter(pl.col("n") > 0).row(0, named=True)
    assert (table["n"], table["called"], table["happened"]) == (40, pytest.approx(0.29), pytest.approx(0.55))
    low, high = round(table["band_low"] * 40), round(table["band_high"] * 40)
    assert binom.cdf(low - 1, 40, 0.29) < 0.05 <= binom.cdf(low, 40, 0.29)
    assert binom.cdf(high - 1, 40, 0.29) < 0.95 <= binom.cdf(high, 40, 0.29)
    assert table["outside"]


def test_a_band_of_certainties_is_a_point() -> None:
    table = calibration(sampled([0.0, 0.0, 1.0], [0.0, 0.0, 0.0])).filter(pl.col("n") > 0)
    assert table["band_low", "band_high", "outside"].rows() == [(0, 0, False), (1, 1, True)]


def test_forecasters_have_a_table_each() -> None:
    both = pl.concat([sampled([0.1, 0.9], [0.0, 1.0]), sampled([0.4], [1.0], forecaster="ben")])
    table = calibration(both)
    assert table.group_by("forecaster").agg(pl.col("n").sum()).sort("forecaster").rows() == [("anna", 2), ("ben", 1)]
    assert table.height == 2 * (len(TENTHS) - 1)
    with pytest.raises(ValueError, match="one forecaster at a time, not 2"):
        split(both, rng())
    assert calibration(sampled([], [])).is_empty()
    assert split(sampled([], []), rng()).brier is None


def test_sharpness_and_what_the_brier_score_would_be() -> None:
    assert split(sampled([0.5] * 4, [1.0] * 4), rng()).sharpness == 0
    assert split(sampled([0.0, 1.0], [0.0, 1.0]), rng()).sharpness == 1
    source = np.random.default_rng(6)
    p = source.random(200_000)
    r = (source.random(200_000) < p).astype(float)
    assert ((p - r) ** 2).mean() == pytest.approx((1 - ((2 * p - 1) ** 2).mean()) / 4, abs=0.002)


def test_calibration_agrees_with_scikit_learn() -> None:
    source = np.random.default_rng(9)
    p = source.random(500)
    r = (source.random(500) < p**1.5).astype(float)
    edges = np.linspace(0, 1, 11).tolist()
    table = calibration(sampled(p.tolist(), r.tolist()), edges)
    happened, called = calibration_curve(r, p, n_bins=10)
    assert table["happened"].to_list() == pytest.approx(happened.tolist())
    assert table["called"].to_list() == pytest.approx(called.tolist())
    assert split(sampled(p.tolist(), r.tolist()), rng()).brier == pytest.approx(brier_score_loss(r, p))


def test_chance_alone_gives_few_questions_an_error() -> None:
    source = np.random.default_rng(10)
    beyond = 0
    for _ in range(100):
        p = source.random(40)
        found = split(sampled(p.tolist(), (source.random(40) < p).astype(float).tolist()), source)
        assert found.ece is not None
        assert found.ece_chance_high is not None
        beyond += found.ece > found.ece_chance_high
    # 5 in 100 of those who are calibrated are beyond it, give or take 2.
    assert 1 <= beyond <= 12
    few = split(sampled([0.3, 0.7, 0.1, 0.9], [0.0, 1.0, 0.0, 1.0]), rng())
    many = split(sampled([0.3, 0.7, 0.1, 0.9] * 50, [0.0, 1.0, 0.0, 1.0] * 50), rng())
    assert (few.ece_chance or 0) > 3 * (many.ece_chance or 1)


def fated(source: np.random.Generator, count: int, alike: int, opposite: int = 0) -> pl.DataFrame:
    """Groups rightly called: so many of each ask the same, so many the opposite, and all resolve accordingly."""
    each = alike + opposite
    called = np.repeat(source.choice([0.1, 0.3, 0.7, 0.9], count), each)
    yes = np.repeat(source.random(count), each) < called
    turned = np.tile(np.arange(each) >= alike, count)
    p, r = np.where(turned, 1 - called, called), (yes != turned).astype(float)
    rows = sampled(p.tolist(), r.tolist(), np.repeat(np.arange(count), each).astype(str).tolist())
    return rows.with_columns(inverted=pl.Series(turned))


@pytest.mark.parametrize(("count", "alike", "opposite"), [(15, 10, 0), (15, 5, 5), (40, 1, 1)])
def test_what_shares_its_fate_is_not_called_off_for_it(count: int, alike: int, opposite: int) -> None:
    source = np.random.default_rng(12)
    beyond = outside = bins = 0
    for _ in range(100):
        rows = fated(source, count, alike, opposite)
        found, filled = split(rows, source), calibration(rows).drop_nulls("outside")
        assert found.groups == count
        assert found.ece is not None
        assert found.ece_chance_high is not None
        beyond += found.ece > found.ece_chance_high
        outside, bins = outside + filled["outside"].sum(), bins + filled.height
    # 5 and 10 in 100 promised; taken one by one, the questions of the first would be called off in 97.
    assert beyond <= 12
    assert outside / bins <= 0.13


def test_a_group_is_as_one_question() -> None:
    p = [0.1, 0.3, 0.6, 0.9] * 5
    one = calibration(sampled(p, [1.0, 0.0] * 10))
    four = calibration(sampled(p * 4, [1.0, 0.0] * 40, [str(place) for place in range(20)] * 4))
    assert four["n"].to_list() == (4 * one["n"]).to_list()
    assert four.select("band_low", "band_high", "outside").equals(one.select("band_low", "band_high", "outside"))


def test_a_question_and_its_opposite_make_up_for_each_other() -> None:
    rows = sampled([0.5] * 8, [1.0, 0.0] * 4, [str(place // 2) for place in range(8)])
    both = rows.with_columns(inverted=pl.Series([False, True] * 4))
    assert calibration(both).filter(pl.col("n") > 0)["band_low", "band_high"].row(0) == (0.5, 0.5)
    assert split(both, rng()).ece_chance_high == 0
    assert calibration(rows).filter(pl.col("n") > 0)["band_low", "band_high"].row(0) == (0.0, 1.0)


def test_an_interval_needs_groups_that_do_not_share_their_fate() -> None:
    p, r = [0.3, 0.6] * 10, [0.0, 1.0] * 10
    apart = split(sampled(p, r), rng())
    assert apart.brier_low is not None
    assert apart.brier_low < (apart.brier or 0) < (apart.brier_high or 0)
    together = split(sampled(p, r, groups=["t"] * 20), rng())
    assert (together.n, together.groups, together.brier_low) == (20, 1, None)


shares = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.25])), min_size=1, max_size=40)


@settings(deadline=None)
@given(shares, st.sampled_from([TENTHS, (0.0, 0.5, 1.0), (0.0, 0.02, 0.5, 1.0)]))
def test_the_parts_of_the_brier_score_add_up(pairs: list[tuple[float, float]], edges: tuple[float, ...]) -> None:
    p, r = (list(column) for column in zip(*pairs, strict=True))
    found = split(sampled(p, r), rng(), edges)
    assert found.brier is not None
    parts = (found.reliability, -(found.resolution or 0), found.uncertainty, found.within_variance)
    assert sum(part or 0 for part in parts) - (found.within_covariance or 0) == pytest.approx(found.brier, abs=1e-9)
    assert 0 <= (found.ece or 0) <= 1
    assert 0 <= (found.sharpness or 0) <= 1
    assert (found.called, found.happened) == pytest.approx((np.mean(p), np.mean(r)))
    table = calibration(sampled(p, r), edges)
    assert table["n"].sum() == len(p)


# Multiples of 1/64: turned round exactly, edges of the tenths among none of them.
tidy = st.integers(0, 64).map(lambda part: part / 64)


@settings(deadline=None)
@given(st.lists(st.tuples(st.one_of(tidy, st.sampled_from(TENTHS)), st.sampled_from([0.0, 1.0])), min_size=1))
def test_turning_every_question_round_turns_the_table_round(pairs: list[tuple[float, float]]) -> None:
    p, r = (list(column) for column in zip(*pairs, strict=True))
    one = calibration(sampled(p, r))
    other = calibration(sampled([1 - share for share in p], [1 - outcome for outcome in r])).reverse()
    assert one["n"].to_list() == other["n"].to_list()
    for row, turned in zip(one.iter_rows(named=True), other.iter_rows(named=True), strict=True):
        if row["n"]:
            assert row["called"] == pytest.approx(1 - turned["called"], abs=1e-9)
            assert row["happened"] == pytest.approx(1 - turned["happened"], abs=1e-9)
    error = calibration_error(np.array(p), np.array(r))
    assert error == pytest.approx(calibration_error(1 - np.array(p), 1 - np.array(r)), abs=1e-9)


def test_edges_between_points_are_halfway() -> None:
    assert edges_between((0.1, 0.3, 0.9)) == pytest.approx((0.0, 0.2, 0.6, 1.0))


def test_moments_say_what_they_are() -> None:
    assert MOMENTS[DEFAULT_MOMENT] == Moment("open", 30, "30 days after a question opened")
    for name, moment in MOMENTS.items():
        assert name == (f"{moment.of}-{moment.days}" if moment.days else moment.of)
        assert moment.days == 0 or moment.words.startswith(f"{moment.days} days ")
