"""LMArena's published ratings pooled over same-weights twins, where the shipped files lie beside the checkout."""

import math
from pathlib import Path

import polars as pl
import pytest

from tracker.stats.gaps import Score, interval_stderr, unpaired_gap
from tracker.stats.pooling import pool_twins, twin_differences, twin_effects

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PUBLISHED = DATA / "published_pairs.csv"
SNAPSHOTS = DATA / "arena_twins.csv"

pytestmark = pytest.mark.skipif(
    not (PUBLISHED.exists() and SNAPSHOTS.exists()), reason="shared data is not beside this checkout"
)


def gaps(table: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """The unpaired gaps of a table of ratings with 95 % intervals; `names` says which column holds what."""
    rows = []
    for row in table.select(**{ours: pl.col(theirs) for ours, theirs in names.items()}).iter_rows(named=True):
        sides = [
            Score(float(row[side]), interval_stderr(float(row[f"{side}_low"]), float(row[f"{side}_high"])))
            for side in ("reasoning", "conventional")
        ]
        gap = unpaired_gap(*sides, unit="rating")
        rows.append((row["reasoning_id"], row["conventional_id"], gap.value, gap.stderr, "rating", []))
    columns = ["reasoning_id", "conventional_id", "value", "stderr", "unit", "flags"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def arena(category: str) -> pl.DataFrame:
    """The 14 same-weights twins of 2025-12-11 with style control, in Elo."""
    table = pl.read_csv(PUBLISHED, infer_schema_length=0).filter(
        pl.col("benchmark") == f"LMArena text / {category} (style control)",
        pl.col("pair_type") == "same_weights_mode_toggle",
        pl.col("published_date") == "2025-12-11",
    )
    names = {"reasoning_id": "reasoning_model", "conventional_id": "conventional_model"}
    for side, short in (("reasoning", "reas"), ("conventional", "conv")):
        names |= {side: f"{side}_score", f"{side}_low": f"{short}_ci_low", f"{side}_high": f"{short}_ci_high"}
    return gaps(table, names)


def test_the_lmarena_anchor() -> None:
    """The ratings of 2025-12-11, DerSimonian–Laird with Hartung–Knapp, as statistics.md section 3 states them.

    Two of its figures were rounded twice (21.1946 to 21.20, 11.948 to 12.0), so half a digit is not quite enough.
    """
    anchor = {
        "creative_writing": (3.56, -6.86, 13.97),
        "math": (15.65, 5.72, 25.58),
        "coding": (13.15, 5.10, 21.20),
        "full": (2.93, -4.36, 10.22),
    }
    for category, expected in anchor.items():
        pooled = pool_twins(twin_effects(arena(category), scale="value"), method="dersimonian-laird")
        assert pooled.k == 14
        assert [pooled.mean, pooled.low, pooled.high] == pytest.approx(expected, abs=0.0055), category
        assert pooled.predicted_low < 0 < pooled.predicted_high
    for category, expected in {"math": (12.0, 2.2, 21.7), "coding": (10.3, 1.8, 18.8)}.items():
        twins = twin_differences(arena(category), arena("creative_writing"), scale="value")
        pooled = pool_twins(twins, method="dersimonian-laird")
        assert [pooled.mean, pooled.low, pooled.high] == pytest.approx(expected, abs=0.055), category
        assert pooled.predicted_low < 0 < pooled.predicted_high


def test_the_earlier_lmarena_snapshot() -> None:
    """Creative writing on 2025-11-05: +1.9 [−17.5, 21.3] with 6 same-weights twins."""
    table = pl.read_csv(SNAPSHOTS, infer_schema_length=0).filter(
        pl.col("snapshot_on") == "2025-11-05",
        pl.col("category") == "creative_writing",
        pl.col("style_control") == "1",
        pl.col("relation") == "same_weights_mode_toggle",
    )
    names = {"reasoning_id": "reasoning_model", "conventional_id": "conventional_model"}
    for side in ("reasoning", "conventional"):
        names |= {side: f"{side}_rating", f"{side}_low": f"{side}_low", f"{side}_high": f"{side}_high"}
    pooled = pool_twins(twin_effects(gaps(table, names), scale="value"), method="dersimonian-laird")
    assert pooled.k == 6
    assert [pooled.mean, pooled.low, pooled.high] == pytest.approx([1.9, -17.5, 21.3], abs=0.05)


def test_elo_and_log_odds_give_the_same_picture() -> None:
    """The two scales differ by ln(10)/400 and nothing else."""
    ratings = arena("coding")
    factor = math.log(10) / 400
    log_odds = ratings.with_columns(log_odds=pl.col("value") * factor, log_odds_stderr=pl.col("stderr") * factor)
    elo, same = pool_twins(twin_effects(ratings, scale="value")), pool_twins(twin_effects(log_odds))
    assert (same.mean, same.low, same.high) == pytest.approx((elo.mean * factor, elo.low * factor, elo.high * factor))
    assert (same.k, same.positive, same.i2) == pytest.approx((elo.k, elo.positive, elo.i2))
