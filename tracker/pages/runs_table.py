"""Runs, failures and what is due, as tables to read and as a file to take away."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from tracker.stats.findings import ORIGINS
from tracker.stats.nights import duration, night_name


def shown(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs as a reader sees them, in the order given."""
    return runs.select(
        model="model_name",
        task="task",
        started="started_at",
        seconds="seconds",
        device="device",
        documents="documents",
        tokens="output_tokens",
        truncated="truncated",
        status="status",
        origin=pl.col("origin").replace_strict(ORIGINS, default=pl.col("origin")),
        run="run_id",
    )


def raw(runs: pl.DataFrame) -> pl.DataFrame:
    """The same runs for other programs, without the folder they lie in on this machine."""
    return runs.drop("folder", "night", strict=False)


def columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "model": text("Model", pinned=True),
        "task": text("Task"),
        "started": st.column_config.DatetimeColumn("Started, UTC", format="D MMM YYYY, HH:mm", timezone="UTC"),
        "seconds": number("Seconds", format="%.1f"),
        "device": text("Device"),
        "documents": number("Documents", format="localized"),
        "tokens": number("Tokens written", format="localized"),
        "truncated": number("Outputs cut off", format="localized", help="How many hit the token limit"),
        "status": text("Status", help="Limited: a trial over some of the documents"),
        "origin": text("Origin"),
        "run": text("Run"),
    }


def due(waiting: pl.DataFrame) -> pl.DataFrame:
    """What is due, with its expected length in words."""
    lengths = pl.Series("expected", [duration(seconds) for seconds in waiting["expected_seconds"].to_list()])
    shown = waiting.select("model_id", "task", "reason", lengths.cast(pl.String), "basis", "refused")
    return shown if waiting["refused"].is_not_null().any() else shown.drop("refused")


def due_columns() -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "model_id": text("Model", pinned=True),
        "task": text("Task"),
        "reason": text("Why"),
        "expected": text("Expected", alignment="right"),
        "basis": text("Judged by"),
        "refused": text("Cannot run because", width="large"),
    }


def report_name(report: Mapping[str, Any]) -> str:
    """Which step or unit a report is about, when, and what became of it."""
    what = f"{report['job']}: {report['unit']}" if report["unit"] else str(report["job"])
    return f"{what}, {report['outcome']}, {night_name(report['started_at'])} UTC"
