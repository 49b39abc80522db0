"""Writes of imported runs: a file's runs in one transaction, replaced when they change, and given to another model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, delete, insert, or_, select, update

from db.bulk import save_samples
from db.engine import writing
from db.tables import Base, Benchmark, Gap, Metric, Model, Run, Sample
from tracker.evals.imported import Imported, mention_of
from tracker.evals.imported_runs import ORIGIN, Known
from tracker.evals.results import RunRows

AT_ONCE = 500
"""Ids in one statement: databases limit how many values it may have."""


class StoredRun(NamedTuple):
    """An imported run as it is stored: what decides whether it has to change."""

    run_id: str
    model_id: str
    settings: dict[str, Any]
    files: dict[str, str]
    rows_sha256: str | None


def stored_runs(engine: Engine) -> list[StoredRun]:
    """Every imported run, by id."""
    query = (
        select(Run.id, Run.model_id, Run.settings, Run.files, Run.environment)
        .where(Run.origin == ORIGIN)
        .order_by(Run.id)
    )
    with engine.connect() as connection:
        return [
            StoredRun(run_id, model_id, settings or {}, files or {}, (environment or {}).get("rows_sha256"))
            for run_id, model_id, settings, files, environment in connection.execute(query)
        ]


def save_imported(engine: Engine, parsed: Imported, *, instead_of: Iterable[str] = ()) -> None:
    """Save all runs of a file, or none, in place of the stored runs of these ids.

    Gaps that rest on a run that is replaced go with it: the next `jobs estimates` computes them anew.
    """
    with writing(engine) as connection:
        _remove(connection, list(instead_of))
        _add_missing(connection, Model, parsed.models)
        _add_missing(connection, Model, [_nameless(rows) for rows in parsed.runs])
        _add_missing(connection, Benchmark, parsed.benchmarks)
        for rows in parsed.runs:
            connection.execute(insert(_table(Run)), _values(rows.run))
            if rows.metrics:
                connection.execute(insert(_table(Metric)), [_values(metric) for metric in rows.metrics])
            save_samples(connection, rows.samples)


def relink_models(engine: Engine, known: Known) -> int:
    """Give imported runs to the models that the catalogue says they are of, or no longer are; how many changed hands.

    Nothing is imported again for it. Call it before `run_estimates`.
    """
    moves: dict[str, list[str]] = {}
    models = {}
    for run in stored_runs(engine):
        if not run.settings.get("model"):
            continue
        found = mention_of(run.settings)
        model_id = known.model_id(found)
        if model_id != run.model_id:
            moves.setdefault(model_id, []).append(run.run_id)
            models[model_id] = Model(id=model_id, name=found.label, catalogued=False)
    if not moves:
        return 0
    with writing(engine) as connection:
        _add_missing(connection, Model, models.values())
        for model_id, run_ids in moves.items():
            for start in range(0, len(run_ids), AT_ONCE):
                some = run_ids[start : start + AT_ONCE]
                _remove_gaps(connection, some)
                connection.execute(update(_table(Run)).where(_table(Run).c.id.in_(some)).values(model_id=model_id))
    return sum(map(len, moves.values()))


def _remove(connection: Connection, run_ids: Sequence[str]) -> None:
    if not run_ids:
        return
    _remove_gaps(connection, run_ids)
    for kind in (Sample, Metric):
        connection.execute(delete(_table(kind)).where(_table(kind).c.run_id.in_(run_ids)))
    connection.execute(delete(_table(Run)).where(_table(Run).c.id.in_(run_ids)))


def _remove_gaps(connection: Connection, run_ids: Sequence[str]) -> None:
    gap = _table(Gap)
    connection.execute(
        delete(gap).where(or_(gap.c.reasoning_run_id.in_(run_ids), gap.c.conventional_run_id.in_(run_ids)))
    )


def _add_missing(connection: Connection, kind: type[Model] | type[Benchmark], rows: Iterable[Base]) -> None:
    table = _table(kind)
    wanted = {values["id"]: values for values in reversed([_values(row) for row in rows])}
    known = set(connection.execute(select(table.c.id).where(table.c.id.in_(list(wanted)))).scalars())
    missing = [wanted[identity] for identity in sorted(wanted.keys() - known)]
    if missing:
        connection.execute(insert(table), missing)


def _nameless(rows: RunRows) -> Model:
    return Model(id=rows.run.model_id, name=rows.run.model_id, catalogued=False)


def _table(kind: type[Base]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def _values(row: Base) -> Mapping[str, Any]:
    """What was set of a row; the table's own defaults fill the rest."""
    values = {column.name: getattr(row, column.name) for column in _table(type(row)).columns}
    return {name: value for name, value in values.items() if value is not None} | {
        column.name: None for column in _table(type(row)).columns if column.nullable and values[column.name] is None
    }
