"""`python -m jobs export dossier`: files in a folder, the same bytes twice, and a sentence for what cannot be done."""

from pathlib import Path

import joined
import pytest
from joined import MISSION, NOW, RULELESS
from typer.testing import CliRunner

import jobs.__main__ as program
from db.engine import open_engine
from db.queries.record import last_day

NAME = "will-large-reasoning-models-signifi"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything in it."""
    found = tmp_path_factory.mktemp("data")
    joined.copy_to(found / "tracker.db")
    return found


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(program.app, list(arguments), env={"TRACKER_DATA_DIR": str(folder), "COLUMNS": "200"})
    assert "Traceback" not in done.output
    return done.exit_code, done.output.strip()


def contents(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_dossier_is_a_page_a_document_a_post_and_its_data(folder: Path, tmp_path: Path) -> None:
    status, said = run(folder, "export", "dossier", "creative writing", "--out", str(tmp_path / "one"))
    assert status == 0
    files = contents(tmp_path / "one")
    assert sorted(files) == sorted(
        [
            f"{NAME}.html",
            f"{NAME}.md",
            f"{NAME}.pdf",
            f"{NAME}-data.zip",
            *(
                f"{NAME}-pictures/{picture}.png"
                for picture in ("history", "pooled-voted", "pairs-voted-creative-writing", "pairs-voted-coding")
            ),
        ]
    )
    assert all(path in said for path in files)
    named = [line for line in files[f"{NAME}.md"].decode().splitlines() if line.startswith("![")]
    assert len(named) == 4
    assert all(line.split("](")[1].removesuffix(")") in files for line in named)


def test_the_same_data_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    wanted = ("export", "dossier", RULELESS, "--out")
    for out in ("one", "two"):
        assert run(folder, *wanted, str(tmp_path / out))[0] == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_past_day_can_be_asked_for(folder: Path, tmp_path: Path) -> None:
    status, _ = run(folder, "export", "dossier", RULELESS, "--out", str(tmp_path), "--as-of", "2025-12-31")
    assert status == 0
    (page,) = tmp_path.glob("*.html")
    assert "as known on 31 Dec 2025" in page.read_text("utf-8")


def test_it_is_dated_by_its_record_and_not_by_the_clock(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    assert last_day(engine, MISSION, NOW.date().replace(year=2027)) == NOW.date()
    assert last_day(engine, "manifold:nothing", NOW.date()) == NOW.date()
    engine.dispose()


def test_what_cannot_be_done_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    status, said = run(folder, "export", "dossier", "no such thing", "--out", str(tmp_path))
    assert status == 2
    assert said.startswith("No question is called “no such thing”")
    file = tmp_path / "file"
    file.write_text("")
    status, said = run(folder, "export", "dossier", RULELESS, "--out", str(file / "below"))
    assert status == 2
    assert "cannot be written: Not a directory." in said.replace("\n", " ")
