"""Names beside the dots of a trend, placed where they meet nothing else."""

import itertools
import re
from datetime import date
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.rows import GUTTER, Layout, text_width

NAME_SIZE = 11
LONGEST_NAME = 30

Box = tuple[float, float, float, float]

# Where a name may stand from its dot, in pixels: the best of the reasoning models are above the others as a rule.
_ABOVE = ((-9, -8), (9, -8), (-9, -19), (9, -19))
_BELOW = ((9, 9), (-9, 9), (9, 20), (-9, 20))
_PLACES = {"reasoning": _ABOVE + _BELOW, "conventional": _BELOW + _ABOVE}


class Reach(NamedTuple):
    """The ends of both axes, and the values that get a grid line."""

    first: date
    last: date
    low: float
    high: float
    ticks: list[float]


def frontier_names(
    dots: pl.DataFrame,
    lines: list[pl.DataFrame],
    reach: Reach,
    layout: Layout,
    x: alt.X,
    scale: alt.Scale,
    colour: alt.Color,
) -> list[alt.Chart]:
    """Names beside the dots of the frontier, the newest first, wherever they meet no dot, no line and no other name."""
    wide = layout.width - layout.left - layout.value_width - 2 * GUTTER
    days = (reach.last - reach.first).days or 1

    def pixel(day: date, value: float) -> tuple[float, float]:
        across = (day - reach.first).days / days * wide
        return across, (reach.high - value) / (reach.high - reach.low) * layout.units

    taken = [_box(*pixel(*row), 6) for row in dots.select("on", "value").iter_rows()]
    if layout.narrow:
        # The axis' numbers stand inside the plot.
        taken += [(0.0, top - 16, layout.label_width, top) for top in (pixel(reach.first, at)[1] for at in reach.ticks)]
    for line in lines:
        for own in line.partition_by("meaning"):
            taken += _along(
                [pixel(*row) for row in own.select("on", "value").iter_rows()], stepped="low" not in own.columns
            )
    placed: list[dict[str, Any]] = []
    for row in dots.filter("frontier").sort("on", "value", descending=True).iter_rows(named=True):
        name = _short(row["name"])
        length = text_width(name, NAME_SIZE)
        left, top = pixel(row["on"], row["value"])
        for dx, dy in _PLACES[row["meaning"]]:
            start = left + dx - (length if dx < 0 else 0)
            box = (start, top + dy - 6, start + length, top + dy + 6)
            inside = box[0] >= 0 and box[2] <= wide and box[1] >= 0 and box[3] <= layout.units
            if inside and not any(_meets(box, other) for other in taken):
                taken.append(box)
                placed.append(
                    {
                        "at": row["at"],
                        "value": row["value"],
                        "name": name,
                        "dx": dx,
                        "dy": dy,
                        "meaning": row["meaning"],
                    }
                )
                break
    layers = []
    for dx, dy in sorted({(row["dx"], row["dy"]) for row in placed}):
        frame = pl.DataFrame([row for row in placed if (row["dx"], row["dy"]) == (dx, dy)]).drop("dx", "dy")
        mark = alt.Chart(frame).mark_text(
            tooltip=None,
            align="right" if dx < 0 else "left",
            baseline="middle",
            dx=dx,
            dy=dy,
            fontSize=NAME_SIZE,
        )
        layers.append(mark.encode(x=x, y=alt.Y("value:Q", scale=scale, axis=None), text="name:N", color=colour))
    return layers


def _box(left: float, top: float, room: float) -> Box:
    return left - room, top - room, left + room, top + room


def _along(points: list[tuple[float, float]], *, stepped: bool) -> list[Box]:
    """Small boxes along a line, so that no name is written across it."""
    boxes = []
    for (left, top), (right, bottom) in itertools.pairwise(points):
        corners = [(left, top), (right, top), (right, bottom)] if stepped else [(left, top), (right, bottom)]
        for (x0, y0), (x1, y1) in itertools.pairwise(corners):
            count = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / 6))
            boxes += [_box(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count, 1.5) for i in range(count + 1)]
    return boxes


def _meets(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _short(name: str) -> str:
    """The name without the date of its version, which its place shows, and not too long."""
    name = re.sub(r" \(\d{4}-\d{2}-\d{2}\)", "", name)
    if len(name) <= LONGEST_NAME:
        return name
    whole = name[:LONGEST_NAME].rsplit(" ", 1)[0]
    return re.sub(r" \([^)]*$", "", whole).rstrip(" ,") + "…"
