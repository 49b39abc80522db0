"""The harness against a server in trouble: what it tries again, how it gives up, and that the key stays hidden."""

import contextlib
import io
import itertools
import json
import logging
import re
import socket
import time
import traceback
from pathlib import Path

import pytest
import zstandard

from tests.chat_server import Asked, Reply, completion, refusal, serving
from tests.server_setup import digit, evaluate, outputs, right, run, score, server_spec
from tracker.evals.failures import HarnessError, explain
from tracker.evals.harness.models import load_model
from tracker.evals.protocol import ModelSpec
from tracker.evals.results import read_run_folder

pytestmark = pytest.mark.filterwarnings("default")
KEY = "sk-Zq81-never-shown"


def fails(data: Path, spec: ModelSpec, **changes) -> str:
    """The sentence that an evaluation ends with."""
    with pytest.raises(HarnessError) as caught:
        evaluate(data, spec, **changes)
    sentence = explain(caught.value, model=spec.id, task="echo_digit", what="it", log="night.log").sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


WHOLE = completion("7", reasoning_content="a long trace " * 50).body
TROUBLES = {
    "429": refusal(429, "slow down"),
    "503": refusal(503, "loading the model"),
    "not JSON": Reply(b'{"choices": [{"mess'),
    "not text": Reply(b"\xff\xfe\x00"),
    "no object": Reply(b"[]"),
    "no choices": Reply(b'{"choices": []}'),
    "odd choice": Reply(b'{"choices": ["7"]}'),
    "odd content": Reply(b'{"choices": [{"message": {"content": [{"type": "text", "text": "7"}]}}]}'),
    "broken answer": completion("wrong", finish="error"),
    "cut off": Reply(WHOLE, cut=True),
    "not gzip": Reply(WHOLE, headers={"Content-Encoding": "gzip"}),
}


def test_passing_trouble_is_retried_until_every_document_is_answered_once(tmp_path):
    questions = [f"Say {one} please, {turn}" for turn in "abcd" for one in range(10)]
    kinds = dict(zip(questions, itertools.cycle(TROUBLES), strict=False))

    def script(asked: Asked) -> Reply:
        kind = kinds[asked.question]
        if asked.attempt == 2 and kind != "429":
            return TROUBLES["503"]
        return TROUBLES[kind] if asked.attempt == 1 else right(asked)

    with serving(script) as server:
        kept = evaluate(tmp_path, server_spec(server.url))
    assert score(kept) == 1.0
    assert len(outputs(kept)) == 40
    assert server.attempts() == {question: 2 if kind == "429" else 3 for question, kind in kinds.items()}


def test_a_hanging_server_is_asked_again(tmp_path):
    def script(asked: Asked) -> Reply:
        hangs = asked.attempt == 1 and asked.question.endswith("a")
        return Reply(right(asked).body, hang=20.0 if hangs else 0.0)

    started = time.perf_counter()
    with serving(script) as server:
        kept = evaluate(tmp_path, server_spec(server.url, timeout_seconds=1.0, concurrency=10))
        assert time.perf_counter() - started < 15.0
    assert score(kept) == 1.0
    assert sorted(server.attempts().values()) == [1] * 30 + [2] * 10


def test_the_wait_that_a_server_asks_for_is_kept(tmp_path):
    times: dict[str, list[float]] = {}

    def script(asked: Asked) -> Reply:
        times.setdefault(asked.question, []).append(time.perf_counter())
        slow = asked.attempt == 1 and digit(asked) == "3"
        return refusal(429, "slow down", Retry_After="0.5") if slow else right(asked)

    kept, _ = run(tmp_path, script)
    waits = [at[1] - at[0] for at in times.values() if len(at) == 2]
    assert len(waits) == 4
    assert min(waits) >= 0.5  # the ordinary wait would be a fiftieth of that
    assert score(kept) == 1.0


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_refused_request_ends_the_task_and_keeps_what_was_answered(concurrency, tmp_path):
    """Of 40 documents the server refuses one for good; asked again after it was mended, only the rest is asked."""

    def refuses(asked: Asked) -> Reply:
        return refusal(400, "too long\nby 3 tokens") if asked.question == "Say 4 please, b" else right(asked)

    with serving(refuses) as server:
        spec = server_spec(server.url, concurrency=concurrency)
        sentence = fails(tmp_path, spec)
        assert sentence.startswith(f"The server at {server.url}/ refuses the request (HTTP 400: ")
        assert "too long" in sentence
        assert "correct base_url, server_model or the settings" in sentence
        assert set(server.attempts().values()) == {1}
        before = {one.question for one in server.asked} - {"Say 4 please, b"}
        assert not (tmp_path / "runs").exists()
    with serving(right) as server:
        kept = evaluate(tmp_path, server_spec(server.url, concurrency=concurrency))
        assert {one.question for one in server.asked}.isdisjoint(before)
        assert len(server.asked) == 40 - len(before)
    assert before
    assert kept.results["tracker"]["resumed"] == len(before)
    assert score(kept) == 1.0
    assert len(outputs(kept)) == 40


def test_a_server_that_is_not_there_ends_with_a_sentence_in_bounded_time(tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/v1"
        started = time.perf_counter()
        sentence = fails(tmp_path, server_spec(url, retry_seconds=0.02))
    assert time.perf_counter() - started < 10.0
    assert sentence.startswith(f"The server of “org/served” at {url}/ did not answer after 6 tries (ConnectError")
    assert "check that it runs" in sentence


def test_patience_bounds_the_tries_and_the_sentence_counts_them(tmp_path):
    with serving(lambda asked: refusal(503, "loading", Retry_After="0.4")) as server:
        sentence = fails(tmp_path, server_spec(server.url, patience_seconds=1.0, concurrency=1))
    [tries] = set(server.attempts().values())
    assert 2 <= tries < 6
    assert f"did not answer after {tries} tries (HTTP 503)" in sentence


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(401, f"Incorrect API key provided: {KEY}"), r"refuses the key \(HTTP 401\): set the environment"),
        (refusal(404, "The model `org/served` does not exist"), r"HTTP 404: .*does not exist.*server_model"),
        (Reply(b"", 308, {"Location": "https://elsewhere/v1"}), r"HTTP 308: .*correct base_url"),
        (refusal(400, f"bad header Bearer {KEY}"), r"bad header Bearer …"),
    ],
    ids=["401", "404", "redirect", "quotes the key"],
)
def test_refusals_name_the_setting_to_correct_and_never_the_key(reply, said, tmp_path, monkeypatch):
    monkeypatch.setenv("SERVED_KEY", KEY)
    with serving(lambda asked: reply) as server:
        sentence = fails(tmp_path, server_spec(server.url, api_key_env="SERVED_KEY"))
        assert max(server.attempts().values()) == 1
    assert re.search(said, sentence)
    assert KEY not in sentence


@pytest.mark.parametrize("url", ["localhost:8000/v1", "http://127.0.0.1:port/v1", "http:///v1", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_asked(url):
    with pytest.raises(HarnessError, match="is no http:// or https:// address: correct base_url of “served”"):
        load_model(server_spec(url))


def test_the_key_is_nowhere_but_in_the_header(tmp_path, monkeypatch, caplog):
    """Not in the run's files, the kept answers, the logs or the traceback of an error."""
    monkeypatch.setenv("SERVED_KEY", KEY)
    caplog.set_level(logging.DEBUG)

    def script(asked: Asked) -> Reply:
        return refusal(503, f"no room for {KEY}") if asked.attempt == 1 else right(asked)

    _, asked = run(tmp_path, script, api_key_env="SERVED_KEY")
    assert {one.headers["Authorization"] for one in asked} == {f"Bearer {KEY}"}
    with serving(lambda asked: refusal(400, KEY)) as server, contextlib.suppress(HarnessError):
        spec = server_spec(server.url, api_key_env="SERVED_KEY")
        try:
            evaluate(tmp_path, spec, folder=str(tmp_path / "again"), partial=str(tmp_path / "partial" / "again"))
        except HarnessError as error:
            said = "".join(traceback.format_exception(error))
            raise
    assert "refuses the request" in said
    assert KEY not in said
    assert KEY not in caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".json", ".zst", ".sqlite"}
    for path in files:
        content = path.read_bytes()
        if path.suffix == ".zst":
            content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
        assert KEY.encode() not in content
    assert "SERVED_KEY" not in json.dumps(read_run_folder(tmp_path / "runs/served/echo_digit/1").results)


def test_a_key_with_a_line_break_at_its_end_works(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVED_KEY", KEY + "\n")
    _, asked = run(tmp_path, right, api_key_env="SERVED_KEY")
    assert asked[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", [f"{KEY}\nX-Other: 1", f"“{KEY}”"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key, monkeypatch):
    monkeypatch.setenv("SERVED_KEY", key)
    with pytest.raises(HarnessError, match="environment variable SERVED_KEY holds") as caught:
        load_model(server_spec("http://127.0.0.1:1/v1", api_key_env="SERVED_KEY"))
    assert KEY not in str(caught.value)


def test_log_likelihood_tasks_are_refused_with_a_sentence(tmp_path):
    with serving(right) as server:
        sentence = fails(tmp_path, server_spec(server.url, thinking=False), task="pick_digit")
        assert server.asked == []
    assert "chat completions, which give no log-likelihoods" in sentence
