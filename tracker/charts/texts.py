"""Texts of a chart: how wide they are, where they break, and where they are cut."""

import re
from bisect import bisect_right
from unicodedata import east_asian_width

from tracker.charts.letters import Weight, line_width

LABEL_SIZE = 13
SMALL_SIZE = 12
_THIN = set("iljtfrI.,:;'|!()[] -·")
_BROAD = set("mwMW@%—")


def text_width(text: str, size: float = LABEL_SIZE, weight: Weight = "normal") -> float:
    """Pixels that a line takes in the chart's font; estimated a little too wide where the font lacks a letter of it."""
    width = line_width(text, weight)
    return size * (sum(map(_letter, text)) if width is None else width)


def bold_width(text: str, size: float = LABEL_SIZE) -> float:
    """Pixels that a line of semibold letters takes, and a little more: the bold font that exports measure with is wider
    by up to a fortieth."""
    return 1.03 * text_width(text, size, "600")


def _letter(c: str) -> float:
    """The width of a letter, in parts of the font's size; letters of East Asia and pictures are as wide as high."""
    if not c.isascii() and east_asian_width(c) in "WF":
        return 1.05
    return 0.36 if c in _THIN else 0.9 if c in _BROAD else 0.68 if c.isupper() else 0.6 if c.isdigit() else 0.57


def wrapped(text: str, width: float, size: float, weight: Weight = "normal") -> list[str]:
    """The text broken into lines that fit the width, in pixels, at a font size; a word that is wider still is cut."""
    lines: list[str] = []
    # Not where a blank is one that does not break, as between a number and its unit.
    for word in re.findall(r"[^ \t\r\n]+", text):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size, weight) <= width:
            lines[-1] = joined
            continue
        while text_width(word, size, weight) > width and len(word) > 1:
            most = _most(word, width, size, weight)
            lines.append(word[:most])
            word = word[most:]
        lines.append(word)
    return lines


def even(text: str, width: float, size: float, weight: Weight = "normal") -> list[str]:
    """The text on as few lines as `wrapped` needs, each about as long as the others: no word stands alone."""
    lines = wrapped(text, width, size, weight)
    low, high = width / 2, width
    while len(lines) > 1 and high - low > width / 50:
        middle = (low + high) / 2
        tried = wrapped(text, middle, size, weight)
        # Narrower still, and a word that fitted its line would be cut.
        if len(tried) > len(lines) or " ".join(tried) != " ".join(lines):
            low = middle
        else:
            lines, high = tried, middle
    return lines


def cut(text: str, width: float, size: float, weight: Weight = "normal") -> str:
    """The text, ended by "…" where it is wider than so many pixels."""
    if text_width(text, size, weight) <= width:
        return text
    return f"{text[: _most(text, width, size, weight, '…')].rstrip(' ,;:')}…"


def _most(text: str, width: float, size: float, weight: Weight, end: str = "") -> int:
    """How many letters, one at least, fit the width with the end behind them."""
    counts = range(1, len(text) + 1)
    return max(1, bisect_right(counts, width, key=lambda count: text_width(f"{text[:count]}{end}", size, weight)))
