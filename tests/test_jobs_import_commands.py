"""The commands as a person gives them: what is printed, and the exit status."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.__main__ import app
from tests.lm_eval_files import FIXTURES


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def call(program: CliRunner, *arguments: str) -> Result:
    return program.invoke(app, list(arguments))


def test_import_says_what_it_did_and_whose_kind_is_unknown(program: CliRunner, tmp_path: Path) -> None:
    said = call(program, "import", str(FIXTURES))
    assert said.exit_code == 0
    assert "10 files: 2 attached, 8 imported. They hold 10 runs" in said.stdout
    assert "Kind unknown: Tiny-1b, Tiny-1b (mode not known)" in said.stdout
    (tmp_path / "bad.json").write_text("{")
    said = call(program, "import", str(FIXTURES / "v0.3"), str(tmp_path / "bad.json"))
    assert said.exit_code == 1
    assert "bad.json: Not imported: it is cut off" in said.stdout


def test_a_path_that_is_not_there_is_a_sentence(program: CliRunner) -> None:
    said = call(program, "import", "nowhere")
    assert said.exit_code == 2
    assert said.stderr == "There is no file or folder nowhere.\n"


def test_reparse_and_catalogue_and_export_follow(program: CliRunner, tmp_path: Path) -> None:
    call(program, "import", str(FIXTURES))
    again = call(program, "reparse")
    assert (again.exit_code, "10 unchanged" in again.stdout) == (0, True)
    assert 'aliases = ["made-up/Tiny-1b@step1000"]' in call(program, "catalogue").stdout
    for format_ in ("csv", "parquet", "every-eval-ever"):
        said = call(program, "export", "runs", "--format", format_, "--out", str(tmp_path / format_))
        assert said.exit_code == 0
        assert any((tmp_path / format_).iterdir())
    assert call(program, "export", "runs", "--format", "xml", "--out", str(tmp_path)).exit_code == 2
    (tmp_path / "file").touch()
    said = call(program, "export", "runs", "--format", "csv", "--out", str(tmp_path / "file"))
    assert said.exit_code == 2
    assert "cannot be written" in said.stderr
