"""One question's history on one chart: a step line a forecaster, labelled at its end, and what came out."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.forecasts_ends import end_labels
from tracker.charts.forecasts_lines import latest, thinned
from tracker.charts.forecasts_marks import pointed_at, statements
from tracker.charts.layer import Layer
from tracker.charts.rows import GUTTER, NARROW, Layout, Words, assembled
from tracker.charts.texts import SMALL_SIZE, bold_width, text_width
from tracker.charts.theme import PALETTES, Mode
from tracker.charts.time_axis import stamp, time_axis

LINE_COLUMNS = ("line", "piece", "at", "value", "meaning", "own", "name", "text", "when")
MARK_COLUMNS = ("at", "value", "meaning", "withdrawn", "name", "text", "when", "note")
END_COLUMNS = ("line", "at", "value", "label", "meaning", "own", "stands")
EVENT_COLUMNS = ("on", "number", "text")
BAND_COLUMNS = ("line", "piece", "at", "low", "high", "meaning", "text")
HEIGHT_WIDE, HEIGHT_NARROW = 380, 400
# Above a card's own height, title and axis take about this much of it.
AROUND = 190
LONGEST_LABEL = 34


class Level(NamedTuple):
    """A value that gets a grid line, and how it is written."""

    value: float
    label: str


class Turn(NamedTuple):
    """A moment that ends something: when, what it is called, and the outcome (null: there is none)."""

    at: datetime
    text: str
    value: float | None = None


def history(
    lines: pl.DataFrame,
    marks: pl.DataFrame,
    ends: pl.DataFrame,
    *,
    bands: pl.DataFrame | None = None,
    events: pl.DataFrame | None = None,
    closes: Turn | None = None,
    resolved: Turn | None = None,
    levels: Sequence[Level],
    reach: tuple[float, float] = (0.0, 1.0),
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """Probabilities by time, in UTC. Lines stand until their next row; two pieces of a line have a gap between them.

    lines        LINE_COLUMNS: line (its key), piece, at, value in [0, 1], meaning ("market", "person", "tracker",
                 "backtest", "reference"), own (else drawn fainter), name, text and when (tooltip)
    marks        MARK_COLUMNS: single statements; a withdrawn one is hollow and struck through
    ends         END_COLUMNS: what stands at the end of each line; `stands` false: it ended before
    bands        BAND_COLUMNS: how far a line's value depends on choices, from each row until the next of its piece
    events       EVENT_COLUMNS: dated evidence, a numbered dotted rule each; the reading explains the numbers
    closes       the deadline, as an upright rule; resolved: the outcome, as a diamond where it came
    levels       the grid lines of the value axis; reach: its ends
    height       of the whole picture in pixels; null lets the chart decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    ends = _ends(ends, resolved, reach, narrow=width < NARROW)
    layout = _layout(lines, ends, levels, width, height)
    first, last, inside = _span(lines, marks, ends, events, closes, resolved, layout)
    after = 0.0 if inside else layout.value_width + GUTTER
    layout = replace(layout, beside=(layout.label_width + GUTTER / 2, after))
    hue = alt.Scale(
        domain=["market", "person", "tracker", "backtest", "reference", "outcome"],
        range=[colours.conventional, colours.ink, colours.estimate, colours.estimate, colours.unsure, colours.ink],
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    x_scale = alt.Scale(domain=[stamp(first), stamp(last)], nice=False, zero=False)
    y_scale = alt.Scale(domain=list(reach), nice=False, zero=False)
    axis = time_axis(first, last, most=5 if layout.narrow else 10)
    x, y = alt.X("x:Q", scale=x_scale, axis=axis), alt.Y("value:Q", scale=y_scale, axis=None)
    pixels = max(int(_plot_width(layout)), 120)
    kept = _stamped(thinned(lines, bins=pixels // 3)).select("x", "value", "meaning", "own", "stretch")
    layers = _grid(levels, reach, layout, mode, y_scale, x)
    if events is not None and events.height:
        layers += _events(events, layout, mode, x_scale)
    if closes is not None and first <= closes.at <= last:
        layers += _turn(closes, mode, x_scale, "top" if resolved is None else None)
    quiet: dict[str, Any] = {"tooltip": None, "aria": False, "clip": True}
    if bands is not None and bands.height:
        area = Layer(_stamped(bands)).mark_area(interpolate="step-after", opacity=0.16, **quiet)
        y_low = alt.Y("low:Q", scale=y_scale, axis=None)
        layers.append(area.encode(x=x, y=y_low, y2=alt.Y2("high:Q"), color=colour, detail=alt.Detail("stretch:N")))
    market, afterwards = pl.col("meaning") == "market", pl.col("meaning") == "backtest"
    # What was computed afterwards is dashed, and ours otherwise: one colour says whose it is.
    for part, thick, opacity, dash in (
        (~pl.col("own"), 1.25, 0.6, [1, 0]),
        (market, 2.0, 1.0, [1, 0]),
        (~market & ~afterwards, 1.75, 1.0, [1, 0]),
        (afterwards, 1.5, 1.0, [5, 3]),
    ):
        rows = kept.filter(part & pl.col("own") if opacity == 1 else part)
        line = Layer(rows).mark_line(
            interpolate="step-after", strokeWidth=thick, opacity=opacity, strokeDash=dash, **quiet
        )
        layers.append(line.encode(x=x, y=y, color=colour, detail=alt.Detail("stretch:N")))
    layers += statements(_stamped(marks), x, y, hue, mode)
    layers.append(pointed_at(_stamped(latest(lines, bins=pixels // 6)), x, y))
    if resolved is not None:
        layers += _resolved(resolved, mode, x_scale, y_scale)
    layers += end_labels(ends, layout, x_scale, y_scale, reach, hue, mode, inside=inside, last=stamp(last))
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _ends(ends: pl.DataFrame, resolved: Turn | None, reach: tuple[float, float], *, narrow: bool) -> pl.DataFrame:
    """The ends of the lines, and the outcome among them; what is annulled stands on top."""
    if resolved is not None:
        outcome = {
            "line": "",
            "at": resolved.at,
            "value": reach[1] if resolved.value is None else min(max(resolved.value, reach[0]), reach[1]),
            "label": resolved.text,
            "meaning": "outcome",
            "own": True,
            "stands": True,
        }
        ends = pl.concat([ends, pl.DataFrame([outcome], schema=ends.schema)])
    short = pl.col("label").str.replace(", inverted", " inv.", literal=True)
    return ends.with_columns(label=short) if narrow else ends


def _layout(lines: pl.DataFrame, ends: pl.DataFrame, levels: Sequence[Level], width: int, height: int | None) -> Layout:
    """The frame that all charts share, with the axis' numbers as the labels and the lines' ends as the values."""
    narrow = width < NARROW
    numbers = max((text_width(level.label, SMALL_SIZE) for level in levels), default=0.0)
    labels = (label[:LONGEST_LABEL] for label in ends["label"].to_list())
    longest = max((bold_width(label, SMALL_SIZE + 1) for label in labels), default=0.0)
    return Layout(
        frame=lines,
        panels=pl.DataFrame(),
        units=HEIGHT_NARROW if narrow else (height - AROUND if height else HEIGHT_WIDE),
        step=1,
        width=width,
        stacked=False,
        label_width=numbers,
        detail_width=0.0,
        value_width=min(longest, (0.34 if narrow else 0.3) * width),
    )


def _span(
    lines: pl.DataFrame,
    marks: pl.DataFrame,
    ends: pl.DataFrame,
    events: pl.DataFrame | None,
    closes: Turn | None,
    resolved: Turn | None,
    layout: Layout,
) -> tuple[datetime, datetime, bool]:
    """Both ends of the time axis, and whether the labels of the lines fit inside, before the deadline.

    A deadline is shown where at least half of the picture is left to the record.
    """
    moments = [at for frame in (lines, marks) for at in frame["at"].to_list()]
    moments += [resolved.at] if resolved else []
    now = max(moments) if moments else datetime.now(UTC)
    first = min([*moments, now - timedelta(days=1)]) if moments else now - timedelta(days=30)
    if events is not None and events.height:
        first = min([first, *(_midnight(on) for on in events["on"].to_list())])
    record = max(now - first, timedelta(hours=6))
    last = now
    if closes is not None and now < closes.at <= now + record:
        last = closes.at
    air = 0.015 * (last - first)
    # Narrow, the axis' numbers stand inside the plot.
    numbers = layout.label_width + 10 if layout.narrow else 0.0
    per_pixel = (last - first) / max(_plot_width(layout) - numbers, 1.0)
    inside = last - now > per_pixel * (layout.value_width + 3 * GUTTER)
    return first - air - per_pixel * numbers, last + (air if last == now else timedelta(0)), inside


def _plot_width(layout: Layout) -> float:
    """Pixels that the lines can take, estimated."""
    return layout.width - layout.left - layout.value_width - 2 * GUTTER


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def _stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """With `x`, the moment as a number, and `stretch`, what is drawn as one line; without the moments themselves."""
    moments = pl.col("at").dt.timestamp("ms")
    if "piece" in frame.columns:
        frame = frame.with_columns(stretch=pl.format("{} {}", pl.col("line").rank("dense"), "piece")).drop("piece")
    # A hundredth of a percent is far less than a pixel, and a picture of thousands of them a third smaller.
    return frame.with_columns(pl.col("^(value|low|high)$").round(4), x=moments).drop("at")


def _grid(
    levels: Sequence[Level], reach: tuple[float, float], layout: Layout, mode: Mode, scale: alt.Scale, x: alt.X
) -> list[alt.Chart]:
    """Level lines with their numbers: left of the plot, or above the line where the screen is narrow."""
    colours = PALETTES[mode]
    shown = [level for level in levels if reach[0] <= level.value <= reach[1]]
    frame = pl.DataFrame(
        {"at": [level.value for level in shown], "label": [level.label for level in shown]},
        schema={"at": pl.Float64, "label": pl.String},
    )
    at = alt.Y("at:Q", scale=scale, axis=None)
    rule = Layer(frame).mark_rule(tooltip=None, aria=False, color=colours.grid, strokeWidth=1)
    place: dict[str, Any] = {"align": "left", "dy": -7} if layout.narrow else {"align": "right", "dx": -GUTTER / 2}
    text = Layer(frame).mark_text(tooltip=None, baseline="middle", fontSize=SMALL_SIZE, color=colours.muted, **place)
    return [rule.encode(y=at), text.encode(y=at, x=alt.XValue(0), text=alt.Text("label:N"))]


def _events(events: pl.DataFrame, layout: Layout, mode: Mode, scale: alt.Scale) -> list[alt.Chart]:
    """Numbered dotted rules; a number that would stand on the one before it stands higher."""
    colours = PALETTES[mode]
    rows = events.sort("on", "number").with_columns(
        x=pl.Series([stamp(_midnight(on)) for on in events.sort("on", "number")["on"].to_list()], dtype=pl.Float64)
    )
    low, high = scale.to_dict()["domain"]
    near, heights, taken = 14 * (high - low) / max(_plot_width(layout), 1), [], [-math.inf] * 3
    for at in rows["x"].to_list():
        place = next((level for level, until in enumerate(taken) if at - until > near), 0)
        taken[place] = at
        heights.append(-9.0 - 13 * place)
    frame = rows.with_columns(pl.Series("up", heights, dtype=pl.Float64)).drop("on")
    x = alt.X("x:Q", scale=scale)
    rule = Layer(frame).mark_rule(strokeDash=[2, 3], strokeWidth=1.25, color=colours.muted)
    tooltip = [alt.Tooltip("number:N", title="Evidence"), alt.Tooltip("text:N", title="What")]
    number = Layer(frame).mark_text(tooltip=None, fontSize=SMALL_SIZE, color=colours.muted, baseline="middle")
    levels = alt.Y("up:Q", scale=None, axis=None)
    return [rule.encode(x=x, tooltip=tooltip), number.encode(x=x, y=levels, text=alt.Text("number:N"))]


def _turn(turn: Turn, mode: Mode, scale: alt.Scale, written: str | None) -> list[alt.Chart]:
    """An upright rule at a moment, with its name on its left."""
    colours = PALETTES[mode]
    frame = pl.DataFrame({"x": [stamp(turn.at)], "label": [turn.text]})
    x = alt.X("x:Q", scale=scale)
    rule = Layer(frame).mark_rule(tooltip=None, aria=False, strokeDash=[2, 3], strokeWidth=1.25, color=colours.muted)
    layers = [rule.encode(x=x)]
    if written:
        label = Layer(frame).mark_text(
            tooltip=None, align="right", baseline="bottom", dx=-5, fontSize=SMALL_SIZE, color=colours.muted
        )
        layers.append(label.encode(x=x, y=alt.YValue(alt.ExprRef("height - 6")), text=alt.Text("label:N")))
    return layers


def _resolved(turn: Turn, mode: Mode, x_scale: alt.Scale, y_scale: alt.Scale) -> list[alt.Chart]:
    """A rule where it was decided, and the outcome as a diamond on it; annulled, the rule alone."""
    colours = PALETTES[mode]
    frame = pl.DataFrame({"x": [stamp(turn.at)], "value": [turn.value], "label": [turn.text]})
    x = alt.X("x:Q", scale=x_scale)
    rule = Layer(frame).mark_rule(tooltip=None, aria=False, strokeWidth=1.25, color=colours.muted)
    layers = [rule.encode(x=x)]
    if turn.value is not None:
        mark = Layer(frame).mark_point(shape="diamond", size=150, filled=True, opacity=1, color=colours.ink)
        y = alt.Y("value:Q", scale=y_scale, axis=None)
        layers.append(mark.encode(x=x, y=y, tooltip=[alt.Tooltip("label:N", title="Outcome")]))
    return layers
