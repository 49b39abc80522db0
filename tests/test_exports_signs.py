"""Signs that no XML may hold, and signs that turn others around: they leave the program in no file that people read."""

import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import altair as alt
import joined
import pytest
from joined import NOW
from seeded_questions import forecast, question, save, walk
from sqlalchemy import Engine

from db.engine import open_engine
from db.forecast_tables import Forecaster
from jobs.export_atom import Entry, feed
from jobs.export_charts import export_charts, works
from jobs.export_dossier import export_dossier
from tracker.charts.export import Format, export, inlined, plain
from tracker.charts.signs import shown

CONTROLS = "".join(map(chr, range(0x20)))
KEPT = "\t\n\r"
FORBIDDEN = "".join(sign for sign in CONTROLS if sign not in KEPT) + "\ufffe\uffff\ud800\udfff"
# https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt, Bidi_Control
TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NASTY = f"Do we \x1b finish{FORBIDDEN} in {TURNING}time?"
# A database holds neither NUL nor half a pair.
STORED = re.sub("[\0\ud800-\udfff]", "", NASTY)
OWN, FORECASTER, REASON = "own:do-we-finish-in-time", f"Ada{STORED}", f"Because {STORED}"
FORMATS: tuple[Format, ...] = ("png", "png2x", "svg", "pdf", "html", "vega-lite")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = tmp_path_factory.mktemp("joined") / "tracker.db"
    joined.copy_to(path)
    opened = open_engine(f"sqlite:///{path}")
    said = NOW - timedelta(days=5)
    save(
        opened,
        [
            Forecaster(name=FORECASTER, kind="person"),
            question(OWN, STORED, NOW, rules=STORED, note=STORED),
            *walk(OWN, "manifold", NOW - timedelta(days=30), NOW - timedelta(days=1), first=0.5, last=0.9),
            forecast(OWN, FORECASTER, said, 0.42, reason=REASON, recorded_at=said),
        ],
    )
    yield opened
    opened.dispose()


def in_order(text: str) -> bool:
    return not set(text) & set(FORBIDDEN + TURNING)


@pytest.mark.parametrize("sign", FORBIDDEN)
def test_a_sign_that_xml_forbids_is_shown_as_one_that_is_not_known(sign: str) -> None:
    assert shown(f"a{sign}b") == "a\ufffdb"


def test_every_other_sign_stays_as_it_is() -> None:
    every = "".join(chr(code) for code in range(0x20, 0x110000, 7) if not 0xD800 <= code <= 0xDFFF)
    others = "".join(sign for sign in every if sign not in TURNING and sign not in FORBIDDEN)
    assert shown(KEPT + others) == KEPT + others
    assert ElementTree.fromstring(f"<a>{others.translate({38: None, 60: None})}</a>").text


@pytest.mark.parametrize("sign", TURNING)
def test_a_sign_that_turns_others_around_is_left_out(sign: str) -> None:
    assert shown(f"a{sign}b") == plain(f"a{sign}b") == "ab"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_chart_with_any_sign_becomes_a_file(kind: Format) -> None:
    rows = alt.InlineData(values=[{"name": NASTY, "value": 1.5}])
    bars = alt.Chart(rows, title=NASTY, description=NASTY).mark_bar().encode(x="value:Q", y="name:N")
    chart = bars.configure(background="#ffffff")
    body = export(chart, kind, title=NASTY)
    if kind in ("svg", "html", "vega-lite"):
        # A page has its program inside, with signs of its own before it comes to the chart.
        said = "".join(line for line in body.decode().splitlines(keepends=True) if "Do we" in line)
        assert "Do we \ufffd finish" in said
        assert in_order(said)
    if kind == "svg":
        ElementTree.fromstring(body)
        ElementTree.fromstring(inlined(chart, title=NASTY, key="k"))


def test_the_history_of_a_question_with_any_sign_is_drawn(engine: Engine, tmp_path: Path) -> None:
    """The renderer ends the whole process at a sign that XML forbids, so each goes through it."""
    todo = works(engine, [OWN])
    written = export_charts(todo, tmp_path, kinds=FORMATS)
    assert [path.name for path in written] == [
        f"question-own-do-we-finish-in-time{ending}"
        for ending in (".png", "@2x.png", ".svg", ".pdf", ".html", ".vl.json")
    ]
    assert all(path.stat().st_size > 5_000 for path in written)


def test_a_dossier_of_a_question_with_any_sign_is_whole(engine: Engine, tmp_path: Path) -> None:
    written = export_dossier(engine, OWN, (), tmp_path, as_of=NOW.date())
    assert {path.suffix for path in written} == {".html", ".pdf", ".md", ".zip", ".png"}
    for path in written:
        if path.suffix in (".html", ".md"):
            text = path.read_text("utf-8")
            assert "Do we" in text
            assert in_order(text), path.name
        if path.suffix == ".zip":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as packed:
                assert in_order(packed.read("README.md").decode())
                # The record stays as it is.
                assert "\u202e" in packed.read("question.json").decode()


def test_a_feed_turns_nothing_around() -> None:
    body = feed([Entry("verdict\nx", NOW, NASTY, NASTY, None)]).decode()
    assert in_order(body)
    assert "Do we \ufffd finish" in body
