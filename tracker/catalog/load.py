"""Reads the catalogue's TOML files into checked entries, and turns the entries into rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from db.tables import Benchmark, Model, Twin
from tracker.catalog.checked import CatalogError, check_entry, complaint, read_tables, shown
from tracker.catalog.entries import CAPABILITIES, BenchmarkEntry, ModelEntry, TwinEntry

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
TOGETHER = f"{MODELS_FILE} and {BENCHMARKS_FILE}"
# Benchmarks that share a task share its run, so these cannot differ between them.
RUN_KEYS = ("group", "output", "prefilled", "task_version", "fewshot", "documents", "unsafe_code", "max_output_tokens")
Named = TypeVar("Named", ModelEntry, BenchmarkEntry)


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
    tables = read_tables(folder / MODELS_FILE, ("model", "twin"), together=TOGETHER)
    models = _by_id(MODELS_FILE, "model", [check_entry(ModelEntry, MODELS_FILE, "model", t) for t in tables["model"]])
    twins = tuple(check_entry(TwinEntry, MODELS_FILE, "twin", table) for table in tables["twin"])
    _check_twins(twins, models)
    tables = read_tables(folder / BENCHMARKS_FILE, ("benchmark",), together=TOGETHER)
    entries = [check_entry(BenchmarkEntry, BENCHMARKS_FILE, "benchmark", table) for table in tables["benchmark"]]
    benchmarks = _by_id(BENCHMARKS_FILE, "benchmark", entries)
    _check_benchmarks(entries)
    return Catalog(models, twins, benchmarks)


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
                raise CatalogError(complaint(MODELS_FILE, label, key, model_id, "the id of a model in this file"))
            if models[model_id].kind != key:
                found = models[model_id].kind
                raise CatalogError(
                    complaint(MODELS_FILE, label, key, model_id, f"a model of kind {key}, and this one is {found}")
                )
        if (twin.reasoning, twin.conventional) in seen:
            raise CatalogError(f"{MODELS_FILE}, {label}: the pair is listed twice, allowed is once.")
        seen.add((twin.reasoning, twin.conventional))
        problem = _unsupported(twin.relation, models[twin.reasoning], models[twin.conventional])
        if problem:
            raise CatalogError(complaint(MODELS_FILE, label, "relation", twin.relation, problem))


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
    ids = {entry.id for entry in entries}
    for entry in entries:
        label = f'benchmark "{entry.id}"'
        if entry.overlaps is not None and entry.overlaps not in ids - {entry.id}:
            allowed = "the id of another benchmark in this file"
            raise CatalogError(complaint(BENCHMARKS_FILE, label, "overlaps", entry.overlaps, allowed))
        other = metrics.setdefault((entry.task, entry.metric, entry.filter), entry.id)
        if other != entry.id:
            allowed = f'a metric and filter of this task that "{other}" does not have already'
            raise CatalogError(complaint(BENCHMARKS_FILE, label, "metric", entry.metric, allowed))
        first = tasks.setdefault(entry.task, entry)
        for key in RUN_KEYS:
            wanted, value = getattr(first, key), getattr(entry, key)
            if value != wanted:
                form = "its absence" if wanted is None else shown(wanted)
                allowed = f'{form} as in "{first.id}", which shares the task {entry.task}'
                raise CatalogError(complaint(BENCHMARKS_FILE, label, key, value, allowed))


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
        **{key: getattr(entry, key) for key in (*shared, "capability", "grading", "overlaps", "demonstration")},
        log_likelihood=entry.output == "loglikelihood",
        catalogued=True,
    )
