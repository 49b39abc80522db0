"""The rule about gaps on the shipped evidence: the figures that it was specified by."""

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pytest

import tests.shipped as shipped
from db.engine import open_engine
from db.queries.doses import doses
from db.queries.first_seen import first_seen
from db.queries.gaps import gaps
from db.queries.trends import scores
from tracker.rules.arrivals import simulate
from tracker.rules.crossover import CrossoverRule
from tracker.rules.dose import DoseRule
from tracker.rules.evidence import Evidence
from tracker.rules.gap import GapRule


def rule(**given: object) -> GapRule:
    usual = {"kind": "gap", "id": "votes", "name": "By votes", "why": "The question asks for it."}
    return GapRule.model_validate(usual | {"grading": "voted", "unit": "rating", "by": "interval"} | given)


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Callable[[date], Evidence]:
    """The shipped evidence of a day."""
    path = tmp_path_factory.mktemp("shipped") / "tracker.db"
    shipped.copy_to(path)
    engine = open_engine(f"sqlite:///{path}")

    @functools.cache
    def of(as_of: date) -> Evidence:
        end = datetime(as_of.year, as_of.month, as_of.day, 23, 59, 59, tzinfo=UTC)
        return Evidence(
            as_of=as_of,
            gaps=gaps(engine, as_of),
            first_seen=first_seen(engine, as_of),
            scores=scores(engine, end),
            doses=doses(engine, end),
        )

    return of


@pytest.mark.parametrize(
    ("as_of", "capability", "interval", "mean"),
    [
        (date(2025, 11, 5), "creative-writing", 0.04, 0.62),
        (date(2025, 11, 5), "math", 0.94, 1.00),
        (date(2025, 11, 5), "coding", 0.32, 0.92),
        (date(2025, 12, 11), "creative-writing", 0.04, 0.89),
        (date(2025, 12, 11), "math", 0.98, 1.00),
        (date(2025, 12, 11), "coding", 0.98, 1.00),
    ],
)
def test_the_figures_of_the_prototype(
    on: Callable[[date], Evidence], as_of: date, capability: str, interval: float, mean: float
) -> None:
    """LMArena's same-weights pairs, six more expected, Paule–Mandel, Hartung–Knapp; agreement is within 0.03."""
    units = rule(capability=capability).units(on(as_of))
    assert len(units.keys) == (14 if as_of.month == 12 else 5 if capability == "math" else 6)
    rng = np.random.default_rng(1)
    found = simulate(units.values, units.stderrs, expected=6.0, draws=20_000, rng=rng)
    assert float((found.low > 0).mean()) == pytest.approx(interval, abs=0.03)
    assert float((found.mean > 0).mean()) == pytest.approx(mean, abs=0.03)


@pytest.mark.parametrize(("capability", "said"), [("creative-writing", 0.04), ("math", 0.98), ("coding", 0.98)])
def test_with_the_rate_of_two_years_a_prediction_is_near_the_prototype(
    on: Callable[[date], Evidence], capability: str, said: float
) -> None:
    """Seven or eight pairs a year are then expected, and the prototype took six."""
    asked = rule(capability=capability, arriving="two-years")
    found = asked.predict(on(date(2025, 12, 11)), date(2026, 12, 11), 1)
    assert 6 < found.expected < 8
    assert found.probability == pytest.approx(said, abs=0.03)


def test_the_anchored_numbers_of_the_mission(on: Callable[[date], Evidence]) -> None:
    """As statistics.md has them with DerSimonian and Laird, in rating points."""
    asked = rule(capability="creative-writing", method="dersimonian-laird")
    verdict = asked.verdict(on(date(2025, 12, 11)))
    assert (verdict.word, verdict.scale, verdict.k, verdict.threshold) == ("no", "rating", 14, 0.0)
    assert [verdict.value, verdict.low, verdict.high] == pytest.approx([3.56, -6.86, 13.97], abs=0.006)
    contrast = rule(capability="creative-writing", by="mean", share=1.0, share_of="coding", method="dersimonian-laird")
    found = contrast.verdict(on(date(2025, 12, 11)))
    assert [found.value, found.low, found.high] == pytest.approx([-10.29, -18.84, -1.75], abs=0.01)
    assert found.numbers["own"] == pytest.approx([3.56, -6.86, 13.97], abs=0.006)
    assert found.numbers["other"] == pytest.approx([13.15, 5.10, 21.1946], abs=0.006)


def test_the_question_behind_the_program(on: Callable[[date], Evidence]) -> None:
    """Too little early in 2025; at its end writing is open, math and coding are not, and pairs came fast by then."""
    asked = {name: rule(capability=name) for name in ("creative-writing", "math", "coding")}
    as_clear = rule(capability="creative-writing", by="mean", share=0.5, share_of="coding")
    for one in (*asked.values(), as_clear):
        assert one.verdict(on(date(2025, 3, 31))).word == "too-little"
    then, deadline = on(date(2025, 12, 31)), date(2026, 12, 31)
    assert {name: one.verdict(then).word for name, one in asked.items()} == {
        "creative-writing": "no",
        "math": "yes",
        "coding": "yes",
    }
    found = {name: one.predict(then, deadline, 1) for name, one in asked.items()}
    assert 0.05 < found["creative-writing"].probability < 0.4
    assert min(found["math"].probability, found["coding"].probability) > 0.9
    assert 15 < found["math"].expected < 25
    assert 0.05 < as_clear.predict(then, deadline, 1).probability < 0.4


def test_who_is_ahead_at_the_end_of_2026_hangs_on_how_the_climb_is_carried_on(on: Callable[[date], Evidence]) -> None:
    asked = CrossoverRule(
        id="best", name="Who is ahead", why="A.", kind="crossover", benchmark="lmarena/overall", ahead="reasoning"
    )
    then, deadline = on(date(2025, 12, 31)), date(2026, 12, 31)
    verdict = asked.verdict(then)
    assert (verdict.word, round(verdict.value), verdict.numbers["model"]) == ("yes", 11, "Grok 4.1, thinking")
    said = [one.predict(then, deadline, 1).probability for one in (asked, *(one for _, one in asked.variants(then)))]
    assert min(said) < 0.4 < 0.6 < max(said)


def test_what_nobody_has_measured_is_not_known(on: Callable[[date], Evidence]) -> None:
    """No weights have been measured at several amounts of thinking in what is shipped."""
    asked = DoseRule(id="more", name="More", why="A.", kind="dose", capability="math", grading="verifiable", by="mean")
    verdict = asked.verdict(on(date(2025, 12, 31)))
    assert (verdict.word, verdict.k) == ("too-little", 0)
