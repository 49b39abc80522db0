"""The pooled gaps as one row per domain, and which gaps stand behind a row.

A domain is a capability; one row holds what was graded in one way. A domain that cannot be pooled is counted, and
never given a number.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from tracker.stats.evidence import FEWEST_CONVENTIONAL, SCALES, once, pooled
from tracker.stats.findings import gap_text
from tracker.stats.pooling import FEWEST_TWINS, TWIN, Method
from tracker.stats.pooling import blocked as blocked

ROW = ("capability", "nature", "grading")
# What pooling looks at; of many gaps the rest is a burden.
NUMBERS = ("value", "stderr", "log_odds", "log_odds_stderr")
NEEDED = (*ROW, *TWIN, "benchmark_id", "overlaps", "unit", "source", "flags", "demonstration", *NUMBERS)
# Votes are the reference that everything else is held against.
GRADINGS = ("voted", "verifiable", "judged", "proxy")
NATURES = {"checkable": "answers can be checked", "mixed": "some of both", "taste": "taste decides"}


def domains(
    gaps: pl.DataFrame, names: Mapping[str, str], *, method: Method = "paule-mandel", admit: Collection[str] = ()
) -> pl.DataFrame:
    """One row per capability and grading, the surest natures first: the columns of `evidence.pooled` and

    name        the capability's, from `names` by id
    up, counted how many of the gaps that are not blocked are above 0, and of how many (gaps, each answer once)
    standing    "ahead", "behind", "open" (the interval holds zero), "unpooled"
    text        "+16 [6, 26]" in Elo; "×4.4 [3.5, 5.6]" in odds; how many gaps are up where nothing could be pooled

    Gaps of one capability and grading in several units stay apart; those that cannot be pooled are one row together,
    and only where none can.
    """
    gaps = gaps.select(*NEEDED)
    kept = once(gaps, admit=admit).with_columns(blocked=blocked(admit))
    counts = (
        kept.filter(~pl.col("blocked"))
        .group_by(ROW)
        .agg(counted=pl.len().cast(pl.Int64), up=(pl.col("value") > 0).sum().cast(pl.Int64))
    )
    rows = pooled(gaps, ROW, method=method, admit=admit).with_columns(
        standing=pl.when(pl.col("mean").is_null())
        .then(pl.lit("unpooled"))
        .when(pl.col("low") > 0)
        .then(pl.lit("ahead"))
        .when(pl.col("high") < 0)
        .then(pl.lit("behind"))
        .otherwise(pl.lit("open"))
    )
    any_pooled = (pl.col("standing") != "unpooled").any().over(ROW)
    first = pl.int_range(pl.len()).over(ROW) == 0
    rows = rows.filter(pl.when(any_pooled).then(pl.col("standing") != "unpooled").otherwise(first))
    rows = rows.join(counts, on=ROW, how="left", nulls_equal=True).with_columns(pl.col("counted", "up").fill_null(0))
    texts = [_text(row) for row in rows.iter_rows(named=True)]
    places = {"grading": list(GRADINGS), "nature": list(NATURES)}
    order = [
        pl.col(column).replace_strict({key: place for place, key in enumerate(keys)}, default=len(keys))
        for column, keys in places.items()
    ]
    return (
        rows.with_columns(
            pl.Series("text", texts, dtype=pl.String),
            name=pl.col("capability").replace(dict(names)).fill_null("Not catalogued"),
        )
        .with_columns(_one=order[0], _two=order[1], _loose=pl.col("mean").is_null())
        .sort("_one", "_loose", "_two", "mean", "name", descending=[False, False, False, True, False])
        .drop("_one", "_two", "_loose")
    )


def poolable(gaps: pl.DataFrame) -> bool:
    """Whether any row of `domains` would have a pooled gap, found without pooling."""
    sound = gaps.filter(~blocked(), pl.col("unit").is_in(list(SCALES)), pl.col("stderr") > 0)
    counts = sound.group_by(*ROW, "unit").agg(
        twins=pl.struct(TWIN).n_unique(), conventional=pl.col("conventional_id").n_unique()
    )
    return counts.filter(pl.col("twins") >= FEWEST_TWINS, pl.col("conventional") >= FEWEST_CONVENTIONAL).height > 0


def domain_key() -> pl.Expr:
    """What tells one row of `domains` from the others."""
    return pl.concat_str(pl.col("capability", "grading", "unit").fill_null("-"), separator="/").alias("key")


def times(factor: float) -> str:
    """A factor as it is written: "4.4", "12", "0.73"; an end that is not 1 never reads 1."""
    decimals = 0 if factor >= 9.95 else 1 if factor >= 1.95 else 2
    while decimals < 4 and factor != 1 and float(f"{factor:.{decimals}f}") == 1:
        decimals += 1
    return f"{factor:.{decimals}f}"


def odds_text(value: float, low: float | None, high: float | None) -> str:
    """A gap in log-odds as odds: "×4.4 [3.5, 5.6]"."""
    ends = "not known" if low is None or high is None else f"{times(math.exp(low))}, {times(math.exp(high))}"
    return f"×{times(math.exp(value))} [{ends}]"


def _text(row: Mapping[str, Any]) -> str:
    mean, low, high = row["mean"], row["low"], row["high"]
    if not isinstance(mean, float) or not isinstance(low, float) or not isinstance(high, float):
        counted = row["counted"]
        return f"{row['up']} of {counted} up, not pooled" if counted else "none counted"
    return gap_text(mean, low, high) if row["scale"] == "value" else odds_text(mean, low, high)


def of_domain(gaps: pl.DataFrame, row: Mapping[str, Any]) -> pl.DataFrame:
    """The gaps of a row of `domains`, in its unit where it is pooled, else in the unit that most of them have."""
    own = gaps.filter(*(pl.col(name).eq_missing(row[name]) for name in ROW))
    units = own["unit"].value_counts().sort("count", "unit", descending=[True, False])["unit"].to_list()
    unit = row["unit"] if row["mean"] is not None or not units else units[0]
    return own.filter(pl.col("unit").eq_missing(unit))


def key_of(row: Mapping[str, Any]) -> str:
    """The `domain_key` of one row."""
    return "/".join(str(row[name]) if row[name] is not None else "-" for name in ("capability", "grading", "unit"))
