"""How good forecasts were: Brier, logarithmic, baseline and peer scores over the days that all compared covered.

Brier 1950 in its one-class form; baseline and peer as Metaculus defines them (metaculus.com/help/scores-faq); the Brier
Index as ForecastBench does. A score is averaged over time, never read at the resolution, when everybody knows. The days
end with the question, so one that ends early by resolving YES has fewer: scores compare forecasters over the same days,
and are no property of a forecaster alone.
"""

import math
from collections.abc import Collection
from typing import Literal

import numpy as np
import polars as pl

from tracker.stats.forecasts import common_windows, scored_windows
from tracker.stats.resampled import means

By = Literal["question", "topic"]
Score = Literal["brier", "log", "baseline", "peer"]

# Logarithmic scores of what was called impossible have no end: probabilities are kept this far from 0 and 1.
LEAST = 0.001
DAY = 86_400_000_000
KEPT: tuple[Score, ...] = ("brier", "log", "baseline", "peer")
SCORES: dict[str, type[pl.DataType]] = {
    "unit": pl.String,
    "group": pl.String,
    "topic": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "resolution": pl.Float64,
    "days": pl.Float64,
    "coverage": pl.Float64,
    "probability": pl.Float64,
    **dict.fromkeys(KEPT, pl.Float64),
}
ENDS = ("", "_low", "_high")
FORECASTERS: dict[str, type[pl.DataType]] = {
    "forecaster": pl.String,
    "kind": pl.String,
    "questions": pl.Int64,
    "groups": pl.Int64,
    "days": pl.Float64,
    "coverage": pl.Float64,
    **{f"{score}{end}": pl.Float64 for score in KEPT for end in ENDS},
}


def brier(probability: pl.Expr, resolution: pl.Expr) -> pl.Expr:
    """(p − r)², 0 is best, 1 worst: the one-class form, half of Brier's own sum over both outcomes."""
    return (probability - resolution) ** 2


def log_score(probability: pl.Expr, resolution: pl.Expr) -> pl.Expr:
    """r ln p + (1 − r) ln(1 − p) in nats, 0 is best, with p kept in [0.001, 0.999]."""
    p = probability.clip(LEAST, 1 - LEAST)
    return resolution * p.log() + (1 - resolution) * (1 - p).log()


def baseline(log: pl.Expr) -> pl.Expr:
    """Metaculus's baseline score of a log score in nats: 100 (log2 p + 1); 0 is what 50 % gets, 99.86 best."""
    return 100 * (log / math.log(2) + 1)


def brier_index(score: pl.Expr) -> pl.Expr:
    """ForecastBench's 100 (1 − √Brier): 100 is best, 50 what "50 %" gets."""
    return 100 * (1 - score.sqrt())


def multiclass_brier(probabilities: pl.Expr, outcomes: pl.Expr) -> pl.Expr:
    """Σ (p − o)² over the answers of one question, not halved: 0 best, 2 worst. Aggregate it per question."""
    return ((probabilities - outcomes) ** 2).sum()


def multiclass_baseline(probability: pl.Expr, answers: pl.Expr) -> pl.Expr:
    """100 ln(p·N) / ln N of the p that the right one of N answers had, kept in [0.001, 0.999]; 0: p is 1/N."""
    return 100 * (probability.clip(LEAST, 1 - LEAST) * answers).log() / answers.log()


def question_scores(
    steps: pl.DataFrame, questions: pl.DataFrame, compared: Collection[str], by: By = "question"
) -> pl.DataFrame:
    """The scores of the compared forecasters on every question that all of them forecast: SCORES.

    `steps` of `tracker.stats.forecasts.steps` (and `reference_steps`, if they are compared), `questions` of
    `db.queries.questions.questions`. Only resolved questions are scored, never annulled ones; only the days on which
    every one of `compared` stood count, the same for all of them; a question without such a day is not there. Changing
    `compared` changes the days and so the scores.

    unit         the question's id, or the topic's under `by` "topic" (the question's where it has none): there each
                 forecaster is scored on its own questions of the topic, those of one averaged by time, so that sites
                 which never share a question can be compared. A topic whose questions resolved differently is left out:
                 there they forecast different things
    group        units that share their fate and are drawn together by a bootstrap; topic: null where there is none
    resolution   the outcome in [0, 1]; under `by` "topic" turned round for inverted questions
    days         how long the compared forecasters all stood, in days: what the scores average over
    coverage     share of the scored window over which this forecaster stood, whether the others did or not
    probability  averaged over those days, turned round as the resolution is
    brier, log, baseline, peer: averaged over those days. peer: 100 ln(p / geometric mean of the others' p), of the
    probability given to what happened; null where nobody else is compared. The peers' scores on a unit sum to zero.
    """
    windows = scored_windows(questions).filter(pl.col("unscored").is_null())
    topic = pl.coalesce("topic", "question_id") if by == "topic" else pl.col("question_id")
    turned = pl.col("inverted") if by == "topic" else pl.lit(False)
    about = windows.select(
        "question_id",
        "group",
        "topic",
        "resolution",
        "inverted",
        unit=topic,
        opens="start",
        closes="end",
    ).with_columns(
        outcome=pl.when(turned).then(1 - pl.col("resolution")).otherwise("resolution"),
        turned=turned,
    )
    names = sorted(set(compared))
    own = steps.filter(pl.col("forecaster").is_in(names)).join(about, on="question_id", maintain_order="left")
    if by == "topic":
        own = own.join(_disagreeing(own), on="unit", how="anti")
    common = common_windows(own, names, "unit").with_columns(length=_length())
    own = own.join(common.select("unit").unique(), on="unit", how="semi")
    weighed = _weighed(own, common)
    over = ("unit", "forecaster")
    p, r, weight = pl.col("probability"), pl.col("resolution"), pl.col("weight")

    def mean(score: pl.Expr) -> pl.Expr:
        return (score * weight).sum() / weight.sum()

    scored = weighed.group_by(over).agg(
        pl.col("group", "topic", "kind").first(),
        resolution=pl.col("outcome").first(),
        probability=mean(pl.when("turned").then(1 - p).otherwise(p)),
        brier=mean(brier(p, r)),
        log=mean(log_score(p, r)),
    )
    days = common.group_by("unit").agg(days=pl.col("length").sum() / DAY)
    others = pl.len().over("unit") - 1
    peer = 100 * (pl.col("log") - (pl.col("log").sum().over("unit") - pl.col("log")) / others)
    return (
        scored.join(days, on="unit")
        .join(_coverage(own), on=over)
        .sort(over)
        .with_columns(baseline=baseline(pl.col("log")), peer=pl.when(others > 0).then(peer))
        .select(*SCORES)
    )


def topic_scores(scores: pl.DataFrame) -> pl.DataFrame:
    """Scores per topic: topic, forecaster, kind, questions, brier, brier_index, log, baseline, peer.

    Means over the topic's units in `scores` (of `question_scores`), without an interval: few ask the same. topic null:
    those of no topic together.
    """
    return (
        scores.group_by("topic", "forecaster", "kind")
        .agg(pl.len().cast(pl.Int64).alias("questions"), pl.col(*KEPT).mean())
        .with_columns(brier_index=brier_index(pl.col("brier")))
        .sort("topic", "brier", "forecaster", nulls_last=True)
        .select("topic", "forecaster", "kind", "questions", "brier", "brier_index", "log", "baseline", "peer")
    )


def forecaster_scores(scores: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Scores per forecaster over all units, each counting once; the best Brier score first.

    forecaster, kind, questions, groups (how many do not share their fate), days (the sum), coverage (the mean), then
    brier, brier_low, brier_high and the same of brier_index, log, baseline and peer. The ends of a 95 % interval come
    from drawing groups anew (`tracker.stats.resampled.means`); null: too few of them. The Brier Index is that of the
    mean Brier score.
    """
    rows: list[dict[str, object]] = []
    for (name, kind), own in scores.sort("forecaster", "kind", "unit").group_by(
        "forecaster", "kind", maintain_order=True
    ):
        spreads = dict(zip(KEPT, means(own.select(KEPT).to_numpy(), own["group"].to_list(), rng), strict=True))
        lengths = own.select(pl.col("days").sum(), pl.col("coverage").mean()).row(0)
        counts = (own.height, own["group"].n_unique(), *lengths)
        rows.append(
            {
                "forecaster": name,
                "kind": kind,
                **dict(zip(("questions", "groups", "days", "coverage"), counts, strict=True)),
            }
            | {
                f"{score}{end}": value
                for score, spread in spreads.items()
                for end, value in zip(ENDS, spread, strict=True)
            }
        )
    found = pl.DataFrame(rows, schema=FORECASTERS)
    # The index falls as the Brier score rises: its ends change places.
    index = {
        f"brier_index{end}": brier_index(pl.col(f"brier{other}"))
        for end, other in zip(ENDS, ("", *ENDS[:0:-1]), strict=True)
    }
    return found.with_columns(**index).sort("brier", "forecaster").select(*FORECASTERS, *index)


def _disagreeing(own: pl.DataFrame) -> pl.DataFrame:
    """The units whose questions did not all resolve alike."""
    outcomes = own.select("unit", "outcome").unique().group_by("unit").len()
    return outcomes.filter(pl.col("len") > 1).select("unit")


def _weighed(own: pl.DataFrame, common: pl.DataFrame) -> pl.DataFrame:
    """Each step with its `weight`, the microseconds of it that lie in its unit's common windows; only those above 0."""
    so_far = common.with_columns(before=pl.col("length").cum_sum().over("unit") - pl.col("length"))

    def passed(edge: str) -> pl.Series:
        """How much of the common windows had gone by at this edge of each step."""
        edges = own.select("unit", at=edge).with_row_index("place").sort("at")
        found = edges.join_asof(
            so_far.sort("start"), left_on="at", right_on="start", by="unit", strategy="backward", check_sortedness=False
        )
        inside = (pl.col("at") - pl.col("start")).dt.total_microseconds()
        gone = (pl.col("before") + pl.min_horizontal(inside, "length")).fill_null(0)
        return found.select("place", gone=gone).sort("place")["gone"]

    return own.with_columns(weight=passed("end") - passed("start")).filter(pl.col("weight") > 0)


def _coverage(own: pl.DataFrame) -> pl.DataFrame:
    """unit, forecaster, coverage: the share of its questions' scored windows over which a forecaster stood."""
    opens = pl.coalesce("opens", pl.col("start").min().over("question_id"))
    each = (
        own.with_columns(window=(pl.col("closes") - opens).dt.total_microseconds(), stood=_length())
        .group_by("unit", "forecaster", "question_id")
        .agg(pl.col("window").first(), pl.col("stood").sum())
    )
    return each.group_by("unit", "forecaster").agg(coverage=pl.col("stood").sum() / pl.col("window").sum())


def _length() -> pl.Expr:
    return (pl.col("end") - pl.col("start")).dt.total_microseconds()
