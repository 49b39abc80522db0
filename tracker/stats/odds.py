"""A probability as somebody types it: percent, a fraction of one, or odds; and a probability as odds."""

import re

ALLOWED = "Write 40%, 0.4, or odds for : against such as 2:3; “3 to 2 against” and “2 in 5” are understood as well."
_NUMBER = r"([0-9]{1,9}(?:[.,][0-9]{1,9})?|\.[0-9]{1,9})"
_BARE = re.compile(_NUMBER)
_PERCENT = re.compile(rf"{_NUMBER}\s*(?:%|percent|per cent)")
_ODDS = re.compile(rf"{_NUMBER}\s*(?::|\bto\b)\s*{_NUMBER}(?:\s+(for|on|against))?")
_IN = re.compile(rf"{_NUMBER}\s+in\s+{_NUMBER}")
# "1,500" is a thousand and a half to some, and one and a half to others.
_THOUSANDS = re.compile(r"[1-9][0-9]*,[0-9]{3}(?![0-9])")


class NoProbability(ValueError):
    """What was typed is no probability. The text is a sentence that says what is."""


def probability(text: str) -> float:
    """The probability in [0, 1] that a text means. Raises NoProbability.

    0.4     a fraction of one; a bare 1 and above is refused, because 40 may be meant as percent or as odds
    40%     also “40 percent”
    2:3     odds, for : against; also “2 to 3”, “2 to 3 on” and “2:3 for”. With “against” the sides change places:
            “3 to 2 against” is 40 %
    2 in 5  cases among all

    A comma may stand for the decimal point, but not before three digits.
    """
    typed = " ".join(text.lower().split())
    if _THOUSANDS.search(typed):
        raise NoProbability(f"“{text.strip()}” has a comma that can be read in two ways. {ALLOWED}")
    if found := _BARE.fullmatch(typed):
        return _bare(text.strip(), _number(found[1]))
    if found := _PERCENT.fullmatch(typed):
        value = _number(found[1]) / 100
    elif found := _ODDS.fullmatch(typed):
        wins, losses = _number(found[1]), _number(found[2])
        if found[3] == "against":
            wins, losses = losses, wins
        if wins + losses == 0:
            raise NoProbability(f"“{text.strip()}” says nothing: both sides are 0. {ALLOWED}")
        value = wins / (wins + losses)
    elif found := _IN.fullmatch(typed):
        cases, among = _number(found[1]), _number(found[2])
        if among == 0:
            raise NoProbability(f"“{text.strip()}” says nothing: it is among none. {ALLOWED}")
        value = cases / among
    else:
        raise NoProbability(f"“{text.strip()}” is no probability. {ALLOWED}")
    if value > 1:
        raise NoProbability(f"“{text.strip()}” is more than certain. {ALLOWED}")
    return value


def odds(value: float) -> str:
    """The odds for : against of a probability, to three digits, with 1 as the smaller side: 40 % is “1 : 1.5”."""
    if value <= 0 or value >= 1:
        return "certain" if value >= 1 else "never"
    ratio = value / (1 - value)
    return f"{_plain(ratio)} : 1" if ratio >= 1 else f"1 : {_plain(1 / ratio)}"


def _plain(ratio: float) -> str:
    """Three digits, never as a power of ten."""
    return f"{float(f'{ratio:.3g}'):.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _bare(shown: str, value: float) -> float:
    if value < 1:
        return value
    if value > 100:
        raise NoProbability(f"“{shown}” is more than certain. {ALLOWED}")
    if value == 1:
        raise NoProbability(f"“{shown}” can be read as 1 % or as certain: write 1% or 100%.")
    as_odds = f"the odds {value:g}:1, which are {100 * value / (value + 1):.3g} %"
    raise NoProbability(f"“{shown}” can be read as {value:g} % or as {as_odds}: write {value:g}% or {value:g}:1.")


def _number(text: str) -> float:
    return float(text.replace(",", "."))
