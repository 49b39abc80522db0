"""The migrations lead to the tables that the code describes, and keep the data on the way."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from db.engine import VERSIONS, RefusedRow, changing_tables, migrate, schema_version, writing
from db.migrations import FOLDER, downgrade, upgrade, write_revision
from db.queries.runs import runs
from db.store import save_run
from db.tables import Base
from tests.rows import metric, run


def test_the_migrations_make_the_tables_that_the_code_describes(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_down_and_up_again_gives_empty_tables_that_work(engine: Engine) -> None:
    assert save_run(engine, run(), [metric()], [])
    with changing_tables(engine) as connection:
        downgrade(connection, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert schema_version(engine) is None
    migrate(engine)
    assert runs(engine).is_empty()
    assert save_run(engine, run(), [metric()], [])


def test_revisions_are_one_numbered_line_whose_highest_is_the_head(sqlite_engine: Engine) -> None:
    scripts = ScriptDirectory(FOLDER)
    numbers = sorted(path.stem.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    assert numbers == [f"{index:04}" for index in range(1, len(numbers) + 1)]
    assert scripts.get_heads() == [numbers[-1]] == [schema_version(sqlite_engine)]


def test_changing_a_table_that_others_refer_to_keeps_its_rows(engine: Engine) -> None:
    save_run(engine, run(), [metric()], [])
    with changing_tables(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("model", recreate="auto") as table:
            table.alter_column("name", type_=sa.String(500), existing_nullable=False)
    assert runs(engine)["model_name"].to_list() == ["direct"]
    assert save_run(engine, run("r2"), [metric("r2")], [])


def test_a_change_of_the_tables_becomes_the_next_revision(sqlite_engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with writing(sqlite_engine) as connection:
        assert write_revision(connection, "nothing new", folder) is None
        connection.execute(sa.text("ALTER TABLE run DROP COLUMN source"))
        path = write_revision(connection, "add the source", folder)
    assert path is not None
    written = path.read_text()
    assert written.startswith('"""Add the source."""')
    assert "sa.Column('source', sa.Text(), nullable=True)" in written
    assert path.name.startswith(f"{len(list(VERSIONS.glob('[0-9]*.py'))) + 1:04}_")


def test_upgrading_twice_changes_nothing(sqlite_engine: Engine) -> None:
    save_run(sqlite_engine, run(), [metric()], [])
    with changing_tables(sqlite_engine) as connection:
        upgrade(connection)
    assert runs(sqlite_engine).height == 1


def test_what_a_database_of_the_first_version_holds_is_kept_and_checked_as_before(engine: Engine) -> None:
    with changing_tables(engine) as connection:
        downgrade(connection, "0001")
        insert = "INSERT INTO model (id, name, demonstration, catalogued) VALUES ('old', 'Old', {0}, {0})"
        connection.execute(sa.text(insert.format("false")))
    migrate(engine)
    assert save_run(engine, run(model_id="old"), [metric(low=0.4, high=0.6)], [])
    assert runs(engine)["model_name"].to_list() == ["Old"]
    for wrong in ({"origin": "overheard"}, {"publication_id": "nobody"}):
        with pytest.raises(RefusedRow):
            save_run(engine, run("r2", **wrong), [], [])
