"""`python -m jobs export json`: as the schema beside its document says, for whatever is stored."""

import json
from pathlib import Path
from typing import Any

import joined
import jsonschema
import pytest
import seeded_questions
from joined import MISSION, RULES
from sqlalchemy import Engine
from typer.testing import CliRunner

import jobs.__main__ as program
from db.engine import open_engine
from jobs.export_json import ESTIMATE, SCHEMA, export_json

DOCS = Path(__file__).resolve().parents[1] / "docs"
DESCRIBED = json.loads((DOCS / "export-json.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    joined.copy_to(found / "tracker.db")
    return found


def checked(body: bytes) -> dict[str, Any]:
    """What the file holds, once it is what the schema says: with formats checked, and nothing beyond it."""
    document: dict[str, Any] = json.loads(body)
    jsonschema.Draft202012Validator.check_schema(DESCRIBED)
    validator = jsonschema.Draft202012Validator(DESCRIBED, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(document)] == []
    return document


def test_the_file_is_as_its_schema_says(folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        program.app,
        ["export", "json", "--out", str(tmp_path / "deep" / "q.json")],
        env={"TRACKER_DATA_DIR": str(folder), "COLUMNS": "200"},
    )
    assert done.exit_code == 0, done.output
    document = checked((tmp_path / "deep" / "q.json").read_bytes())
    assert document["schema"] == SCHEMA
    question = next(one for one in document["questions"] if one["id"] == MISSION)
    assert [rule["id"] for rule in question["what_would_decide_it"]] == ["votes", "judges", "as-clearly-as-coding"]
    assert {one["forecaster"] for one in question["standing"]} >= {"manifold", "tracker"}
    live = next(one for one in question["estimates"] if one["headline"] and not one["backtest"])
    assert live["verdict"] == "no"
    assert live["statistic"]["k"] == 14
    assert live["low"] <= live["p_yes"] <= live["high"]
    silent = [one for one in question["estimates"] if one["verdict"] == "too-little"]
    assert silent
    assert all(one["statistic"]["value"] is None for one in silent)


@pytest.mark.parametrize("filled", [False, True])
def test_any_database_gives_what_the_schema_says(sqlite_engine: Engine, filled: bool) -> None:
    if filled:
        seeded_questions.fill(sqlite_engine)
    document = checked(export_json(sqlite_engine, RULES))
    assert bool(document["questions"]) == filled


def test_the_same_data_gives_the_same_bytes(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    assert export_json(engine, RULES) == export_json(engine, RULES)
    engine.dispose()


def test_the_schema_names_every_key_and_the_document_explains_it() -> None:
    described = DESCRIBED["$defs"]["estimate"]["properties"]
    assert list(described) == list(ESTIMATE)
    text = (DOCS / "export-json.md").read_text("utf-8")
    for part in ("question", "estimate", "forecast", "rule", "topic"):
        for name in DESCRIBED["$defs"][part]["properties"]:
            assert f"`{name}`" in text, (part, name)


def test_the_schema_refuses_what_is_not_so() -> None:
    body = {"schema": SCHEMA, "topics": [], "questions": [{"id": "x"}]}
    validator = jsonschema.Draft202012Validator(DESCRIBED)
    assert list(validator.iter_errors(body))
    assert list(validator.iter_errors({"schema": "other", "topics": [], "questions": []}))
