"""Scores and Capabilities on the shipped evidence in a real Chromium: both modes, phone and desk, clickable."""

import json
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
import shipped
from browsing import Visit, serving, settled_box
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = {"scores": "/scores", "capabilities": "/capabilities"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on the shipped evidence with the demonstration beside it."""
    folder = tmp_path_factory.mktemp("evidence")
    shipped.copy_to(folder / "tracker.db", demonstration=True)
    with serving(folder) as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_fits_the_screen_and_follows_its_mode(visit: Visit, path: str, width: int, scheme: str) -> None:
    page = visit(path, width, scheme)
    page.locator("h1.headline").wait_for()
    page.get_by_role("button", name="Markdown").last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 22, 26)"}[scheme]


def _click(page: Page, picture: int, label: str) -> None:
    """Click on the mark of a picture whose tooltip begins with a label, wherever in the upper rows it is."""
    chart = page.locator("[data-testid=stVegaLiteChart] .marks:visible").nth(picture)
    chart.scroll_into_view_if_needed()
    box = settled_box(chart)
    tooltip = page.locator("#vg-tooltip-element")
    for down in (34, 46):
        for step in range(160):
            across = box["x"] + box["width"] * (0.35 + 0.0035 * step)
            page.mouse.move(across, box["y"] + down)
            if tooltip.count() and tooltip.is_visible() and label in tooltip.inner_text():
                # The interval answers too; the mark is found by what the click does.
                page.mouse.click(across, box["y"] + down)
                page.wait_for_timeout(50)
                if page.evaluate("document.querySelectorAll('[data-test-script-state=running]').length"):
                    return
    raise AssertionError(f"no mark of {label} answered")


def test_a_click_on_a_pooled_gap_shows_its_pairs(visit: Visit) -> None:
    page = visit("/scores")
    page.get_by_text("Each line: one pair of models").wait_for()
    page.wait_for_timeout(500)
    _click(page, 0, "Math")
    page.wait_for_url("**domain=Math**")
    expect(page.get_by_test_id("stMain")).to_contain_text("Math: thinking helps in")


def test_a_click_on_a_pair_shows_where_it_comes_from(visit: Visit) -> None:
    page = visit("/scores")
    page.get_by_text("Each line: one pair of models").wait_for()
    page.wait_for_timeout(500)
    _click(page, 1, "GPT-5.1, high effort")
    page.wait_for_url("**gap=**")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("LMArena, text leaderboard, lmarena/arena-catalog")
    expect(main).to_contain_text("Read at: https://github.com/lmarena/arena-catalog/tree/")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_every_export_is_a_valid_file(visit: Visit, path: str) -> None:
    page = visit(path)
    files = {}
    for label in ("PNG", "PNG 2×", "SVG", "PDF", "HTML", "Vega-Lite", "CSV", "Markdown"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label, exact=True).first.click()
        files[label] = Path(waiting.value.path()).read_bytes()
    assert struct.unpack(">II", files["PNG"][16:24])[0] == 1200
    assert struct.unpack(">II", files["PNG 2×"][16:24])[0] == 2560
    assert ElementTree.fromstring(files["SVG"]).attrib["role"] == "img"
    assert files["PDF"].startswith(b"%PDF-")
    assert b"<script" in files["HTML"]
    assert b"https://cdn" not in files["HTML"]
    assert json.loads(files["Vega-Lite"])["description"]
    assert files["CSV"].count(b"\n") > 15
    snippet = files["Markdown"].decode()
    assert snippet.startswith("![")
    assert f"<{page.url.split('?')[0].rstrip('/')}" in snippet
    assert "Source: " in snippet


def test_a_permalink_opens_what_was_chosen(visit: Visit) -> None:
    page = visit("/scores?domain=Math%2C%20people%20vote&method=DerSimonian%E2%80%93Laird&as_of=2025-12-11")
    expect(page.get_by_test_id("stMain")).to_contain_text("Pooled: +16 [6, 26].")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Markdown").first.click()
    snippet = Path(waiting.value.path()).read_text()
    link = snippet.split("<")[-1].split(">")[0]
    again = visit(link.split("/", 3)[3].join(["/", ""]))
    expect(again.get_by_test_id("stMain")).to_contain_text("Pooled: +16 [6, 26].")
