"""Reads the CSV files of published gaps into checked numbers, two to a row."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tracker.catalog.checked import CatalogError, complaint, shown
from tracker.catalog.entries import TwinEntry
from tracker.catalog.published_entries import PublishedBenchmarkEntry, PublishedModelEntry, SourceEntry

NAMES_FILE = "published.toml"
# Where both have a number, the first file's is kept: it names the file it was read from.
GAPS_FILES = ("published.csv", "published_arena.csv")
TOGETHER = f"{NAMES_FILE} and {' and '.join(GAPS_FILES)}"
SIDES = ("reasoning", "conventional")
NUMBERS = ("value", "low", "high", "stderr")
COLUMNS = (
    *("source", "published_on", "benchmark", *SIDES, "reasoning_run"),
    *(f"{side}_{number}" for side in SIDES for number in NUMBERS),
    *("url", "note"),
)


@dataclass(frozen=True)
class Names:
    """What the names in the CSV files mean, by id."""

    sources: dict[str, SourceEntry]
    benchmarks: dict[str, PublishedBenchmarkEntry]
    models: dict[str, PublishedModelEntry]
    twins: dict[tuple[str, str], TwinEntry]


@dataclass(frozen=True)
class Published:
    """One number that was published. `run` tells several runs of one model by one source on one day apart."""

    source: str
    published_on: date | None
    model: str
    run: str
    benchmark: str
    value: float
    low: float | None
    high: float | None
    stderr: float | None
    url: str
    note: str

    @property
    def run_id(self) -> str:
        parts = ("published", self.source, self.published_on or "undated", self.model, self.run)
        return "/".join(str(part) for part in parts if part)

    @property
    def numbers(self) -> tuple[float | None, ...]:
        return self.value, self.low, self.high, self.stderr


def read_gaps(path: Path, names: Names) -> Iterator[tuple[str, tuple[Published, Published]]]:
    """The two numbers of each row, with what the row is called in a sentence."""
    seen: set[tuple[str, ...]] = set()
    for label, row in _rows(path):
        _check_names(path.name, label, row, names)
        key = tuple(row[column] for column in COLUMNS[:6])
        if key in seen:
            raise CatalogError(f"{path.name}, {label}: the same gap is there twice, allowed is once.")
        seen.add(key)
        benchmark = names.benchmarks[row["benchmark"]]
        published_on = _date(path.name, label, row["published_on"])
        pair = []
        for side in SIDES:
            released_on = names.models[row[side]].released_on
            if published_on is not None and released_on is not None and published_on < released_on:
                allowed = f"a day from {released_on} on, when {row[side]} came out, or nothing"
                raise CatalogError(complaint(path.name, label, "published_on", published_on, allowed))
            numbers = _numbers(path.name, label, row, side, benchmark)
            run = row["reasoning_run"] if side == "reasoning" else ""
            shared = (row["source"], published_on, row[side], run, benchmark.id)
            pair.append(Published(*shared, *numbers, url=row["url"], note=row["note"]))
        yield label, (pair[0], pair[1])


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path.name}: the file is missing from {path.parent}, where {TOGETHER} belong.") from None
    except OSError as error:
        raise CatalogError(f"{path.name}: the file in {path.parent} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path.name}: the file is not UTF-8 text, which is what is allowed.") from error
    lines = csv.reader(text.splitlines())
    head = next(lines, [])
    if tuple(head) != COLUMNS:
        raise CatalogError(f"{path.name}: the first line is {shown(','.join(head))}, allowed is {','.join(COLUMNS)}.")
    for cells in lines:
        label = f"line {lines.line_num}"
        if len(cells) != len(COLUMNS):
            raise CatalogError(f"{path.name}, {label}: there are {len(cells)} cells, allowed are {len(COLUMNS)}.")
        yield label, dict(zip(COLUMNS, cells, strict=True))


def _check_names(file: str, label: str, row: Mapping[str, str], names: Names) -> None:
    if row["source"] not in names.sources:
        raise CatalogError(complaint(file, label, "source", row["source"], f"the id of a source in {NAMES_FILE}"))
    benchmark = names.benchmarks.get(row["benchmark"])
    if benchmark is None or benchmark.source != row["source"]:
        allowed = f"the id of a benchmark of this source in {NAMES_FILE}"
        raise CatalogError(complaint(file, label, "benchmark", row["benchmark"], allowed))
    if (row["reasoning"], row["conventional"]) not in names.twins:
        pair = f"{row['reasoning']} / {row['conventional']}"
        raise CatalogError(complaint(file, label, "the pair", pair, f"one of the twins in {NAMES_FILE}"))
    if not row["url"].startswith("https://"):
        raise CatalogError(complaint(file, label, "url", row["url"], "an https:// address"))


def _date(file: str, label: str, cell: str) -> date | None:
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError:
        allowed = "a date such as 2025-04-29, or nothing"
        raise CatalogError(complaint(file, label, "published_on", cell, allowed)) from None


def _numbers(
    file: str, label: str, row: Mapping[str, str], side: str, benchmark: PublishedBenchmarkEntry
) -> tuple[float, float | None, float | None, float | None]:
    """value, low, high, stderr of one side, in the benchmark's unit."""
    found: dict[str, float | None] = {}
    for number in NUMBERS:
        cell = row[f"{side}_{number}"]
        try:
            found[number] = float(cell) if cell else None
        except ValueError:
            raise CatalogError(complaint(file, label, f"{side}_{number}", cell, "a number, or nothing")) from None
    value, low, high, stderr = (found[number] for number in NUMBERS)
    key = f"{side}_value"
    if value is None or not abs(value) < float("inf"):
        raise CatalogError(complaint(file, label, key, row[key] or None, "a number"))
    if benchmark.unit == "fraction" and not 0 <= value <= 1:
        raise CatalogError(complaint(file, label, key, value, "from 0 to 1 where unit is fraction"))
    if (low is None) != (high is None) or (low is not None and high is not None and not low <= value <= high):
        interval = f"[{row[f'{side}_low']}, {row[f'{side}_high']}]"
        raise CatalogError(complaint(file, label, key, value, f"within its interval {interval}, which has two ends"))
    if stderr is not None and not stderr > 0:
        raise CatalogError(complaint(file, label, f"{side}_stderr", stderr, "a number above 0, or nothing"))
    return value, low, high, stderr
