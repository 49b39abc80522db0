"""The texts of a run's files: shown only of the very file that was saved, and never from outside the data folder."""

import hashlib
import json
from pathlib import Path

import pytest
import zstandard

from tracker.pages.sample_texts import TextsError, texts, verified

NAME = "samples_sums_2026-11-23T02-00-00.000000.jsonl.zst"
ROW = {
    "doc_hash": "d1",
    "arguments": [["What is 1 + 1?", {"until": []}]],
    "filtered_resps": ["2"],
    "target": "2",
    "outputs": [{"answer": "2", "thinking": "one and one <b>"}],
}
OLD = {"doc_hash": "d2", "arguments": {"gen_args_0": {"arg_0": "Say hi"}}, "resps": [["hi"]], "target": "hi"}


def write(folder: Path, *rows: object, name: str = NAME) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    plain = "".join(json.dumps(row) + "\n" for row in rows).encode()
    content = zstandard.ZstdCompressor().compress(plain)
    (folder / name).write_bytes(content)
    return {name: hashlib.sha256(content).hexdigest()}


def test_both_shapes_that_lm_eval_writes_are_read(tmp_path: Path) -> None:
    found = texts(tmp_path, "runs/a", write(tmp_path / "runs" / "a", ROW, OLD, {"no": "hash"}, "odd"))
    assert set(found) == {"d1", "d2"}
    one, other = found["d1"], found["d2"]
    assert (one.prompt, one.thinking, one.answer, one.target) == ("What is 1 + 1?", "one and one <b>", "2", "2")
    assert (other.prompt, other.thinking, other.answer) == ("Say hi", None, "hi")


def test_a_file_that_was_changed_is_not_shown(tmp_path: Path) -> None:
    files = write(tmp_path / "runs" / "a", ROW)
    assert verified(tmp_path, "runs/a", NAME, files[NAME]) == "as saved"
    write(tmp_path / "runs" / "a", ROW | {"target": "3"})
    with pytest.raises(TextsError, match="its SHA-256 differs"):
        texts(tmp_path, "runs/a", files)
    assert verified(tmp_path, "runs/a", NAME, files[NAME]) == "differs from what was saved"


def test_a_file_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    files = write(tmp_path / "runs" / "a", ROW)
    (tmp_path / "runs" / "a" / NAME).unlink()
    with pytest.raises(TextsError, match="is gone"):
        texts(tmp_path, "runs/a", files)
    assert verified(tmp_path, "runs/a", NAME, files[NAME]) == "gone"


def test_a_run_without_samples_says_so(tmp_path: Path) -> None:
    with pytest.raises(TextsError, match="No samples file"):
        texts(tmp_path, "runs/a", {"results_x.json": "0" * 64})


@pytest.mark.parametrize("name", ["../../samples_secret.jsonl.zst", "/etc/samples_secret.zst"])
def test_a_name_that_leads_out_of_the_data_folder_is_refused(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    files = write(tmp_path, ROW, name="samples_secret.jsonl.zst")
    with pytest.raises(TextsError, match="does not lie in the data folder"):
        texts(data, "runs", {name: next(iter(files.values()))})


def test_a_file_that_is_cut_off_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "a"
    write(folder, *[ROW | {"target": str(number)} for number in range(200)])
    content = (folder / NAME).read_bytes()[:-20]
    (folder / NAME).write_bytes(content)
    with pytest.raises(TextsError, match=r"cannot be unpacked|no texts"):
        texts(tmp_path, "runs/a", {NAME: hashlib.sha256(content).hexdigest()})


def test_imported_files_are_found_by_their_hash(tmp_path: Path) -> None:
    plain = (json.dumps(ROW) + "\n").encode()
    sha256 = hashlib.sha256(plain).hexdigest()
    (tmp_path / "imported").mkdir()
    path = tmp_path / "imported" / f"{sha256}.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(plain))
    assert set(texts(tmp_path, None, {"samples_sums.jsonl": sha256})) == {"d1"}
    assert verified(tmp_path, None, "samples_sums.jsonl", sha256) == "as saved"
    path.write_bytes(zstandard.ZstdCompressor().compress(plain + plain))
    with pytest.raises(TextsError, match="its SHA-256 differs"):
        texts(tmp_path, None, {"samples_sums.jsonl": sha256})
    with pytest.raises(TextsError, match="not kept here"):
        texts(tmp_path, None, {"samples_sums.jsonl": "../../x"})
