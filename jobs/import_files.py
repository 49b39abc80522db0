"""Which files to import, and which samples files lie beside which results file."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tracker.evals.imported_samples import STAMP

ENDINGS = {".json": False, ".jsonl": True}
"""What is read of a folder, and whether it is samples. Each may be compressed: .json.zst, .jsonl.zst."""


class FoundFile(NamedTuple):
    """A file to import. `unit` is its path below what was asked for, and what reports call it.

    `name` and the name of its `folder` are those it had where lm-eval wrote it.
    """

    path: Path
    name: str
    folder: str
    unit: str
    is_samples: bool

    @property
    def stamp(self) -> str | None:
        """The moment in its name, which lm-eval gives to all files of one evaluation."""
        found = STAMP.findall(self.name)
        return found[-1] if found else None


class Unit(NamedTuple):
    """A results file with the samples files that seem to be its own; samples without one stand alone."""

    results: FoundFile | None
    samples: list[FoundFile]


def find_files(paths: Iterable[Path]) -> list[FoundFile]:
    """Every file named, and every JSON and JSON-lines file below every folder named, each once.

    Links to folders are not followed. Raises FileNotFoundError for a path that is not there.
    """
    found: dict[Path, FoundFile] = {}
    for root in paths:
        if root.is_dir():
            inside = sorted(path for path in root.rglob("*") if _is_samples(path) is not None and path.is_file())
            pairs = [(path, path.relative_to(root).as_posix()) for path in inside]
        elif root.is_file():
            pairs = [(root, root.name)]
        else:
            raise FileNotFoundError(2, "there is no such file or folder", str(root))
        for path, unit in pairs:
            found.setdefault(path.resolve(), _found(path, unit))
    return list(found.values())


def pair(found: Sequence[FoundFile]) -> list[Unit]:
    """The files as units: samples go to the results file of the same moment, in their own folder if it is there.

    Results that lie beside samples are taken along though nobody named them. Names from before files had a moment in
    them only say that samples may belong to the one such results file in their folder. Whether they do is for
    `tracker.evals.imported.fit` to say.
    """
    units = {file.path.resolve(): Unit(file, []) for file in found if not file.is_samples}
    by_stamp: dict[str | None, list[Unit]] = {}
    for unit in units.values():
        if unit.results is not None:
            by_stamp.setdefault(unit.results.stamp, []).append(unit)
    alone = []
    for file in found:
        if not file.is_samples:
            continue
        own = _unit_for(file, by_stamp.get(file.stamp, []))
        if own is None and file.stamp is not None:
            beside = next(
                (path for path in sorted(file.path.parent.glob(f"*{file.stamp}.json")) if path.is_file()), None
            )
            if beside is not None:
                own = Unit(_found(beside, Path(file.unit).with_name(beside.name).as_posix()), [])
                units[beside.resolve()] = own
                by_stamp.setdefault(file.stamp, []).append(own)
        if own is None:
            alone.append(Unit(None, [file]))
        else:
            own.samples.append(file)
    return [*units.values(), *alone]


def _unit_for(file: FoundFile, same_moment: Sequence[Unit]) -> Unit | None:
    """The nearest in the tree of folders; without a moment, the only one in the same folder."""
    if file.stamp is None:
        near = [unit for unit in same_moment if unit.results and unit.results.path.parent == file.path.parent]
        return near[0] if len(near) == 1 else None
    return max(same_moment, key=lambda unit: _shared(unit, file), default=None)


def _shared(unit: Unit, file: FoundFile) -> int:
    """How many folders the paths of a samples file and of a unit's results have in common."""
    if unit.results is None:
        return -1
    return len(os.path.commonpath([unit.results.path.parent.absolute(), file.path.parent.absolute()]))


def _found(path: Path, unit: str) -> FoundFile:
    return FoundFile(path, path.name, path.resolve().parent.name, unit, _is_samples(path) is True)


def _is_samples(path: Path) -> bool | None:
    """None for a file of another kind."""
    name = path.name.removesuffix(".zst")
    return ENDINGS.get(Path(name).suffix)
