"""Gaps as a forest plot: a dot on its interval line for every comparison, checkable and fuzzy benchmarks apart."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import Layout, Words, assembled, lay_out, upright, written, y
from tracker.charts.theme import PALETTES, SEMIBOLD, Mode, when

COLUMNS = ("label", "detail", "panel", "value", "low", "high", "text", "meaning", "hollow", "note")
MOST_ROWS = 30
# The axis of odds: even steps of the factor where it moves little, else factors that are easily read.
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Band(NamedTuple):
    """A pooled gap with its interval behind the rows, and how it is written."""

    value: float
    low: float
    high: float
    text: str


def forest(
    frame: pl.DataFrame,
    *,
    axis: str,
    odds: bool = False,
    band: Band | None = None,
    select: str | None = None,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """A forest plot of ready numbers; draws every row it is given, highest value first within each panel.

    frame        label, detail (second, muted label; may be empty), panel (heading), value, low, high (in the axis'
                 unit; low and high null: no interval, a diamond alone), text (the value in words), meaning (which
                 side is ahead: "reasoning", "conventional"; "unsure": grey), hollow (distrusted), note (tooltip);
                 perhaps size (the area of a square, which then stands for the dot) and key
    axis         what the numbers are, for the axis title
    odds         the numbers are log-odds: the axis counts in factors
    select       the name of a selection of one row by its key; null: none
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    layout = lay_out(frame.sort("value", descending=True, maintain_order=True), width=width)
    rows = layout.frame
    low, high = reach(rows, band)
    most = 6 if layout.narrow else 9
    if odds:
        ticks, labels = odds_ticks(low, high, most=most)
    else:
        ticks = nice_ticks(low, high, most=most)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    hue = alt.Scale(
        domain=["reasoning", "conventional", "unsure"],
        range=[colours.reasoning, colours.conventional, colours.unsure],
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    tooltip = [
        alt.Tooltip("label:N", title="Benchmark"),
        alt.Tooltip("text:N", title="Gap"),
        alt.Tooltip("note:N", title="Note"),
    ]
    flush = 16 if layout.narrow else False
    if odds:
        bottom = alt.Axis(values=ticks, title=axis, labelExpr=by_value(ticks, labels), labelFlush=flush)
    else:
        bottom = alt.Axis(values=ticks, title=axis, format=",.4~f", labelFlush=flush)
    lines = upright(layout, ticks, alt.X("at:Q", scale=scale, axis=bottom), colour=colours.grid, width=1)
    zero = upright(layout, [0.0], alt.X("at:Q", scale=scale), colour=colours.ink, width=1.5)
    interval = (
        Layer(rows.filter(pl.col("low").is_not_null() & pl.col("high").is_not_null()))
        .mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
        .encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), y=y(layout), color=colour, tooltip=tooltip)
    )
    sized = "size" in rows.columns
    mark = Layer(rows).mark_point(strokeWidth=2, opacity=1, size=alt.Undefined if sized else 95)
    dot = mark.encode(
        x=alt.X("value:Q", scale=scale),
        y=y(layout),
        stroke=alt.Stroke("meaning:N", scale=hue, legend=None),
        fill=alt.Fill("meaning:N", scale=hue, legend=None, condition=when("datum.hollow", colours.paper)),
        shape=alt.ShapeValue("square" if sized else "circle", condition=when("datum.low === null", "diamond")),
        tooltip=tooltip,
        **({"size": alt.Size("size:Q", scale=None, legend=None)} if sized else {}),
    )
    if select is not None:
        dot = dot.add_params(alt.selection_point(name=select, fields=["key"], on="click"))
    faint = alt.ColorValue(colours.ink, condition=when("datum.meaning === 'unsure'", colours.muted))
    behind = _pooled(band, layout, scale, mode) if band else []
    layers = [lines, *behind, zero, interval, dot, *written(layout, mode, faint)]
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _pooled(band: Band, layout: Layout, scale: alt.Scale, mode: Mode) -> list[alt.Chart]:
    """The pooled gap as an upright line on its interval, behind all rows, written over them."""
    colour = PALETTES[mode].estimate
    place = pl.DataFrame({"value": [band.value], "low": [band.low], "high": [band.high], "text": [band.text]})
    if layout.narrow:
        # The lines of text between the marks stay free.
        reach = 10 / layout.step
        pieces = layout.frame.select(top=pl.col("y") - reach, bottom=pl.col("y") + reach)
    else:
        pieces = pl.DataFrame({"top": [0.0], "bottom": [layout.units]})
    base, head = Layer(place.join(pieces, how="cross")), Layer(place.with_columns(top=pl.lit(0.0)))
    top, bottom = y(layout, "top"), alt.Y2("bottom:Q")
    value = alt.X("value:Q", scale=scale)
    area = base.mark_rect(tooltip=None, aria=False, opacity=0.13, color=colour)
    line = base.mark_rule(tooltip=None, aria=False, color=colour, strokeWidth=2.5)
    text = head.mark_text(
        tooltip=None, aria=False, color=colour, fontWeight=SEMIBOLD, fontSize=13, baseline="bottom", dy=-5
    )
    return [
        area.encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), y=top, y2=bottom),
        line.encode(x=value, y=top, y2=bottom),
        text.encode(x=value, y=top, text=alt.Text("text:N")),
    ]


def odds_ticks(low: float, high: float, *, most: int) -> tuple[list[float], list[str]]:
    """Factors that are easily read, as log-odds with their labels, ×1 among them; at most `most` of them."""
    first, last = math.exp(max(low, -30.0)), math.exp(min(high, 30.0))
    for step in STEPS:
        if (last - first) / step <= most - 1:
            found = [round(number * step, 4) for number in range(math.ceil(first / step), math.floor(last / step) + 1)]
            return _ticks([factor for factor in found if factor > 0])
    powers = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1)
    twos = [2.0**number for number in range(math.ceil(low / math.log(2)), math.floor(high / math.log(2)) + 1)]
    if len(twos) <= most:
        return _ticks(twos)
    for leading in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [digit * 10.0**power for power in powers for digit in leading]
        found = [factor for factor in found if first <= factor <= last]
        if len(found) <= most:
            return _ticks(found)
    every = math.ceil(len(powers) / most)
    return _ticks([10.0**power for power in powers if power % every == 0 and first <= 10.0**power <= last])


def _ticks(factors: Sequence[float]) -> tuple[list[float], list[str]]:
    return [math.log(factor) for factor in factors], [f"×{_factor(factor)}" for factor in factors]


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.995 else f"{value:.4g}"


def by_value(ticks: Sequence[float], labels: Sequence[str]) -> str:
    """The expression that labels an axis: which label belongs to a value, found by the ticks' midpoints."""
    if not labels:
        return "''"
    between = [(one + other) / 2 for one, other in itertools.pairwise(ticks)]
    chain = "".join(f"datum.value < {end!r} ? '{label}' : " for end, label in zip(between, labels, strict=False))
    return f"{chain}'{labels[-1]}'"


def reach(rows: pl.DataFrame, band: Band | None = None) -> tuple[float, float]:
    """The ends of the axis: zero, every value and every interval, and a little air."""
    ends = [value for column in ("value", "low", "high") for value in rows[column].drop_nulls().to_list()]
    ends += [band.low, band.high] if band else []
    low, high = min([0.0, *ends]), max([0.0, *ends])
    air = 0.03 * (high - low) or 1.0
    return low - air, high + air


def nice_ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round numbers between two ends, zero among them, at most `most` of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [round(index * step, 10) for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
