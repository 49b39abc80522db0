"""Exported files on disk: where to, as a command asks for it; whole or not at all, over what lay there before."""

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer


def _named(given: str | Path) -> Path:
    """A place with a name: the path of an empty text is the folder one stands in, which nobody asked for."""
    if not str(given).strip():
        raise typer.BadParameter("a name is needed: where to?")
    return Path(given)


Out = Annotated[
    Path, typer.Option("--out", parser=_named, metavar="DIR", help="The folder to write to; made if missing.")
]
File = Annotated[
    Path, typer.Option("--out", parser=_named, metavar="FILE", help="The file to write; its folder is made if missing.")
]


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
