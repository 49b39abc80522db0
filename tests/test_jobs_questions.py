"""The catalogue's questions reach the database with every night, and are the same however often they are saved."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine

from db.queries.forecasts import forecasts
from db.queries.questions import questions, topics
from db.store import save_catalog
from jobs.evidence import update_evidence
from jobs.questions import save_questions
from tracker.catalog.checked import CatalogError
from tracker.catalog.load import load_catalog
from tracker.settings import EMBEDDED_CATALOG, Settings

WRITING = "manifold:will-large-reasoning-models-signifi"


def test_the_shipped_questions_are_saved_once(engine: Engine) -> None:
    first = save_questions(engine, EMBEDDED_CATALOG)
    assert first == {"topics": 5, "questions": 5, "on_record": 1, "added": 11, "changed": 0, "removed": 0}
    before = questions(engine), forecasts(engine)
    assert save_questions(engine, EMBEDDED_CATALOG) == {**first, "added": 0}
    assert (questions(engine).equals(before[0]), forecasts(engine).equals(before[1])) == (True, True)
    assert topics(engine).height == 5
    assert set(questions(engine)["tracked"]) == {True}
    [said] = forecasts(engine).to_dicts()
    assert (said["forecaster"], said["kind"], said["probability"]) == ("CDBiddulph", "person", 0.65)
    assert (said["at"], said["recorded_at"]) == (datetime(2025, 3, 31, tzinfo=UTC), None)


def test_a_catalogue_of_ones_own_without_questions_gets_the_shipped_ones(engine: Engine, tmp_path: Path) -> None:
    assert save_questions(engine, tmp_path)["questions"] == 5
    (tmp_path / "questions.toml").write_text("", encoding="utf-8")
    assert save_questions(engine, tmp_path) == {
        "topics": 0,
        "questions": 0,
        "on_record": 0,
        "added": 0,
        "changed": 5,
        "removed": 5,
    }
    assert set(questions(engine)["tracked"]) == {False}
    assert WRITING in questions(engine)["question_id"].to_list()
    assert forecasts(engine).height == 1


def test_a_broken_file_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    save_questions(engine, EMBEDDED_CATALOG)
    before = questions(engine)
    (tmp_path / "questions.toml").write_text('[[question]]\nown = "x"', encoding="utf-8")
    with pytest.raises(CatalogError, match="title is missing"):
        save_questions(engine, tmp_path)
    assert questions(engine).equals(before)


def test_the_name_of_the_forecaster_is_a_setting() -> None:
    assert Settings.from_environment({"TRACKER_FORECASTER": "Ada"}).forecaster == "Ada"
    assert Settings.from_environment({"TRACKER_FORECASTER": ""}).forecaster is None
    assert Settings.from_environment({}).forecaster is None


def test_a_mistake_in_the_questions_is_told_once_and_stops_nothing_else(sqlite_engine: Engine, tmp_path: Path) -> None:
    shutil.copytree(EMBEDDED_CATALOG, tmp_path / "catalog")
    broken = tmp_path / "catalog" / "questions.toml"
    broken.write_text(broken.read_text(encoding="utf-8").replace('kind = "gap"', 'kind = "gab"', 1), encoding="utf-8")
    settings = Settings.from_environment(
        {"TRACKER_DATA_DIR": str(tmp_path / "data"), "TRACKER_CATALOG_DIR": str(tmp_path / "catalog")}
    )
    catalog = load_catalog(settings.catalog_dir)
    save_catalog(sqlite_engine, *catalog.rows())
    results = update_evidence(
        sqlite_engine, settings, catalog, console=Console(quiet=True), now=lambda: datetime(2026, 11, 23, tzinfo=UTC)
    )
    failed = {name: result.error for name, result in results.items() if result.error}
    assert set(failed) == {"questions"}
    assert 'kind is "gab", allowed is gap' in str(failed["questions"])
    assert results["estimates"].counts["gaps"] > 1000
