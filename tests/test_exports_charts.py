"""`python -m jobs export charts`: all of them, unattended, at the size that is asked for, the same bytes twice."""

import json
import struct
from pathlib import Path

import pytest
import seeded_questions
from joined import MISSION, STRANGE
from sqlalchemy import Engine
from typer.testing import CliRunner

import jobs.__main__ as program
from jobs.export_charts import export_charts, question_name, works
from tracker.charts.export import Format
from tracker.figures.figure import SIZES, Size, exported


def size_of(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_every_page_has_its_charts(joined_engine: Engine) -> None:
    names = [work.name for work in works(joined_engine)]
    assert len(names) == len(set(names))
    assert {"evidence", "pairs-voted-creative-writing", "trend-index", "capabilities", "questions"} <= set(names)
    assert question_name(MISSION) in names
    assert "trend-lmarena-overall" in names
    assert "calibration" not in names


def test_outcomes_bring_a_calibration_chart(sqlite_engine: Engine, tmp_path: Path) -> None:
    seeded_questions.fill(sqlite_engine)
    last = works(sqlite_engine)[-1]
    assert last.name == "calibration"
    assert export_charts([last], tmp_path, kinds=["svg"]) == [tmp_path / "calibration.svg"]


def test_an_empty_database_has_none(sqlite_engine: Engine, tmp_path: Path) -> None:
    assert export_charts(works(sqlite_engine), tmp_path / "charts", kinds=["png"]) == []
    assert not (tmp_path / "charts").exists()


@pytest.mark.parametrize("kind", ["png", "png2x", "svg", "pdf", "html", "vega-lite"])
def test_the_same_data_gives_the_same_bytes(joined_engine: Engine, kind: Format, tmp_path: Path) -> None:
    made = []
    for out in (tmp_path / "one", tmp_path / "two"):
        (path,) = export_charts(works(joined_engine, [MISSION]), out, kinds=[kind], mode="dark")
        made.append(path.read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(("size", "pixels"), [("social", (1200, 675)), ("slide", (1600, 900)), ("post", (2560, 0))])
def test_a_picture_has_the_size_of_its_place(joined_engine: Engine, size: Size, pixels: tuple[int, int]) -> None:
    figure = works(joined_engine, [MISSION])[0].make()
    assert figure is not None
    width, height = size_of(exported(figure, "png", size=size))
    assert width == pixels[0]
    assert height == (pixels[1] or height)
    spec = json.loads(exported(figure, "vega-lite", size=size))
    assert spec["width"] == SIZES[size].width


def test_a_picture_says_in_words_what_it_shows(joined_engine: Engine) -> None:
    figure = works(joined_engine, [MISSION])[0].make()
    assert figure is not None
    assert figure.alternative.encode() in exported(figure, "png")
    assert b"<desc" in exported(figure, "svg")


def test_foreign_text_stays_text(joined_engine: Engine) -> None:
    figure = works(joined_engine, [STRANGE])[0].make()
    assert figure is not None
    for kind in ("svg", "html"):
        assert b"<script>alert" not in exported(figure, kind)


def test_the_command_names_what_it_wrote_and_refuses_the_rest(joined_engine: Engine, tmp_path: Path) -> None:
    folder = Path(str(joined_engine.url.database)).parent
    environment = {"TRACKER_DATA_DIR": str(folder), "COLUMNS": "200"}
    wanted = ["export", "charts", "--out", str(tmp_path), "--question", "creative writing", "--format"]
    done = CliRunner().invoke(program.app, [*wanted, "svg", "--format", "json"], env=environment)
    assert done.exit_code == 0
    assert done.output.strip() == f"{tmp_path}: 2 files."
    name = question_name(MISSION)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{name}.svg", f"{name}.vl.json"]
    done = CliRunner().invoke(program.app, [*wanted, "jpeg"], env=environment)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
