"""Time to the first chart of Scores, at 1 and 100 times the shipped evidence: `python -m tests.bench.scores_page`.

The copies are other models with the same numbers: every published model, run, number, pair and gap many times over.
A server is started on each database and warmed by another page; then Chromium opens Scores, in a fresh context each
time, and the clock runs until the first picture stands. The first visit reads all evidence; the one after it finds what
the server keeps for a minute. A ratio is the median over rounds: within a round both sizes meet about the same load.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Connection, text

import tracker.catalog
from db.engine import migrate, open_engine
from db.store import save_catalog
from db.tables import Base, Gap, Metric, Model, Run, Twin
from jobs.estimates import run_estimates
from jobs.published import save_published
from tracker.catalog.load import load_catalog

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(tracker.catalog.__file__).parent
NOW = datetime(2026, 9, 1, tzinfo=UTC)
MOST = 1.5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Which columns name a row that is copied, and so carry the number of the copy.
NAMES: dict[type[Base], tuple[str, ...]] = {
    Model: ("id",),
    Twin: ("reasoning_id", "conventional_id"),
    Run: ("id", "model_id"),
    Metric: ("run_id",),
    Gap: ("reasoning_run_id", "conventional_run_id", "reasoning_id", "conventional_id"),
}
ONLY = {
    Model: "id IN (SELECT model_id FROM run WHERE origin = 'published') AND id NOT LIKE '%#%'",
    Twin: "reasoning_id NOT LIKE '%#%' AND EXISTS (SELECT 1 FROM gap WHERE gap.reasoning_id = twin.reasoning_id"
    " AND gap.conventional_id = twin.conventional_id)",
    Run: "origin = 'published' AND id NOT LIKE '%#%'",
    Metric: "run_id LIKE 'published/%' AND run_id NOT LIKE '%#%'",
    Gap: "reasoning_run_id LIKE 'published/%' AND reasoning_run_id NOT LIKE '%#%'",
}


def fill(path: Path, times: int) -> tuple[int, int]:
    """A database with the shipped evidence so many times; how many gaps and pairs it holds."""
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    save_catalog(engine, *load_catalog(FOLDER).rows())
    save_published(engine, FOLDER)
    run_estimates(engine, now=NOW)
    with engine.begin() as connection:
        for number in range(1, times):
            for table, names in NAMES.items():
                _copy(connection, table, names, number)
    with engine.connect() as connection:
        counts = [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in ("gap", "twin")]
    engine.dispose()
    return counts[0], counts[1]


def _copy(connection: Connection, table: type[Base], names: tuple[str, ...], number: int) -> None:
    columns = [column.name for column in table.__table__.columns]
    values = [f"{name} || '#{number}'" if name in names else name for name in columns]
    if table is Model:
        values[columns.index("name")] = f"name || ' #{number}'"
    quoted = ", ".join(f'"{name}"' for name in columns)
    connection.execute(
        text(f"INSERT INTO {table.__tablename__} ({quoted}) SELECT {', '.join(values)}"
             f" FROM {table.__tablename__} WHERE {ONLY[table]}")
    )  # fmt: skip


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    """The address of a dashboard on a data folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with (data_dir / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=kept | {"TRACKER_DATA_DIR": str(data_dir)}, stdout=log, stderr=log
        )
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def first_chart(browser: Browser, address: str) -> float:
    """Seconds from asking for Scores to its first picture."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    began = time.perf_counter()
    page.goto(f"{address}/scores")
    page.locator("[data-testid=stVegaLiteChart] .marks:visible").first.wait_for()
    seconds = time.perf_counter() - began
    page.context.close()
    return seconds


def visits(browser: Browser, data_dir: Path) -> tuple[float, float]:
    """On a server that has only shown Runs: the first visit, which reads the evidence, and the one after it."""
    with served(data_dir) as address:
        page = browser.new_context().new_page()
        page.goto(f"{address}/runs")
        page.locator("h1.headline").wait_for()
        page.context.close()
        return first_chart(browser, address), first_chart(browser, address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium on the path: this bench drives one.")
    sizes = (1, arguments.times)
    found: dict[int, list[tuple[float, float]]] = {times: [] for times in sizes}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        folders = {times: Path(folder) / str(times) for times in sizes}
        for times in sizes:
            folders[times].mkdir()
            gaps, twins = fill(folders[times] / "tracker.db", times)
            print(f"{times:>4} x the evidence: {gaps:,} gaps of {twins:,} pairs", flush=True)
        # In turns, each size first every other round, so that what else the machine does weighs on both.
        loads = []
        for number in range(arguments.rounds):
            for times in sizes if number % 2 == 0 else sizes[::-1]:
                found[times].append(visits(browser, folders[times]))
                loads.append(os.getloadavg()[0])
        browser.close()
    for place, name in enumerate(("first visit to a server", "visit after it")):
        one, many = ([seconds[place] for seconds in found[times]] for times in sizes)
        ratio = statistics.median(b / a for a, b in zip(one, many, strict=True))
        print(
            f"first chart, {name}: {statistics.median(one):.2f} s and {statistics.median(many):.2f} s,"
            f" {ratio:.2f} times as long (target {MOST})"
        )
    print(f"load {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
