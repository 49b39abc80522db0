"""What the shipped catalogue says beside the published numbers: human levels with their source, and LMArena's note."""

import csv
from datetime import date
from pathlib import Path

import pytest

import tracker.catalog
from db.tables import Benchmark
from tracker.catalog.checked import CatalogError, check_entry
from tracker.catalog.load import load_catalog
from tracker.catalog.published import PublishedRows, load_published
from tracker.catalog.published_entries import PublishedBenchmarkEntry
from tracker.catalog.published_gaps import GAPS_FILES
from tracker.stats.findings import in_words

FOLDER = Path(tracker.catalog.__file__).parent
# Published benchmark → the catalogue's own over the same questions with the same measure.
SAME = {
    "r1-report/gpqa-diamond": "gpqa-diamond",
    "qwen3-report/gpqa-diamond": "gpqa-diamond",
    "epoch/gpqa-diamond": "gpqa-diamond",
    "r1-report/mmlu": "mmlu-cot",
}


@pytest.fixture(scope="module")
def shipped() -> PublishedRows:
    return load_published(FOLDER, load_catalog(FOLDER))


def test_a_human_level_is_the_catalogues_for_the_same_questions_and_nothing_else_has_one(
    shipped: PublishedRows,
) -> None:
    ours = load_catalog(FOLDER).benchmarks
    known = {row.id: row for row in shipped.benchmarks if row.human is not None}
    assert set(known) == set(SAME)
    for name, own in SAME.items():
        row, entry = known[name], ours[own]
        assert (row.human, row.human_source, row.unit) == (entry.human, entry.human_source, entry.unit)
    assert all(row.human_source is None for row in shipped.benchmarks if row.id not in known)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"human": 69.7, "human_source": "somebody"}, "human is 69.7, allowed is from 0 to 1 where unit is fraction."),
        ({"human": 0.697}, "human_source is missing, allowed is where the human figure was published"),
        ({"human_source": "somebody"}, "human is missing, allowed is the published human figure"),
    ],
)
def test_a_human_level_without_its_source_or_scale_is_refused(given: dict[str, object], sentence: str) -> None:
    table = {
        "id": "paper/sums",
        "name": "Sums",
        "measure": "share",
        "unit": "fraction",
        "capability": "math",
        "grading": "verifiable",
    }
    with pytest.raises(CatalogError) as raised:
        check_entry(PublishedBenchmarkEntry, "published.toml", "benchmark", table | given)
    assert sentence in str(raised.value)


def test_the_note_on_lmarena_is_what_the_files_hold(shipped: PublishedRows) -> None:
    (arena,) = (row for row in shipped.publications if row.id == "lmarena")
    rows: list[dict[str, str]] = []
    for name in GAPS_FILES:
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["source"] == "lmarena"]
    plain = [row for row in rows if row["benchmark"].endswith("-no-style-control")]
    styled = [row for row in rows if not row["benchmark"].endswith("-no-style-control")]
    last = max(row["published_on"] for row in plain)
    assert last < max(row["published_on"] for row in styled)
    assert f"without style control are here up to {in_words(date.fromisoformat(last))}" in (arena.note or "")
    benchmarks: dict[str, Benchmark] = {row.id: row for row in shipped.benchmarks}
    for row in plain:
        # What is marked so is never pooled beside the ratings with style control.
        assert benchmarks[row["benchmark"]].overlaps == row["benchmark"].removesuffix("-no-style-control")
