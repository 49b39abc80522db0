"""The rule about more thinking: the slope of one set of weights, pooled over several."""

import math
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from tests.simulated_worlds import evidence
from tracker.evals import guards
from tracker.rules.dose import DoseRule
from tracker.rules.evidence import Evidence
from tracker.stats.doses import MOST_TRUNCATED, slopes

DAY = date(2025, 12, 31)
END = date(2026, 12, 31)
SEEN = datetime(2025, 6, 1, tzinfo=UTC)


def rule(**given: object) -> DoseRule:
    usual = {
        "kind": "dose",
        "id": "more",
        "name": "More thinking",
        "why": "The question asks for it.",
        "capability": "math",
        "grading": "verifiable",
        "by": "interval",
    }
    return DoseRule.model_validate(usual | given)


def dose(weights: str, tokens: float, odds: float, n: int = 400, **given: object) -> dict[str, object]:
    """A score whose log-odds are given, with its binomial error."""
    share = 1 / (1 + math.exp(-odds))
    usual = {
        "weights": weights,
        "model_id": f"{weights}-{tokens:g}",
        "benchmark_id": "b",
        "capability": "math",
        "grading": "verifiable",
        "unit": "fraction",
        "tokens": tokens,
        "value": share,
        "stderr": math.sqrt(share * (1 - share) / n),
        "n": n,
        "finished_at": SEEN,
        "first_on": SEEN.date(),
    }
    return usual | given


def line(weights: str, slope: float, *, doses: int = 3, **given: object) -> list[dict[str, object]]:
    return [dose(weights, 1000.0 * 2**place, -0.3 + slope * place, **given) for place in range(doses)]


def several(count: int = 5, centre: float = 0.3, **given: object) -> list[dict[str, object]]:
    return [row for place in range(count) for row in line(f"w{place}", centre + 0.05 * (place - count // 2), **given)]


def known(*rows: dict[str, object]) -> Evidence:
    return evidence(DAY, doses=list(rows))


def found(*rows: dict[str, object], **given: object) -> pl.DataFrame:
    return slopes(known(*rows).doses, **given)


def test_scores_on_a_line_give_its_slope_per_doubling() -> None:
    row = found(*line("w", 0.25, doses=4)).row(0, named=True)
    assert row["value"] == pytest.approx(0.25)
    assert (row["weights"], row["benchmarks"], row["least_tokens"], row["most_tokens"]) == ("w", 1, 1000.0, 8000.0)


def test_slope_and_error_are_those_of_weighted_least_squares() -> None:
    odds, counts = [-0.5, 0.4, 0.1, 0.9], [100, 400, 200, 1000]
    rows = [dose("w", 1000.0 * 3**place, odd, n) for place, (odd, n) in enumerate(zip(odds, counts, strict=True))]
    row = found(*rows).row(0, named=True)
    x, y = np.log2([one["tokens"] for one in rows]), np.array(odds)
    errors = np.array([one["stderr"] / (one["value"] * (1 - one["value"])) for one in rows])
    (slope, height), covariance = np.polyfit(x, y, 1, w=1 / errors, cov="unscaled")
    scatter = (((y - height - slope * x) / errors) ** 2).sum() / 2
    assert scatter > 1
    assert row["value"] == pytest.approx(slope)
    assert row["stderr"] == pytest.approx(math.sqrt(covariance[0, 0] * scatter))


def test_two_doses_are_a_gap_per_doubling() -> None:
    few, many = dose("w", 500.0, 0.1), dose("w", 4000.0, 0.7)
    row = found(few, many).row(0, named=True)
    errors = [one["stderr"] / (one["value"] * (1 - one["value"])) for one in (few, many)]
    assert row["value"] == pytest.approx(0.6 / 3)
    assert row["stderr"] == pytest.approx(math.hypot(*errors) / 3)


def test_benchmarks_of_one_set_of_weights_are_one_unit() -> None:
    rows = [*line("w", 0.2), *line("w", 0.4, n=1600, benchmark_id="other")]
    row = found(*rows).row(0, named=True)
    assert row["benchmarks"] == 2
    assert row["value"] == pytest.approx((0.2 + 4 * 0.4) / 5, abs=0.01)
    counted_again = [one | {"overlaps": "b"} for one in line("w", 0.4, benchmark_id="again")]
    assert found(*line("w", 0.2), *counted_again).row(0, named=True)["value"] == pytest.approx(0.2)


def test_what_says_nothing_of_thinking_longer_is_left_out() -> None:
    assert found(*line("w", 0.3, doses=1)).is_empty()
    assert found(dose("w", 1000.0, 0.1), dose("w", 1000.0, 0.5, model_id="again")).is_empty()
    assert found(*(row | {"tokens": None} for row in line("w", 0.3))).is_empty()
    assert found(*(row | {"stderr": None, "n": None} for row in line("w", 0.3))).is_empty()
    assert found(*line("w", 0.3, unit="points")).is_empty()
    assert found(*(row | {"weights": None} for row in line("w", 0.3))).is_empty()


def test_answers_cut_short_and_flagged_scores_stay_out_unless_they_are_let_in() -> None:
    assert MOST_TRUNCATED == guards.MOST_TRUNCATED
    cut = line("w", 0.3, truncated=0.021)
    assert found(*cut).is_empty()
    assert found(*cut, admit=["truncated"]).height == 1
    assert found(*line("w", 0.3, truncated=0.02)).height == 1
    assert found(*line("w", 0.3, flags=["dead-metric"])).is_empty()
    assert found(*line("w", 0.3, flags=["unequal-settings", "below-chance"])).height == 1


def test_the_first_day_is_that_of_the_second_dose() -> None:
    days = [date(2025, 1, 1), date(2025, 3, 1), date(2025, 2, 1)]
    rows = [row | {"first_on": day} for row, day in zip(line("w", 0.3), days, strict=True)]
    assert found(*rows).row(0, named=True)["first_on"] == date(2025, 2, 1)


def test_ratings_are_slopes_in_log_odds_too() -> None:
    rows = [
        dose("w", 1000.0 * 2**place, 0.0) | {"unit": "rating", "value": 1300.0 + 40 * place, "stderr": 5.0, "n": None}
        for place in range(3)
    ]
    assert found(*rows).row(0, named=True)["value"] == pytest.approx(40 * math.log(10) / 400)


def test_verdict_and_probability() -> None:
    there = known(*several())
    verdict = rule().verdict(there)
    assert (verdict.holds, verdict.k, verdict.scale) == (True, 5, "log_odds")
    assert verdict.value == pytest.approx(0.3, abs=0.01)
    chances = [rule(margin=margin).predict(there, END, 1).probability for margin in (0.0, 0.2, 0.28, 0.6)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.95
    assert 0.02 < chances[2] < 0.98
    assert chances[3] < 0.05
    assert rule().predict(there, DAY, 1).probability > 0.9
    assert rule(margin=0.28).predict(there, END, 1) == rule(margin=0.28).predict(known(*reversed(several())), END, 1)


def test_too_little_evidence_is_said() -> None:
    verdict = rule().verdict(known(*several(count=1)))
    assert verdict.missing == ("1 set of weights has scores at several amounts of thinking in math; 3 are needed.")
    assert rule().verdict(known()).missing == (
        "0 sets of weights have scores at several amounts of thinking in math; 3 are needed."
    )
    assert rule().predict(known(), END, 1).probability is None


def test_variants_and_pieces() -> None:
    rows = [
        *several(),
        *(row | {"source": "Another", "model_id": f"a{row['model_id']}"} for row in several()),
        *line("cut", 0.3, truncated=0.5),
    ]
    there = known(*rows)
    names = dict(rule().variants(there))
    assert list(names) == [
        "without Another",
        "without Simulated",
        "spread after DerSimonian and Laird",
        "new measurements at the rate of the last 24 months",
        "with flagged scores",
    ]
    assert names["with flagged scores"].verdict(there).k == 6
    pieces = rule().pieces(there)
    assert [piece.name for piece in pieces] == ["w0", "w1", "w2", "w3", "w4"]
    assert rule().verdict(rule().without(there, pieces[0])).k == 4


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"by": "mean"},
            "In math, where answers are checked, the odds of a right answer rise with each doubling of the tokens that"
            " the same weights write, on average over weights.",
        ),
        (
            {"margin": 0.1, "capability": "creative-writing", "grading": "voted", "unit": "rating"},
            "In creative writing, where people vote, the odds of a better answer rise by more than a factor of 1.11"
            " with each doubling of the tokens that the same weights write, on the whole 95 % interval over weights.",
        ),
    ],
)
def test_the_rule_in_words(given: dict[str, object], words: str) -> None:
    assert rule(**given).words() == words
