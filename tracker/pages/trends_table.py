"""The numbers behind the trend, as tables to read and as a file to take away."""

from typing import Any

import polars as pl
import streamlit as st

from tracker.stats.trends import Trends
from tracker.stats.trends_findings import told


def shown(found: Trends, unit: str | None) -> pl.DataFrame:
    """The placed scores as a reader sees them, newest first, fractions as percent."""
    scores = found.scores
    factor = told(unit, scores["ceiling"][0]).factor
    columns = {
        "model": pl.col("model_name"),
        "kind": pl.col("kind"),
        "released": pl.col("released_on"),
        "score": pl.col("value") * factor,
    }
    for end in ("low", "high"):
        if end in scores.columns and scores[end].is_not_null().any():
            columns[end] = pl.col(end) * factor
    columns["best"] = pl.col("frontier")
    if "benchmarks" in scores.columns:
        columns["benchmarks"] = pl.col("benchmarks")
    if "source" in scores.columns:
        columns |= {"source": pl.col("source"), "link": pl.col("source_url"), "date": pl.col("finished_at").dt.date()}
    return scores.sort("released_on", "model_name", descending=[True, False]).select(**columns)


def raw(found: Trends, benchmark_id: str) -> pl.DataFrame:
    """The same scores for other programs: ids, values in the benchmark's unit (fractions in [0, 1]), times in UTC."""
    wanted = ("model_id", "kind", "released_on", "unit", "value", "stderr", "low", "high", "n", "frontier")
    extra = ("benchmarks", "origin", "source", "source_url", "finished_at")
    columns = [name for name in (*wanted, *extra) if name in found.scores.columns]
    return found.scores.select(pl.lit(benchmark_id).alias("benchmark_id"), *columns)


def columns(unit: str | None, ceiling: float | None) -> dict[str, Any]:
    """Names, units and formats of the shown columns."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    after = told(unit, ceiling).after.strip()
    decimals = "%.0f" if unit in ("rating", "minutes") else "%.1f"
    return {
        "model": text("Model", pinned=True),
        "kind": text("Kind"),
        "released": st.column_config.DateColumn("Released", format="D MMM YYYY"),
        "score": number(f"Score, {after}", format=decimals),
        "low": number("95 % from", format=decimals, width=95),
        "high": number("to", format=decimals, width=95),
        "best": st.column_config.CheckboxColumn("Best of its kind", help="When it was released"),
        "benchmarks": number("Benchmarks", help="How many the index of this model rests on"),
        "source": text("Source"),
        "link": st.column_config.LinkColumn("Link", display_text="open"),
        "date": st.column_config.DateColumn("Date", format="D MMM YYYY"),
    }


def rests_on(benchmarks: pl.DataFrame, capabilities: dict[str, str]) -> pl.DataFrame:
    """The benchmarks of the index as a reader sees them, hardest first. `capabilities`: their names by id."""
    return benchmarks.select("benchmark_name", pl.col("capability").replace(capabilities), "difficulty", "models")


def rests_on_columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "benchmark_name": text("Benchmark", pinned=True, width=400),
        "capability": text("Capability", width=190),
        "difficulty": number("Difficulty", format="%.0f", help="A model of this index is expected to score a half"),
        "models": number("Models"),
    }
