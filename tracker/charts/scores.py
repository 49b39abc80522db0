"""Gaps as a forest plot: a dot on its interval line for every comparison, checkable and fuzzy benchmarks apart."""

import math

import altair as alt
import polars as pl

from tracker.charts.rows import Words, assembled, lay_out, upright, written, y
from tracker.charts.theme import PALETTES, Mode

COLUMNS = ("label", "detail", "panel", "value", "low", "high", "text", "meaning", "hollow", "note")
MOST_ROWS = 30


def forest(
    frame: pl.DataFrame,
    *,
    axis: str,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """A forest plot of ready numbers; draws every row it is given, highest value first within each panel.

    frame        label, detail (second, muted label; may be empty), panel (heading), value, low, high (in the axis'
                 unit; low and high null: no interval, a diamond alone), text (the value in words), meaning (which
                 side is ahead: "reasoning", "conventional"; "unsure": grey), hollow (distrusted), note (tooltip)
    axis         what the numbers are, for the axis title
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    layout = lay_out(frame.sort("value", descending=True, maintain_order=True), width=width)
    rows = layout.frame
    low, high = reach(rows)
    ticks = nice_ticks(low, high, most=6 if layout.narrow else 9)
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
    bottom = alt.Axis(values=ticks, title=axis, format=",.4~f", labelFlush=16 if layout.narrow else False)
    lines = upright(layout, ticks, alt.X("at:Q", scale=scale, axis=bottom), colour=colours.grid, width=1)
    zero = upright(layout, [0.0], alt.X("at:Q", scale=scale), colour=colours.ink, width=1.5)
    interval = (
        alt.Chart(rows.filter(pl.col("low").is_not_null() & pl.col("high").is_not_null()))
        .mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y(layout), color=colour, tooltip=tooltip)
    )
    dot = (
        alt.Chart(rows)
        .mark_point(size=95, strokeWidth=2, opacity=1)
        .encode(
            x=alt.X("value:Q", scale=scale),
            y=y(layout),
            stroke=alt.Stroke("meaning:N", scale=hue, legend=None),
            fill=alt.condition("datum.hollow", alt.value(colours.paper), alt.Fill("meaning:N", scale=hue, legend=None)),
            shape=alt.condition("datum.low === null", alt.value("diamond"), alt.value("circle")),
            tooltip=tooltip,
        )
    )
    faint = alt.condition("datum.meaning === 'unsure'", alt.value(colours.muted), alt.value(colours.ink))
    layers = [lines, zero, interval, dot, *written(layout, mode, faint)]
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def reach(rows: pl.DataFrame) -> tuple[float, float]:
    """The ends of the axis: zero, every value and every interval, and a little air."""
    ends = [value for column in ("value", "low", "high") for value in rows[column].drop_nulls().to_list()]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    air = 0.03 * (high - low) or 1.0
    return low - air, high + air


def nice_ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round numbers between two ends, zero among them, at most `most` of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [round(index * step, 10) for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
