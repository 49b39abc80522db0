"""Writes: one transaction per unit of work, and saving twice is the same as saving once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, Engine, delete, insert, select, update

from db.bulk import save_samples
from db.engine import RefusedRow, writing
from db.rows import Changes, Key, add_missing, is_row, key_of, merge, own_key, remove_others, table_of, values_of
from db.tables import Benchmark, Capability, Gap, JobReport, Metric, Model, Publication, Run, SampleRow, Twin

STOPPED = "The process stopped before it could report."

PUBLISHED = Run.origin == "published"
PUBLISHED_RUNS = select(Run.id).where(PUBLISHED)
PUBLISHED_MODELS = select(Run.model_id).where(PUBLISHED)
PUBLISHED_BENCHMARKS = select(Metric.benchmark_id).where(Metric.run_id.in_(PUBLISHED_RUNS))


def save_catalog(
    engine: Engine, models: Sequence[Model], twins: Sequence[Twin], benchmarks: Sequence[Benchmark]
) -> Changes:
    """Make the catalogue tables hold these entries.

    A model or benchmark that is no longer among them stays, marked `catalogued` false: runs refer to it. One that
    published runs refer to is left alone: `save_published` answers for it. A twin that is no longer among them goes,
    unless a gap still refers to it or others published runs of both its models.

    Raises RefusedRow for a benchmark with scores whose task, metric or filter has changed.
    """
    published = (
        (table_of(Model), models, PUBLISHED_MODELS),
        (table_of(Benchmark), benchmarks, PUBLISHED_BENCHMARKS),
    )
    with writing(engine) as connection:
        _refuse_redefined(connection, benchmarks)
        changes = merge(connection, Model, models) + merge(connection, Benchmark, benchmarks)
        for table, rows, others in published:
            named = table.c.id.not_in([row.id for row in rows]) & table.c.id.not_in(others)
            gone = table.c.catalogued & named
            marked = connection.execute(update(table).where(gone).values(catalogued=False)).rowcount
            changes += Changes(0, marked, 0)
        changes += merge(connection, Twin, twins)
        kept: set[Key] = {(twin.reasoning_id, twin.conventional_id) for twin in twins}
        kept |= {tuple(row) for row in connection.execute(select(Gap.reasoning_id, Gap.conventional_id).distinct())}
        elsewhere = Twin.reasoning_id.in_(PUBLISHED_MODELS) & Twin.conventional_id.in_(PUBLISHED_MODELS)
        kept |= {
            tuple(row) for row in connection.execute(select(Twin.reasoning_id, Twin.conventional_id).where(elsewhere))
        }
        return changes + remove_others(connection, Twin, kept)


def save_run(engine: Engine, run: Run, metrics: Sequence[Metric], samples: list[SampleRow]) -> bool:
    """Save a run with everything that belongs to it, or nothing of it. False: a run of this id is there, unchanged.

    A model or benchmark nobody has catalogued gets a row that says only its id. Raises RefusedRow for a metric or
    sample of another run, and for a document or metric that comes twice.
    """
    benchmark_ids = _own_benchmarks(run, metrics, samples)
    run_values = values_of(run)
    metric_values = [values_of(metric) for metric in metrics]
    with writing(engine) as connection:
        if connection.execute(select(Run.id).where(Run.id == run.id)).first():
            return False
        add_missing(connection, Model, [Model(id=run.model_id, name=run.model_id, catalogued=False)])
        add_missing(connection, Benchmark, [Benchmark(id=key, name=key, catalogued=False) for key in benchmark_ids])
        connection.execute(insert(table_of(Run)), run_values)
        if metric_values:
            connection.execute(insert(table_of(Metric)), metric_values)
        save_samples(connection, samples)
    return True


def add_to_run(engine: Engine, run: Run, metrics: Sequence[Metric], samples: list[SampleRow]) -> int:
    """Add benchmarks to a run that is stored; how many. One that has numbers of this run is left as it is.

    For a benchmark that was catalogued after its task had run. Raises RefusedRow as `save_run` does, for a run that is
    not stored, and where `run` was read from other files than the stored one.
    """
    benchmark_ids = _own_benchmarks(run, metrics, samples)
    with writing(engine) as connection:
        stored = connection.execute(select(Run.files).where(Run.id == run.id)).first()
        if stored is None:
            raise RefusedRow(f"There is no run {run.id} to add numbers to.")
        if stored.files != run.files:
            raise RefusedRow(f"The files of the run {run.id} are not those that it was saved from.")
        there = select(Metric.benchmark_id).where(Metric.run_id == run.id)
        new = benchmark_ids - set(connection.execute(there).scalars())
        metric_values = [values_of(metric) for metric in metrics if metric.benchmark_id in new]
        if metric_values:
            add_missing(connection, Benchmark, [Benchmark(id=key, name=key, catalogued=False) for key in new])
            connection.execute(insert(table_of(Metric)), metric_values)
        save_samples(connection, [row for row in samples if row.benchmark_id in new])
    return len(new)


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
        changes = merge(connection, Capability, capabilities) + merge(connection, Publication, publications)
        changes += merge(connection, Model, models) + merge(connection, Benchmark, benchmarks)
        changes += merge(connection, Twin, twins)
        corrected = merge(connection, Run, runs, PUBLISHED) + merge(connection, Metric, metrics, stored_metrics)
        corrected += remove_others(connection, Metric, {own_key(row) for row in metrics}, stored_metrics)
        run_ids = {run.id for run in runs}
        gone = [run_id for run_id in connection.execute(PUBLISHED_RUNS).scalars() if run_id not in run_ids]
        if gone:
            refers = Gap.reasoning_run_id.in_(gone) | Gap.conventional_run_id.in_(gone)
            connection.execute(delete(table_of(Gap)).where(refers))
        corrected += remove_others(connection, Run, {(run_id,) for run_id in run_ids}, PUBLISHED)
        changes += remove_others(connection, Capability, {(row.id,) for row in capabilities})
        return changes + corrected + remove_others(connection, Publication, {(row.id,) for row in publications})


def save_gaps(engine: Engine, gaps: Sequence[Gap], benchmark_ids: Collection[str] | None = None) -> Changes:
    """Make the gap table hold exactly these gaps, of these benchmarks or of all. Equal rows are not touched."""
    among = None if benchmark_ids is None else Gap.benchmark_id.in_(sorted(benchmark_ids))
    with writing(engine) as connection:
        changes = merge(connection, Gap, gaps, among)
        return changes + remove_others(connection, Gap, {own_key(gap) for gap in gaps}, among)


def save_report(engine: Engine, report: JobReport) -> None:
    """Add the report, or replace the one of the same job, unit and start."""
    table = table_of(JobReport)
    same = is_row(table, key_of(table, values_of(report)))
    with writing(engine) as connection:
        merge(connection, JobReport, [report], same)


def close_stale_reports(engine: Engine, now: datetime) -> int:
    """Mark reports still `running` that started before now as `interrupted`; how many there were.

    For a process that knows itself to be the only one at work. When they stopped is not known, so it stays null.
    """
    table = table_of(JobReport)
    stale = (table.c.outcome == "running") & (table.c.started_at < now)
    with writing(engine) as connection:
        closed = connection.execute(update(table).where(stale).values(outcome="interrupted", error=STOPPED))
        return closed.rowcount


def _refuse_redefined(connection: Connection, benchmarks: Sequence[Benchmark]) -> None:
    """Documents are kept by their benchmark's id alone: under another metric they would pass for scores of that one.

    What nobody has said yet may be said, and published numbers, which have no documents, follow their files.
    """
    wanted = {benchmark.id: benchmark for benchmark in benchmarks}
    stored = select(Benchmark.id, Benchmark.task, Benchmark.metric, Benchmark.filter).order_by(Benchmark.id)
    for held in connection.execute(stored).all():
        for key in ("task", "metric", "filter"):
            before = getattr(held, key)
            after = getattr(wanted[held.id], key) if held.id in wanted else before
            if before is None or after == before:
                continue
            scores = select(Metric.run_id).where(Metric.benchmark_id == held.id, Metric.run_id.not_in(PUBLISHED_RUNS))
            if connection.execute(scores.limit(1)).first():
                raise RefusedRow(
                    f"The benchmark “{held.id}” has scores whose {key} is “{before}”, and its entry now says “{after}”:"
                    " give the changed entry a new id."
                )


def _own_benchmarks(run: Run, metrics: Sequence[Metric], samples: Sequence[SampleRow]) -> set[str]:
    """The benchmarks that these are of. Raises RefusedRow for what is of another run, and for ids with a NUL."""
    named = {(metric.run_id, metric.benchmark_id) for metric in metrics}
    named.update(map(itemgetter(0, 1), samples))
    strangers = {run_id for run_id, _ in named} - {run.id}
    if strangers:
        raise RefusedRow(f"The run {run.id} was given metrics or samples of another run, {min(strangers)}.")
    benchmark_ids = {benchmark_id for _, benchmark_id in named}
    for identity in sorted({run.id, run.model_id} | benchmark_ids):
        if "\0" in identity:
            raise RefusedRow(f"The run {run.id!r} was given an id with a NUL character in it: {identity!r}.")
    return benchmark_ids
