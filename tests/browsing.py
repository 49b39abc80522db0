"""A real dashboard and a real Chromium for the tests of the pages: how each is started, visited and watched."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
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

Visit = Callable[..., Page]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one on the path; a missing browser fails where everything is required."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("TRACKER_REQUIRE_ALL") == "1" or os.environ.get("CI"):
            pytest.fail("no Chromium to test with")
        pytest.skip("no Chromium to test with")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """The address of a dashboard on the database in a data folder; `options` for Streamlit."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *options],
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


@contextmanager
def visiting(browser: Browser, address: str) -> Iterator[Visit]:
    """What opens a page and waits for its chart; afterwards nothing may have gone outside or complained."""
    contexts, asked, complaints = [], set(), []
    expect.set_options(timeout=PATIENCE)

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
