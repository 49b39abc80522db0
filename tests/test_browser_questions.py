"""Questions, Question and Calibration in a real Chromium: both modes, phone and desk, forecasting, foreign text."""

import csv
import io
import json
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import seeded_questions
import shipped
from browsing import Visit, serving, settled_box, visiting
from playwright.sync_api import Browser, Page, expect
from seeded_questions import HOSTILE, WRITING

from db.engine import open_engine
from db.queries.forecasts import forecasts

pytestmark = pytest.mark.browser

QUESTION = f"/question?question={WRITING}"
HOSTILE_QUESTION = "/question?question=manifold:hostile"
PAGES = {"questions": "/", "question": QUESTION, "calibration": "/calibration"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped evidence and seeded questions, one of them hostile."""
    found = tmp_path_factory.mktemp("questions")
    shipped.copy_to(found / "tracker.db")
    engine = open_engine(f"sqlite:///{found / 'tracker.db'}")
    seeded_questions.fill(engine, now=datetime.now(UTC))
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
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
    charts = page.locator("[data-testid=stVegaLiteChart] .marks:visible")
    assert charts.count() == 1
    box = settled_box(charts.first)
    column = page.get_by_test_id("stMainBlockContainer").bounding_box()
    assert column is not None
    assert column["width"] - 80 < box["width"] <= column["width"]
    paper = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 22, 26)"}[scheme]


def test_the_navigation_has_its_four_words(visit: Visit) -> None:
    page = visit("/")
    navigation = page.get_by_test_id("stSidebarNav")
    expect(navigation.get_by_test_id("stNavSectionHeader")).to_contain_text(
        ["Questions", "Evidence", "Forecasts", "Runs"]
    )
    expect(navigation.get_by_test_id("stSidebarNavLink")).to_have_text(
        ["Questions", "Question", "Scores", "Trends", "Capabilities", "Calibration", "Runs"]
    )
    navigation.get_by_role("link", name="Calibration", exact=True).click()
    expect(page.locator("h1.headline")).to_contain_text("Brier score")
    assert page.url.endswith("/calibration")


def _point_until(page: Page, tooltip_holds: str, *, click: bool = False) -> None:
    """Move over the first picture until a tooltip holds a text; click there if asked to."""
    chart = page.locator("[data-testid=stVegaLiteChart] .marks:visible").first
    chart.scroll_into_view_if_needed()
    box = settled_box(chart)
    tooltip = page.locator("#vg-tooltip-element")
    for down in range(8, int(box["height"]), 7):
        for across in range(int(0.3 * box["width"]), int(0.9 * box["width"]), 7):
            page.mouse.move(box["x"] + across, box["y"] + down)
            if tooltip.count() and tooltip.is_visible() and tooltip_holds in tooltip.inner_text():
                if click:
                    page.mouse.click(box["x"] + across, box["y"] + down)
                return
    raise AssertionError(f"no mark speaks of {tooltip_holds}")


def test_a_click_on_a_question_opens_it_at_its_own_address(visit: Visit) -> None:
    page = visit("/?topic=Best+model+at+the+end+of+2026+reasons")
    page.get_by_text("Dot: what stands now").wait_for()
    _point_until(page, "SOTA AI at EOY 2026", click=True)
    page.wait_for_url("**/question?question=manifold**")
    expect(page.locator(".asked")).to_have_text("SOTA AI at EOY 2026: a reasoning model?")
    again = visit(page.url.split("/", 3)[3].join(["/", ""]))
    expect(again.locator(".asked")).to_have_text("SOTA AI at EOY 2026: a reasoning model?")


def test_a_row_of_the_table_opens_its_question(visit: Visit) -> None:
    page = visit("/?topic=Reasoning+models+ahead+at+creative+writing")
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = settled_box(table)
    page.mouse.click(box["x"] + 18, box["y"] + 60)
    page.wait_for_url("**/question?question=*")
    expect(page.locator("h1.headline")).to_be_visible()


def test_a_forecast_is_made_kept_and_taken_back(visit: Visit, folder: Path) -> None:
    page = visit("/question?question=manifold:quiet-one")
    page.get_by_label("Name").fill("Emmy")
    page.get_by_label("In %").fill("12.5")
    page.get_by_label("In %").press("Tab")
    expect(page.get_by_text("12.5 % is odds of 1 : 7.")).to_be_visible()
    page.get_by_label("Or odds, for : against").fill("1:4")
    page.get_by_label("Or odds, for : against").press("Enter")
    expect(page.get_by_text("20 % is odds of 1 : 4.")).to_be_visible()
    expect(page.get_by_label("In %")).to_have_value("20.0")
    page.get_by_label("Because").fill("<b>Open weights</b> lag by half a year. =1+1")
    page.get_by_role("button", name="Record the forecast").click()
    expect(page.get_by_text("Recorded: Emmy, 20 %.")).to_be_visible()
    expect(page.locator(".entry")).to_contain_text(["<b>Open weights</b> lag by half a year. =1+1"])
    page.get_by_text("Take a forecast back").click()
    page.get_by_label("Why it is taken back").fill("Too low")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".entry.gone")).to_contain_text(["Emmy: 20"])
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    rows = forecasts(engine, ["manifold:quiet-one"]).filter(forecaster="Emmy")
    engine.dispose()
    assert rows.select("probability", "withdrawn_because").rows() == [(0.2, "Too low")]


def test_served_to_others_without_sign_in_it_is_read_only(folder: Path, browser: Browser) -> None:
    with serving(folder, "--server.address", "0.0.0.0") as url, visiting(browser, url) as opens:
        page = opens(QUESTION)
        expect(page.get_by_text("Read-only: this page is seen from elsewhere")).to_be_visible()
        expect(page.get_by_role("button", name="Record the forecast")).to_have_count(0)
        expect(page.locator(".entry").first).to_be_visible()


@pytest.mark.parametrize("path", ["/", HOSTILE_QUESTION, "/calibration"])
def test_a_hostile_title_is_text_on_the_page(visit: Visit, path: str) -> None:
    page = visit(path)
    page.get_by_role("button", name="Markdown").last.wait_for()
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.locator("script").filter(has_text="alert(1)").count() == 0
    if path != "/calibration":
        expect(page.get_by_test_id("stMain")).to_contain_text(HOSTILE)
        assert page.locator(".katex").count() == 0


def test_a_hostile_title_is_text_in_a_tooltip(visit: Visit) -> None:
    page = visit("/?source=Manifold")
    page.get_by_text("Dot: what stands now").wait_for()
    _point_until(page, HOSTILE)
    assert page.locator("#vg-tooltip-element script").count() == 0


def test_the_browsers_own_csv_is_not_offered_for_foreign_text(visit: Visit) -> None:
    page = visit("/")
    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.hover()
    toolbar = page.locator(".st-key-foreign-every-question [data-testid=stElementToolbar]")
    expect(toolbar.get_by_label("Search")).to_be_visible()
    expect(toolbar.get_by_label("Download as CSV")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", HOSTILE_QUESTION])
def test_every_export_is_a_valid_file_and_a_hostile_title_harms_in_none(visit: Visit, path: str) -> None:
    page = visit(path)
    files = {}
    for label in ("PNG", "PNG 2×", "SVG", "PDF", "HTML", "Vega-Lite", "CSV", "Markdown"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label, exact=True).first.click()
        files[label] = Path(waiting.value.path()).read_bytes()
    assert struct.unpack(">II", files["PNG"][16:24])[0] == 1200
    assert struct.unpack(">II", files["PNG 2×"][16:24])[0] == 2560
    drawing = ElementTree.fromstring(files["SVG"])
    assert not [one for one in drawing.iter() if one.tag.endswith("script")]
    assert files["PDF"].startswith(b"%PDF-")
    assert b"<script>alert" not in files["HTML"]
    assert b"https://cdn" not in files["HTML"]
    assert json.loads(files["Vega-Lite"])["description"]
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    assert len(rows) > 10
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@", "\t", "\r")]
    snippet = files["Markdown"].decode()
    assert r"\<script\>alert(1)\</script\> \[x\](javascript:y) \$latex\$ =1+1" in snippet
    opened = visit(path, chart=False)
    opened.set_content(files["HTML"].decode())
    opened.locator("svg, canvas").first.wait_for()


def test_a_question_that_nobody_asked_for_by_its_id_gets_it_into_the_address(visit: Visit) -> None:
    page = visit("/question")
    page.wait_for_url("**/question?question=*")
    title = page.locator(".asked").inner_text()
    again = visit(page.url.split("/", 3)[3].join(["/", ""]))
    expect(again.locator(".asked")).to_have_text(title)


def test_a_permalink_opens_what_was_chosen(visit: Visit) -> None:
    page = visit(f"{QUESTION}&time=90+days&sources=This+one")
    expect(page.get_by_test_id("stMain")).not_to_contain_text("Fainter: the same asked elsewhere")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Markdown").first.click()
    link = Path(waiting.value.path()).read_text().split("<")[-1].split(">")[0]
    again = visit(link.split("/", 3)[3].join(["/", ""]))
    expect(again.get_by_role("combobox", name="Time")).to_have_value("90 days")
    expect(again.get_by_test_id("stMain")).not_to_contain_text("Fainter: the same asked elsewhere")
