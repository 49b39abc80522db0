"""The database opens, stays consistent under several processes, and says in a sentence what is wrong."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, make_url, select, text, update

from db.engine import (
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    SchemaTooNew,
    migrate,
    open_engine,
    schema_version,
    shown_address,
    writing,
)
from db.tables import Model

COUNT_TO_FIFTY = """
import sys
from sqlalchemy import select, update
from db.engine import open_engine, writing
from db.tables import Model
engine = open_engine(sys.argv[1])
for _ in range(50):
    with writing(engine) as connection:
        seen = connection.execute(select(Model.parameters)).scalar_one()
        connection.execute(update(Model).values(parameters=seen + 1))
"""
COUNTER = {"id": "counter", "name": "Counter", "parameters": 0, "demonstration": False, "catalogued": True}


def count(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return connection.execute(select(Model.parameters)).scalar()


def open_at_once(folder: Path, start: "multiprocessing.synchronize.Barrier", rounds: int) -> None:
    for number in range(rounds):
        # One that fails leaves the others waiting.
        start.wait(20)
        engine = open_engine(f"sqlite:///{folder / str(number) / 'tracker.db'}")
        schema_version(engine)
        engine.dispose()


def migrate_at_once(url: str, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait()
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()


def test_updates_by_four_processes_at_once_are_all_kept(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as connection:
        connection.execute(insert(Model), COUNTER)
    url = sqlite_engine.url.render_as_string()
    processes = [subprocess.Popen([sys.executable, "-c", COUNT_TO_FIFTY, url]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    assert count(sqlite_engine) == 200


def test_updates_by_four_threads_at_once_are_all_kept(engine: Engine) -> None:
    def count_to_twenty() -> None:
        for _ in range(20):
            with writing(engine) as connection:
                seen = connection.execute(select(Model.parameters)).scalar_one()
                connection.execute(update(Model).values(parameters=seen + 1))

    with writing(engine) as connection:
        connection.execute(insert(Model), COUNTER)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count_to_twenty) for _ in range(4)]:
            done.result()
    assert count(engine) == 80


def test_a_reader_does_not_wait_for_a_writer_nor_see_half_its_work(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(Model), COUNTER)
    with writing(engine) as connection:
        connection.execute(update(Model).values(parameters=7))
        began = time.monotonic()
        assert count(engine) == 0
        assert time.monotonic() - began < 1
    assert count(engine) == 7


def test_a_writer_does_not_wait_for_a_reader(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as reading:
        assert reading.execute(select(func.count()).select_from(Model)).scalar() == 0
        with writing(sqlite_engine) as connection:
            connection.execute(insert(Model), COUNTER)
        assert reading.execute(select(func.count()).select_from(Model)).scalar() == 0
    assert count(sqlite_engine) == 0


def test_what_fails_midway_leaves_nothing(engine: Engine) -> None:
    def fail_midway() -> None:
        with writing(engine) as connection:
            connection.execute(insert(Model), COUNTER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_midway()
    assert count(engine) is None


def test_a_writer_gives_up_in_a_sentence_when_another_holds_on(sqlite_engine: Engine) -> None:
    second = open_engine(sqlite_engine.url.render_as_string())
    with second.connect() as waiting:
        waiting.exec_driver_sql("PRAGMA busy_timeout = 50")
    with writing(sqlite_engine), pytest.raises(DatabaseBusy, match="Try again"), writing(second):
        pass
    second.dispose()


def test_sqlite_runs_with_the_settings_that_keep_data_safe(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        held = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert held == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 5000, "foreign_keys": 1}


def test_processes_that_start_together_on_an_empty_folder_all_find_the_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'tracker.db'}"
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [context.Process(target=migrate_at_once, args=(url, start)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    engine = open_engine(url)
    assert count(engine) is None
    engine.dispose()


def test_processes_that_open_a_new_file_at_the_same_moment_wait_for_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    processes = [context.Process(target=open_at_once, args=(tmp_path, start, 100)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_checking_tables_that_are_up_to_date_is_quick_and_needs_no_alembic(sqlite_url: str) -> None:
    program = """
import sys, time
from db.engine import migrate, open_engine
engine = open_engine(sys.argv[1])
began = time.monotonic()
migrate(engine)
print(time.monotonic() - began, "alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=True)
    seconds, alembic = done.stdout.split()
    assert alembic == "False"
    assert float(seconds) < 0.5


def test_tables_of_a_newer_program_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match=r"version 9999.*Install the newer program") as caught:
        migrate(engine)
    assert schema_version(engine) == "9999"
    assert "postgres:" not in str(caught.value) or "***" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "looks like sqlite:///"),
        ("mysql://u:hunter2@host/name", "mysql is not supported"),
        ("postgres://u:hunter2@host/name", "looks like sqlite:///.*postgresql://"),
        ("postgresql://u:hunter2@host:port/name", "cannot be understood"),
        ("postgresql+asyncpg://u:hunter2@host/name", "not installed"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("postgresql://u:hunter2@127.0.0.1:1/name", r"u:\*\*\*@127.0.0.1:1/name.*server is running"),
        ("postgresql://u@127.0.0.1:1/name?password=hunter2", "127.0.0.1:1/name.*server is running"),
        ("postgresql://u@127.0.0.1:1/name?PASSWORD=hunter2", 'invalid connection option "PASSWORD"'),
        ("postgresql://u@/name?host=a&port=b&password=hunter2", r"option that .*, one of: host, port, password\."),
        ("postgresql://u@127.0.0.1:1/name?autocommit=hunter2", "cannot be set there: autocommit. Take it out"),
        ("postgresql://u@127.0.0.1:1/name?plugin=hunter2", "one of: plugin. Correct TRACKER_DATABASE_URL"),
        ("sqlite:////tmp/tracker.db?timeout=hunter2", "tracker.db has an option that .*, one of: timeout. Correct"),
        ("sqlite:////tmp/tracker.db?timeout=1&timeout=2", "one of: timeout. Correct TRACKER_DATABASE_URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained_without_its_password(url: str, said: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=said) as caught:
        migrate(open_engine(url))
    assert "hunter2" not in str(caught.value)


def test_an_address_without_a_schema_to_make_tables_in_is_explained(postgresql_server: str) -> None:
    address = make_url(postgresql_server).update_query_dict({"options": "-csearch_path=nosuch"})
    engine = open_engine(address.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable, match="no schema has been selected to create in"):
        migrate(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite:////data/tracker.db?timeout=5", "/data/tracker.db"),
        ("postgresql://u:hunter2@host/name", "postgresql://u:***@host/name"),
        ("postgresql://u@/name?host=/run&port=1&password=hunter2", "postgresql://u@/name?host=%2Frun&port=1"),
        ("postgresql://u@host/name?sslpassword=hunter2&PASSWROD=hunter2&sslmode=require", "postgresql://u@host/name"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_password(address: str, said: str) -> None:
    assert shown_address(make_url(address)) == said


def test_a_file_that_is_not_a_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Remember the milk. " * 100)
    for url, said in [
        (tmp_path / "notes.txt", "is not a SQLite database"),
        (tmp_path, "cannot be opened"),
        (tmp_path / "notes.txt" / "tracker.db", "cannot be made"),
    ]:
        with pytest.raises(DatabaseUnavailable, match=said):
            migrate(open_engine(f"sqlite:///{url}"))


def test_a_database_that_may_only_be_read_can_be_read_and_says_so_on_a_write(sqlite_engine: Engine) -> None:
    url = f"sqlite:///file:{sqlite_engine.url.database}?mode=ro&uri=true"
    with writing(sqlite_engine) as connection:
        connection.execute(insert(Model), COUNTER)
        reader = open_engine(url)
        assert count(reader) is None
    with pytest.raises(DatabaseUnavailable, match="right to write"), writing(reader) as connection:
        connection.execute(update(Model).values(parameters=1))
    assert count(reader) == 0
    reader.dispose()


def test_every_failure_can_be_caught_as_one() -> None:
    assert all(issubclass(kind, DatabaseError) for kind in (DatabaseUnavailable, DatabaseBusy, SchemaTooNew))
