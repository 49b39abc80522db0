"""Where exports are written: whole or not at all, nowhere by chance, and with a reason where there is nothing."""

from pathlib import Path

import joined
import pytest
from joined import MISSION, RULELESS
from typer.testing import CliRunner

import jobs.__main__ as program
from jobs.exported import put_one, put_with


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everything in it."""
    found = tmp_path_factory.mktemp("data")
    joined.copy_to(found / "tracker.db")
    return found


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {"TRACKER_DATA_DIR": str(folder), "COLUMNS": "200"}
    done = CliRunner().invoke(program.app, ["export", *arguments], env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output.strip()


@pytest.mark.parametrize("given", ["", " "])
@pytest.mark.parametrize(
    "what", [("charts",), ("dossier", RULELESS), ("json",), ("atom",), ("runs", "--format", "csv")]
)
def test_a_place_without_a_name_is_refused(
    folder: Path, what: tuple[str, ...], given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, said = run(folder, *what, "--out", given)
    assert status == 2
    assert "a name is needed: where to?" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["json", "atom"])
@pytest.mark.parametrize("given", ["/", ".", "..", "there"])
def test_a_folder_is_no_file_to_write(
    folder: Path, what: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "inside"
    (inside / "there").mkdir(parents=True)
    monkeypatch.chdir(inside)
    status, said = run(folder, what, "--out", given)
    assert (status, said) == (2, f"{given} cannot be written: Is a directory.")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "there"]


def test_a_file_that_cannot_be_written_leaves_none_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    put_one(path, b"before")

    def full(unfinished: Path) -> None:
        unfinished.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(unfinished))

    with pytest.raises(OSError, match="No space") as raised:
        put_with(path, full)
    assert raised.value.filename == str(path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"before")]
    with pytest.raises(OSError, match="File name too long"):
        put_one(tmp_path / ("x" * 250), b"")


def test_charts_that_cannot_be_drawn_say_why(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "charts"
    status, said = run(
        folder, "charts", "--out", str(out), "--question", RULELESS, "--question", MISSION, "--format", "svg"
    )
    assert status == 0
    assert said.splitlines()[0] == f"{out}: 1 files."
    assert said.splitlines()[1].startswith(f"{RULELESS}: nothing to draw, because no probability of it has stood")
    assert len(said.splitlines()) == 2


def test_an_empty_database_says_how_to_fill_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    status, said = run(tmp_path / "data", "charts", "--out", str(tmp_path / "charts"))
    assert status == 0
    assert "no result is stored, and no probability has stood for any time. python -m jobs estimates stores" in said
