"""The capability map and the speed of thinking, as tables to read and as files to take away."""

from typing import Any

import polars as pl
import streamlit as st

from tracker.stats.capabilities import NATURES, UNTRACKED
from tracker.stats.findings import ORIGINS


def shown(rows: pl.DataFrame) -> pl.DataFrame:
    """Every capability with every benchmark as a reader sees it; fractions as percent, other units as they are."""
    factor = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(1.0)
    unit = pl.col("unit").replace({"fraction": "%", "rating": "Elo", "points": "points"}).fill_null("")
    return rows.select(
        capability="name",
        benchmark=pl.col("benchmark_name").fill_null(UNTRACKED),
        unit=unit,
        reasoning=pl.col("reasoning_value") * factor,
        conventional=pl.col("conventional_value") * factor,
        human=pl.col("human") * factor,
        human_source="human_source",
        place=pl.col("place").fill_null("not placed"),
        nature=pl.col("nature").replace(NATURES),
        reasoning_model="reasoning_model_name",
        reasoning_source=_source("reasoning"),
        reasoning_on=pl.col("reasoning_finished_at").dt.date(),
        reasoning_link="reasoning_source_url",
        conventional_model="conventional_model_name",
        conventional_source=_source("conventional"),
        conventional_on=pl.col("conventional_finished_at").dt.date(),
        conventional_link="conventional_source_url",
    )


def _source(kind: str) -> pl.Expr:
    return pl.coalesce(f"{kind}_source", pl.col(f"{kind}_origin").replace(ORIGINS))


def columns() -> dict[str, Any]:
    number, text, day = st.column_config.NumberColumn, st.column_config.TextColumn, st.column_config.DateColumn
    found: dict[str, Any] = {
        "capability": text("Capability", pinned=True),
        "benchmark": text("Benchmark", width=330),
        "unit": text("Unit", width=60),
        "reasoning": number("Best reasoning", format="%.1f"),
        "conventional": number("Best conventional", format="%.1f"),
        "human": number(
            "Human", format="%.1f", width=90, help="A published level of people, from the source beside it"
        ),
        "human_source": text("Human level from", width=200),
        "place": text("Expected", width=95, help="Where the question behind this program expects models that reason"),
        "nature": text("Answers", width=85, help="Checkable, a matter of taste, or both"),
    }
    for kind in ("reasoning", "conventional"):
        found[f"{kind}_model"] = text(f"{kind.capitalize()} model")
        found[f"{kind}_source"] = text("Source")
        found[f"{kind}_on"] = day("Date", format="D MMM YYYY")
        found[f"{kind}_link"] = st.column_config.LinkColumn("Link", display_text="open")
    return found


def raw(rows: pl.DataFrame) -> pl.DataFrame:
    """The map for other programs: ids, scores in the benchmark's unit, times in UTC."""
    return rows.drop("note")


def speed(speeds: pl.DataFrame) -> pl.DataFrame:
    """Tokens a second and an answer, as a reader sees them."""
    note = pl.when("demonstration").then(pl.lit("demonstration, no evidence")).otherwise(pl.lit(""))
    return speeds.select(
        "model_name",
        "kind",
        "device",
        "per_second",
        "per_answer",
        "runs",
        date=pl.col("finished_at").dt.date(),
        note=note,
    )


def speed_columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "model_name": text("Model", pinned=True),
        "kind": text("Kind"),
        "device": text("Device"),
        "per_second": number("Tokens a second", format="%.0f", help="All answers of a batch together"),
        "per_answer": number("Tokens an answer", format="%.1f"),
        "runs": number("Runs"),
        "date": st.column_config.DateColumn("Newest", format="D MMM YYYY"),
        "note": text("Note"),
    }
