"""What this program says of a question and why: the paragraph, the evidence, each rule, and what would change it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tracker.catalog.checked import CatalogError
from tracker.figures import evidence as figures
from tracker.pages import pictures, question_sources, scores_table, stored, stored_questions, words
from tracker.pages.question_words import passage
from tracker.rules import estimate_findings, join_findings
from tracker.rules.rule import Rule
from tracker.stats import betting, evidence_domains
from tracker.stats.findings import in_words
from tracker.stats.pooling import Method

METHOD: Method = "paule-mandel"


def paragraph(asked: Mapping[str, Any], estimates: pl.DataFrame, questions: pl.DataFrame, now: datetime) -> None:
    """What is claimed, measured, how sure it is, what others say and what is missing; each begins a line."""
    try:
        rules = stored_questions.rules(asked["question_id"])
    except CatalogError as error:
        words.notice(str(error))
        return
    standing = join_findings.elsewhere(asked, stored_questions.standing(), questions)
    rows = _speaking(estimates, rules, now)
    gaps = None if rows.is_empty() else _gaps(rows.row(0, named=True))
    parts = (
        (join_findings.claimed(asked, rows, rules), question_sources.of_site(asked)),
        (join_findings.measured(rows, gaps=gaps), question_sources.of_measured(rows)),
        (join_findings.sure(rows), question_sources.of_rules(rows)),
        (join_findings.others(asked, standing), question_sources.of_others(asked, standing)),
        (join_findings.missing(asked, rows, now.date(), gaps=gaps), ()),
    )
    for said, links in parts:
        if said:
            passage(said)
            words.come_from(links)


def show(asked: Mapping[str, Any], estimates: pl.DataFrame, price: float | None, now: datetime) -> None:
    """The evidence, the rules in words with what they say, and what would change the number."""
    try:
        rows = _speaking(estimates, stored_questions.rules(asked["question_id"]), now)
    except CatalogError:
        # `paragraph` has said it.
        return
    if rows.is_empty():
        return
    _evidence(rows.row(0, named=True))
    words.subhead("What decides it, as rules")
    for row in rows.iter_rows(named=True):
        _rule(row)
    first = rows.row(0, named=True)
    if price is not None and first["p_yes"] is not None and not first["backtest"]:
        words.quiet(worth(first["p_yes"], price))


def _speaking(estimates: pl.DataFrame, rules: Sequence[Rule], now: datetime) -> pl.DataFrame:
    return join_findings.speaking(estimates, now.date(), [rule.id for rule in rules])


def _gaps(row: Mapping[str, Any]) -> pl.DataFrame:
    """The gaps as they were known on the day of a verdict, of the pairs that its rule asks for."""
    return stored.evidence(row["as_of"], _relation(json.loads(row["rule"])))


def _relation(rule: Mapping[str, Any]) -> str | None:
    """The relation of the pairs that a rule asks for; null: several, or it asks for none."""
    relations = rule.get("relations", ())
    return str(relations[0]) if len(relations) == 1 else None


def _evidence(row: Mapping[str, Any]) -> None:
    """The pooled gaps of every domain that is graded as the headline's rule asks, with that one among them."""
    rule = json.loads(row["rule"])
    if rule["kind"] != "gap":
        return
    relation = _relation(rule)
    gaps = _gaps(row).filter(
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
    passage("\n".join(line for line in lines if line), question_sources.anchor(row))
    words.come_from(question_sources.of_rule(row))


def worth(estimate: float, price: float) -> str:
    """What our estimate would buy at the market's price, with the warning that belongs to it."""
    found = betting.bet(estimate, price)
    if found is None:
        return f"At the market's price our estimate buys nothing. {betting.WARNING}"
    return (
        f"Were our estimate right, {found.side} at the market's price would gain {100 * found.value:.0f} % of each"
        f" stake on average, and Kelly's share of what one has would be {100 * found.share:.0f} %. {betting.WARNING}"
    )
