"""The Markdown of every page's pictures, downloaded in a real Chromium: whose figures they are, and on which terms."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import seeded
import shipped
from browsing import Visit, serving, settled_box
from playwright.sync_api import Page, expect
from sqlalchemy import update

from db.engine import open_engine, writing
from db.tables import Run

pytestmark = pytest.mark.browser

OWN = "own lm-eval runs: the user’s own measurements."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on the shipped evidence, with the demonstration, of which a model is imported."""
    folder = tmp_path_factory.mktemp("terms")
    shipped.copy_to(folder / "tracker.db", demonstration=True)
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    with writing(engine) as connection:
        connection.execute(update(Run).where(Run.model_id == seeded.MODELS[0][0]).values(origin="imported"))
    engine.dispose()
    with serving(folder) as url:
        yield url


def terms(page: Page, picture: int = 0) -> str:
    """The line of the terms in the snippet of a picture."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Markdown", exact=True).nth(picture).click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    (line,) = (line.strip() for line in lines if line.startswith("Terms of the sources: "))
    return line.removeprefix("Terms of the sources: ")


def test_scores_names_every_source_of_each_picture(visit: Visit) -> None:
    page = visit("/scores")
    expect(page.get_by_role("button", name="Markdown", exact=True)).to_have_count(2)
    assert terms(page) == (
        "Epoch AI Benchmarking Hub, Lech Mazur’s writing benchmark, LiveBench, LMArena, Qwen3 report: "
        "figures with citation."
    )
    assert terms(page, 1) == "LMArena: figures with citation."


def test_scores_of_the_demonstration_are_the_users_own(visit: Visit) -> None:
    page = visit("/scores?models=Demonstration")
    expect(page.locator("h1.headline")).to_contain_text("reasoning")
    assert terms(page) == OWN
    every = visit("/scores?models=Demonstration&pair=All+pairs")
    expect(every.locator("h1.headline")).to_contain_text("comparisons")
    assert terms(every) == f"imported lm-eval results: terms not known; {OWN}"


def test_trends_names_the_sources_of_the_index_or_of_the_benchmark(visit: Visit) -> None:
    expected = "DeepSeek-R1 report, Epoch AI Benchmarking Hub, LiveBench, Qwen3 report: figures with citation."
    assert terms(visit("/trends")) == expected
    assert terms(visit("/trends?benchmark=LMArena%3A+overall")) == "LMArena: figures with citation."


def test_capabilities_names_the_sources_of_the_scores_in_the_picture(visit: Visit) -> None:
    said = terms(visit("/capabilities"))
    assert said == "DeepSeek-R1 report, EQ-Bench 3, LiveBench, LMArena, Qwen3 report: figures with citation."


def test_runs_are_the_users_own_and_imported_ones_stand_in_the_table_alone(visit: Visit) -> None:
    page = visit("/runs")
    expect(page.locator("h1.headline")).to_contain_text("16 runs of 2 models")
    assert terms(page) == OWN


def test_a_human_level_has_its_source_on_hover(visit: Visit) -> None:
    page = visit("/capabilities")
    page.set_viewport_size({"width": 1280, "height": 2400})
    chart = page.locator("[data-testid=stVegaLiteChart] .marks:visible")
    tooltip = page.locator("#vg-tooltip-element")
    for _ in range(8):
        box = settled_box(chart)
        for down in range(4, int(box["height"]), 12):
            page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + down)
            if tooltip.count() and tooltip.is_visible() and "Science" in tooltip.inner_text():
                assert "human level: Experts with a PhD in the field; OpenAI" in tooltip.inner_text()
                return
        page.wait_for_timeout(200)
    raise AssertionError("no row of the chart answered with Science")
