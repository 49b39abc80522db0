"""The harness against a real server over HTTP: what it asks, and what it keeps of the answers."""

import re

import pytest

from tests.chat_server import Asked, Reply, completion
from tests.server_setup import digit, outputs, right, run, score
from tracker.evals.results import Headline, parse_run

pytestmark = pytest.mark.filterwarnings("default")
KEY = "sk-Zq81-never-shown"


THOUGHT = {
    "reasoning_content": lambda asked: completion(digit(asked), reasoning_content="let me see"),
    "reasoning": lambda asked: completion(digit(asked), reasoning="let me see"),
    "both, one null": lambda asked: completion(digit(asked), reasoning_content=None, reasoning="let me see"),
    "blank lines after it": lambda asked: completion(f"\n\n{digit(asked)}", reasoning_content="let me see"),
    "inline": lambda asked: completion(f"<think>let me see</think>\n\n{digit(asked)}"),
    "inline, opened by the prompt": lambda asked: completion(f"let me see</think>\n\n{digit(asked)}"),
}


@pytest.mark.parametrize("form", THOUGHT)
def test_thinking_usage_and_finish_reason_are_kept_and_the_answer_is_scored(form, tmp_path):
    kept, asked = run(tmp_path, THOUGHT[form])
    assert len(asked) == 40
    assert score(kept) == 1.0
    for output in outputs(kept):
        assert output["thinking"] == "let me see"
        assert "let me see</think>" in output["raw"]
        assert re.fullmatch(r"\d", output["answer"])
        assert (output["output_tokens"], output["finish_reason"]) == (5, "stop")
        assert output["seconds"] > 0
    about = kept.results["tracker"]
    assert (about["output_tokens"], about["truncated"], about["resumed"]) == (200, 0, 0)
    rows = parse_run(kept, [Headline("echo", "exact_match", "answer")], "runs/x")
    assert (rows.run.output_tokens, rows.run.truncated) == (200, 0)
    assert {(row.score, row.output_tokens, row.truncated) for row in rows.samples} == {(1.0, 5, False)}


def test_a_server_without_usage_leaves_the_token_count_unknown(tmp_path):
    kept, _ = run(tmp_path, lambda asked: completion(digit(asked), tokens=None))
    assert score(kept) == 1.0
    assert kept.results["tracker"]["output_tokens"] is None
    rows = parse_run(kept, [Headline("echo", "exact_match", "answer")], "runs/x")
    assert rows.run.output_tokens is None
    assert {row.output_tokens for row in rows.samples} == {None}


CUT_OFF = {
    "reasoning_content": lambda asked: completion(None, finish="length", reasoning_content=f"so {digit(asked)}"),
    "reasoning": lambda asked: completion("", finish="length", reasoning=digit(asked)),
    "inline": lambda asked: completion(f"<think>{digit(asked)}", finish="length"),
    "inline, opened by the prompt": lambda asked: completion(digit(asked), finish="length"),
    "thinking again": lambda asked: completion(f"<think>x</think>\n<think>{digit(asked)}", finish="length"),
}


@pytest.mark.parametrize("form", CUT_OFF)
def test_a_limit_hit_while_thinking_scores_nothing_and_is_counted(form, tmp_path):
    """Each trace holds the right digit: it is no answer."""
    kept, _ = run(tmp_path, CUT_OFF[form])
    assert score(kept) == 0.0
    assert kept.results["tracker"]["truncated"] == 40
    for row in kept.samples["echo_digit"]:
        [output] = row["outputs"]
        assert row["resps"] == [[""]]
        assert re.search(r"\d", output["thinking"])
        assert output["answer"] == ""


def test_an_answer_cut_off_after_the_thinking_is_an_answer_and_is_counted(tmp_path):
    def script(asked: Asked) -> Reply:
        finish = "length" if asked.question.endswith("a") else "stop"
        return completion(digit(asked), finish=finish, reasoning_content="hm")

    kept, _ = run(tmp_path, script)
    assert score(kept) == 1.0
    assert kept.results["tracker"]["truncated"] == 10


def test_what_is_sent_while_thinking(tmp_path, monkeypatch):
    monkeypatch.setenv("SERVED_KEY", KEY)
    arguments = {"reasoning_effort": "high", "enable_thinking": True}
    settings = {"chat_template_args": arguments, "system_prompt": "Be brief.", "max_output_tokens": 300}
    _, asked = run(tmp_path, right, api_key_env="SERVED_KEY", settings=settings)
    for one in asked:
        assert one.path == "/v1/chat/completions"
        assert one.headers["Authorization"] == f"Bearer {KEY}"
        assert [message["role"] for message in one.body["messages"]] == ["system", "user"]
        assert {key: value for key, value in one.body.items() if key != "messages"} == {
            "model": "org/served",
            "max_tokens": 300,
            "temperature": 0.0,
            "reasoning_effort": "high",
            "chat_template_kwargs": {"enable_thinking": True},
        }


def test_at_most_four_stop_strings_are_sent_and_all_of_them_cut(tmp_path):
    stops = ["\n", "Question:", "</s>", "<|im_end|>", "!", "zz"]
    kept, asked = run(
        tmp_path,
        lambda asked: completion(f"{digit(asked)}! certainly"),
        thinking=False,
        settings={"generation": {"until": stops}, "chat_template_args": {"enable_thinking": False}},
    )
    assert score(kept) == 1.0
    for one in asked:
        assert one.body["stop"] == stops[:4]
        assert one.body["chat_template_kwargs"] == {"enable_thinking": False}
        assert one.body["max_tokens"] == 24
        assert "Authorization" not in one.headers
    assert {output["raw"][1:] for output in outputs(kept)} == {"! certainly"}


def test_sampling_is_seeded_by_the_question_and_not_by_the_order(tmp_path):
    sampling = {"generation": {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20}}
    _, first = run(tmp_path / "first", right, settings=sampling)
    _, second = run(tmp_path / "second", right, settings=sampling, concurrency=1)
    seeds = {one.question: one.body["seed"] for one in first}
    assert len(set(seeds.values())) == 40
    assert seeds == {one.question: one.body["seed"] for one in second}
    for one in first:
        assert {key: one.body[key] for key in ("temperature", "top_p", "top_k")} == {
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 20,
        }


def test_half_a_surrogate_pair_in_an_answer_is_kept(tmp_path):
    kept, _ = run(tmp_path, lambda asked: completion(digit(asked) + "\ud83d", reasoning_content="\udc00"))
    assert score(kept) == 0.0
    assert {output["answer"][1:] for output in outputs(kept)} == {"\ud83d"}
    assert {output["thinking"] for output in outputs(kept)} == {"\udc00"}
