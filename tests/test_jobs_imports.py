"""Importing files: each with its line, nothing twice, nothing halfway, and nothing that stops the others."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rich.console import Console
from sqlalchemy import Engine, select, text

from db.queries import runs as run_queries
from db.queries import samples as sample_queries
from db.queries import scores
from db.store import save_catalog, save_run
from db.tables import Model, Run
from jobs.estimates import run_estimates
from jobs.import_files import find_files, pair
from jobs.imports import Result, bring_up_to_date, run_import, run_reparse, summary
from tests.bench.imports import rows as row_counts
from tests.lm_eval_files import FIXTURES, NOW, SHARED, benchmark, catalog, entry, results
from tests.rows import run as run_row
from tracker.catalog.entries import TwinEntry
from tracker.catalog.load import Catalog

STAMP = "2026-04-23T22-54-23.730179"


ADDITIONS = benchmark("additions", "adding", filter="flexible-extract")
CATALOG = catalog(ADDITIONS)

Take = Callable[..., Result]


@pytest.fixture
def take(engine: Engine, tmp_path: Path) -> Take:
    """Import paths with a catalogue, on each kind of database; what was said is in `take.said`."""

    def work(*paths: Path, using: Catalog = CATALOG) -> Result:
        save_catalog(engine, *using.rows())
        console = Console(record=True, width=400, quiet=False, force_terminal=False)
        with console.capture() as said:
            result = run_import(engine, tmp_path / "data", using, paths, console=console, now=lambda: datetime.now(UTC))
        work.said = said.get()  # type: ignore[attr-defined]
        return result

    return work


def outcomes(result: Result) -> dict[str, str]:
    return {outcome.unit: outcome.outcome for outcome in result.outcomes}


def write(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def test_every_format_is_found_and_imported(take: Take, engine: Engine) -> None:
    result = take(FIXTURES)
    assert sorted(outcomes(result).values()) == ["attached"] * 2 + ["imported"] * 8
    assert row_counts(engine) | {"model": 0} == {"run": 10, "metric": 22, "sample": 17, "benchmark": 14, "model": 0}
    assert {outcome.error for outcome in result.outcomes} == {None}


def test_a_second_import_adds_nothing(take: Take, engine: Engine) -> None:
    take(FIXTURES)
    before = row_counts(engine)
    again = take(FIXTURES)
    assert set(outcomes(again).values()) == {"unchanged"}
    assert row_counts(engine) == before


def test_the_same_files_elsewhere_under_other_names_or_compressed_add_nothing(
    take: Take, engine: Engine, tmp_path: Path
) -> None:
    take(FIXTURES / "v0.3", FIXTURES / "v0.4_groups")
    before = row_counts(engine)
    write(tmp_path / "copy", "renamed.json", (FIXTURES / "v0.3" / "bare.json").read_bytes())
    packed = zstandard.compress((FIXTURES / "v0.3" / "sums_5-shot.json").read_bytes())
    write(tmp_path / "copy", "packed.json.zst", packed)
    assert set(outcomes(take(tmp_path / "copy")).values()) == {"unchanged"}
    assert row_counts(engine) == before


def test_one_bad_file_of_every_kind_stops_nothing_and_says_why(take: Take, engine: Engine, tmp_path: Path) -> None:
    bad = {
        "cut.json": results()[:100],
        "empty.json": b"",
        "binary.json": bytes(range(256)),
        "deep.json": b"[" * 100_000,
        "other.json": b'{"results": 3}',
        "packed.json.zst": b"not packed at all",
        "samples_adding_2026-01-01T00-00-00.jsonl": b'{"doc_id": 0',
    }
    for name, content in bad.items():
        write(tmp_path / "files", name, content)
    write(tmp_path / "files", "good.json", results())
    result = take(tmp_path / "files")
    assert outcomes(result) == dict.fromkeys(bad, "refused") | {"good.json": "imported"}
    lines = take.said.splitlines()  # type: ignore[attr-defined]
    assert len(lines) == len(bad)
    assert all(line.split(":")[0] in bad and "Traceback" not in line for line in lines)
    assert row_counts(engine)["run"] == 1
    reports = run_queries.reports(engine, "import")
    assert dict(reports.select("unit", "outcome").iter_rows()) == dict.fromkeys(bad, "failed") | {"good.json": "done"}
    assert all(reports.filter(reports["outcome"] == "failed")["error"].is_not_null())
    kept = {path.name.partition(".")[2] for path in (tmp_path / "data" / "imported").glob("*.zst")}
    assert kept == {"json.zst"}


def test_a_file_that_is_not_there_is_said_before_anything_is_imported(
    take: Take, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        take(FIXTURES, tmp_path / "nowhere")
    assert row_counts(engine)["run"] == 0


def test_names_in_files_are_shown_as_text_and_not_as_markup(take: Take, tmp_path: Path) -> None:
    write(tmp_path / "files", "[red]x.json", b"")
    take(tmp_path / "files")
    assert "[red]x.json: Not imported: it is empty." in take.said  # type: ignore[attr-defined]


def test_samples_named_alone_bring_the_results_beside_them(take: Take, engine: Engine) -> None:
    (samples,) = (FIXTURES / "v0.4.13").rglob("samples_*.jsonl")
    result = take(samples)
    assert sorted(outcomes(result).values()) == ["attached", "imported"]
    assert row_counts(engine)["sample"] == 8


def test_samples_that_come_later_join_their_run(take: Take, engine: Engine, tmp_path: Path) -> None:
    (source,) = (FIXTURES / "v0.4.13").iterdir()
    alone = tmp_path / "files" / source.name
    alone.mkdir(parents=True)
    shutil.copy(source / f"results_{STAMP}.json", alone)
    take(alone)
    assert row_counts(engine)["sample"] == 0
    shutil.copy(source / f"samples_adding_{STAMP}.jsonl", alone)
    assert sorted(outcomes(take(alone)).values()) == ["attached", "changed"]
    assert (row_counts(engine)["run"], row_counts(engine)["sample"]) == (1, 8)
    (alone / f"samples_adding_{STAMP}.jsonl").unlink()
    assert set(outcomes(take(alone)).values()) == {"unchanged"}
    assert row_counts(engine)["sample"] == 8


def test_a_run_from_samples_alone_gives_way_to_the_run_of_their_results(
    take: Take, engine: Engine, tmp_path: Path
) -> None:
    (source,) = (FIXTURES / "v0.4.13").iterdir()
    place = tmp_path / "files" / source.name
    place.mkdir(parents=True)
    samples = shutil.copy(source / f"samples_adding_{STAMP}.jsonl", place)
    take(place)
    assert row_counts(engine)["run"] == 1
    shutil.copy(source / f"results_{STAMP}.json", place)
    take(place)
    frame = run_queries.runs(engine)
    assert frame["model_name"].to_list() == ["Tiny-1b-thinking enable_thinking=true"]
    shutil.copy(samples, tmp_path / "files" / "copy.jsonl")
    assert outcomes(take(tmp_path / "files" / "copy.jsonl")) == {"copy.jsonl": "unchanged"}
    assert row_counts(engine)["run"] == 1


def test_samples_of_another_evaluation_are_refused_with_the_reason(take: Take, engine: Engine, tmp_path: Path) -> None:
    (source,) = (FIXTURES / "v0.4.13").iterdir()
    place = tmp_path / source.name
    shutil.copytree(source, place)
    samples = place / f"samples_adding_{STAMP}.jsonl"
    samples.write_text("\n".join(samples.read_text().splitlines()[:-1]))
    result = take(place)
    assert sorted(outcomes(result).values()) == ["imported", "refused"]
    assert "its documents are not those of the results file" in str([outcome.error for outcome in result.outcomes])
    assert row_counts(engine)["sample"] == 0


def test_pairing_prefers_the_nearest_results_of_the_same_moment(tmp_path: Path) -> None:
    for place in ("a", "b"):
        write(tmp_path / place / "out", f"results_{STAMP}.json", b"{}")
        write(tmp_path / place / "samples", f"samples_adding_{STAMP}.jsonl", b"{}")
    units = pair(find_files([tmp_path]))
    assert [(unit.results.unit, [one.unit for one in unit.samples]) for unit in units if unit.results] == [
        (f"{place}/out/results_{STAMP}.json", [f"{place}/samples/samples_adding_{STAMP}.jsonl"]) for place in ("a", "b")
    ]


def test_unknown_models_are_listed_until_the_catalogue_says_what_they_are(
    take: Take, engine: Engine, tmp_path: Path
) -> None:
    result = take(FIXTURES / "v0.4.13")
    frame = run_queries.runs(engine)
    assert frame.select("model_name", "kind").rows() == [("Tiny-1b-thinking enable_thinking=true", None)]
    said = summary(result, {frame["model_id"][0]: frame["model_name"][0]})
    assert "Kind unknown: Tiny-1b-thinking enable_thinking=true." in said

    named = entry("tiny-thinking", "reasoning", aliases=["made-up/Tiny-1b-thinking enable_thinking=true"])
    later = catalog(ADDITIONS, named)
    save_catalog(engine, *later.rows())
    moved = bring_up_to_date(engine, tmp_path / "data", later, console=Console(quiet=True), now=lambda: NOW)
    assert moved == 1
    assert run_queries.runs(engine).select("model_id", "kind").rows() == [("tiny-thinking", "reasoning")]
    assert outcomes(take(FIXTURES / "v0.4.13", using=later)) != {}
    assert row_counts(engine)["run"] == 1

    assert bring_up_to_date(engine, tmp_path / "data", CATALOG, console=Console(quiet=True), now=lambda: NOW) == 1
    assert run_queries.runs(engine)["kind"].to_list() == [None]


def test_a_benchmark_catalogued_later_takes_the_metrics_and_the_samples(
    take: Take, engine: Engine, tmp_path: Path
) -> None:
    take(FIXTURES / "v0.4.13", using=catalog())
    assert scores.headlines(engine).height == 0
    save_catalog(engine, *CATALOG.rows())
    bring_up_to_date(engine, tmp_path / "data", CATALOG, console=Console(quiet=True), now=lambda: NOW)
    headlines = scores.headlines(engine)
    assert headlines.select("benchmark_id", "value", "n").rows() == [("additions", 0.75, 8)]
    assert row_counts(engine)["sample"] == 8


def test_kept_files_are_enough_to_start_anew(take: Take, engine: Engine, tmp_path: Path) -> None:
    take(FIXTURES / "v0.4.13", FIXTURES / "v0.3", FIXTURES / "alone")
    before = row_counts(engine)
    listed = run_queries.runs(engine)
    with engine.begin() as connection:
        for table in ("sample", "metric", "run"):
            connection.execute(text(f"DELETE FROM {table}"))
    run_reparse(engine, tmp_path / "data", CATALOG, console=Console(quiet=True), now=lambda: NOW)
    assert row_counts(engine) == before
    assert run_queries.runs(engine).equals(listed)
    again = run_reparse(engine, tmp_path / "data", CATALOG, console=Console(quiet=True), now=lambda: NOW)
    assert set(outcomes(again).values()) == {"unchanged"}


def test_kept_files_hold_the_bytes_as_they_came_and_no_path(take: Take, tmp_path: Path) -> None:
    path = FIXTURES / "v0.3" / "bare.json"
    take(path)
    (kept,) = (tmp_path / "data" / "imported").glob("*.json.zst")
    assert zstandard.decompress(kept.read_bytes()) == path.read_bytes()
    about = json.loads(kept.with_name(kept.name.replace("json.zst", "name")).read_text())
    assert about == {"name": "bare.json", "folder": "v0.3"}


def test_a_run_made_here_is_not_imported_beside_itself(take: Take, engine: Engine, tmp_path: Path) -> None:
    save_catalog(engine, [Model(id="direct", name="Direct", kind="conventional")], [], [])
    save_run(engine, run_row("direct/adding/1"), [], [])
    own = {"model_id": "direct", "run_id": "direct/adding/1", "settings": {}}
    result = take(write(tmp_path / "files", "results_x.json", results(tracker=own)))
    assert outcomes(result) == {"results_x.json": "unchanged"}
    assert row_counts(engine)["run"] == 1


def test_a_run_that_the_database_refuses_leaves_nothing_behind(
    take: Take, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from db import imports
    from db.engine import RefusedRow

    def refuse(*_: Any) -> None:
        raise RefusedRow("The database refused a row: made to.")

    path = FIXTURES / "v0.4_groups"
    with monkeypatch.context() as patched:
        patched.setattr(imports, "save_samples", refuse)
        assert set(outcomes(take(path)).values()) == {"refused"}
    assert {name: row_counts(engine)[name] for name in ("run", "metric", "model")} == {
        "run": 0,
        "metric": 0,
        "model": 0,
    }
    assert set(outcomes(take(path)).values()) == {"imported"}


def test_gaps_on_a_run_that_is_replaced_go_with_it_and_come_back(take: Take, engine: Engine, tmp_path: Path) -> None:
    using = catalog(
        benchmark("additions", "adding"),
        entry("thinks", "reasoning", aliases=["made-up/Tiny enable_thinking=true"], weights="made-up/Tiny"),
        entry("direct", aliases=["made-up/Tiny enable_thinking=false"], weights="made-up/Tiny"),
        TwinEntry(reasoning="thinks", conventional="direct", relation="same-weights", evidence="One checkpoint."),
    )
    for value, mode in ((0.75, True), (0.5, False)):
        args = {"pretrained": "made-up/Tiny", "enable_thinking": mode}
        scores_ = {"exact_match,none": value, "exact_match_stderr,none": 0.1}
        write(tmp_path / "files", f"{mode}.json", results(scores_, config={"model_args": args}))
    take(tmp_path / "files", using=using)
    run_estimates(engine, now=NOW)
    assert scores.gaps(engine).select("reasoning_value", "conventional_value").rows() == [(0.75, 0.5)]
    renamed = catalog(*using.models.values(), *using.twins, benchmark("sums", "adding"))
    save_catalog(engine, *renamed.rows())
    bring_up_to_date(engine, tmp_path / "data", renamed, console=Console(quiet=True), now=lambda: NOW)
    run_estimates(engine, now=NOW)
    assert scores.gaps(engine)["benchmark_id"].to_list() == ["sums"]


def test_documents_that_come_twice_are_paired_by_order(take: Take, engine: Engine, tmp_path: Path) -> None:
    using = catalog(benchmark("yes-no", "yes_no", metric="acc", filter="none"))
    (source,) = (FIXTURES / "alone").rglob("*.jsonl")
    other = source.read_text().replace('"acc": 1.0', '"acc": 0.0', 1)
    write(tmp_path / "files", source.name.replace("05-01", "05-02"), other.encode())
    take(source, tmp_path / "files", using=using)
    with engine.connect() as connection:
        one, two = connection.execute(select(Run.id).order_by(Run.id)).scalars()
    assert sample_queries.paired(engine, one, two, "yes-no").height == 4


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files do not lie beside this checkout")
class TestRealFiles:
    """The 89 real files: what is in them, and the artefacts they are known for."""

    def test_all_are_imported_and_a_second_time_adds_nothing(self, take: Take, engine: Engine) -> None:
        result = take(SHARED, using=catalog())
        assert len(result.outcomes) == 89
        assert sorted(outcomes(result).values()) == ["attached"] * 5 + ["imported"] * 84
        before = row_counts(engine)
        assert (before["run"], before["metric"]) == (89, 2470)
        assert set(outcomes(take(SHARED, using=catalog())).values()) == {"unchanged"}
        assert row_counts(engine) == before

    def test_the_dead_metric_and_the_limit_are_caught(self, take: Take, engine: Engine) -> None:
        folder = SHARED / "v0.4.12_reasoning_pairs"
        using = catalog(
            benchmark("by-text", "minerva_math500", metric="exact_match"),
            benchmark("by-value", "minerva_math500", metric="math_verify"),
            entry("7b-traces", "reasoning", aliases=["./output/Qwen2.5-7B-Instruct-Reasoning-Traces-merged"]),
            entry("7b", aliases=["Qwen/Qwen2.5-7B-Instruct"]),
            entry("3b-6w", "reasoning", aliases=["./output/Qwen2.5-3B-Instruct-Reasoning-Traces-6w-merged"]),
            entry("3b-3alt", aliases=["./output/Qwen2.5-3B-Instruct-Reasoning-3alt-10epoch"]),
            *(
                TwinEntry(reasoning=one, conventional=other, relation="same-family", evidence="Named so in a test.")
                for one, other in (("7b-traces", "7b"), ("3b-6w", "3b-3alt"))
            ),
        )
        take(folder, using=using)
        run_estimates(engine, now=NOW)
        gaps = scores.gaps(engine)
        raised = {(row["reasoning_id"], row["benchmark_id"]): row["flags"] for row in gaps.iter_rows(named=True)}
        assert "dead-metric" in raised["7b-traces", "by-text"]
        assert "dead-metric" in raised["3b-6w", "by-text"]
        assert "dead-metric" not in raised["7b-traces", "by-value"]
        assert "unequal-settings" in raised["3b-6w", "by-value"]
        assert "unequal-settings" not in raised["7b-traces", "by-value"]
