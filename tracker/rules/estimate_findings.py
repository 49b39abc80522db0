"""What one estimate says, in sentences composed from its row: verdict, probability, what it rests on and hangs on.

A row is one of `db.queries.estimates.estimates`. An empty text: there is nothing to say.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tracker.rules.claim import Rule
from tracker.rules.rule import SHAPES
from tracker.rules.verdicts import amount, stated
from tracker.stats.evidence_findings import METHODS, joined
from tracker.stats.questions import percent

# A driver that moves the estimate by less is not worth a sentence.
MUCH = 0.02


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


def estimate_sentence(row: Mapping[str, Any]) -> str:
    """Our estimate of one rule with its range: "Our estimate: 6 % [range 6–6 over 3 variants]."."""
    if row["p_yes"] is None:
        return "No estimate of ours: there is too little to compute it from."
    return f"Our estimate: {probability(row['p_yes'])}{ranged(row)}{_undecided(row)}."


def resting(row: Mapping[str, Any]) -> str:
    """What P(YES) is made of: P(rule), how well the rule stands for the question, and what is expected to come."""
    if row["p_rule"] is None:
        return ""
    rule, numbers = json.loads(row["rule"]), json.loads(row["statistic"])
    if not numbers.get("draws"):
        reached = "What the rule asks for has been reached (a score that is revised later could undo it)"
        held = f"On its deadline the rule {'held' if row['p_rule'] == 1 else 'did not hold'}"
        decided = held if row["as_of"] >= row["deadline"] else reached
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
    """The size of the next result that would move the estimate by ten points, down and up.

    Of earlier versions, which did not look up to which size it does, nothing is told.
    """
    numbers = json.loads(row["statistic"])
    coming = numbers.get("next")
    if not coming or any("until" not in one for one in coming):
        return ""
    scale = numbers["scale"]
    down, up = sorted(coming, key=lambda one: float(one["change"]))
    told = [
        f"{'lower' if one is down else 'raise'} it by ten points with a gap {_sizes(one, scale)}"
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


def lowered(text: str) -> str:
    """A sentence within another: its first letter small, unless it begins with an abbreviation."""
    if text[1:2].isupper():
        return text
    return text[:1].lower() + text[1:]


def ranged(row: Mapping[str, Any]) -> str:
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


def _sizes(one: Mapping[str, Any], scale: str) -> str:
    """The gaps of a next result that move the estimate: from one on, or between two."""
    if one["until"] is None:
        return f"of {amount(one['value'], scale)} or {'less' if one['change'] < 0 else 'more'}"
    least, most = sorted((one["value"], one["until"]))
    return f"between {amount(least, scale, unit=False)} and {amount(most, scale)}"


def _points(change: float) -> str:
    return f"{100 * change:+.0f} points".replace("-", "−")
