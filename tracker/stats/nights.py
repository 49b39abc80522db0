"""Which runs belong to one night's work, and what that night did, in a sentence."""

from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from tracker.stats.findings import in_words

PAUSE = timedelta(hours=2)


def nights(runs: pl.DataFrame) -> pl.DataFrame:
    """The runs whose start and end are known, oldest first, with `night`: the start of the stretch of work they are in.

    A new stretch starts where nothing has run for two hours. Takes the columns of `db.queries.runs.runs`. Imported and
    published runs fall out: they were made elsewhere, whatever their files say of when.
    """
    timed = pl.col("started_at").is_not_null() & pl.col("finished_at").is_not_null()
    known = runs.filter(timed, origin="local").sort("started_at", "finished_at", "run_id")
    busy_until = pl.col("finished_at").cum_max().shift(1)
    opens = (pl.col("started_at") - busy_until > PAUSE).fill_null(True)
    return known.with_columns(night=pl.when(opens).then(pl.col("started_at")).forward_fill())


def night_name(started_at: datetime) -> str:
    """A night as it is named: "23 Nov 2026, 02:00" (UTC)."""
    return f"{in_words(started_at.date())}, {started_at:%H:%M}"


def duration(seconds: float | None) -> str:
    """A length of time as it is written: "0.8 s", "12 s", "3 min 12 s", "2 h 05 min"; null is "not known"."""
    if seconds is None:
        return "not known"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def span(night: pl.DataFrame) -> tuple[datetime, datetime]:
    """From the first start to the last finish. Raises ValueError for a night without runs."""
    started, finished = night["started_at"].min(), night["finished_at"].max()
    if not isinstance(started, datetime) or not isinstance(finished, datetime):
        raise ValueError("a night has at least one run that started and finished")
    return started, finished


def night_finding(night: pl.DataFrame, failed: int) -> str:
    """What one night did: how much, how long, where, what was cut short, what failed. Takes one night of `nights`."""
    started, finished = span(night)
    models = night["model_id"].n_unique()
    devices = night["device"].drop_nulls().unique().sort().to_list()
    where = f" on {' and '.join(devices)}" if devices else ""
    sentence = (
        f"On {in_words(started.date())}, {_count(night.height, 'run')} of {_count(models, 'model')} took "
        f"{duration((finished - started).total_seconds())}{where}"
    )
    ending = f"{_count(failed, 'attempt')} failed" if failed else "none failed"
    return f"{sentence}; {ending}."


def cut_short(night: pl.DataFrame) -> str | None:
    """How many outputs hit the token limit; null when none did or nobody counted."""
    counted = night.filter(pl.col("truncated").is_not_null())
    total = sum(counted["truncated"].to_list())
    if not total:
        return None
    documents = counted["documents"].to_list()
    share = f" of {sum(documents):,}" if None not in documents else ""
    return f"{total:,}{share} outputs were cut off at the token limit."


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Clock(NamedTuple):
    """The rows and bars of `tracker.charts.runs.timeline`."""

    rows: pl.DataFrame
    bars: pl.DataFrame


def clock(night: pl.DataFrame, most: int) -> Clock:
    """One night as rows and bars: a row a run, or a row a model where there are more runs than `most`."""
    kinds = pl.col("kind").fill_null("kind not known")
    cut = pl.when(pl.col("truncated") > 0).then(pl.format("; {} outputs cut off", "truncated")).otherwise(pl.lit(""))
    lasted = pl.Series("lasted", [duration(seconds) for seconds in night["seconds"].to_list()], dtype=pl.String)
    task = pl.col("task").fill_null("task not known")
    named = night.with_columns(lasted, task=task, panel=pl.format("{}, {}", "model_name", kinds))
    single = night.height <= most
    bars = named.select(
        key="run_id" if single else "model_id",
        started_at="started_at",
        finished_at="finished_at",
        meaning=pl.col("kind").fill_null("unsure"),
        note=pl.concat_str(pl.format("{}: {}", "task", "lasted"), cut),
    )
    if single:
        first = pl.col("started_at").min().over("model_id")
        ordered = named.sort(first, "model_id", "started_at")
        return Clock(ordered.select(key="run_id", label="task", detail=pl.lit(""), panel="panel", text="lasted"), bars)
    models = named.group_by("model_id").agg(
        pl.first("panel"), pl.col("started_at").min(), pl.len(), _whole_sum("seconds")
    )
    models = models.sort("started_at", "model_id")
    texts = [
        f"{_count(count, 'run')}, {duration(total)}" for count, total in models.select("len", "seconds").iter_rows()
    ]
    rows = models.select(key="model_id", label="panel", detail=pl.lit(""), panel=pl.lit(""))
    return Clock(rows.with_columns(pl.Series("text", texts, dtype=pl.String)), bars)


def failures(reports: pl.DataFrame) -> pl.DataFrame:
    """What failed or was interrupted, newest first; a step that only says that its units failed is left out.

    Takes the columns of `db.queries.runs.reports`.
    """
    bad = reports.filter(pl.col("outcome").is_in(["failed", "interrupted"]))
    units = bad.filter(pl.col("unit") != "")
    steps = bad.filter(pl.col("unit") == "")
    explained = [
        units.filter((pl.col("job") == row["job"]) & (pl.col("started_at") >= row["started_at"])).height > 0
        for row in steps.iter_rows(named=True)
    ]
    alone = steps.filter(~pl.Series(explained, dtype=pl.Boolean))
    return pl.concat([units, alone]).sort("started_at", "job", "unit", descending=[True, False, False])


def description(night: pl.DataFrame, failed: int) -> str:
    """The timeline in words for those who cannot see it."""
    listed = "; ".join(
        f"{row['model_name']} on {row['task'] or 'a task not known'}: {duration(row['seconds'])}"
        for row in night.head(30).iter_rows(named=True)
    )
    more = f"; and {night.height - 30} more" if night.height > 30 else ""
    return f"Timeline of runs. {night_finding(night, failed)} {listed}{more}."


def during(failed: pl.DataFrame, night: pl.DataFrame) -> pl.DataFrame:
    """The failures that belong to a night: reported from an hour before its first run to an hour after its last."""
    started, finished = span(night)
    return failed.filter(pl.col("started_at").is_between(started - PAUSE / 2, finished + PAUSE / 2))


def since(failed: pl.DataFrame, night: pl.DataFrame) -> str | None:
    """A sentence when something failed after the latest night in which anything finished."""
    later = failed.filter(pl.col("started_at") > span(night)[1] + PAUSE / 2).height
    return f"Since then {_count(later, 'attempt')} failed and nothing finished." if later else None


def due_finding(due: pl.DataFrame) -> str:
    """How much is due, and how long it should take; takes the frame of `tracker.stats.due.due`."""
    refused = due.filter(pl.col("refused").is_not_null()).height
    waiting = due.filter(pl.col("refused").is_null())
    known = waiting["expected_seconds"].drop_nulls().to_list()
    if waiting.is_empty():
        sentence = "Nothing is due."
    else:
        length = f"about {duration(sum(known))} of work" if known else "how long it takes is not known"
        unknown = waiting.height - len(known)
        extra = f", and {_count(unknown, 'run')} of unknown length" if unknown and known else ""
        sentence = f"{_count(waiting.height, 'run')} due, {length}{extra}."
    return f"{sentence} {_count(refused, 'run')} cannot be run as catalogued." if refused else sentence


def _whole_sum(column: str) -> pl.Expr:
    """The sum of a group's values, null where any of them is."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum()).alias(column)
