"""Everything that is known to go wrong in an evaluation, brought about with the real libraries: one sentence each."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from tests import failing
from tests.failing import caught, said_of
from tests.harness_setup import TASKS, model_spec, shared_model, task_spec
from tracker.evals.batches import OutOfMemory
from tracker.evals.failures import Failure, HarnessError
from tracker.evals.harness.models import LocalModel, load_model
from tracker.evals.harness.tasks import Tasks, run_task
from tracker.evals.results import Headline, parse_run, read_run_folder
from tracker.evals.run_folder import save_run_folder

pytestmark = pytest.mark.filterwarnings("default")
ECHO = (TASKS / "echo_digit.yaml").read_text()
OWN_DATA = "custom_dataset: !function echo_digit.load"


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


@pytest.fixture(scope="module")
def model(qwen: Path) -> LocalModel:
    return load_model(model_spec(qwen))


@pytest.fixture(scope="module")
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
def weights(qwen: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to damage."""
    return Path(shutil.copytree(qwen, tmp_path / "weights"))


@pytest.fixture
def offline(monkeypatch):
    failing.go_offline(monkeypatch)


@pytest.fixture
def hub(monkeypatch):
    with failing.local_hub(monkeypatch):
        yield


def own_task(folder: Path, name: str, *changes: tuple[str, str]) -> str:
    """A folder with the echo task under another name, changed."""
    text = ECHO.replace("task: echo_digit", f"task: {name}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    shutil.copy(TASKS / "echo_digit.py", folder)
    (folder / f"{name}.yaml").write_text(text)
    return str(folder)


def evaluate(data: Path, model: LocalModel, name: str, include: str, **changes) -> Path:
    spec = task_spec(data, model.spec, name, include_paths=[include], **changes)
    run_task(model, spec, Tasks(), lambda *_, **__: None)
    return Path(spec.folder)


def test_an_unknown_task(tmp_path, model, tasks):
    failure = caught(lambda: tasks.load("no_such_task", [str(TASKS)]), task="no_such_task")
    assert failure.sentence.startswith(
        "“no_such_task” is no task that lm-eval knows: correct `task` in benchmarks.toml"
    )
    assert not failure.retry


def test_a_folder_of_tasks_that_is_not_there(tasks):
    failure = caught(lambda: tasks.load("echo_digit", ["/nowhere/at/all"]))
    assert failure.sentence == "There is no folder of tasks /nowhere/at/all: correct TRACKER_TASKS_DIR."


def test_a_data_set_that_cannot_be_reached(tmp_path, model, offline):
    include = own_task(tmp_path / "tasks", "far", (OWN_DATA, "dataset_path: org/data"))
    failure = caught(lambda: evaluate(tmp_path, model, "far", include), task="far")
    assert failure.sentence.startswith("The data of “far” could not be fetched from the hub: check the network")
    assert failure.retry


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gated", "The hub refuses access to the data of “far”: accept the licence on the hub and set HF_TOKEN."),
        ("private", "The hub refuses access to the data of “far”: accept the licence on the hub and set HF_TOKEN."),
        ("gone", "The hub has no data set for “far”, or shows it to its members only: set HF_TOKEN"),
    ],
)
def test_data_that_the_hub_refuses(name, said, hub, tmp_path, model):
    include = own_task(tmp_path / "tasks", "far", (OWN_DATA, f"dataset_path: org/{name}"))
    failure = caught(lambda: evaluate(tmp_path, model, "far", include), task="far")
    assert failure.sentence.startswith(said)
    assert not failure.retry


def test_a_tokenizer_without_a_chat_template(weights, tmp_path):
    (weights / "chat_template.jinja").unlink()
    failure = caught(lambda: evaluate(tmp_path, load_model(model_spec(weights)), "echo_digit", str(TASKS)))
    assert failure.sentence.startswith("The tokenizer of “tiny” has no chat template: take an instruct model")


def test_a_task_that_runs_code(tmp_path, model):
    include = own_task(tmp_path / "tasks", "code", ("output_type:", "unsafe_code: true\noutput_type:"))
    failure = caught(lambda: evaluate(tmp_path, model, "code", include), task="code")
    assert failure.sentence.startswith("“code” runs code that the model writes: give --run-code to allow it")
    evaluate(tmp_path, model, "code", include, unsafe_code=True, limit=1)


def test_a_group_with_its_own_subtask(tmp_path):
    include = own_task(tmp_path / "tasks", "plain")
    (tmp_path / "tasks" / "all.yaml").write_text("group: all\ntask: [plain]\n")
    manager = TaskManager(include_path=include, include_defaults=False)
    failure = caught(lambda: manager.load(["all", "plain"]), task="all")
    assert failure.sentence.startswith("“all” names a group together with one of its own subtasks: keep one")


def test_data_that_come_as_a_script(tmp_path, model):
    script = tmp_path / "script.py"
    script.write_text("import datasets\n")
    include = own_task(tmp_path / "tasks", "old", (OWN_DATA, f"dataset_path: {script}"))
    failure = caught(lambda: evaluate(tmp_path, model, "old", include), task="old")
    assert failure.sentence.startswith("The data set of “old” comes as a script, which the installed datasets library")


@pytest.mark.parametrize(
    "change",
    [(OWN_DATA, "custom_dataset: !function nowhere.load"), ("{{question}}", "{{question")],
    ids=["no such function", "broken template"],
)
def test_a_faulty_task_of_ones_own(change, tmp_path, model):
    include = own_task(tmp_path / "tasks", "faulty", change)
    failure = caught(lambda: evaluate(tmp_path, model, "faulty", include), task="faulty")
    assert failure.sentence.startswith("The files of the task “faulty” are faulty (")


def test_an_output_limit_as_large_as_the_context(qwen, tmp_path, model):
    """As lm-eval itself says it, and as we do, who stop before it would."""
    stock = HFLM(pretrained=str(qwen), device="cpu")
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    failure = caught(
        lambda: simple_evaluate(
            stock, tasks=["echo_digit"], task_manager=manager, gen_kwargs="max_gen_toks=256", limit=1
        )
    )
    assert "leaves no room for the prompt in its context: lower max_output_tokens" in failure.sentence
    large = load_model(model_spec(qwen, settings={"max_output_tokens": 256}))
    failure = caught(lambda: evaluate(tmp_path, large, "echo_digit", str(TASKS)))
    assert "(256 tokens) leaves no room for the prompt in its context (256): lower max_output" in failure.sentence


@pytest.mark.parametrize(
    "generation",
    [{"nonsense": 1}, {"do_sample": True, "temperature": -1.0}],
    ids=["unknown name", "impossible value"],
)
def test_generation_settings_that_the_model_does_not_take(generation, qwen, tmp_path):
    model = load_model(model_spec(qwen, settings={"generation": generation}))
    failure = caught(lambda: evaluate(tmp_path, model, "echo_digit", str(TASKS)))
    assert failure.sentence.startswith("“tiny” does not take one of its settings (")
    assert next(reversed(generation)) in failure.sentence
    assert "correct `generation`" in failure.sentence


@contextlib.contextmanager
def closed(folder: Path) -> Iterator[None]:
    """A folder that this process may not write to, even when the tests are run by root."""
    folder.chmod(0o500)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


@pytest.mark.parametrize("where", ["folder", "partial"])
def test_an_output_folder_that_is_not_writable(where, tmp_path, model):
    (tmp_path / "closed").mkdir()
    path = str(tmp_path / "closed" / "below")
    with closed(tmp_path / "closed"):
        if where == "folder":
            failure = caught(lambda: save_run_folder(Path(path), {}, {}, 0.0, default=str))
            said = "The run's files could not be written to"
        else:
            failure = caught(lambda: evaluate(tmp_path, model, "echo_digit", str(TASKS), partial=path))
            said = "A file or folder is closed to this user (["
    assert failure.sentence.startswith(said)
    assert "Permission denied" in failure.sentence
    assert "TRACKER_DATA_DIR" in failure.sentence
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("where", ["folder", "partial"])
def test_a_file_where_the_output_folder_should_be(where, tmp_path, model):
    (tmp_path / "file").write_text("mine")
    changes = {where: str(tmp_path / "file" / "below")}
    failure = caught(lambda: evaluate(tmp_path, model, "echo_digit", str(TASKS), limit=1, **changes))
    assert "Not a directory" in failure.sentence
    assert "TRACKER_DATA_DIR" in failure.sentence
    assert (tmp_path / "file").read_text() == "mine"


def test_one_document_has_no_standard_error(tmp_path, model):
    folder = evaluate(tmp_path, model, "echo_digit", str(TASKS), limit=1)
    run = read_run_folder(folder)
    assert run.results["results"]["echo_digit"]["exact_match_stderr,answer"] == "N/A"
    rows = parse_run(run, [Headline("echo", "exact_match", "answer")], "runs/x")
    [metric] = rows.metrics
    assert (metric.stderr, metric.n, rows.run.status) == (None, 1, "limited")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.77 GiB of which 9.88 GiB"
            " is free. Including non-PyTorch memory, this process has 5.88 GiB memory in use."
        ),
        OutOfMemory("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
        RuntimeError("CUDA error: out of memory"),
    ],
    ids=["gpu", "processor", "Python", "driver"],
)
def test_memory_that_runs_out_for_one_document(error):
    failure = said_of(error)
    assert failure.sentence.startswith("“tiny” does not fit into memory even with one document at a time: give it")


def test_a_full_disk():
    failure = said_of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/x"))
    assert failure.sentence.startswith("The disk is full: make room in the data folder")


def test_anything_else_says_where_the_whole_text_is():
    failure = said_of(ZeroDivisionError("division\n  by {zero} " + "x" * 1000))
    assert failure.sentence.startswith("ZeroDivisionError: division by {zero} xxx")
    assert failure.sentence.endswith("… — the whole text is in logs/tiny.log.")
    assert said_of(AssertionError()).sentence.startswith("AssertionError: AssertionError — the whole")


def test_a_cause_is_found_behind_the_error_that_it_led_to():
    error = ValueError("no builder")
    error.__cause__ = huggingface_hub.errors.OfflineModeIsEnabled("offline")
    assert said_of(error).retry
    error.__cause__, error.__context__ = None, PermissionError("Permission denied")
    assert "closed to this user" in said_of(error).sentence


def test_our_own_sentence_is_passed_on_as_it_is():
    assert said_of(HarnessError("Do this {now}: Permission denied.")) == Failure(
        "Do this {now}: Permission denied.", retry=False
    )
