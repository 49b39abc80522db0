"""Everything stored that bears on one question, as it was known at the end of a day."""

from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import Engine

from db.queries.capabilities import capabilities
from db.queries.doses import doses
from db.queries.estimates import estimates
from db.queries.first_seen import first_seen
from db.queries.forecasts import forecasts, standing
from db.queries.gaps import gaps
from db.queries.provenance import BEHIND, behind
from db.queries.publications import publications
from db.queries.questions import decided, questions, resolutions
from db.queries.trends import scores

LAST_MOMENT = time(23, 59, 59, 999999, tzinfo=UTC)
MADE = ("question_id", "rule_id", "as_of", "backtest", "computed_at", "method", "evidence_hash")


class Record(NamedTuple):
    """Frames as the queries of their names give them.

    `question`: its row. `questions`: all, as this program had them decided by then. `forecasts`: on the question, on
    others of its topic, and on those decided by then. `standing`: on all questions, nothing on those decided by then.
    `estimates`: of the question, back-tests among them whatever was computed after the day. `gaps`, `first_seen`,
    `scores`, `doses`: the evidence of the day, nothing later in it.
    """

    question: dict[str, Any]
    as_of: date
    questions: pl.DataFrame
    resolutions: pl.DataFrame
    forecasts: pl.DataFrame
    standing: pl.DataFrame
    estimates: pl.DataFrame
    gaps: pl.DataFrame
    first_seen: pl.DataFrame
    scores: pl.DataFrame
    doses: pl.DataFrame
    publications: pl.DataFrame
    capabilities: pl.DataFrame

    @property
    def moment(self) -> datetime:
        """The last moment of the day."""
        return datetime.combine(self.as_of, LAST_MOMENT)

    @property
    def names(self) -> dict[str, str]:
        """The names of capabilities by their ids."""
        return dict(self.capabilities.select("capability_id", "name").iter_rows())


def record(engine: Engine, question_id: str, as_of: date) -> Record:
    """What was known of a question at the end of a day (UTC). Raises KeyError for one that is not stored.

    Decided is what this program had recorded as decided by then: an outcome that it recorded later, and dated back, is
    not known on the days between, nor is that of a market which it first read later. What was forecast, and the
    evidence, are as they are stored now, up to that day by their own dates. Words of a site (title, rules, close) are
    those it last gave: it keeps no earlier ones. What it counts (volume, forecasters) is null where it was read later.
    """
    moment = datetime.combine(as_of, LAST_MOMENT)
    known = _known(_counted(questions(engine), moment), decided(engine, moment))
    rows = known.filter(question_id=question_id)
    if rows.is_empty():
        raise KeyError(question_id)
    question = rows.row(0, named=True)
    alike = known.filter(topic=question["topic"])["question_id"].to_list() if question["topic"] else []
    resolved = known.filter(pl.col("resolution").is_not_null())["question_id"].to_list()
    wanted = {question_id, *alike, *resolved}
    return Record(
        question=question,
        as_of=as_of,
        questions=known,
        resolutions=resolutions(engine, question_id).filter(pl.col("recorded_at") <= moment),
        forecasts=_stated(forecasts(engine, wanted), moment),
        standing=standing(engine, moment, over=True).join(_open(known), on="question_id", how="semi"),
        estimates=_made(estimates(engine, [question_id], every=True), moment),
        gaps=gaps(engine, as_of),
        first_seen=first_seen(engine, as_of),
        scores=scores(engine, moment),
        doses=doses(engine, moment),
        publications=publications(engine),
        capabilities=capabilities(engine),
    )


def last_day(engine: Engine, question_id: str, today: date) -> date:
    """The last day on which anything was recorded of a question, so that a record needs no clock; else `today`."""
    days: list[date] = estimates(engine, [question_id])["as_of"].to_list()
    stated = forecasts(engine, [question_id])
    columns = [
        *stated.select("at", "withdrawn_at"),
        estimates(engine, [question_id], backtest=False)["computed_at"],
        resolutions(engine, question_id)["recorded_at"],
        questions(engine).filter(question_id=question_id)["synced_at"],
    ]
    days += [at.date() for column in columns for at in column.drop_nulls()]
    return min(max(days, default=today), today)


def runs_behind(engine: Engine, *used: pl.DataFrame) -> pl.DataFrame:
    """The runs of gaps and scores with settings, files and hashes: benchmark_id, then `db.queries.provenance.BEHIND`.

    `used`: frames with benchmark_id, and run_id or both reasoning_run_id and conventional_run_id; or empty ones.
    """
    found = [pl.DataFrame(schema={"benchmark_id": pl.String, **BEHIND})]
    for frame in (frame for frame in used if frame.height):
        for (benchmark_id,), rows in frame.partition_by("benchmark_id", as_dict=True, maintain_order=True).items():
            columns = [name for name in ("reasoning_run_id", "conventional_run_id", "run_id") if name in rows.columns]
            ids = [run for name in columns for run in rows[name].to_list()]
            runs = behind(engine, ids, str(benchmark_id))
            found.append(runs.select(pl.lit(benchmark_id, pl.String).alias("benchmark_id"), *BEHIND))
    return pl.concat(found).unique(maintain_order=True).sort("benchmark_id", "run_id")


def _known(questions: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """The questions with these decisions and no others."""
    undecided = questions.drop("resolution", "annulled", "resolved_at")
    return (
        undecided.join(decided, on="question_id", how="left", maintain_order="left")
        .with_columns(pl.col("annulled").fill_null(False))
        .select(questions.columns)
    )


def _counted(questions: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """The questions without what their sites counted after the moment."""
    later = pl.col("synced_at").fill_null(moment) > moment
    counts = ("volume", "volume_unit", "forecasters")
    return questions.with_columns(pl.when(~later).then(pl.col(name)).alias(name) for name in counts)


def _open(known: pl.DataFrame) -> pl.DataFrame:
    return known.filter(pl.col("resolution").is_null(), ~pl.col("annulled"), pl.col("resolved_at").is_null())


def _made(estimates: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """The estimates for the days until then, what was made after the moment as back-tests; of several the last made."""
    return (
        estimates.filter(pl.col("as_of") <= moment.date())
        .with_columns(backtest=pl.col("backtest") | (pl.col("computed_at") > moment))
        .sort(MADE)
        .unique(MADE[:4], keep="last", maintain_order=True)
    )


def _stated(forecasts: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """What had been stated by then, and what of it had been withdrawn."""
    later = pl.col("withdrawn_at").fill_null(moment) > moment
    return forecasts.filter(pl.col("at") <= moment).with_columns(
        pl.when(later).then(None).otherwise(pl.col("withdrawn_at")).alias("withdrawn_at"),
        pl.when(later).then(None).otherwise(pl.col("withdrawn_because")).alias("withdrawn_because"),
    )
