"""The map of capabilities: for each, how high the best of both kinds got, and people, on one scale of percent."""

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import Words, assembled, lay_out, upright, written, y
from tracker.charts.theme import PALETTES, Mode, when

ROW_COLUMNS = ("label", "detail", "panel", "reasoning", "conventional", "human", "text", "faint", "note")
TICKS = [0.0, 25.0, 50.0, 75.0, 100.0]


def levels(
    frame: pl.DataFrame,
    *,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """A row for each capability, in the order given, panel by panel.

    frame        label, detail (the benchmark), panel (heading), reasoning, conventional, human (percent; null: not
                 drawn), text (what is known, in words), faint (nothing is), note (tooltip)
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    """
    colours = PALETTES[mode]
    layout = lay_out(frame, width=width, detail_share=0.28)
    scale = alt.Scale(domain=[-2, 102], nice=False, zero=False)
    axis = alt.Axis(values=TICKS, labelExpr="datum.value + ' %'", title="Score", labelFlush=False)
    lines = upright(layout, TICKS, alt.X("at:Q", scale=scale, axis=axis), colour=colours.grid, width=1)
    hue = alt.Scale(domain=["reasoning", "conventional"], range=[colours.reasoning, colours.conventional])
    tooltip = [
        alt.Tooltip("label:N", title="Capability"),
        alt.Tooltip("text:N", title="Best"),
        alt.Tooltip("note:N", title="Note"),
    ]
    spans = layout.frame.filter(pl.col("reasoning").is_not_null() & pl.col("conventional").is_not_null())
    between = Layer(spans).mark_rule(tooltip=None, aria=False, strokeWidth=2, color=colours.unsure, opacity=0.5)
    # Scores on another scale have no mark to point at: the whole row answers.
    row = Layer(layout.frame.filter(~pl.col("faint"))).mark_rule(strokeWidth=22, opacity=0, aria=False)
    layers = [
        lines,
        row.encode(x=alt.XValue(0), x2=alt.X2Value("width"), y=y(layout), tooltip=tooltip),
        between.encode(x=alt.X("conventional:Q", scale=scale), x2=alt.X2("reasoning:Q"), y=y(layout)),
    ]
    people = layout.frame.filter(pl.col("human").is_not_null())
    stroke = Layer(people).mark_tick(thickness=2.5, size=20, color=colours.ink, orient="vertical")
    layers.append(stroke.encode(x=alt.X("human:Q", scale=scale), y=y(layout), tooltip=tooltip))
    for kind, shape, size in (("conventional", "diamond", 110), ("reasoning", "circle", 110)):
        own = layout.frame.filter(pl.col(kind).is_not_null()).with_columns(meaning=pl.lit(kind))
        dot = Layer(own).mark_point(filled=True, opacity=1, shape=shape, size=size)
        colour = alt.Color("meaning:N", scale=hue, legend=None)
        layers.append(dot.encode(x=alt.X(f"{kind}:Q", scale=scale), y=y(layout), color=colour, tooltip=tooltip))
    faint = alt.ColorValue(colours.ink, condition=when("datum.faint", colours.muted))
    layers += written(layout, mode, faint)
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)
