"""Reads the catalogue's TOML files into checked entries, and turns the entries into rows."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from db.tables import Benchmark, Model, Twin
from tracker.catalog.entries import CAPABILITIES, BenchmarkEntry, ModelEntry, Sampling, TwinEntry, WrongValue

__all__ = [
    "CAPABILITIES",
    "BenchmarkEntry",
    "Catalog",
    "CatalogError",
    "CatalogRows",
    "ModelEntry",
    "TwinEntry",
    "load_catalog",
]

MODELS_FILE = "models.toml"
BENCHMARKS_FILE = "benchmarks.toml"
LONGEST_VALUE = 60
# Benchmarks that share a task share its run, so these cannot differ between them.
RUN_KEYS = ("group", "output", "prefilled", "task_version", "fewshot", "documents", "unsafe_code", "max_output_tokens")
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
Named = TypeVar("Named", ModelEntry, BenchmarkEntry)


class CatalogError(ValueError):
    """The catalogue cannot be used as written. The text is one sentence: the file, the entry, the key, the value that
    was wrong and what is allowed. Values that may be secret are left out of it."""


class CatalogRows(NamedTuple):
    models: list[Model]
    twins: list[Twin]
    benchmarks: list[Benchmark]


@dataclass(frozen=True)
class Catalog:
    """Every entry, by id, in the order of the files."""

    models: dict[str, ModelEntry]
    twins: tuple[TwinEntry, ...]
    benchmarks: dict[str, BenchmarkEntry]

    def suites(self) -> set[str]:
        """The names of the suites that any model or benchmark belongs to."""
        entries: list[ModelEntry | BenchmarkEntry] = [*self.models.values(), *self.benchmarks.values()]
        return {suite for entry in entries for suite in entry.suites}

    def rows(self) -> CatalogRows:
        """New rows for the three catalogue tables; `thinking_budget` is the output limit of a reasoning model."""
        return CatalogRows(
            [_model_row(entry) for entry in self.models.values()],
            [_twin_row(entry) for entry in self.twins],
            [_benchmark_row(entry) for entry in self.benchmarks.values()],
        )


def load_catalog(folder: Path) -> Catalog:
    """The catalogue in a folder's models.toml ([[model]], [[twin]]) and benchmarks.toml ([[benchmark]]).

    Raises CatalogError at the first thing wrong in either file.
    """
    tables = _read(folder / MODELS_FILE, ("model", "twin"))
    models = _by_id(MODELS_FILE, "model", [_entry(ModelEntry, MODELS_FILE, "model", t) for t in tables["model"]])
    twins = tuple(_entry(TwinEntry, MODELS_FILE, "twin", table) for table in tables["twin"])
    _check_twins(twins, models)
    tables = _read(folder / BENCHMARKS_FILE, ("benchmark",))
    entries = [_entry(BenchmarkEntry, BENCHMARKS_FILE, "benchmark", table) for table in tables["benchmark"]]
    benchmarks = _by_id(BENCHMARKS_FILE, "benchmark", entries)
    _check_benchmarks(entries)
    return Catalog(models, twins, benchmarks)


def _read(path: Path, allowed: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(
            f"{path.name}: the file is missing from {path.parent}, where {MODELS_FILE} and {BENCHMARKS_FILE} belong."
        ) from None
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


def _entry(shape: type[Entry], file: str, kind: str, table: Mapping[str, Any]) -> Entry:
    try:
        return shape.model_validate(table)
    except ValidationError as error:
        raise CatalogError(_sentence(shape, file, _label(kind, table), error)) from error


def _label(kind: str, table: Mapping[str, Any]) -> str:
    if kind == "twin":
        return f"twin {_shown(table.get('reasoning'))} / {_shown(table.get('conventional'))}"
    name = table.get("id") or table.get("name")
    return f"{kind} {_shown(name)}" if name else f"a {kind} without an id"


def _sentence(shape: type[BaseModel], file: str, label: str, error: ValidationError) -> str:
    """The first of pydantic's complaints, in our words."""
    first = error.errors(include_url=False)[0]
    context = first.get("ctx", {})
    key = ".".join(str(part) for part in first["loc"])
    cause = context.get("error")
    if isinstance(cause, WrongValue):
        return _complaint(file, label, cause.key, cause.value, cause.allowed)
    if first["type"] == "missing":
        return f"{file}, {label}: {key} is missing, and it is required."
    if first["type"] == "extra_forbidden":
        # The value is not shown: a key that is not known may hold anything, a password too.
        names = list(shape.model_fields) if len(first["loc"]) == 1 else list(Sampling.__annotations__)
        return f'{file}, {label}: "{key}" is not a known key, allowed are {", ".join(names)}.'
    allowed = str(cause) if cause else EXPECTED.get(first["type"], first["msg"]).format(**context)
    return _complaint(file, label, key, first["input"], allowed)


def _complaint(file: str, label: str, key: str, value: object, allowed: str) -> str:
    hidden = key == "api_key_env" or (key == "base_url" and isinstance(value, str) and ("@" in value or "?" in value))
    state = "is missing" if value is None else "holds a value not shown here" if hidden else f"is {_shown(value)}"
    return f"{file}, {label}: {key} {state}, allowed is {allowed}."


def _shown(value: object) -> str:
    """A value as TOML has it, cut where it is long."""
    plain = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False, default=str)
    return plain if len(plain) <= LONGEST_VALUE else plain[:LONGEST_VALUE] + "…"


def _by_id(file: str, kind: str, entries: list[Named]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for entry in entries:
        if entry.id in found:
            raise CatalogError(f'{file}, {kind} "{entry.id}": id is "{entry.id}" twice, allowed is once.')
        found[entry.id] = entry
    return found


def _check_twins(twins: tuple[TwinEntry, ...], models: Mapping[str, ModelEntry]) -> None:
    seen: set[tuple[str, str]] = set()
    for twin in twins:
        label = f'twin "{twin.reasoning}" / "{twin.conventional}"'
        for key, model_id in (("reasoning", twin.reasoning), ("conventional", twin.conventional)):
            if model_id not in models:
                raise CatalogError(_complaint(MODELS_FILE, label, key, model_id, "the id of a model in this file"))
            if models[model_id].kind != key:
                found = models[model_id].kind
                raise CatalogError(
                    _complaint(MODELS_FILE, label, key, model_id, f"a model of kind {key}, and this one is {found}")
                )
        if (twin.reasoning, twin.conventional) in seen:
            raise CatalogError(f"{MODELS_FILE}, {label}: the pair is listed twice, allowed is once.")
        seen.add((twin.reasoning, twin.conventional))
        problem = _unsupported(twin.relation, models[twin.reasoning], models[twin.conventional])
        if problem:
            raise CatalogError(_complaint(MODELS_FILE, label, "relation", twin.relation, problem))


def _unsupported(relation: str, one: ModelEntry, other: ModelEntry) -> str | None:
    """What would have to be so for this relation, where the two entries say otherwise."""
    same = one.weights is not None and (one.weights, one.revision) == (other.weights, other.revision)
    if relation == "same-weights" and not same:
        return "that only where both models name the same weights and revision"
    origins = {one.base, one.weights} & {other.base, other.weights} - {None}
    if relation == "same-base" and (same or not origins):
        return "that only where both models name the same base, or one is the other's base"
    if relation == "same-lab" and (one.lab is None or one.lab != other.lab):
        return "that only where both models name the same lab"
    return None


def _check_benchmarks(entries: list[BenchmarkEntry]) -> None:
    metrics: dict[tuple[str, str, str], str] = {}
    tasks: dict[str, BenchmarkEntry] = {}
    for entry in entries:
        label = f'benchmark "{entry.id}"'
        other = metrics.setdefault((entry.task, entry.metric, entry.filter), entry.id)
        if other != entry.id:
            allowed = f'a metric and filter of this task that "{other}" does not have already'
            raise CatalogError(_complaint(BENCHMARKS_FILE, label, "metric", entry.metric, allowed))
        first = tasks.setdefault(entry.task, entry)
        for key in RUN_KEYS:
            wanted, value = getattr(first, key), getattr(entry, key)
            if value != wanted:
                shown = "its absence" if wanted is None else _shown(wanted)
                allowed = f'{shown} as in "{first.id}", which shares the task {entry.task}'
                raise CatalogError(_complaint(BENCHMARKS_FILE, label, key, value, allowed))


def _model_row(entry: ModelEntry) -> Model:
    return Model(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        weights=entry.weights,
        revision=None if entry.local or entry.weights is None else entry.revision,
        base=entry.base,
        lab=entry.lab,
        released_on=entry.released_on,
        parameters=entry.parameters,
        thinking_budget=entry.max_output_tokens if entry.thinking else None,
        demonstration=entry.demonstration,
        catalogued=True,
    )


def _twin_row(entry: TwinEntry) -> Twin:
    return Twin(
        reasoning_id=entry.reasoning,
        conventional_id=entry.conventional,
        relation=entry.relation,
        evidence=entry.evidence,
        inferred=entry.inferred,
    )


def _benchmark_row(entry: BenchmarkEntry) -> Benchmark:
    shared = ("id", "name", "task", "metric", "filter", "unit", "chance", "ceiling", "human", "human_source")
    return Benchmark(
        **{key: getattr(entry, key) for key in (*shared, "capability", "grading", "demonstration")},
        log_likelihood=entry.output == "loglikelihood",
        catalogued=True,
    )
