"""`python -m jobs export runs`: everything measured, in formats that other programs read. Nobody is locked in."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Engine

from db.queries.exports import table_frame
from db.tables import Base, Benchmark, Metric, Model, Run, Sample, Twin
from jobs.every_eval_ever import document, place
from jobs.exported import put_one, put_with

FORMATS = ("every-eval-ever", "csv", "parquet")
TABLES: dict[str, type[Base]] = {
    "runs": Run,
    "metrics": Metric,
    "samples": Sample,
    "models": Model,
    "benchmarks": Benchmark,
    "twins": Twin,
}
# A cell that begins so is a formula to a spreadsheet: https://owasp.org/www-community/attacks/CSV_Injection.
FORMULA = r"^\s*[=+\-@\t\r]"


def export_runs(engine: Engine, format_: str, out: Path, *, now: datetime) -> dict[str, int]:
    """Write every run to a folder, over what an earlier export left there; rows by table, or files.

    csv and parquet: one file a table, with every column there is; JSON columns are text. In csv, a text that a
    spreadsheet would take for a formula gets an apostrophe before it. every-eval-ever: one file a run, in the folders
    of their collections; single documents are not part of it, because their format asks for texts.
    """
    if format_ == "every-eval-ever":
        return {"files": _every_eval_ever(engine, out, now)}
    frames = {name: table_frame(engine, kind) for name, kind in TABLES.items()}
    for name, frame in frames.items():
        if format_ == "csv":
            safe = frame.with_columns(_harmless(column) for column, kind in frame.schema.items() if kind == pl.String)
            put_with(out / f"{name}.csv", safe.write_csv)
        else:
            put_with(out / f"{name}.parquet", frame.write_parquet)
    return {name: frame.height for name, frame in frames.items()}


def _harmless(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).alias(column)


def _every_eval_ever(engine: Engine, out: Path, now: datetime) -> int:
    benchmarks = {row["id"]: row for row in table_frame(engine, Benchmark).iter_rows(named=True)}
    models = {row["id"]: row for row in table_frame(engine, Model).iter_rows(named=True)}
    metrics: dict[str, list[dict[str, Any]]] = {}
    for row in table_frame(engine, Metric).iter_rows(named=True):
        metrics.setdefault(row["run_id"], []).append(row)
    written = 0
    for row in table_frame(engine, Run).iter_rows(named=True):
        if row["id"] not in metrics:
            continue
        run = row | {key: _table(row[key]) for key in ("settings", "environment")}
        model = models[run["model_id"]]
        said = document(run, model, metrics[run["id"]], benchmarks, now)
        text = json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False)
        put_one(out / place(run, model), text.encode())
        written += 1
    return written


def _table(text: str | None) -> dict[str, Any]:
    held = json.loads(text or "null")
    return held if isinstance(held, dict) else {}
