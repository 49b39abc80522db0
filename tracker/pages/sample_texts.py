"""The texts of a run's documents, read from its files; a file that is not the one that was saved is not shown."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

# What is unpacked of a file, at most: an answer is small, and a made-up file could unpack to anything.
LARGEST = 1 << 30


class TextsError(Exception):
    """The sentence says why the texts of a run cannot be shown."""


@dataclass(frozen=True)
class Text:
    """One document as a model met it: what it was asked, what it thought (null: not kept apart), what it answered."""

    doc_hash: str
    prompt: str
    thinking: str | None
    answer: str
    target: str


def texts(data_dir: Path, folder: str | None, files: Mapping[str, str]) -> dict[str, Text]:
    """The run's documents by their hash, the first of several. Raises TextsError with a sentence.

    `folder` is the run's, relative to the data folder; imported runs have none, and their files lie under their
    SHA-256. `files`: SHA-256 by name.
    """
    named = {name: sha256 for name, sha256 in files.items() if "samples" in name or name.endswith((".jsonl", ".zst"))}
    if not named:
        raise TextsError("No samples file was kept with this run.")
    found: dict[str, Text] = {}
    for name, sha256 in sorted(named.items()):
        lines = _own(data_dir, folder, name, sha256) if folder else _kept(data_dir, sha256)
        for line in lines:
            text = _text(line)
            if text is not None:
                found.setdefault(text.doc_hash, text)
    if not found:
        raise TextsError("The samples file holds no texts that can be told apart.")
    return found


def verified(data_dir: Path, folder: str | None, name: str, sha256: str) -> str:
    """What became of a file: "as saved", "differs from what was saved", "gone", or "not kept here"."""
    if folder is None:
        found = sorted((data_dir / "imported").glob(f"{sha256}.json*.zst")) if _hexadecimal(sha256) else []
        if not found:
            return "not kept here"
        try:
            digest = hashlib.sha256()
            for line in _unpacked(found[0].read_bytes()):
                digest.update(line)
        except (OSError, TextsError):
            return "differs from what was saved"
        return "as saved" if digest.hexdigest() == sha256 else "differs from what was saved"
    try:
        path = _inside(data_dir, folder, name)
        return "as saved" if hashlib.sha256(path.read_bytes()).hexdigest() == sha256 else "differs from what was saved"
    except (OSError, TextsError):
        return "gone"


def _own(data_dir: Path, folder: str, name: str, sha256: str) -> Iterator[bytes]:
    path = _inside(data_dir, folder, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TextsError(f"{name} is gone from the run's folder: its texts cannot be shown.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise TextsError(f"{name} is not the file that was saved: its SHA-256 differs, so its texts are not shown.")
    yield from _unpacked(content)


def _kept(data_dir: Path, sha256: str) -> Iterator[bytes]:
    """The lines of an imported file; its hash is of what was imported, before it was compressed."""
    path = data_dir / "imported" / f"{sha256}.jsonl.zst"
    if not _hexadecimal(sha256) or not path.exists():
        raise TextsError("The samples file is not kept here: its texts cannot be shown.")
    try:
        lines = list(_unpacked(path.read_bytes()))
    except OSError as error:
        raise TextsError("The samples file cannot be read.") from error
    if hashlib.sha256(b"".join(lines)).hexdigest() != sha256:
        raise TextsError("The samples file is not the one that was imported: its SHA-256 differs.")
    yield from lines


def _inside(data_dir: Path, folder: str, name: str) -> Path:
    """A file of a run's folder; a name that leads elsewhere is refused."""
    path = (data_dir / folder / name).resolve()
    if not path.is_relative_to(data_dir.resolve()):
        raise TextsError(f"{name} does not lie in the data folder.")
    return path


def _hexadecimal(sha256: str) -> bool:
    return len(sha256) == 64 and all(sign in "0123456789abcdef" for sign in sha256)


def _unpacked(content: bytes) -> Iterator[bytes]:
    try:
        with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
            size = 0
            for line in io.BufferedReader(reader):
                size += len(line)
                if size > LARGEST:
                    raise TextsError("The samples file is too large to show.")
                yield line
    except zstandard.ZstdError as error:
        raise TextsError("The samples file is not whole: it cannot be unpacked.") from error


def _text(line: bytes) -> Text | None:
    """A line of a samples file; None for one without a hash or that is no object."""
    try:
        row: Any = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    if not isinstance(row, dict) or not isinstance(row.get("doc_hash"), str):
        return None
    outputs = row.get("outputs")
    output = outputs[0] if isinstance(outputs, list) and outputs and isinstance(outputs[0], dict) else {}
    answer = output.get("answer", _first(row.get("filtered_resps") or row.get("resps")))
    thinking = output.get("thinking")
    return Text(
        row["doc_hash"],
        _prompt(row),
        str(thinking) if thinking is not None else None,
        _first(answer),
        _first(row.get("target")),
    )


def _prompt(row: Mapping[str, Any]) -> str:
    """What the model was given, of either shape that lm-eval writes."""
    arguments = row.get("arguments")
    if isinstance(arguments, dict):
        arguments = list(arguments.values())
    if isinstance(arguments, list) and arguments:
        first = arguments[0]
        if isinstance(first, dict):
            first = list(first.values())
        return _first(first)
    doc = row.get("doc")
    return json.dumps(doc, ensure_ascii=False) if doc is not None else ""


def _first(value: object) -> str:
    """The text in nested lists; anything else as it is written."""
    while isinstance(value, list) and value:
        value = value[0]
    return "" if value is None else str(value)
