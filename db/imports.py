"""Writes of imported runs: a file's runs in one transaction, replaced when they change, and given to another model."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine, delete, insert, or_, update

from db.bulk import save_samples
from db.engine import writing
from db.rows import add_missing, table_of, values_of
from db.tables import Benchmark, Gap, Metric, Model, Run, Sample, SampleRow

AT_ONCE = 500
"""Ids in one statement: databases limit how many values it may have."""

RunRows = tuple[Run, list[Metric], list[SampleRow]]


def save_imported(
    engine: Engine,
    runs: Sequence[RunRows],
    models: Iterable[Model],
    benchmarks: Iterable[Benchmark],
    *,
    instead_of: Iterable[str] = (),
) -> None:
    """Save all runs of a file, or none, in place of the stored runs of these ids.

    Models and benchmarks that are stored already stay as they are; a run's model that nobody names gets a row with its
    id. Gaps that rest on a run that is replaced go with it: the next `jobs estimates` computes them anew.
    """
    nameless = [Model(id=run.model_id, name=run.model_id, catalogued=False) for run, _, _ in runs]
    with writing(engine) as connection:
        _remove(connection, list(instead_of))
        add_missing(connection, Model, [*models, *nameless])
        add_missing(connection, Benchmark, benchmarks)
        for run, metrics, samples in runs:
            connection.execute(insert(table_of(Run)), values_of(run))
            if metrics:
                connection.execute(insert(table_of(Metric)), [values_of(metric) for metric in metrics])
            save_samples(connection, samples)


def move_runs(engine: Engine, moves: Mapping[str, Sequence[str]], models: Iterable[Model]) -> None:
    """Give runs, by the id of their new model, to that model; gaps that rest on them go. `models`: added if missing."""
    run = table_of(Run)
    with writing(engine) as connection:
        add_missing(connection, Model, models)
        for model_id, run_ids in moves.items():
            for start in range(0, len(run_ids), AT_ONCE):
                some = run_ids[start : start + AT_ONCE]
                _remove_gaps(connection, some)
                connection.execute(update(run).where(run.c.id.in_(some)).values(model_id=model_id))


def _remove(connection: Connection, run_ids: Sequence[str]) -> None:
    if not run_ids:
        return
    _remove_gaps(connection, run_ids)
    for kind in (Sample, Metric):
        connection.execute(delete(table_of(kind)).where(table_of(kind).c.run_id.in_(run_ids)))
    connection.execute(delete(table_of(Run)).where(table_of(Run).c.id.in_(run_ids)))


def _remove_gaps(connection: Connection, run_ids: Sequence[str]) -> None:
    gap = table_of(Gap)
    connection.execute(
        delete(gap).where(or_(gap.c.reasoning_run_id.in_(run_ids), gap.c.conventional_run_id.in_(run_ids)))
    )
