"""Gaps as the marks of a forest plot, on whatever scale: which side is ahead, and the columns that are drawn."""

import polars as pl

# Whose colour a mark has; any other standing has none.
MEANINGS = {"ahead": "reasoning", "behind": "conventional"}


def standing() -> pl.Expr:
    """Which model is ahead by the ends of an interval: "ahead" (reasoning), "behind", "open" (it holds zero).

    "unknown" without an interval.
    """
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("low") > 0)
        .then(pl.lit("ahead"))
        .when(pl.col("high") < 0)
        .then(pl.lit("behind"))
        .otherwise(pl.lit("open"))
        .alias("standing")
    )


def marks(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that `tracker.charts.scores.forest` takes.

    Takes what it names alike (label, detail, panel, low, high, text, note, perhaps key and size), shown (the value),
    standing and blocked.
    """
    side = pl.col("standing").replace_strict(MEANINGS, default="unsure")
    return rows.select(
        pl.col("^(key|size)$"),
        "label",
        "detail",
        "panel",
        "low",
        "high",
        "text",
        "note",
        value="shown",
        meaning=pl.when("blocked").then(pl.lit("unsure")).otherwise(side),
        hollow="blocked",
    )
