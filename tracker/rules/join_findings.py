"""What the join says of a question, as a paragraph composed from its numbers: claimed, measured, how sure, missing.

A verdict's sentence is that of `tracker.rules.verdicts`, so nothing here is stronger than the intervals; what is not
known is said to be so. Each function gives one sentence or a few, and an empty text where there is nothing to say.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import polars as pl

from tracker.rules.claim import OVERALL, Rule, in_plain
from tracker.rules.estimate_findings import (
    estimate_sentence,
    hanging,
    how,
    lowered,
    probability,
    ranged,
    resting,
    rule_name,
    rule_words,
    verdict_sentence,
)
from tracker.rules.none import NoRule
from tracker.stats.evidence import FEWEST_CONVENTIONAL, once, pooled
from tracker.stats.evidence_domains import odds_text
from tracker.stats.evidence_findings import joined
from tracker.stats.findings import gap_text, in_words
from tracker.stats.forecast_findings import named
from tracker.stats.pooling import pool_twins, twin_differences
from tracker.stats.questions import quantity, said
from tracker.stats.questions_findings import shortened
from tracker.stats.sites import SITES

# Evidence that is older than this is called old.
OLD = timedelta(days=90)
MOST_COMPARED = 4


def paragraph(
    question: Mapping[str, Any],
    estimates: pl.DataFrame,
    standing: pl.DataFrame,
    today: date,
    *,
    rules: Sequence[Rule],
    gaps: pl.DataFrame | None = None,
) -> str:
    """The question in one paragraph, as it is on a day: what is claimed, what is measured, how sure, what is missing.

    question   a row of `db.queries.questions.questions`
    estimates  its rows of `db.queries.estimates.estimates`, live and back-tests; may be empty
    standing   what stood: rows of `db.queries.forecasts.standing` (or of `question_findings.says`). Those of other
               questions are what its author is on record for elsewhere; a column `title` names them
    rules      those that the question has now, the headline's first
    gaps       as known on the day of the headline's verdict, of `db.queries.gaps.gaps` or
               `db.queries.evidence.evidence`: adds the other domains that are measured in the same way, and how old
               the evidence is
    """
    rows = speaking(estimates, today, [rule.id for rule in rules])
    parts = [
        claimed(question, rows, rules),
        measured(rows, gaps=gaps),
        sure(rows),
        others(question, standing),
        missing(question, rows, today, gaps=gaps),
    ]
    return " ".join(filter(None, parts))


def speaking(estimates: pl.DataFrame, today: date, rule_ids: Sequence[str]) -> pl.DataFrame:
    """The estimate of each rule that speaks on a day: the latest, live before back-test.

    `rule_ids`: of the rules that the question has now, in whose order they come; what is stored of others is history.
    Of live estimates the one made last: where a close was moved to the past, its day lies before those of earlier ones.
    """
    made = pl.when(~pl.col("backtest")).then("computed_at")
    known = estimates.filter(pl.col("as_of") <= today).sort(~pl.col("backtest"), made, "as_of")
    latest = known.group_by("rule_id", maintain_order=True).last()
    rules = pl.DataFrame({"rule_id": rule_ids}, schema={"rule_id": pl.String})
    return rules.join(latest, on="rule_id", maintain_order="left").select(estimates.columns)


def claimed(question: Mapping[str, Any], rows: pl.DataFrame, rules: Sequence[Rule]) -> str:
    """The question's words, and those of the rule that stands for it. `rows` of `speaking`, and the rules it has."""
    asked = f"What is claimed: “{shortened(question['title'], 200)}”"
    if rows.is_empty():
        if not rules:
            return f"{asked} No rule stands for it."
        if isinstance(rules[0], NoRule):
            return f"{asked} No rule stands for it: {lowered(rules[0].because).rstrip('.')}."
        return f"{asked} The rule that stands for it: {rules[0].words()} No estimate of it has been made."
    row = rows.row(0, named=True)
    return f"{asked} The rule that stands for it: {rule_words(row)} Its deadline is {in_words(row['deadline'])}."


def measured(rows: pl.DataFrame, *, gaps: pl.DataFrame | None = None) -> str:
    """The verdict of each rule, the headline's with its method and beside what is measured in the same way."""
    if rows.is_empty():
        return ""
    first = rows.row(0, named=True)
    parts = [f"What is measured: {verdict_sentence(first)}", how(first)]
    if gaps is not None:
        parts.append(alongside(first, gaps))
    parts += [
        f"{rule_name(row)}: {lowered(verdict_sentence(row))}" for row in rows.iter_rows(named=True) if row != first
    ]
    return " ".join(filter(None, parts))


def alongside(row: Mapping[str, Any], gaps: pl.DataFrame) -> str:
    """Other domains measured as the rule's own is, and how far they stand above it within the same pairs.

    Only of rules about a gap; domains that cannot be pooled are not named. `gaps` as known on the day of the verdict.
    """
    rule = json.loads(row["rule"])
    if rule["kind"] != "gap" or row["verdict"] == "too-little":
        return ""
    alike = once(
        gaps.filter(
            pl.col("grading") == rule["grading"],
            pl.col("unit") == rule["unit"],
            pl.col("relation").is_in(rule["relations"]),
            ~pl.col("demonstration"),
        ),
        admit=rule["admit"],
    )
    method, own = rule["method"], rule["capability"]
    found = pooled(alike, ("capability", "nature"), method=method, admit=rule["admit"]).filter(
        pl.col("mean").is_not_null(), pl.col("capability") != own
    )
    wanted = found.filter((pl.col("nature") == "checkable") | (pl.col("capability") == OVERALL))
    chosen = wanted.sort(pl.col("capability") == OVERALL, "mean", descending=[False, True]).head(MOST_COMPARED)
    if chosen.is_empty():
        return ""
    elo = rule["unit"] == "rating"
    write, unit = (gap_text, " Elo") if elo else (odds_text, "")
    listed = [
        f"{in_plain(one['capability'])} {write(one['mean'], one['low'], one['high'])}{unit if not place else ''}"
        for place, one in enumerate(chosen.iter_rows(named=True))
    ]
    apart = []
    for name in chosen.filter(nature="checkable")["capability"].to_list():
        pair = (alike.filter(capability=other) for other in (name, own))
        twins = twin_differences(*pair, scale="value" if elo else "log_odds", admit=rule["admit"])
        result = pool_twins(twins, method=method)
        if twins["conventional_id"].n_unique() < FEWEST_CONVENTIONAL:
            continue
        if result.mean is not None and result.low is not None and result.high is not None:
            apart.append(f"{in_plain(name)} by {write(result.mean, result.low, result.high)}")
    within = f" Within the same pairs, {joined(apart)}{unit} above {in_plain(own)}." if apart else ""
    return f"Measured in the same way: {joined(listed)}.{within}"


def sure(rows: pl.DataFrame) -> str:
    """How likely YES is by our reckoning, and what that hangs on."""
    if rows.is_empty():
        return ""
    first = rows.row(0, named=True)
    ours = estimate_sentence(first).replace("Our estimate:", "our estimate of YES is", 1)
    parts = [f"How sure: {lowered(ours)}", resting(first), hanging(first)]
    known = [row for row in rows.tail(-1).iter_rows(named=True) if row["p_yes"] is not None]
    if known:
        listed = joined([f"{lowered(rule_name(row))} gives {probability(row['p_yes'])}{ranged(row)}" for row in known])
        parts.append(f"Read by another rule: {listed}.")
    if first["backtest"]:
        parts.append(
            "This is a back-test: made later, of the evidence of that day alone, by rules that were written later."
        )
    return " ".join(filter(None, parts))


def others(question: Mapping[str, Any], standing: pl.DataFrame) -> str:
    """What markets and people say, and what the question's author is on record for elsewhere."""
    scale = quantity(question["scale"])
    own = standing.filter(question_id=question["question_id"])
    prices = own.filter(kind="market").sort("forecaster")
    told = [f"{named(name, 'market')} stands at {said(value, scale)}" for name, value in _said(prices)]
    if not told and question["source"] != "own":
        told.append(f"the price at {SITES.get(question['source'], question['source'])} is not known")
    people = own.filter(kind="person").sort("at", "forecaster")
    told += [
        f"{' '.join(row['forecaster'].split())} said {said(row['probability'], scale)} on {in_words(row['at'].date())}"
        for row in people.iter_rows(named=True)
    ]
    elsewhere = standing.filter(pl.col("question_id") != question["question_id"], pl.col("kind") == "person")
    for row in elsewhere.sort("at", "forecaster").iter_rows(named=True):
        title = f": “{shortened(row['title'], 120)}”" if row.get("title") else ""
        who = " ".join(row["forecaster"].split())
        told.append(
            f"its author, {who}, is on record for {said(row['probability'])} as of {in_words(row['at'].date())} on"
            f" another question{title}"
        )
    return f"What others say: {'; '.join(told)}." if told else ""


def author_of(question: Mapping[str, Any]) -> str | None:
    """Who asks the question, where its address says so (Manifold's do); null: not known."""
    if question["source"] != "manifold" or not question["url"]:
        return None
    parts = [part for part in urlsplit(question["url"]).path.split("/") if part]
    return parts[0] if len(parts) == 2 else None


def elsewhere(question: Mapping[str, Any], standing: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """What stands on the question, and what its author is on record for on others: what `paragraph` takes.

    `standing` of all questions; `questions` gives the others' titles.
    """
    author = author_of(question)
    titled = standing.join(questions.select("question_id", "title"), on="question_id", how="left")
    own = pl.col("question_id") == question["question_id"]
    by_author = (pl.col("kind") == "person") & (pl.col("forecaster").str.to_lowercase() == (author or "").lower())
    return titled.filter(own | by_author)


def missing(question: Mapping[str, Any], rows: pl.DataFrame, today: date, *, gaps: pl.DataFrame | None = None) -> str:
    """What a reader must not take for known."""
    told = []
    if question["source"] != "own" and question["synced_at"] is None:
        told.append("its site has not been read, so its full wording and its close are not known")
    elif question["closes_at"] is None:
        told.append("when it closes is not known")
    if rows.height:
        old = _age(rows.row(0, named=True), gaps, today)
        told += [old] if old else []
    return f"What is missing: {'; '.join(told)}." if told else ""


def _age(row: Mapping[str, Any], gaps: pl.DataFrame | None, today: date) -> str:
    rule = json.loads(row["rule"])
    today = min(today, row["deadline"])
    if gaps is None or "capability" not in rule:
        return ""
    own = gaps.filter(capability=rule["capability"], grading=rule["grading"], demonstration=False)
    newest = own["finished_at"].max()
    if not isinstance(newest, datetime) or today - newest.date() <= OLD:
        return ""
    return f"evidence of the last {(today - newest.date()).days:,} days, since {in_words(newest.date())}"


def _said(rows: pl.DataFrame) -> list[tuple[str, float]]:
    return cast("list[tuple[str, float]]", rows.select("forecaster", "probability").drop_nulls().rows())
