"""Which catalogue entry a foreign file's model is: as a person has said, never by what a name looks like."""

import pytest
from pydantic import ValidationError

from tests.lm_eval_files import entry
from tracker.catalog.mentions import Mention, find, mention

THINKING = entry(
    "qwen3-8b-thinking",
    "reasoning",
    weights="Qwen/Qwen3-8B",
    chat_template_args={"enable_thinking": True},
    max_output_tokens=32768,
)
OFF = entry("qwen3-8b-off", weights="Qwen/Qwen3-8B", chat_template_args={"enable_thinking": False})


def test_the_mode_is_part_of_a_model() -> None:
    assert find(mention("Qwen/Qwen3-8B", args={"enable_thinking": False}), [THINKING, OFF]) is OFF
    assert find(mention("Qwen/Qwen3-8B", args={"enable_thinking": "True"}), [THINKING, OFF]) is None
    assert find(mention("Qwen/Qwen3-8B", args={"enable_thinking": True}), [THINKING, OFF]) is THINKING


def test_a_model_whose_mode_the_file_does_not_say_is_neither() -> None:
    assert find(mention("Qwen/Qwen3-8B"), [THINKING, OFF]) is None


@pytest.mark.parametrize(
    "other",
    [
        mention("Qwen/Qwen3-8B", "refs/pr/1", {"enable_thinking": False}),
        mention("Qwen/Qwen3-8B", args={"enable_thinking": False, "steer_path": "x.pt"}),
        mention("qwen3-8b", args={"enable_thinking": False}),
        mention("./Qwen/Qwen3-8B", args={"enable_thinking": False}),
        mention("qwen3-8b-off"),
    ],
)
def test_a_name_that_only_looks_alike_is_another_model(other: Mention) -> None:
    assert find(other, [THINKING, OFF]) is None


def test_a_system_prompt_is_part_of_the_mode_and_a_file_of_weights_alone_does_not_show_it() -> None:
    prompted = entry("prompted", weights="made-up/Prompted", thinking_prompt="detailed thinking off")
    assert find(mention("made-up/Prompted"), [prompted]) is None


def test_an_alias_names_a_model_whatever_else_was_asked_of_the_loader() -> None:
    named = entry("mine", aliases=["./output/mine-merged"])
    assert find(mention("./output/mine-merged", args={"quantization": "bitsandbytes"}), [named]) is named
    assert find(mention("/elsewhere/mine-merged"), [named]) is None


def test_an_alias_does_not_reach_over_a_thinking_switch_or_a_revision() -> None:
    named = entry("mine", aliases=["made-up/Mine"])
    assert find(mention("made-up/Mine", args={"enable_thinking": True}), [named]) is None
    assert find(mention("made-up/Mine", "step1000"), [named]) is None
    step = entry("step", aliases=["made-up/Mine@step1000", "made-up/Mine enable_thinking=true"])
    assert find(mention("made-up/Mine", "step1000"), [named, step]) is step
    assert find(mention("made-up/Mine", args={"enable_thinking": True}), [named, step]) is step


def test_the_alias_that_says_most_is_meant_and_two_that_say_as_much_mean_none() -> None:
    bare = entry("bare", aliases=["made-up/Mine"])
    small = entry("small", aliases=["made-up/Mine quantization=int4"])
    quantized = mention("made-up/Mine", args={"quantization": "int4"})
    assert find(quantized, [bare, small]) is small
    assert find(mention("made-up/Mine"), [bare, small]) is bare
    assert find(quantized, [bare, entry("other", aliases=["made-up/Mine"])]) is None


@pytest.mark.parametrize(
    "found",
    [
        mention("a path/with spaces@home/model x=y", "v 1", {"steer": "a b=c", "n": None}),
        mention("made-up/Tiny", "step1000", {"peft": "x"}),
        mention("file:0123456789abcdef"),
    ],
)
def test_the_text_of_a_mention_pasted_as_an_alias_means_that_mention(found: Mention) -> None:
    assert find(found, [entry("pasted", aliases=[found.text])]) is not None


def test_a_hint_is_enough_only_where_one_model_has_those_weights() -> None:
    found = Mention("file:0123456789abcdef", hint="Qwen/Qwen3-8B")
    assert find(found, [OFF]) is OFF
    assert find(found, [THINKING, OFF]) is None


def test_ids_of_unknown_models_are_never_those_of_entries_and_differ_where_mentions_do() -> None:
    mentions = [
        mention("made-up/Tiny"),
        mention("made-up/Tiny", "step1"),
        mention("made-up/Tiny", args={"enable_thinking": True}),
        mention("/home/a/checkpoint-500"),
        mention("/home/b/checkpoint-500"),
        mention("checkpoint-500"),
        mention("漢字"),
    ]
    ids = [found.model_id for found in mentions]
    assert len(set(ids)) == len(ids)
    for identity in ids:
        with pytest.raises(ValidationError):
            entry(identity, weights="made-up/Tiny")


def test_a_path_is_shortened_for_the_reader_and_kept_in_the_text() -> None:
    found = mention("/scratch/someone/outputs/tiny-sft/", args={"steer_path": "/home/x/y.pt"})
    assert found.label == "tiny-sft steer_path=y.pt"
    assert found.text == "/scratch/someone/outputs/tiny-sft/ steer_path=/home/x/y.pt"


def test_an_entry_known_from_files_alone_needs_no_weights_and_no_output_limit() -> None:
    assert entry("mine", "reasoning", aliases=["./output/mine"]).weights is None
    for given in ({"aliases": []}, {"aliases": ["./output/mine"], "suites": ["core"]}):
        with pytest.raises(ValidationError):
            entry("mine", "reasoning", **given)


def test_aliases_are_checked_like_any_other_key() -> None:
    for wrong in (["twice", "twice"], [""], [1], "text"):
        with pytest.raises(ValidationError):
            entry("mine", aliases=wrong)
