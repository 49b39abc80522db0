"""Reads TOML tables and checks them against the shape of an entry; what is wrong becomes one sentence."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tracker.catalog.entries import Sampling, WrongValue

LONGEST_VALUE = 60
EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "date_type": "a date such as 2025-04-29",
    "date_from_datetime_inexact": "a date such as 2025-04-29",
    "tuple_type": "a list",
    "dict_type": "a table of keys and values",
    "greater_than_equal": "a number of at least {ge:g}",
    "greater_than": "a number above {gt:g}",
    "less_than_equal": "a number of at most {le:g}",
}

Entry = TypeVar("Entry", bound=BaseModel)


class CatalogError(ValueError):
    """The catalogue cannot be used as written. The text is one sentence: the file, the entry, the key, the value that
    was wrong and what is allowed. Values that may be secret are left out of it."""


def read_tables(path: Path, allowed: tuple[str, ...], *, together: str) -> dict[str, list[dict[str, Any]]]:
    """The lists of tables in a TOML file, by name. `together`: the files that belong in its folder, in words."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path.name}: the file is missing from {path.parent}, where {together} belong.") from None
    except OSError as error:
        raise CatalogError(f"{path.name}: the file in {path.parent} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CatalogError(f"{path.name}: line {line} is not UTF-8 text, which is what is allowed.") from error
    try:
        document = tomllib.loads(content.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path.name}: the file is not valid TOML: {error}.") from error
    listed = " and ".join(f"[[{name}]]" for name in allowed)
    for name, value in document.items():
        if name not in allowed:
            raise CatalogError(f'{path.name}: "{name}" is not known here, allowed are {listed}.')
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            raise CatalogError(f'{path.name}: "{name}" is not written as a list of tables, allowed are {listed}.')
    return {name: document.get(name, []) for name in allowed}


def check_entry(
    shape: type[Entry], file: str, kind: str, table: Mapping[str, Any], *, label: str | None = None
) -> Entry:
    """The table as an entry. `label`: how it is named in a sentence, where not by its kind and id.

    Raises CatalogError with a sentence about the first thing wrong in it.
    """
    try:
        return shape.model_validate(table)
    except ValidationError as error:
        raise CatalogError(_sentence(shape, file, label or _label(kind, table), error)) from error


def _label(kind: str, table: Mapping[str, Any]) -> str:
    if kind == "twin":
        return f"twin {shown(table.get('reasoning'))} / {shown(table.get('conventional'))}"
    name = table.get("id") or table.get("name")
    return f"{kind} {shown(name)}" if name else f"a {kind} without an id"


def _sentence(shape: type[BaseModel], file: str, label: str, error: ValidationError) -> str:
    """The first of pydantic's complaints, in our words."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    key = ".".join(str(part) for part in first["loc"])
    cause = context.get("error")
    if isinstance(cause, WrongValue):
        return complaint(file, label, cause.key, cause.value, cause.allowed)
    if first["type"] == "missing":
        return f"{file}, {label}: {key} is missing, and it is required."
    if first["type"] == "extra_forbidden":
        # The value is not shown: a key that is not known may hold anything, a password too.
        names = list(shape.model_fields) if len(first["loc"]) == 1 else list(Sampling.__annotations__)
        return f'{file}, {label}: "{key}" is not a known key, allowed are {", ".join(names)}.'
    allowed = str(cause) if cause else EXPECTED.get(first["type"], first["msg"]).format(**context)
    return complaint(file, label, key, first["input"], allowed)


def complaint(file: str, label: str, key: str, value: object, allowed: str) -> str:
    """What is wrong with a key, in one sentence; values that may be secret are left out."""
    hidden = key == "api_key_env" or (key == "base_url" and isinstance(value, str) and ("@" in value or "?" in value))
    state = "is missing" if value is None else "holds a value not shown here" if hidden else f"is {shown(value)}"
    return f"{file}, {label}: {key} {state}, allowed is {allowed}."


def shown(value: object) -> str:
    """A value as TOML has it, cut where it is long."""
    plain = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)
    return plain if len(plain) <= LONGEST_VALUE else plain[:LONGEST_VALUE] + "…"
