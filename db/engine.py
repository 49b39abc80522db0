"""Opens the database, SQLite or PostgreSQL, brings its tables up to date, and puts its failures into sentences."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError

BUSY_SECONDS = 5
POSTGRESQL_BUSY_SECONDS = 60
CONNECT_SECONDS = 5
# The key of the lock under which PostgreSQL lets one writer in at a time: any number that no other program uses.
WRITER_LOCK = 7_203_118_964
# SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED, INSUFFICIENT_PRIVILEGE = "55P03", "40P01", "42501"
INVALID_SCHEMA_NAME = "3F000"
# What libpq also takes a secret from, in the part of an address after "?".
PASSWORDS = ("password", "sslpassword", "oauth_client_secret")
# What is shown of that part: anything else may be a password, also under a name that was mistyped.
SHOWN = ("host", "port")
# What psycopg takes from a program and not from an address, where it is text: "autocommit=off" would be true.
NOT_IN_ADDRESSES = ("autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory")
VERSIONS = Path(__file__).with_name("migrations") / "versions"


class DatabaseError(Exception):
    """The database could not do what was asked. The text is a sentence with what to do, and holds no password."""


class DatabaseUnavailable(DatabaseError):
    """It cannot be reached, opened, read or written."""


class DatabaseBusy(DatabaseError):
    """Another process kept it locked for longer than we wait. Trying again later is right."""


class SchemaTooNew(DatabaseError):
    """Its tables were made by a newer version of this program, which this one cannot read safely."""


class RefusedRow(DatabaseError):
    """A row broke a rule of the tables: a key that is there already, a reference to nothing, a value not allowed."""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path/to/file.db`, whose folder is made if missing, or `postgresql://…`.

    Nothing is read yet: call `migrate` before the first use. Reads use `engine.connect()`; they see one moment and
    never wait for a writer. Writes use `writing(engine)`.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        _make_folder(address)
        # The driver's own transactions start after the first read, which loses updates: we begin them ourselves.
        engine = _made(address, connect_args={"isolation_level": None})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        options = {"connect_timeout": CONNECT_SECONDS, "application_name": "tracker"}
        engine = _made(address, pool_pre_ping=True, connect_args=options)
    event.listen(engine, "handle_error", _explain, retval=True)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed at the end, rolled back on an exception, and alone.

    One writer at a time, on both databases, so a value read inside is still true when it is written back.
    Raises DatabaseBusy when another writer does not finish within BUSY_SECONDS (SQLite) or POSTGRESQL_BUSY_SECONDS.
    """
    with engine.execution_options(tracker_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{POSTGRESQL_BUSY_SECONDS}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
        yield connection


@contextmanager
def changing_tables(engine: Engine) -> Iterator[Connection]:
    """`writing`, for a migration: on SQLite, foreign keys rest meanwhile and are checked at the end.

    SQLite changes a column by making the table anew, and dropping the old one would delete what refers to it.
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    with engine.execution_options(tracker_writes=True).connect() as connection:
        driver = connection.connection.cursor()
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise RefusedRow(f"Changing the tables would leave rows of {broken[0]} that refer to nothing.")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version; safe when several processes do it at once, and quick when it is done."""
    known = sorted(path.stem.split("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
    version = schema_version(engine)
    if version is not None and version not in known:
        raise SchemaTooNew(
            f"The database {shown_address(engine.url)} has tables of version {version}, and this program knows "
            f"versions up to {known[-1]}. Install the newer program, or point TRACKER_DATABASE_URL at another database."
        )
    if version == known[-1]:
        return
    # Imported late: Alembic takes longer to import than an up-to-date database takes to check.
    from db.migrations import upgrade

    with changing_tables(engine) as connection:
        upgrade(connection)


def schema_version(engine: Engine) -> str | None:
    """The version of the tables, null when there are none yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return version


def _address(url: str) -> URL:
    wanted = "A database address looks like sqlite:///data/tracker.db or postgresql://user@host/name"
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        address.get_dialect()
    except ImportError as error:
        raise DatabaseUnavailable(f"{wanted}; the driver this one asks for is not installed.") from error
    except (ArgumentError, NoSuchModuleError, ValueError):
        # Not chained: what could not be understood may hold a password.
        raise DatabaseUnavailable(f"{wanted}; the one given cannot be understood.") from None
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseUnavailable(f"{wanted}; {backend} is not supported.")
    if backend == "sqlite" and address.database in (None, "", ":memory:"):
        raise DatabaseUnavailable(f"{wanted}; a SQLite address must name a file, because several processes share it.")
    unfit = [name for name in NOT_IN_ADDRESSES if name in address.query]
    if backend == "postgresql" and unfit:
        raise DatabaseUnavailable(
            f"The address of the database {shown_address(address)} has an option that cannot be set there: "
            f"{', '.join(unfit)}. Take it out of TRACKER_DATABASE_URL."
        )
    return address


def _made(address: URL, **options: Any) -> Engine:
    """SQLAlchemy's engine, which reads what stands after "?" in the address."""
    try:
        return create_engine(address, hide_parameters=True, **options)
    except ImportError as error:
        raise DatabaseUnavailable(
            f"The database address asks for a driver that is not installed: {address.drivername}. "
            "Write postgresql:// for the one that is."
        ) from error
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):
        # Not chained: the value that cannot be understood may be a password.
        raise DatabaseUnavailable(
            f"The address of the database {shown_address(address)} has an option that cannot be understood, one of: "
            f"{', '.join(address.query)}. Correct TRACKER_DATABASE_URL."
        ) from None


def _make_folder(address: URL) -> None:
    folder = Path(str(address.database).removeprefix("file:")).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(
            f"The folder of the database {address.database} cannot be made: {error.strerror}. "
            "Point TRACKER_DATABASE_URL or TRACKER_DATA_DIR at a place this user may write to."
        ) from error


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Set the journal's mode. SQLite does not wait where another process does so on a new file at the same moment."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("tracker_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _explain(context: ExceptionContext) -> BaseException | None:
    """Our own error for what a reader can act on; anything else stays SQLAlchemy's."""
    if isinstance(context.sqlalchemy_exception, IntegrityError):
        return refused(context.original_exception)
    if context.engine is None:
        return None
    name = shown_address(context.engine.url)
    reason = _first_line(context.original_exception, context.engine.url)
    if context.engine.dialect.name == "sqlite":
        return _explain_sqlite(name, reason, context.original_exception)
    state = getattr(context.original_exception, "sqlstate", None)
    if state in (LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED):
        return DatabaseBusy(f"Another process is writing to {name} and did not finish in time. Try again in a moment.")
    if state == INSUFFICIENT_PRIVILEGE:
        return DatabaseUnavailable(f"PostgreSQL at {name} refused: {reason}. Give its user the right to make tables.")
    connecting = context.connection is None
    if (
        connecting
        or context.is_disconnect
        or state == INVALID_SCHEMA_NAME
        or isinstance(context.sqlalchemy_exception, OperationalError)
    ):
        return DatabaseUnavailable(
            f"PostgreSQL at {name} cannot be used: {reason}. "
            "Check TRACKER_DATABASE_URL, and that the server is running."
        )
    return None


def _explain_sqlite(name: str, reason: str, error: BaseException) -> DatabaseError | None:
    if not isinstance(error, sqlite3.DatabaseError):
        return None
    if "locked" in reason:
        return DatabaseBusy(f"Another process kept {name} locked for {BUSY_SECONDS} s. Try again in a moment.")
    if "readonly" in reason:
        return DatabaseUnavailable(
            f"The database {name} cannot be written. Give this user the right to write the file and its folder."
        )
    if "unable to open" in reason:
        return DatabaseUnavailable(
            f"The database {name} cannot be opened. Check that it is a file in a folder this user may write to."
        )
    if "not a database" in reason or "malformed" in reason:
        return DatabaseUnavailable(
            f"The file {name} is not a SQLite database, or is damaged. Move it away, restore a copy, or point "
            "TRACKER_DATABASE_URL at another file."
        )
    if "full" in reason or "disk I/O" in reason:
        return DatabaseUnavailable(f"The database {name} cannot be written: {reason}. Make room on its disk.")
    return None


def refused(error: BaseException) -> RefusedRow:
    """What the database said about a row it would not take."""
    return RefusedRow(f"The database refused a row: {' '.join(str(error).split())}.")


def shown_address(url: URL) -> str:
    """The database as a person is told of it, without a secret: SQLite's file, or PostgreSQL's address."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    shown = {name: value for name, value in url.query.items() if name in SHOWN}
    return url.set(query=shown).render_as_string(hide_password=True)


def _first_line(error: BaseException, url: URL) -> str:
    line = next(iter(str(error).strip().splitlines()), "no reason given").strip().rstrip(".")
    given = (value for name in PASSWORDS for value in url.normalized_query.get(name, ()))
    for secret in (url.password, *given):
        line = line.replace(secret, "***") if secret else line
    return line
