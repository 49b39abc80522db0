"""What all gaps together say: pooled over twins, apart for every domain, grading, relation and source.

Ratings are pooled as they are, fractions in log-odds; the two say different things and never meet. Points of judges
have a scale of their own at every benchmark and are not pooled.
"""

from collections.abc import Collection, Sequence

import polars as pl

from tracker.stats.pooling import TWIN, Method, Pooled, Scale, blocked, pool_twins, twin_effects

DOMAIN = ("capability", "grading", "relation", "source")
FEWEST_CONVENTIONAL = 3
# Whatever else is asked for, these stay apart.
ALWAYS = ("unit", "demonstration")
SCALES: dict[str, Scale] = {"rating": "value", "fraction": "log_odds"}

POOLED: dict[str, pl.DataType | type[pl.DataType]] = {
    "scale": pl.String,
    "gaps": pl.Int64,
    "twins": pl.Int64,
    "blocked": pl.Int64,
    "k": pl.Int64,
    "conventional": pl.Int64,
    "positive": pl.Int64,
    "mean": pl.Float64,
    "stderr": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "predicted_low": pl.Float64,
    "predicted_high": pl.Float64,
    "tau2": pl.Float64,
    "i2": pl.Float64,
    "level": pl.Float64,
    "method": pl.String,
}
STATED = ("k", "positive", "mean", "stderr", "low", "high", "predicted_low", "predicted_high", "tau2", "i2")


def pooled(
    gaps: pl.DataFrame,
    by: Sequence[str] = DOMAIN,
    *,
    method: Method = "paule-mandel",
    level: float = 0.95,
    admit: Collection[str] = (),
) -> pl.DataFrame:
    """One row per combination of the columns `by`, unit and demonstration that has a gap: those, then POOLED.

    `gaps`: as `db.queries.scores.gaps` gives them. Answers are counted `once`, unless `by` names benchmark_id.
    `scale`: what mean, low, high and the prediction interval are in, "value" (the unit) or "log_odds"; null for
    points. `gaps`, `twins`: how many there are; `blocked`: how many of the gaps carry a blocking flag that `admit`
    does not name. `k`: twins that could be pooled, `positive` of them above 0. Everything else is as in
    `pooling.Pooled`, null where fewer than three twins could be, or where these were held against fewer than three
    `conventional` models: what such a model scored by luck is in all its twins' gaps alike, which the interval would
    not know.
    """
    keys = [*by, *(name for name in ALWAYS if name not in by)]
    schema = {name: gaps.schema[name] for name in keys} | POOLED
    chosen = gaps if "benchmark_id" in by else once(gaps, admit=admit)
    counts = (
        chosen.group_by(keys)
        .agg(gaps=pl.len(), twins=pl.struct(TWIN).n_unique(), blocked=blocked(admit).sum())
        .sort(keys, nulls_last=True)
    )
    effects: dict[tuple[object, ...], pl.DataFrame] = {}
    for unit, scale in SCALES.items():
        twins = twin_effects(chosen.filter(unit=unit), scale=scale, admit=admit, by=keys)
        effects |= twins.partition_by(keys, as_dict=True)
    rows = [
        {**row, **_pooled(row["unit"], effects.get(tuple(row[name] for name in keys)), method=method, level=level)}
        for row in counts.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def once(gaps: pl.DataFrame, *, admit: Collection[str] = ()) -> pl.DataFrame:
    """The gaps without those whose answers another gap of the twin counts already.

    That is one on the benchmark which theirs overlaps, by the same source and in the same unit, that can be pooled.
    """
    other = gaps.filter(~blocked(admit), pl.col("stderr").is_not_null() | pl.col("log_odds_stderr").is_not_null())
    named = ["overlaps", *TWIN, "source", "unit"]
    return gaps.join(other, left_on=named, right_on=["benchmark_id", *named[1:]], how="anti", nulls_equal=True)


def domain(gaps: pl.DataFrame, **wanted: str | bool | None) -> pl.DataFrame:
    """The gaps whose columns hold what is wanted (null for None), each answer counted once."""
    chosen = [pl.col(name).is_null() if value is None else pl.col(name) == value for name, value in wanted.items()]
    return once(gaps.filter(*chosen))


def _pooled(unit: str | None, twins: pl.DataFrame | None, *, method: Method, level: float) -> dict[str, object]:
    """The columns of POOLED that follow from the twins of a row; `twins` null: none could be pooled."""
    conventional = 0 if twins is None else twins["conventional_id"].n_unique()
    result = Pooled(k=0, positive=0, level=level, method=method)
    if twins is not None:
        result = pool_twins(twins, method=method, level=level)
        if conventional < FEWEST_CONVENTIONAL:
            result = Pooled(k=result.k, positive=result.positive, level=level, method=method)
    return {
        "scale": SCALES.get(unit or ""),
        **{name: getattr(result, name) for name in STATED},
        "conventional": conventional,
        "level": level,
        "method": method,
    }
