"""Estimates of questions by their rules: dated, kept as made, blind to the future, the same on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import shipped
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import open_engine
from db.queries.estimates import estimates
from db.queries.forecasts import forecasts
from db.queries.gaps import gaps
from db.queries.runs import reports
from db.store import save_catalog
from jobs.estimates import run_estimates
from jobs.published import save_published
from jobs.question_estimates import (
    QuestionsFailed,
    backtest_question,
    every_question,
    evidence_of,
    first_evidence,
    missing_backtests,
    month_ends,
    save_question_estimates,
)
from jobs.questions import catalogue_of, save_questions
from tests.rows import gap, run
from tracker.catalog.load import load_catalog
from tracker.rules.estimate import AS_STATED, estimate, evidence_hash, method_of
from tracker.rules.rule import Evidence, Rule, Verdict
from tracker.settings import EMBEDDED_CATALOG

MISSION = "manifold:will-large-reasoning-models-signifi"
CLAIM = "own:chain-of-thought-outperforms-by-2026"
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 18, tzinfo=UTC)
THEN, END = date(2025, 12, 31), date(2026, 12, 31)
RULES = catalogue_of(EMBEDDED_CATALOG).rules
START, NEXT = date(2025, 1, 20), datetime(2026, 1, 2, tzinfo=UTC)
VOTES = {MISSION: RULES[MISSION][:1]}


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Engine]:
    """The shipped evidence and questions, in a file of one's own."""
    shipped.copy_to(tmp_path / "tracker.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'tracker.db'}")
    save_questions(engine, EMBEDDED_CATALOG)
    yield engine
    engine.dispose()


def plant(engine: Engine, on: datetime) -> None:
    """One more pair on creative writing, a thousand times surer than any other, dated as told."""
    known = gaps(engine).filter(benchmark_id="lmarena/creative-writing", relation="same-base").row(0, named=True)
    sides = {side: f"planted/{side}" for side in ("reasoning", "conventional")}
    with Session(engine) as session:
        for side, identity in sides.items():
            session.add(run(identity, known[f"{side}_id"], origin="imported", finished_at=on, folder=None))
        session.flush()
        row = gap(
            *sides.values(),
            benchmark_id="lmarena/creative-writing",
            reasoning_id=known["reasoning_id"],
            conventional_id=known["conventional_id"],
            value=400.0,
            stderr=0.01,
            log_odds=2.3,
            log_odds_stderr=0.0001,
            flags=[],
        )
        session.add(row)
        session.commit()


def test_evidence_from_the_future_cannot_get_in(filled: Engine) -> None:
    rule = RULES[MISSION][0].model_copy(update={"relations": ("same-weights", "same-base")})
    before = estimate(rule, evidence_of(filled, THEN), question_id=MISSION, deadline=END)
    plant(filled, datetime(2026, 1, 1, tzinfo=UTC))
    after = estimate(rule, evidence_of(filled, THEN), question_id=MISSION, deadline=END)
    assert after == before
    seen = evidence_of(filled, date(2026, 1, 1))
    assert evidence_hash(seen) != evidence_hash(evidence_of(filled, date(2025, 12, 30)))
    assert rule.verdict(seen).k == rule.verdict(evidence_of(filled, THEN)).k  # a pair that was there has moved
    assert rule.verdict(seen).value != rule.verdict(evidence_of(filled, THEN)).value


def test_the_same_estimate_twice_is_the_same_bytes(filled: Engine) -> None:
    rule = RULES[MISSION][2]
    first, second = (estimate(rule, evidence_of(filled, THEN), question_id=MISSION, deadline=END) for _ in range(2))
    assert repr(first) == repr(second)
    assert first.p_yes is not None
    assert first.drivers


def test_an_estimate_stays_as_it_was_made(filled: Engine) -> None:
    assert save_question_estimates(filled, VOTES, now=TODAY) == {"rules": 1, "added": 1, "without_deadline": 0}
    kept = estimates(filled)
    assert save_question_estimates(filled, VOTES, now=LATER) == {"rules": 1, "added": 0, "without_deadline": 0}
    assert estimates(filled, every=True).equals(kept)


def test_other_evidence_on_the_same_day_is_another_estimate_and_the_first_stays(filled: Engine) -> None:
    save_question_estimates(filled, VOTES, now=TODAY)
    first = estimates(filled)
    plant(filled, datetime(2026, 11, 23, 13, tzinfo=UTC))
    assert save_question_estimates(filled, VOTES, now=LATER)["added"] == 1
    every = estimates(filled, every=True)
    assert every.height == 2
    assert every.filter(computed_at=TODAY).equals(first)
    assert estimates(filled)["computed_at"].to_list() == [LATER]


def test_the_headline_is_one_more_forecaster_and_a_back_test_another(filled: Engine) -> None:
    save_question_estimates(filled, {MISSION: RULES[MISSION]}, now=TODAY)
    backtest_question(filled, MISSION, RULES[MISSION], [THEN], closes_at=None, now=TODAY)
    said = forecasts(filled, [MISSION])
    by_name = {row["forecaster"]: row for row in said.iter_rows(named=True)}
    assert {name: row["kind"] for name, row in by_name.items()} == {
        "tracker": "tracker",
        "tracker (back-test)": "backtest",
    }
    live = estimates(filled, backtest=False).filter(rule_id="votes").row(0, named=True)
    replayed = estimates(filled, backtest=True).filter(rule_id="votes").row(0, named=True)
    assert by_name["tracker"]["probability"] == live["p_yes"]
    assert by_name["tracker"]["at"] == TODAY
    assert by_name["tracker (back-test)"]["probability"] == replayed["p_yes"]
    assert by_name["tracker (back-test)"]["at"] == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_the_band_is_the_range_over_the_variants_and_names_its_ends(filled: Engine) -> None:
    rule = RULES[MISSION][0]
    result = estimate(rule, evidence_of(filled, THEN), question_id=MISSION, deadline=END)
    said = {variant.name: variant.p_yes for variant in result.variants if variant.p_yes is not None}
    said[AS_STATED] = result.p_yes
    assert (result.low, result.high) == (min(said.values()), max(said.values()))
    assert (said[result.low_variant], said[result.high_variant]) == (result.low, result.high)


def test_past_its_deadline_a_rule_is_judged_on_the_evidence_of_the_deadline(filled: Engine) -> None:
    plant(filled, datetime(2026, 2, 1, tzinfo=UTC))
    save_question_estimates(filled, {CLAIM: RULES[CLAIM]}, now=TODAY)
    rows = estimates(filled).rows_by_key("rule_id", named=True, unique=True)
    assert {row["as_of"] for row in rows.values()} == {THEN}
    assert (rows["votes"]["verdict"], rows["votes"]["p_rule"]) == ("no", 0.0)
    # Of mathematics nothing had been read for months: what may have come since is still open.
    assert rows["checked-mathematics"]["verdict"] == "yes"
    assert 0.999 < rows["checked-mathematics"]["p_rule"] < 1


def test_a_night_back_tests_only_the_months_that_it_lacks(filled: Engine) -> None:
    assert first_evidence(filled) == START
    early = datetime(2025, 12, 15, tzinfo=UTC)
    first = missing_backtests(filled, VOTES, now=early, start=START)
    assert first == {"months": 11, "added": 11}
    assert missing_backtests(filled, VOTES, now=early, start=START) == {"months": 11, "added": 0}
    assert missing_backtests(filled, VOTES, now=NEXT, start=START) == {"months": 12, "added": 1}
    rows = estimates(filled, backtest=True)
    assert rows["as_of"].to_list() == month_ends(START, NEXT.date())
    # Nobody voted on pairs of the same weights before the leaderboard of April had three of them with an interval.
    assert rows.filter(pl.col("p_yes").is_null())["verdict"].unique().to_list() == ["too-little"]


def test_a_question_that_cannot_be_estimated_stops_no_other(filled: Engine) -> None:
    class Broken(type(RULES[CLAIM][0])):  # type: ignore[misc]
        def verdict(self, evidence: Evidence) -> Verdict:
            raise ZeroDivisionError("this rule cannot be computed")

    broken = {CLAIM: (Broken.model_validate(RULES[CLAIM][0].model_dump()),)}
    with pytest.raises(QuestionsFailed, match="1 of 2 questions could not be estimated; the first is own:chain"):
        every_question(filled, broken | VOTES, step="rules", clock=lambda: TODAY)
    assert estimates(filled)["question_id"].to_list() == [MISSION]
    told = reports(filled, "rules").filter(unit=CLAIM).row(0, named=True)
    assert (told["outcome"], told["error"]) == ("failed", "this rule cannot be computed")


def test_what_a_rule_asks_for_is_part_of_the_method_and_its_name_is_not() -> None:
    rule: Rule = RULES[MISSION][0]
    assert method_of(rule, END) == method_of(rule.model_copy(update={"name": "By votes", "why": "Because."}), END)
    assert method_of(rule, END) != method_of(rule.model_copy(update={"margin": 0.1}), END)
    assert method_of(rule, END) != method_of(rule, THEN)  # a close that was moved


def test_both_databases_give_the_same_numbers(filled: Engine, postgresql_url: str) -> None:
    other = open_engine(postgresql_url)
    save_catalog(other, *load_catalog(EMBEDDED_CATALOG).rows())
    save_published(other, EMBEDDED_CATALOG)
    run_estimates(other, now=shipped.NOW)
    save_questions(other, EMBEDDED_CATALOG)
    said = []
    for engine in (filled, other):
        save_question_estimates(engine, RULES, now=TODAY)
        backtest_question(engine, MISSION, RULES[MISSION], [THEN], closes_at=None, now=TODAY)
        said.append(estimates(engine))
    other.dispose()
    assert said[0].height == 9
    assert said[0].equals(said[1])
