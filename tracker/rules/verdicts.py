"""What a verdict says, as a sentence composed from its numbers: no stronger than they are."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tracker.rules.claim import Verdict

MINUS = "−"
HOLDS = {"yes": "It holds", "no": "It does not hold", "too-little": "Too little evidence"}


def sentence(verdict: Verdict, as_of: date) -> str:
    """Whether the rule holds on the evidence of a day, and by which numbers."""
    numbers = {
        "scale": verdict.scale,
        "k": verdict.k,
        "value": verdict.value,
        "low": verdict.low,
        "high": verdict.high,
        "threshold": verdict.threshold,
        "missing": verdict.missing,
        **verdict.numbers,
    }
    return stated(verdict.word, numbers, as_of)


def stated(word: str, numbers: Mapping[str, Any], as_of: date) -> str:
    """The same of a stored estimate: its verdict, and its statistic as it was stored."""
    opening = f"{HOLDS[word]} on the evidence up to {in_words(as_of)}"
    if word == "too-little":
        return f"{opening}: {_lowered(str(numbers.get('missing') or 'nothing was measured.'))}"
    scale = str(numbers["scale"])
    if "by" in numbers:
        what = "mean" if numbers["by"] == "mean" else "lower end"
        bar = amount(numbers["threshold"], scale, signed=False)
        return f"{opening}: {measured(numbers)}; the {what} must lie above {bar}."
    if "other_model" in numbers:
        return (
            f"{opening}: {numbers['model']} leads {numbers['other_model']} by {amount(numbers['value'], scale)}."
            if numbers["value"] > 0
            else f"{opening}: {numbers['other_model']} is ahead of {numbers['model']}"
            f" by {amount(-numbers['value'], scale, signed=False)}."
        )
    best, bar = (amount(numbers[name], scale, signed=False) for name in ("value", "threshold"))
    return f"{opening}: the best so far is {numbers['model']} with {best}; {bar} are needed."


def measured(numbers: Mapping[str, Any]) -> str:
    """A pooled number with its interval and how many pairs it rests on."""
    scale = str(numbers["scale"])
    value = amount(numbers["value"], scale)
    ends = ", ".join(amount(numbers[end], scale, signed=False, unit=False) for end in ("low", "high"))
    return f"{value} [{ends}] pooled over {numbers['k']} pairs"


def amount(value: float, scale: str, *, signed: bool = True, unit: bool = True) -> str:
    """A number on its scale, as readers write it: Elo without decimals, log-odds as how many times the odds."""
    if scale == "rating":
        return _signed(value, 0 if abs(value) >= 9.5 else 1, signed) + (" Elo" if unit else "")
    if scale == "log_odds":
        return f"{math.exp(value):.2f}" + ("× the odds" if unit else "")
    if scale == "fraction":
        return _signed(100 * value, 0 if abs(value) >= 0.1 else 1, signed) + (" %" if unit else "")
    return _signed(value, 2, signed)


def in_words(day: date) -> str:
    """The day as a reader writes it: 11 Dec 2025."""
    return f"{day.day} {day:%b %Y}"


def _signed(value: float, decimals: int, signed: bool) -> str:
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return "0"
    sign = MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
