"""Damaged lm-eval files through the import: `python -m tests.bench.fuzz_imports --files 10000 --seed 0`.

Each file is one of the made fixtures, or of the real files where they lie beside the checkout, with bytes flipped, cut
off, or with keys and values of its JSON exchanged. Every one must give rows that the database takes, or one error of
one class; anything else is printed, and the exit status is 1.
"""

import argparse
import copy
import hashlib
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from db.engine import migrate, open_engine
from db.imports import save_imported
from db.store import save_catalog
from tracker.catalog.load import load_catalog
from tracker.evals.imported import Imported, fit, mention_of, parse_results, parse_samples, written_out
from tracker.evals.imported_runs import Known
from tracker.evals.imported_samples import read_samples
from tracker.evals.imported_values import ImportedFileError
from tracker.settings import EMBEDDED_CATALOG

FIXTURES = Path(__file__).parents[1] / "fixtures" / "lm_eval"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "lm_eval"
LARGEST = 60_000
MOST_CHANGES = 6
# Stands for a value nested so deeply that it can only be written as text.
DEEP = "written as deep nesting"

Mutation = Callable[[random.Random, bytes], bytes]


def sources() -> list[Path]:
    """Files to damage: small ones, so that each damage has a chance to matter."""
    found = [path for root in (FIXTURES, SHARED) if root.is_dir() for path in sorted(root.rglob("*.json*"))]
    return [path for path in found if path.stat().st_size <= LARGEST or path.suffix == ".jsonl"]


def flip(rng: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 20)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def splice(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content))
    piece = content[start : start + rng.randint(1, 200)]
    place = rng.randrange(len(content))
    return content[:place] + piece + content[place:]


def exchange(rng: random.Random, content: bytes) -> bytes:
    """Change the JSON tree: in one line of it, where there is one document a line."""
    lines = content.splitlines(keepends=True)
    try:
        return _written(rng, _changed(rng, json.loads(content)))
    except (ValueError, RecursionError):
        place = rng.randrange(len(lines))
    try:
        lines[place] = _written(rng, _changed(rng, json.loads(lines[place]))) + b"\n"
    except (ValueError, RecursionError):
        return cut(rng, content)
    return b"".join(lines)


def _written(rng: random.Random, tree: Any) -> bytes:
    depth = rng.choice((3, 60, 400, 900, 3000, 100_000))
    opened, closed = rng.choice((("[", "]"), ('{"results": ', "}")))
    text = json.dumps(tree).replace(json.dumps(DEEP), opened * depth + "1" + closed * depth)
    return text.encode("utf-8", "surrogatepass")


MUTATIONS: tuple[Mutation, ...] = (exchange, exchange, exchange, exchange, flip, cut, splice)


def odd_value(rng: random.Random) -> Any:
    """What no sound file holds where it is put."""
    values = (
        None,
        True,
        "",
        "N/A",
        "\x00\ud800é漢\u2028",
        "a" * 5000,
        -1,
        0,
        10**30,
        10**400,
        1e308,
        -1e308,
        float("nan"),
        float("inf"),
        -0.0,
        2**63,
        [],
        {},
        [1, "a", None],
        {"acc,none": 0.5},
        {"acc,none": {"acc,none": {}}},
        "pretrained=../../etc,model=\ud800,revision=,=,,limit=1e999",
        "1e400",
        DEEP,
    )
    return copy.deepcopy(values[rng.randrange(len(values))])


def _changed(rng: random.Random, tree: Any) -> Any:
    places = _places(tree)
    for _ in range(rng.randint(1, MOST_CHANGES)):
        if not places:
            return odd_value(rng)
        holder, key = places[rng.randrange(len(places))]
        if isinstance(holder, list):
            if key < len(holder):
                holder[key] = odd_value(rng)
            continue
        kind = rng.randrange(5)
        if kind == 0:
            holder.pop(key, None)
        elif kind == 1 and key in holder:
            holder[rng.choice(("acc,none", "acc", "", ",", "_stderr", "a,b,c", "\x00\ud800", "results"))] = holder.pop(
                key
            )
        elif kind == 2 and places:
            other, name = places[rng.randrange(len(places))]
            if isinstance(other, dict) and name in other:
                holder[key] = copy.deepcopy(other[name])
        else:
            holder[key] = odd_value(rng)
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) in the tree, those near its root more often: they decide more."""
    found: list[tuple[Any, Any]] = []
    level = [tree]
    for weight in (8, 4, 1, 1, 1):
        below = []
        for holder in level:
            keys = (
                list(holder)
                if isinstance(holder, dict)
                else list(range(len(holder)))
                if isinstance(holder, list)
                else []
            )
            found += [(holder, key) for key in keys for _ in range(weight)]
            below += [holder[key] for key in keys]
        level = below
    return found


def take(content: bytes, name: str, known: Known, folder: str = "") -> Imported:
    """What the import makes of one file."""
    if name.endswith(".jsonl"):
        digest = hashlib.sha256(content).hexdigest()
        return parse_samples(read_samples(content.splitlines(keepends=True), name, folder=folder, sha256=digest), known)
    listed = written_out(content, name, folder)
    if listed is not None:
        return parse_samples(listed, known)
    return parse_results(content, name, known)


def try_one(rng: random.Random, path: Path, known: Known, engine: Engine | None) -> str:
    """Damage a file and take it: "rows", or "refused"; anything else comes out as the exception it is."""
    content = path.read_bytes()
    for _ in range(rng.choice((1, 1, 1, 2))):
        if content:
            content = rng.choice(MUTATIONS)(rng, content)
    try:
        if not path.name.endswith(".jsonl"):
            beside = next(iter(sorted(path.parent.glob("*.jsonl"))), None)
            if beside is not None:
                fit(content, read_samples(beside.read_bytes().splitlines(keepends=True), beside.name))
        parsed = take(content, path.name, known, path.parent.name)
    except ImportedFileError as error:
        if not str(error) or "\n" in str(error):
            raise AssertionError("the reason is not one line") from error
        return "refused"
    for rows in parsed.runs:
        known.model_id(mention_of(rows.run.settings))
    if engine is not None:
        ids = {rows.run.id for rows in parsed.runs}
        save_imported(engine, parsed.runs, parsed.models, parsed.benchmarks, instead_of=ids)
    return "rows"


def main() -> int:
    """Damage, take, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalog = load_catalog(EMBEDDED_CATALOG)
    known = Known(tuple(catalog.models.values()), tuple(catalog.benchmarks.values()))
    paths = sources()
    tally: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/tracker.db")
        migrate(engine)
        save_catalog(engine, *catalog.rows())
        for number in range(arguments.files):
            rng = random.Random(f"{arguments.seed}/{number}")
            path = rng.choice(paths)
            try:
                tally[try_one(rng, path, known, engine)] += 1
            except Exception:
                tally["BROKEN"] += 1
                print(f"seed {arguments.seed}/{number}, {path.name}:\n{traceback.format_exc()}", file=sys.stderr)
        engine.dispose()
    seconds = time.monotonic() - started
    print(f"{arguments.files:,} damaged files of {len(paths)}: {dict(tally)}, {seconds:.0f} s")
    return 1 if tally["BROKEN"] else 0


if __name__ == "__main__":
    sys.exit(main())
