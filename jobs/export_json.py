"""`python -m jobs export json`: questions and our estimates for other people's sites, as docs/export-json.md says."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Engine

from db.queries.estimates import estimates
from db.queries.forecasts import daily
from db.queries.questions import questions, topics
from tracker.dossier.spoken import JSON
from tracker.rules.rule import Rule
from tracker.stats.forecast_findings import named

SCHEMA = "capability-tracker/questions/1"
ABOUT = ("question_id", "source", "market", "title", "url", "topic", "inverted", "rules", "note")
STATE = ("opens_at", "closes_at", "resolved_at", "resolution", "annulled", "synced_at", "tracked")
# The columns of an estimate that leave the program, in their order.
ESTIMATE = (
    "rule_id",
    "as_of",
    "backtest",
    "headline",
    "deadline",
    "verdict",
    "p_rule",
    "p_rule_stderr",
    "p_yes",
    "low",
    "high",
    "low_variant",
    "high_variant",
    "statistic",
    "drivers",
    "variants",
    "method",
    "evidence_hash",
    "seed",
    "code_version",
    "computed_at",
)
EVER = date(1970, 1, 2)


def export_json(engine: Engine, rules: Mapping[str, Sequence[Rule]]) -> bytes:
    """Everything that is asked here, with what stood last and every estimate. The same data gives the same bytes."""
    said, ours = daily(engine, EVER), estimates(engine)
    document = {
        "schema": SCHEMA,
        "topics": topics(engine).to_dicts(),
        "questions": [
            question(
                row,
                said.filter(question_id=row["question_id"]),
                ours.filter(question_id=row["question_id"]),
                rules.get(row["question_id"], ()),
            )
            for row in questions(engine).iter_rows(named=True)
        ],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False, default=_written, allow_nan=False) + "\n").encode()


def question(row: Mapping[str, Any], said: pl.DataFrame, ours: pl.DataFrame, rules: Sequence[Rule]) -> dict[str, Any]:
    """One question as the schema has it. `said` of `db.queries.forecasts.daily`, `ours` of `estimates`."""
    last = said.sort("on").group_by("forecaster", maintain_order=True).last().drop_nulls("probability")
    return {
        **{"id" if name == "question_id" else name: row[name] for name in ABOUT},
        **{name: row[name] for name in STATE},
        "scale": json.loads(row["scale"]) if row["scale"] else None,
        "standing": [
            {
                "forecaster": one["forecaster"],
                "name": named(one["forecaster"], one["kind"]),
                "kind": one["kind"],
                "on": one["on"],
                "probability": one["probability"],
            }
            for one in last.sort("kind", "forecaster").iter_rows(named=True)
        ],
        "what_would_decide_it": [
            rule.model_dump(mode="json") | {"words": rule.words(), "headline": place == 0}
            for place, rule in enumerate(rules)
        ],
        "estimates": [
            {name: json.loads(one[name]) if name in JSON else one[name] for name in ESTIMATE}
            for one in ours.iter_rows(named=True)
        ],
    }


def _written(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in JSON")
