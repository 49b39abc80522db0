"""The next result that would move an estimate by ten points."""

from datetime import date

import numpy as np
import pytest

from tests.evidence_frames import gap
from tests.simulated_worlds import evidence
from tests.test_rules_gap import END, known, rule, several
from tests.test_rules_join_findings import row
from tracker.rules.arrivals import simulate
from tracker.rules.estimate_findings import next_sentence
from tracker.rules.explain import FARTHEST, POINTS, next_results
from tracker.rules.pooled import Units

SPREAD = (0.09, -0.06, 0.05, 0.02, -0.03, 0.08, -0.01, 0.04)


def pairs(*log_odds: float) -> list[dict[str, object]]:
    return [gap("math", place, log_odds=value, log_odds_stderr=0.03) for place, value in enumerate(log_odds)]


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
    assert down.value is not None
    more = several(count=5, log_odds=0.02, log_odds_stderr=0.05)[-1]
    more |= {"log_odds": down.value / asked.scale[1], "log_odds_stderr": 0.05}
    # As many are expected to come as before; the pair itself would count as one that came.
    expected = asked.expected(there, END)

    def chance(units: Units) -> float:
        draws, rng = 20_000, np.random.default_rng(1)
        found = simulate(units.values, units.stderrs, expected=expected, draws=draws, rng=rng)
        return float((found.mean > asked.least).mean())

    before, after = chance(asked.units(there)), chance(asked.units(known(*gaps, more)))
    assert after == pytest.approx(before - POINTS, abs=0.04)


def test_a_pair_so_far_out_that_it_widens_the_interval_raises_nothing() -> None:
    asked = rule()
    there = known(*pairs(*SPREAD))
    down, up = next_results(asked, there, END, seed=1) or pytest.fail("there is a verdict")
    assert down.until is None
    assert up.value is not None
    assert up.until is not None
    elo = asked.scale[1]
    assert up.value < up.until < FARTHEST * elo

    def chance(elo_gap: float | None = None) -> float:
        more = [] if elo_gap is None else [elo_gap / elo]
        return asked.predict(known(*pairs(*SPREAD, *more)), END, 1).probability or 0.0

    assert chance((up.value + up.until) / 2) - chance() > POINTS
    assert chance(FARTHEST * elo) < chance(up.until)
    assert chance(FARTHEST * elo) - chance() < POINTS


def test_what_is_said_of_the_next_result_names_the_sizes_for_which_it_holds() -> None:
    def coming(value: float | None, until: float | None, change: float) -> dict[str, float | None]:
        return {"change": change, "value": value, "until": until, "p_yes": 0.3, "stderr": 9.9}

    def told(*results: dict[str, float | None]) -> str:
        return next_sentence(row(statistic={"next": list(results)}))

    span = told(coming(-29.0, None, -0.1), coming(34.0, 281.0, 0.1))
    assert "lower it by ten points with a gap of −29 Elo or less" in span
    assert "raise it by ten points with a gap between +34 and +281 Elo" in span
    assert "lower it by ten points with a gap between −50 and −12 Elo" in told(
        coming(-12.0, -50.0, -0.1), coming(None, None, 0.1)
    )
    never = told(coming(None, None, -0.1), coming(None, None, 0.1))
    assert never.count("no result within reach") == 2
    older = [{"change": change, "value": None, "p_yes": None, "stderr": 9.9} for change in (-0.1, 0.1)]
    assert told(*older) == ""


def test_nothing_is_said_past_the_deadline_or_without_a_verdict() -> None:
    there = known(*several(count=4))
    assert next_results(rule(), there, there.as_of, seed=1) is None
    assert next_results(rule(), evidence(date(2025, 12, 31)), END, seed=1) is None
