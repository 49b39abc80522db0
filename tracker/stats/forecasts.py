"""Dated probabilities as steps: when each stood, on which days all compared forecasters stood, and what moved.

A forecast stands from its moment on, right-continuous, until the same forecaster's next one, until it is withdrawn, or
until a hole in the record (a row without a probability), whichever comes first. One that was withdrawn counts for the
time it stood. Nothing stands after the resolution.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import polars as pl

TIME = pl.Datetime("us", "UTC")
STEPS = {
    "question_id": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "start": TIME,
    "end": TIME,
    "probability": pl.Float64,
}

BASE_RATE = "base rate"
FIFTY = "50 %"
REFERENCES = (BASE_RATE, FIFTY)
REFERENCE = "reference"
SERIES = ("question_id", "forecaster")


def scored_windows(questions: pl.DataFrame) -> pl.DataFrame:
    """When a forecast on each question counts: question_id, start, end, unscored and what a score needs to know.

    `questions` has the columns of `db.queries.questions.questions`. start: `opens_at`; null: from the first statement
    on. end: the earlier of `closes_at` and `resolved_at`. A question resolved early ends then; one resolved late ends
    when it closed, because from then on a price cannot move and the outcome may be known. null: not known yet.
    unscored: why no forecast on it is scored: "quantity" (it has a `scale`: its price is a place on that, and no
    probability), "annulled", "open", "no end" (resolved, but nobody knows when) or "no time" (it ends before it
    begins); null: it is. group: questions that share their fate, and that a bootstrap draws
    together: the topic, else the entry whose answers they are, else the question itself. Further columns: resolution
    (null if annulled), topic, inverted, annulled, announced (`closes_at`), quantity.
    """
    end = pl.min_horizontal(_utc(questions, "closes_at"), _utc(questions, "resolved_at"))
    start = _utc(questions, "opens_at")
    annulled = pl.col("annulled").fill_null(False)
    unscored = (
        pl.when("quantity")
        .then(pl.lit("quantity"))
        .when("annulled")
        .then(pl.lit("annulled"))
        .when(pl.col("resolution").is_null())
        .then(pl.lit("open"))
        .when(pl.col("end").is_null())
        .then(pl.lit("no end"))
        .when(pl.col("end") <= pl.col("start"))
        .then(pl.lit("no time"))
    )
    text = {name: pl.col(name).cast(pl.String) for name in ("topic", "market")}
    return questions.select(
        "question_id",
        start=start,
        end=end,
        resolution=pl.when(~annulled).then(pl.col("resolution").cast(pl.Float64)),
        group=pl.coalesce(text["topic"], text["market"], "question_id"),
        topic=text["topic"],
        inverted=pl.col("inverted").fill_null(False),
        annulled=annulled,
        announced=_utc(questions, "closes_at"),
        quantity=pl.col("scale").is_not_null(),
    ).with_columns(unscored=unscored.cast(pl.String))


def steps(forecasts: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """The intervals in which each forecast stood, within the question's scored window (`scored_windows`): STEPS.

    `forecasts` has the columns of `db.queries.forecasts.forecasts`, in any order and time zone; `start` and `end` are
    UTC. A step of an open question without a closing time has no `end`: null. Forecasts on questions that `questions`
    does not have are left out. By question, forecaster and start.
    """
    windows = scored_windows(questions).select("question_id", opens="start", closes="end")
    return _within(_stood(forecasts), windows)


def drawn_steps(forecasts: pl.DataFrame, questions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The intervals in which each forecast stood until `now`, for a chart: STEPS, `end` never null.

    Unlike `steps` it does not stop at the close, only at the resolution, and shows what was said before the question
    opened. Two steps of one forecaster that do not touch have a gap between them: nothing stood.
    """
    ends = pl.min_horizontal(_utc(questions, "resolved_at"), pl.lit(now).cast(TIME))
    windows = questions.select("question_id", opens=pl.lit(None, TIME), closes=ends)
    return _within(_stood(forecasts), windows)


def stood_at(steps: pl.DataFrame, at: datetime | pl.DataFrame) -> pl.DataFrame:
    """What stood at a moment: question_id, forecaster, kind, at, probability, one row per forecaster who had one.

    `at` is one moment, or a frame of question_id and at: a moment for each question.
    """
    moments = (
        steps.select("question_id").unique().with_columns(at=pl.lit(at).cast(TIME)) if isinstance(at, datetime) else at
    )
    return (
        steps.join(moments.select("question_id", "at").drop_nulls(), on="question_id", maintain_order="left")
        .filter(pl.col("start") <= pl.col("at"), pl.col("end").is_null() | (pl.col("at") < pl.col("end")))
        .select(*SERIES, "kind", "at", "probability")
    )


def changes(now: pl.DataFrame, earlier: Mapping[int, pl.DataFrame]) -> pl.DataFrame:
    """What stands now, and how far it moved: question_id, forecaster, kind, at, probability, change_7, change_30, …

    `now` and each of `earlier` (by days ago) are frames of `db.queries.forecasts.standing` or `stood_at`. A change is
    in probability, now − then; null: nothing stood then.
    """
    found = now.select(*SERIES, "kind", "at", "probability")
    for days, then in earlier.items():
        before = then.select(*SERIES, before="probability")
        found = (
            found.join(before, on=SERIES, how="left", maintain_order="left")
            .with_columns((pl.col("probability") - pl.col("before")).alias(f"change_{days}"))
            .drop("before")
        )
    return found


def reference_steps(steps: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """Steps of two forecasters who know nothing of a question, to be measured against: STEPS, kind "reference".

    "50 %" always says so. "base rate" says (resolved YES + 1) / (resolved + 2), counted over the questions of
    `questions` that had been resolved before this one opened: what could be known by then. Its own outcome is never in
    it, as it would be, turned round, in a base rate over all the others; before anything has resolved it is 50 %.
    Annulled questions and quantities do not count; a resolution in between counts as the fraction it is. Each stands
    over the whole scored window of every question that `steps` has; one that does not say when it opened begins with
    the first statement on it.
    """
    first = steps.group_by("question_id").agg(first=pl.col("start").min())
    windows = (
        scored_windows(questions)
        .join(first, on="question_id")
        .with_columns(start=pl.coalesce("start", "first"), resolved=pl.lit(None, TIME))
    )
    resolved = (
        questions.select(at=_utc(questions, "resolved_at"), resolution=pl.col("resolution").cast(pl.Float64))
        .filter(~questions["annulled"].fill_null(False), questions["scale"].is_null())
        .drop_nulls()
        .sort("at")
        .select("at", yes=pl.col("resolution").cum_sum(), count=pl.int_range(1, pl.len() + 1))
    )
    known = windows.sort("start").join_asof(
        resolved, left_on="start", right_on="at", strategy="backward", allow_exact_matches=False
    )
    rate = (pl.col("yes").fill_null(0.0) + 1) / (pl.col("count").fill_null(0) + 2)
    rows = [
        known.select(
            "question_id",
            forecaster=pl.lit(name),
            kind=pl.lit(REFERENCE),
            start="start",
            end="end",
            probability=probability.cast(pl.Float64),
        )
        for name, probability in ((BASE_RATE, rate), (FIFTY, pl.lit(0.5)))
    ]
    return pl.concat(rows).filter(_lasts()).sort(*SERIES, "start")


def common_windows(steps: pl.DataFrame, compared: Collection[str], unit: str = "question_id") -> pl.DataFrame:
    """When every one of the compared forecasters stood: `unit`, start, end; by unit and start, no two touching.

    `unit`: the column of `steps` within which they are compared. Under "question_id" they stood on the same question.
    Steps without an end are left out.
    """
    names = sorted(set(compared))
    own = steps.filter(pl.col("forecaster").is_in(names), pl.col("end").is_not_null())
    each = _covered(_glued(own, [unit, *SERIES]), [unit, "forecaster"], at_least=1)
    return _covered(each, [unit], at_least=len(names))


def _glued(intervals: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The same time in fewer intervals: rows that follow one another and touch become one. Thousands become few."""
    touches = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in key) & (
        pl.col("start") == pl.col("end").shift(1)
    )
    marked = intervals.with_columns(touches=touches.fill_null(False))
    ends = marked.filter(~marked["touches"].shift(-1, fill_value=False))["end"]
    return marked.filter(~pl.col("touches")).with_columns(end=ends)


def _covered(intervals: pl.DataFrame, key: Sequence[str], at_least: int) -> pl.DataFrame:
    """The stretches of time over which at least so many of the intervals of a key overlap, as long as they can be."""
    edges = [
        intervals.select(*key, at=pl.col(edge), change=pl.lit(change, pl.Int64))
        for edge, change in (("start", 1), ("end", -1))
    ]
    depth = (
        pl.concat(edges)
        .group_by(*key, "at")
        .agg(pl.col("change").sum())
        .filter(pl.col("change") != 0)
        .sort(*key, "at")
        .with_columns(enough=pl.col("change").cum_sum().over(key) >= at_least)
        .filter(pl.col("enough") != pl.col("enough").shift(1).over(key).fill_null(False))
        .with_columns(end=pl.col("at").shift(-1).over(key))
    )
    return depth.filter("enough").select(*key, start="at", end="end")


def _stood(forecasts: pl.DataFrame) -> pl.DataFrame:
    """Each forecast with its `start` and `end`, before any window; `end` null: it still stands."""
    ordered = forecasts.select(
        *SERIES,
        "kind",
        "position",
        pl.col("probability").cast(pl.Float64),
        start=_utc(forecasts, "at"),
        withdrawn=_utc(forecasts, "withdrawn_at"),
    ).sort(*SERIES, "start", "position")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(-1) for name in SERIES)
    following = pl.when(same).then(pl.col("start").shift(-1))
    return ordered.with_columns(end=pl.min_horizontal(following, "withdrawn")).filter(
        pl.col("probability").is_not_null()
    )


def _within(stood: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """The steps cut to each question's opens and closes (null: no bound); what does not last is gone."""
    return (
        stood.join(windows, on="question_id", maintain_order="left")
        .with_columns(start=pl.max_horizontal("start", "opens"), end=pl.min_horizontal("end", "closes"))
        .filter(_lasts())
        .select(*STEPS)
    )


def _lasts() -> pl.Expr:
    return pl.col("end").is_null() | (pl.col("start") < pl.col("end"))


def _utc(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A column of moments in UTC; ValueError for times that do not say their zone."""
    kind = frame.schema[name]
    if kind == pl.Null:
        return pl.col(name).cast(TIME)
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise ValueError(f"{name} holds {kind}: a moment needs its time zone")
    return pl.col(name).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
