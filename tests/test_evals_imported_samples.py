"""Samples files of every lm-eval version: documents, their scores, and whose they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.lm_eval_files import FIXTURES, benchmark, known, results
from tracker.evals.imported import fit, parse_results, parse_samples, written_out
from tracker.evals.imported_samples import SampleFile, read_name, read_samples
from tracker.evals.imported_values import ImportedFileError
from tracker.stats.gaps import stderr

NEWEST = next((FIXTURES / "v0.4.13").rglob("samples_*.jsonl"))
EARLY = next((FIXTURES / "v0.4_early").rglob("*.jsonl"))
ALONE = next((FIXTURES / "alone").rglob("*.jsonl"))


def read(path: Path) -> SampleFile:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return read_samples(content.splitlines(keepends=True), path.name, folder=path.parent.name, sha256=digest)


def lines(*rows: dict[str, Any]) -> list[bytes]:
    return [json.dumps({"doc": {"q": place}} | row).encode() + b"\n" for place, row in enumerate(rows)]


def beside(path: Path) -> bytes:
    return next(path.parent.glob("results*.json")).read_bytes()


def test_one_row_a_document_and_filter() -> None:
    samples = read(NEWEST)
    assert samples.size() == 8
    assert samples.scores() == {
        ("exact_match", "strict-match"): [0.0] * 8,
        ("exact_match", "flexible-extract"): [1, 1, 0, 1, 1, 0, 1, 1],
    }


def test_the_hash_over_all_samples_is_the_one_in_the_results_file() -> None:
    said = json.loads(beside(NEWEST).replace(b"Infinity", b"null").replace(b"NaN", b"null"))
    assert read(NEWEST).task_hash == said["task_hashes"]["adding"]
    assert fit(beside(NEWEST), read(NEWEST)) == ("adding", None)


def test_samples_of_other_documents_do_not_fit() -> None:
    rows = [json.loads(line) for line in NEWEST.read_bytes().splitlines()]
    rows[0]["doc_hash"] = "0" * 64
    other = read_samples([json.dumps(row).encode() for row in rows], NEWEST.name)
    assert fit(beside(NEWEST), other) == (None, "its documents are not those of the results file")


def test_old_samples_fit_by_count_and_mean() -> None:
    assert fit(beside(EARLY), read(EARLY)) == ("yes_no", None)
    shorter = read_samples(EARLY.read_bytes().splitlines()[:-1], EARLY.name)
    assert fit(beside(EARLY), shorter).reason == "no mean of its scores is a value in the results file"


def test_a_document_without_its_hash_gets_the_one_lm_eval_would_give_it() -> None:
    with_hash, without = json.loads(NEWEST.read_bytes().splitlines()[0]), {}
    without = {key: value for key, value in with_hash.items() if key != "doc_hash"}
    one, other = (read_samples([json.dumps(row).encode()], "x.jsonl").documents[0] for row in (with_hash, without))
    assert one.doc_hash == other.doc_hash == with_hash["doc_hash"]


def test_a_row_that_nothing_identifies_gives_no_sample() -> None:
    rows = lines(*({"doc_id": place, "resps": [], "acc": 1.0} for place in range(3)))
    bare = [json.dumps({key: value for key, value in json.loads(row).items() if key != "doc"}).encode() for row in rows]
    parsed = parse_samples(read_samples(bare, "samples_x_2026-01-01T00-00-00.json", sha256="a" * 64), known())
    assert parsed.runs[0].samples == []
    assert parsed.runs[0].metrics[0].value == 1.0


def test_documents_come_in_their_own_order_and_equal_ones_in_that_of_the_file() -> None:
    rows = [
        {"doc_id": 1, "doc_hash": "same", "acc": 0.0},
        {"doc_id": 0, "doc_hash": "first", "acc": 1.0},
        {"doc_id": 1, "doc_hash": "same", "acc": 1.0},
    ]
    parsed = parse_samples(read_samples(lines(*rows), "samples_x_2026-01-01T00-00-00.jsonl", sha256="a" * 64), known())
    assert [(row.doc, row.doc_hash, row.score) for row in parsed.runs[0].samples] == [
        (0, "first", 1.0),
        (1, "same", 0.0),
        (2, "same", 1.0),
    ]


def test_samples_reach_the_benchmark_whose_headline_they_are() -> None:
    entry = benchmark("additions", "adding", filter="flexible-extract")
    parsed = parse_results(beside(NEWEST), "x.json", known(entry), {"adding": [read(NEWEST)]})
    (rows,) = parsed.runs
    assert [row.score for row in rows.samples] == [1, 1, 0, 1, 1, 0, 1, 1]
    assert {row.benchmark_id for row in rows.samples} == {"additions"}
    assert parsed.sampled == {"adding": 8}


def test_samples_whose_mean_is_not_the_headline_are_not_its_documents() -> None:
    scores = {"exact_match,none": 0.5}
    wrong = read_samples(lines(*({"doc_id": n, "exact_match": 1.0} for n in range(4))), "samples_adding.jsonl")
    parsed = parse_results(results(scores), "x.json", known(benchmark("additions", "adding")), {"adding": [wrong]})
    assert parsed.runs[0].samples == []


def test_samples_of_all_its_tasks_are_those_of_a_group() -> None:
    scores = {name: {"acc,none": value} for name, value in (("school", 0.5), ("algebra", 0.25), ("history", 0.75))}
    content = results(results=scores, group_subtasks={"school": ["algebra", "history"]}, **{"n-samples": {}})
    files = {
        name: [read_samples(lines(*({"doc_id": n, "acc": float(n < hits)} for n in range(4))), name)]
        for name, hits in (("algebra", 1), ("history", 3))
    }
    entry = benchmark("whole", "school", metric="acc", group=True)
    (rows,) = parse_results(content, "x.json", known(entry), files).runs
    assert [row.score for row in rows.samples if row.benchmark_id == "whole"] == [1, 0, 0, 0, 1, 1, 1, 0]


def test_samples_alone_make_a_run_that_says_so() -> None:
    parsed = parse_samples(read(ALONE), known())
    (rows,) = parsed.runs
    (metric,) = rows.metrics
    assert (metric.benchmark_id, metric.name, metric.value, metric.n) == ("yes_no", "acc", 0.75, 4)
    assert metric.stderr == pytest.approx(stderr([1, 0, 1, 1]))
    assert rows.run.status == "limited"
    assert "computed" in rows.run.environment
    assert "limit" not in rows.run.settings
    assert rows.run.finished_at is None
    assert parsed.models[0].name == "Tiny-1b (mode not known)"
    assert "its means were computed here" in parsed.notes[0]


@pytest.mark.parametrize("metric", ["perplexity", "word_perplexity", "ppl", "bits_per_byte"])
def test_a_mean_of_log_likelihoods_is_not_called_a_perplexity(metric: str) -> None:
    rows = lines(*({"doc_id": n, metric: -3.5, "acc": 1.0} for n in range(3)))
    parsed = parse_samples(read_samples(rows, "samples_x_2026-01-01T00-00-00.jsonl", sha256="a" * 64), known())
    assert [one.name for one in parsed.runs[0].metrics] == ["acc"]


def test_a_metric_that_some_documents_lack_has_no_mean() -> None:
    rows = lines({"doc_id": 0, "acc": 1.0}, {"doc_id": 1, "acc": [1, 2]})
    with pytest.raises(ImportedFileError, match="no metric in it is a number for every document"):
        parse_samples(read_samples(rows, "x.jsonl", sha256="a" * 64), known())


def test_tokens_and_cut_answers_that_our_own_harness_recorded() -> None:
    outputs = [{"output_tokens": 12, "finish_reason": "length"}]
    document = read_samples(lines({"doc_id": 0, "acc": 1.0, "outputs": outputs}), "x.jsonl").documents[0]
    assert (document.output_tokens, document.truncated) == (12, True)
    assert "outputs" not in document.scores


def test_version_0_3_wrote_samples_out_as_one_list_of_texts() -> None:
    path = FIXTURES / "v0.3" / "sums_write_out_info.json"
    samples = written_out(path.read_bytes(), path.name)
    assert samples is not None
    parsed = parse_samples(samples, known())
    assert {(one.benchmark_id, one.name, one.value) for one in parsed.runs[0].metrics} == {
        ("sums", "acc", 0.75),
        ("sums", "acc_norm", 0.75),
    }
    assert written_out(results(), "x.json") is None


@pytest.mark.parametrize(
    ("name", "folder", "task", "model", "stamp"),
    [
        ("samples_gsm8k_2026-07-08T18-15-33.115417.jsonl", "Qwen__Qwen3-8B", "gsm8k", "Qwen/Qwen3-8B", True),
        ("samples_a_b_2026-07-08T18-15-33.115417.jsonl", "out", "a_b", None, True),
        ("run1_Qwen__Qwen3-8B_samples_a_b_2026-07-08T18-15-33.jsonl", "", "a_b", "Qwen/Qwen3-8B", True),
        ("pretrained=made-up__Tiny-1b_yes_no.jsonl", "", "yes_no", "made-up/Tiny-1b", False),
        ("output__boolq-seq2seq.jsonl", "", "boolq-seq2seq", None, False),
        ("samples_x_2026-07-08T18-15-33.115417.jsonl.zst", "", "x", None, True),
    ],
)
def test_names_as_lm_eval_gives_them(name: str, folder: str, task: str, model: str | None, stamp: bool) -> None:
    said = read_name(name, folder)
    assert (said.task, said.model, said.stamp is not None) == (task, model, stamp)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it holds no sample"),
        (b"\n\n", "it holds no sample"),
        (b'{"doc_id": 0, "doc": {}, "acc": 1}\n{"doc_id": 1, "do', "line 2 is not valid JSON: the file may be cut off"),
        (b"\x00\xff\xfe\n", "line 1 is not valid JSON"),
        (b"[1, 2]\n", "row 1 is no sample of lm-eval's"),
        (b'{"a": 1}\n', "row 1 is no sample of lm-eval's"),
        (b'{"doc_id": 0, "doc": ' + b"[" * 100_000 + b"\n", "line 1 is nested too deeply"),
    ],
)
def test_what_is_no_samples_file_says_where(content: bytes, reason: str) -> None:
    with pytest.raises(ImportedFileError, match=reason):
        read_samples(content.splitlines(keepends=True), "x.jsonl")
