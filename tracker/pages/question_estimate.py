"""What this program says of a question and why: the paragraph, the evidence, each rule, and what would change it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from tracker.figures import evidence as figures
from tracker.pages import pictures, scores_table, stored, stored_questions, words
from tracker.pages.question_words import passage
from tracker.rules import estimate_findings, join_findings
from tracker.stats import betting, evidence_domains
from tracker.stats.findings import in_words
from tracker.stats.pooling import Method

METHOD: Method = "paule-mandel"


def paragraph(asked: Mapping[str, Any], estimates: pl.DataFrame, questions: pl.DataFrame, now: datetime) -> None:
    """What is claimed, measured, how sure it is, what others say and what is missing; each begins a line."""
    standing = join_findings.elsewhere(asked, stored_questions.standing(), questions)
    gaps = stored.evidence(None, "same-weights")
    rows = join_findings.speaking(estimates, now.date())
    parts = (
        join_findings.claimed(asked, rows),
        join_findings.measured(rows, gaps=gaps),
        join_findings.sure(rows),
        join_findings.others(asked, standing),
        join_findings.missing(asked, rows, now.date(), gaps=gaps),
    )
    passage("\n\n".join(part for part in parts if part))


def show(asked: Mapping[str, Any], estimates: pl.DataFrame, price: float | None, now: datetime) -> None:
    """The evidence, the rules in words with what they say, and what would change the number."""
    rows = join_findings.speaking(estimates, now.date())
    if rows.is_empty():
        return
    _evidence(rows.row(0, named=True))
    words.subhead("What decides it, as rules")
    for row in rows.iter_rows(named=True):
        _rule(row)
    first = rows.row(0, named=True)
    if price is not None and first["p_yes"] is not None:
        words.quiet(worth(first["p_yes"], price))


def _evidence(row: Mapping[str, Any]) -> None:
    """The pooled gaps of every domain that is graded as the headline's rule asks, with that one among them."""
    rule = json.loads(row["rule"])
    if rule["kind"] != "gap":
        return
    relation = rule["relations"][0] if len(rule["relations"]) == 1 else None
    gaps = stored.evidence(row["deadline"] if row["deadline"] < row["as_of"] else None, relation)
    gaps = gaps.filter(
        pl.col("grading") == rule["grading"],
        pl.col("relation").is_in(rule["relations"]),
        ~pl.col("demonstration"),
    )
    if gaps.is_empty():
        return
    rows = evidence_domains.domains(gaps, stored.names(), method=METHOD, admit=rule["admit"])
    figure = figures.pooled(
        gaps, rows, relation=relation, method=METHOD, publications=stored.publications(), select=None
    )
    words.subhead("The evidence")
    words.quiet(figure.words.title + ".")
    words.quiet(figure.words.subtitle)
    pictures.show(figure.draw, key="question-evidence")
    words.quiet(figure.words.source)
    pictures.offered(figure, scores_table.pooled(rows))


def _rule(row: Mapping[str, Any]) -> None:
    """One rule: in words, its verdict, what it makes of the question, and how that depends on choices."""
    rule = json.loads(row["rule"])
    words.quiet(f"{' '.join(rule['name'].split())}:")
    lines = [
        estimate_findings.rule_words(row),
        estimate_findings.verdict_sentence(row),
        estimate_findings.estimate_sentence(row),
        estimate_findings.resting(row),
        estimate_findings.variants_sentence(row),
        estimate_findings.drivers_sentence(row),
        estimate_findings.next_sentence(row),
        f"Why this rule: {' '.join(rule['why'].split())}",
        f"Evidence up to {in_words(row['as_of'])}, hash {row['evidence_hash'][:12]}, seed {row['seed']}, code"
        f" {row['code_version']}.",
    ]
    passage("\n".join(line for line in lines if line))


def worth(estimate: float, price: float) -> str:
    """What our estimate would buy at the market's price, with the warning that belongs to it."""
    found = betting.bet(estimate, price)
    if found is None:
        return f"At the market's price our estimate buys nothing. {betting.WARNING}"
    return (
        f"Were our estimate right, {found.side} at the market's price would gain {100 * found.value:.0f} % of each"
        f" stake on average, and Kelly's share of what one has would be {100 * found.share:.0f} %. {betting.WARNING}"
    )
