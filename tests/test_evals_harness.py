"""The harness with real models and real lm-eval: what it keeps, what it refuses, how it goes on after a kill."""

import json
from pathlib import Path

import pytest
import torch

from tests.harness_setup import model_spec, shared_model, task_spec
from tracker.evals.batches import OutOfMemory
from tracker.evals.failures import HarnessError
from tracker.evals.harness.models import LocalModel, load_model
from tracker.evals.harness.tasks import Tasks, run_task
from tracker.evals.results import Headline, RunFolder, parse_run, read_run_folder

pytestmark = pytest.mark.filterwarnings("default")
HEADLINE = [Headline("echo", "exact_match", "answer")]


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "llama")


def evaluate(data: Path, model: LocalModel, **changes) -> tuple[RunFolder, list[dict]]:
    said: list[dict] = []
    spec = task_spec(data, model.spec, **changes)
    run_task(model, spec, Tasks(), lambda kind, **values: said.append({"kind": kind, **values}))
    return read_run_folder(Path(spec.folder)), said


@pytest.mark.parametrize("family", ["qwen3", "llama"])
def test_thinking_is_kept_and_the_answer_alone_is_scored(family, tmp_path, request):
    folder = request.getfixturevalue("qwen" if family == "qwen3" else "llama")
    model = load_model(model_spec(folder))
    run, said = evaluate(tmp_path, model)
    rows = run.samples["echo_digit"]
    assert len(rows) == 40
    thought = 0
    for row in rows:
        [output] = row["outputs"]
        assert output["answer"] == row["resps"][0][0]
        assert "think" not in output["answer"]
        assert output["finish_reason"] in ("stop", "length")
        assert output["output_tokens"] > 1
        assert output["seconds"] > 0
        thought += "it is" in output["thinking"] and "</think>" in output["raw"] and len(output["answer"]) == 1
    # The form of thinking and answering is what the models learn in seconds; the digits they often get wrong.
    assert thought >= 36
    about = run.results["tracker"]
    assert about["output_tokens"] == sum(row["outputs"][0]["output_tokens"] for row in rows)
    assert about["truncated"] == sum(row["outputs"][0]["finish_reason"] == "length" for row in rows)
    assert about["device"] == "cpu"
    assert said[-1]["done"] == said[-1]["total"] == 40


def test_thinking_off_leaves_no_trace(qwen, tmp_path):
    spec = model_spec(qwen, thinking=False, settings={"chat_template_args": {"enable_thinking": False}})
    run, _ = evaluate(tmp_path, load_model(spec))
    outputs = [row["outputs"][0] for row in run.samples["echo_digit"]]
    assert {output["thinking"] for output in outputs} == {None}
    assert max(output["output_tokens"] for output in outputs) == 2


def test_thinking_cut_off_by_the_limit_scores_nothing_and_is_counted(qwen, tmp_path):
    """The trace names the digit; a last-number filter would have given credit for it."""
    model = load_model(model_spec(qwen, settings={"max_output_tokens": 8}))
    run, _ = evaluate(tmp_path, model)
    assert run.results["tracker"]["truncated"] == 40
    assert run.results["results"]["echo_digit"]["exact_match,answer"] == 0.0
    assert {row["resps"][0][0] for row in run.samples["echo_digit"]} == {""}


def test_stop_strings_do_not_cut_inside_the_thinking_but_cut_plain_answers(qwen, tmp_path):
    """The task stops at a newline, and the thinking holds one."""
    thinking, _ = evaluate(tmp_path / "on", load_model(model_spec(qwen)))
    assert all("\n" in row["outputs"][0]["thinking"] for row in thinking.samples["echo_digit"])
    plain = load_model(model_spec(qwen, thinking=False))
    cut, _ = evaluate(tmp_path / "off", plain)
    for row in cut.samples["echo_digit"]:
        assert "\n" not in row["outputs"][0]["raw"]
        assert row["outputs"][0]["output_tokens"] <= 12


def test_a_results_file_that_other_tools_read(qwen, tmp_path):
    run, _ = evaluate(tmp_path, load_model(model_spec(qwen)))
    for key in ("results", "configs", "versions", "n-shot", "n-samples", "higher_is_better", "config", "date"):
        assert key in run.results
    assert run.results["config"]["model_args"]["pretrained"] == "tiny"
    assert run.results["n-samples"]["echo_digit"] == {"original": 40, "effective": 40}
    assert set(run.results["task_hashes"]) == {"echo_digit"}


def test_a_killed_evaluation_ends_equal_to_an_undisturbed_one(qwen, tmp_path):
    whole, _ = evaluate(tmp_path / "whole", load_model(model_spec(qwen)))
    model = load_model(model_spec(qwen))
    calls = []
    answer = model._batch

    def dies_at_the_third(batch, seed):
        calls.append(len(batch))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return answer(batch, seed)

    model._batch = dies_at_the_third
    with pytest.raises(KeyboardInterrupt):
        evaluate(tmp_path / "cut", model)
    again, _ = evaluate(tmp_path / "cut", load_model(model_spec(qwen)))
    assert again.results["tracker"]["resumed"] == 16
    strip = [(row["doc_hash"], row["resps"], row["outputs"][0]["raw"]) for row in again.samples["echo_digit"]]
    assert strip == [(row["doc_hash"], row["resps"], row["outputs"][0]["raw"]) for row in whole.samples["echo_digit"]]


def test_another_models_answers_are_never_served(qwen, llama, tmp_path):
    evaluate(tmp_path, load_model(model_spec(qwen)))
    other = load_model(model_spec(llama, revision="r2"))
    with pytest.raises(Exception, match="holds the answers of"):
        evaluate(tmp_path, other, folder=str(tmp_path / "second"))


def test_out_of_memory_halves_the_batch_and_goes_on(qwen, tmp_path):
    model = load_model(model_spec(qwen, batch_size=16))
    sizes = []
    answer = model._batch

    def small_machine(batch, seed):
        sizes.append(len(batch))
        if len(batch) > 4:
            raise OutOfMemory("16 did not fit")
        return answer(batch, seed)

    model._batch = small_machine
    run, _ = evaluate(tmp_path, model)
    assert sizes[:3] == [16, 8, 4]
    assert max(sizes[3:]) == 4
    assert run.results["tracker"]["batch_size"] == 4
    assert len(run.samples["echo_digit"]) == 40


def test_memory_that_really_runs_out_is_recognised(qwen):
    model = load_model(model_spec(qwen))
    model.model.generate = lambda **_: torch.empty(1 << 60)
    request = [type("R", (), {"prompt": "x", "arguments": {"max_gen_toks": 8}})()]
    with pytest.raises(OutOfMemory):
        model._batch(request, 0)


def test_a_gpu_that_is_not_there_is_an_error_and_never_the_processor(qwen):
    if torch.cuda.is_available():
        pytest.fail("this test is for machines without a GPU; run it with CUDA_VISIBLE_DEVICES empty")
    with pytest.raises(HarnessError, match=r"asks for 1 GPU and torch .* sees none"):
        load_model(model_spec(qwen, device="cuda", gpus=1))


def test_log_likelihood_is_refused_to_a_thinking_model_and_works_for_others(qwen, tmp_path):
    with pytest.raises(HarnessError, match="cannot think"):
        evaluate(tmp_path / "on", load_model(model_spec(qwen)), task="pick_digit")
    run, _ = evaluate(tmp_path / "off", load_model(model_spec(qwen, thinking=False)), task="pick_digit")
    assert 0.0 <= run.results["results"]["pick_digit"]["acc,none"] <= 1.0
    rows = parse_run(run, [Headline("pick", "acc", "none")], "runs/x")
    assert len(rows.samples) == 40
    assert rows.run.output_tokens is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "2.0"}, "has version 1.0 of “echo_digit” and the catalogue says 2.0"),
        ({"include_paths": ["/nowhere/at/all"]}, "There is no folder of tasks"),
    ],
)
def test_wrong_tasks_are_refused_before_anything_is_generated(qwen, tmp_path, changes, said):
    with pytest.raises(HarnessError, match=said):
        evaluate(tmp_path, load_model(model_spec(qwen)), **changes)


def test_an_output_limit_without_room_for_the_prompt(qwen, tmp_path):
    model = load_model(model_spec(qwen, settings={"max_output_tokens": 256}))
    with pytest.raises(HarnessError, match="leaves no room for the prompt"):
        evaluate(tmp_path, model)


def test_rows_of_a_run(qwen, tmp_path):
    run, _ = evaluate(tmp_path, load_model(model_spec(qwen)))
    rows = parse_run(run, HEADLINE, "runs/tiny/echo_digit/1")
    assert rows.run.status == "complete"
    assert rows.run.files.keys() == {path.name for path in (tmp_path / "runs/tiny/echo_digit/1").iterdir()}
    [metric] = rows.metrics
    assert (metric.benchmark_id, metric.name, metric.filter, metric.n) == ("echo", "exact_match", "answer", 40)
    assert sum(sample.score for sample in rows.samples) / 40 == pytest.approx(metric.value)
    assert json.loads(json.dumps(rows.run.settings))["harness_default_limit"] is False
