"""Names beside the dots of a trend, placed where they meet nothing else."""

import itertools
import re
from datetime import date
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import GUTTER, Layout
from tracker.charts.texts import text_width

NAME_SIZE = 11
LONGEST_NAME = 40

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
    """Names beside the dots of the frontier, the newest first, wherever they meet no mark and no other name."""
    wide = layout.width - layout.left - layout.value_width - 2 * GUTTER
    days = (reach.last - reach.first).days or 1

    def pixel(day: date, value: float) -> tuple[float, float]:
        across = (day - reach.first).days / days * wide
        return across, (reach.high - value) / (reach.high - reach.low) * layout.units

    taken = [_box(*pixel(*row), 6) for row in dots.select("on", "value").iter_rows()]
    if layout.narrow:
        # The axis' numbers stand inside the plot.
        taken += [(0.0, top - 16, layout.label_width, top) for top in (pixel(reach.first, at)[1] for at in reach.ticks)]
    for on, low, high in dots.filter("frontier").select("on", "low", "high").drop_nulls().iter_rows():
        (across, top), (_, bottom) = pixel(on, high), pixel(on, low)
        taken.append((across - 1.5, top, across + 1.5, bottom))
    for line in lines:
        for own in line.partition_by("meaning"):
            taken += _along(
                [pixel(*row) for row in own.select("on", "value").iter_rows()], stepped="low" not in own.columns
            )
    best = dots.filter("frontier").sort("on", "value", descending=True)
    undated = [_undated(name) for name in best["name"].to_list()]
    placed: list[dict[str, Any]] = []
    for row in best.iter_rows(named=True):
        left, top = pixel(row["on"], row["value"])
        # Above or below another dot of its kind, a name would be taken for that one's.
        rivals = best.filter(pl.col("meaning") == row["meaning"], pl.col("on") != row["on"]).select("on", "value")
        beside = [_box(*pixel(*rival), 22) for rival in rivals.iter_rows()]
        alone = undated.count(_undated(row["name"])) == 1
        for name, (dx, dy) in itertools.product(_names(row["name"], alone), _PLACES[row["meaning"]]):
            length = text_width(name, NAME_SIZE)
            start = left + dx - (length if dx < 0 else 0)
            box = (start, top + dy - 6, start + length, top + dy + 6)
            inside = box[0] >= 0 and box[2] <= wide and box[1] >= 0 and box[3] <= layout.units
            again = any((name, row["meaning"]) == (other["name"], other["meaning"]) for other in placed)
            if inside and not again and not any(_meets(box, other) for other in taken + beside):
                taken.append(box)
                placed.append(
                    {"name": name, "dx": dx, "dy": dy} | {key: row[key] for key in ("at", "value", "meaning")}
                )
                break
    layers = []
    for dx, dy in sorted({(row["dx"], row["dy"]) for row in placed}):
        frame = pl.DataFrame([row for row in placed if (row["dx"], row["dy"]) == (dx, dy)]).drop("dx", "dy")
        mark = Layer(frame).mark_text(
            tooltip=None,
            align="right" if dx < 0 else "left",
            baseline="middle",
            dx=dx,
            dy=dy,
            fontSize=NAME_SIZE,
        )
        layers.append(
            mark.encode(x=x, y=alt.Y("value:Q", scale=scale, axis=None), text=alt.Text("name:N"), color=colour)
        )
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


def _undated(name: str) -> str:
    """The name without the date of its version, which its place shows."""
    return re.sub(r" \(\d{4}-\d{2}-\d{2}\)", "", name)


def _names(name: str, alone: bool) -> list[str]:
    """What a model may be called where room is short, the fullest first: it loses its mode and effort, part by part.

    With the date of its version where it is not `alone`: where another model would have the same name without.
    """
    parts = (_undated(name) if alone else name).split(", ")
    found = [", ".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return [one for one in found if len(one) <= LONGEST_NAME] or [f"{found[-1][:LONGEST_NAME].rsplit(' ', 1)[0]}…"]
