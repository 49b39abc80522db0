"""What a verdict says, as a sentence composed from its numbers: no stronger than they are."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from tracker.rules.claim import Verdict

MINUS = "−"
MOST_DIGITS = 6
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
    if word == "too-little":
        missing = str(numbers.get("missing") or "nothing was measured.")
        return f"{HOLDS[word]} up to {in_words(as_of)}: {_lowered(missing)}"
    opening = f"{HOLDS[word]} on the evidence up to {in_words(as_of)}"
    scale = str(numbers["scale"])
    if "by" in numbers:
        what, decides = ("mean", "value") if numbers["by"] == "mean" else ("lower end", "low")
        finer = _finer(numbers[decides], numbers["threshold"], scale)
        # Above nothing is above it in any unit; of odds it is 1.
        named = scale == "log_odds" or numbers["threshold"] != 0
        bar = amount(numbers["threshold"], scale, signed=False, unit=named, finer=finer)
        return f"{opening}: {_measured(numbers, finer)}; the {what} must lie above {bar}."
    if "other_model" in numbers:
        return f"{opening}: {_lead(numbers, scale, held=word == 'yes')}."
    finer = _finer(numbers["value"], numbers["threshold"], scale)
    best, bar = (amount(numbers[name], scale, signed=False, finer=finer) for name in ("value", "threshold"))
    return f"{opening}: the best so far is {numbers['model']} with {best}; {bar} are needed."


def _measured(numbers: Mapping[str, Any], finer: int) -> str:
    """A pooled number with its interval and how many pairs it rests on."""
    scale = str(numbers["scale"])
    value = amount(numbers["value"], scale, finer=finer)
    ends = ", ".join(amount(numbers[end], scale, signed=False, unit=False, finer=finer) for end in ("low", "high"))
    return f"{value} [{ends}] pooled over {numbers['k']} pairs"


def _lead(numbers: Mapping[str, Any], scale: str, *, held: bool) -> str:
    """Who is ahead, by how much; where the rule holds all the same, that it was otherwise once and that suffices."""
    finer = _finer(numbers["value"], 0.0, scale)
    if numbers["value"] > 0:
        lead = amount(numbers["value"], scale, finer=finer)
        return f"{numbers['model']} leads {numbers['other_model']} by {lead}"
    before = "by the dates of release the lead asked for stood once, which is enough; by now " if held else ""
    if numbers["value"] == 0:
        return f"{before}{numbers['model']} and {numbers['other_model']} are level"
    behind = amount(-numbers["value"], scale, signed=False, finer=finer)
    return f"{before}{numbers['other_model']} is ahead of {numbers['model']} by {behind}"


def amount(value: float, scale: str, *, signed: bool = True, unit: bool = True, finer: int = 0) -> str:
    """A number on its scale, as readers write it: Elo without decimals, log-odds as how many times the odds.

    `finer`: so many digits more than usual.
    """
    if scale == "rating":
        return _signed(value, (0 if abs(value) >= 9.5 else 1) + finer, signed) + (" Elo" if unit else "")
    if scale == "log_odds":
        return f"{math.exp(value):.{2 + finer}f}" + ("× the odds" if unit else "")
    if scale == "fraction":
        return _signed(100 * value, (0 if abs(value) >= 0.1 else 1) + finer, signed) + (" %" if unit else "")
    return _signed(value, 2 + finer, signed)


def in_words(day: date) -> str:
    """The day as a reader writes it: 11 Dec 2025."""
    return f"{day.day} {day:%b %Y}"


def _finer(value: float, bar: float, scale: str) -> int:
    """How many more digits it takes for the two not to read alike; none where they are the same."""
    if value == bar:
        return 0
    apart = (
        finer for finer in range(MOST_DIGITS) if amount(value, scale, finer=finer) != amount(bar, scale, finer=finer)
    )
    return next(apart, MOST_DIGITS)


def _signed(value: float, decimals: int, signed: bool) -> str:
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return "0"
    sign = MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
