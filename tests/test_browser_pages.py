"""The dashboard in a real Chromium: light and dark, phone and desk, offline, with links that keep what was chosen."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import seeded
import seeded_trends
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from db.engine import migrate, open_engine

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"scores": "/", "trends": "/trends", "runs": "/runs"}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one on the path; a missing browser fails where everything is required."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("TRACKER_REQUIRE_ALL") == "1" or os.environ.get("CI"):
            pytest.fail("no Chromium to test with")
        pytest.skip("no Chromium to test with")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a filled database in which the reasoning model has a hostile name."""
    folder = tmp_path_factory.mktemp("dashboard")
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    migrate(engine)
    seeded.fill(engine, reasoning_name=seeded.HOSTILE)
    seeded_trends.fill(engine, reasoning_name=seeded.HOSTILE)
    engine.dispose()
    with serving(folder) as url:
        yield url


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a dashboard on the database in a data folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=environment | {"TRACKER_DATA_DIR": str(folder)},
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the dashboard did not start: {log.read_text()[-2000:]}")


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens a page and waits for its chart; afterwards nothing may have gone outside or complained."""
    contexts, asked, complaints = [], set(), []

    def opens(path: str, width: int = 1280, scheme: Any = "light", chart: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: asked.add(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(_complaint(message)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(address + path)
        if chart:
            page.locator("[data-testid=stVegaLiteChart] .marks:visible").first.wait_for()
        return page

    yield opens
    for context in contexts:
        context.close()
    outside = {url for url in asked if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))}
    assert asked
    assert not outside
    assert [complaint for complaint in complaints if complaint] == []


def _complaint(message: Any) -> str:
    """What an error in the console says; empty for anything else, and for Streamlit looking for its own base path."""
    looking = "/_stcore/" in message.location.get("url", "")
    return "" if message.type != "error" or looking else f"{message.text} {message.location}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_fits_the_screen_and_follows_its_mode(visit: Visit, path: str, width: int, scheme: str) -> None:
    page = visit(path, width, scheme)
    page.locator("h1.headline").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    charts = page.locator("[data-testid=stVegaLiteChart] .marks:visible")
    assert charts.count() == 1
    box = settled_box(charts.first)
    column = page.get_by_test_id("stMainBlockContainer").bounding_box()
    assert column is not None
    assert column["width"] - 80 < box["width"] <= column["width"]
    paper = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 22, 26)"}[scheme]


def test_the_fonts_are_our_own_and_arrive(visit: Visit) -> None:
    page = visit("/runs")
    page.wait_for_function("document.fonts.status === 'loaded'")
    loaded = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    assert {"IBM Plex Sans", "Source Serif 4", "IBM Plex Mono"} <= {family.strip("\"'") for family in loaded}


def test_the_navigation_leads_from_page_to_page(visit: Visit) -> None:
    page = visit("/")
    page.get_by_test_id("stSidebarNav").get_by_text("Runs", exact=True).click()
    expect(page.locator("h1.headline")).to_contain_text("24 runs of 3 models")
    assert page.url.endswith("/runs")


def test_a_hostile_name_is_text_everywhere(visit: Visit) -> None:
    for path in PAGES.values():
        page = visit(path)
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("a[href^=javascript]").count() == 0
        expect(page.get_by_test_id("stMain")).to_contain_text("<img src=x onerror=alert(1)> **bold** [link]")


def test_a_hostile_name_is_text_in_a_tooltip(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="All pairs").click()
    expect(page.locator("h1.headline")).to_contain_text("comparisons")
    marks = page.locator("[data-testid=stVegaLiteChart] .marks:visible").first
    tooltip = page.locator("#vg-tooltip-element")
    for step in range(120):
        expect(marks).to_be_visible()
        box = marks.bounding_box()
        if box is None:  # the chart is being drawn anew after the choice
            page.wait_for_timeout(50)
            continue
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.015 * (step % 40)), box["y"] + 45)
        if tooltip.count() and tooltip.is_visible():
            break
    expect(tooltip).to_contain_text("Gap")
    assert page.locator("img[src=x]").count() == 0


def test_the_address_keeps_the_filter(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name="A measure stands in for taste").click()
    headline = page.locator("h1.headline")
    expect(headline).not_to_contain_text("answers can be checked")
    page.wait_for_url("**graded=**")
    again = visit(page.url.split("/", 3)[3].join(["/", ""]))
    expect(again.locator("h1.headline")).to_have_text(headline.inner_text())


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_downloaded_picture_is_valid_and_says_what_it_shows(visit: Visit, path: str) -> None:
    page = visit(path)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG", exact=True).first.click()
    picture = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename.endswith(".png")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1200
    assert height >= 600
    assert b"iTXtDescription" in picture


def settled_box(marks: Locator) -> FloatRect:
    """Where a chart lies once it is drawn and lies still: a page draws it anew while it is still being put together."""
    last = None
    for _ in range(100):
        expect(marks).to_be_visible()
        box = marks.bounding_box()
        if box is not None and box == last:
            return box
        last = box
        marks.page.wait_for_timeout(100)
    raise AssertionError("the chart does not come to rest")


def test_dates_dragged_over_become_the_window_of_the_fit(visit: Visit) -> None:
    page = visit("/trends?benchmark=Votes")
    headline = page.locator("h1.headline")
    expect(headline).to_contain_text("On Votes, the best reasoning models gain")
    box = settled_box(page.locator("[data-testid=stVegaLiteChart] .marks:visible").first)
    across, down = box["x"] + 0.1 * box["width"], box["y"] + 0.6 * box["height"]
    page.mouse.move(across, down)
    page.mouse.down()
    page.mouse.move(across + 60, down, steps=6)
    page.mouse.move(across + 130, down, steps=6)
    page.mouse.up()
    page.wait_for_url("**from=2025-**to=2025-**")
    expect(headline).to_contain_text("too few")
    again = visit(page.url.split("/", 3)[3].join(["/", ""]))
    expect(again.locator("h1.headline")).to_have_text(headline.inner_text())


def test_a_downloaded_table_holds_every_gap(visit: Visit) -> None:
    page = visit("/")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith("benchmark_id,reasoning_id")
    assert len(lines) == 11
