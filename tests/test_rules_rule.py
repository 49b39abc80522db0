"""A rule read from data: what is wrong in it is said in one sentence that names the key and what is allowed."""

from datetime import date
from typing import Any

import pytest

from tests.simulated_worlds import evidence
from tracker.rules.crossover import CrossoverRule
from tracker.rules.dose import DoseRule
from tracker.rules.gap import GapRule
from tracker.rules.level import LevelRule
from tracker.rules.none import NoRule
from tracker.rules.rule import KINDS, RuleError, parse

COMMON = {"id": "votes", "name": "By votes", "why": "The question asks for it."}
GAP = COMMON | {
    "kind": "gap",
    "capability": "creative-writing",
    "grading": "voted",
    "unit": "rating",
    "relations": ["same-weights", "same-base"],
    "by": "interval",
    "fidelity": 0.6,
    "otherwise": 0.15,
    "deadline": date(2026, 12, 31),
}
LEVEL = COMMON | {"kind": "level", "benchmark": "b", "model_kind": "any", "score": 0.9}
CROSSOVER = COMMON | {"kind": "crossover", "benchmark": "b", "ahead": "reasoning"}
DOSE = COMMON | {"kind": "dose", "capability": "math", "grading": "verifiable", "by": "mean", "margin": 0.1}
NONE = {"kind": "none", "because": "It asks about sales."}


@pytest.mark.parametrize(
    ("table", "shape"),
    [(GAP, GapRule), (LEVEL, LevelRule), (CROSSOVER, CrossoverRule), (DOSE, DoseRule), (NONE, NoRule)],
)
def test_each_kind_is_read_and_reads_itself_again(table: dict[str, Any], shape: type) -> None:
    found = parse(table)
    assert type(found) is shape
    assert parse(found.model_dump()) == found
    for key, value in table.items():
        assert getattr(found, key) == (tuple(value) if isinstance(value, list) else value)
    assert found.words().endswith(".")


def test_every_kind_has_its_example() -> None:
    assert {table["kind"] for table in (GAP, LEVEL, CROSSOVER, DOSE, NONE)} == set(KINDS)


def test_a_rule_is_never_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(GAP).fidelity = 1.0


GAP_KEYS = (
    "id, name, fidelity, otherwise, deadline, why, by, method, arriving, kind, capability, grading, unit, relations,"
    " admissible, margin, margin_elo, share, share_of, admit, without_sources"
)


@pytest.mark.parametrize(
    ("table", "key", "sentence"),
    [
        ({}, "kind", "kind is missing, allowed is gap, level, crossover, dose or none."),
        ({"kind": "gaps"}, "kind", 'kind is "gaps", allowed is gap, level, crossover, dose or none.'),
        ({"kind": ["gap"]}, "kind", 'kind is ["gap"], allowed is gap, level, crossover, dose or none.'),
        (GAP | {"by": "median"}, "by", "by is \"median\", allowed is 'mean' or 'interval'."),
        (GAP | {"margins": 1}, "margins", f'"margins" is not a known key, allowed are {GAP_KEYS}.'),
        ({key: GAP[key] for key in GAP if key != "by"}, "by", "by is missing, allowed is mean or interval."),
        ({key: GAP[key] for key in GAP if key != "why"}, "why", "why is missing."),
        (GAP | {"fidelity": 1.2}, "fidelity", "fidelity is 1.2, allowed is a number of at most 1."),
        (GAP | {"otherwise": -0.1}, "otherwise", "otherwise is -0.1, allowed is a number of at least 0."),
        (GAP | {"margin": "0.1"}, "margin", 'margin is "0.1", allowed is a number.'),
        (GAP | {"margin": True}, "margin", "margin is true, allowed is a number."),
        (GAP | {"margin": float("nan")}, "margin", "margin is NaN, allowed is a number that is not infinite."),
        (
            GAP | {"deadline": "2026-12-31"},
            "deadline",
            'deadline is "2026-12-31", allowed is a date such as 2026-12-31.',
        ),
        (GAP | {"id": "By votes"}, "id", "id is \"By votes\", allowed is lower-case letters, digits and '-'."),
        (GAP | {"why": ""}, "why", 'why is "", allowed is text that is not empty.'),
        (GAP | {"name": "x" * 81}, "name", f'name is "{"x" * 59}…, allowed is text of at most 80 characters.'),
        (GAP | {"relations": []}, "relations", "relations is [], allowed is a list that is not empty."),
        (GAP | {"relations": "same-lab"}, "relations", 'relations is "same-lab", allowed is a list.'),
        (
            GAP | {"relations": ["twin"]},
            "relations",
            "relations is \"twin\", allowed is 'same-weights', 'same-base', 'same-family' or 'same-lab'.",
        ),
        (GAP | {"share": 0.0, "share_of": "coding"}, "share", "share is 0.0, allowed is a number above 0."),
        (GAP | {"share": 0.5}, "", "share and share_of go together: how much of which capability's gap."),
        (
            GAP | {"share": 0.5, "share_of": "creative-writing"},
            "",
            "share_of names the capability itself: name another one.",
        ),
        (
            GAP | {"share": 0.5, "share_of": "coding", "margin": 0.1},
            "",
            "a rule has a margin or a share of another gap, not both.",
        ),
        (
            GAP | {"margin_elo": 5.0, "margin": 0.1},
            "",
            "margin_elo stands in the place of margin, and only where unit is rating.",
        ),
        (
            GAP | {"admit": ["no-stderr"]},
            "admit",
            "admit holds no-stderr: allowed are dead-metric, harness-default, log-likelihood, truncated,"
            " unequal-settings.",
        ),
        (
            DOSE | {"admit": ["shared-fit"]},
            "admit",
            "admit holds shared-fit: allowed are dead-metric, harness-default, log-likelihood, truncated,"
            " unequal-settings.",
        ),
        (LEVEL | {"score": None}, "score", "score is null, allowed is a number."),
        (LEVEL | {"through": "alike"}, "through", "through is \"alike\", allowed is 'top' or 'frontier'."),
        (CROSSOVER | {"when": "ever"}, "when", "when is \"ever\", allowed is 'at-deadline' or 'by-deadline'."),
        ({"kind": "none"}, "because", "because is missing."),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, Any], key: str, sentence: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(table)
    assert (str(caught.value), caught.value.key) == (sentence, key)


def test_a_question_without_a_rule_says_why_and_gives_no_number() -> None:
    rule, there = parse(NONE), evidence(date(2026, 1, 1))
    verdict = rule.verdict(there)
    assert (verdict.word, verdict.missing) == ("too-little", "It asks about sales.")
    assert rule.predict(there, date(2026, 12, 31), 1).probability is None
    assert rule.words() == "No rule: It asks about sales."
    assert (list(rule.variants(there)), list(rule.pieces(there))) == ([], [])
