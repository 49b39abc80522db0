"""Where the numbers of a question's page come from, as links: pairs behind a gap, scores behind a lead, the site."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import polars as pl

from tracker.figures import trends as trend_figures
from tracker.pages import stored
from tracker.pages.choices import ALL
from tracker.pages.evidence_choices import LET_IN, SHORT
from tracker.pages.words import Link
from tracker.rules.claim import in_plain
from tracker.rules.estimate_findings import rule_name, rule_of
from tracker.rules.frontier import FrontierRule
from tracker.rules.gap import GapRule
from tracker.stats.evidence_findings import GRADED, METHODS
from tracker.stats.findings import in_words
from tracker.stats.questions_findings import shortened
from tracker.stats.sites import SITES, site_address


def of_rule(row: Mapping[str, Any]) -> list[Link]:
    """The evidence that a rule looks at, as it was known on the day of its estimate: one row of estimates.

    None of rules that the program no longer reads, and of what there was nothing to see.
    """
    rule = rule_of(row["rule"])
    if isinstance(rule, GapRule):
        found = [_pairs(row["as_of"], rule, name) for name in (rule.capability, rule.share_of) if name]
    elif isinstance(rule, FrontierRule):
        found = [_scores(rule.benchmark)]
    else:
        found = []
    return [link for link in found if link is not None]


def of_measured(rows: pl.DataFrame) -> list[Link]:
    """The evidence of every rule that speaks, each place once."""
    found = [link for row in rows.iter_rows(named=True) for link in of_rule(row)]
    return list(dict.fromkeys(found))


def of_site(question: Mapping[str, Any]) -> list[Link]:
    """The question itself, where it was asked."""
    address = site_address(question["source"], question["url"])
    return [Link(f"the question at {SITES[question['source']]}", address)] if address else []


def of_others(question: Mapping[str, Any], standing: pl.DataFrame) -> list[Link]:
    """The pages of the questions on which the author is on record: of `join_findings.elsewhere`."""
    other = standing.filter(pl.col("question_id") != question["question_id"], pl.col("kind") == "person")
    told = other.select("question_id", "forecaster", "title").unique(maintain_order=True)
    return [
        Link(
            f"what {' '.join(who.split())} said of “{shortened(title or key, 60)}”",
            f"question?{urlencode({'question': key})}",
        )
        for key, who, title in told.iter_rows()
    ]


def of_rules(rows: pl.DataFrame) -> list[Link]:
    """The places on this page where the rules stand with all that their numbers depend on."""
    return [Link(rule_name(row), f"#{anchor(row)}") for row in rows.iter_rows(named=True)]


def anchor(row: Mapping[str, Any]) -> str:
    """The place of a rule on the page."""
    return f"rule-{row['rule_id']}"


def _pairs(as_of: date, rule: GapRule, capability: str) -> Link | None:
    """The page Scores with the pairs of one domain, as near to the rule's own choice as that page can choose."""
    relation = rule.relations[0] if len(rule.relations) == 1 else None
    there = stored.evidence(as_of, relation).filter(
        pl.col("capability") == capability, pl.col("grading") == rule.grading, ~pl.col("demonstration")
    )
    if there.is_empty():
        return None
    chosen = {
        "relation": SHORT[relation] if relation else ALL,
        "graded": GRADED[rule.grading],
        "domain": stored.names().get(capability, capability),
        "method": METHODS[rule.method],
        "as_of": as_of.isoformat(),
    }
    if rule.admit:
        chosen["flags"] = LET_IN
    others = relation is None or rule.admit or rule.without_sources or there["unit"].n_unique() > 1
    which = "all pairs" if others else "the pairs"
    said = f"{which} in {in_plain(capability)} ({GRADED[rule.grading].lower()}), as known on {in_words(as_of)}"
    return Link(said, f"scores?{urlencode(chosen)}")


def _scores(benchmark: str) -> Link | None:
    names = {key: name for name, key in trend_figures.listed(trend_figures.placeable(stored.scores())).items()}
    if benchmark not in names:
        return None
    return Link(f"the scores on {names[benchmark]}", f"trends?{urlencode({'benchmark': names[benchmark]})}")
