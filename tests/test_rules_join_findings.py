"""The paragraph about a question: composed from its numbers, no stronger than they are."""

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from evidence_frames import gap
from evidence_frames import gaps as evidence_gaps
from joined import CLAIM, LEADER, MISSION, NOW, RULELESS, RULES
from sqlalchemy import Engine

from db.queries.estimates import ESTIMATES, estimates
from db.queries.forecasts import standing
from db.queries.gaps import gaps
from db.queries.questions import questions
from tracker.rules import estimate_findings as sentences
from tracker.rules import join_findings as findings

TODAY = NOW.date()


def told(joined_engine: Engine, question_id: str, day: date, known: pl.DataFrame | None = None) -> str:
    """The paragraph on a day, as the page and the dossier have it. `known`: other gaps than those of the day."""
    every = questions(joined_engine)
    question = every.filter(question_id=question_id).row(0, named=True)
    stood = findings.elsewhere(question, standing(joined_engine, datetime.combine(day, NOW.timetz())), every)
    own = estimates(joined_engine, [question_id])
    judged = findings.speaking(own, day, [rule.id for rule in RULES[question_id]])["as_of"]
    known = gaps(joined_engine, judged[0] if len(judged) else day) if known is None else known
    text = findings.paragraph(question, own, stood, day, rules=RULES[question_id], gaps=known)
    return text.replace("\u00a0", " ")


def row(**given: Any) -> dict[str, Any]:
    """An estimate of a rule about a gap, as the query gives one."""
    rule = {
        "id": "votes",
        "kind": "gap",
        "name": "Votes",
        "capability": "creative-writing",
        "grading": "voted",
        "unit": "rating",
        "by": "interval",
        "why": "It does.",
        "fidelity": 0.7,
        "otherwise": 0.2,
    }
    statistic = {"scale": "rating", "k": 14, "value": 3.6, "low": -6.8, "high": 14.0, "threshold": 0.0, "draws": 4000}
    statistic |= {"by": "interval", "tau": 15.1, "positive": 9, "method": "paule-mandel", "expected": 0.7}
    values: dict[str, Any] = {
        "question_id": MISSION,
        "rule_id": "votes",
        "as_of": TODAY,
        "method": "gap/1 abc",
        "backtest": False,
        "headline": True,
        "deadline": date(2026, 12, 31),
        "verdict": "no",
        "p_rule": 0.0,
        "p_rule_stderr": 0.0002,
        "p_yes": 0.06,
        "low": 0.06,
        "high": 0.09,
        "low_variant": "a",
        "high_variant": "b",
        "evidence_hash": "f" * 64,
        "seed": 1,
        "code_version": "c",
        "computed_at": NOW,
        "drivers": "[]",
    }
    variants = [{"name": "b", "p_rule": 0.04, "p_yes": 0.09}, {"name": "c", "p_rule": None, "p_yes": None}]
    texts = {
        "statistic": json.dumps(statistic | given.pop("statistic", {})),
        "variants": json.dumps(given.pop("variants", variants)),
        "rule": json.dumps(rule | given.pop("rule", {})),
    }
    return values | texts | given


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ESTIMATES, orient="row")


# -- the shipped evidence ----------------------------------------------------------------------------------------------


def test_the_missions_paragraph_holds_the_numbers_of_the_evidence_and_says_how_they_were_had(
    joined_engine: Engine,
) -> None:
    text = told(joined_engine, MISSION, TODAY)
    assert "+3.6 Elo [−6.8, 14] pooled over 14 pairs" in text
    assert "Pooled by random effects (Paule–Mandel, Hartung–Knapp)" in text
    assert "math +15 [5, 26] Elo, coding +13 [5, 21] and all text +3 [−4, 10]" in text
    assert "Within the same pairs, math by +12 [2, 22] and coding by +10 [2, 19] Elo above creative writing" in text
    for beginning in ("What is claimed:", "What is measured:", "How sure:", "What others say:", "What is missing:"):
        assert beginning in text


def test_the_missions_paragraph_says_what_others_say(joined_engine: Engine) -> None:
    text = told(joined_engine, MISSION, TODAY)
    assert re.search(r"Manifold stands at \d+ %", text)
    assert "its author, CDBiddulph, is on record for 65 % as of 31 Mar 2025 on another question" in text


def test_before_there_was_evidence_nothing_is_claimed(joined_engine: Engine) -> None:
    text = told(joined_engine, MISSION, date(2025, 3, 31))
    assert "It holds" not in text
    assert "it holds" not in text
    assert "no estimate of ours: there is too little to compute it from" in text
    assert "This is a back-test" in text


def test_a_back_test_is_called_one_and_a_live_estimate_is_not(joined_engine: Engine) -> None:
    assert "This is a back-test" in told(joined_engine, MISSION, date(2025, 12, 31))
    assert "This is a back-test" not in told(joined_engine, MISSION, TODAY)


def test_past_its_deadline_a_rule_is_decided(joined_engine: Engine) -> None:
    text = told(joined_engine, CLAIM, TODAY)
    assert "on the evidence up to 31 Dec 2025" in text
    assert "On its deadline the rule did not hold" in text
    assert "CDBiddulph said 65 % on 31 Mar 2025" in text


def test_a_lead_carries_its_interval(joined_engine: Engine) -> None:
    assert "The 95 % interval of that lead is +" in told(joined_engine, LEADER, TODAY)


def test_a_question_without_a_rule_says_why(joined_engine: Engine) -> None:
    text = told(joined_engine, RULELESS, TODAY)
    [rule] = RULES[RULELESS]
    assert f"No rule stands for it: {sentences.lowered(rule.because)}" in text
    assert "How sure" not in text
    assert "the price at Manifold is not known" in text


# -- single sentences --------------------------------------------------------------------------------------------------


def test_an_estimate_names_its_range_and_over_how_many_choices() -> None:
    text = sentences.estimate_sentence(row()).replace("\u00a0", " ")
    assert text == "Our estimate: 6 % [range 6–9 over 2 variants] (1 more has too little evidence)."


def test_what_is_not_known_is_said_to_be_so() -> None:
    unknown = row(p_rule=None, p_yes=None, low=None, high=None, verdict="too-little", variants=[])
    assert sentences.estimate_sentence(unknown) == "No estimate of ours: there is too little to compute it from."
    assert sentences.resting(unknown) == ""
    assert sentences.hanging(unknown) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.0001, "under 0.1 %"), (0.99999, "over 99.9 %"), (0.004, "0.4 %"), (0.41, "41 %")],
)
def test_nothing_but_certainty_reads_like_it(value: float, text: str) -> None:
    assert sentences.probability(value).replace("\u00a0", " ") == text


def test_a_simulation_that_never_saw_it_is_no_certainty() -> None:
    assert sentences.simulated(0.0, 4000) == "under 0.1\u00a0%"
    assert sentences.simulated(1.0, 4000) == "over 99.9\u00a0%"
    assert sentences.simulated(0.25, 4000) == "25\u00a0%"


def test_what_it_hangs_on_is_named_with_what_it_would_be_without() -> None:
    hangs = row(drivers=json.dumps([{"name": "A against B", "key": ["a", "b"], "moved": -0.67}]))
    text = sentences.hanging(hangs).replace("\u00a0", " ")
    assert text == "It hangs most on A against B: without that it would be about 73 %."
    little = row(drivers=json.dumps([{"name": "A against B", "key": ["a", "b"], "moved": 0.01}]))
    assert sentences.hanging(little) == ""


def test_the_latest_estimate_of_each_rule_speaks_live_before_back_test() -> None:
    older = date(2026, 11, 1)
    rows = frame(
        row(rule_id="b", headline=False, p_yes=0.5),
        row(as_of=older, p_yes=0.1),
        row(p_yes=0.2),
        row(backtest=True, p_yes=0.3),
        row(rule_id="gone", headline=False, as_of=date(2026, 1, 31), p_yes=0.4),
        row(rule_id="past", headline=False, as_of=date(2025, 12, 31), deadline=date(2025, 12, 31), p_yes=0.6),
    )
    speaking = findings.speaking(rows, TODAY, ["votes", "b", "new", "past"])
    assert speaking.select("rule_id", "p_yes").rows() == [("votes", 0.2), ("b", 0.5), ("past", 0.6)]
    assert findings.speaking(rows, older, ["votes"])["p_yes"].to_list() == [0.1]
    assert findings.speaking(rows, TODAY, []).is_empty()


@pytest.mark.parametrize("deadline", [date(2026, 12, 31), date(2026, 11, 3)])
def test_a_rule_that_the_question_no_longer_has_is_silent_though_it_was_the_headline(deadline: date) -> None:
    rows = frame(row(), row(rule_id="a-former", as_of=date(2026, 11, 3), deadline=deadline, p_yes=0.9))
    assert findings.speaking(rows, TODAY, ["votes"])["rule_id"].to_list() == ["votes"]


def test_where_a_close_was_moved_to_the_past_the_estimate_made_since_speaks() -> None:
    closed = date(2026, 11, 20)
    rows = frame(
        row(as_of=date(2026, 11, 22), computed_at=NOW - timedelta(days=1), p_yes=0.3),
        row(as_of=closed, deadline=closed, computed_at=NOW, p_yes=0.7),
    )
    assert findings.speaking(rows, TODAY, ["votes"])["p_yes"].to_list() == [0.7]


def test_a_rule_that_was_never_judged_is_named_all_the_same(joined_engine: Engine) -> None:
    [question] = questions(joined_engine).filter(question_id=MISSION).to_dicts()
    text = findings.claimed(question, frame(), RULES[MISSION])
    assert f"The rule that stands for it: {RULES[MISSION][0].words()} No estimate of it has been made." in text
    assert findings.claimed(question, frame(), []).endswith("No rule stands for it.")


def test_within_pairs_nothing_is_compared_that_rests_on_two_conventional_models() -> None:
    few = [gap("math", twin, conventional_id=f"c{twin % 2}", conventional_run_id=f"c{twin % 2}") for twin in range(4)]
    alone = [gap("math", twin, conventional_id=f"c{twin}") for twin in (7, 8)]
    own = [gap("creative-writing", twin, conventional_id=f"c{twin % 2}") for twin in range(4)]
    own += [gap("creative-writing", twin) for twin in (5, 6)]
    about = row(rule={"relations": ["same-weights"], "admit": [], "method": "paule-mandel"})
    text = findings.alongside(about, evidence_gaps(*few, *alone, *own))
    assert "math" in text
    assert "Within the same pairs" not in text
    enough = [gap(name, twin) for name in ("math", "creative-writing") for twin in range(3)]
    assert "Within the same pairs, math by" in findings.alongside(about, evidence_gaps(*enough))


def test_within_pairs_a_gap_counts_that_the_rule_lets_in() -> None:
    both = [gap(name, twin, flags=["truncated"]) for name in ("math", "creative-writing") for twin in range(5)]
    given = {"relations": ["same-weights"], "method": "paule-mandel"}
    assert findings.alongside(row(rule=given | {"admit": []}), evidence_gaps(*both)) == ""
    text = findings.alongside(row(rule=given | {"admit": ["truncated"]}), evidence_gaps(*both))
    assert "Within the same pairs, math by" in text


def test_on_its_deadline_with_sources_read_long_ago_a_rule_is_not_called_decided() -> None:
    day = date(2026, 12, 31)
    open_still = sentences.resting(row(as_of=day, p_rule=0.3)).replace("\u00a0", " ")
    assert open_still.startswith("The rule holds at its deadline with a probability of 30 %")
    decided = sentences.resting(row(as_of=day, p_rule=0.0, statistic={"draws": 0}))
    assert decided.startswith("On its deadline the rule did not hold")


def test_what_is_reached_is_not_said_to_stay_so() -> None:
    text = sentences.resting(row(p_rule=1.0, statistic={"draws": 0}))
    assert text.startswith("What the rule asks for has been reached (a score that is revised later could undo it)")


def test_a_rule_that_can_no_longer_be_read_is_named() -> None:
    strange = row(rule={"kind": "gap", "no_such_field": 1})
    assert sentences.rule_of(strange["rule"]) is None
    assert sentences.rule_words(strange) == "“Votes”."


def test_only_the_authors_own_statements_elsewhere_count() -> None:
    question = {"question_id": "manifold:q", "source": "manifold", "url": "https://manifold.markets/Ann/q"}
    rows = [
        {"question_id": "own:a", "forecaster": "ann", "kind": "person", "at": NOW, "probability": 0.4},
        {"question_id": "own:a", "forecaster": "Bob", "kind": "person", "at": NOW, "probability": 0.5},
        {"question_id": "manifold:q", "forecaster": "manifold", "kind": "market", "at": NOW, "probability": 0.6},
    ]
    titles = pl.DataFrame({"question_id": ["own:a", "manifold:q"], "title": ["A", "Q"]})
    found = findings.elsewhere(question, pl.DataFrame(rows), titles)
    assert sorted(found["forecaster"].to_list()) == ["ann", "manifold"]
    assert findings.author_of(question | {"url": None}) is None
    assert findings.author_of(question | {"source": "kalshi"}) is None
