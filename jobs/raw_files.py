"""Imported files as they came, compressed and named by their SHA-256: evidence has to outlive the parser."""

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import zstandard

from tracker.evals.imported_samples import SampleFile, read_samples
from tracker.evals.imported_values import ImportedFileError

CHUNK = 1 << 20
LARGEST_RESULTS = 256 * CHUNK
"""More bytes than any results file has: a larger one would only fill the memory."""


class Kept(NamedTuple):
    """One file that was imported: where it is kept, its own name, and the name of the folder it lay in."""

    path: Path
    sha256: str
    name: str
    folder: str
    is_samples: bool


class RawFiles:
    """The folder of kept files. A file that is there already is not written again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str, *, samples: bool) -> Path:
        return self.folder / f"{sha256}.{'jsonl' if samples else 'json'}.zst"

    def keep(self, content: bytes, name: str, folder: str) -> None:
        """Keep a results file."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256, samples=False)
        if not path.exists():
            with self._writing(path) as file:
                file.write(zstandard.ZstdCompressor(level=9).compress(content))
        self._describe(sha256, name, folder)

    def keep_samples(self, path: Path, name: str, folder: str) -> SampleFile:
        """Read and keep a samples file in one pass, however large it is.

        Raises ImportedFileError if it holds no samples; it is then not kept.
        """
        digest = hashlib.sha256()
        if path.parent == self.folder:
            sha256 = path.name.partition(".")[0]
            name, folder = self._described(sha256, name)
            return read_samples(read_lines(path), name, folder=folder, sha256=sha256)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".unfinished") as place:
            unfinished = Path(place) / "samples"
            with unfinished.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as compressed:

                def lines() -> Iterator[bytes]:
                    for line in read_lines(path):
                        digest.update(line)
                        compressed.write(line)
                        yield line

                read = read_samples(lines(), name, folder=folder)
            sha256 = digest.hexdigest()
            kept = self.path(sha256, samples=True)
            if not kept.exists():
                unfinished.rename(kept)
        # A copy under another name is the same file: what it is called was settled when it came first.
        self._describe(sha256, name, folder)
        first_name, first_folder = self._described(sha256, name)
        return replace(read, name=first_name, folder=first_folder, sha256=sha256)

    def drop(self, sha256: str) -> None:
        """Forget a file of which nothing was saved."""
        for suffix in ("json.zst", "jsonl.zst", "name"):
            (self.folder / f"{sha256}.{suffix}").unlink(missing_ok=True)

    def read_samples(self, sha256: str) -> SampleFile | None:
        """A samples file that was kept; None where it is gone."""
        path = self.path(sha256, samples=True)
        if not path.exists():
            return None
        name, folder = self._described(sha256, path.name)
        return read_samples(read_lines(path), name, folder=folder, sha256=sha256)

    def all(self) -> list[Kept]:
        """Every kept file, results before samples, in the order of their names."""
        found = []
        for path in sorted(self.folder.glob("*.json*.zst")):
            sha256, _, suffix = path.name.partition(".")
            name, folder = self._described(sha256, path.name)
            found.append(Kept(path, sha256, name, folder, suffix.startswith("jsonl")))
        return sorted(found, key=lambda kept: kept.is_samples)

    def _describe(self, sha256: str, name: str, folder: str) -> None:
        about = self.folder / f"{sha256}.name"
        if not about.exists():
            with self._writing(about) as file:
                file.write(json.dumps({"name": name, "folder": folder}).encode())

    def _described(self, sha256: str, otherwise: str) -> tuple[str, str]:
        try:
            about = json.loads((self.folder / f"{sha256}.name").read_bytes())
            return str(about["name"]), str(about["folder"])
        except (OSError, ValueError, KeyError, TypeError):
            return otherwise, ""

    @contextmanager
    def _writing(self, path: Path) -> Iterator[IO[bytes]]:
        """A file that appears when all of it is written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".unfinished") as place:
            unfinished = Path(place) / "file"
            with unfinished.open("wb") as file:
                yield file
            unfinished.rename(path)


def read_bytes(path: Path) -> bytes:
    """A whole file, plain or compressed. Raises ImportedFileError for one too large to be a results file."""
    with _opened(path) as file:
        try:
            content = file.read(LARGEST_RESULTS + 1)
        except zstandard.ZstdError as error:
            raise ImportedFileError("it is not whole, or not what its name says: it cannot be unpacked") from error
    if len(content) > LARGEST_RESULTS:
        raise ImportedFileError(f"it is larger than {LARGEST_RESULTS >> 20} MiB, and no results file is")
    return content


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, plain or compressed, one by one."""
    with _opened(path) as file:
        try:
            yield from file
        except zstandard.ZstdError as error:
            raise ImportedFileError("it is not whole, or not what its name says: it cannot be unpacked") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        if path.suffix != ".zst":
            yield file
            return
        with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as plain:
            yield io.BufferedReader(plain, CHUNK)
