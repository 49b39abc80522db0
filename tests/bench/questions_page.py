"""Time to the first chart with 500 questions and five years of daily prices: `python -m tests.bench.questions_page`.

A server is started on the database and warmed by another page; then Chromium opens Questions and the clock runs until
the first picture stands. The first visit reads the prices. The one after it finds what the server keeps for a minute,
but is by a browser that has never been there and still has Streamlit's own files to fetch and to compile; the last is
by the same browser again. Each time the tab is open and at rest before the clock starts, as a reader's is: to start a
process for it, and to end the one before, is the browser's own work and takes up to half a second of two processors.
The Question page, with one question's five years, is timed the same way.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import insert

from db.engine import migrate, open_engine, writing
from db.forecast_tables import Forecast, Forecaster, Question, Topic
from db.queries.forecasts import daily
from db.queries.questions import questions
from db.rows import table_of, values_of
from tests.bench.scores_page import FLAGS, served
from tracker.stats.questions import BACK, listed

MOST = 1.5
# Seconds until a new tab, and what is left of the one before, are at rest.
REST = 1.0
SITES = ("manifold", "polymarket", "kalshi")
YEARS = 5


def fill(path: Path, count: int) -> int:
    """A database with so many questions of three sites, a third of them in topics of three; how many prices."""
    now = datetime.now(UTC)
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    topics = [Topic(id=f"topic-{number}", name=f"Topic {number}", asks="Will it?") for number in range(count // 9 + 1)]
    asked = [
        Question(
            id=f"{SITES[number % 3]}:question-{number}",
            source=SITES[number % 3],
            title=f"Will made-up thing number {number} happen by the end of next year, as its rules state it?",
            topic=f"topic-{number // 9}" if number % 9 < 3 else None,
            inverted=number % 9 == 2,
            url=f"https://{SITES[number % 3]}.example/{number}",
            opens_at=now - timedelta(days=365 * YEARS),
            closes_at=now + timedelta(days=30 + number),
            volume=100.0 * number,
            volume_unit="mana",
            synced_at=now - timedelta(hours=3),
        )
        for number in range(count)
    ]
    with writing(engine) as connection:
        for rows in (topics, asked, [Forecaster(name=name, kind="market") for name in SITES]):
            connection.execute(insert(table_of(type(rows[0]))), [values_of(row) for row in rows])
        stored = 0
        for question in asked:
            prices = list(_prices(question, now))
            stored += len(prices)
            connection.execute(insert(table_of(Forecast)), prices)
    engine.dispose()
    return stored


def _prices(question: Question, now: datetime) -> Iterator[dict[str, Any]]:
    """One price a day, at no round hour: a walk that turns back from the ends."""
    rng = random.Random(question.id)
    price = rng.uniform(0.1, 0.9)
    for day in range(365 * YEARS, 0, -1):
        price = min(max(price + rng.gauss(0, 0.02), 0.02), 0.98)
        at = now - timedelta(days=day, seconds=-rng.randrange(80_000))
        yield {
            "question_id": question.id,
            "forecaster": question.source,
            "at": at,
            "position": 0,
            "probability": round(price, 4),
        }


def seen(
    browser: Browser, url: str, what: str = "[data-testid=stVegaLiteChart] .marks:visible", times: int = 1
) -> list[float]:
    """Seconds from asking for a page to its first picture, or to something else on it, so often by one new browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = []
    for _ in range(times):
        page = context.new_page()
        page.set_default_timeout(120_000)
        time.sleep(REST)
        began = time.perf_counter()
        page.goto(url)
        page.locator(what).first.wait_for()
        found.append(time.perf_counter() - began)
        page.close()
        time.sleep(REST)
    context.close()
    return found


def visits(browser: Browser, data_dir: Path) -> list[float]:
    """On a server that has only shown Runs: Runs, which reads next to nothing, by a new browser and again by it; then

    Questions, and a question: the first visit, one by a new browser, and that browser's second.
    """
    with served(data_dir) as address:
        page = browser.new_context().new_page()
        page.goto(f"{address}/runs")
        page.locator("h1.headline").wait_for()
        page.context.close()
        one = f"{address}/question?question=manifold:question-0"
        found = seen(browser, f"{address}/runs", "h1.headline", times=2)
        for url in (address, one):
            found += [*seen(browser, url), *seen(browser, url, times=2)]
        return found


def reading(path: Path) -> None:
    """How long the frames of the list take, without a browser."""
    now = datetime.now(UTC)
    engine = open_engine(f"sqlite:///{path}")
    for name in ("first", "second"):
        began = time.perf_counter()
        asked = questions(engine)
        moves = daily(engine, (now - timedelta(days=BACK - 1)).date())
        read = time.perf_counter()
        rows = listed(asked, moves, now)
        done = time.perf_counter()
        print(
            f"the list, {name} time: read {moves.height:,} daily prices in {read - began:.2f} s, "
            f"{rows.height} rows made of them in {done - read:.2f} s"
        )
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium on the path: this bench drives one.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "tracker.db"
        prices = fill(path, arguments.questions)
        print(f"{arguments.questions} questions, {prices:,} prices, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        reading(path)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        found = [visits(browser, Path(folder)) for _ in range(arguments.rounds)]
        browser.close()
    what = ("first visit", "visit after it", "the same browser again")
    names = ["Runs, a new browser", "Runs, the same browser again"]
    names += [f"{page}, {visit}" for page in ("Questions", "Question") for visit in what]
    print("Runs draws nothing: what it takes is Streamlit's own. To its sentence; of the others to the first chart:")
    for place, name in enumerate(names):
        seconds = sorted(one[place] for one in found)
        target = "" if place < 2 else f"; target {MOST}"
        print(f"{name}: {statistics.median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f}{target})")


if __name__ == "__main__":
    main()
