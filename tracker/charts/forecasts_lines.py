"""Fewer points for a line that has thousands: what the eye could see stays, to the exact value and moment."""

import polars as pl


def thinned(lines: pl.DataFrame, *, bins: int) -> pl.DataFrame:
    """The lines with at most four points a bin of time: its lowest, its highest, its last; a piece's first and last.

    Every point that is kept is one that was there, so no price is invented, and the highest and lowest are never lost,
    as they would be if every so-many-th point were taken. Takes line, piece, at, value; all lines share the bins.
    """
    if lines.is_empty():
        return lines
    numbered = _numbered(lines, bins)
    stretch = ("line", "piece")
    ends = numbered.group_by(*stretch).agg(first=pl.col("_row").first(), last=pl.col("_row").last())
    extremes = numbered.group_by(*stretch, "_bin").agg(
        low=pl.col("_row").get(pl.col("value").arg_min()),
        high=pl.col("_row").get(pl.col("value").arg_max()),
        last=pl.col("_row").last(),
    )
    kept = pl.concat(
        [ends["first"], ends["last"], *(extremes[name] for name in ("low", "high", "last"))], rechunk=True
    ).unique()
    return numbered.filter(pl.col("_row").is_in(kept.to_list())).drop("_row", "_bin")


def latest(lines: pl.DataFrame, *, bins: int) -> pl.DataFrame:
    """One point a line and bin: its last, for the words that are seen when a line is pointed at."""
    if lines.is_empty():
        return lines
    last = _numbered(lines, bins).group_by("line", "piece", "_bin", maintain_order=True).last()
    return last.select(lines.columns)


def _numbered(lines: pl.DataFrame, bins: int) -> pl.DataFrame:
    """With `_row`, the place of each point, and `_bin`, which of so many equal spans of time it is in."""
    moments = pl.col("at").dt.timestamp("us")
    first, last = lines.select(low=moments.min(), high=moments.max()).row(0)
    size = max((last - first) / bins, 1.0)
    place = ((moments - first) / size).floor().clip(0, bins - 1).cast(pl.Int64)
    return lines.with_row_index("_row").with_columns(_bin=place)
