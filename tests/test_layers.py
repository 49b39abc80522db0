"""What import-linter cannot say: nobody above the database writes a query, and no console draws foreign text anew."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ABOVE = [ROOT / "app.py", *sorted((ROOT / "jobs").rglob("*.py")), *sorted((ROOT / "tracker").rglob("*.py"))]
ONLY_TO_PASS_ON = {("sqlalchemy", "Engine")}


def query_builders(source: str) -> Iterator[str]:
    """What a module takes from SQLAlchemy beside the type of the engine, and raw statements it runs by itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] in ("sqlalchemy", "psycopg"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("sqlalchemy", "psycopg"):
            named = [(node.module, one.name) for one in node.names]
            yield from (f"{module}.{name}" for module, name in named if (module, name) not in ONLY_TO_PASS_ON)
        elif isinstance(node, ast.Attribute) and node.attr == "exec_driver_sql":
            yield node.attr


def test_queries_are_written_in_the_database_layer_alone() -> None:
    found = {path.relative_to(ROOT).as_posix(): list(query_builders(path.read_text("utf-8"))) for path in ABOVE}
    assert len(found) > 80
    assert {path: names for path, names in found.items() if names} == {}


def consoles(source: str) -> Iterator[bool]:
    """For each console that a module makes: whether foreign text on it stays text (one that says nothing does)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Console", "Terminal"):
            given = {one.arg: ast.unparse(one.value) for one in node.keywords}
            yield node.func.id == "Terminal" or given.get("quiet") == "True"


def test_every_console_is_one_on_which_foreign_text_stays_text() -> None:
    made = {path.relative_to(ROOT).as_posix(): list(consoles(path.read_text("utf-8"))) for path in ABOVE}
    assert sum(map(len, made.values())) > 15
    assert [path for path, plain in made.items() if not all(plain)] == []
    assert list(consoles("Console(); Console(emoji=False); Console(quiet=True); Terminal()")) == [
        False,
        False,
        True,
        True,
    ]


def test_the_check_sees_every_way_to_write_one() -> None:
    source = """
import sqlalchemy as sa
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
def read(engine: Engine):
    import psycopg
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT 1")
"""
    found = {"sqlalchemy", "sqlalchemy.select", "sqlalchemy.orm.Session", "psycopg", "exec_driver_sql"}
    assert set(query_builders(source)) == found
