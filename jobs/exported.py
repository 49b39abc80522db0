"""Exported files on disk: whole or not at all, over what an earlier export left there."""

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def put(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files by their names below a folder, made if missing; where they are. Raises OSError."""
    written = []
    for name, body in files.items():
        path = out / name
        put_one(path, body)
        written.append(path)
    return written


def put_one(path: Path, body: bytes) -> None:
    """A file that is there whole, or as it was. Raises OSError, which names it."""
    put_with(path, lambda unfinished: unfinished.write_bytes(body))


def put_with(path: Path, write: Callable[[Path], Any]) -> None:
    """The same for what `write` puts where it is told to."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        write(unfinished)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
