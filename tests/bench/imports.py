"""What importing gives and how fast it is.

`python -m tests.bench.imports --table PATH` imports a file or folder twice into a new database and prints a table.
`python -m tests.bench.imports` imports 1,000 files: the real ones that lie beside the checkout, or the made fixtures,
over and over with changed content, and prints files a second.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine, text

from db.engine import migrate, open_engine
from db.store import save_catalog
from jobs.importer import FileOutcome
from jobs.imports import Result, run_import
from tests.bench.fuzz_imports import FIXTURES, SHARED
from tracker.catalog.load import Catalog, load_catalog
from tracker.settings import EMBEDDED_CATALOG

TABLES = ("run", "metric", "sample", "model", "benchmark")


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def database() -> Iterator[tuple[Engine, Catalog, Path]]:
    """A new database that holds the catalogue, and the folder it is in."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/tracker.db")
        migrate(engine)
        catalog = load_catalog(EMBEDDED_CATALOG)
        save_catalog(engine, *catalog.rows())
        yield engine, catalog, Path(folder)
        engine.dispose()


def rows(engine: Engine) -> dict[str, int]:
    """How many rows each table has."""
    with engine.connect() as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in TABLES}


def table(path: Path) -> int:
    """Import twice; a line for each file, and what changed."""
    quiet = Console(quiet=True)
    with database() as (engine, catalog, folder):
        empty = rows(engine)
        first = run_import(engine, folder, catalog, [path], console=quiet, now=now)
        once = rows(engine)
        second = run_import(engine, folder, catalog, [path], console=quiet, now=now)
        twice = rows(engine)
    print_table(first)
    print(f"rows added by the first import: { {name: once[name] - empty[name] for name in TABLES} }")
    print(f"rows added by the second: { {name: twice[name] - once[name] for name in TABLES} }")
    changed = [outcome.unit for outcome in second.outcomes if outcome.outcome != "unchanged" and not outcome.error]
    return 1 if changed or once != twice else 0


def print_table(result: Result) -> None:
    """One line a folder, its refused files, and the sums."""
    folders: dict[str, list[FileOutcome]] = {}
    for outcome in result.outcomes:
        folders.setdefault(str(Path(outcome.unit).parent), []).append(outcome)
    head = ("folder", "files", "imported", "attached", "refused", "runs", "metrics", "samples")
    print("{:<28}{:>7}{:>10}{:>10}{:>9}{:>7}{:>9}{:>9}".format(*head))
    for folder, outcomes in [*sorted(folders.items()), ("all", result.outcomes)]:
        kinds = [outcome.outcome for outcome in outcomes]
        sums = [sum(getattr(outcome, key) for outcome in outcomes) for key in ("runs", "metrics", "samples")]
        counts = [len(outcomes), *(kinds.count(kind) for kind in ("imported", "attached", "refused")), *sums]
        print("{:<28}{:>7}{:>10}{:>10}{:>9}{:>7}{:>9}{:>9}".format(folder, *counts))
    for outcome in result.outcomes:
        for said in [outcome.error] if outcome.error else outcome.notes:
            print(f"  {Path(outcome.unit).name}: {said}")


def bench(files: int) -> int:
    """Import many files, all different, and the same ones again."""
    root = SHARED if SHARED.is_dir() else FIXTURES
    originals = sorted(path for path in root.rglob("*") if path.name.endswith((".json", ".jsonl")))
    with database() as (engine, catalog, folder):
        place = folder / "files"
        size = 0
        for number in range(files):
            original = originals[number % len(originals)]
            turn, name = divmod(number, len(originals))
            target = place / str(turn) / original.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(original, target)
            # White space changes the file and its identity, and nothing that it says.
            with target.open("ab") as file:
                file.write(b"\n" * (turn + 1) + b" " * (name + 1) + b"\n")
            size += target.stat().st_size
        started = time.monotonic()
        result = run_import(engine, folder, catalog, [place], console=Console(quiet=True), now=now)
        seconds = time.monotonic() - started
        started = time.monotonic()
        again = run_import(engine, folder, catalog, [place], console=Console(quiet=True), now=now)
        second = time.monotonic() - started
        counted = rows(engine)
    refused = sum(outcome.error is not None for outcome in result.outcomes)
    unchanged = sum(outcome.outcome == "unchanged" for outcome in again.outcomes)
    print(f"import of {len(result.outcomes):,} files ({size / 1e6:.0f} MB, {refused} refused): {seconds:.1f} s,")
    print(f"  {len(result.outcomes) / seconds:,.0f} files/s; {counted}")
    print(f"again ({unchanged:,} unchanged): {second:.1f} s, {len(again.outcomes) / second:,.0f} files/s")
    return 0


def main() -> int:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    arguments = parser.parse_args()
    return table(arguments.table) if arguments.table else bench(arguments.files)


if __name__ == "__main__":
    sys.exit(main())
