"""One night's work on a clock: what ran when, and for how long."""

from datetime import datetime, timedelta

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import Words, assembled, lay_out, written, y
from tracker.charts.theme import PALETTES, Mode

ROW_COLUMNS = ("key", "label", "detail", "panel", "text")
BAR_COLUMNS = ("key", "started_at", "finished_at", "meaning", "note")


def timeline(
    rows: pl.DataFrame,
    bars: pl.DataFrame,
    *,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """Bars from start to finish, in rows in the order given, on a clock in UTC.

    rows         key, label, detail (second, muted label; may be empty), panel (heading), text (at the right)
    bars         key (of its row), started_at, finished_at, meaning ("reasoning", "conventional", "unsure"), note
    height       of the whole picture in pixels; null lets the rows decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    layout = lay_out(rows, width=width)
    placed = bars.join(layout.frame.select("key", "label", "y"), on="key").with_columns(
        pl.col("started_at", "finished_at").dt.convert_time_zone("UTC")
    )
    hue = alt.Scale(
        domain=["reasoning", "conventional", "unsure"],
        range=[colours.reasoning, colours.conventional, colours.unsure],
    )
    scale = alt.Scale(type="utc", nice=False, padding=4)
    clock = alt.Axis(
        title="Clock time, UTC",
        tickCount=3 if layout.narrow else 6,
        labelFlush=24 if layout.narrow else False,
        labelOverlap="greedy",
        labelSeparation=8,
        format=_clock_format(placed),
        grid=True,
        gridColor=colours.grid,
    )
    bar = (
        Layer(placed)
        .mark_rule(strokeWidth=7, strokeCap="round" if placed["key"].is_unique().all() else "butt")
        .encode(
            x=alt.X("started_at:T", scale=scale, axis=clock),
            x2=alt.X2("finished_at:T"),
            y=y(layout),
            color=alt.Color("meaning:N", scale=hue, legend=None),
            tooltip=[
                alt.Tooltip("label:N", title="Run"),
                alt.Tooltip("note:N", title="Note"),
            ],
        )
    )
    layers = [bar, *written(layout, mode, alt.ColorValue(colours.muted))]
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _clock_format(bars: pl.DataFrame) -> str:
    """Seconds where a night takes minutes, dates where it takes days."""
    first, last = bars["started_at"].min(), bars["finished_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime) or last - first > timedelta(hours=20):
        return "%-d %b %H:%M"
    return "%H:%M:%S" if last - first < timedelta(minutes=4) else "%H:%M"
