"""What stands at the end of each line: its name and value, moved apart where they would meet."""

from typing import Any

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import GUTTER, Layout
from tracker.charts.texts import SMALL_SIZE, bold_width
from tracker.charts.theme import PALETTES, SEMIBOLD, Mode, when
from tracker.charts.time_axis import stamp

APART = 17.0


def end_labels(
    ends: pl.DataFrame,
    layout: Layout,
    x_scale: alt.Scale,
    y_scale: alt.Scale,
    reach: tuple[float, float],
    hue: alt.Scale,
    mode: Mode,
    *,
    inside: bool,
    last: float,
) -> list[alt.Chart]:
    """Lines that still stand are labelled in one column: behind their ends where there is room, else right of the plot.

    A line that ended before carries its label where it ended, above or below it. Where a label had to move, or stands
    away from its line, a thin stroke leads to it.
    """
    per_pixel = (reach[1] - reach[0]) / layout.units
    standing = ends.filter("stands").sort("value", descending=True)
    over = ends.filter(~pl.col("stands"))
    places = spread(standing["value"].to_list(), APART * per_pixel, reach[0], reach[1])
    labels = [fitted(label, layout.value_width) for label in standing["label"].to_list()]
    ended = [stamp(at) for at in standing["at"].to_list()]
    frame = standing.drop("at").with_columns(
        pl.Series("label", labels, dtype=pl.String),
        pl.Series("place", places, dtype=pl.Float64),
        pl.Series("ended", ended, dtype=pl.Float64),
        edge=pl.lit(max(ended, default=last) if inside else last),
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    ended_x = alt.X("ended:Q", scale=x_scale)
    placed_y = alt.Y("place:Q", scale=y_scale, axis=None)
    layers: list[alt.Chart] = []
    far = frame.filter((pl.col("edge") > pl.col("ended")) | ((pl.col("place") - pl.col("value")).abs() > 5 * per_pixel))
    if far.height:
        lead = Layer(far).mark_rule(tooltip=None, aria=False, strokeWidth=0.75, opacity=0.55)
        value = alt.Y("value:Q", scale=y_scale, axis=None)
        # Straight on to the edge, then up or down to the label.
        layers.append(lead.encode(x=ended_x, x2=alt.X2("edge:Q"), y=value, color=colour))
        tip = Layer(far).mark_rule(tooltip=None, aria=False, strokeWidth=0.75, opacity=0.55)
        start = alt.X("edge:Q", scale=x_scale)
        if not inside:
            layers.append(
                tip.encode(
                    x=alt.XValue(alt.ExprRef("width")),
                    x2=alt.X2Value(alt.ExprRef(f"width + {GUTTER - 3}")),
                    y=value,
                    y2=alt.Y2("place:Q"),
                    color=colour,
                )
            )
        else:
            layers.append(tip.encode(x=start, y=value, y2=alt.Y2("place:Q"), color=colour))
    text = Layer(frame).mark_text(
        tooltip=None, align="left", baseline="middle", dx=GUTTER / 2, fontSize=SMALL_SIZE + 1, fontWeight=SEMIBOLD
    )
    across = alt.X("edge:Q", scale=x_scale) if inside else alt.XValue(alt.ExprRef(f"width + {GUTTER / 2}"))
    faint = alt.OpacityValue(0.72, condition=when("datum.own", 1))
    layers.append(text.encode(x=across, y=placed_y, text=alt.Text("label:N"), color=colour, opacity=faint))
    return layers + _over(over, layout, x_scale, y_scale, reach, hue, mode)


def _over(
    over: pl.DataFrame,
    layout: Layout,
    x_scale: alt.Scale,
    y_scale: alt.Scale,
    reach: tuple[float, float],
    hue: alt.Scale,
    mode: Mode,
) -> list[alt.Chart]:
    """Names of lines that ended before, on a ground of paper so that they stay readable over other lines."""
    if over.is_empty():
        return []
    domain = x_scale.to_dict()["domain"]
    frame = over.with_columns(
        pl.Series("ended", [stamp(at) for at in over["at"].to_list()], dtype=pl.Float64),
        pl.Series("label", [fitted(label, 0.4 * layout.width) for label in over["label"].to_list()], dtype=pl.String),
    ).drop("at")
    upper = reach[0] + 0.9 * (reach[1] - reach[0])
    middle = sum(domain) / 2
    layers = []
    for late in (False, True):
        for high in (False, True):
            own = frame.filter((pl.col("ended") > middle) == late, (pl.col("value") > upper) == high)
            if own.is_empty():
                continue
            grounded: dict[str, Any] = {"stroke": PALETTES[mode].paper, "strokeWidth": 4, "opacity": 0.9}
            for ground in (True, False):
                mark = Layer(own).mark_text(
                    tooltip=None,
                    aria=not ground,
                    align="right" if late else "left",
                    baseline="middle",
                    dy=13 if high else -12,
                    fontSize=SMALL_SIZE,
                    **(grounded if ground else {}),
                )
                colour = (
                    alt.ColorValue(PALETTES[mode].paper) if ground else alt.Color("meaning:N", scale=hue, legend=None)
                )
                x, y = alt.X("ended:Q", scale=x_scale), alt.Y("value:Q", scale=y_scale, axis=None)
                layers.append(mark.encode(x=x, y=y, text=alt.Text("label:N"), color=colour))
    return layers


def spread(values: list[float], apart: float, low: float, high: float) -> list[float]:
    """Where labels stand, highest first, so that no two are nearer than `apart` and all stay between the ends.

    Each as near to its value as that allows: neighbours that meet move apart around their middle.
    """
    groups: list[tuple[float, int]] = []
    for value in values:
        middle, count = value, 1
        while groups and groups[-1][0] - middle < apart * (groups[-1][1] + count) / 2:
            above, members = groups.pop()
            middle, count = (above * members + middle * count) / (members + count), members + count
        groups.append((middle, count))
    places: list[float] = []
    for middle, count in groups:
        top = middle + apart * (count - 1) / 2
        places += [top - apart * number for number in range(count)]
    if places and places[-1] < low:
        places = _pushed(places[::-1], low, apart)[::-1]
    if places and places[0] > high:
        places = [-place for place in _pushed([-place for place in places], -high, apart)]
    return places


def _pushed(places: list[float], low: float, apart: float) -> list[float]:
    """Lowest first: none under `low`, none nearer than `apart`."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, low if not moved else moved[-1] + apart))
    return moved


def fitted(label: str, width: float) -> str:
    """A label cut in its name, never in its number, where it is too wide."""
    if bold_width(label, SMALL_SIZE + 1) <= width + 1:
        return label
    name, _, number = label.rpartition(" ")
    while name and bold_width(f"{name}… {number}", SMALL_SIZE + 1) > width:
        name = name[:-1]
    return f"{name.rstrip()}… {number}"
