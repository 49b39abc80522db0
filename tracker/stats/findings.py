"""What gaps say, in words: intervals, the sentence over a chart, how to read it, where it came from.

An interval is value ± 1.96 standard errors (level 0.95). One that holds zero is "not told apart from nothing", never
"no effect"; a gap without interval, or with a blocking flag, is shown but never counted.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from tracker.stats.flags import BLOCKING, FLAGS
from tracker.stats.forest import marks, standing

LEVEL = 0.95
Z = 1.96
RELATIONS = {
    "same-weights": "same weights, thinking on and off",
    "same-base": "same base model, trained differently",
    "same-family": "same family of models",
    "same-lab": "same lab",
}
PANELS = {
    "verifiable": "Answers can be checked",
    "proxy": "A measure stands in for taste",
    "judged": "A model judges",
    "voted": "People vote",
}
WHERE = {
    "verifiable": "where answers can be checked",
    "proxy": "in measures that stand in for taste",
    "judged": "where a model judges",
    "voted": "where people vote",
}
UNCATALOGUED = "Not catalogued"
UNITS = {"fraction": "points of percent", "rating": "Elo points", "points": "points"}
ORIGINS = {"local": "own lm-eval runs", "imported": "imported lm-eval results", "published": "published results"}


def with_intervals(gaps: pl.DataFrame) -> pl.DataFrame:
    """Gaps with what a reader sees, in the unit that is shown (fractions as points of percent).

    Takes the columns of `db.queries.scores.gaps`; adds
    low, high   ends of the 95 % interval; null without a standard error, and where it is 0: then every document gave
                the same difference, which is a lack of spread and not certainty. A gap of fractions stays in ±100
    shown       the gap in the shown unit
    standing    "ahead", "behind" (of the reasoning model), "open" (the interval holds zero), "unknown" (no interval)
    blocked     whether a blocking flag is raised; reason: every flag in words, null without one
    text        "+16 [6, 26]"
    """
    scale = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(1.0)
    bound = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(float("inf"))
    spread = pl.when(pl.col("stderr") > 0).then(pl.col("stderr") * Z * scale)
    shown = gaps.with_columns(shown=pl.col("value") * scale).with_columns(
        low=pl.max_horizontal(pl.col("shown") - spread, -bound) + spread * 0,
        high=pl.min_horizontal(pl.col("shown") + spread, bound) + spread * 0,
    )
    flags = gaps["flags"].to_list()
    texts = [
        gap_text(value, low, high, missing="no spread" if stderr == 0 else "not known")
        for value, low, high, stderr in shown.select("shown", "low", "high", "stderr").iter_rows()
    ]
    return shown.with_columns(
        standing(),
        pl.Series("blocked", [any(flag in BLOCKING for flag in row or []) for row in flags], dtype=pl.Boolean),
        pl.Series("reason", [reasons(row or []) for row in flags], dtype=pl.String),
        pl.Series("text", texts, dtype=pl.String),
    )


def reasons(flags: Sequence[str]) -> str | None:
    """Flags as the sentences that explain them; null without one. A flag nobody knows is named as it is."""
    return " ".join(FLAGS[flag].sentence if flag in FLAGS else f"Flag: {flag}." for flag in flags) or None


def gap_text(value: float, low: float | None, high: float | None, missing: str = "not known") -> str:
    """A gap as it is written: "+16 [6, 26]", with as many decimals as keep an end that is not 0 from reading 0.

    `missing` stands in the brackets where there is no interval.
    """
    if low is None or high is None:
        return f"{_signed(value, 0 if abs(value) >= 1 or value == 0 else 1)} [{missing}]"
    decimals = 0 if high - low >= 2 else 1
    if any(end != 0 and round(end) == 0 for end in (low, high)) or (value != 0 and round(value) == 0):
        decimals = 1
    return f"{_signed(value, decimals)} [{_plain(low, decimals)}, {_plain(high, decimals)}]"


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return (text[1:] if float(text) == 0 and text.startswith("-") else text).replace("-", "−")


def _signed(value: float, decimals: int) -> str:
    text = _plain(value, decimals)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def finding(shown: pl.DataFrame) -> str:
    """One sentence on what the gaps show, no stronger than their intervals; takes a frame of `with_intervals`.

    Checkable and fuzzy benchmarks get a clause each; what a clause does not count as ahead or behind is said to be
    not told apart from nothing.
    """
    if shown.is_empty():
        return "No reasoning model has been compared with its twin yet."
    noun = "benchmark" if shown["benchmark_id"].n_unique() == shown.height else "comparison"
    clauses: list[str] = []
    undecided = 0
    for grading in (*PANELS, None):
        rows = shown.filter(pl.col("grading").eq_missing(grading))
        if rows.height:
            counted = _counted(rows)
            where = WHERE[grading] if grading else "where the grading is not catalogued"
            clause = _clause(counted, noun)
            if any("reasoning is " in earlier for earlier in clauses):
                clause = clause.removeprefix("reasoning is ").replace(f" {noun}s", "")
            clauses.append(f"{where}, {clause}")
            if counted.filter(pl.col("standing") != "open").height:
                undecided += counted.filter(pl.col("standing") == "open").height
    if undecided:
        rest = "the other gap is" if undecided == 1 else f"the other {undecided} gaps are"
        clauses.append(f"{rest} not told apart from nothing")
    sentence = "; ".join(clauses) + "."
    return f"Demonstration: {sentence}" if shown["demonstration"].all() else sentence[0].upper() + sentence[1:]


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(~pl.col("blocked") & (pl.col("standing") != "unknown"))


def _clause(rows: pl.DataFrame, noun: str) -> str:
    total = rows.height
    ahead, behind = ((rows["standing"] == standing).sum() for standing in ("ahead", "behind"))
    if total == 0:
        return "no gap can be counted"
    if total == 1:
        row = rows.row(0, named=True)
        if not ahead and not behind:
            return f"the gap on {row['benchmark_name']} is not told apart from nothing"
        side = "ahead" if ahead else "behind"
        return f"reasoning is {side} on {row['benchmark_name']}, {row['text']} {UNITS[row['unit']]}"
    if not ahead and not behind:
        return f"{'neither' if total == 2 else 'none'} of the {total} gaps is told apart from nothing"
    if total in (ahead, behind):
        every = f"both {noun}s" if total == 2 else f"all {total} {noun}s"
        return f"reasoning is {'ahead' if ahead else 'behind'} on {every}"
    of_all = f"of {total} {noun}s"
    if ahead and behind:
        return f"reasoning is ahead on {ahead} {of_all} and behind on {behind}"
    return f"reasoning is ahead on {ahead} {of_all}" if ahead else f"reasoning is behind on {behind} {of_all}"


def certainty(shown: pl.DataFrame) -> str:
    """How sure the finding is, and what it does not cover."""
    counted = _counted(shown)
    sentences = []
    if counted.height:
        documents = counted["n"].drop_nulls().to_list()
        count = f"{_range(documents)} " if documents else ""
        same = f"the same {count}documents" if counted["paired"].all() else f"{count}documents, not always the same"
        sentences.append(f"Each gap is measured on {same} and has its 95 % interval.")
        sentences.append("That covers the choice of documents; it does not cover other models or other prompts.")
        if counted.height >= 5:
            chance = counted.height * (1 - LEVEL)
            sentences.append(
                f"Of {counted.height} such intervals, about {chance:.1f} would leave zero out by chance alone."
            )
    blocked = int(shown["blocked"].sum())
    if blocked:
        sentences.append(f"{_gaps(blocked)} distrusted: drawn hollow and not counted.")
    bare = shown.filter(~pl.col("blocked") & (pl.col("standing") == "unknown"))
    alike = bare.filter(pl.col("stderr") == 0).height
    if alike:
        sentences.append(f"{_gaps(alike)} the same on every document: no spread, no interval, not counted.")
    if bare.height > alike:
        sentences.append(f"{_gaps(bare.height - alike)} without an interval: drawn as a diamond and not counted.")
    return " ".join(sentences)


def _gaps(count: int) -> str:
    return "1 gap is" if count == 1 else f"{count} gaps are"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def flags_explained(shown: pl.DataFrame) -> list[str]:
    """Every flag raised on the gaps, with the sentence that explains it."""
    raised = sorted({flag for row in shown["flags"].to_list() for flag in row or []})
    return [f"{flag}: {reasons([flag])}" for flag in raised]


def reading(shown: pl.DataFrame) -> str:
    """How to read the chart; names only what is drawn."""
    parts = []
    twins = shown.select("reasoning_name", "conventional_name", "relation").unique(maintain_order=True)
    if twins.height == 1:
        reasoning, conventional, relation = twins.row(0)
        parts.append(f"{reasoning} minus {conventional} ({RELATIONS.get(relation, relation)}).")
    elif twins["reasoning_name"].n_unique() == 1:
        parts.append(f"{twins['reasoning_name'][0]} minus each of {twins.height} conventional models.")
    elif twins.height > 1:
        parts.append(f"Reasoning minus conventional, {twins.height} pairs of models.")
    parts.append("Dot: gap; line: 95 % interval.")
    drawn = shown.filter(~pl.col("blocked"))
    if (drawn["standing"] == "behind").any():
        parts.append("Orange: the conventional model is ahead.")
    if (drawn["standing"] == "open").any():
        parts.append("Grey: the interval holds zero.")
    if shown["blocked"].any():
        parts.append("Hollow: distrusted, not counted.")
    if (drawn["standing"] == "unknown").any():
        parts.append("Diamond: no interval, not counted.")
    return " ".join(parts)


def source(shown: pl.DataFrame) -> str:
    """Where the numbers came from, how old they are, and the method."""
    origins = [words for key, words in ORIGINS.items() if (shown["origin"] == key).any()]
    dates = shown["finished_at"].drop_nulls().dt.date()
    latest = dates.max()
    when = in_words(latest) if isinstance(latest, date) else "date not known"
    paired = "paired differences" if shown["paired"].all() else "differences, paired where the documents are shared"
    text = f"Source: {', '.join(origins) or 'not known'}, {when} · {paired}, gap ± {Z} standard errors"
    return f"{text} · demonstration models, no evidence on any question" if shown["demonstration"].all() else text


def in_words(day: date) -> str:
    """A date as it is written: "11 Dec 2025"."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day} {months[day.month - 1]} {day.year}"


def description(shown: pl.DataFrame) -> str:
    """The chart in words for those who cannot see it: the finding, then every gap."""
    rows = shown.sort("grading", "shown", descending=[True, True], nulls_last=True)
    several = shown.select("reasoning_id", "conventional_id").n_unique() > 1
    lines = [
        f"{row['benchmark_name']}{' (against ' + row['conventional_name'] + ')' if several else ''}: {row['text']}"
        + (", distrusted" if row["blocked"] else "")
        for row in rows.iter_rows(named=True)
    ]
    unit = UNITS[shown["unit"][0]] if shown.height else ""
    return f"Forest plot. {finding(shown)} Gaps in {unit}, with 95 % interval: {'; '.join(lines)}."


def drawn(shown: pl.DataFrame) -> pl.DataFrame:
    """The rows of the forest plot of a frame of `with_intervals`, by grading; see `marks` for the columns.

    The second label names the pair where there are several.
    """
    several = shown.select("reasoning_id", "conventional_id").n_unique() > 1
    one = shown["reasoning_id"].n_unique() == 1
    against = pl.format("against {}", "conventional_name")
    pair = against if one else pl.format("{} − {}", "reasoning_name", "conventional_name")
    unit = UNITS[shown["unit"][0]] if shown.height else ""
    scores = pl.format(
        "reasoning {}, conventional {} ({})",
        *(pl.col(name).map_elements(lambda value: f"{value:.1f}", return_dtype=pl.String) for name in ("_r", "_c")),
        pl.lit(unit),
    )
    scale = pl.when(pl.col("unit") == "fraction").then(100.0).otherwise(1.0)
    documents = pl.when(pl.col("n").is_not_null()).then(pl.format("; {} documents", "n")).otherwise(pl.lit(""))
    ordered = shown.with_columns(
        _r=pl.col("reasoning_value") * scale,
        _c=pl.col("conventional_value") * scale,
        _order=pl.col("grading").replace_strict(
            {name: index for index, name in enumerate(PANELS)}, default=len(PANELS)
        ),
    ).sort("_order", "shown", "benchmark_name", descending=[False, True, False])
    return marks(
        ordered.with_columns(
            label="benchmark_name",
            detail=pair if several else pl.lit(""),
            panel=pl.col("grading").replace_strict(PANELS, default=UNCATALOGUED),
            note=pl.concat_str(scores, documents, pl.col("reason").fill_null("").str.replace("^(.)", ". $1")),
        )
    )
