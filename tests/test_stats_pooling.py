"""Pooling against metafor's and Kacker's published numbers, the LMArena anchor, and its properties."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracker.stats.pooling import (
    Pooled,
    inverse_variance,
    pool,
    pool_twins,
    twin_differences,
    twin_effects,
)

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors" / "statistics.json"
NORMAL_95 = 1.959963984540054

# Kacker 2004, as in statsmodels' results_meta.py (values from R metafor).
KACKER = [61.0, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9]
KACKER_VARIANCES = [0.2025, 1.21, 0.09, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]

# metadat's dat.bcg: treated positive, treated negative, control positive, control negative.
BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def log_risk_ratios(table: Sequence[Sequence[int]]) -> tuple[list[float], list[float]]:
    values = [math.log((a / (a + b)) / (c / (c + d))) for a, b, c, d in table]
    return values, [math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in table]


def wald(pooled: Pooled) -> list[float]:
    return [pooled.mean - NORMAL_95 * pooled.model_stderr, pooled.mean + NORMAL_95 * pooled.model_stderr]


def gaps(rows: list[tuple[str, float | None, float | None]], **columns: object) -> pl.DataFrame:
    """Rows of (twin, value, stderr) as the query gives them; other columns constant."""
    return pl.DataFrame(
        [(f"{twin}-thinking", twin, value, stderr, value, stderr) for twin, value, stderr in rows],
        schema={"reasoning_id": pl.String, "conventional_id": pl.String}
        | dict.fromkeys(["log_odds", "log_odds_stderr", "value", "stderr"], pl.Float64),
        orient="row",
    ).with_columns(
        pl.lit(columns.get("unit", "fraction")).alias("unit"),
        pl.lit(pl.Series([columns.get("flags", [])], dtype=pl.List(pl.String))).first().alias("flags"),
    )


def test_kacker_fixed_effect() -> None:
    combined = inverse_variance(KACKER, np.sqrt(KACKER_VARIANCES))
    assert combined == pytest.approx((62.5833970939982, 0.107845705498231), abs=1e-6)


def test_kacker_dersimonian_laird_with_hartung_knapp() -> None:
    pooled = pool(KACKER, np.sqrt(KACKER_VARIANCES), method="dersimonian-laird")
    assert pooled.tau2 == pytest.approx(0.288049246973751, abs=1e-6)
    assert pooled.mean == pytest.approx(62.3901386044504, abs=1e-6)
    assert pooled.model_stderr == pytest.approx(0.245749668040304, abs=1e-6)
    assert wald(pooled) == pytest.approx([61.9084781058787, 62.8717991030221], abs=1e-6)
    assert pooled.stderr == pytest.approx(0.29477605699879, abs=1e-6)
    assert [pooled.low, pooled.high] == pytest.approx([61.710383798052, 63.0698934108488], abs=1e-6)
    assert pooled.q == pytest.approx(24.801897741835, abs=1e-6)
    assert pooled.i2 == pytest.approx(0.67744403741711, abs=1e-6)
    assert (pooled.k, pooled.positive, pooled.level) == (9, 9, 0.95)


def test_kacker_paule_mandel() -> None:
    pooled = pool(KACKER, np.sqrt(KACKER_VARIANCES))
    assert pooled.tau2 == pytest.approx(0.705395309224248, abs=1e-6)
    assert math.sqrt(pooled.tau2) == pytest.approx(0.8399, abs=5e-5)
    assert pooled.mean == pytest.approx(62.4076199113286, abs=1e-6)
    assert pooled.model_stderr == pytest.approx(0.338030602684471, abs=1e-6)
    assert wald(pooled) == pytest.approx([61.7450921043947, 63.0701477182625], abs=1e-6)


def test_bcg_vaccine_trials() -> None:
    """dat.bcg as metafor's own tests have it, and recomputed to more digits."""
    one = pool(*log_risk_ratios(BCG), method="dersimonian-laird")
    assert one.mean == pytest.approx(-0.7141172220732271, abs=1e-6)
    assert one.model_stderr == pytest.approx(0.1787420895354032, abs=1e-6)
    assert one.tau2 == pytest.approx(0.3087602628623764, abs=1e-6)
    assert [one.low, one.high] == pytest.approx([-1.1078213541683288, -0.3204130899781254], abs=1e-6)
    assert one.q == pytest.approx(152.23301, abs=1e-5)
    assert one.i2 == pytest.approx(0.921173, abs=1e-6)
    assert np.exp([one.mean, *wald(one)]) == pytest.approx([0.4896, 0.3449, 0.695], abs=5e-5)
    two = pool(*log_risk_ratios(BCG))
    assert two.tau2 == pytest.approx(0.3180684522050242, abs=1e-6)
    assert two.mean == pytest.approx(-0.7149681534934442, abs=1e-6)
    assert two.model_stderr == pytest.approx(0.18089219153762356, abs=1e-6)


def test_prediction_interval_by_hand() -> None:
    """Three equal errors: weights are equal, so all can be written out. t(1) at .975 is 12.7062."""
    pooled = pool([0.0, 1.0, 2.0], [0.5, 0.5, 0.5], method="dersimonian-laird")
    assert pooled.tau2 == pytest.approx(1 - 0.25)
    assert pooled.stderr == pytest.approx(math.sqrt(1 / 3))
    assert pooled.high - 1.0 == pytest.approx(4.302652729911275 * math.sqrt(1 / 3))
    assert pooled.predicted_high - 1.0 == pytest.approx(12.706204736432095 * math.sqrt(0.75 + 1 / 3))


@pytest.mark.parametrize("method", ["paule-mandel", "dersimonian-laird"])
def test_gaps_that_agree_have_no_spread_between_them(method: str) -> None:
    """τ² is cut off at 0, and is not the negative number the moment formula gives."""
    pooled = pool([0.1, 0.11, 0.12], [0.3, 0.3, 0.3], method=method)
    assert (pooled.tau2, pooled.i2) == (0.0, 0.0)
    assert pooled.mean == pytest.approx(0.11)


def test_fewer_than_three_twins_give_no_pooled_number() -> None:
    assert pool([0.5, -0.1], [0.1, 0.1]) == Pooled(k=2, positive=1, level=0.95, method="paule-mandel")
    assert pool([], []).k == 0
    assert pool([0.5, -0.1, 0.2], [0.1, 0.1, 0.1]).mean is not None


def test_bad_input_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="numbers above 0"):
        pool([0.1, 0.2, 0.3], [0.1, 0.0, 0.1])
    with pytest.raises(ValueError, match="3 values but 2 standard errors"):
        pool([0.1, 0.2, 0.3], [0.1, 0.1])
    with pytest.raises(ValueError, match="paule-mandel or dersimonian-laird"):
        pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], method="hedges")


def test_a_twin_counts_once_however_many_benchmarks_it_ran() -> None:
    frame = gaps([("a", 0.2, 0.1), ("a", 0.8, 0.2), ("b", 0.5, 0.1), ("c", -0.1, 0.1)])
    twins = twin_effects(frame)
    assert twins["conventional_id"].to_list() == ["a", "b", "c"]
    assert twins["gaps"].to_list() == [2, 1, 1]
    assert twins.row(0)[2:4] == pytest.approx(((0.2 * 100 + 0.8 * 25) / 125, math.sqrt(1 / 125)))
    pooled = pool_twins(twins)
    assert (pooled.k, pooled.positive) == (3, 2)


def test_gaps_without_an_error_or_with_a_blocking_flag_stay_out() -> None:
    frame = pl.concat(
        [
            gaps([("a", 0.2, 0.1), ("b", 0.3, None), ("c", None, 0.1), ("d", 0.4, 0.0)]),
            gaps([("e", 5.0, 0.1)], flags=["truncated", "below-chance"]),
            gaps([("f", 0.6, 0.1)], flags=["below-chance", "inferred-twin"]),
        ]
    )
    assert twin_effects(frame)["conventional_id"].to_list() == ["a", "f"]
    assert twin_effects(frame, admit=["truncated"])["conventional_id"].to_list() == ["a", "e", "f"]


def test_what_is_no_number_is_refused() -> None:
    for value, error in ((math.inf, 0.1), (math.nan, 0.1), (0.1, math.inf), (0.1, math.nan)):
        with pytest.raises(ValueError, match="must be numbers"):
            twin_effects(gaps([("a", 0.2, 0.1), ("b", value, error)]))


def test_twins_are_combined_apart_by_any_column() -> None:
    fractions = gaps([("a", 0.2, 0.1), ("a", 0.8, 0.2), ("b", 0.5, 0.1)])
    ratings = gaps([("b", 0.3, 0.1), ("a", 0.1, 0.3), ("b", None, 0.1)], unit="rating")
    found = twin_effects(pl.concat([ratings, fractions]), by=["unit"])
    assert found.columns[0] == "unit"
    assert found["unit"].to_list() == ["fraction", "fraction", "rating", "rating"]
    alone = pl.concat([twin_effects(fractions), twin_effects(ratings)])
    assert found.drop("unit").equals(alone)
    assert twin_effects(gaps([]), by=["unit"]).columns == ["unit", *alone.columns]


def test_units_are_not_mixed() -> None:
    fractions, ratings = gaps([("a", 0.2, 0.1)]), gaps([("a", 0.3, 0.1)], unit="rating")
    with pytest.raises(ValueError, match="gaps in fraction and rating"):
        twin_effects(pl.concat([fractions, ratings]))
    with pytest.raises(ValueError, match="gaps in fraction and rating"):
        twin_differences(fractions, ratings)


def test_domains_are_compared_within_twins_only() -> None:
    one = gaps([("a", 0.9, 0.3), ("b", 0.5, 0.1), ("only-here", 9.0, 0.1)])
    two = gaps([("b", 0.1, 0.1), ("a", 0.2, 0.4), ("only-there", 9.0, 0.1)])
    differences = twin_differences(one, two)
    assert differences["conventional_id"].to_list() == ["a", "b"]
    assert differences["value"].to_list() == pytest.approx([0.7, 0.4])
    assert differences["stderr"].to_list() == pytest.approx([0.5, math.sqrt(0.02)])


def test_nothing_pools_to_nothing() -> None:
    empty = gaps([])
    assert twin_effects(empty).is_empty()
    assert pool_twins(twin_differences(empty, empty)).k == 0


effects = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 3)), min_size=3, max_size=12)


@given(effects, st.floats(-10, 10), st.sampled_from(["paule-mandel", "dersimonian-laird"]))
@example([(0.0, 1.0), (0.0, 1.0), (3.1e-158, 1.0)], 0.0, "paule-mandel")
def test_shifting_every_gap_shifts_the_pool(pairs: list[tuple[float, float]], shift: float, method: str) -> None:
    values, errors = (np.array(column) for column in zip(*pairs, strict=True))
    here, there = pool(values, errors, method=method), pool(values + shift, errors, method=method)
    assert there.tau2 == pytest.approx(here.tau2, rel=1e-4, abs=1e-5)
    assert there.mean == pytest.approx(here.mean + shift, abs=1e-4)
    assert here.predicted_low <= here.low <= here.mean <= here.high <= here.predicted_high
    assert min(values) - 1e-9 <= here.mean <= max(values) + 1e-9


@given(effects)
def test_paule_mandel_solves_its_equation(pairs: list[tuple[float, float]]) -> None:
    values, errors = (np.array(column) for column in zip(*pairs, strict=True))
    pooled = pool(values, errors)
    squares = float(((values - pooled.mean) ** 2 / (errors**2 + pooled.tau2)).sum())
    if pooled.tau2 > 0:
        assert squares == pytest.approx(len(values) - 1, rel=1e-6)
        assert pooled.stderr == pytest.approx(pooled.model_stderr, rel=1e-6)
    else:
        assert squares <= len(values) - 1 + 1e-9


@settings(deadline=None)  # on a busy machine one frame may take long
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 5), st.floats(0.01, 3)), min_size=1, max_size=12))
def test_twins_are_combined_by_inverse_variance(rows: list[tuple[str, float, float]]) -> None:
    for twin, _, value, stderr, count in twin_effects(gaps(rows)).iter_rows():
        own = [(effect, error) for name, effect, error in rows if f"{name}-thinking" == twin]
        assert (value, stderr) == pytest.approx(inverse_variance(*zip(*own, strict=True)), rel=1e-12, abs=1e-12)
        assert count == len(own)


@settings(deadline=None)  # on a busy machine one frame may take long
@given(effects, st.randoms(use_true_random=False))
def test_the_order_of_twins_does_not_matter(pairs: list[tuple[float, float]], shuffler: object) -> None:
    frame = gaps([(f"m{at}", value, error) for at, (value, error) in enumerate(pairs)])
    order = list(range(len(frame)))
    shuffler.shuffle(order)
    assert pool_twins(twin_effects(frame[order])) == pool_twins(twin_effects(frame))


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_shared_vectors_hold() -> None:
    vectors = json.loads(VECTORS.read_text())
    kacker = vectors["meta_kacker2004"]
    errors = np.sqrt(kacker["vi"])
    expected = kacker["expected"]
    fixed = inverse_variance(kacker["yi"], errors)
    assert fixed == pytest.approx((expected["FE"]["mu"], expected["FE"]["se"]), abs=1e-6)
    for method, name in (("dersimonian-laird", "DL"), ("paule-mandel", "PM")):
        pooled = pool(kacker["yi"], errors, method=method)
        found = {"tau2": pooled.tau2, "mu": pooled.mean, "se": pooled.model_stderr, "Q": pooled.q}
        for key in found.keys() & expected[name].keys():
            assert found[key] == pytest.approx(expected[name][key], abs=1e-6), (name, key)
        assert wald(pooled) == pytest.approx(expected[name]["ci"], abs=1e-6)
    pooled = pool(kacker["yi"], errors, method="dersimonian-laird")
    assert pooled.stderr == pytest.approx(expected["DL_HKSJ"]["se"], abs=1e-6)
    assert [pooled.low, pooled.high] == pytest.approx(expected["DL_HKSJ"]["ci"], abs=1e-6)
    bcg = vectors["meta_bcg_DL"]
    assert [list(row) for row in BCG] == bcg["table_tpos_tneg_cpos_cneg"]
    pooled = pool(*log_risk_ratios(BCG), method="dersimonian-laird")
    assert [pooled.low, pooled.high] == pytest.approx(bcg["recomputed"]["hk_ci"], abs=1e-6)
