"""The real child process over its pipe: what it says, what it survives, and that it ends with the night."""

import os
import queue
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import Asked, Reply, completion, serving
from tests.harness_setup import TASKS, model_spec, shared_model, task_spec
from tracker.evals.protocol import ModelSpec, TaskSpec, decode, encode
from tracker.evals.results import read_run_folder

ROOT = Path(__file__).parents[1]
PATIENCE = 90.0
NOISE = """
    import os, subprocess
    print('{"kind": "finished", "task": "noisy"}', flush=True)
    os.write(1, b"half a line of a C library")
    subprocess.run(["echo", "a program"], check=True)
"""


class Child:
    """A harness process with its messages in a queue and its errors in `log`."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracker.evals.harness"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def send(self, kind: str, model: ModelSpec, task: TaskSpec | None = None) -> None:
        self.process.stdin.write(encode(kind, model=model, task=task, log=str(self.log)))
        self.process.stdin.flush()

    def next(self) -> dict[str, Any]:
        return self._messages.get(timeout=PATIENCE)

    def until_done(self) -> list[dict[str, Any]]:
        """Messages up to the end of what was asked for."""
        messages = [self.next()]
        while messages[-1]["kind"] == "progress":
            messages.append(self.next())
        return messages

    def ended(self) -> int:
        """Its exit code, when all that it said has been read."""
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code

    def left(self) -> int:
        return self._messages.qsize()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        self.process.stdin.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._messages.put(decode(line))


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    started = Child(tmp_path / "night.log")
    yield started
    started.close()


def test_a_night_of_one_child(child, tmp_path, tmp_path_factory):
    """Loads that fail, tasks that fail and tasks that work, one after the other, until it is told to quit."""
    folder = shared_model(tmp_path_factory.getbasetemp(), "qwen3")
    model = model_spec(folder)
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    loader = (TASKS / "echo_digit.py").read_text()
    (tasks / "noise.py").write_text(loader.replace("def load(**_):\n", f"def load(**_):{NOISE}"))
    text = (TASKS / "echo_digit.yaml").read_text().replace("echo_digit.load", "noise.load")
    (tasks / "noisy.yaml").write_text(text.replace("task: echo_digit", "task: noisy"))

    def run(task: str, **changes: Any) -> list[dict[str, Any]]:
        child.send("task", model, task_spec(tmp_path, model, task, **changes))
        return child.until_done()

    assert child.next() == {"kind": "ready"}

    [message] = run("echo_digit")
    assert message["kind"] == "failed"
    assert message["error"] == "“tiny” is not loaded, so “echo_digit” cannot run."

    started = time.perf_counter()
    child.send("load", model_spec("org/tiny", local=False))
    message = child.next()
    assert time.perf_counter() - started < 20  # offline by choice: asked once
    assert (message["kind"], message["task"]) == ("failed", None)
    assert message["error"].startswith("The weights org/tiny could not be fetched from the hub: check the network")
    child.send("load", model_spec("/nowhere/tiny"))
    assert child.next()["error"].startswith("There is no folder /nowhere/tiny: correct `weights`")

    child.send("load", model)
    message = child.next()
    assert (message["kind"], message["device"]) == ("loaded", "cpu")
    assert message["seconds"] > 0

    *progress, last = run("echo_digit")
    assert last["kind"] == "finished"
    assert last["task"] == "echo_digit"
    assert [one["done"] for one in progress] == [0, 8, 16, 24, 32, 40]
    assert {(one["task"], one["total"]) for one in progress} == {("echo_digit", 40)}
    read = read_run_folder(tmp_path / "runs/tiny/echo_digit/1")
    assert progress[-1]["tokens"] == read.results["tracker"]["output_tokens"] > 0

    for task, changes, said in (
        ("echo_digit", {"version": "7"}, "has version 1.0 of “echo_digit” and the catalogue says 7"),
        ("pick_digit", {}, "“tiny” cannot think on a log-likelihood task"),
        ("echo_digit", {"settings_hash": "other"}, "holds the answers of"),
        ("echo_digit", {"include_paths": ["/nowhere"]}, "There is no folder of tasks /nowhere"),
    ):
        last = run(task, run_id="2", folder=str(tmp_path / "runs" / "2"), **changes)[-1]
        assert (last["kind"], last["task"]) == ("failed", task)
        assert said in last["error"]
        assert "\n" not in last["error"]
        assert "Traceback" not in last["error"]
    assert not (tmp_path / "runs" / "2").exists()
    assert "Traceback (most recent call last)" in child.log.read_text()

    *progress, last = run("noisy", include_paths=[str(tasks)])
    assert (last["kind"], last["task"]) == ("finished", "noisy")
    assert last["seconds"] > 0
    assert progress[-1]["done"] == 40
    for noise in ('{"kind": "finished", "task": "noisy"}', "half a line of a C library", "a program"):
        assert noise in child.log.read_text()

    child.process.stdin.write(encode("quit"))
    child.process.stdin.flush()
    assert child.ended() == 0
    assert child.left() == 0


def test_it_ends_within_two_seconds_of_the_night_even_in_the_middle_of_a_task(child, tmp_path):
    """The server has answered five documents and hangs on the others; the five are kept."""

    def script(asked: Asked) -> Reply:
        answered = asked.question in {f"Say {digit} please, a" for digit in range(5)}
        return Reply(completion("<think>x</think>1").body, hang=0.0 if answered else 120.0)

    with serving(script) as server:
        model = model_spec(
            "", id="served", backend="server", device="server", local=False, base_url=server.url, server_model="served"
        )
        assert child.next() == {"kind": "ready"}
        child.send("load", model)
        assert child.next()["device"] == f"server {server.url}"
        spec = task_spec(tmp_path, model)
        child.send("task", model, spec)
        while (message := child.next())["done"] < 5:
            assert message["kind"] == "progress"
        started = time.perf_counter()
        child.process.stdin.close()
        assert child.ended() == 3
        assert time.perf_counter() - started < 2.0
    assert child.left() == 0
    assert not Path(spec.folder).exists()
    with sqlite3.connect(Path(spec.partial) / "requests.sqlite") as file:
        assert file.execute("SELECT count(*) FROM answer").fetchone() == (5,)
    file.close()
