"""What is exported is everything measured, in formats that others can read."""

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from rich.console import Console
from sqlalchemy import Engine

from db.queries.exports import table_frame
from db.store import save_catalog, save_run
from db.tables import Benchmark, Metric, Model, Run, Sample
from jobs.export_runs import export_runs
from jobs.imports import run_import
from tests.bench.imports import rows as row_counts
from tests.lm_eval_files import FIXTURES, NOW, benchmark, catalog
from tests.rows import benchmark as benchmark_row
from tests.rows import metric, run, sample
from tracker.catalog.load import Catalog

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
# What their schema, version 0.3.0, demands of the parts that are written: kinds of values, and what must be there.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "schema_version",
        "evaluation_id",
        "retrieved_timestamp",
        "source_metadata",
        "model_info",
        "eval_library",
        "evaluation_results",
    ],
    "properties": {
        "schema_version": {"const": "0.3.0"},
        "evaluation_id": {"type": "string"},
        "evaluation_timestamp": {"type": "string"},
        "retrieved_timestamp": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
        "source_metadata": {
            "type": "object",
            "required": ["source_type", "source_organization_name", "evaluator_relationship"],
            "properties": {
                "source_name": {"type": "string"},
                "source_type": {"enum": ["documentation", "evaluation_run"]},
                "source_organization_name": {"type": "string", "minLength": 1},
                "evaluator_relationship": {"enum": ["first_party", "third_party", "collaborative", "other"]},
                "additional_details": TEXTS,
            },
        },
        "eval_library": {
            "type": "object",
            "required": ["name", "version"],
            "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
        },
        "model_info": {
            "type": "object",
            "required": ["name", "id", "additional_details"],
            "properties": {
                "name": {"type": "string"},
                "id": {"type": "string", "pattern": "^[^/]+/[^/]+$"},
                "developer": {"type": "string"},
                "additional_details": {
                    **TEXTS,
                    "required": ["deployment_type", "model_availability"],
                    "properties": {
                        "deployment_type": {"enum": ["self_deployed", "externally_managed", "unknown"]},
                        "model_availability": {"enum": ["open_weights", "closed_weights", "unknown"]},
                    },
                },
            },
        },
        "evaluation_results": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["evaluation_name", "source_data", "metric_config", "score_details"],
                "properties": {
                    "source_data": {
                        "type": "object",
                        "required": ["dataset_name", "source_type"],
                        "properties": {"source_type": {"const": "other"}},
                    },
                    "metric_config": {
                        "type": "object",
                        "required": ["lower_is_better", "score_type", "min_score", "max_score"],
                        "properties": {
                            "lower_is_better": {"type": "boolean"},
                            "score_type": {"enum": ["binary", "continuous", "levels"]},
                            "min_score": {"oneOf": [{"type": "number"}, {"const": "-Infinity"}]},
                            "max_score": {"oneOf": [{"type": "number"}, {"const": "Infinity"}]},
                            "additional_details": TEXTS,
                        },
                    },
                    "score_details": {
                        "type": "object",
                        "required": ["score"],
                        "properties": {
                            "score": {"type": "number"},
                            "uncertainty": {
                                "type": "object",
                                "properties": {
                                    "standard_error": {"required": ["value"]},
                                    "num_samples": {"type": "integer"},
                                },
                            },
                        },
                    },
                    "generation_config": {
                        "type": "object",
                        "properties": {
                            "generation_args": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {
                                    "temperature": {"type": "number"},
                                    "top_p": {"type": "number"},
                                    "top_k": {"type": "number"},
                                    "max_tokens": {"type": "integer", "minimum": 1},
                                },
                            },
                            "additional_details": TEXTS,
                        },
                    },
                },
            },
        },
    },
}
PLACE = r"^data/[\w.+-]+/[\w.+-]+/[\w.+-]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json$"


@pytest.fixture
def stored(engine: Engine, tmp_path: Path) -> Engine:
    """Everything that the fixtures hold, and one run made here whose task two benchmarks measure."""
    using: Catalog = catalog(benchmark("additions", "adding", filter="flexible-extract"))
    save_catalog(engine, *using.rows())
    run_import(engine, tmp_path / "data", using, [FIXTURES], console=Console(quiet=True), now=lambda: NOW)
    two = [benchmark_row("sure", task="both"), benchmark_row("fresh", task="both", metric="freshness", unit="points")]
    both = [
        metric("local/1", one.id, name=name, value=value)
        for one in two
        for name, value in (("exact_match", 0.5), ("freshness", 3.0))
    ]
    save_catalog(engine, [Model(id="direct", name="Direct", kind="conventional", lab="A Lab")], [], two)
    save_run(engine, run("local/1", "direct"), both, [sample("local/1", benchmark_id="sure")])
    return engine


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_tables_hold_every_row_and_column(stored: Engine, tmp_path: Path, format_: str) -> None:
    counts = export_runs(stored, format_, tmp_path / "out", now=NOW)
    there = row_counts(stored)
    assert {name.removesuffix("s"): count for name, count in counts.items() if name != "twins"} == there
    for name, kind in (("runs", Run), ("metrics", Metric), ("samples", Sample), ("benchmarks", Benchmark)):
        path = tmp_path / "out" / f"{name}.{format_}"
        frame = pl.read_parquet(path) if format_ == "parquet" else pl.read_csv(path, infer_schema_length=None)
        assert frame.columns == [column.name for column in kind.__table__.columns]
        assert frame.height == counts[name]


def test_parquet_is_the_database_value_for_value(stored: Engine, tmp_path: Path) -> None:
    export_runs(stored, "parquet", tmp_path, now=NOW)
    for name, kind in (("runs", Run), ("metrics", Metric), ("samples", Sample)):
        assert pl.read_parquet(tmp_path / f"{name}.parquet").equals(table_frame(stored, kind))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r"])
def test_no_cell_of_a_csv_is_a_formula(engine: Engine, tmp_path: Path, start: str) -> None:
    name = f"{start}cmd|' /C calc'!A0"
    save_catalog(engine, [Model(id="direct", name=name, kind="conventional")], [], [])
    export_runs(engine, "csv", tmp_path, now=NOW)
    with (tmp_path / "models.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["name"] == "'" + name


def test_numbers_below_zero_stay_numbers(engine: Engine, tmp_path: Path) -> None:
    save_catalog(engine, [Model(id="direct", name="Direct", kind="conventional")], [], [benchmark_row()])
    save_run(engine, run(), [metric(value=-0.25)], [])
    export_runs(engine, "csv", tmp_path, now=NOW)
    assert pl.read_csv(tmp_path / "metrics.csv")["value"].to_list() == [-0.25]


def documents(stored: Engine, out: Path) -> dict[str, dict[str, Any]]:
    """Each written file, by the run it is of."""
    counts = export_runs(stored, "every-eval-ever", out, now=NOW)
    written = [(path, json.loads(path.read_text())) for path in sorted(out.rglob("*.json"))]
    assert counts == {"files": len(written)}
    for path, said in written:
        jsonschema.validate(said, SCHEMA)
        jsonschema.validate(path.relative_to(out).as_posix(), {"type": "string", "pattern": PLACE})
    return {said["source_metadata"]["additional_details"]["run_id"]: said for _, said in written}


def test_every_eval_ever_holds_one_valid_file_a_run(stored: Engine, tmp_path: Path) -> None:
    said = documents(stored, tmp_path / "out")
    assert len(said) == row_counts(stored)["run"]
    names = sorted(path.name for path in (tmp_path / "out").rglob("*.json"))
    documents(stored, tmp_path / "again")
    assert names == sorted(path.name for path in (tmp_path / "again").rglob("*.json"))


def test_a_metric_that_two_benchmarks_share_is_one_result_in_its_own_unit(stored: Engine, tmp_path: Path) -> None:
    results = documents(stored, tmp_path)["local/1"]["evaluation_results"]
    found = {one["metric_config"]["metric_name"]: one for one in results}
    assert len(results) == 2
    exact, fresh = found["exact_match"]["metric_config"], found["freshness"]["metric_config"]
    assert (exact["metric_unit"], exact["min_score"], exact["max_score"]) == ("proportion", 0, 1)
    assert found["exact_match"]["score_details"] == {
        "score": 0.5,
        "uncertainty": {"standard_error": {"value": 0.05}, "num_samples": 100},
    }
    assert fresh["max_score"] == "Infinity"


def test_what_was_said_of_a_run_goes_with_it(stored: Engine, tmp_path: Path) -> None:
    said = documents(stored, tmp_path)
    thinking = next(one for one in said.values() if one["model_info"]["name"].startswith("Tiny-1b-thinking"))
    assert thinking["model_info"]["id"] == "made-up/Tiny-1b-thinking"
    assert thinking["eval_library"] == {"name": "lm_eval", "version": "0.4.12.dev0"}
    config = thinking["evaluation_results"][0]["generation_config"]
    assert config["generation_args"] == {"temperature": 0.6, "max_tokens": 4096}
    assert config["additional_details"]["limit"] == "8"
    stories = next(one for run_id, one in said.items() if run_id.endswith("0-shot-default-limit"))
    lower = {
        one["metric_config"]["metric_name"]: one["metric_config"]["lower_is_better"]
        for one in stories["evaluation_results"]
    }
    assert lower == {"bleu": False, "perplexity": True}


def test_an_export_over_an_older_one_replaces_it(stored: Engine, tmp_path: Path) -> None:
    export_runs(stored, "csv", tmp_path, now=NOW)
    before = (tmp_path / "runs.csv").read_bytes()
    export_runs(stored, "csv", tmp_path, now=NOW)
    assert (tmp_path / "runs.csv").read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))
