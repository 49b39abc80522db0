"""The dashboard in a real Chromium: light and dark, phone and desk, offline, with links that keep what was chosen."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import seeded
import seeded_trends
from browsing import Visit, serving, settled_box
from playwright.sync_api import expect

from db.engine import migrate, open_engine

pytestmark = pytest.mark.browser

PAGES = {"scores": "/scores", "trends": "/trends", "runs": "/runs"}


@pytest.fixture(scope="module")
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
    page = visit("/scores")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator("h1.headline")).to_contain_text("24 runs of 3 models")
    assert page.url.endswith("/runs")


def test_a_hostile_name_is_text_everywhere(visit: Visit) -> None:
    for path in PAGES.values():
        page = visit(path)
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("a[href^=javascript]").count() == 0
        expect(page.get_by_test_id("stMain")).to_contain_text("<img src=x onerror=alert(1)> **bold** [link]")


def test_a_hostile_name_is_text_in_a_tooltip(visit: Visit) -> None:
    page = visit("/scores")
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
    page = visit("/scores")
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
    page = visit("/scores")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith("benchmark_id,reasoning_id")
    assert len(lines) == 11
