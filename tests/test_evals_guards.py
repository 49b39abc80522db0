"""Every flag is raised by its case and not by the near miss beside it."""

from dataclasses import replace
from typing import Any

import pytest

from tracker.evals.guards import (
    Comparison,
    Reading,
    Side,
    dead_metrics,
    filters_disagree,
    flags,
    truncated_share,
    unequal_settings,
)
from tracker.stats.flags import BLOCKING, FLAGS
from tracker.stats.gaps import Score, unpaired_gap

SETTINGS: dict[str, Any] = {
    "backend": "hf",
    "chat_template_args": {"enable_thinking": True},
    "system_prompt": None,
    "thinking": True,
    "think_end": "</think>",
    "max_output_tokens": 4096,
    "stop": [],
    "generation": {"temperature": 0.6, "top_p": 0.95},
    "dtype": "auto",
    "max_length": None,
    "apply_chat_template": True,
    "fewshot": None,
    "limit": None,
    "harness_default_limit": False,
}
THINKING_OFF: dict[str, Any] = SETTINGS | {
    "chat_template_args": {"enable_thinking": False},
    "thinking": False,
    "max_output_tokens": 512,
    "stop": ["Question:"],
    "generation": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
}
REASONING = Side(0.8, 0.02, 400, SETTINGS, "1.0", "aa", 0.0, (Reading("exact_match", "strict", 0.8),), "a paper")
CONVENTIONAL = Side(0.6, 0.02, 400, THINKING_OFF, "1.0", "aa", 0.0, (Reading("exact_match", "strict", 0.6),), "a paper")
COMPARISON = Comparison(
    metric="exact_match",
    filter="strict",
    unit="fraction",
    stderr=0.02,
    log_odds=0.98,
    chance=0.25,
    grading="verifiable",
)


def raised(
    reasoning: dict[str, Any] | None = None, conventional: dict[str, Any] | None = None, **changes: Any
) -> tuple:
    """The flags of a sound same-weights comparison with these changes to its sides and to what they share."""
    dead = changes.pop("dead", frozenset())
    return flags(
        replace(REASONING, **(reasoning or {})),
        replace(CONVENTIONAL, **(conventional or {})),
        replace(COMPARISON, **changes),
        dead=dead,
    )


def test_a_sound_comparison_of_two_modes_raises_nothing() -> None:
    assert raised() == ()
    assert raised(shared=400) == ()


def test_every_flag_says_something_and_five_block() -> None:
    assert {"truncated", "dead-metric", "unequal-settings", "log-likelihood", "harness-default"} == BLOCKING
    assert set(FLAGS) - BLOCKING == {
        "filters-disagree",
        "below-chance",
        "implausible-drop",
        "shared-fit",
        "inferred-twin",
        "no-stderr",
    }
    for name, flag in FLAGS.items():
        assert flag.name == name
        assert flag.sentence[0].isupper()
        assert flag.sentence.endswith(".")


@pytest.mark.parametrize("side", ["reasoning", "conventional"])
def test_truncated(side: str) -> None:
    assert raised(**{side: {"truncated": 9 / 400}}) == ("truncated",)
    assert raised(**{side: {"truncated": 8 / 400}}) == ()
    assert raised(**{side: {"truncated": None}}) == ()


def test_share_of_outputs_cut_off_needs_both_counts() -> None:
    assert truncated_share(9, 400) == 9 / 400
    assert truncated_share(0, 400) == 0.0
    assert truncated_share(None, 400) is None
    assert truncated_share(3, None) is None
    assert truncated_share(3, 0) is None


def test_dead_metric() -> None:
    """minerva_math500 in lm-eval 0.4.12: exact_match is 0 for every model, math_verify is not."""
    values = (0.64, 0.695, 0.7)
    runs = [[Reading("exact_match", "none", 0.0), Reading("math_verify", "none", value)] for value in values]
    assert dead_metrics(runs) == {("exact_match", "none")}
    assert raised(metric="exact_match", filter="none", dead=dead_metrics(runs)) == ("dead-metric",)
    assert raised(metric="math_verify", filter="none", dead=dead_metrics(runs)) == ()


def test_one_model_off_the_floor_brings_a_metric_back() -> None:
    runs = [[Reading("exact_match", "none", value), Reading("math_verify", "none", 0.7)] for value in (0.0, 0.0, 0.01)]
    assert dead_metrics(runs) == frozenset()


def test_from_nothing_to_everything_is_not_dead() -> None:
    runs = [[Reading("exact_match", "none", value), Reading("math_verify", "none", 0.7)] for value in (0.0, 1.0)]
    assert dead_metrics(runs) == frozenset()


def test_a_task_that_all_solve_by_every_measure_is_easy_and_not_dead() -> None:
    assert dead_metrics([[Reading("exact_match", "strict", 1.0), Reading("exact_match", "flexible", 1.0)]] * 2) == set()
    assert dead_metrics([[Reading("exact_match", "strict", 1.0)]] * 2) == frozenset()
    one_filter = [Reading("exact_match", "strict", 1.0), Reading("exact_match", "flexible", 0.9)]
    assert dead_metrics([one_filter] * 2) == {("exact_match", "strict")}


def test_filters_disagree() -> None:
    def readings(flexible: float, metric: str = "exact_match") -> dict[str, Any]:
        return {"readings": (Reading("exact_match", "strict", 0.6), Reading(metric, "flexible", flexible))}

    assert raised(conventional=readings(0.66)) == ("filters-disagree",)
    assert raised(reasoning=readings(0.54)) == ("filters-disagree",)
    assert raised(conventional=readings(0.65)) == ()
    assert raised(conventional=readings(0.9, metric="another metric")) == ()
    assert not filters_disagree((), "exact_match")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limit", 250),
        ("fewshot", 5),
        ("fewshot", 0),
        ("apply_chat_template", False),
        ("system_prompt", "You are a careful assistant."),
        ("generation", {"temperature": 0.6, "num_beams": 4}),
        ("chat_template_args", {"enable_thinking": False, "tools": "on"}),
    ],
)
def test_settings_other_than_thinking_must_be_equal(key: str, value: object) -> None:
    assert raised(conventional={"settings": THINKING_OFF | {key: value}}) == ("unequal-settings",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generation", {}),
        ("generation", {"do_sample": False, "temperature": 0, "max_gen_toks": 256, "until": ["\n"]}),
        ("chat_template_args", {}),
        ("chat_template_args", {"reasoning_effort": "low"}),
        ("max_output_tokens", None),
        ("stop", ["\n\n"]),
        ("system_prompt", ""),
        ("dtype", "float16"),
        ("backend", "server"),
        ("max_length", 8192),
    ],
)
def test_thinking_itself_and_the_machine_may_differ(key: str, value: object) -> None:
    assert raised(conventional={"settings": THINKING_OFF | {key: value}}) == ()


def test_documents_and_versions_must_be_equal() -> None:
    assert raised(conventional={"n": 250}) == ("unequal-settings",)
    assert raised(conventional={"n": None}) == ()
    assert raised(shared=399) == ("unequal-settings",)
    assert raised(conventional={"task_version": "2.0"}) == ("unequal-settings",)
    assert raised(conventional={"task_version": "1"}) == ()
    assert raised(conventional={"task_version": None}) == ()
    assert unequal_settings(REASONING, replace(CONVENTIONAL, n=250, task_version="2")) == ("documents", "task_version")


def test_the_task_hash_counts_only_where_no_template_changes_the_prompt() -> None:
    """lm-eval hashes the rendered prompts: with a chat template, two modes never share a hash."""
    assert raised(conventional={"task_hash": "bb"}) == ()
    plain = SETTINGS | {"apply_chat_template": False}
    assert raised({"settings": plain}, {"settings": plain, "task_hash": "bb"}) == ("unequal-settings",)
    assert raised({"settings": {}}, {"settings": {}, "task_hash": "bb"}) == ("unequal-settings",)
    assert raised({"settings": {}}, {"settings": {}, "task_hash": None}) == ()


def test_settings_nobody_recorded_are_not_different() -> None:
    assert raised(conventional={"settings": {}}) == ()
    assert raised({"settings": {"limit": None}}, {"settings": {"fewshot": 5}}) == ()


def test_log_likelihood() -> None:
    assert raised(log_likelihood=True) == ("log-likelihood",)


def test_below_chance() -> None:
    """Chance .25, stderr .02: 1.96 standard errors reach down to .2108."""
    assert raised(conventional={"value": 0.21}) == ("below-chance",)
    assert raised(conventional={"value": 0.211}) == ()
    assert raised(conventional={"value": 0.21}, chance=None) == ()
    assert raised(reasoning={"value": 0.21}) == ("below-chance",)


def test_below_chance_without_a_stderr_goes_by_the_count() -> None:
    assert raised(conventional={"value": 0.2, "stderr": None}) == ("below-chance",)
    assert raised(conventional={"value": 0.22, "stderr": None}) == ()
    assert raised(conventional={"value": 0.2, "stderr": None, "n": None}) == ()
    few = {"value": 0.0, "stderr": 0.0, "n": 1}
    assert raised({"n": 1}, few) == ()
    assert raised(conventional=few | {"n": 400}) == ("below-chance",)


def test_harness_default_is_about_the_reasoning_side() -> None:
    assert raised(reasoning={"settings": SETTINGS | {"harness_default_limit": True}}) == ("harness-default",)
    assert raised(conventional={"settings": THINKING_OFF | {"harness_default_limit": True}}) == ()


def test_a_task_without_outputs_has_no_limit_to_be_too_short() -> None:
    limited = {"settings": SETTINGS | {"harness_default_limit": True}}
    assert raised(reasoning=limited, log_likelihood=True) == ("log-likelihood",)


def test_implausible_drop() -> None:
    assert raised(log_odds=-1.01) == ("implausible-drop",)
    assert raised(log_odds=-1.0) == ()
    assert raised(log_odds=2.0) == ()
    assert raised(log_odds=None) == ()
    assert raised(log_odds=-1.01, grading="proxy") == ()


def test_open_llm_leaderboard_qwq_is_caught() -> None:
    """QwQ-32B on IFEval, .3977 against .8346 for its conventional twin, in published_pairs.csv."""
    gap = unpaired_gap(Score(0.3977, None, 541), Score(0.8346, None, 541), unit="fraction")
    assert gap.log_odds < -2
    assert "implausible-drop" in raised(log_odds=gap.log_odds)


def test_shared_fit() -> None:
    rating = {"unit": "rating", "chance": None, "grading": "voted"}
    assert raised(**rating) == ("shared-fit",)
    assert raised({"source": None}, **rating) == ("shared-fit",)
    assert raised({"source": "another arena"}, **rating) == ()
    assert raised(unit="points", chance=None, grading="judged") == ()
    assert raised(unit="rating", chance=None, grading="verifiable") == ()


def test_inferred_twin_and_no_stderr() -> None:
    assert raised(inferred=True) == ("inferred-twin",)
    assert raised(stderr=None) == ("no-stderr",)
    assert raised(stderr=0.0) == ()


def test_flags_come_sorted_and_together() -> None:
    found = raised({"truncated": 0.5}, log_likelihood=True, inferred=True, stderr=None)
    assert found == ("inferred-twin", "log-likelihood", "no-stderr", "truncated")
