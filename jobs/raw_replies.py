"""What market sites answered, as it came, compressed: one file a sync, in the order in which they followed each other.

A file is `raw/<source>/<key>/<UTC time>.jsonl.zst` in the data folder. Its first line says which file it continues
(null: none); every other line is one reply. A file appears when all of it is on the disk.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import zstandard

from tracker.markets.source import Reply, SourceError

ENDING = ".jsonl.zst"
LARGEST = 1 << 30
"""More bytes than the replies of one sync have: a larger file would only fill the memory."""


class KeptSync(NamedTuple):
    """One sync's replies. `after`: the name of the file that it continues; null: of none."""

    name: str
    after: str | None
    replies: Sequence[Reply]


class RawReplies:
    """The kept replies of every source."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "raw"

    def keep(self, source: str, key: str, replies: Sequence[Reply], after: str | None) -> str:
        """Keep one sync; the name of its file."""
        folder = self._of(source, key)
        folder.mkdir(parents=True, exist_ok=True)
        name = self._free_name(folder, replies[-1].fetched_at)
        lines = [{"source": source, "key": key, "after": after}, *map(_as_json, replies)]
        text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
        packed = zstandard.ZstdCompressor(level=6, write_checksum=True).compress(text.encode("utf-8", "surrogatepass"))
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".unfinished", delete=False) as file:
            unfinished = Path(file.name)
            try:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
        unfinished.rename(folder / name)
        return name

    def names(self, source: str, key: str) -> list[str]:
        """The files of one entry, the earliest first."""
        return sorted(path.name for path in self._of(source, key).glob(f"[0-9]*{ENDING}"))

    def read(self, source: str, key: str, name: str) -> KeptSync:
        """One file. Raises SourceError where it is damaged."""
        path = self._of(source, key) / name
        try:
            packed = path.read_bytes()
            text = zstandard.ZstdDecompressor().decompress(packed, max_output_size=LARGEST)
            head, *lines = text.decode("utf-8", "surrogatepass").rstrip("\n").split("\n")
            return KeptSync(name, json.loads(head)["after"], [_from_json(json.loads(line)) for line in lines])
        except (zstandard.ZstdError, ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"The kept replies {path} are damaged and cannot be read: put a copy in their place, or remove them."
            ) from error

    def chain(self, source: str, key: str, last: str | None) -> Iterator[KeptSync]:
        """The syncs that lead to the file `last` (where it is not there: to the newest), the earliest first.

        A sync that was kept and then not stored is on no chain.
        """
        names = self.names(source, key)
        if not names:
            return
        here: str | None = last if last in names else names[-1]
        found: list[KeptSync] = []
        while here in names:
            found.append(self.read(source, key, str(here)))
            # Each file once, whatever a damaged folder says.
            names.remove(str(here))
            here = found[-1].after
        yield from reversed(found)

    def _of(self, source: str, key: str) -> Path:
        safe = quote(key, safe="")
        return self.folder / source / (safe if safe.strip(".") else f"%{safe}")

    @staticmethod
    def _free_name(folder: Path, at: datetime) -> str:
        stem = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        names = (f"{stem}{f'_{count:03}' if count else ''}{ENDING}" for count in range(1000))
        return next(name for name in names if not (folder / name).exists())


def _as_json(reply: Reply) -> dict[str, Any]:
    return {**asdict(reply), "fetched_at": reply.fetched_at.isoformat()}


def _from_json(line: Mapping[str, Any]) -> Reply:
    return Reply(**{**line, "fetched_at": datetime.fromisoformat(line["fetched_at"])})
