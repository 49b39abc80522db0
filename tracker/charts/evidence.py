"""The answer in one picture: every domain's pooled gap on its interval, panels by what decides an answer.

Gaps in Elo and in odds have scales of their own. Where both are drawn, zero stands under zero, and each scale has its
numbers under its last row.
"""

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import Layout, Words, assembled, lay_out, upright, written, y
from tracker.charts.scores import by_value, nice_ticks, odds_ticks
from tracker.charts.texts import SMALL_SIZE
from tracker.charts.theme import PALETTES, Mode, when

ROW_COLUMNS = ("key", "label", "detail", "panel", "scale", "value", "low", "high", "text", "meaning", "note")
UNITS = {"value": " Elo"}


class Ruler(NamedTuple):
    """One scale: its ticks in its own unit with their labels, and how many units one step of the plot takes."""

    ticks: list[float]
    labels: list[str]
    unit: float


def pooled_gaps(
    frame: pl.DataFrame,
    *,
    axis: str,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
    select: str | None = None,
) -> alt.LayerChart:
    """Pooled gaps in rows, in the order given, panel by panel.

    frame        key, label, detail, panel (heading), scale ("value": Elo; "log_odds"; anything else: no number), value,
                 low, high (null: nothing is drawn), text (the value in words), meaning ("reasoning", "conventional";
                 "unsure": grey), note (tooltip). Rows of one scale stand together
    axis         what the numbers of the last scale are
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    select       the name of a selection of one row by its key; null: none
    """
    colours = PALETTES[mode]
    drawn = frame.filter(pl.col("value").is_not_null())
    names = drawn["scale"].unique(maintain_order=True).to_list()
    layout = lay_out(_with_axes(frame, names), width=width)
    rulers = {name: ruler(name, drawn.filter(scale=name), layout) for name in names}
    units = pl.col("scale").replace_strict({name: one.unit for name, one in rulers.items()}, default=1.0)
    rows = layout.frame.with_columns(pl.col("value", "low", "high") / units).filter(pl.col("value").is_not_null())
    low, high = _reach(rows)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    hue = alt.Scale(
        domain=["reasoning", "conventional", "unsure"], range=[colours.reasoning, colours.conventional, colours.unsure]
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    tooltip = [
        alt.Tooltip("label:N", title="Domain"),
        alt.Tooltip("text:N", title="Pooled gap"),
        alt.Tooltip("note:N", title="Note"),
    ]
    layers = _rules(layout, rulers, names, scale, axis, mode)
    interval = Layer(rows).mark_rule(strokeWidth=5, strokeCap="round", opacity=0.38)
    layers.append(
        interval.encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), y=y(layout), color=colour, tooltip=tooltip)
    )
    dot = Layer(rows).mark_point(size=150, filled=True, opacity=1)
    dots = dot.encode(x=alt.X("value:Q", scale=scale), y=y(layout), color=colour, tooltip=tooltip)
    if select is not None:
        dots = dots.add_params(alt.selection_point(name=select, fields=["key"], on="click"))
    layers.append(dots)
    faint = alt.ColorValue(colours.ink, condition=when("datum.meaning === 'unsure'", colours.muted))
    layers += written(layout, mode, faint)
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def ruler(name: str, rows: pl.DataFrame, layout: Layout) -> Ruler:
    """The ticks of a scale that fit the plot: round Elo points, or round factors of the odds."""
    low, high = _reach(rows)
    most = 5 if layout.narrow else 7
    if name == "log_odds":
        ticks, labels = odds_ticks(low, high, most=most)
    else:
        ticks = nice_ticks(low, high, most=most)
        labels = [f"{tick:g}".replace("-", "−") for tick in ticks]
    return Ruler(ticks, labels, max(abs(low), abs(high)))


def _reach(rows: pl.DataFrame) -> tuple[float, float]:
    ends = [value for name in ("value", "low", "high") for value in rows[name].drop_nulls().to_list()]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    air = 0.04 * (high - low) or 1.0
    return low - air, high + air


def _with_axes(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows, with an empty one for the numbers of each scale but the last, in the scale's last panel."""
    if len(names) < 2:
        return frame.with_columns(ruled=pl.lit(None, dtype=pl.String))
    parts = []
    for name in frame["scale"].unique(maintain_order=True).to_list():
        own = frame.filter(scale=name)
        parts.append(own)
        if name in names[:-1]:
            empty = own.tail(1).with_columns(
                pl.lit("").alias("label"),
                pl.lit("").alias("detail"),
                pl.lit("").alias("text"),
                *(pl.lit(None, dtype=pl.Float64).alias(column) for column in ("value", "low", "high")),
                ruled=pl.lit(name),
            )
            parts.append(empty)
    return pl.concat(parts, how="diagonal").with_columns(pl.col("ruled").cast(pl.String))


def _rules(
    layout: Layout, rulers: dict[str, Ruler], names: Sequence[str], scale: alt.Scale, axis: str, mode: Mode
) -> list[alt.Chart]:
    """Grid, zero and numbers: of the last scale as an axis, of the others in the empty rows left for them."""
    colours = PALETTES[mode]
    layers = []
    for place, name in enumerate(names):
        own = rulers[name]
        at = [tick / own.unit for tick in own.ticks]
        part = _part(layout, name)
        x = alt.X("at:Q", scale=scale)
        if place == len(names) - 1:
            x = alt.X("at:Q", scale=scale, axis=_axis(own, at, axis, layout))
        layers.append(upright(part, at, x, colour=colours.grid, width=1))
        layers.append(upright(part, [0.0], alt.X("at:Q", scale=scale), colour=colours.ink, width=1.5))
        if place < len(names) - 1:
            row = layout.frame.filter(ruled=name).select("y").head(1)
            labels = [*own.labels[:-1], f"{own.labels[-1]}{UNITS.get(name, '')}"]
            ticks = pl.DataFrame({"at": at, "label": labels}).join(row, how="cross")
            mark = Layer(ticks).mark_text(
                tooltip=None, aria=False, fontSize=SMALL_SIZE, color=colours.muted, baseline="middle", dy=-3
            )
            layers.append(mark.encode(x=alt.X("at:Q", scale=scale), y=y(layout), text=alt.Text("label:N")))
    return layers


def _axis(own: Ruler, at: Sequence[float], title: str, layout: Layout) -> alt.Axis:
    flush = 16 if layout.narrow else False
    return alt.Axis(values=list(at), labelExpr=by_value(at, own.labels), title=title, labelFlush=flush)


def _part(layout: Layout, name: str) -> Layout:
    """The layout with only what a scale's rows take."""
    frame = layout.frame.filter(pl.col("scale") == name, pl.col("ruled").is_null())
    panels = []
    for panel in layout.panels.iter_rows(named=True):
        own = frame.filter((pl.col("y") >= panel["top"]) & (pl.col("y") <= panel["bottom"]))
        if own.height:
            panels.append(panel | {"bottom": panel["top"] + own.height})
    schema = layout.panels.schema
    return Layout(
        frame=frame,
        panels=pl.DataFrame(panels, schema=schema),
        units=layout.units,
        step=layout.step,
        width=layout.width,
        stacked=layout.stacked,
        label_width=layout.label_width,
        detail_width=layout.detail_width,
        value_width=layout.value_width,
    )
