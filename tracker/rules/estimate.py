"""A rule's dated estimate, whole: probability, the range over its variants, and what moved it most."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from tracker.rules.claim import DRAWS, Prediction, Rule, Verdict
from tracker.rules.evidence import Evidence

VARIANT_DRAWS = 2000
"""Of each other choice: its number is good to a point."""
MOST_DRIVERS = 3
AS_STATED = "the rule as stated"
VERSION = 3
"""Of how estimates are computed: raised with every change that moves a number."""


@dataclass(frozen=True)
class Variant:
    """The same rule under another defensible choice. `p_yes` null: that choice leaves too little evidence."""

    name: str
    p_rule: float | None
    p_yes: float | None


@dataclass(frozen=True)
class Driver:
    """A piece of evidence, and by how much P(YES) is higher for having it."""

    name: str
    key: tuple[str, ...]
    moved: float


@dataclass(frozen=True)
class Estimated:
    """Everything an estimate says. `low`, `high`: the range of P(YES) over the rule itself and its variants."""

    verdict: Verdict
    prediction: Prediction
    p_yes: float | None
    low: float | None
    high: float | None
    low_variant: str | None
    high_variant: str | None
    variants: Sequence[Variant]
    drivers: Sequence[Driver]
    seed: int
    evidence_hash: str


def estimate(rule: Rule, evidence: Evidence, *, question_id: str, deadline: date) -> Estimated:
    """What the rule says on the evidence. The same rule, evidence and question give the same numbers."""
    seed = seed_of(question_id, rule.id)
    verdict = rule.verdict(evidence)
    prediction = rule.predict(evidence, deadline, seed, DRAWS)
    p_yes = rule.p_yes(prediction.probability)
    variants = [] if p_yes is None else list(_variants(rule, evidence, deadline, seed))
    ends = [(value.p_yes, value.name) for value in variants if value.p_yes is not None]
    if p_yes is not None:
        ends.append((p_yes, AS_STATED))
    low, high = (min(ends), max(ends)) if ends else ((None, None), (None, None))
    return Estimated(
        verdict=verdict,
        prediction=prediction,
        p_yes=p_yes,
        low=low[0],
        high=high[0],
        low_variant=low[1],
        high_variant=high[1],
        variants=variants,
        drivers=[] if p_yes is None else _drivers(rule, evidence, deadline, seed),
        seed=seed,
        evidence_hash=evidence_hash(evidence),
    )


def columns_of(result: Estimated, rule: Rule, *, question_id: str, as_of: date, deadline: date) -> dict[str, Any]:
    """What is kept of an estimate, by the names of its columns: all but who asked, when, and by which program."""
    verdict = result.verdict
    statistic = {
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
    return {
        "question_id": question_id,
        "rule_id": rule.id,
        "as_of": as_of,
        "method": method_of(rule, deadline),
        "evidence_hash": result.evidence_hash,
        "deadline": deadline,
        "verdict": verdict.word,
        "p_rule": result.prediction.probability,
        "p_rule_stderr": result.prediction.stderr,
        "p_yes": result.p_yes,
        "low": result.low,
        "high": result.high,
        "low_variant": result.low_variant,
        "high_variant": result.high_variant,
        "statistic": statistic,
        "drivers": [asdict(driver) for driver in result.drivers],
        "variants": [asdict(variant) for variant in result.variants],
        "rule": rule.model_dump(mode="json"),
        "seed": result.seed,
    }


def method_of(rule: Rule, deadline: date) -> str:
    """What an estimate of the rule is made by: its kind, the version of how, and a digest of what it asks for.

    That includes until when: a close that was moved is another thing asked. Its name and its reasons are not.
    """
    asked = rule.model_dump(mode="json", exclude={"id", "name", "why"}) | {"deadline": deadline.isoformat()}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return f"{asked['kind']}/{VERSION} {digest[:12]}"


def seed_of(question_id: str, rule_id: str) -> int:
    """A seed of 31 bits that only the question and the rule decide.

    Every day has the same: from one to the next a number moves with its evidence, and not with its dice.
    """
    text = f"{question_id}\n{rule_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def evidence_hash(evidence: Evidence) -> str:
    """SHA-256 over every row that was there to be used, whatever order it came in."""

    def find() -> str:
        digest = hashlib.sha256(evidence.as_of.isoformat().encode())
        for name, frame in evidence.frames():
            digest.update(name.encode())
            digest.update("".join(lines_of(frame)).encode())
        return digest.hexdigest()

    return evidence.once("evidence_hash", find)


def lines_of(frame: pl.DataFrame) -> list[str]:
    """The rows as `evidence_hash` takes them in: JSON, a line each, in the order of their text."""
    return sorted(
        json.dumps(row, sort_keys=True, ensure_ascii=False, default=str) + "\n" for row in frame.iter_rows(named=True)
    )


def _variants(rule: Rule, evidence: Evidence, deadline: date, seed: int) -> Sequence[Variant]:
    found = []
    for name, variant in rule.variants(evidence):
        p_rule = variant.predict(evidence, deadline, seed, VARIANT_DRAWS).probability
        found.append(Variant(name=name, p_rule=p_rule, p_yes=rule.p_yes(p_rule)))
    return found


def _drivers(rule: Rule, evidence: Evidence, deadline: date, seed: int) -> list[Driver]:
    """The pieces whose absence would change P(YES) most; none that changes it by less than the rule's `least_moved`."""
    whole = rule.p_yes(rule.predict(evidence, deadline, seed, rule.driver_draws).probability)
    found = []
    for piece in rule.pieces(evidence):
        other = rule.p_yes(rule.predict(rule.without(evidence, piece), deadline, seed, rule.driver_draws).probability)
        if whole is not None and other is not None and abs(whole - other) >= rule.least_moved:
            found.append(Driver(name=piece.name, key=piece.key, moved=whole - other))
    return sorted(found, key=lambda driver: (-abs(driver.moved), driver.key))[:MOST_DRIVERS]
