"""A dossier in a real browser: it asks for nothing, its fonts are its own, and it fits a phone."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import joined
import pytest
from browsing import Visit, serving
from joined import MISSION, NOW, RULES, STRANGE
from playwright.sync_api import Browser
from sqlalchemy import Engine

from db.queries.record import record
from jobs.question_estimates import evidence_of
from tracker.dossier.content import dossier
from tracker.dossier.page import page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def written(joined_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of two dossiers, by question."""
    paths = {}
    for place, question_id in enumerate((MISSION, STRANGE)):
        known = record(joined_engine, question_id, NOW.date())
        found = dossier(known, RULES.get(question_id, ()), lambda on: evidence_of(joined_engine, on))
        paths[question_id] = tmp_path_factory.mktemp("written") / f"dossier-{place}.html"
        paths[question_id].write_bytes(page(found))
    return paths


@pytest.mark.parametrize("question_id", [MISSION, STRANGE])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_asks_for_nothing_and_fits(
    written: dict[str, Path], browser: Browser, question_id: str, width: int
) -> None:
    path = written[question_id]
    asked, complaints = [], []
    context = browser.new_context(viewport={"width": width, "height": 900})
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    opened.goto(path.as_uri())
    opened.evaluate("document.fonts.ready")
    fonts = opened.evaluate("[...document.fonts].map(font => `${font.family} ${font.status}`)")
    wide = opened.evaluate("document.documentElement.scrollWidth")
    shown = opened.locator("figure svg:visible").count()
    figures = opened.locator("figure").count()
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    assert wide == width
    assert shown == figures > 0
    assert "IBM Plex Sans loaded" in [font.replace('"', "") for font in fonts]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on the same database."""
    folder = tmp_path_factory.mktemp("data")
    joined.copy_to(folder / "tracker.db")
    with serving(folder) as url:
        yield url


def test_the_page_of_a_question_gives_it_away_whole(visit: Visit) -> None:
    opened = visit(f"/question?question={quote(MISSION)}")
    line = opened.locator("[class*=st-key-downloads-dossier]")
    files = {}
    for label in ("HTML", "PDF", "Markdown", "Data"):
        with opened.expect_download() as waiting:
            line.get_by_role("button", name=label, exact=True).click()
        files[label] = Path(waiting.value.path()).read_bytes()
    assert b"Content-Security-Policy" in files["HTML"]
    assert "pooled over 14 pairs" in files["HTML"].decode()
    assert files["PDF"].startswith(b"%PDF-")
    with zipfile.ZipFile(io.BytesIO(files["Markdown"])) as post:
        assert sum(name.endswith(".png") for name in post.namelist()) == 4
    with zipfile.ZipFile(io.BytesIO(files["Data"])) as behind:
        assert {"rules.json", "gaps.csv", "verify.py"} <= set(behind.namelist())
