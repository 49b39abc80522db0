"""Scores by date of release: dots, the frontier of each kind as steps, and its line with a band."""

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import GUTTER, Layout, Words, assembled
from tracker.charts.texts import SMALL_SIZE, bold_width, text_width
from tracker.charts.theme import PALETTES, SEMIBOLD, Mode, when
from tracker.charts.trends_names import Reach, frontier_names

DOT_COLUMNS = ("on", "value", "low", "high", "meaning", "frontier", "name", "text", "released")
CURVE_COLUMNS = ("on", "value", "low", "high", "ahead", "meaning")
END_COLUMNS = ("value", "label", "detail", "meaning")
HEIGHT_WIDE, HEIGHT_NARROW = 400, 420
# Above a card's own height, title and axis take about this much of it.
AROUND = 190


def climb(
    dots: pl.DataFrame,
    steps: pl.DataFrame,
    curves: pl.DataFrame,
    ends: pl.DataFrame,
    *,
    after: str = "",
    unit: str = "",
    bound: tuple[float | None, float | None] = (None, None),
    deadline: date | None = None,
    deadline_text: str = "",
    brush: str | None = None,
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """Scores by date of release, in numbers ready to be shown.

    dots         on, value, low, high (interval; null: none), meaning ("reasoning", "conventional"), frontier, name,
                 text (the value in words), released (the date in words)
    steps        on, value, meaning: the best so far
    curves       on, value, low, high, ahead (past what was fitted: dashed and lighter), meaning; may be empty
    ends         value, label, detail, meaning: what stands at the right of each line
    after        what follows a number on the axis, such as "%"; unit: what follows the uppermost
    bound        values that the axis does not pass
    deadline     a day marked by an upright rule, with its text above
    brush        the name of a selection of dates by dragging; null: none
    height       of the whole picture in pixels; null lets the chart decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    layout = _layout(ends, f"{after}{unit}", dots, width, height)
    reach = _reach(dots, curves, bound, deadline, layout)
    numbers = max((text_width(label, SMALL_SIZE) for label in _numbers(reach, after, unit)), default=0.0)
    beside = numbers + GUTTER / 2, layout.value_width + GUTTER / 2
    layout = replace(layout, label_width=numbers, beside=beside)
    hue = alt.Scale(domain=["reasoning", "conventional"], range=[colours.reasoning, colours.conventional])
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    x_scale = alt.Scale(domain=[_stamp(reach.first), _stamp(reach.last)], nice=False, zero=False)
    y_scale = alt.Scale(domain=[reach.low, reach.high], nice=False, zero=False)
    x, y = alt.X("at:Q", scale=x_scale, axis=_dates(reach, layout)), alt.Y("value:Q", scale=y_scale, axis=None)
    tooltip = [
        alt.Tooltip("name:N", title="Model"),
        alt.Tooltip("text:N", title="Score"),
        alt.Tooltip("released:N", title="Released"),
    ]
    dots, steps, curves = (_stamped(frame) for frame in (dots, steps, curves))
    layers = _grid(reach, after, unit, layout, mode, y_scale)
    if deadline is not None:
        layers += _deadline(deadline, deadline_text, layout, mode, x_scale)
    low_edge, high_edge = alt.Y("low:Q", scale=y_scale, axis=None), alt.Y2("high:Q")
    quiet: dict[str, Any] = {"tooltip": None, "aria": False, "clip": True}
    for ahead in (False, True):
        part = _part(curves, ahead)
        band = Layer(part.filter(pl.col("low").is_not_null())).mark_area(opacity=0.07 if ahead else 0.15, **quiet)
        layers.append(band.encode(x=x, y=low_edge, y2=high_edge, color=colour))
        dash: dict[str, Any] = {"strokeDash": [5, 4], "opacity": 0.6} if ahead else {}
        line = Layer(part).mark_line(strokeWidth=2, **dash, **quiet)
        layers.append(line.encode(x=x, y=y, color=colour))
    best = Layer(steps).mark_line(interpolate="step-after", strokeWidth=1.25, opacity=0.75, **quiet)
    layers.append(best.encode(x=x, y=y, color=colour))
    ranged = dots.filter(pl.col("frontier") & pl.col("low").is_not_null() & pl.col("high").is_not_null())
    bars = Layer(ranged).mark_rule(strokeWidth=1, opacity=0.5, **quiet)
    layers.append(bars.encode(x=x, y=low_edge, y2=high_edge, color=colour))
    layers.append(_dots(dots, x, y, hue, tooltip, mode, brush))
    layers += frontier_names(dots, [steps, curves], reach, layout, x, y_scale, colour)
    layers += _ends(ends, reach, layout, y_scale, hue, mode)
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _layout(ends: pl.DataFrame, after: str, dots: pl.DataFrame, width: int, height: int | None) -> Layout:
    """The frame that all charts share, with the axis' numbers as the labels and the lines' ends as the values."""
    narrow = width < 560
    size = max((abs(value) for value in dots["value"].to_list()), default=0.0)
    numbers = text_width(f"{size:,.0f}{after}", SMALL_SIZE)
    columns = ("label",) if narrow else ("label", "detail")
    texts = [text for name in columns for text in ends[name].to_list()]
    written = max((bold_width(text, SMALL_SIZE + 1) for text in texts), default=0.0)
    units = HEIGHT_NARROW if narrow else (height - AROUND if height else HEIGHT_WIDE)
    return Layout(
        frame=dots,
        panels=pl.DataFrame(),
        units=units,
        step=1,
        width=width,
        stacked=False,
        label_width=numbers,
        detail_width=0.0,
        value_width=written,
    )


def _reach(
    dots: pl.DataFrame,
    curves: pl.DataFrame,
    bound: tuple[float | None, float | None],
    deadline: date | None,
    layout: Layout,
) -> Reach:
    """All dots, their intervals within reason, and the curves; a band may run off the picture, a dot may not."""
    values = dots["value"].to_list()
    span = (max(values) - min(values)) or abs(max(values)) or 1.0
    ends = values + curves["value"].to_list()
    room = 0.5 * span
    bands = [
        value for frame in (dots, curves) for end in ("low", "high") for value in frame[end].drop_nulls().to_list()
    ]
    lowest, highest = min(values) - room, max(values) + room
    within = [min(max(value, lowest), highest) for value in ends + bands]
    low, high = min(within + values), max(within + values)
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)
    if high == low:
        low, high = low - span / 2, high + span / 2
    # Where most of a bounded scale is in the picture anyway, all of it is.
    bottom, top = bound
    if bottom is not None:
        low = max(low, bottom) if top is None or high - low < 0.6 * (top - bottom) else bottom
    if top is not None:
        high = min(high, top) if bottom is None or high - low < 0.6 * (top - bottom) else top
    ticks = _ticks(low, high, 6)
    days = [day for frame in (dots, curves) for day in frame["on"].to_list()] + ([deadline] if deadline else [])
    first, last = min(days), max(days)
    span_days = max((last - first).days, 30)
    pad = timedelta(days=round(span_days * 0.02))
    # A line that ends at a deadline ends just within the plot, so that it need not be cut off: that takes its time.
    edge = timedelta(days=math.ceil(span_days * 3 / max(layout.plot_width, 100)))
    # Narrow, the axis' numbers stand inside the plot.
    numbers = layout.label_width / max(layout.width - layout.value_width, 1) if layout.narrow else 0.0
    return Reach(
        first - pad - timedelta(days=round(span_days * numbers)),
        last + (pad if deadline is None else edge),
        low,
        high,
        ticks,
    )


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two ends, at most `most` of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [
        round(index * step, 10) for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def _dates(reach: Reach, layout: Layout) -> alt.Axis:
    """Months, with the year under each January and under the first."""
    months = (reach.last.year - reach.first.year) * 12 + reach.last.month - reach.first.month
    most = 5 if layout.narrow else 10
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120) if months / step <= most or step == 120)
    firsts = []
    for month in range(months + 1):
        year, index = divmod(reach.first.year * 12 + reach.first.month - 1 + month, 12)
        day = date(year, index + 1, 1)
        if (year * 12 + index) % every == 0 and reach.first <= day <= reach.last:
            firsts.append(day)
    started = _stamp(firsts[0]) if firsts else 0
    months_only = every < 12
    first = f"utcmonth(datum.value) == 0 || datum.value == {started}"
    label = f"[utcFormat(datum.value, '%b'), {first} ? utcFormat(datum.value, '%Y') : '']"
    return alt.Axis(
        values=[_stamp(day) for day in firsts],
        title="Date of release",
        labelExpr=label if months_only else "utcFormat(datum.value, '%Y')",
        labelLineHeight=15,
        ticks=True,
        tickSize=4,
        domain=True,
        labelPadding=4,
    )


def _stamped(frame: pl.DataFrame) -> pl.DataFrame:
    """With `at`, the day as a number: a page and an exported file read dates in different ways, and numbers in one."""
    return frame.with_columns(at=pl.col("on").cast(pl.Datetime("ms")).dt.timestamp("ms").cast(pl.Float64))


def _stamp(day: date) -> int:
    """Milliseconds since 1970, as the browser counts."""
    return (day - date(1970, 1, 1)).days * 86_400_000


def _grid(reach: Reach, after: str, unit: str, layout: Layout, mode: Mode, scale: alt.Scale) -> list[alt.Chart]:
    """Level lines with their numbers: left of the plot, or above the line where the screen is narrow."""
    colours = PALETTES[mode]
    labels = _numbers(reach, after, unit)
    frame = pl.DataFrame({"at": reach.ticks, "label": labels}, schema={"at": pl.Float64, "label": pl.String})
    at = alt.Y("at:Q", scale=scale, axis=None)
    rule = Layer(frame).mark_rule(tooltip=None, aria=False, color=colours.grid, strokeWidth=1)
    place: dict[str, Any] = {"align": "left", "dy": -7} if layout.narrow else {"align": "right", "dx": -GUTTER / 2}
    text = Layer(frame).mark_text(tooltip=None, baseline="middle", fontSize=SMALL_SIZE, color=colours.muted, **place)
    return [rule.encode(y=at), text.encode(y=at, x=alt.XValue(0), text=alt.Text("label:N"))]


def _numbers(reach: Reach, after: str, unit: str) -> list[str]:
    """What is written at each level line."""
    step = reach.ticks[1] - reach.ticks[0] if len(reach.ticks) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else (1 if step % 1 else 0)
    labels = [f"{tick:,.{decimals}f}{after}".replace("-", "−") for tick in reach.ticks]
    labels[-1:] = [f"{label}{unit}" for label in labels[-1:]]
    return labels


def _deadline(day: date, text: str, layout: Layout, mode: Mode, scale: alt.Scale) -> list[alt.Chart]:
    colours = PALETTES[mode]
    frame = pl.DataFrame({"at": [float(_stamp(day))], "label": [text]})
    at = alt.X("at:Q", scale=scale)
    rule = Layer(frame).mark_rule(tooltip=None, strokeDash=[2, 3], strokeWidth=1.25, color=colours.muted)
    label = Layer(frame).mark_text(
        tooltip=None, align="right", baseline="bottom", dx=-4, fontSize=SMALL_SIZE, color=colours.muted
    )
    return [rule.encode(x=at), label.encode(x=at, y=alt.YValue(alt.ExprRef("height - 6")), text=alt.Text("label:N"))]


def _part(curves: pl.DataFrame, ahead: bool) -> pl.DataFrame:
    """The fitted part, or what runs on from its last day."""
    if not ahead:
        return curves.filter(~pl.col("ahead"))
    last = curves.filter(~pl.col("ahead")).group_by("meaning", maintain_order=True).tail(1)
    running = curves.filter(pl.col("ahead"))
    return pl.concat(
        [last.filter(pl.col("meaning").is_in(running["meaning"].unique().to_list())).select(running.columns), running]
    )


def _dots(
    dots: pl.DataFrame, x: alt.X, y: alt.Y, hue: alt.Scale, tooltip: list[alt.Tooltip], mode: Mode, brush: str | None
) -> alt.Chart:
    """Every model, those on the frontier larger; circles and squares, so that not only colour tells them apart."""
    marks = (
        Layer(dots.sort("frontier"))
        .mark_point(filled=True, strokeWidth=1.2, clip=False)
        .encode(
            x=x,
            y=y,
            color=alt.Color("meaning:N", scale=hue, legend=None),
            stroke=alt.StrokeValue(PALETTES[mode].paper),
            shape=alt.Shape(
                "meaning:N",
                scale=alt.Scale(domain=["reasoning", "conventional"], range=["circle", "square"]),
                legend=None,
            ),
            size=alt.SizeValue(34, condition=when("datum.frontier", 95)),
            opacity=alt.OpacityValue(0.45, condition=when("datum.frontier", 1)),
            tooltip=tooltip,
        )
    )
    if brush:
        faint = alt.BrushConfig(fill=PALETTES[mode].ink, fillOpacity=0.06, strokeOpacity=0)
        marks = marks.add_params(alt.selection_interval(name=brush, encodings=["x"], mark=faint))
    dotted: alt.Chart = marks
    return dotted


def _ends(
    ends: pl.DataFrame, reach: Reach, layout: Layout, scale: alt.Scale, hue: alt.Scale, mode: Mode
) -> list[alt.Chart]:
    """Each kind's name and pace at the right of its line, moved apart where they would meet."""
    per_pixel = (reach.high - reach.low) / layout.units
    apart = (20 if layout.narrow else 38) * per_pixel
    rows = ends.sort("value", descending=True).to_dicts()
    places = [min(max(row["value"], reach.low + apart / 2), reach.high - 8 * per_pixel) for row in rows]
    if len(places) == 2 and places[0] - places[1] < apart:
        middle = sum(places) / 2
        places = [middle + apart / 2, middle - apart / 2]
    frame = ends.sort("value", descending=True).with_columns(pl.Series("at", places, dtype=pl.Float64))
    x, y = alt.XValue(alt.ExprRef(f"width + {GUTTER / 2}")), alt.Y("at:Q", scale=scale, axis=None)
    base = Layer(frame)
    name = base.mark_text(tooltip=None, align="left", baseline="middle", fontSize=SMALL_SIZE + 1, fontWeight=SEMIBOLD)
    layers = [name.encode(x=x, y=y, text=alt.Text("label:N"), color=alt.Color("meaning:N", scale=hue, legend=None))]
    if not layout.narrow:
        detail = base.mark_text(
            tooltip=None, align="left", baseline="middle", dy=17, fontSize=SMALL_SIZE, color=PALETTES[mode].muted
        )
        layers.append(detail.encode(x=x, y=y, text=alt.Text("detail:N")))
    return layers
