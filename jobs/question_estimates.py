"""What each question's rules say on the evidence of a day, stored for good."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Engine

import tracker.rules
import tracker.stats
from db.estimate_store import save_estimates
from db.estimate_tables import Estimate
from db.queries.doses import doses
from db.queries.estimates import estimates
from db.queries.first_seen import first_seen
from db.queries.gaps import gaps
from db.queries.questions import questions
from db.queries.trends import scores
from tracker.rules.estimate import Estimated, estimate, method_of
from tracker.rules.rule import Evidence, Rule

LAST_MOMENT = time(23, 59, 59, 999999, tzinfo=UTC)
Rules = Mapping[str, tuple[Rule, ...]]
Done = tuple[str, str, date, str]


def evidence_of(engine: Engine, as_of: date) -> Evidence:
    """Everything that was published or finished by the end of a day (UTC)."""
    moment = datetime.combine(as_of, LAST_MOMENT)
    return Evidence(
        as_of=as_of,
        gaps=gaps(engine, as_of),
        first_seen=first_seen(engine, as_of),
        scores=scores(engine, moment),
        doses=doses(engine, moment),
    )


def deadline_of(rule: Rule, closes_at: datetime | None) -> date | None:
    """Until when the rule has to hold: its own deadline, else the day its question closes; null: not known."""
    return rule.deadline or (None if closes_at is None else closes_at.date())


def save_question_estimates(engine: Engine, rules: Rules, *, now: datetime) -> dict[str, int]:
    """Estimate every rule on today's evidence, or on its deadline's once that has passed; what was new and what not.

    `without_deadline`: rules of questions that are not known to close. The same evidence adds nothing a second time.
    """
    today = now.date()
    closing = dict(questions(engine).select("question_id", "closes_at").iter_rows())
    made: list[Estimate] = []
    without_deadline = 0
    known: dict[date, Evidence] = {}
    for question_id, own in rules.items():
        if question_id not in closing:
            continue
        for place, rule in enumerate(own):
            if rule.model_dump()["kind"] == "none":
                continue
            deadline = deadline_of(rule, closing[question_id])
            if deadline is None:
                without_deadline += 1
                continue
            as_of = min(today, deadline)
            if as_of not in known:
                known[as_of] = evidence_of(engine, as_of)
            result = estimate(rule, known[as_of], question_id=question_id, deadline=deadline)
            made.append(_row(result, rule, question_id, as_of, deadline, headline=place == 0, backtest=False, now=now))
    added = save_estimates(engine, made)
    return {"rules": len(made), "added": added, "without_deadline": without_deadline}


def backtest_question(
    engine: Engine,
    question_id: str,
    own: Iterable[Rule],
    days: Iterable[date],
    *,
    closes_at: datetime | None,
    now: datetime,
    evidence: dict[date, Evidence] | None = None,
    done: Collection[Done] = (),
) -> int:
    """Estimate a question's rules on each day's evidence alone, marked as back-tests; how many were new.

    Days after a rule's deadline are left out, and those that are `done`. `evidence` keeps what was read, for the next
    question.
    """
    known = {} if evidence is None else evidence
    made = []
    for place, rule in enumerate(own):
        deadline = deadline_of(rule, closes_at)
        if deadline is None or rule.model_dump()["kind"] == "none":
            continue
        for day in days:
            if day > deadline or (question_id, rule.id, day, method_of(rule)) in done:
                continue
            if day not in known:
                known[day] = evidence_of(engine, day)
            result = estimate(rule, known[day], question_id=question_id, deadline=deadline)
            made.append(_row(result, rule, question_id, day, deadline, headline=place == 0, backtest=True, now=now))
    return save_estimates(engine, made)


def missing_backtests(engine: Engine, rules: Rules, *, now: datetime) -> dict[str, int]:
    """Back-test every past month that no back-test of the rule as it is now is stored for; how many were new."""
    start = first_evidence(engine)
    if start is None:
        return {"added": 0}
    columns = ("question_id", "rule_id", "as_of", "method")
    done = set(estimates(engine, backtest=True, every=True).select(columns).iter_rows())
    closing = dict(questions(engine).select("question_id", "closes_at").iter_rows())
    days = month_ends(start, now.date())
    known: dict[date, Evidence] = {}
    added = 0
    for question_id, own in rules.items():
        if question_id in closing:
            added += backtest_question(
                engine, question_id, own, days, closes_at=closing[question_id], now=now, evidence=known, done=done
            )
    return {"months": len(days), "added": added}


def month_ends(first: date, before: date) -> list[date]:
    """The last day of every month from that of `first` on that lies before a day."""
    ends: list[date] = []
    year, month = first.year, first.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        end = date(year, month, 1) - timedelta(days=1)
        if end >= before:
            return ends
        ends.append(end)


def first_evidence(engine: Engine) -> date | None:
    """The day of the first gap that bears on anything; null: there is none."""
    ever = date(9999, 12, 1)
    keys = ["reasoning_id", "conventional_id", "benchmark_id"]
    bearing = gaps(engine, ever).filter(~pl.col("demonstration"))
    earliest = first_seen(engine, ever).join(bearing, on=keys, how="semi")["first_on"].min()
    return earliest if isinstance(earliest, date) else None


def code_version() -> str:
    """What computed an estimate: a digest of the program's rules and statistics."""
    digest = hashlib.sha256()
    for package in (tracker.rules, tracker.stats):
        for path in sorted(Path(next(iter(package.__path__))).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _row(
    result: Estimated,
    rule: Rule,
    question_id: str,
    as_of: date,
    deadline: date,
    *,
    headline: bool,
    backtest: bool,
    now: datetime,
) -> Estimate:
    verdict = result.verdict
    statistic: dict[str, Any] = {
        "scale": verdict.scale,
        "k": verdict.k,
        "value": verdict.value,
        "low": verdict.low,
        "high": verdict.high,
        "threshold": verdict.threshold,
        "missing": verdict.missing,
        "expected": result.prediction.expected,
        "draws": result.prediction.draws,
        **verdict.numbers,
    }
    return Estimate(
        question_id=question_id,
        rule_id=rule.id,
        as_of=as_of,
        method=method_of(rule),
        backtest=backtest,
        evidence_hash=result.evidence_hash,
        headline=headline,
        deadline=deadline,
        verdict=verdict.word,
        p_rule=result.prediction.probability,
        p_rule_stderr=result.prediction.stderr,
        p_yes=result.p_yes,
        low=result.low,
        high=result.high,
        low_variant=result.low_variant,
        high_variant=result.high_variant,
        statistic=statistic,
        drivers=[asdict(driver) for driver in result.drivers],
        variants=[asdict(variant) for variant in result.variants],
        rule=rule.model_dump(mode="json"),
        seed=result.seed,
        code_version=code_version(),
        computed_at=now,
    )
