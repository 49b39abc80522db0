"""Scores and calibration against published figures: an account of every key of the shared file of scoring vectors.

`CHECKED` says where each key is checked. The figures stand in scoring_vectors.py, so the tests run without the file.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from forecast_frames import day, forecasts, question, questions, said
from scoring_vectors import FIGURES

from tracker.markets.manifold_market import pool_price
from tracker.markets.reading import Fields
from tracker.stats.calibration import (
    MANIFOLD_POINTS,
    calibration,
    calibration_error,
    edges_between,
    split,
)
from tracker.stats.forecasts import steps
from tracker.stats.scoring import (
    baseline,
    brier,
    brier_index,
    log_score,
    multiclass_baseline,
    multiclass_brier,
    question_scores,
)

SHARED = Path(__file__).resolve().parents[2] / "shared"
VECTORS = SHARED / "vectors" / "scoring.json"
PROSE = ("note", "formula", "rule", "step")
P, R = pl.col("p"), pl.col("r")

CHECKED = {
    "brier_sklearn_doc": "test_brier_score_is_the_one_class_form",
    "brier_multiclass_sklearn_doc": "test_brier_score_of_several_answers_is_not_halved",
    "log_loss_sklearn_doc": "test_log_score_of_scikit_learn",
    "brier_themis_tests": "test_brier_score_of_themis_fractions_included",
    "log_themis_partial": "test_log_score_of_fractions",
    "metaculus_baseline_binary": "test_baseline_score_of_metaculus",
    "metaculus_baseline_mc": "test_baseline_score_of_several_answers",
    "metaculus_time_average_5day": "test_time_average_of_metaculus",
    "metaculus_coverage": "test_coverage_of_metaculus",
    "metaculus_peer": "test_peer_scores_of_metaculus",
    "ece_torchmetrics_doc": "test_calibration_errors_of_torchmetrics",
    "calibration_curve_sklearn_doc": "test_calibration_curve_of_scikit_learn",
    "murphy_binned_needs_within_bin_terms": "test_the_split_adds_up_with_the_terms_within_bins",
    "brier_index_forecastbench": "test_brier_index_of_forecastbench",
    "manifold_cpmm": "test_price_of_a_pool",
    "manifold_calibration_buckets": "test_manifolds_buckets_are_the_nearest_points",
    "real_btc25k_time_weighted": "test_stats_scored_market.py::test_a_real_market_averaged_over_time",
}


def each(expression: pl.Expr, *rows: tuple[float, ...]) -> list[float]:
    return pl.DataFrame(rows, schema=["p", "r"], orient="row").select(expression.alias("x"))["x"].to_list()


def value(text: str) -> float:
    """A number as the keys of the file have it: "0.9", "2**-0.5"."""
    base, _, power = text.partition("**")
    return float(base) ** float(power) if power else float(base)


def scores(*rows: Any, compared: list[str], **of_question: Any) -> dict[str, dict[str, Any]]:
    asked = questions(question(**of_question))
    found = question_scores(steps(forecasts(*rows), asked), asked, compared)
    return {row["forecaster"]: row for row in found.iter_rows(named=True)}


def test_brier_score_is_the_one_class_form() -> None:
    case = FIGURES["brier_sklearn_doc"]
    found = each(brier(P, R).mean(), *zip(case["p"], map(float, case["y_true"]), strict=True))
    assert found == pytest.approx([case["brier"]], abs=1e-12)
    both = pl.DataFrame({"p": case["p"], "o": case["y_true"], "i": range(4)})
    both = pl.concat([both, both.with_columns(p=1 - pl.col("p"), o=1 - pl.col("o"))])
    unhalved = both.group_by("i").agg(multiclass_brier(pl.col("p"), pl.col("o")).alias("x"))["x"].mean()
    assert unhalved == pytest.approx(case["brier_unhalved_2class"], abs=1e-12)


def test_brier_score_of_several_answers_is_not_halved() -> None:
    case = FIGURES["brier_multiclass_sklearn_doc"]
    rows = [
        {"i": place, "p": p, "o": float(label == right)}
        for place, (right, row) in enumerate(zip(case["y_true"], case["p"], strict=True))
        for label, p in zip(case["labels"], row, strict=True)
    ]
    found = pl.DataFrame(rows).group_by("i").agg(multiclass_brier(pl.col("p"), pl.col("o")).alias("x"))["x"].mean()
    assert found == pytest.approx(case["check_unhalved"], abs=1e-12)
    assert math.floor(float(found) * 1000) / 1000 == case["brier"]  # type: ignore[arg-type]


def test_log_score_of_scikit_learn() -> None:
    case = FIGURES["log_loss_sklearn_doc"]
    (found,) = each(log_score(P, R).mean(), *zip(case["p_of_class1(spam)"], map(float, case["y_true"]), strict=True))
    assert -found == pytest.approx(case["check"], abs=1e-12)
    assert round(-found, 5) == case["log_loss_nats"]


def test_brier_score_of_themis_fractions_included() -> None:
    for p, outcome, score in FIGURES["brier_themis_tests"]["cases_p_outcome_score"]:
        assert each(brier(P, R), (float(p), float(outcome))) == pytest.approx([score], abs=1e-12)


def test_log_score_of_fractions() -> None:
    for p, outcome, score in FIGURES["log_themis_partial"]["cases"]:
        assert each(log_score(P, R), (p, outcome)) == pytest.approx([score], abs=1e-12)


def test_baseline_score_of_metaculus() -> None:
    figures = FIGURES["metaculus_baseline_binary"]
    for text, score in figures["cases"].items():
        assert each(baseline(log_score(P, R)), (value(text), 1.0)) == pytest.approx([score], abs=1e-8)
    for text, told in figures["faq_rounded"].items():
        if text == "limits":
            found = each(baseline(log_score(P, R)), (1.0, 1.0), (1.0, 0.0))
            assert [round(found[0], 1), round(found[1])] == told
        else:
            found = each(baseline(log_score(P, R)), (float(text), 1.0), (float(text), 0.0))
            # For 70 % the FAQ has 48 where its own formula gives 48.54.
            assert found == pytest.approx(told, abs=0.55)


def test_baseline_score_of_several_answers() -> None:
    for case in FIGURES["metaculus_baseline_mc"]["cases"]:
        (found,) = each(multiclass_baseline(P, R), (case["p"], float(case["N"])))
        assert found == pytest.approx(case["score"], abs=1e-9)
        assert round(found) == case.get("faq_rounded", round(found))


def test_time_average_of_metaculus() -> None:
    """Their average counts a day without a forecast as 0; ours is over the covered days, coverage makes up for it."""
    case = FIGURES["metaculus_time_average_5day"]
    stated = [(place, float(p)) for place, p in enumerate(case["days"]) if p[0].isdigit()]
    found = scores(*(said(on, p) for on, p in stated), compared=["anna"], ends=5)["anna"]
    assert found["baseline"] * found["coverage"] == pytest.approx(case["average"], abs=1e-9)
    assert round(found["baseline"] * found["coverage"]) == case["faq_average_rounded"]
    daily = [0.0, *each(baseline(log_score(P, R)), *((p, 1.0) for p in (0.4, 0.7, 0.7, 0.8)))]
    assert daily == pytest.approx(case["daily"], abs=1e-9)
    assert [round(one) for one in daily] == case["faq_daily_rounded"]


def test_coverage_of_metaculus() -> None:
    """They take the share of the announced life, we that of the life it had: an early end leaves the days to tell."""
    late, early = FIGURES["metaculus_coverage"]["cases"]
    horizon = FIGURES["metaculus_coverage"]["horizon_days"]
    found = scores(said(late["start"], late["p"]), compared=["anna"], ends=horizon)["anna"]
    assert found["coverage"] == late["coverage"]
    assert found["baseline"] * found["coverage"] == pytest.approx(late["score"], abs=1e-8)
    found = scores(
        said(early["start"], early["p"]), compared=["anna"], ends=horizon, resolved_at=day(early["actual_close"])
    )["anna"]
    assert found["days"] / horizon == early["coverage"]
    assert found["baseline"] * found["days"] / horizon == pytest.approx(early["score"], abs=1e-8)


def test_peer_scores_of_metaculus() -> None:
    two, three, joining = FIGURES["metaculus_peer"]["cases"]
    for case in (two, three):
        names = [f"f{place}" for place in range(len(case["p"]))]
        found = scores(*(said(0, p, name) for name, p in zip(names, case["p"], strict=True)), compared=names)
        assert [found[name]["peer"] for name in names] == pytest.approx(case["scores"], abs=1e-9)
    # The third joins halfway. Theirs compares whoever is there at the time, ours those who are there all along: so the
    # first half is one question of two, the second one of three.
    assert joining["p"] == [0.1, 0.5, "0.9 from t=5 of 10"]
    names = ["a", "b", "c"]
    rows = [said(0, 0.1, "a"), said(0, 0.5, "b"), said(5, 0.9, "c")]
    first = scores(*rows, compared=names[:2], ends=5)
    second = scores(*rows, compared=names)
    assert second["c"]["days"] == 5
    total = [(first[name]["peer"] if name in first else 0) / 2 + second[name]["peer"] / 2 for name in names]
    assert total == pytest.approx(joining["scores"], abs=1e-9)
    assert [second[name]["coverage"] for name in names] == joining["coverage"]


def test_peer_scores_are_differences_of_log_scores() -> None:
    toy = FIGURES["metaculus_peer"]["faq_toy"]
    # A log score above 0 is no probability's, but only differences matter: all are put 3 lower.
    rows = [said(0, math.exp(score - 3), f"f{place}") for place, score in enumerate(toy["log_scores"])]
    found = scores(*rows, compared=["f0", "f1", "f2"])
    assert [found[f"f{place}"]["peer"] / 100 for place in range(3)] == pytest.approx(toy["peer_unscaled"], abs=1e-9)
    rows = [said(0, p, f"f{place}") for place, p in enumerate((0.5, 0.7, 0.8, 0.9))]
    against = scores(*rows, compared=[f"f{place}" for place in range(4)])["f0"]["peer"]
    assert 0.5 / math.exp(against / 100) == pytest.approx(FIGURES["metaculus_peer"]["gmean_.7_.8_.9"], abs=1e-8)


def test_calibration_errors_of_torchmetrics() -> None:
    case = FIGURES["ece_torchmetrics_doc"]
    edges = np.linspace(0, 1, case["n_bins"] + 1).tolist()
    p, y = np.array(case["p"]), np.array(case["y"], dtype=float)
    for name, norm in (("l1", 1), ("l2", 2), ("max", math.inf)):
        assert calibration_error(p, y, edges, norm) == pytest.approx(case[name], abs=5e-5)


def sampled(p: list[float], y: list[float]) -> pl.DataFrame:
    """As `samples` gives them, each question a group of its own."""
    names = [f"q{place}" for place in range(len(p))]
    return pl.DataFrame(
        {
            "question_id": names,
            "group": names,
            "forecaster": "anna",
            "probability": p,
            "resolution": y,
            "inverted": False,
        },
        schema_overrides={"resolution": pl.Float64},
    )


def test_calibration_curve_of_scikit_learn() -> None:
    case = FIGURES["calibration_curve_sklearn_doc"]
    edges = np.linspace(0, 1, case["n_bins"] + 1).tolist()
    found = calibration(sampled(case["p"], case["y"]), edges)
    assert found["happened"].to_list() == pytest.approx(case["prob_true"], abs=1e-12)
    assert found["called"].to_list() == pytest.approx(case["prob_pred"], abs=1e-12)


def test_the_split_adds_up_with_the_terms_within_bins() -> None:
    case, data = FIGURES["murphy_binned_needs_within_bin_terms"], FIGURES["calibration_curve_sklearn_doc"]
    edges = np.linspace(0, 1, 4).tolist()
    rows = sampled(data["p"], data["y"])
    found = split(rows, np.random.default_rng(3), edges)
    parts = {
        "brier": found.brier,
        "rel": found.reliability,
        "res": found.resolution,
        "unc": found.uncertainty,
        "within_bin_variance": found.within_variance,
        "within_bin_covariance": found.within_covariance,
        "ece": found.ece,
    }
    assert parts == pytest.approx({name: case[name] for name in parts}, abs=1e-12)
    three = parts["rel"] - parts["res"] + parts["unc"]  # type: ignore[operator]
    assert three == pytest.approx(case["identity_rel_minus_res_plus_unc"], abs=1e-12)
    whole = three + parts["within_bin_variance"] - parts["within_bin_covariance"]  # type: ignore[operator]
    assert whole == pytest.approx(case["identity_full"], abs=1e-12)
    table = calibration(rows, edges)["bin", "n", "called", "happened"].rows()
    assert [list(row) for row in table] == pytest.approx(np.array(case["bins"]))


def test_brier_index_of_forecastbench() -> None:
    for score, index in FIGURES["brier_index_forecastbench"]["cases"]:
        assert each(brier_index(P), (float(score), 0.0)) == pytest.approx([index], abs=1e-12)


def test_price_of_a_pool() -> None:
    for case in FIGURES["manifold_cpmm"]["cases"]:
        market = {"pool": {"YES": case["YES"], "NO": case["NO"]}, "p": case["p"]}
        assert pool_price(Fields("Manifold", case["id"], market)) == pytest.approx(case["probability"], abs=1e-12)


def test_manifolds_buckets_are_the_nearest_points() -> None:
    points = FIGURES["manifold_calibration_buckets"]["points_pct"]
    assert [100 * point for point in MANIFOLD_POINTS] == pytest.approx(points)
    p = np.random.default_rng(4).random(500)
    found = calibration(sampled(p.tolist(), [0.0] * 500), edges_between(MANIFOLD_POINTS))
    nearest = np.abs(p[:, None] - np.array(MANIFOLD_POINTS)).argmin(axis=1)
    assert found["n"].to_list() == np.bincount(nearest, minlength=len(points)).tolist()


def test_every_test_named_here_exists() -> None:
    assert set(CHECKED) == set(FIGURES)
    for named in CHECKED.values():
        file, _, test = named.rpartition("::")
        assert f"def {test}(" in (Path(__file__).parent / (file or Path(__file__).name)).read_text(encoding="utf-8")


@pytest.mark.skipif(not VECTORS.exists(), reason="shared vectors are not beside this checkout")
def test_the_figures_here_are_those_of_the_file() -> None:
    def figures(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: figures(inner) for name, inner in part.items() if name not in PROSE}
        return [figures(inner) for inner in part] if isinstance(part, list) else part

    assert figures(json.loads(VECTORS.read_text(encoding="utf-8"))) == FIGURES
