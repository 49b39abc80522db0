"""The published evidence: what comes out of good files, the sentence out of broken ones, and what ships is whole."""

# ruff: noqa: E501 — each row of the tables below is one sentence, and is easiest to compare on one line

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import tracker.catalog
from tracker.catalog.entries import CAPABILITIES
from tracker.catalog.load import Catalog, CatalogError, load_catalog
from tracker.catalog.published import PublishedRows, load_capabilities, load_published
from tracker.catalog.published_gaps import COLUMNS, GAPS_FILES
from tracker.stats.gaps import binomial_stderr

FOLDER = Path(tracker.catalog.__file__).parent
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NOTHING = Catalog({}, (), {})

MAP = """
[[capability]]
id = "math"
name = "Math"
nature = "checkable"
place = "superhuman"

[[capability]]
id = "creative-writing"
name = "Creative writing"
nature = "taste"
"""

NAMES = """
[[source]]
id = "paper"
title = "Paper"
citation = "Somebody, A paper, Table 1"
url = "https://paper.example"
terms = "figures with citation"

[[benchmark]]
id = "paper/sums"
name = "Sums (paper)"
measure = "accuracy, percent"
unit = "fraction"
capability = "math"
grading = "verifiable"
n = 100
chance = 0.25

[[benchmark]]
id = "paper/stories"
name = "Stories (paper)"
measure = "judge’s points, 1 to 10"
unit = "points"
capability = "creative-writing"
grading = "judged"
n = 50
ceiling = 10.0

[[model]]
id = "deep"
name = "Deep"
kind = "reasoning"
released_on = 2025-01-20
aliases = ["Deep-1"]

[[model]]
id = "shallow"
name = "Shallow"
kind = "conventional"

[[twin]]
reasoning = "deep"
conventional = "shallow"
relation = "same-base"
evidence = "The paper says so."
"""

HEAD = ",".join(COLUMNS)
SUMS = "paper,2025-02-01,paper/sums,deep,shallow,,0.8,,,,0.6,,,,https://paper.example/1,a note"
STORIES = "paper,2025-02-01,paper/stories,deep,shallow,,7.5,7.1,7.9,,7,,,0.3,https://paper.example/2,"


def write(
    folder: Path, rows: list[str], *, names: str = NAMES, arena: list[str] | None = None, head: str = HEAD
) -> Path:
    (folder / "capabilities.toml").write_text(MAP, encoding="utf-8")
    (folder / "published.toml").write_text(names, encoding="utf-8")
    (folder / "published.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (folder / "published_arena.csv").write_text("\n".join([HEAD, *(arena or [])]) + "\n", encoding="utf-8")
    return folder


def test_a_row_becomes_two_runs_with_one_number_each(tmp_path: Path) -> None:
    rows = load_published(write(tmp_path, [SUMS, STORIES]), NOTHING)
    assert [run.id for run in rows.runs] == ["published/paper/2025-02-01/deep", "published/paper/2025-02-01/shallow"]
    run = rows.runs[0]
    assert (run.origin, run.model_id, run.status, run.source) == (
        "published",
        "deep",
        "complete",
        "Somebody, A paper, Table 1",
    )
    assert (run.finished_at, run.publication_id) == (datetime(2025, 2, 1, tzinfo=UTC), "paper")
    assert (run.files, run.environment) == ({"url": "https://paper.example"}, {"note": "a note"})
    shown = {(metric.run_id[-7:], metric.benchmark_id): metric for metric in rows.metrics}
    sums, stories = shown["01/deep", "paper/sums"], shown["01/deep", "paper/stories"]
    assert (sums.name, sums.filter, sums.value, sums.n, sums.url) == (
        "score",
        "none",
        0.8,
        100,
        "https://paper.example/1",
    )
    assert sums.stderr == binomial_stderr(0.8, 100)
    assert (stories.low, stories.high, stories.stderr) == (7.1, 7.9, pytest.approx(0.8 / 3.92))
    assert shown["shallow", "paper/stories"].stderr == 0.3
    assert [row.nature for row in rows.capabilities] == ["checkable", "taste"]
    assert (rows.benchmarks[0].metric, rows.benchmarks[0].filter, rows.benchmarks[0].ceiling) == ("score", "none", 1.0)


def test_a_judgement_without_an_interval_has_no_stderr(tmp_path: Path) -> None:
    judged = NAMES.replace('grading = "verifiable"', 'grading = "judged"')
    rows = load_published(write(tmp_path, [SUMS], names=judged), NOTHING)
    assert [metric.stderr for metric in rows.metrics] == [None, None]


def test_a_row_without_a_date_stays_without(tmp_path: Path) -> None:
    rows = load_published(write(tmp_path, [SUMS.replace("2025-02-01", "")]), NOTHING)
    assert [(run.id, run.finished_at) for run in rows.runs] == [
        ("published/paper/undated/deep", None),
        ("published/paper/undated/shallow", None),
    ]


def test_several_runs_of_one_day_are_told_apart_and_share_the_conventional_one(tmp_path: Path) -> None:
    again = SUMS.replace("shallow,,0.8", "shallow,second,0.7")
    rows = load_published(write(tmp_path, [SUMS, again]), NOTHING)
    assert [run.id.split("/", 3)[3] for run in rows.runs] == ["deep", "shallow", "deep/second"]


def test_the_same_number_in_both_files_is_one_and_the_first_says_where_from(tmp_path: Path) -> None:
    other = SUMS.replace("example/1", "example/arena")
    rows = load_published(write(tmp_path, [SUMS], arena=[other]), NOTHING)
    assert [metric.url for metric in rows.metrics] == ["https://paper.example/1"] * 2


def test_the_catalogue_has_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text(
        """
[[model]]
id = "deep"
name = "My Deep"
kind = "reasoning"
weights = "lab/deep"
max_output_tokens = 100
[[model]]
id = "shallow"
name = "My Shallow"
kind = "conventional"
weights = "lab/deep"
[[twin]]
reasoning = "deep"
conventional = "shallow"
relation = "same-weights"
evidence = "I know better."
""",
        encoding="utf-8",
    )
    (tmp_path / "benchmarks.toml").write_text("", encoding="utf-8")
    rows = load_published(write(tmp_path, [SUMS]), load_catalog(tmp_path))
    assert (rows.models, rows.twins, len(rows.runs)) == ([], [], 2)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "paper,2025",
            "book,2025",
            'published.csv, line 2: source is "book", allowed is the id of a source in published.toml.',
        ),
        (
            "paper/sums",
            "paper/sum",
            'published.csv, line 2: benchmark is "paper/sum", allowed is the id of a benchmark of this source in published.toml.',
        ),
        (
            "deep,shallow",
            "shallow,deep",
            'published.csv, line 2: the pair is "shallow / deep", allowed is one of the twins in published.toml.',
        ),
        (
            "2025-02-01",
            "February",
            'published.csv, line 2: published_on is "February", allowed is a date such as 2025-04-29, or nothing.',
        ),
        (
            "2025-02-01",
            "2025-01-19",
            "published.csv, line 2: published_on is 2025-01-19, allowed is a day from 2025-01-20 on, when deep came out, or nothing.",
        ),
        ("0.8", "80", "published.csv, line 2: reasoning_value is 80.0, allowed is from 0 to 1 where unit is fraction."),
        ("0.8", "", "published.csv, line 2: reasoning_value is missing, allowed is a number."),
        ("0.8", "nan", 'published.csv, line 2: reasoning_value is "nan", allowed is a number.'),
        ("0.8", "high", 'published.csv, line 2: reasoning_value is "high", allowed is a number, or nothing.'),
        (
            "0.8,,,",
            "0.8,0.9,1.0,",
            "published.csv, line 2: reasoning_value is 0.8, allowed is within its interval [0.9, 1.0], which has two ends.",
        ),
        (
            "0.8,,,",
            "0.8,0.7,,",
            "published.csv, line 2: reasoning_value is 0.8, allowed is within its interval [0.7, ], which has two ends.",
        ),
        (
            "0.6,,,",
            "0.6,,,0",
            "published.csv, line 2: conventional_stderr is 0.0, allowed is a number above 0, or nothing.",
        ),
        (
            "https://",
            "paper ",
            'published.csv, line 2: url is "paper paper.example/1", allowed is an https:// address.',
        ),
        (",a note", "", "published.csv, line 2: there are 15 cells, allowed are 16."),
    ],
)
def test_a_broken_row_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(CatalogError) as error:
        load_published(write(tmp_path, [SUMS.replace(old, new, 1)]), NOTHING)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([SUMS, SUMS], "published.csv, line 3: the same gap is there twice, allowed is once."),
        (
            [SUMS, SUMS.replace("shallow,,0.8", "shallow,second,0.8").replace(",0.6,", ",0.5,")],
            "published.csv, line 3: the value of shallow is 0.5, allowed is 0.6 as elsewhere, or a reasoning_run that tells the two apart.",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_one_sentence(tmp_path: Path, rows: list[str], sentence: str) -> None:
    with pytest.raises(CatalogError) as error:
        load_published(write(tmp_path, rows), NOTHING)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'id = "paper/sums"',
            'id = "sums"',
            "published.toml, benchmark \"sums\": id is \"sums\", allowed is the id of a source, a slash, and a name of lower-case letters, digits, '.', '-' and '_'.",
        ),
        (
            'id = "paper/sums"',
            'id = "book/sums"',
            'published.toml, benchmark "book/sums": id is "book/sums", allowed is the id of a source, a slash, a name.',
        ),
        (
            'capability = "math"',
            'capability = "maths"',
            'published.toml, benchmark "paper/sums": capability is "maths", allowed is the id of a capability in capabilities.toml.',
        ),
        (
            "n = 100",
            'overlaps = "paper/sum"',
            'published.toml, benchmark "paper/sums": overlaps is "paper/sum", allowed is the id of another benchmark.',
        ),
        (
            "chance = 0.25",
            "chance = 25.0",
            'published.toml, benchmark "paper/sums": chance is 25.0, allowed is from 0 to 1 where unit is fraction.',
        ),
        ('id = "shallow"', 'id = "deep"', 'published.toml, model "deep": it is listed twice, allowed is once.'),
        (
            'conventional = "shallow"',
            'conventional = "deep"',
            'published.toml, twin "deep" / "deep": conventional is "deep", allowed is the id of a conventional model in this file.',
        ),
        (
            'url = "https://paper.example"',
            'url = "paper.example"',
            'published.toml, source "paper": url is "paper.example", allowed is an https:// address.',
        ),
        (
            'terms = "figures with citation"',
            'terms = "figures with citation"\nlicence = "none"',
            'published.toml, source "paper": "licence" is not a known key, allowed are id, title, citation, url, terms, harness_default_limit, note.',
        ),
    ],
)
def test_a_broken_name_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(CatalogError) as error:
        load_published(write(tmp_path, [SUMS], names=NAMES.replace(old, new, 1)), NOTHING)
    assert str(error.value) == sentence


def test_files_that_are_missing_or_no_such_table_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        CatalogError, match=r"^published.csv: the first line is \"a,b\", allowed is source,published_on"
    ):
        load_published(write(tmp_path, [], head="a,b"), NOTHING)
    for name in ("published_arena.csv", "published.toml", "capabilities.toml"):
        write(tmp_path, [SUMS])
        (tmp_path / name).unlink()
        with pytest.raises(CatalogError, match=f"^{name}: the file is missing from "):
            load_published(tmp_path, NOTHING)
    write(tmp_path, [SUMS])
    (tmp_path / "published.csv").write_bytes(b"\xff")
    with pytest.raises(CatalogError, match=r"^published.csv: the file is not UTF-8 text"):
        load_published(tmp_path, NOTHING)


@pytest.fixture(scope="module")
def shipped() -> PublishedRows:
    return load_published(FOLDER, load_catalog(FOLDER))


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_that_was_gathered_ships() -> None:
    published, arena = (rows_of(name) for name in GAPS_FILES)
    assert (len(published), len(arena)) == (1395, 1936)
    assert len({(row["source"], row["reasoning"], row["conventional"]) for row in published}) == 102
    assert len({(row["reasoning"], row["conventional"]) for row in arena}) == 22
    assert len({row["published_on"] for row in arena}) == 16


def test_all_that_ships_is_used_and_catalogued(shipped: PublishedRows) -> None:
    assert {run.publication_id for run in shipped.runs} == {row.id for row in shipped.publications}
    assert {metric.benchmark_id for metric in shipped.metrics} == {row.id for row in shipped.benchmarks}
    capabilities = {row.id for row in shipped.capabilities}
    for benchmark in shipped.benchmarks:
        assert benchmark.capability in capabilities
        assert benchmark.grading in ("verifiable", "judged", "voted")
    ours = load_catalog(FOLDER)
    names = [row.name for row in shipped.benchmarks] + [entry.name for entry in ours.benchmarks.values()]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    models = [row.name for row in shipped.models] + [entry.name for entry in ours.models.values()]
    assert [name for name, count in Counter(models).items() if count > 1] == []


def test_what_overlaps_is_of_one_capability_and_rests_on_something_that_counts(shipped: PublishedRows) -> None:
    benchmarks = {row.id: row for row in shipped.benchmarks}
    chained = {row.id for row in shipped.benchmarks if row.overlaps and benchmarks[row.overlaps].overlaps}
    # A slice without style control overlaps the slice, which overlaps the whole.
    assert all(identity.endswith("-no-style-control") for identity in chained)
    for row in shipped.benchmarks:
        if row.overlaps:
            assert benchmarks[row.overlaps].capability == row.capability, row.id
    for source in ("lmarena",):
        counted = Counter(
            row.capability for row in shipped.benchmarks if row.id.startswith(source) and not row.overlaps
        )
        assert set(counted.values()) == {1}


def test_every_capability_of_the_map_is_there_with_its_place() -> None:
    rows = load_capabilities(FOLDER)
    assert tuple(row.id for row in rows) == CAPABILITIES
    placed = {place: {row.id for row in rows if row.place == place} for place in ("superhuman", "high-human")}
    assert placed["superhuman"] == {
        *("thinking-speed", "math", "coding", "flight-simulators", "self-replication", "cyberattacks"),
        *("strategy-games", "scientific-articles"),
    }
    assert placed["high-human"] == {
        *("persuasion", "deception", "real-world-planning", "robotics", "weapons", "wet-lab", "research"),
        *("acquiring-resources", "avoiding-detection"),
    }


def test_only_pairs_read_off_the_names_are_inferred(shipped: PublishedRows) -> None:
    inferred = {twin.reasoning_id for twin in shipped.twins if twin.inferred}
    assert inferred == {"grok-4.1-thinking", "grok-4.1-fast-reasoning", "gpt-5.1-high", "gpt-5.1-2025-11-13-high"}


def test_the_leaderboard_that_misled_is_marked(shipped: PublishedRows) -> None:
    limited = {run.publication_id for run in shipped.runs if run.settings.get("harness_default_limit")}
    assert limited == {"open-llm-leaderboard-v2"}
    assert {row.id for row in shipped.benchmarks if row.log_likelihood} == {
        f"open-llm-leaderboard-v2/{name}" for name in ("bbh", "gpqa", "mmlu-pro", "musr")
    }


def test_no_row_is_dated_before_its_models_were_out(shipped: PublishedRows) -> None:
    ours = load_catalog(FOLDER).models
    released = {row.id: row.released_on for row in shipped.models} | {
        key: entry.released_on for key, entry in ours.items()
    }
    early = [
        run.id
        for run in shipped.runs
        if run.finished_at and (out := released[run.model_id]) and run.finished_at.date() < out
    ]
    assert early == []


@pytest.mark.skipif(not (DATA / "published_pairs.csv").exists(), reason="shared data is not beside this checkout")
def test_every_gathered_value_ships_unchanged() -> None:
    """Values by source, day and pair of numbers: percent became fractions, nothing else changed."""
    with (DATA / "published_pairs.csv").open(encoding="utf-8", newline="") as file:
        gathered = list(csv.DictReader(file))
    ours = rows_of(GAPS_FILES[0])
    changed = undated = 0
    for theirs, row in zip(gathered, ours, strict=True):
        for side in ("reasoning", "conventional"):
            raw, value = float(theirs[f"{side}_score"]), float(row[f"{side}_value"])
            assert value == raw or value == pytest.approx(raw / 100, abs=1e-12)
            changed += value != raw
            short = {"reasoning": "reas", "conventional": "conv"}[side]
            assert [row[f"{side}_{end}"] and float(row[f"{side}_{end}"]) for end in ("low", "high")] == [
                theirs[f"{short}_ci_{end}"] and float(theirs[f"{short}_ci_{end}"]) for end in ("low", "high")
            ]
        if row["published_on"] != theirs["published_date"]:
            assert (row["published_on"], row["source"]) == ("", "livebench")
            undated += 1
    assert (changed > 0, undated) == (True, 294)
    assert date(2025, 12, 11).isoformat() in {row["published_on"] for row in ours}
