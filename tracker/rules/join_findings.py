"""What the join says of a question, as a paragraph composed from its numbers: claimed, measured, how sure, missing.

A verdict's sentence is that of `tracker.rules.verdicts`, so nothing here is stronger than the intervals; what is not
known is said to be so. Each function gives one sentence or a few, and an empty text where there is nothing to say.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import polars as pl
from pydantic import ValidationError

from tracker.rules.claim import Rule
from tracker.rules.rule import SHAPES
from tracker.rules.verdicts import amount, stated
from tracker.stats.evidence import once, pooled
from tracker.stats.evidence_domains import odds_text
from tracker.stats.evidence_findings import METHODS, joined
from tracker.stats.findings import gap_text, in_words
from tracker.stats.forecast_findings import named
from tracker.stats.pooling import pool_twins, twin_differences
from tracker.stats.questions import percent, quantity, said
from tracker.stats.questions_findings import shortened
from tracker.stats.sites import SITES

# Rules of one question are computed for the same day, or for their own deadline; back-tests a month apart.
APART = timedelta(days=31)
# Evidence that is older than this is called old.
OLD = timedelta(days=90)
MOST_COMPARED = 4
# A driver that moves the estimate by less is not worth a sentence.
MUCH = 0.02
OVERALL = "general"


def paragraph(
    question: Mapping[str, Any],
    estimates: pl.DataFrame,
    standing: pl.DataFrame,
    today: date,
    *,
    gaps: pl.DataFrame | None = None,
    no_rule: str | None = None,
) -> str:
    """The question in one paragraph, as it is on a day: what is claimed, what is measured, how sure, what is missing.

    question   a row of `db.queries.questions.questions`
    estimates  its rows of `db.queries.estimates.estimates`, live and back-tests; may be empty
    standing   what stood: rows of `db.queries.forecasts.standing` (or of `question_findings.says`). Those of other
               questions are what its author is on record for elsewhere; a column `title` names them
    gaps       as known on the day, of `db.queries.gaps.gaps` or `db.queries.evidence.evidence`: adds the other domains
               that are measured in the same way, and how old the evidence is
    no_rule    why no rule stands for it, where none does
    """
    rows = speaking(estimates, today)
    parts = [
        claimed(question, rows, no_rule=no_rule),
        measured(rows, gaps=gaps),
        sure(rows),
        others(question, standing),
        missing(question, rows, today, gaps=gaps),
    ]
    return " ".join(filter(None, parts))


def speaking(estimates: pl.DataFrame, today: date) -> pl.DataFrame:
    """The estimate of each rule that speaks on a day, the headline first: the latest, live before back-test.

    Rules that a question no longer has are left out: the others have been computed since.
    """
    known = estimates.filter(pl.col("as_of") <= today).sort("rule_id", "as_of", ~pl.col("backtest"))
    latest = known.group_by("rule_id", maintain_order=True).last().select(estimates.columns)
    newest = latest["as_of"].max()
    if newest is not None:
        still = pl.min_horizontal(pl.lit(newest), "deadline") - APART
        latest = latest.filter(pl.col("as_of") >= still)
    return latest.sort("headline", "rule_id", descending=[True, False])


def claimed(question: Mapping[str, Any], rows: pl.DataFrame, *, no_rule: str | None = None) -> str:
    """The question's words, and those of the rule that stands for it. `rows` of `speaking`."""
    asked = f"What is claimed: “{shortened(question['title'], 200)}”"
    if rows.is_empty():
        why = f": {no_rule[:1].lower()}{no_rule[1:].rstrip('.')}" if no_rule else ""
        return f"{asked} No rule stands for it{why}."
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
        f"{rule_name(row)}: {_lower(verdict_sentence(row))}" for row in rows.iter_rows(named=True) if row != first
    ]
    return " ".join(filter(None, parts))


def verdict_sentence(row: Mapping[str, Any]) -> str:
    """Whether the rule holds, and by which numbers: of one row of estimates."""
    return stated(row["verdict"], json.loads(row["statistic"]), row["as_of"])


def how(row: Mapping[str, Any]) -> str:
    """By which method the verdict's number was had and how it spreads; of a lead, how sure it is. Else empty."""
    numbers = json.loads(row["statistic"])
    if numbers.get("value") is None:
        return ""
    if "other_model" in numbers and numbers["low"] is not None:
        ends = " to ".join(amount(numbers[end], numbers["scale"]) for end in ("low", "high"))
        sure = "" if numbers["low"] > 0 or numbers["high"] < 0 else ": not told apart from nothing"
        return f"The 95 % interval of that lead is {ends}{sure}."
    if numbers.get("method") not in METHODS:
        return ""
    told = f"Pooled by random effects ({METHODS[numbers['method']]}, Hartung–Knapp)"
    ahead = f"{numbers['positive']} of the {numbers['k']} pairs are above 0"
    if numbers["scale"] == "log_odds":
        return f"{told}; {ahead}."
    return (
        f"{told}; {ahead}, and what they truly are spreads by {amount(numbers['tau'], numbers['scale'], signed=False)}."
    )


def alongside(row: Mapping[str, Any], gaps: pl.DataFrame) -> str:
    """Other domains measured as the rule's own is, and how far they stand above it within the same pairs.

    Only of rules about a gap; domains that cannot be pooled are not named.
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
        f"{_named(one['capability'])} {write(one['mean'], one['low'], one['high'])}{unit if not place else ''}"
        for place, one in enumerate(chosen.iter_rows(named=True))
    ]
    apart = []
    for name in chosen.filter(nature="checkable")["capability"].to_list():
        pair = (alike.filter(capability=other) for other in (name, own))
        result = pool_twins(twin_differences(*pair, scale="value" if elo else "log_odds"), method=method)
        if result.mean is not None and result.low is not None and result.high is not None:
            apart.append(f"{_named(name)} by {write(result.mean, result.low, result.high)}")
    within = f" Within the same pairs, {joined(apart)}{unit} above {_named(own)}." if apart else ""
    return f"Measured in the same way: {joined(listed)}.{within}"


def sure(rows: pl.DataFrame) -> str:
    """How likely YES is by our reckoning, and what that hangs on."""
    if rows.is_empty():
        return ""
    first = rows.row(0, named=True)
    ours = estimate_sentence(first).replace("Our estimate:", "our estimate of YES is", 1)
    parts = [f"How sure: {_lower(ours)}", resting(first), hanging(first)]
    known = [row for row in rows.tail(-1).iter_rows(named=True) if row["p_yes"] is not None]
    if known:
        listed = joined([f"{_lower(rule_name(row))} gives {probability(row['p_yes'])}{_range(row)}" for row in known])
        parts.append(f"Read by another rule: {listed}.")
    if first["backtest"]:
        parts.append(
            "This is a back-test: made later, of the evidence of that day alone, by rules that were written later."
        )
    return " ".join(filter(None, parts))


def estimate_sentence(row: Mapping[str, Any]) -> str:
    """Our estimate of one rule with its range: "Our estimate: 6 % [range 6–6 over 3 variants]."."""
    if row["p_yes"] is None:
        return "No estimate of ours: there is too little to compute it from."
    return f"Our estimate: {probability(row['p_yes'])}{_range(row)}{_undecided(row)}."


def resting(row: Mapping[str, Any]) -> str:
    """What P(YES) is made of: P(rule), how well the rule stands for the question, and what is expected to come."""
    if row["p_rule"] is None:
        return ""
    rule, numbers = json.loads(row["rule"]), json.loads(row["statistic"])
    if row["as_of"] >= row["deadline"]:
        decided = f"On its deadline the rule {'held' if row['p_rule'] == 1 else 'did not hold'}"
    elif not numbers.get("draws"):
        decided = "What the rule asks for has been reached, and stays so"
    else:
        decided = f"The rule holds at its deadline with a probability of {simulated(row['p_rule'], numbers['draws'])}"
        expected = numbers.get("expected")
        if expected is not None:
            what = "releases" if "model" in numbers else "new measurements"
            decided += f", {expected:.1f} {what} being expected by then"
    fidelity, otherwise = (f"{100 * rule[name]:.0f}\u00a0%" for name in ("fidelity", "otherwise"))
    return (
        f"{decided}; whoever resolves the question is taken to agree with it with {fidelity}, and where not, YES to be"
        f" {otherwise} likely."
    )


def hanging(row: Mapping[str, Any]) -> str:
    """The piece of evidence that moves the estimate most; empty where none moves it by two points."""
    drivers = json.loads(row["drivers"])
    if row["p_yes"] is None or not drivers or abs(drivers[0]["moved"]) < MUCH:
        return ""
    moved = drivers[0]["moved"]
    without = min(max(row["p_yes"] - moved, 0.0), 1.0)
    return f"It hangs most on {drivers[0]['name']}: without that it would be about {probability(without)}."


def drivers_sentence(row: Mapping[str, Any]) -> str:
    """The pieces of evidence that move the estimate most, each with by how many points."""
    drivers = json.loads(row["drivers"])
    told = [f"{one['name']} ({_points(one['moved'])})" for one in drivers]
    return f"It is so much higher or lower for having: {joined(told)}." if told else ""


def variants_sentence(row: Mapping[str, Any]) -> str:
    """P(YES) under each other defensible choice."""
    told = [
        f"{one['name']} {'too little evidence' if one['p_yes'] is None else probability(one['p_yes'])}"
        for one in json.loads(row["variants"])
    ]
    return f"Under other choices: {'; '.join(told)}." if told else ""


def next_sentence(row: Mapping[str, Any]) -> str:
    """The size of the next result that would move the estimate by ten points, down and up."""
    numbers = json.loads(row["statistic"])
    coming = numbers.get("next")
    if not coming:
        return ""
    scale = numbers["scale"]
    down, up = sorted(coming, key=lambda one: float(one["change"]))
    told = [
        f"{'lower' if one is down else 'raise'} it by ten points with a gap of {amount(one['value'], scale)} or"
        f" {'less' if one is down else 'more'}"
        for one in (down, up)
        if one["value"] is not None
    ]
    never = [
        f"no result within reach would {'lower' if one is down else 'raise'} it so far"
        for one in (down, up)
        if one["value"] is None
    ]
    sure = amount(down["stderr"], scale, signed=False)
    opening = f"What would move it: one more pair, measured with a standard error of {sure}, would "
    if not told:
        return f"What would move it: of one more pair {' and '.join(never)}."
    return f"{opening}{' and '.join(told)}{'; ' if never else ''}{''.join(never)}."


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


def rule_words(row: Mapping[str, Any]) -> str:
    """The rule of an estimate in plain words; its name where the program no longer reads it."""
    rule = rule_of(row["rule"])
    return f"“{json.loads(row['rule']).get('name', row['rule_id'])}”." if rule is None else rule.words()


def rule_name(row: Mapping[str, Any]) -> str:
    return str(json.loads(row["rule"]).get("name", row["rule_id"]))


def rule_of(text: str) -> Rule | None:
    """The rule as it was stored with an estimate; null for one that this version of the program cannot read."""
    shape = SHAPES.get(str(json.loads(text).get("kind")))
    try:
        return None if shape is None else shape.model_validate_json(text)
    except ValidationError:
        return None


def probability(value: float) -> str:
    """A probability as a reader gets it: "6 %", near the ends "0.4 %"; what is not 0 or 1 never reads so."""
    if 0 < value < 0.0005:
        return "under 0.1\u00a0%"
    return "over 99.9\u00a0%" if 0.9995 < value < 1 else f"{percent(value)}\u00a0%"


def simulated(value: float, draws: int) -> str:
    """A share of simulated futures: none of them, or all, is no certainty."""
    if value in (0, 1):
        return f"{'under' if value == 0 else 'over'} {percent(abs(value - 3 / draws))}\u00a0%"
    return probability(value)


def _range(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    counted = 1 + sum(one["p_yes"] is not None for one in json.loads(row["variants"]))
    ends = "–".join(percent(row[end]) for end in ("low", "high"))
    return f" [range {ends} over {counted} {'variant' if counted == 1 else 'variants'}]"


def _undecided(row: Mapping[str, Any]) -> str:
    silent = sum(one["p_yes"] is None for one in json.loads(row["variants"]))
    if not silent:
        return ""
    return f" ({silent} more {'has' if silent == 1 else 'have'} too little evidence)"


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


def _named(capability: str) -> str:
    """A capability as the words of a rule have it."""
    return "all text" if capability == OVERALL else capability.replace("-", " ")


def _points(change: float) -> str:
    return f"{100 * change:+.0f} points".replace("-", "−")


def _lower(text: str) -> str:
    """A sentence within another: its first letter small, unless it begins with an abbreviation."""
    if text[1:2].isupper():
        return text
    return text[:1].lower() + text[1:]
