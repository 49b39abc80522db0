"""What a trend says, in words, and its frames as the chart takes them: numbers in the unit that readers see.

A slope whose interval holds zero is "not told apart from nothing"; two slopes whose difference's interval does are "not
told apart".
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from tracker.stats.evidence_domains import times
from tracker.stats.findings import ORIGINS, in_words
from tracker.stats.trends import DRAWS, FEWEST_POINTS, KINDS, Interval, Line, Trends, doubling_days

# A pace beyond this is told as "over": so steep a line says only that it is steep.
MOST_TIMES = 10_000
LEAST_TIMES = 0.01
PER = {"logit": " a year", "log": " days", "rating": " Elo a year", "plain": " points a year"}


@dataclass(frozen=True)
class Told:
    """How the numbers of a benchmark are written: `factor` to the shown unit, `after` it ("%", " Elo", " points")."""

    factor: float
    after: str
    decimals: int = 0

    def number(self, value: float) -> str:
        """A number in the benchmark's unit: "84 %", "1,479 Elo"."""
        text = f"{value * self.factor:,.{self.decimals}f}".replace("-", "−")
        return f"{text}{self.after}"


def told(unit: str | None, ceiling: float | None) -> Told:
    if unit == "fraction":
        return Told(100.0, " %")
    if unit == "rating":
        return Told(1.0, " Elo")
    if unit == "minutes":
        return Told(1.0, " minutes")
    return Told(1.0, " points", 0 if unit == "index" or (ceiling or 100) >= 50 else 1)


def pace(slope: Interval, scale: str, unit: str | None) -> str:
    """A slope in words: "107 [89, 126] Elo a year", "odds × 3.0 [2.0, 5.0] a year", "doubling in 110 [90, 140]
    days"."""
    if scale == "logit":
        factors = [None if value is None else math.exp(min(value, math.log(MOST_TIMES * 2))) for value in slope]
        return f"odds × {_with_interval(factors, _times)} a year"
    if scale == "log":
        if slope.value <= 0:
            return "no doubling"
        return f"doubling in {_with_interval(doubling_days(slope), partial(_plain, decimals=0))} days"
    decimals = 0 if slope.low is None or slope.high is None or slope.high - slope.low >= 4 else 1
    text = _with_interval(slope, partial(_plain, decimals=decimals))
    return f"{text} {'Elo' if unit == 'rating' else 'points'} a year"


def finding(found: Trends, name: str, unit: str | None) -> str:
    """One sentence on how the two kinds climb, no stronger than their intervals. `name` follows "On"."""
    drawn = [found.lines[kind] for kind in KINDS if found.lines[kind].slope is not None]
    if not drawn:
        counts = " and ".join(f"{found.lines[kind].points} {kind}" for kind in KINDS)
        return (
            f"On {name}, too few models were the best of their kind when released to draw a line: {counts}; {_four()}."
        )
    if len(drawn) == 1:
        (line,) = drawn
        other = found.lines[KINDS[1 - KINDS.index(line.kind)]]
        few = f"too few {other.kind} models ({other.points}) were the best of their kind to draw a line for them"
        return f"On {name}, {_climb(line, found, unit)}; {few}."
    opening = f"On {name}, {_both(found, unit)}"
    between = found.difference
    if between is None or between.low is None or between.high is None:
        return f"{opening}; how far the two differ is not known."
    if between.low <= 0 <= between.high:
        return f"{opening}: the two paces are not told apart."
    faster = "reasoning" if between.value > 0 else "conventional"
    return f"{opening}: the {faster} ones climb faster."


def headline(found: Trends, name: str) -> str:
    """The finding without its numbers, as a chart's title."""
    drawn = [found.lines[kind] for kind in KINDS if found.lines[kind].slope is not None]
    between = found.difference
    if not drawn:
        return f"On {name}, too few models to tell a pace"
    if len(drawn) == 1 or between is None:
        (line, *_) = drawn
        said = {"up": "have climbed", "down": "have fallen back", "open": "show no pace told apart from nothing"}
        return f"On {name}, the best {line.kind} models {said[_standing(line.slope)]}"
    if between.low is None or between.high is None or between.low <= 0 <= between.high:
        both = {_standing(line.slope) for line in drawn} == {"up"}
        return (
            f"On {name}, both kinds climb, at paces not told apart"
            if both
            else f"On {name}, the two kinds’ paces are not told apart"
        )
    faster, slower = KINDS if between.value > 0 else KINDS[::-1]
    return f"On {name}, the best {faster} models climb faster than the {slower} ones"


def lead(found: Trends, unit: str | None) -> str:
    """Who stands highest of each kind that is there."""
    shown = told(unit, found.scores["ceiling"][0])
    best = []
    for kind in KINDS:
        rows = found.scores.filter(pl.col("kind") == kind).sort("value", "released_on", descending=[True, False])
        if rows.height:
            best.append((kind, shown.number(rows["value"][0]), rows["model_name"][0]))
    if found.scores.height == 1:
        ((kind, number, name),) = best
        return f"One {kind} model is placed here: {number}, {name}."
    listed = "; ".join(f"among {kind} models {number}, {name}" for kind, number, name in best)
    return f"Highest of the {found.scores.height} models placed here: {listed}."


def ahead(found: Trends, unit: str | None) -> str | None:
    """Where the lines would stand on the last day of the chart; None if they do not run on past the window."""
    if found.ahead_to <= found.window.end:
        return None
    shown = told(unit, found.scores["ceiling"][0])
    parts = []
    for kind in KINDS:
        reached = found.lines[kind].reached
        if reached is not None:
            ends = [shown.number(end).removesuffix(shown.after) for end in reached[1:] if end is not None]
            interval = f" [{', '.join(ends)}]" if len(ends) == 2 else ""
            parts.append(f"{kind} {shown.number(reached.value)}{interval}")
    if not parts:
        return None
    when = in_words(found.ahead_to)
    return (
        f"Were the lines to run on unchanged to {when}: {'; '.join(parts)}. That is arithmetic, and no forecast: "
        "nothing says that they will."
    )


def caution(found: Trends) -> str:
    """What the lines rest on, and what was left out."""
    sentences = []
    drawn = [found.lines[kind] for kind in KINDS if found.lines[kind].slope is not None]
    if drawn:
        counts = " and ".join(f"{line.points} {line.kind}" for line in drawn)
        sentences.append(
            f"The lines rest on {counts} models. The best of many climb faster than models do on average, and the "
            "frontier is that of the models measured here, not of all there are."
        )
    if drawn and found.scale == "logit":
        sentences.append("Odds: the score against what is missing to the top.")
    for kind in KINDS:
        line = found.lines[kind]
        if line.slope is None and drawn:
            sentences.append(f"No line for {kind} models: {line.points} on the frontier in this window, and {_four()}.")
    out = []
    if found.undated:
        out.append(f"{found.undated} without a known release date")
    if found.unkind:
        out.append(f"{found.unkind} whose kind nobody has stated")
    if out:
        sentences.append(f"Left out: {' and '.join(out)}.")
    return " ".join(sentences)


def reading(found: Trends) -> str:
    """How to read the chart; names only what is drawn."""
    kinds = [kind for kind in KINDS if (found.scores["kind"] == kind).any()]
    shapes = {"reasoning": "green circles, reasoning", "conventional": "orange squares, conventional"}
    marks = "; ".join(shapes[kind] for kind in kinds)
    parts = [f"Each model by date of release ({marks}). Large: the best of its kind when released, joined by steps."]
    if any(found.lines[kind].slope is not None for kind in KINDS):
        fitted = {"logit": ", straight in log-odds", "log": ", straight in logarithms", "plain": ""}[found.scale]
        parts.append(f"Line: fitted through these{fitted}, with its 95 % band.")
        if found.ahead_to > found.window.end:
            parts.append("Dashed: run on, no forecast.")
    if "low" in found.scores.columns and found.scores.filter("frontier")["low"].is_not_null().any():
        parts.append("Thin bars: 95 % intervals.")
    return " ".join(parts)


def source(found: Trends, scores: pl.DataFrame) -> str:
    """Where the scores came from (columns source, origin, finished_at), how old they are, and the method."""
    named = scores.with_columns(pl.col("source").fill_null(pl.col("origin").replace(ORIGINS)))
    listed = named.group_by("source").len().sort("len", "source", descending=[True, False])["source"].to_list()
    days = scores["finished_at"].dt.date().unique()
    latest = days.max()
    undated = scores["finished_at"].null_count()
    newest = "newest " if len(days.drop_nulls()) > 1 else ""
    when = f", {newest}{in_words(latest)}" if isinstance(latest, date) else ", date not known"
    if undated and isinstance(latest, date):
        when += f" ({undated} of {scores.height} scores are undated)"
    fitted = f"{in_words(found.window.start)} to {in_words(found.window.end)}"
    method = f"least squares on releases of {fitted}; band: models drawn anew {DRAWS:,} times"
    drawn = any(line.slope is not None for line in found.lines.values())
    return f"Source: {', '.join(listed)}{when}{' · ' + method if drawn else ''}"


def description(found: Trends, name: str, unit: str | None) -> str:
    """The chart in words for those who cannot see it: the finding, then the frontier of each kind."""
    shown = told(unit, found.scores["ceiling"][0])
    parts = [f"Scores by release date. {finding(found, name, unit)}"]
    for kind in KINDS:
        rows = found.scores.filter((pl.col("kind") == kind) & pl.col("frontier"))
        listed = "; ".join(
            f"{row['model_name']} ({in_words(row['released_on'])}) {shown.number(row['value'])}"
            for row in rows.iter_rows(named=True)
        )
        if listed:
            parts.append(f"Frontier of {kind} models: {listed}.")
    return " ".join(parts)


def _both(found: Trends, unit: str | None) -> str:
    """Two kinds with a line each; in one breath where both rise."""
    lines = [found.lines[kind] for kind in KINDS]
    if {_standing(line.slope) for line in lines} != {"up"}:
        return ", ".join(_climb(line, found, unit) for line in lines)
    one, other = (pace(line.slope, found.scale, unit) for line in lines if line.slope is not None)
    per = PER[found.scale if unit != "rating" else "rating"]
    shorter = other.removeprefix("odds ").removeprefix("doubling in ").removesuffix(per)
    if found.scale == "log":
        return f"the best reasoning models’ time horizons keep {one}, the best conventional ones’ {shorter}"
    verb = "raise their" if found.scale == "logit" else "gain"
    return f"the best reasoning models {verb} {one}, the best conventional ones {shorter}"


def _climb(line: Line, found: Trends, unit: str | None) -> str:
    """What one kind does a year: "the best reasoning models gain 68 [56, 113] Elo a year"."""
    slope = line.slope
    if slope is None:
        raise ValueError(f"{line.kind} has no line")
    standing, said = _standing(slope), pace(slope, found.scale, unit)
    best = f"the best {line.kind} models"
    if standing == "open":
        return f"{best}’ pace, {said}, is not told apart from nothing"
    if found.scale == "log":
        return f"{best}’ time horizons keep {said}" if standing == "up" else f"{best}’ time horizons shrink"
    if found.scale == "logit":
        return f"{best} {'raise' if standing == 'up' else 'lower'} their {said}"
    if standing == "up":
        return f"{best} gain {said}"
    lost = Interval(-slope.value, *(None if end is None else -end for end in (slope.high, slope.low)))
    return f"{best} lose {pace(lost, found.scale, unit)}"


def _standing(slope: Interval | None) -> str:
    """Whether it rises ("up"), falls ("down"), or neither is told ("open")."""
    if slope is None or slope.low is None or slope.high is None or slope.low <= 0 <= slope.high:
        return "open"
    return "up" if slope.value > 0 else "down"


def _with_interval(values: Sequence[float | None], write: Callable[[float], str]) -> str:
    value, low, high = values
    if value is None or not math.isfinite(value):
        return "not known"
    if low is None and high is None:
        return f"{_ended(value, write)} [not known]"
    return f"{_ended(value, write)} [{_ended(low, write)}, {_ended(high, write)}]"


def _ended(value: float | None, write: Callable[[float], str]) -> str:
    if value is not None and value > MOST_TIMES:
        return f"over {MOST_TIMES:,}"
    return "no end" if value is None else write(value)


def _plain(value: float, decimals: int) -> str:
    """A number, which never reads 0 where it is not: on which side of 0 an end lies is what a pace is told apart by."""
    while decimals < 3 and value and not float(f"{value:.{decimals}f}"):
        decimals += 1
    return f"{value:,.{decimals}f}".replace("-", "−")


def _times(factor: float) -> str:
    """A factor; whether its end lies above 1 is what a pace is told apart by, so none near 1 is written as 1."""
    if factor < LEAST_TIMES:
        return f"under {LEAST_TIMES:g}"
    return f"{factor:,.0f}" if factor >= 999.5 else times(factor)


def _four() -> str:
    words = {3: "three", 4: "four", 5: "five"}
    return f"{words.get(FEWEST_POINTS, FEWEST_POINTS)} are needed"
