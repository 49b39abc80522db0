"""Foreign text as it may leave the program: without signs that files cannot hold, or that put others in disorder."""

import re
from typing import Any

# What no XML may hold, and so no drawing: https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Unseen, they turn what is around them: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """The text with U+FFFD for every sign that XML forbids, and without signs that turn the direction of others."""
    return _TURNING.sub("", _NO_XML.sub("\ufffd", text))


def all_shown(value: Any) -> Any:
    """A value of JSON with all its texts as `shown` has them; the names in it stay."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [all_shown(one) for one in value]
    if isinstance(value, dict):
        return {name: all_shown(one) for name, one in value.items()}
    return value
