"""Reads what others published, capabilities.toml, published.toml and its CSV files, into checked rows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from db.tables import Benchmark, Capability, Metric, Model, Publication, Run, Twin
from tracker.catalog.checked import CatalogError, check_entry, complaint, read_tables
from tracker.catalog.entries import TwinEntry
from tracker.catalog.load import Catalog
from tracker.catalog.published_entries import (
    CapabilityEntry,
    PublishedBenchmarkEntry,
    PublishedModelEntry,
    SourceEntry,
)
from tracker.catalog.published_gaps import GAPS_FILES, NAMES_FILE, SIDES, TOGETHER, Names, Published, read_gaps
from tracker.stats.gaps import binomial_stderr, interval_stderr

CAPABILITIES_FILE = "capabilities.toml"
METRIC, FILTER = "score", "none"
RELATION = {"relation", "evidence", "inferred"}
RELATION = {"relation", "evidence", "inferred"}


class PublishedRows(NamedTuple):
    """Rows as the files have them; models and twins that models.toml has as well are not among them."""

    capabilities: list[Capability]
    publications: list[Publication]
    models: list[Model]
    twins: list[Twin]
    benchmarks: list[Benchmark]
    runs: list[Run]
    metrics: list[Metric]


def load_published(folder: Path, catalog: Catalog) -> PublishedRows:
    """Everything published in a folder, as rows. `catalog` has the last word on the models and twins it lists.

    Raises CatalogError at the first thing wrong in any file.
    """
    capabilities = load_capabilities(folder)
    names = _names(folder, {row.id for row in capabilities})
    found: dict[tuple[str, str], Published] = {}
    for name in GAPS_FILES:
        for label, pair in read_gaps(folder / name, names):
            for one in pair:
                known = found.setdefault((one.run_id, one.benchmark), one)
                if known.numbers != one.numbers:
                    allowed = f"{known.value:g} as elsewhere, or a reasoning_run that tells the two apart"
                    raise CatalogError(complaint(name, label, f"the value of {one.model}", one.value, allowed))
    own_twins = {(twin.reasoning, twin.conventional) for twin in catalog.twins}
    return PublishedRows(
        capabilities,
        [_publication_row(entry) for entry in names.sources.values()],
        [_model_row(entry) for entry in names.models.values() if entry.id not in catalog.models],
        [_twin_row(entry) for key, entry in names.twins.items() if key not in own_twins],
        [_benchmark_row(entry) for entry in names.benchmarks.values()],
        _run_rows(found.values(), names),
        [_metric_row(one, names.benchmarks[one.benchmark]) for one in found.values()],
    )


def load_capabilities(folder: Path) -> list[Capability]:
    """The capabilities that capabilities.toml lists, in its order."""
    tables = read_tables(folder / CAPABILITIES_FILE, ("capability",), together=CAPABILITIES_FILE)["capability"]
    entries = [check_entry(CapabilityEntry, CAPABILITIES_FILE, "capability", table) for table in tables]
    _check_once(CAPABILITIES_FILE, "capability", [entry.id for entry in entries])
    return [Capability(**entry.model_dump()) for entry in entries]


def _names(folder: Path, capabilities: set[str]) -> Names:
    tables = read_tables(folder / NAMES_FILE, ("source", "benchmark", "model", "twin"), together=TOGETHER)
    sources = [check_entry(SourceEntry, NAMES_FILE, "source", table) for table in tables["source"]]
    benchmarks = [check_entry(PublishedBenchmarkEntry, NAMES_FILE, "benchmark", one) for one in tables["benchmark"]]
    models = [check_entry(PublishedModelEntry, NAMES_FILE, "model", table) for table in tables["model"]]
    twins = [check_entry(TwinEntry, NAMES_FILE, "twin", table) for table in tables["twin"]]
    for kind, ids in (
        ("source", [entry.id for entry in sources]),
        ("benchmark", [entry.id for entry in benchmarks]),
        ("model", [entry.id for entry in models]),
        ("twin", [f"{twin.reasoning} / {twin.conventional}" for twin in twins]),
    ):
        _check_once(NAMES_FILE, kind, ids)
    names = Names(
        {entry.id: entry for entry in sources},
        {entry.id: entry for entry in benchmarks},
        {entry.id: entry for entry in models},
        {(twin.reasoning, twin.conventional): twin for twin in twins},
    )
    for entry in benchmarks:
        label = f'benchmark "{entry.id}"'
        if entry.source not in names.sources:
            raise CatalogError(complaint(NAMES_FILE, label, "id", entry.id, "the id of a source, a slash, a name"))
        if entry.capability not in capabilities:
            allowed = f"the id of a capability in {CAPABILITIES_FILE}"
            raise CatalogError(complaint(NAMES_FILE, label, "capability", entry.capability, allowed))
        if entry.overlaps is not None and (entry.overlaps == entry.id or entry.overlaps not in names.benchmarks):
            raise CatalogError(complaint(NAMES_FILE, label, "overlaps", entry.overlaps, "the id of another benchmark"))
    for twin in twins:
        for kind, model in zip(SIDES, (twin.reasoning, twin.conventional), strict=True):
            if model not in names.models or names.models[model].kind != kind:
                label = f'twin "{twin.reasoning}" / "{twin.conventional}"'
                raise CatalogError(complaint(NAMES_FILE, label, kind, model, f"the id of a {kind} model in this file"))
    return names


def _check_once(file: str, kind: str, ids: list[str]) -> None:
    for identity in ids:
        if ids.count(identity) > 1:
            raise CatalogError(f'{file}, {kind} "{identity}": it is listed twice, allowed is once.')


def _run_rows(published: Iterable[Published], names: Names) -> list[Run]:
    """One run per source, day, model and `run`, however many benchmarks it covers."""
    together: dict[str, list[Published]] = {}
    for one in published:
        together.setdefault(one.run_id, []).append(one)
    return [_run_row(run_id, group, names.sources[group[0].source]) for run_id, group in together.items()]


def _run_row(run_id: str, group: list[Published], source: SourceEntry) -> Run:
    first = group[0]
    urls = {one.url for one in group}
    notes = dict.fromkeys(one.note for one in group if one.note)
    day = first.published_on
    return Run(
        id=run_id,
        model_id=first.model,
        origin="published",
        status="complete",
        finished_at=None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC),
        settings={"harness_default_limit": True} if source.harness_default_limit else {},
        settings_hash="",
        environment={"note": "; ".join(notes)} if notes else {},
        files={"url": first.url if len(urls) == 1 else source.url},
        source=source.citation,
        publication_id=source.id,
    )


def _metric_row(one: Published, benchmark: PublishedBenchmarkEntry) -> Metric:
    """`stderr`: from the interval, else as reported, else binomial where answers were checked and counted."""
    stderr = interval_stderr(one.low, one.high) or one.stderr
    if stderr is None and (benchmark.unit, benchmark.grading) == ("fraction", "verifiable") and benchmark.n:
        stderr = binomial_stderr(one.value, benchmark.n)
    return Metric(
        run_id=one.run_id,
        benchmark_id=one.benchmark,
        name=METRIC,
        filter=FILTER,
        value=one.value,
        stderr=stderr,
        low=one.low,
        high=one.high,
        n=benchmark.n,
        url=one.url,
    )


def _publication_row(entry: SourceEntry) -> Publication:
    return Publication(**entry.model_dump(exclude={"harness_default_limit"}))


def _model_row(entry: PublishedModelEntry) -> Model:
    return Model(**entry.model_dump(exclude={"aliases"}), demonstration=False, catalogued=True)


def _twin_row(entry: TwinEntry) -> Twin:
    return Twin(reasoning_id=entry.reasoning, conventional_id=entry.conventional, **entry.model_dump(include=RELATION))


def _benchmark_row(entry: PublishedBenchmarkEntry) -> Benchmark:
    facts = entry.model_dump(exclude={"measure", "n"})
    return Benchmark(**facts, metric=METRIC, filter=FILTER, demonstration=False, catalogued=True)
