"""From the files that the harness writes to rows: groups, odd values, cut-off files, samples that are no mean."""

import hashlib
import io
import json
import math
import shutil
from pathlib import Path

import pytest
import zstandard

from tests import odd_tasks
from tests.harness_setup import model_spec, shared_model, task_spec
from tracker.evals.harness.models import LocalModel, load_model
from tracker.evals.harness.tasks import Tasks, run_task
from tracker.evals.results import Headline, ResultsError, RunFolder, RunRows, parse_run, read_run_folder

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> str:
    return odd_tasks.write(tmp_path_factory.mktemp("tasks"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    folder = shared_model(tmp_path_factory.getbasetemp(), "qwen3")
    return load_model(model_spec(folder, batch_size=40))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, include: str, model: LocalModel):
    """The folder of a run of a task, evaluated once."""
    base = tmp_path_factory.mktemp("data")
    tasks = Tasks()

    def folder(task: str) -> Path:
        spec = task_spec(base, model.spec, task, include_paths=[include], group=task in odd_tasks.GROUPS)
        if not Path(spec.folder).exists():
            run_task(model, spec, tasks, lambda *_, **__: None)
        return Path(spec.folder)

    return folder


def rows(folder: Path, *headlines: Headline) -> RunRows:
    return parse_run(read_run_folder(folder), headlines, "runs/x")


def headline(metric: str = "exact_match", filter_: str = "answer") -> Headline:
    return Headline("shown", metric, filter_)


def value(found: RunRows, metric: str = "exact_match", filter_: str = "answer") -> float:
    [row] = [row for row in found.metrics if (row.name, row.filter) == (metric, filter_)]
    return row.value


def test_each_filter_has_its_own_metric_and_samples_are_those_of_the_headline(run):
    found = rows(run("odd_echo"), headline())
    assert {(row.name, row.filter) for row in found.metrics} == {("exact_match", "answer"), ("exact_match", "doubled")}
    assert 0.0 < value(found) < 1.0
    assert value(found, filter_="doubled") == 0.0
    assert [row.doc for row in found.samples] == list(range(40))
    assert math.fsum(row.score for row in found.samples) / 40 == pytest.approx(value(found), abs=1e-9)
    assert len({row.doc_hash for row in found.samples}) == 40
    other = rows(run("odd_echo"), headline(filter_="doubled"))
    assert {row.score for row in other.samples} == {0.0}
    assert [row.doc_hash for row in other.samples] == [row.doc_hash for row in found.samples]


def test_benchmarks_that_share_a_task_each_get_its_metrics_and_their_samples(run):
    two = rows(
        run("odd_echo"), Headline("first", "exact_match", "answer"), Headline("second", "exact_match", "doubled")
    )
    assert len(two.metrics) == 4
    assert {row.benchmark_id for row in two.metrics} == {"first", "second"}
    assert [sum(row.benchmark_id == name for row in two.samples) for name in ("first", "second")] == [40, 40]
    none = rows(run("odd_echo"))
    assert {row.benchmark_id for row in none.metrics} == {"odd_echo"}
    assert none.samples == []


def test_what_is_known_of_a_run(run):
    folder = run("odd_echo")
    found = rows(folder, headline())
    results = read_run_folder(folder).results
    assert (found.run.status, found.run.origin, found.run.task_version) == ("complete", "local", "1.0")
    assert found.run.finished_at > found.run.started_at
    assert found.run.started_at.utcoffset().total_seconds() == 0
    assert found.run.seconds == pytest.approx((found.run.finished_at - found.run.started_at).total_seconds(), abs=1e-3)
    assert found.run.environment["torch_version"] == results["torch_version"]
    assert found.run.output_tokens == sum(row.output_tokens for row in found.samples)
    for name, digest in found.run.files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    for row in found.metrics:
        assert (row.n, row.task_version, row.task_hash) == (40, "1.0", results["task_hashes"]["odd_echo"])


@pytest.mark.parametrize("group", ["weighted", "nested"])
def test_a_group_weighted_by_size_is_the_mean_of_all_its_documents(group, run):
    found = rows(run(group), headline())
    [metric] = [row for row in found.metrics if row.name == "exact_match"]
    assert (metric.n, metric.task_version) == (50, "3")
    assert metric.value == pytest.approx(sum(row.score for row in found.samples) / 50)
    assert [row.doc for row in found.samples] == list(range(50))
    assert metric.value == pytest.approx(0.8 * value(rows(run("odd_echo"), headline())))
    assert metric.stderr > 0


def test_an_unweighted_group_has_no_samples_to_compare(run):
    """The mean of two means is not the mean of the documents."""
    found = rows(run("even"), headline())
    assert value(found) == pytest.approx(0.5 * value(rows(run("odd_echo"), headline())))
    assert found.samples == []
    assert found.metrics[0].n == 50


def test_a_group_without_a_number_of_its_own(run):
    with pytest.raises(ResultsError, match="gives no exact_match,answer, the headline of “shown”, but no number at"):
        rows(run("bare"), headline())


def test_odd_values_are_not_known_and_true_is_one(run):
    folder = run("odd_metrics")
    assert "NaN" in next(folder.glob("results_*.json")).read_text()
    found = rows(folder, headline("right"))
    assert {row.name for row in found.metrics} == {"right", "half", "best", "flag"}
    assert value(found, "flag") == 1.0
    assert value(found, "right") == pytest.approx(2 * value(found, "half"))
    assert {row.score for row in found.samples} <= {0.0, 1.0}
    assert len(found.samples) == 40
    for row in found.metrics:
        assert row.stderr is None or row.stderr >= 0
    assert [row.stderr for row in found.metrics if row.name in ("best", "flag")] == [None, None]


@pytest.mark.parametrize("metric", ["best", "never", "many", "words", "flag"])
def test_a_headline_that_is_no_mean_of_its_documents_has_no_samples(metric, run):
    found = rows(run("odd_metrics"), headline(metric))
    assert found.samples == []
    assert any(row.name == metric for row in found.metrics) == (metric in ("best", "flag"))


def test_small_differences_of_rounding_are_the_same_mean(run):
    found = rows(run("odd_metrics"), headline("half"))
    assert len(found.samples) == 40


@pytest.mark.parametrize(
    ("metric", "filter_"), [("exact_match", "none"), ("acc", "answer"), ("exact_match_stderr", "")]
)
def test_a_headline_that_the_task_does_not_give(metric, filter_, run):
    with pytest.raises(ResultsError) as error:
        rows(run("odd_echo"), headline(metric, filter_))
    assert str(error.value) == (
        f"“odd_echo” gives no {metric},{filter_}, the headline of “shown”, but exact_match,answer, exact_match,doubled:"
        " correct `metric` or `filter` in benchmarks.toml."
    )


def test_samples_that_do_not_add_up_to_the_headline_are_left_out(run):
    read = read_run_folder(run("odd_echo"))
    [row] = [row for row in read.samples["odd_echo"] if row["filter"] == "answer" and row["doc_id"] == 7]
    row["exact_match"] = 1.0 - row["exact_match"]
    found = parse_run(read, [headline()], "runs/x")
    assert found.samples == []
    assert len(found.metrics) == 2
    row["exact_match"] = "N/A"
    assert parse_run(read, [headline()], "runs/x").samples == []
    assert parse_run(RunFolder(read.results, {}, read.files), [headline()], "runs/x").samples == []


def test_tokens_and_truncation_are_unknown_where_any_part_is(run):
    read = read_run_folder(run("odd_echo"))
    first, second, third = (row for row in read.samples["odd_echo"] if row["filter"] == "answer" and row["doc_id"] < 3)
    first["outputs"].append({**first["outputs"][0], "output_tokens": None, "finish_reason": "length"})
    second["outputs"].append({**second["outputs"][0], "output_tokens": 4})
    third["outputs"] = []
    found = {row.doc: row for row in parse_run(read, [headline()], "runs/x").samples}
    assert (found[0].output_tokens, found[0].truncated) == (None, True)
    assert (found[1].output_tokens, found[1].truncated) == (second["outputs"][0]["output_tokens"] + 4, False)
    assert (found[2].output_tokens, found[2].truncated) == (None, None)


def test_results_of_another_task_are_refused(run):
    read = read_run_folder(run("odd_echo"))
    read.results["tracker"]["task"] = "other"
    with pytest.raises(ResultsError, match="has no results of “other”"):
        parse_run(read, [headline()], "runs/x")


@pytest.fixture
def copy(run, tmp_path) -> Path:
    return Path(shutil.copytree(run("odd_echo"), tmp_path / "copy"))


@pytest.mark.parametrize("kind", ["results_*.json", "samples_*.jsonl.zst"])
def test_a_file_cut_off_anywhere_is_refused(kind, copy):
    [path] = copy.glob(kind)
    content = path.read_bytes()
    for end in {0, 1, 7, len(content) - 1, *range(0, len(content), max(1, len(content) // 60))}:
        path.write_bytes(content[:end])
        with pytest.raises(ResultsError, match=r"cannot be read|is not a results file"):
            read_run_folder(copy)
    path.write_bytes(content)
    assert len(read_run_folder(copy).samples["odd_echo"]) == 80


def test_samples_cut_off_at_the_end_of_a_line_are_refused(copy):
    """What a compressor had written down when it was killed between two lines looks whole to a careless reader."""
    [path] = copy.glob("samples_*")
    whole = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    written = io.BytesIO()
    writer = zstandard.ZstdCompressor().stream_writer(written, closefd=False)
    writer.write(b"".join(whole.splitlines(keepends=True)[:50]))
    writer.flush(zstandard.FLUSH_BLOCK)
    path.write_bytes(written.getvalue())
    with pytest.raises(ResultsError, match="cut off"):
        read_run_folder(copy)


def test_folders_that_hold_no_run_or_two(copy, tmp_path):
    with pytest.raises(ResultsError, match="holds 0 results files"):
        read_run_folder(tmp_path / "nowhere")
    [path] = copy.glob("results_*")
    shutil.copy(path, copy / "results_2.json")
    with pytest.raises(ResultsError, match="holds 2 results files, and a run has one"):
        read_run_folder(copy)
    (copy / "results_2.json").unlink()
    for text in ("[]", "{}", '{"tracker": {}, "results": []}'):
        path.write_text(text)
        with pytest.raises(ResultsError, match="is not a results file that the harness wrote"):
            read_run_folder(copy)


def test_a_file_from_lm_eval_itself_is_told_from_ours(copy):
    [path] = copy.glob("results_*")
    results = json.loads(path.read_text())
    del results["tracker"]
    path.write_text(json.dumps(results))
    with pytest.raises(ResultsError, match="is not a results file that the harness wrote"):
        read_run_folder(copy)
