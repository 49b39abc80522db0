"""The index across benchmarks: its formula, what it recovers, what may enter, and what its scale is."""

import numpy as np
import polars as pl
import pytest
from scipy.optimize import approx_fprime

from tests.bench.index import ANCHORS, world
from tracker.stats.capability_index import (
    FEWEST_BENCHMARKS,
    Anchors,
    Index,
    admitted,
    capability_index,
    expected,
    fit,
    on_scale,
)
from tracker.stats.index_draws import Cells, Parameters, refit
from tracker.stats.index_findings import left_out, made


@pytest.fixture(scope="module")
def scores() -> pl.DataFrame:
    return world(np.random.default_rng(3), models=24, benchmarks=14, share=0.6)[0]


@pytest.fixture(scope="module")
def index(scores: pl.DataFrame) -> Index:
    found = capability_index(scores, rng=np.random.default_rng(0), anchors=ANCHORS, draws=60)
    assert found is not None
    return found


def cells_of(scores: pl.DataFrame) -> Cells:
    models, benchmarks = (scores[name].unique().sort().to_list() for name in ("model_id", "benchmark_id"))
    return Cells(
        np.array([models.index(name) for name in scores["model_id"]]),
        np.array([benchmarks.index(name) for name in scores["benchmark_id"]]),
        scores["value"].clip(0.001, 0.999).to_numpy(),
        len(models),
        len(benchmarks),
        0,
    )


def other_names(scores: pl.DataFrame, letter: str) -> pl.DataFrame:
    return scores.with_columns(
        pl.format("{}{}", pl.lit(letter), "model_id").alias("model_id"),
        pl.format("{}{}", pl.lit(letter), "benchmark_id").alias("benchmark_id"),
    )


def test_the_affine_map_of_the_published_vectors() -> None:
    epoch = Anchors("Winogrande", "Claude 3.5 Sonnet", "GPT-5", 130.0, 150.0)
    assert on_scale(np.array([1.0, 2.0, 1.5, 2.25]), 1.0, 2.0, epoch) == pytest.approx(
        [130.0, 150.0, 140.0, 155.0], abs=1e-6
    )


def test_a_known_index_is_recovered() -> None:
    """The anchors' errors are shared by a whole world, so intervals are counted over several."""
    held = []
    for seed in range(4):
        drawn, truth = world(np.random.default_rng(seed), models=40, benchmarks=30)
        found = capability_index(drawn, rng=np.random.default_rng(0), anchors=ANCHORS, draws=40)
        assert found is not None
        models = found.models.with_columns(pl.Series("true", [truth[model] for model in found.models["model_id"]]))
        assert np.corrcoef(models["true"], models["value"])[0, 1] > 0.98
        bounded = models.drop_nulls("low")
        assert bounded.height == 38
        held += ((bounded["low"] <= bounded["true"]) & (bounded["true"] <= bounded["high"])).to_list()
    assert 0.85 < np.mean(held) < 1


def test_the_fit_is_the_least_of_its_formula(scores: pl.DataFrame) -> None:
    """0.1·Σθ²/(number of parameters) beside the squares, over C, D and every a but the anchor's."""
    cells = cells_of(scores)
    found = fit(cells)
    count = cells.models + 2 * cells.benchmarks - 1

    def objective(theta: np.ndarray) -> float:
        capability, difficulty = theta[: cells.models], theta[cells.models : cells.models + cells.benchmarks]
        slope = np.concatenate([[1.0], theta[cells.models + cells.benchmarks :]])
        residual = expected(cells, Parameters(capability, difficulty, slope)) - cells.score
        return float((residual**2).sum() + 0.1 * (theta**2).sum() / count)

    # The shift to the anchor benchmark is undone where the pull is least.
    theta = np.concatenate([found.capability, found.difficulty, found.slope[1:]])
    shifted = cells.models + cells.benchmarks
    theta[:shifted] -= theta[:shifted].mean()
    assert found.difficulty[0] == 0
    assert found.slope[0] == 1
    assert np.abs(approx_fprime(theta, objective, 1e-7)).max() < 2e-3
    for seed in range(20):
        nudge = np.random.default_rng(seed).normal(0, 0.01, len(theta))
        assert objective(theta) < objective(theta + nudge)


def test_draws_are_fitted_as_the_whole_is(scores: pl.DataFrame) -> None:
    cells = cells_of(scores)
    found = fit(cells)
    start = Parameters(found.capability + 0.3, found.difficulty, found.slope)
    options = {"pull": 0.1, "reach": 10.0, "slopes": (0.1, 10.0)}
    same = refit(cells, np.ones((1, len(cells.score))), start, **options)
    assert same[0] == pytest.approx(found.capability, abs=0.02)
    weights = np.random.default_rng(5).integers(0, 3, (1, len(cells.score))).astype(float)
    again = np.repeat(np.arange(len(cells.score)), weights[0].astype(int))
    repeated = Cells(cells.model[again], cells.benchmark[again], cells.score[again], cells.models, cells.benchmarks, 0)
    present = np.isin(np.arange(cells.models), cells.model[again])
    ours, scipys = refit(cells, weights, found, **options)[0], fit(repeated).capability
    assert np.abs(ours - scipys)[present].max() < 0.05


def test_the_anchors_stand_by_definition_and_have_no_interval(index: Index) -> None:
    low, high = (index.models.row(by_predicate=pl.col("model_id") == name, named=True) for name in ("m000", "m001"))
    assert (low["value"], low["low"], low["high"]) == (100.0, None, None)
    assert (high["value"], high["low"], high["high"]) == (pytest.approx(110.0), None, None)
    assert np.nanstd(index.drawn["m000"]) == 0
    rest = index.models.filter(~pl.col("model_id").is_in(["m000", "m001"]))
    assert rest.filter((pl.col("low") <= pl.col("value")) & (pl.col("value") <= pl.col("high"))).height >= 20


def test_the_same_scores_give_the_same_index_in_whatever_order(scores: pl.DataFrame, index: Index) -> None:
    shuffled = scores.sample(fraction=1, shuffle=True, seed=1)
    again = capability_index(shuffled, rng=np.random.default_rng(0), anchors=ANCHORS, draws=60)
    assert again is not None
    assert again.models.equals(index.models)
    assert again.benchmarks.equals(index.benchmarks)


def test_the_benchmark_that_fixes_the_raw_scale_hardly_moves_the_index(scores: pl.DataFrame, index: Index) -> None:
    other = capability_index(
        scores, rng=np.random.default_rng(0), anchors=Anchors("b005", "m000", "m001", 100.0, 110.0), draws=2
    )
    assert other is not None
    both = index.models.join(other.models, on="model_id")
    assert np.corrcoef(both["value"], both["value_right"])[0, 1] > 0.999


@pytest.mark.parametrize(
    "change",
    [
        {"unit": pl.lit("rating")},
        {"unit": pl.lit("points")},
        {"grading": pl.lit("judged")},
        {"grading": pl.lit("proxy")},
        {"overlaps": pl.lit("b000")},
        {"flags": pl.lit(["truncated"])},
        {"flags": pl.lit(["no-stderr", "harness-default"])},
    ],
)
def test_only_checkable_unflagged_fractions_enter(scores: pl.DataFrame, change: dict[str, pl.Expr]) -> None:
    one = scores.filter(pl.col("benchmark_id") == "b003").with_columns(**change)
    rest = scores.filter(pl.col("benchmark_id") != "b003")
    assert "b003" not in admitted(pl.concat([rest, one]), ANCHORS).scores["benchmark_id"].to_list()


def test_flags_that_say_nothing_against_a_score_let_it_in(scores: pl.DataFrame) -> None:
    flagged = scores.with_columns(flags=pl.lit(["inferred-twin", "no-stderr"]))
    assert admitted(flagged, ANCHORS).scores.height == admitted(scores, ANCHORS).scores.height


def test_a_group_that_shares_no_benchmark_is_left_out_and_named(scores: pl.DataFrame) -> None:
    kept, out = admitted(pl.concat([scores, other_names(scores, "x")]), ANCHORS)
    assert kept.height == scores.height
    assert set(out["model_id"]) == {f"x{name}" for name in scores["model_id"]}
    assert out["reason"].unique().to_list() == ["no chain of shared benchmarks leads to the others"]


def test_a_group_joined_by_one_model_alone_is_left_out(scores: pl.DataFrame) -> None:
    bridge = scores.filter(pl.col("model_id") == "m001")
    other = other_names(scores, "x").with_columns(
        pl.when(pl.col("model_id") == "xm001").then(pl.lit("m001")).otherwise("model_id").alias("model_id")
    )
    kept, out = admitted(pl.concat([scores, other]), ANCHORS)
    assert set(kept["model_id"]) == set(scores["model_id"])
    assert bridge.height
    assert out["reason"].unique().to_list() == ["only one model joins it to the others"]


def test_a_group_joined_by_two_models_is_let_in(scores: pl.DataFrame) -> None:
    shared = ["m001", "m002"]
    other = other_names(scores, "x").with_columns(
        pl.when(pl.col("model_id").is_in([f"x{name}" for name in shared]))
        .then(pl.col("model_id").str.slice(1))
        .otherwise("model_id")
        .alias("model_id")
    )
    kept, out = admitted(pl.concat([scores, other]), ANCHORS)
    assert kept.height == 2 * scores.height
    assert out.is_empty()


def test_a_model_with_few_benchmarks_is_left_out_and_named(scores: pl.DataFrame) -> None:
    few = scores.filter(pl.col("model_id") == "m001").head(FEWEST_BENCHMARKS - 1)
    extra = few.with_columns(model_id=pl.lit("new"), model_name=pl.lit("New"))
    found = capability_index(pl.concat([scores, extra]), rng=np.random.default_rng(0), anchors=ANCHORS, draws=2)
    assert found is not None
    assert found.left_out.select("model_id", "reason").rows() == [
        ("new", "fewer than 4 benchmarks that 3 or more models share")
    ]
    assert left_out(found) == ("Not on the index: fewer than 4 benchmarks that 3 or more models share (1: New).")


@pytest.mark.parametrize("gone", ["m000", "m001"])
def test_without_an_anchor_there_is_no_index(scores: pl.DataFrame, gone: str) -> None:
    rest = scores.filter(pl.col("model_id") != gone)
    assert capability_index(rest, rng=np.random.default_rng(0), anchors=ANCHORS, draws=2) is None
    assert capability_index(scores.clear(), rng=np.random.default_rng(0), anchors=ANCHORS, draws=2) is None


def test_without_the_anchor_benchmark_there_is_no_index(scores: pl.DataFrame) -> None:
    rest = scores.filter(pl.col("benchmark_id") != "b000")
    assert capability_index(rest, rng=np.random.default_rng(0), anchors=ANCHORS, draws=2) is None


def test_without_draws_there_are_no_intervals(scores: pl.DataFrame) -> None:
    found = capability_index(scores, rng=np.random.default_rng(0), anchors=ANCHORS, draws=0)
    assert found is not None
    assert found.models["low"].null_count() == found.models.height
    assert found.drawn == {}


def test_how_it_was_made_names_what_fixes_the_scale(index: Index) -> None:
    said = made(index)
    assert "Benchmark 0 fixes the raw scale" in said
    assert "By definition Model 0 is 100 and Model 1 110" in said
    assert left_out(index) is None
