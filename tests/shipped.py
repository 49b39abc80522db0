"""A database with the shipped catalogue and evidence, its gaps computed; made once a process and copied."""

import atexit
import functools
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import seeded

import tracker.catalog
from db.engine import migrate, open_engine
from db.store import save_catalog
from jobs.estimates import run_estimates
from jobs.published import save_published
from tracker.catalog.load import load_catalog

FOLDER = Path(tracker.catalog.__file__).parent
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def copy_to(path: Path, *, demonstration: bool = False) -> None:
    """A file of one's own to read and write; with the demonstration of `seeded` beside the evidence, or without."""
    shutil.copyfile(_made() / "tracker.db", path)
    if not demonstration:
        return
    beside = path.with_name(f"{path.stem}-demonstration.db")
    engine = open_engine(f"sqlite:///{beside}")
    migrate(engine)
    seeded.fill(engine)
    engine.dispose()
    engine = open_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("ATTACH DATABASE ? AS beside", (str(beside),))
        for table in ("model", "twin", "benchmark", "run", "metric", "gap"):
            connection.exec_driver_sql(f"INSERT OR IGNORE INTO {table} SELECT * FROM beside.{table}")
        connection.commit()
    engine.dispose()


@functools.cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tracker-shipped-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    migrate(engine)
    save_catalog(engine, *load_catalog(FOLDER).rows())
    save_published(engine, FOLDER)
    run_estimates(engine, now=NOW)
    engine.dispose()
    return folder
