"""Where the numbers of a question's page come from, as links: pairs behind a gap, scores behind a lead, the site."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import polars as pl

from tracker.figures import trends as trend_figures
from tracker.pages import stored
from tracker.pages.choices import ALL
from tracker.pages.evidence_choices import LET_IN, SHORT
from tracker.pages.words import Link
from tracker.rules.claim import in_plain
from tracker.rules.estimate_findings import rule_name
from tracker.stats.evidence_findings import GRADED
from tracker.stats.findings import in_words
from tracker.stats.sites import SITES, site_address


def of_rule(row: Mapping[str, Any]) -> list[Link]:
    """The evidence that a rule looks at, as it was known on the day of its estimate: one row of estimates."""
    rule = json.loads(row["rule"])
    if rule["kind"] == "gap":
        asked = [name for name in (rule["capability"], rule.get("share_of")) if name]
        return [_pairs(row, rule, name) for name in asked]
    return [_scores(rule["benchmark"])] if rule.get("benchmark") else []


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
    return [
        Link(f"what {' '.join(who.split())} is on record for", f"question?{urlencode({'question': key})}")
        for key, who in other.select("question_id", "forecaster").unique(maintain_order=True).iter_rows()
    ]


def of_rules(rows: pl.DataFrame) -> list[Link]:
    """The places on this page where the rules stand with all that their numbers depend on."""
    return [Link(rule_name(row), f"#{anchor(row)}") for row in rows.iter_rows(named=True)]


def anchor(row: Mapping[str, Any]) -> str:
    """The place of a rule on the page."""
    return f"rule-{row['rule_id']}"


def _pairs(row: Mapping[str, Any], rule: Mapping[str, Any], capability: str) -> Link:
    """The page Scores with the pairs of one domain, chosen as the rule chooses them."""
    relations: Sequence[str] = rule["relations"]
    chosen = {
        "relation": SHORT.get(relations[0], ALL) if len(relations) == 1 else ALL,
        "graded": GRADED[rule["grading"]],
        "domain": stored.names().get(capability, capability),
        "as_of": row["as_of"].isoformat(),
    }
    if rule.get("admit"):
        chosen["flags"] = LET_IN
    graded = GRADED[rule["grading"]].lower()
    said = f"the pairs in {in_plain(capability)} ({graded}), as known on {in_words(row['as_of'])}"
    return Link(said, f"scores?{urlencode(chosen)}")


def _scores(benchmark: str) -> Link:
    names = {key: name for name, key in trend_figures.listed(trend_figures.placeable(stored.scores())).items()}
    if benchmark not in names:
        return Link("the scores of all models", "trends")
    return Link(f"the scores on {names[benchmark]}", f"trends?{urlencode({'benchmark': names[benchmark]})}")
