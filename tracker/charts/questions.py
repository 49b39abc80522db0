"""Where questions stand and how far they moved: a dot for each on one scale from 0 to 100 %, with its way there."""

from dataclasses import replace

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import Layout, Words, assembled, lay_out, upright, written, y
from tracker.charts.texts import LABEL_SIZE, wrapped
from tracker.charts.theme import PALETTES, Mode, when

ROW_COLUMNS = ("key", "label", "detail", "panel", "value", "before", "text", "meaning", "hollow", "title", "note")
LINE = 17
STEP_OF_TWO = 42
TICKS = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)


def standings(
    frame: pl.DataFrame,
    *,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
    select: str | None = None,
) -> alt.LayerChart:
    """Probabilities in rows, in the order given.

    frame        key, label, detail (whose number), panel, value and before (percent; before null: not known), text
                 (at the right), meaning ("market", "person", "tracker", "backtest"), hollow (closed), title and note
                 (tooltip)
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    description  the alternative text
    select       the name of a selection of one row by its key; null: none
    """
    colours = PALETTES[mode]
    layout = _in_two_lines(lay_out(frame, width=width))
    rows = layout.frame
    scale = alt.Scale(domain=[0, 100], nice=False, zero=False)
    hue = alt.Scale(
        domain=["market", "person", "tracker", "backtest"],
        range=[colours.conventional, colours.ink, colours.estimate, colours.unsure],
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    tooltip = [
        alt.Tooltip("title:N", title="Question"),
        alt.Tooltip("detail:N", title="Whose"),
        alt.Tooltip("text:N", title="Now"),
        alt.Tooltip("note:N", title="State"),
    ]
    axis = alt.Axis(values=list(TICKS), title=None, labelExpr="datum.value + '%'", labelFlush=bool(layout.narrow))
    lines = upright(layout, TICKS, alt.X("at:Q", scale=scale, axis=axis), colour=colours.grid, width=1)
    way = Layer(rows.filter(pl.col("before").is_not_null())).mark_rule(strokeWidth=5, strokeCap="round", opacity=0.38)
    dot = (
        Layer(rows)
        .mark_point(size=110, strokeWidth=2, opacity=1)
        .encode(
            x=alt.X("value:Q", scale=scale),
            y=y(layout),
            stroke=alt.Stroke("meaning:N", scale=hue, legend=None),
            fill=alt.Fill("meaning:N", scale=hue, legend=None, condition=when("datum.hollow", colours.paper)),
            tooltip=tooltip,
        )
    )
    if select is not None:
        dot = dot.add_params(alt.selection_point(name=select, fields=["key"], on="click"))
    layers = [
        lines,
        way.encode(x=alt.X("before:Q", scale=scale), x2=alt.X2("value:Q"), y=y(layout), color=colour, tooltip=tooltip),
        dot,
        *written(layout, mode, alt.ColorValue(colours.ink)),
        _second_lines(layout),
    ]
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _in_two_lines(layout: Layout) -> Layout:
    """The layout with room for titles of two lines, their second in `label_2`; what is longer still ends in "…"."""
    room = layout.width if layout.narrow else layout.label_width
    broken = [wrapped(title, room, LABEL_SIZE) for title in layout.frame["label"].to_list()]
    first = [lines[0] if lines else "" for lines in broken]
    second = ["" if len(lines) < 2 else lines[1] if len(lines) == 2 else _cut(lines[1]) for lines in broken]
    texts = [pl.Series(name, lines, dtype=pl.String) for name, lines in (("label", first), ("label_2", second))]
    frame = layout.frame.with_columns(texts)
    if not any(second):
        return replace(layout, frame=frame.with_columns(y_label_2="y_text"))
    if not layout.narrow:
        up = pl.when(pl.col("label_2") != "").then(LINE / 2 / STEP_OF_TWO).otherwise(0.0)
        placed = frame.with_columns(y_text=pl.col("y_text") - up, y_label_2=pl.col("y_text") + up)
        # A detail and a value stand at the middle of both lines.
        return replace(layout, step=STEP_OF_TWO, frame=placed.with_columns(y_second="y"))
    step = layout.step + LINE
    mark = pl.int_range(pl.len()).cast(pl.Float64) + 1 - 13 / step
    # From the mark upwards: the value, then the title, so that what belongs together stands together.
    beside = mark - 20 / step
    lowest = beside - (LINE / step if layout.stacked else 0)
    two = pl.when(pl.col("label_2") != "").then(LINE / step).otherwise(0.0)
    placed = frame.with_columns(y=mark, y_second=beside, y_label_2=lowest, y_text=lowest - two)
    return replace(layout, step=step, frame=placed)


def _cut(line: str) -> str:
    return f"{line[:-1].rstrip(' ,;:')}…" if len(line) > 2 else f"{line}…"


def _second_lines(layout: Layout) -> alt.Chart:
    mark = Layer(layout.frame).mark_text(
        tooltip=None, align="left", baseline="middle", fontSize=LABEL_SIZE, limit=layout.width
    )
    line: alt.Chart = mark.encode(x=alt.XValue(-layout.left), y=y(layout, "y_label_2"), text=alt.Text("label_2:N"))
    return line
