"""The next result that would move an estimate by ten points."""

from datetime import date

import pytest

from tests.simulated_worlds import evidence
from tests.test_rules_gap import END, known, rule, several
from tracker.rules.explain import POINTS, next_results


def test_one_more_pair_of_the_size_found_moves_the_estimate_by_ten_points() -> None:
    asked = rule(by="mean")
    there = known(*several(count=4, log_odds=0.02, log_odds_stderr=0.05))
    down, up = next_results(asked, there, END, seed=1) or pytest.fail("there is a verdict")
    for result in (down, up):
        if result.value is None:
            continue
        assert result.p_yes is not None
    assert down.change == -POINTS
    assert down.value is not None
    assert up.value is None or up.value > down.value


def test_the_estimate_with_the_next_result_in_it_has_moved() -> None:
    asked = rule(by="mean")
    gaps = several(count=4, log_odds=0.02, log_odds_stderr=0.05)
    there = known(*gaps)
    down, _ = next_results(asked, there, END, seed=1) or pytest.fail("there is a verdict")
    before = asked.predict(there, END, 1).probability
    assert down.value is not None
    assert before is not None
    more = several(count=5, log_odds=0.02, log_odds_stderr=0.05)[-1]
    more |= {"log_odds": down.value / asked.scale[1], "log_odds_stderr": 0.05}
    after = asked.predict(known(*gaps, more), END, 1).probability
    # The pair was not there a moment ago: it counts as one that arrived, so a little more is expected to come.
    assert after == pytest.approx(before - POINTS, abs=0.04)


def test_nothing_is_said_past_the_deadline_or_without_a_verdict() -> None:
    there = known(*several(count=4))
    assert next_results(rule(), there, there.as_of, seed=1) is None
    assert next_results(rule(), evidence(date(2025, 12, 31)), END, seed=1) is None
