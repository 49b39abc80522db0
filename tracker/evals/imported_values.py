"""Numbers and sections of foreign files: what is one, what is not, and why."""

import json
import math
from collections.abc import Mapping
from typing import Any

LARGEST_COUNT = 2**31 - 1
LARGEST_NUMBER = 1e150
"""Nothing measured is larger, and its square is still a number."""


class ImportedFileError(ValueError):
    """A file cannot be imported. The text says why in words that follow the file's name."""


def number(value: Any) -> float | None:
    """A finite float, true and false as 1 and 0; anything else ("N/A", NaN, text, a list, 1e300) is not known."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if abs(converted) <= LARGEST_NUMBER else None


def count(value: Any) -> int | None:
    """A whole number of things, 0 among them; None for anything that cannot be one."""
    found = number(value)
    if found is None or isinstance(value, bool) or found != math.floor(found) or not 0 <= found <= LARGEST_COUNT:
        return None
    return int(found)


def read_json(content: bytes) -> Any:
    """A JSON document; bare NaN and Infinity, which lm-eval writes, are taken. Raises ImportedFileError."""
    if not content.strip():
        raise ImportedFileError("it is empty")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ImportedFileError("it is not text in UTF-8") from None
    except RecursionError:
        raise ImportedFileError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        at_end = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        what = "it is cut off" if at_end else "it is not valid JSON"
        raise ImportedFileError(f"{what} (line {error.lineno}: {error.msg})") from None
    except ValueError:
        raise ImportedFileError("it holds a number of thousands of digits") from None


def section(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The part of a results file under the first of these names that is a table; empty where there is none."""
    for name in names:
        held = data.get(name)
        if isinstance(held, dict):
            return held
    return {}


def by_task(held: Mapping[str, Any], task: str, outer: str) -> Any:
    """What a section says of a task; files that put a group's tasks inside the group are read the same."""
    inner = held.get(outer)
    if outer != task and isinstance(inner, dict) and task in inner:
        return inner[task]
    return held.get(task)
