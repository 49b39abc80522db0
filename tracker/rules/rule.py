"""Any rule: what a question claims, read from data, with a sentence for whatever is wrong in it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

from pydantic import ValidationError

from tracker.rules.claim import Piece, Prediction, Rule, Verdict
from tracker.rules.crossover import CrossoverRule
from tracker.rules.dose import DoseRule
from tracker.rules.evidence import Evidence, FutureEvidence
from tracker.rules.gap import GapRule
from tracker.rules.level import LevelRule
from tracker.rules.none import NoRule

__all__ = [
    "KINDS",
    "AnyRule",
    "Evidence",
    "FutureEvidence",
    "Piece",
    "Prediction",
    "Rule",
    "RuleError",
    "Verdict",
    "parse",
]

AnyRule = GapRule | LevelRule | CrossoverRule | DoseRule | NoRule
# The field `kind` tells them apart.
SHAPES: dict[str, type[AnyRule]] = {
    "gap": GapRule,
    "level": LevelRule,
    "crossover": CrossoverRule,
    "dose": DoseRule,
    "none": NoRule,
}
KINDS = tuple(SHAPES)

# What pydantic complains of, in our words.
EXPECTED = {
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "lower-case letters, digits and '-'",
    "float_type": "a number",
    "finite_number": "a number that is not infinite",
    "date_type": "a date such as 2026-12-31",
    "tuple_type": "a list",
    "too_short": "a list that is not empty",
    "greater_than_equal": "a number of at least {ge:g}",
    "greater_than": "a number above {gt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
}
LONGEST_VALUE = 60


class RuleError(ValueError):
    """A rule cannot be used as written. The text is one sentence: the key, its value and what is allowed; whoever read
    the rule puts the file and the question before it. `key` empty: several keys do not go together."""

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


def parse(table: Mapping[str, Any]) -> AnyRule:
    """The rule that a table describes. Raises RuleError about the first thing that is wrong in it."""
    kind = table.get("kind")
    listed = _or(KINDS)
    if kind is None:
        raise RuleError(f"kind is missing, allowed is {listed}.", "kind")
    if not isinstance(kind, str) or kind not in SHAPES:
        raise RuleError(f"kind is {_shown(kind)}, allowed is {listed}.", "kind")
    try:
        return SHAPES[kind].model_validate(dict(table))
    except ValidationError as error:
        raise _wrong(SHAPES[kind], error) from error


def _wrong(shape: type[AnyRule], error: ValidationError) -> RuleError:
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    key = str(first["loc"][0]) if first["loc"] else ""
    cause = context.get("error")
    if first["type"] == "value_error" and isinstance(cause, ValueError):
        return RuleError(f"{cause}.", key)
    if first["type"] == "extra_forbidden":
        return RuleError(f'"{key}" is not a known key, allowed are {", ".join(shape.model_fields)}.', key)
    if first["type"] == "missing":
        choices = get_args(shape.model_fields[key].annotation)
        named = [choice for choice in choices if isinstance(choice, str)]
        return RuleError(f"{key} is missing, allowed is {_or(named)}." if named else f"{key} is missing.", key)
    allowed = EXPECTED.get(first["type"], first["msg"]).format(**context)
    return RuleError(f"{key} is {_shown(first['input'])}, allowed is {allowed}.", key)


def _or(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _shown(value: object) -> str:
    """A value as TOML has it, cut where it is long."""
    plain = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)
    return plain if len(plain) <= LONGEST_VALUE else plain[:LONGEST_VALUE] + "…"
