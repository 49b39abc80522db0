"""The rows of the evidence's pictures: pooled domains, and the gaps of one domain, each with its place and words."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from tracker.stats.evidence_domains import NATURES, domain_key, odds_text
from tracker.stats.evidence_findings import GRADED, joined
from tracker.stats.findings import UNITS, Z, gap_text, reasons, with_intervals
from tracker.stats.forest import MEANINGS, marks, standing
from tracker.stats.pooling import STDERR_OF, TWIN, Scale, blocked, twin_effects

SMALLEST, LARGEST = 70.0, 210.0


def pooled_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows for `tracker.charts.evidence.pooled_gaps` of a frame of `evidence_domains.domains`.

    Panels name how it was graded only where several gradings stand together; then what could not be pooled has a row
    only where its grading has no other.
    """
    if rows["grading"].n_unique() > 1:
        loose = pl.col("standing") == "unpooled"
        rows = rows.filter(~loose | loose.all().over("grading"))
    several = rows["grading"].n_unique() > 1
    scale = pl.when(pl.col("mean").is_not_null()).then("scale").otherwise(pl.lit("none"))
    notes = [_note(row) for row in rows.iter_rows(named=True)]
    panel = pl.col("nature").replace_strict(
        {k: v[0].upper() + v[1:] for k, v in NATURES.items()}, default="Not catalogued"
    )
    if several:
        graded = pl.col("grading").replace_strict(GRADED, default="Not catalogued")
        only = pl.col("nature").n_unique().over("grading") == 1
        panel = (
            pl.when(only | (pl.col("grading") == "verifiable"))
            .then(graded)
            .otherwise(pl.format("{}, {}", graded, pl.col("nature").replace_strict(NATURES, default="not catalogued")))
        )
    return rows.select(
        key=domain_key(),
        label="name",
        detail=pl.lit(""),
        panel=panel,
        scale=scale,
        value="mean",
        low="low",
        high="high",
        text="text",
        meaning=pl.col("standing").replace_strict(MEANINGS, default="unsure"),
        note=pl.Series(notes, dtype=pl.String),
    )


def _note(row: Mapping[str, Any]) -> str:
    if row["standing"] == "unpooled":
        return f"{row['gaps']} gaps of {row['twins']} twins; {row['k']} have a standard error and are trusted"
    low, high = row["predicted_low"], row["predicted_high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    spread = (
        f"{low:+.0f} to {high:+.0f} Elo"
        if row["scale"] == "value"
        else f"×{math.exp(low):.2g} to ×{math.exp(high):.2g}"
    ).replace("-", "−")
    return f"{row['k']} twins, {row['positive']} of them up; a new twin: {spread}"


def gap_rows(
    gaps: pl.DataFrame, row: Mapping[str, Any] | None, *, admit: Collection[str] = ()
) -> tuple[pl.DataFrame, str]:
    """Rows for `tracker.charts.scores.forest` of the gaps in one unit, largest first, and the scale they are in.

    `row` is the domain's of `evidence_domains.domains`; pooled in log-odds, fractions are drawn so too. `size` is a
    square's area, larger for a gap that weighs more (1/(stderr² + τ²)). The scale: "odds" or the name of the unit.
    """
    odds = row is not None and row["scale"] == "log_odds" and row["mean"] is not None
    shown = with_intervals(gaps).with_columns(pl.Series("key", gap_keys(gaps), dtype=pl.String), blocked=blocked(admit))
    if odds:
        shown = _in_odds(shown.filter(pl.col("log_odds").is_not_null()))
    unit = UNITS.get(gaps["unit"][0], "") if gaps.height else ""
    factor, after = (100.0, " %") if gaps.height and gaps["unit"][0] == "fraction" else (1.0, "")
    several = gaps["benchmark_id"].n_unique() > 1
    notes = [_gap_note(one, factor, after) for one in shown.iter_rows(named=True)]
    rows = shown.with_columns(
        note=pl.Series(notes, dtype=pl.String),
        label=_pair(gaps),
        detail=pl.col("benchmark_name") if several else pl.lit(""),
        size=_size(pl.col("log_odds_stderr" if odds else "stderr"), row),
    )
    return _largest_first(rows), "odds" if odds else unit


def twin_rows(gaps: pl.DataFrame, row: Mapping[str, Any], *, admit: Collection[str] = ()) -> pl.DataFrame:
    """Rows for `forest` of what is pooled: one a twin, its gaps combined; distrusted gaps follow, hollow, one by one.

    On the scale of `row`. The key is that of the twin's surest gap.
    """
    scale: Scale = "log_odds" if row["scale"] == "log_odds" else "value"
    error = STDERR_OF[scale]
    effects = twin_effects(gaps, scale=scale, admit=admit).rename({"value": "shown", "gaps": "count"})
    named = (
        gaps.with_columns(pl.Series("key", gap_keys(gaps), dtype=pl.String), label=_pair(gaps))
        .filter(~blocked(admit), pl.col(error) > 0)
        .sort(error, "key")
        .group_by(TWIN, maintain_order=True)
        .agg(pl.first("key", "label", "conventional_name", "benchmark_name", "flags"))
    )
    rows = effects.join(named, on=TWIN).with_columns(
        low=pl.col("shown") - Z * pl.col("stderr"), high=pl.col("shown") + Z * pl.col("stderr"), blocked=pl.lit(False)
    )
    written = odds_text if scale == "log_odds" else gap_text
    texts = [written(*ends) for ends in rows.select("shown", "low", "high").iter_rows()]
    notes = [
        f"{'Against ' + one['conventional_name']}, "
        + (f"{one['count']} benchmarks together" if one["count"] > 1 else one["benchmark_name"])
        + "".join(f". {reason}" for reason in [reasons(one["flags"] or [])] if reason)
        for one in rows.iter_rows(named=True)
    ]
    several = (rows["count"] > 1).any()
    count = pl.when(pl.col("count") > 1).then(pl.format("{} benchmarks", "count")).otherwise("benchmark_name")
    rows = rows.with_columns(
        standing(),
        pl.Series("text", texts, dtype=pl.String),
        pl.Series("note", notes, dtype=pl.String),
        detail=count if several else pl.lit(""),
        size=_size(pl.col("stderr"), row),
    )
    distrusted, _ = gap_rows(gaps, row, admit=admit)
    distrusted = distrusted.filter("hollow")
    return pl.concat([_largest_first(rows), distrusted])


def _largest_first(rows: pl.DataFrame) -> pl.DataFrame:
    return marks(rows.with_columns(panel=pl.lit("")).sort("shown", "label", "key", descending=[True, False, False]))


def _in_odds(shown: pl.DataFrame) -> pl.DataFrame:
    spread = pl.when(pl.col("log_odds_stderr") > 0).then(pl.col("log_odds_stderr") * Z)
    shown = shown.with_columns(
        shown=pl.col("log_odds"), low=pl.col("log_odds") - spread, high=pl.col("log_odds") + spread
    )
    texts = [odds_text(*ends) for ends in shown.select("shown", "low", "high").iter_rows()]
    return shown.with_columns(standing(), pl.Series("text", texts, dtype=pl.String))


def _size(error: pl.Expr, row: Mapping[str, Any] | None) -> pl.Expr:
    tau2 = row["tau2"] if row is not None and isinstance(row["tau2"], float) else 0.0
    weight = pl.when(error > 0).then(1 / (error**2 + tau2))
    return SMALLEST + (LARGEST - SMALLEST) * (weight / weight.max()).fill_null(0.0)


def _pair(gaps: pl.DataFrame) -> pl.Expr:
    """The reasoning model's name, with its twin's where it has several."""
    pairs = gaps.select("reasoning_id", "conventional_id").unique()["reasoning_id"]
    return (
        pl.format("{} − {}", "reasoning_name", "conventional_name")
        if pairs.is_duplicated().any()
        else pl.col("reasoning_name")
    )


def gap_keys(gaps: pl.DataFrame) -> list[str]:
    """The name of every gap: a number at the end tells apart what is otherwise called the same."""
    names = gaps.select(gap_key()).to_series().to_list()
    seen: dict[str, int] = {}
    keys = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        keys.append(name if seen[name] == 1 else f"{name}, {seen[name]}")
    return keys


def gap_key() -> pl.Expr:
    """What names a gap to a reader and in an address: benchmark, both models, and where it is from."""
    return pl.format(
        "{}: {} − {} ({})",
        "benchmark_name",
        "reasoning_name",
        "conventional_name",
        pl.coalesce("source", "origin"),
    ).alias("key")


def ends(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """The largest and the smallest rows, `most` in all."""
    ordered = rows.sort("value", descending=True, maintain_order=True)
    return pl.concat([ordered.head(most - most // 2), ordered.tail(most // 2)])


def axis(rows: pl.DataFrame, relation: str | None, *, short: bool) -> str:
    """What the numbers of the last scale of the pooled picture are."""
    drawn = rows.filter(pl.col("value").is_not_null())
    last = drawn["scale"][-1] if drawn.height else "value"
    if short:
        return "Elo points" if last == "value" else "Odds"
    on, off = ("thinking on", "thinking off") if relation == "same-weights" else ("reasoning", "conventional")
    return f"Elo points, {on} − {off}" if last == "value" else f"Odds, {on} ÷ {off}"


def pair_axis(scale: str, relation: str | None, grading: str, *, short: bool) -> str:
    """What the numbers of a forest plot are, and which side of zero is whose."""
    on, off = ("thinking on", "thinking off") if relation == "same-weights" else ("reasoning", "conventional")
    if scale == "odds":
        return (
            "Odds" if short else f"Odds of {'a right answer' if grading == 'verifiable' else 'winning'}, {on} ÷ {off}"
        )
    unit = scale[:1].upper() + scale[1:]
    return unit if short else f"{unit}: right of zero {on} is ahead, left of it {off}"


def _gap_note(row: Mapping[str, Any], factor: float, after: str) -> str:
    one, other = (float(str(row[name])) * factor for name in ("reasoning_value", "conventional_value"))
    documents = f"; {row['n']:,} documents" if isinstance(row["n"], int) else ""
    reason = f". {row['reason']}" if row["reason"] else ""
    return f"{one:.1f}{after} against {other:.1f}{after} of {row['conventional_name']}{documents}{reason}"


def twins_title(rows: pl.DataFrame, name: str, relation: str | None) -> str:
    """What a forest plot of twins shows, counted: who is told apart, and who is not."""
    sure = rows.filter(~pl.col("hollow"), pl.col("low").is_not_null())
    up, down = (int((sure["meaning"] == side).sum()) for side in ("reasoning", "conventional"))
    if sure.is_empty():
        return f"{name}: {rows.height} gaps, none with an interval"
    how = "thinking helps" if relation == "same-weights" else "reasoning is ahead"
    other = "hurts" if relation == "same-weights" else "is behind"
    rest = sure.height - up - down
    parts = [
        f"{how} in {up}" if up else "",
        f"{other if up else how.split()[0] + ' ' + other} in {down}" if down else "",
    ]
    told = joined([part for part in parts if part])
    if not told:
        return f"{name}: none of {sure.height} gaps is told apart from nothing"
    last = f"; {rest} {'is' if rest == 1 else 'are'} not told apart from nothing" if rest else ""
    return f"{name}: {told} of {sure.height}{last}"


def twins_reading(rows: pl.DataFrame, scale: str, relation: str | None, pooled: bool) -> str:
    """How to read it; names only what is drawn."""
    what = "thinking on against off, same weights" if relation == "same-weights" else "reasoning against conventional"
    parts = [f"Each line: one pair of models, {what}.", "Square: gap, larger is surer; line: 95 % interval."]
    if pooled:
        parts.append("Violet: pooled, with its interval.")
    if rows["hollow"].any():
        parts.append("Hollow: distrusted, not counted.")
    if rows["low"].is_null().any():
        parts.append("Diamond: no interval, not counted.")
    if (rows["meaning"] == "conventional").any():
        parts.append("Orange: the conventional model is ahead.")
    if scale == "odds":
        parts.append("×2: the odds are doubled.")
    return " ".join(parts)
