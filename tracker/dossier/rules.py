"""A dossier's part on the rules: each in words, what it says, how sure that is, and what it hangs on."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tracker.dossier.blocks import Block, Column, Heading, Items, Name, Table, Text, sentences
from tracker.dossier.spoken import Spoken
from tracker.rules import estimate_findings as findings
from tracker.rules.estimate import AS_STATED
from tracker.rules.none import NoRule
from tracker.rules.verdicts import in_words


def rule_blocks(found: Sequence[Spoken]) -> Iterator[Block]:
    """A part a rule."""
    yield Heading("The rules that stand for it")
    several = len(found) > 1
    yield Text.of(
        "A rule says what must be true of the evidence. It stands for the question, and whoever resolves the question "
        "may still decide otherwise: how likely that is, is a judgement, and stated with its reason."
        + (" The first rule is the one that our estimate follows." if several else ""),
        quiet=True,
    )
    for one in found:
        yield Heading(one.rule.name, 3)
        if isinstance(one.rule, NoRule):
            yield Text.of(one.rule.words())
            continue
        yield Text.of(one.rule.words())
        if one.row is None:
            yield Text.of("When the question closes is not known, so there is no deadline and no estimate.")
            continue
        yield from _estimated(one, one.row)
        yield Text.of(
            f"Why it stands for the question: {one.rule.why} Taken to agree with the resolver with "
            f"{100 * one.rule.fidelity:.0f}\u00a0% (fidelity); where it does not, YES with "
            f"{100 * one.rule.otherwise:.0f}\u00a0%."
        )


def _estimated(one: Spoken, row: dict[str, Any]) -> Iterator[Block]:
    yield from _said(f"Deadline: {in_words(row['deadline'])}.", findings.verdict_sentence(row), findings.how(row))
    yield from _said(findings.estimate_sentence(row), findings.resting(row), findings.hanging(row), _made(one, row))
    yield from _said(findings.next_sentence(row))
    variants, draws = json.loads(row["variants"]), json.loads(row["statistic"]).get("draws") or 0
    if variants:
        rows = [{"name": AS_STATED, "p_rule": row["p_rule"], "p_yes": row["p_yes"]}, *variants]
        yield Table(
            (Column("Choice", share=3.0), Column("P(rule)", right=True), Column("P(YES)", right=True)),
            tuple(
                (str(choice["name"]).capitalize() if place == 0 else str(choice["name"]), *_both(choice, draws))
                for place, choice in enumerate(rows)
            ),
            "The same claim under other defensible choices: how far the number depends on them.",
        )
    drivers = json.loads(row["drivers"])
    if drivers:
        yield Text.of("The pieces of evidence that move it most, and what it would be without each:")
        yield Items(
            tuple((f"{driver['name']}: about {_without(row['p_yes'], driver['moved'])}",) for driver in drivers)
        )


def _both(choice: dict[str, Any], draws: int) -> tuple[str, str]:
    if choice["p_yes"] is None or choice["p_rule"] is None:
        return "too little evidence", ""
    p_rule = findings.simulated(choice["p_rule"], draws) if draws else findings.probability(choice["p_rule"])
    return p_rule, findings.probability(choice["p_yes"])


def _without(p_yes: float, moved: float) -> str:
    return findings.probability(min(max(p_yes - moved, 0.0), 1.0))


def _made(one: Spoken, row: dict[str, Any]) -> str:
    if one.stored:
        return "" if not row["backtest"] else "It is a back-test, computed after its day."
    if one.replaced is not None:
        before = one.replaced["p_yes"]
        said = "none" if before is None else findings.probability(before)
        return (
            "Evidence of that day has been added or mended since an estimate was stored"
            f" (it was {said}), so it was computed anew for this dossier."
        )
    return "No estimate is stored for that day, so it was computed for this dossier."


def _said(*texts: str) -> Iterator[Block]:
    text = sentences(*texts)
    if text is not None:
        yield text


def hashes(found: Sequence[Spoken]) -> Table:
    """What it takes to compute each number again."""
    rows = [
        (
            one.rule.name,
            in_words(one.row["as_of"]),
            Name(one.row["method"]),
            Name(str(one.row["seed"])),
            Name(one.row["evidence_hash"]),
            Name(one.row["code_version"]),
        )
        for one in found
        if one.row is not None
    ]
    columns = (
        Column("Rule", share=1.5),
        Column("Evidence up to"),
        Column("Method", share=1.5),
        Column("Seed"),
        Column("SHA-256 of the evidence", share=2.5),
        Column("Code", share=1.5),
    )
    return Table(columns, tuple(rows))
