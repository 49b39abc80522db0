"""Exported files on disk: whole or not at all, over what an earlier export left there."""

from collections.abc import Mapping
from pathlib import Path


def put(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files by their names below a folder, made if missing; where they are. Raises OSError."""
    written = []
    for name, body in files.items():
        path = out / name
        put_one(path, body)
        written.append(path)
    return written


def put_one(path: Path, body: bytes) -> None:
    """A file that is there whole, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(body)
    unfinished.replace(path)
