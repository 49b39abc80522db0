"""The map of capabilities: how high either kind of model got on each benchmark, beside people, and what nobody tracks.

The best models of two kinds are no twins: they differ in size, age and maker. The map says what has been reached, not
what thinking does.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from tracker.stats.findings import ORIGINS, in_words
from tracker.stats.flags import BLOCKING

PLACES = {
    "superhuman": "Expected to become superhuman",
    "high-human": "Expected to stay merely high-human for longer",
    None: "Not placed by the question",
}
NATURES = {"checkable": "checkable", "taste": "taste", "mixed": "both"}
KINDS = ("reasoning", "conventional")
SIDE: dict[str, pl.DataType | type[pl.DataType]] = {
    "value": pl.Float64,
    "model_name": pl.String,
    "origin": pl.String,
    "source": pl.String,
    "source_url": pl.String,
    "finished_at": pl.Datetime("us", "UTC"),
    "models": pl.Int64,
}
# What measures a capability best: a check where answers can be checked, people where taste decides.
FITTING = {"checkable": "verifiable", "taste": "voted"}
UNTRACKED = "nothing tracked"
# The day in a benchmark's name takes more room in the chart than there is; the note has the whole name.
DAY = re.compile(r" \d{4}-\d{2}-\d{2}")
SPEED = "thinking-speed"


def best(scores: pl.DataFrame) -> pl.DataFrame:
    """The highest trusted score of each kind on each benchmark: benchmark_id, kind and the columns of SIDE.

    `scores`: as `db.queries.trends.scores` gives them. Left out: scores with a blocking flag, models of unknown kind,
    and ratings that are not of their source's newest day, for ratings of different days are not comparable. Of equal
    scores the earliest dated, then by model. `models`: how many of the kind were left.
    """
    refused = pl.col("flags").list.eval(pl.element().is_in(list(BLOCKING))).list.any().fill_null(False)
    newest = pl.col("finished_at").max().over("benchmark_id", "source")
    current = (pl.col("unit") != "rating") | newest.is_null() | (pl.col("finished_at") == newest)
    kept = scores.filter(~refused, pl.col("kind").is_in(KINDS), current.fill_null(False))
    return (
        kept.sort("value", "finished_at", "model_id", descending=[True, False, False], nulls_last=True)
        .group_by("benchmark_id", "kind", maintain_order=True)
        .agg(
            pl.first(*(name for name in SIDE if name != "models")), models=pl.col("model_id").n_unique().cast(pl.Int64)
        )
    )


def table(capabilities: pl.DataFrame, benchmarks: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """One row per capability and benchmark, and one for a capability without any; for each kind the columns of SIDE.

    In the order of PLACES, then by name; within a capability the benchmarks that both kinds were scored on first, of
    these the ones whose grading fits its nature, then by how many models. Scores and human levels are in the
    benchmark's unit; null: not known.
    """
    found = best(scores)
    rows = capabilities.join(benchmarks, on="capability_id", how="left")
    for kind in KINDS:
        side = found.filter(kind=kind).select("benchmark_id", *(pl.col(name).alias(f"{kind}_{name}") for name in SIDE))
        rows = rows.join(side, on="benchmark_id", how="left")
    order = {place: number for number, place in enumerate(PLACES) if place}
    both = pl.all_horizontal(pl.col(f"{kind}_value").is_not_null() for kind in KINDS)
    either = pl.any_horizontal(pl.col(f"{kind}_value").is_not_null() for kind in KINDS)
    models = pl.sum_horizontal(pl.col(f"{kind}_models").fill_null(0) for kind in KINDS)
    return (
        rows.with_columns(
            _place=pl.col("place").replace_strict(order, default=len(order), return_dtype=pl.Int64),
            _fits=(pl.col("grading") == pl.col("nature").replace(FITTING)).fill_null(False),
            _again=pl.col("overlaps").is_not_null(),
            _both=both,
            _either=either,
            _models=models,
        )
        .sort(
            *("_place", "name", "_both", "_either", "_fits", "_again", "_models", "benchmark_name"),
            descending=[False, False, True, True, True, False, True, False],
        )
        .drop("_place", "_fits", "_again", "_both", "_either", "_models")
    )


def leading(rows: pl.DataFrame) -> pl.DataFrame:
    """The first row of each capability in `table`, and how many benchmarks it has."""
    counts = rows.group_by("capability_id").agg(benchmarks=pl.col("benchmark_id").drop_nulls().len().cast(pl.Int64))
    return rows.unique("capability_id", keep="first", maintain_order=True).join(
        counts, on="capability_id", maintain_order="left"
    )


def drawn(rows: pl.DataFrame, speeds: pl.DataFrame) -> pl.DataFrame:
    """The rows of `tracker.charts.capabilities.levels`, fractions and human levels as percent."""
    found = []
    for row in leading(rows).iter_rows(named=True):
        share = row["unit"] == "fraction"
        scored = any(row[f"{kind}_value"] is not None for kind in KINDS)
        found.append(
            {
                "label": row["name"],
                "detail": DAY.sub("", row["benchmark_name"] or "") if scored else "",
                "panel": PLACES.get(row["place"], PLACES[None]),
                "reasoning": _percent(row["reasoning_value"]) if share else None,
                "conventional": _percent(row["conventional_value"]) if share else None,
                "human": _percent(row["human"]) if share and scored else None,
                "text": _said(row, speeds) if scored or row["capability_id"] == SPEED else _missing(row),
                "faint": not scored,
                "note": _note(row),
            }
        )
    schema = dict.fromkeys(("label", "detail", "panel", "text", "note"), pl.String)
    numbers = dict.fromkeys(("reasoning", "conventional", "human"), pl.Float64)
    return pl.DataFrame(found, schema_overrides={**schema, **numbers, "faint": pl.Boolean}, orient="row")


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _missing(row: Mapping[str, Any]) -> str:
    count = row["benchmarks"]
    return UNTRACKED if not count else f"{count} {'benchmark' if count == 1 else 'benchmarks'}, none run yet"


def _said(row: Mapping[str, Any], speeds: pl.DataFrame) -> str:
    if row["capability_id"] == SPEED:
        own = speeds.filter(~pl.col("demonstration"), kind="reasoning")
        if own.is_empty():
            return "demonstration only, below" if speeds.height else UNTRACKED
        fastest = max(tokens / seconds for tokens, seconds in own.select("output_tokens", "seconds").iter_rows())
        return f"up to {fastest:,.0f} tokens a second"
    one, other = (amount(row[f"{kind}_value"], row["unit"]) for kind in KINDS)
    human = f", human {amount(row['human'], row['unit'])}" if row["human"] is not None else ""
    if row["reasoning_value"] is None or row["conventional_value"] is None:
        return f"{one if row['reasoning_value'] is not None else other}{human}"
    after = " Elo" if row["unit"] == "rating" else " points" if row["unit"] == "points" else ""
    return f"{one} against {other}{after}{human}"


def amount(value: float | None, unit: str | None) -> str:
    """A score as it is written: "92 %", "1,482"; "not known" for null."""
    if value is None:
        return "not known"
    if unit == "fraction":
        return f"{100 * value:.0f} %" if 0.995 > value >= 0.1 or value in (0, 1) else f"{100 * value:.1f} %"
    return f"{value:,.0f}" if unit == "rating" or abs(value) >= 100 else f"{value:.1f}"


def _note(row: Mapping[str, Any]) -> str:
    parts = [row["benchmark_name"]] if row["benchmark_name"] else []
    for kind in KINDS:
        if row[f"{kind}_value"] is not None:
            when = row[f"{kind}_finished_at"]
            source = row[f"{kind}_source"] or ORIGINS[row[f"{kind}_origin"]]
            day = in_words(when.date()) if when else "date not known"
            parts.append(f"{kind}: {row[f'{kind}_model_name']} ({source}, {day})")
    if row["human"] is not None:
        parts.append(f"human level: {row['human_source']}")
    if row["note"]:
        parts.append(row["note"])
    return "; ".join(parts) or UNTRACKED


def finding(rows: pl.DataFrame, speeds: pl.DataFrame) -> str:
    """What the map shows, in one sentence. A speed counts as a score where models that are no demonstration ran."""
    named = rows.filter(pl.col("place").is_not_null())
    scored = pl.any_horizontal(pl.col(f"{kind}_value").is_not_null() for kind in KINDS)
    total = named["capability_id"].n_unique()
    timed = (pl.col("capability_id") == SPEED) & (not speeds["demonstration"].all())
    missing = total - named.filter(scored | timed)["capability_id"].n_unique()
    both = scored_by_both(rows)
    if both.is_empty():
        return (
            f"No benchmark has a score of both kinds yet; {missing} of {total} named capabilities have no score at all."
        )
    ahead = both.filter(pl.col("reasoning_value") > pl.col("conventional_value")).height
    return (
        f"The best score is a reasoning model’s on {ahead} of {both.height} benchmarks; of the {total} capabilities "
        f"the question names, {missing} have no score here."
    )


def scored_by_both(rows: pl.DataFrame) -> pl.DataFrame:
    """The benchmarks with a score of each kind, without those that count the answers of another of them again."""
    both = rows.filter(pl.col(f"{kind}_value").is_not_null() for kind in KINDS)
    return both.filter(~pl.col("overlaps").is_in(both["benchmark_id"].to_list()).fill_null(False))


def people(rows: pl.DataFrame) -> str:
    """How the best of each kind stand to people, where a human level is known."""
    both = scored_by_both(rows)
    known = both.filter(pl.col("human").is_not_null())
    if both.is_empty():
        return ""
    if known.is_empty():
        return f"A human level is known on none of these {both.height} benchmarks."
    above = [known.filter(pl.col(f"{kind}_value") > pl.col("human")).height for kind in KINDS]
    return (
        f"A human level is known on {known.height} of these {both.height} benchmarks: the best reasoning model "
        f"scores above it on {above[0]}, the best conventional one on {above[1]}, by however little."
    )


def shorter(drawn: pl.DataFrame) -> pl.DataFrame:
    """The chart's rows for a small screen: those with a score, and one a panel that counts the others."""
    parts = []
    for rows in drawn.partition_by("panel", maintain_order=True):
        parts.append(rows.filter(~pl.col("faint")))
        faint = rows.filter("faint")
        if faint.height:
            more = "more " if faint.height < rows.height else ""
            count = f"{faint.height} {more}{'capability' if faint.height == 1 else 'capabilities'}"
            parts.append(faint.head(1).with_columns(label=pl.lit(count), text=pl.lit("no score"), note=pl.lit("")))
    return pl.concat(parts)


def unscored(drawn: pl.DataFrame) -> str:
    """The names that `shorter` leaves out."""
    faint = drawn.filter("faint")
    listed = [
        f"{what}: {', '.join(faint.filter(missing)['label'].to_list())}"
        for what, missing in (
            ("Nothing tracked", pl.col("text") == UNTRACKED),
            ("Tracked, with no score yet", pl.col("text") != UNTRACKED),
        )
        if faint.filter(missing).height
    ]
    return "".join(f"{text}. " for text in listed).rstrip()


def reading(rows: pl.DataFrame) -> str:
    """How to read the chart; names only what is drawn."""
    parts = [
        "Each capability by one benchmark: checked where it can be, with the most models.",
        "Green dot: best reasoning model; orange diamond: best conventional one.",
    ]
    if rows["human"].is_not_null().any():
        parts.append("Upright stroke: human level.")
    parts.append("Margins of error are not weighed; no twins: size and age differ.")
    return " ".join(parts)


def figures(rows: pl.DataFrame, speeds: pl.DataFrame) -> pl.DataFrame:
    """Source and origin of every score in the chart, one row each; of an own speed as well, where it is told."""
    top = leading(rows)
    parts = [
        top.filter(pl.col(f"{kind}_value").is_not_null()).select(
            source=f"{kind}_source", origin=f"{kind}_origin", on=pl.col(f"{kind}_finished_at").dt.date()
        )
        for kind in KINDS
    ]
    timed = speeds.filter(~pl.col("demonstration"), kind="reasoning")
    own = timed.select(source=pl.lit(None, dtype=pl.String), origin=pl.lit("local"), on=pl.col("finished_at").dt.date())
    return pl.concat([*parts, own])


def source(rows: pl.DataFrame, speeds: pl.DataFrame) -> str:
    """Where the scores and human levels in the chart came from, and when the newest score was made."""
    shown = figures(rows, speeds)
    names = shown.select(pl.coalesce("source", pl.col("origin").replace(ORIGINS))).to_series().unique().sort()
    latest = shown["on"].max()
    when = f", newest {in_words(latest)}" if isinstance(latest, date) else ""
    human = leading(rows).filter(pl.col("reasoning_value").is_not_null() | pl.col("conventional_value").is_not_null())
    people = human["human_source"].drop_nulls().unique().sort()
    levels = f" · human level: {'; '.join(people)}" if len(people) else ""
    return f"Source: {', '.join(names) or 'none yet'}{when} · best trusted score of each kind{levels}"


def speed(speeds: pl.DataFrame) -> pl.DataFrame:
    """Tokens a second and tokens an answer of our own runs, the fastest first; null where answers are not counted."""
    return speeds.with_columns(
        per_second=pl.col("output_tokens") / pl.col("seconds"), per_answer=pl.col("output_tokens") / pl.col("answers")
    ).sort("demonstration", "per_second", "model_id", descending=[False, True, False])


def description(rows: pl.DataFrame) -> str:
    """The chart in words for those who cannot see it."""
    return "; ".join(f"{row['label']}: {row['text']}" for row in rows.iter_rows(named=True)) + "."
