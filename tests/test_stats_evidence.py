"""Gaps pooled by domain: what is kept apart, what is left out, and how often the interval holds the truth."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.bench.coverage import coverage
from tracker.stats.evidence import DOMAIN, POOLED, domain, pooled
from tracker.stats.pooling import pool, pool_twins, twin_effects

USUAL: dict[str, Any] = {
    "benchmark_id": "sums",
    "capability": "math",
    "grading": "verifiable",
    "relation": "same-weights",
    "source": None,
    "unit": "fraction",
    "demonstration": False,
    "overlaps": None,
    "flags": [],
}
SCHEMA = {
    **dict.fromkeys(("reasoning_id", "conventional_id", "benchmark_id"), pl.String),
    **dict.fromkeys((*DOMAIN, "unit", "overlaps"), pl.String),
    "demonstration": pl.Boolean,
    "flags": pl.List(pl.String),
    **dict.fromkeys(("value", "stderr", "log_odds", "log_odds_stderr"), pl.Float64),
}


def gaps(*twins: tuple[float, float] | tuple[None, None], **given: Any) -> pl.DataFrame:
    """A gap for every (log-odds, stderr); in Elo they are 100 times that."""
    rows = []
    for at, (value, error) in enumerate(twins):
        natural = {"value": value and value * 100, "stderr": error and error * 100}
        ids = {"reasoning_id": f"r{at}", "conventional_id": f"c{at}"}
        rows.append({**USUAL, **ids, **natural, "log_odds": value, "log_odds_stderr": error, **given})
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


THREE = ((0.2, 0.1), (0.5, 0.2), (-0.1, 0.3))


def only(frame: pl.DataFrame, **given: Any) -> dict[str, Any]:
    rows = pooled(frame, **given).to_dicts()
    assert len(rows) == 1
    return rows[0]


def test_no_gaps_give_no_rows_with_every_column() -> None:
    found = pooled(gaps())
    assert found.is_empty()
    assert list(found.columns) == [*DOMAIN, "unit", "demonstration", *POOLED]


@pytest.mark.parametrize(("unit", "scale", "factor"), [("fraction", "log_odds", 1), ("rating", "value", 100)])
def test_fractions_are_pooled_in_log_odds_and_ratings_as_they_are(unit: str, scale: str, factor: int) -> None:
    row = only(gaps(*THREE, unit=unit))
    expected = pool([value * factor for value, _ in THREE], [error * factor for _, error in THREE])
    assert (row["scale"], row["k"], row["positive"], row["twins"], row["gaps"]) == (scale, 3, 2, 3, 3)
    for name in ("mean", "low", "high", "predicted_low", "predicted_high", "tau2", "i2"):
        assert row[name] == pytest.approx(getattr(expected, name)), name
    assert (row["level"], row["method"]) == (0.95, "paule-mandel")


@pytest.mark.parametrize("column", [*DOMAIN, "unit", "demonstration"])
def test_what_differs_in_kind_is_kept_apart(column: str) -> None:
    other = True if column == "demonstration" else "rating" if column == "unit" else "another"
    both = pl.concat([gaps(*THREE), gaps(*THREE, **{column: other})])
    assert pooled(both)["k"].to_list() == [3, 3]
    assert pooled(both, by=["source"]).height == (2 if column in ("source", "unit", "demonstration") else 1)


def test_each_row_is_pooled_as_if_it_were_alone() -> None:
    parts = [
        gaps(*THREE),
        gaps(*THREE, (0.3, 0.1), unit="rating"),
        gaps(*THREE[:2], capability=None),
        gaps(*THREE, unit="points"),
        gaps((None, None), capability="coding"),
        gaps(*THREE, capability="writing", flags=["truncated"]),
    ]
    together = pooled(pl.concat(parts))
    assert together.height == len(parts)
    alone = pl.concat([pooled(part) for part in parts])
    assert together.equals(alone.sort(*DOMAIN, "unit", "demonstration", nulls_last=True))


def test_gaps_of_one_twin_are_combined_first() -> None:
    both = pl.concat([gaps(*THREE), gaps((0.9, 0.1), benchmark_id="more")])
    row = only(both)
    assert (row["gaps"], row["twins"], row["k"]) == (4, 3, 3)
    assert row["mean"] == pool_twins(twin_effects(both)).mean


def test_two_twins_are_shown_and_not_pooled() -> None:
    row = only(gaps(*THREE[:2]))
    assert (row["k"], row["positive"], row["mean"], row["low"], row["predicted_high"]) == (2, 2, None, None, None)


def test_points_are_shown_and_not_pooled() -> None:
    row = only(gaps(*THREE, unit="points"))
    assert (row["scale"], row["gaps"], row["twins"], row["k"], row["mean"]) == (None, 3, 3, 0, None)


def test_blocked_gaps_are_counted_and_left_out_unless_admitted() -> None:
    both = pl.concat([gaps(*THREE), gaps((9.0, 0.1), flags=["truncated"], benchmark_id="cut")])
    row = only(both)
    assert (row["gaps"], row["blocked"], row["mean"]) == (4, 1, pool([v for v, _ in THREE], [e for _, e in THREE]).mean)
    row = only(both, admit=["truncated"])
    assert (row["blocked"], row["mean"]) == (0, pool_twins(twin_effects(both, admit=["truncated"])).mean)


def test_gaps_without_an_error_are_shown_and_not_counted() -> None:
    row = only(gaps(*THREE, (None, None)))
    assert (row["gaps"], row["twins"], row["k"]) == (4, 4, 3)


def test_answers_are_counted_once() -> None:
    again = gaps(*THREE, benchmark_id="sums-another-way", overlaps="sums")
    both = pl.concat([gaps(*THREE), again])
    assert only(both) == only(gaps(*THREE))
    assert pooled(both, by=["benchmark_id"])["k"].to_list() == [3, 3]
    assert domain(both).equals(gaps(*THREE))


@pytest.mark.parametrize("lacking", [{"flags": ["dead-metric"]}, {"stderr": None, "log_odds_stderr": None}])
def test_another_reading_counts_where_the_first_cannot(lacking: dict[str, Any]) -> None:
    again = gaps(*THREE, benchmark_id="sums-another-way", overlaps="sums")
    first = gaps(*THREE).with_columns(**{name: pl.lit(value) for name, value in lacking.items()})
    assert only(pl.concat([first.cast(SCHEMA), again]))["k"] == 3
    assert domain(pl.concat([again, gaps(*THREE, source="paper")]), source=None).equals(again)


def test_a_domain_is_chosen_by_its_columns() -> None:
    both = pl.concat([gaps(*THREE), gaps((0.1, 0.1), source="paper")])
    assert domain(both, source="paper", capability="math").height == 1
    assert domain(both, source=None).height == 3
    assert domain(both, capability="coding").is_empty()


def test_twins_held_against_too_few_models_are_not_pooled() -> None:
    shared = gaps(*THREE).with_columns(conventional_id=pl.Series(["c0", "c0", "c1"]))
    row = only(shared)
    assert (row["k"], row["conventional"], row["positive"], row["mean"], row["low"]) == (3, 2, 2, None, None)


@pytest.mark.parametrize(("k", "spread"), [(3, 0.0), (5, 0.3), (14, 0.3)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(k: int, spread: float) -> None:
    """300 worlds: three Monte-Carlo errors about 0.95. The bench counts 4,000."""
    stderrs = np.array([0.04, 0.05, 0.08, 0.15, 0.3])
    found = coverage(stderrs, k, spread, "paule-mandel", 300, np.random.default_rng(11))
    assert 0.912 <= found.covered <= 0.988
