"""The numbers behind the scores picture, as a table to read and as a file to take away."""

from typing import Any

import polars as pl
import streamlit as st

from tracker.pages import provenance, words
from tracker.stats.findings import ORIGINS, RELATIONS

MOST_ROWS, SHORT_TABLE = 1000, 14


def show(gaps: pl.DataFrame, keys: list[str], unit: str) -> None:
    """The table; a chosen row is the gap whose origin is shown. `keys` names the gaps, in their order."""
    table = shown(gaps.with_columns(pl.Series("key", keys, dtype=pl.String)))
    several = table["pair"].n_unique() > 1
    if several:
        table = table.select("pair", pl.exclude("pair"))
    if table.height > MOST_ROWS:
        words.quiet(f"The {MOST_ROWS:,} largest of {table.height:,} gaps; the CSV above holds all of them.")
        table = table.head(MOST_ROWS)

    def chosen() -> None:
        places = st.session_state["numbers"]["selection"]["rows"]
        if places:
            provenance.choose(table["key"][places[0]])

    st.dataframe(
        table.drop("key"),
        hide_index=True,
        column_config=columns(unit, pairs=several),
        height="content" if table.height <= SHORT_TABLE else "auto",
        placeholder="not known",
        key="numbers",
        on_select=chosen,
        selection_mode="single-row",
    )


def pooled(rows: pl.DataFrame) -> pl.DataFrame:
    """The pooled gaps for other programs: in Elo or log-odds (`scale`), with intervals, spread and counts."""
    return rows.drop("name", "text", "standing", "demonstration")


def shown(gaps: pl.DataFrame) -> pl.DataFrame:
    """The gaps of `with_intervals` as a reader sees them, fractions as percent."""
    scale = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(1.0)
    return gaps.sort("shown", descending=True).select(
        benchmark="benchmark_name",
        gap="shown",
        low="low",
        high="high",
        reasoning=pl.col("reasoning_value") * scale,
        conventional=pl.col("conventional_value") * scale,
        n="n",
        paired="paired",
        flags=pl.col("flags").list.join(", "),
        pair=pl.format("{} − {}", "reasoning_name", "conventional_name"),
        relation=pl.col("relation").replace_strict(RELATIONS, default=pl.col("relation")),
        origin=pl.col("origin").replace_strict(ORIGINS, default=pl.col("origin")),
        source=pl.coalesce("source", pl.lit("")),
        link="source_url",
        date=pl.col("finished_at").dt.date(),
        key="key",
    )


def raw(gaps: pl.DataFrame) -> pl.DataFrame:
    """The same gaps for other programs: ids, values in the benchmark's unit (fractions in [0, 1]), times in UTC."""
    scale = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(1.0)
    return gaps.select(
        "benchmark_id",
        "reasoning_id",
        "conventional_id",
        "relation",
        "grading",
        "capability",
        "unit",
        "reasoning_value",
        "conventional_value",
        "value",
        "stderr",
        low=pl.col("low") / scale,
        high=pl.col("high") / scale,
        level=pl.lit(0.95),
        n="n",
        paired="paired",
        flags="flags",
        origin="origin",
        source="source",
        source_url="source_url",
        reasoning_run_id="reasoning_run_id",
        conventional_run_id="conventional_run_id",
        log_odds="log_odds",
        log_odds_stderr="log_odds_stderr",
        finished_at="finished_at",
        demonstration="demonstration",
    )


def columns(unit: str, *, pairs: bool = False) -> dict[str, Any]:
    """Names, units and formats of the shown columns."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    score = "%" if unit == "points of percent" else unit
    points = "points" if unit == "points of percent" else unit
    return {
        "benchmark": text("Benchmark", pinned=not pairs),
        "pair": text("Pair of models", width=290, pinned=pairs),
        "relation": text("Relation"),
        "reasoning": number(f"Reasoning, {score}", format="%.1f"),
        "conventional": number(f"Conventional, {score}", format="%.1f"),
        "gap": number(f"Gap, {points}", format="%.1f"),
        "low": number("95 % from", format="%.1f", width=95),
        "high": number("to", format="%.1f", width=95),
        "n": number("Documents", format="localized", help="Shared documents where paired, else the smaller count"),
        "paired": st.column_config.CheckboxColumn("Paired"),
        "flags": text("Flags", width="medium", help="Named reasons to distrust the gap"),
        "origin": text("Origin"),
        "source": text("Source"),
        "link": st.column_config.LinkColumn("Link", display_text="open"),
        "date": st.column_config.DateColumn("Date", format="D MMM YYYY"),
    }
