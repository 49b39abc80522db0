"""The estimate of each rule that a dossier speaks of: the one that is stored, where its evidence is still the same."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from db.queries.record import Record
from tracker.rules.estimate import columns_of, estimate, evidence_hash, method_of
from tracker.rules.none import NoRule
from tracker.rules.rule import Evidence, Rule
from tracker.rules.version import code_version

JSON = ("statistic", "drivers", "variants", "rule")
EvidenceOn = Callable[[date], Evidence]


@dataclass(frozen=True)
class Spoken:
    """A rule, the evidence it is judged on, and its estimate as `db.queries.estimates.estimates` gives one.

    `row` null: the rule has no deadline that is known, or is none. `stored`: the row is from the record; else it was
    computed for this dossier. `replaced`: the record has an estimate of the rule for that day, of other evidence.
    """

    rule: Rule
    evidence: Evidence
    row: dict[str, Any] | None
    stored: bool
    replaced: dict[str, Any] | None = None


def spoken(record: Record, rules: Sequence[Rule], evidence_on: EvidenceOn) -> list[Spoken]:
    """What each rule says on the day of the record, or on its deadline once that has passed; the headline first."""
    return [_spoken(record, rule, place == 0, evidence_on) for place, rule in enumerate(rules)]


def frame(found: Sequence[Spoken], like: pl.DataFrame) -> pl.DataFrame:
    """The rows together, with the columns of `like`."""
    rows = [one.row for one in found if one.row is not None]
    return pl.DataFrame(rows, schema=like.schema, orient="row") if rows else like.clear()


def _spoken(record: Record, rule: Rule, headline: bool, evidence_on: EvidenceOn) -> Spoken:
    deadline = rule.ends_on(record.question["closes_at"])
    if deadline is None or isinstance(rule, NoRule):
        return Spoken(rule, evidence_on(record.as_of), None, stored=False)
    as_of = min(record.as_of, deadline)
    evidence = evidence_on(as_of)
    stored = record.estimates.filter(
        pl.col("rule_id") == rule.id, pl.col("as_of") == as_of, pl.col("method") == method_of(rule, deadline)
    ).sort("backtest", "computed_at", descending=[False, True])
    same = stored.filter(evidence_hash=evidence_hash(evidence))
    if same.height:
        return Spoken(rule, evidence, same.row(0, named=True), stored=True)
    result = estimate(rule, evidence, question_id=record.question["question_id"], deadline=deadline)
    made = columns_of(result, rule, question_id=record.question["question_id"], as_of=as_of, deadline=deadline)
    row = made | {name: json.dumps(made[name], ensure_ascii=False, sort_keys=True) for name in JSON}
    row |= {"headline": headline, "backtest": True, "code_version": code_version(), "computed_at": None}
    before = stored.row(0, named=True) if stored.height else None
    return Spoken(rule, evidence, {name: row[name] for name in record.estimates.columns}, stored=False, replaced=before)
