"""Writes: one transaction per unit of work, and saving twice is the same as saving once."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Table, TypeDecorator, and_, delete, insert, select, update
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from db.bulk import save_samples
from db.engine import RefusedRow, writing
from db.tables import (
    Base,
    Benchmark,
    Capability,
    Gap,
    JobReport,
    Metric,
    Model,
    Publication,
    Run,
    SampleRow,
    Twin,
)

STOPPED = "The process stopped before it could report."

PUBLISHED = Run.origin == "published"
PUBLISHED_RUNS = select(Run.id).where(PUBLISHED)
PUBLISHED_MODELS = select(Run.model_id).where(PUBLISHED)
PUBLISHED_BENCHMARKS = select(Metric.benchmark_id).where(Metric.run_id.in_(PUBLISHED_RUNS))

Values = dict[str, Any]
Key = tuple[Any, ...]


class Changes(NamedTuple):
    """How many rows a save added, changed and removed; all zero when everything was there already."""

    added: int
    changed: int
    removed: int

    def __add__(self, other: object) -> "Changes":
        if not isinstance(other, Changes):
            return NotImplemented
        return Changes(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def save_catalog(
    engine: Engine, models: Sequence[Model], twins: Sequence[Twin], benchmarks: Sequence[Benchmark]
) -> Changes:
    """Make the catalogue tables hold these entries.

    A model or benchmark that is no longer among them stays, marked `catalogued` false: runs refer to it. One that
    published runs refer to is left alone: `save_published` answers for it. A twin that is no longer among them goes,
    unless a gap still refers to it or others published runs of both its models.
    """
    published = (
        (_table(Model), models, PUBLISHED_MODELS),
        (_table(Benchmark), benchmarks, PUBLISHED_BENCHMARKS),
    )
    with writing(engine) as connection:
        changes = _merge(connection, Model, models) + _merge(connection, Benchmark, benchmarks)
        for table, rows, others in published:
            named = table.c.id.not_in([row.id for row in rows]) & table.c.id.not_in(others)
            gone = table.c.catalogued & named
            marked = connection.execute(update(table).where(gone).values(catalogued=False)).rowcount
            changes += Changes(0, marked, 0)
        changes += _merge(connection, Twin, twins)
        kept: set[Key] = {(twin.reasoning_id, twin.conventional_id) for twin in twins}
        kept |= {tuple(row) for row in connection.execute(select(Gap.reasoning_id, Gap.conventional_id).distinct())}
        elsewhere = Twin.reasoning_id.in_(PUBLISHED_MODELS) & Twin.conventional_id.in_(PUBLISHED_MODELS)
        kept |= {
            tuple(row) for row in connection.execute(select(Twin.reasoning_id, Twin.conventional_id).where(elsewhere))
        }
        return changes + _remove_others(connection, Twin, kept)


def save_run(engine: Engine, run: Run, metrics: Sequence[Metric], samples: list[SampleRow]) -> bool:
    """Save a run with everything that belongs to it, or nothing of it. False: a run of this id is there, unchanged.

    A model or benchmark nobody has catalogued gets a row that says only its id. Raises RefusedRow for a metric or
    sample of another run, and for a document or metric that comes twice.
    """
    named = {(metric.run_id, metric.benchmark_id) for metric in metrics}
    named.update(map(itemgetter(0, 1), samples))
    strangers = {run_id for run_id, _ in named} - {run.id}
    if strangers:
        raise RefusedRow(f"The run {run.id} was given metrics or samples of another run, {min(strangers)}.")
    benchmark_ids = {benchmark_id for _, benchmark_id in named}
    for identity in sorted({run.id, run.model_id} | benchmark_ids):
        if "\0" in identity:
            raise RefusedRow(f"The run {run.id!r} was given an id with a NUL character in it: {identity!r}.")
    run_values = _values(run)
    metric_values = [_values(metric) for metric in metrics]
    with writing(engine) as connection:
        if connection.execute(select(Run.id).where(Run.id == run.id)).first():
            return False
        _add_uncatalogued(connection, Model, {run.model_id})
        _add_uncatalogued(connection, Benchmark, benchmark_ids)
        connection.execute(insert(_table(Run)), run_values)
        if metric_values:
            connection.execute(insert(_table(Metric)), metric_values)
        save_samples(connection, samples)
    return True


def save_published(
    engine: Engine,
    capabilities: Sequence[Capability],
    publications: Sequence[Publication],
    models: Sequence[Model],
    twins: Sequence[Twin],
    benchmarks: Sequence[Benchmark],
    runs: Sequence[Run],
    metrics: Sequence[Metric],
) -> Changes:
    """Make the runs of origin "published" exactly these, with all they refer to; capabilities and publications too.

    Models, twins and benchmarks are added or corrected and never removed. A published run that is no longer among
    these goes with its metrics and gaps.
    """
    stored_metrics = Metric.run_id.in_(PUBLISHED_RUNS)
    with writing(engine) as connection:
        changes = _merge(connection, Capability, capabilities) + _merge(connection, Publication, publications)
        changes += _merge(connection, Model, models) + _merge(connection, Benchmark, benchmarks)
        changes += _merge(connection, Twin, twins)
        corrected = _merge(connection, Run, runs, PUBLISHED) + _merge(connection, Metric, metrics, stored_metrics)
        corrected += _remove_others(connection, Metric, {_own_key(row) for row in metrics}, stored_metrics)
        run_ids = {run.id for run in runs}
        gone = [run_id for run_id in connection.execute(PUBLISHED_RUNS).scalars() if run_id not in run_ids]
        if gone:
            refers = Gap.reasoning_run_id.in_(gone) | Gap.conventional_run_id.in_(gone)
            connection.execute(delete(_table(Gap)).where(refers))
        corrected += _remove_others(connection, Run, {(run_id,) for run_id in run_ids}, PUBLISHED)
        changes += _remove_others(connection, Capability, {(row.id,) for row in capabilities})
        return changes + corrected + _remove_others(connection, Publication, {(row.id,) for row in publications})


def save_gaps(engine: Engine, gaps: Sequence[Gap], benchmark_ids: Collection[str] | None = None) -> Changes:
    """Make the gap table hold exactly these gaps, of these benchmarks or of all. Equal rows are not touched."""
    among = None if benchmark_ids is None else Gap.benchmark_id.in_(sorted(benchmark_ids))
    with writing(engine) as connection:
        changes = _merge(connection, Gap, gaps, among)
        return changes + _remove_others(connection, Gap, {_own_key(gap) for gap in gaps}, among)


def save_report(engine: Engine, report: JobReport) -> None:
    """Add the report, or replace the one of the same job, unit and start."""
    table = _table(JobReport)
    same = _is(table, _key(table, _values(report)))
    with writing(engine) as connection:
        _merge(connection, JobReport, [report], same)


def close_stale_reports(engine: Engine, now: datetime) -> int:
    """Mark reports still `running` that started before now as `interrupted`; how many there were.

    For a process that knows itself to be the only one at work. When they stopped is not known, so it stays null.
    """
    table = _table(JobReport)
    stale = (table.c.outcome == "running") & (table.c.started_at < now)
    with writing(engine) as connection:
        closed = connection.execute(update(table).where(stale).values(outcome="interrupted", error=STOPPED))
        return closed.rowcount


def _merge(
    connection: Connection, kind: type[Base], rows: Iterable[Base], where: ColumnElement[bool] | None = None
) -> Changes:
    """Insert the rows whose key is not there, update those that differ. `where`: which stored rows could be meant."""
    table = _table(kind)
    query = select(table) if where is None else select(table).where(where)
    as_held = _as_held(connection, table)
    stored = {}
    for found in connection.execute(query):
        held = as_held(found._asdict())
        stored[_key(table, held)] = held
    added: dict[Key, Values] = {}
    changed: dict[Key, Values] = {}
    for row in rows:
        values = _values(row)
        compared = as_held(values)
        key = _key(table, compared)
        if key in added or key in changed:
            raise RefusedRow(f"The {table.name} {' / '.join(map(str, key))} was given twice.")
        if key not in stored:
            added[key] = values
        elif stored[key] != compared:
            changed[key] = values
    if added:
        connection.execute(insert(table), list(added.values()))
    for key, values in changed.items():
        connection.execute(update(table).where(_is(table, key)).values(values))
    return Changes(len(added), len(changed), 0)


def _remove_others(
    connection: Connection, kind: type[Base], kept: set[Key], where: ColumnElement[bool] | None = None
) -> Changes:
    """Delete the rows whose key is not among those kept. `where`: which stored rows could be meant."""
    table = _table(kind)
    as_held = _as_held(connection, table)
    kept = {_key(table, as_held(_named(table, key))) for key in kept}
    query = select(*table.primary_key)
    stored = {tuple(row) for row in connection.execute(query if where is None else query.where(where))}
    for key in stored - kept:
        connection.execute(delete(table).where(_is(table, key)))
    return Changes(0, 0, len(stored - kept))


def _add_uncatalogued(connection: Connection, kind: type[Model] | type[Benchmark], ids: set[str]) -> None:
    table = _table(kind)
    known = set(connection.execute(select(table.c.id).where(table.c.id.in_(ids))).scalars())
    missing = [{"id": identity, "name": identity, "catalogued": False} for identity in sorted(ids - known)]
    if missing:
        connection.execute(insert(table), missing)


def _table(kind: type[Base]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def _values(row: Base) -> Values:
    """Every column of a row object, with the default where nothing was set. Raises ValueError for a naive time."""
    values: Values = {}
    for column in _table(type(row)).columns:
        value = getattr(row, column.name)
        if value is None and isinstance(column.default, ScalarElementColumnDefault):
            value = column.default.arg
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{column.table.name}.{column.name} is the naive time {value}: times are aware UTC")
        values[column.name] = value
    return values


def _as_held(connection: Connection, table: Table) -> Callable[[Mapping[str, Any]], Values]:
    """Turns values into those that the database will hold, so that what was saved equals what is read back."""
    binds = {
        column.name: column.type.process_bind_param
        for column in table.columns
        if isinstance(column.type, TypeDecorator)
    }
    dialect = connection.dialect

    def as_held(values: Mapping[str, Any]) -> Values:
        return {
            name: value if value is None or name not in binds else binds[name](value, dialect)
            for name, value in values.items()
        }

    return as_held


def _key(table: Table, values: Values) -> Key:
    return tuple(values[column.name] for column in table.primary_key)


def _own_key(row: Base) -> Key:
    return tuple(getattr(row, column.name) for column in _table(type(row)).primary_key)


def _named(table: Table, key: Key) -> Values:
    return dict(zip((column.name for column in table.primary_key), key, strict=True))


def _is(table: Table, key: Key) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _named(table, key).items()))
