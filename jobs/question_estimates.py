"""What each question's rules say on the evidence of a day, stored for good."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
from sqlalchemy import Engine

from db.estimate_store import save_estimates
from db.estimate_tables import Estimate
from db.queries.doses import doses
from db.queries.estimates import estimates
from db.queries.first_seen import first_seen
from db.queries.gaps import gaps
from db.queries.questions import questions
from db.queries.trends import scores
from jobs.report import Clock, attempt
from tracker.rules.estimate import Estimated, columns_of, estimate, method_of
from tracker.rules.explain import next_results
from tracker.rules.pooled import PooledRule
from tracker.rules.rule import Evidence, Rule
from tracker.rules.version import code_version

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


class QuestionsFailed(Exception):
    """Some questions could not be estimated; each has its report."""


def every_question(engine: Engine, rules: Rules, *, step: str, clock: Clock) -> dict[str, int]:
    """Estimate ("rules") or back-test ("backtests") every question that has a rule, each with its own report.

    One that fails stops no other; QuestionsFailed after all of them.
    """
    known: dict[date, Evidence] = {}
    start = first_evidence(engine) if step == "backtests" else None
    counts: dict[str, int] = {}
    failed = []
    for question_id, own in rules.items():
        if not any(rule.model_dump()["kind"] != "none" for rule in own):
            continue
        alone = {question_id: own}

        def work(alone: Rules = alone) -> dict[str, int]:
            if step == "rules":
                return save_question_estimates(engine, alone, now=clock(), evidence=known)
            return missing_backtests(engine, alone, now=clock(), start=start, evidence=known)

        outcome = attempt(engine, step, question_id, work, now=clock)
        for name, count in outcome.counts.items():
            counts[name] = max(counts.get(name, 0), count) if name == "months" else counts.get(name, 0) + count
        if outcome.error:
            failed.append(f"{question_id}: {outcome.error}")
    if failed:
        raise QuestionsFailed(
            f"{len(failed)} of {len(rules)} questions could not be estimated; the first is {failed[0]}"
        )
    return counts


def save_question_estimates(
    engine: Engine, rules: Rules, *, now: datetime, evidence: dict[date, Evidence] | None = None
) -> dict[str, int]:
    """Estimate every rule on today's evidence, or on its deadline's once that has passed; what was new and what not.

    `without_deadline`: rules of questions that are not known to close. The same evidence adds nothing a second time.
    `evidence` keeps what was read, for the next question.
    """
    today = now.date()
    closing = dict(questions(engine).select("question_id", "closes_at").iter_rows())
    made: list[Estimate] = []
    without_deadline = 0
    known = {} if evidence is None else evidence
    for question_id, own in rules.items():
        if question_id not in closing:
            continue
        for place, rule in enumerate(own):
            if rule.model_dump()["kind"] == "none":
                continue
            deadline = rule.ends_on(closing[question_id])
            if deadline is None:
                without_deadline += 1
                continue
            as_of = min(today, deadline)
            if as_of not in known:
                known[as_of] = evidence_of(engine, as_of)
            result = estimate(rule, known[as_of], question_id=question_id, deadline=deadline)
            row = _row(result, rule, question_id, as_of, deadline, headline=place == 0, backtest=False, now=now)
            if isinstance(rule, PooledRule):
                coming = next_results(rule, known[as_of], deadline, result.seed)
                row.statistic |= {"next": None if coming is None else [asdict(one) for one in coming]}
            made.append(row)
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
        deadline = rule.ends_on(closes_at)
        if deadline is None or rule.model_dump()["kind"] == "none":
            continue
        for day in days:
            if day > deadline or (question_id, rule.id, day, method_of(rule, deadline)) in done:
                continue
            if day not in known:
                known[day] = evidence_of(engine, day)
            result = estimate(rule, known[day], question_id=question_id, deadline=deadline)
            made.append(_row(result, rule, question_id, day, deadline, headline=place == 0, backtest=True, now=now))
    return save_estimates(engine, made)


def missing_backtests(
    engine: Engine, rules: Rules, *, now: datetime, start: date | None, evidence: dict[date, Evidence] | None = None
) -> dict[str, int]:
    """Back-test every past month that no back-test of the rule as it is now is stored for; how many were new.

    `start`: the day of the `first_evidence`; null: there is none. `evidence` keeps what was read, for the next
    question.
    """
    if start is None:
        return {"added": 0}
    done = stored_backtests(engine)
    closing = dict(questions(engine).select("question_id", "closes_at").iter_rows())
    days = month_ends(start, now.date())
    known = {} if evidence is None else evidence
    added = 0
    for question_id, own in rules.items():
        if question_id in closing:
            added += backtest_question(
                engine, question_id, own, days, closes_at=closing[question_id], now=now, evidence=known, done=done
            )
    return {"months": len(days), "added": added}


def stored_backtests(engine: Engine) -> frozenset[Done]:
    """What has been back-tested, whatever the evidence was: question, rule, day and the rule's method."""
    columns = ("question_id", "rule_id", "as_of", "method")
    return frozenset(estimates(engine, backtest=True, every=True).select(columns).iter_rows())


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
    return Estimate(
        **columns_of(result, rule, question_id=question_id, as_of=as_of, deadline=deadline),
        headline=headline,
        backtest=backtest,
        code_version=code_version(),
        computed_at=now,
    )
