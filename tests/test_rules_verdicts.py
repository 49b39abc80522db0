"""What a verdict says: no two numbers that decide it read alike, and an earlier lead is not hidden by a later one."""

from datetime import date
from typing import Any

import pytest

from tests.test_rules_frontier import climbing, crossover, known, score
from tracker.rules.verdicts import sentence, stated

DAY = date(2026, 1, 1)


def pooled(**given: Any) -> dict[str, Any]:
    usual = {"by": "interval", "k": 14, "scale": "rating", "value": 3.6, "low": -6.8, "high": 14.0, "threshold": 0.0}
    return usual | given


@pytest.mark.parametrize(
    ("word", "numbers", "text"),
    [
        ("no", {"scale": "fraction", "value": 0.8996, "threshold": 0.9}, "X with 89.96 %; 90.00 % are needed."),
        ("no", {"scale": "fraction", "value": 0.896, "threshold": 0.9}, "X with 89.6 %; 90.0 % are needed."),
        ("no", {"scale": "rating", "value": 1343.9, "threshold": 1344.0}, "X with 1343.9 Elo; 1344.0 Elo are needed."),
        ("yes", {"scale": "fraction", "value": 0.9, "threshold": 0.9}, "X with 90 %; 90 % are needed."),
        ("no", {"scale": "fraction", "value": 0.42, "threshold": 0.9}, "X with 42 %; 90 % are needed."),
    ],
)
def test_the_best_and_what_is_needed_do_not_read_alike(word: str, numbers: dict[str, Any], text: str) -> None:
    assert stated(word, numbers | {"model": "X"}, DAY).endswith(f": the best so far is {text}")


def test_what_decides_a_pooled_rule_does_not_read_like_its_bar() -> None:
    assert stated("yes", pooled(low=0.03), DAY).endswith(
        "+3.60 Elo [0.03, 14.0] pooled over 14 pairs; the lower end must lie above 0."
    )
    close = stated("no", pooled(scale="log_odds", by="mean", value=0.1998, low=0.1, high=0.3, threshold=0.2), DAY)
    assert close.endswith(
        "1.2212× the odds [1.1052, 1.3499] pooled over 14 pairs; the mean must lie above 1.2214× the odds."
    )


def test_nothing_has_no_unit_and_a_bar_has() -> None:
    assert stated("no", pooled(), DAY).endswith("the lower end must lie above 0.")
    assert stated("no", pooled(threshold=5.0), DAY).endswith("the lower end must lie above 5.0 Elo.")
    assert stated("no", pooled(scale="log_odds"), DAY).endswith("the lower end must lie above 1.00× the odds.")


def test_too_little_evidence_is_said_once() -> None:
    assert stated("too-little", {"missing": "No model."}, DAY) == "Too little evidence up to 1 Jan 2026: no model."


def test_a_lead_that_is_lost_is_said_to_have_stood() -> None:
    rows = [*climbing("reasoning"), *climbing("conventional", start=1295.0), score("late", "conventional", 0, 1400.0)]
    once, now = crossover(when="by-deadline"), crossover()
    behind = "Late is ahead of Reasoning-9 by 56 Elo."
    assert sentence(once.verdict(known(*rows)), DAY) == (
        "It holds on the evidence up to 1 Jan 2026: by the dates of release the lead asked for stood once, which is"
        f" enough; by now {behind}"
    )
    assert sentence(now.verdict(known(*rows)), DAY) == f"It does not hold on the evidence up to 1 Jan 2026: {behind}"


def test_two_that_are_level_lead_by_nothing() -> None:
    even = known(score("a", "reasoning", 9, 1300.0), score("b", "conventional", 9, 1300.0))
    assert sentence(crossover().verdict(even), DAY).endswith(": A and B are level.")
