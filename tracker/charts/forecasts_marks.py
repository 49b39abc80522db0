"""The marks on a question's history: what people said, and the unseen ones that speak when a line is pointed at."""

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.theme import PALETTES, Mode, when


def statements(marks: pl.DataFrame, x: alt.X, y: alt.Y, hue: alt.Scale, mode: Mode) -> list[alt.Chart]:
    """A dot for each statement; one that was withdrawn is hollow, with a stroke through it."""
    paper = PALETTES[mode].paper
    tooltip = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("text:N", title="Said"),
        alt.Tooltip("when:N", title="When"),
        alt.Tooltip("note:N", title="Note"),
    ]
    stroke = alt.Stroke("meaning:N", scale=hue, legend=None)
    fill = alt.Fill("meaning:N", scale=hue, legend=None, condition=when("datum.withdrawn", paper))
    dot = Layer(marks).mark_point(size=70, strokeWidth=1.75, opacity=1)
    layers = [dot.encode(x=x, y=y, stroke=stroke, fill=fill, tooltip=tooltip)]
    struck = marks.filter("withdrawn")
    if struck.height:
        through = Layer(struck).mark_point(shape="stroke", size=330, strokeWidth=1.75, opacity=1, angle=315)
        layers.append(through.encode(x=x, y=y, stroke=stroke, tooltip=tooltip))
    return layers


def pointed_at(points: pl.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    """Unseen dots along the lines, so that a price and its time can be read by pointing at it."""
    rows = points.select("x", "value", "name", "text", "when")
    dots = Layer(rows).mark_point(size=120, opacity=0, filled=True, aria=False)
    seen: alt.Chart = dots.encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title="Who"),
            alt.Tooltip("text:N", title="From then on"),
            alt.Tooltip("when:N", title="When, UTC"),
        ],
    )
    return seen
