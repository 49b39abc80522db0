"""Rows under headings, the frame that the charts of this program share: labels, one plot, one column of values.

A row has a label, perhaps a detail, and a value in words; rows stand in panels, each under its heading. Wide, labels
stand left of the plot and values right of it; narrow (a phone), both stand on a line of their own above the mark, so
that the plot keeps the whole width. Positions are numbers, so a fixed height only moves rows closer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.texts import LABEL_SIZE, SMALL_SIZE, cut, even, text_width, wrapped
from tracker.charts.theme import PALETTES, SEMIBOLD, Mode, config

NARROW = 560
STEP_WIDE = 30
STEP_NARROW = 46
LINE = 17
HEADING = 30
APART = 16
GUTTER = 14
MARGIN = 18


@dataclass(frozen=True)
class Words:
    """What an exported picture says around its marks; on a page the same words stand in the page itself."""

    title: str
    subtitle: str
    source: str


@dataclass(frozen=True)
class Layout:
    """Where everything goes. `frame` is the rows with `y` (mark), `y_text` (label), `y_second` (detail, value) added.

    `stacked`: narrow, and label and value do not fit one line, so detail and value stand on a second one.
    `beside`: how many pixels texts reach out of the plot, to the left and to the right; null: as in rows.
    """

    frame: pl.DataFrame
    panels: pl.DataFrame
    units: float
    step: float
    width: int
    stacked: bool
    label_width: float
    detail_width: float
    value_width: float
    beside: tuple[float, float] | None = None

    @property
    def narrow(self) -> bool:
        return self.width < NARROW

    @property
    def left(self) -> float:
        """Pixels left of the plot that labels and details take."""
        return 0 if self.narrow else self.label_width + self.detail_width + GUTTER

    @property
    def plot_width(self) -> float:
        """Pixels that the marks can take, estimated."""
        return self.width - self.left - (0 if self.narrow else self.value_width + GUTTER)


def lay_out(frame: pl.DataFrame, *, width: int, detail_share: float = 0.22) -> Layout:
    """Give rows their places, in the order given; `frame` has label, detail, text and panel (its heading).

    `detail_share`: how much of the width details may take, at most.
    """
    narrow = width < NARROW
    longest = {
        column: max((text_width(value) for value in frame[column].to_list()), default=0.0)
        for column in ("label", "detail", "text")
    }
    crowded = longest["label"] + longest["text"] + GUTTER > width - MARGIN
    stacked = narrow and (crowded or longest["detail"] > 0)
    step = STEP_NARROW + (LINE if stacked else 0) if narrow else STEP_WIDE
    position, placed, panels = 0.0, [], []
    for number, rows in enumerate(frame.partition_by("panel", maintain_order=True)):
        heading = rows["panel"][0]
        position += APART / step if number else 0.0
        top = position + (HEADING / step if heading else 0.0)
        panels.append({"panel": heading, "y": (position + top) / 2, "top": top, "bottom": top + rows.height})
        placed.append(rows.with_columns(y=top + 0.5 + pl.int_range(rows.height)))
        position = top + rows.height
    # Narrow, a row is its line or two of text, then its mark.
    mark, text, second = (0.5 - 13 / step, 13 / step - 0.5, (13 + LINE) / step - 0.5) if narrow else (0.0, 0.0, 0.0)
    placed_rows = pl.concat(placed) if placed else frame.with_columns(y=pl.lit(0.0))
    places = {"panel": pl.String, "y": pl.Float64, "top": pl.Float64, "bottom": pl.Float64}
    return Layout(
        frame=placed_rows.with_columns(
            y=pl.col("y") + mark,
            y_text=pl.col("y") + text,
            y_second=pl.col("y") + (second if stacked else text),
        ),
        panels=pl.DataFrame(panels, schema=places),
        units=position,
        step=step,
        width=width,
        stacked=stacked,
        label_width=min(longest["label"], width * (0.3 if longest["detail"] else 0.36)),
        detail_width=min(longest["detail"] + GUTTER, width * detail_share) if longest["detail"] else 0.0,
        value_width=longest["text"],
    )


def y(layout: Layout, field: str = "y") -> alt.Y:
    """Rows run downwards and have no axis of their own."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[layout.units, 0], nice=False, zero=False), axis=None)


def written(layout: Layout, mode: Mode, value_colour: Any) -> list[alt.Chart]:
    """The texts of the rows: headings, labels, details, values."""
    colours = PALETTES[mode]
    base, edge = Layer(layout.frame), layout.left
    detail_place, value_place = layout.label_width + GUTTER - edge, f"width + {GUTTER}"
    room: float | alt.ExprRef = layout.label_width
    detail_room: float | alt.ExprRef = layout.detail_width
    if layout.narrow:
        beside = alt.ExprRef(f"width - {layout.value_width + GUTTER:.0f}")
        room = alt.ExprRef("width") if layout.stacked else beside
        detail_room = beside
        detail_place, value_place = 0.0, "width"
    label = _limited(layout, "label", room, LABEL_SIZE)
    texts = [label.encode(x=alt.XValue(-edge), y=y(layout, "y_text"), text=alt.Text("label:N"))]
    if layout.detail_width:
        detail = _limited(layout, "detail", detail_room, SMALL_SIZE, color=colours.muted)
        texts.append(detail.encode(x=alt.XValue(detail_place), y=y(layout, "y_second"), text=alt.Text("detail:N")))
    value = base.mark_text(
        tooltip=None, align="right" if layout.narrow else "left", baseline="middle", fontSize=LABEL_SIZE
    )
    texts.append(
        value.encode(
            x=alt.XValue(alt.ExprRef(value_place)), y=y(layout, "y_second"), text=alt.Text("text:N"), color=value_colour
        )
    )
    headed = layout.panels.filter(pl.col("panel") != "")
    if headed.height:
        heading = Layer(headed).mark_text(
            tooltip=None, align="left", baseline="middle", fontSize=LABEL_SIZE, fontWeight=SEMIBOLD
        )
        texts.append(heading.encode(x=alt.XValue(-edge), y=y(layout), text=alt.Text("panel:N")))
    return texts


def _limited(layout: Layout, column: str, room: float | alt.ExprRef, size: float, **look: Any) -> alt.Chart:
    """The texts of a column, none wider than its room. Where that is known they are cut here: for Vega to look for the
    place takes as long as to draw them."""
    frame, limit = layout.frame, dict[str, Any]()
    if isinstance(room, alt.ExprRef):
        limit["limit"] = room
    else:
        texts = [cut(text, room, size) for text in frame[column].to_list()]
        frame = frame.with_columns(pl.Series(column, texts, dtype=pl.String))
    mark: alt.Chart = Layer(frame).mark_text(
        tooltip=None, align="left", baseline="middle", fontSize=size, **look, **limit
    )
    return mark


def upright(layout: Layout, at: Sequence[float], x: alt.X, *, colour: str, width: float) -> alt.Chart:
    """Vertical lines at some values (field `at`), one piece a panel so that panels read as apart.

    Narrow, the lines keep to the rows' marks and leave the lines of text free.
    """
    if layout.narrow:
        pieces = layout.frame.select(top=pl.col("y") - 10 / layout.step, bottom=pl.col("y") + 10 / layout.step)
    else:
        pieces = layout.panels.select("top", "bottom")
    lines = pieces.join(pl.DataFrame({"at": list(at)}, schema={"at": pl.Float64}), how="cross")
    mark = Layer(lines).mark_rule(tooltip=None, aria=False, color=colour, strokeWidth=width)
    piece: alt.Chart = mark.encode(x=x, y=y(layout, "top"), y2=alt.Y2("bottom:Q"))
    return piece


def assembled(
    layers: list[alt.Chart], layout: Layout, *, words: Words | None, mode: Mode, height: int | None, description: str
) -> alt.LayerChart:
    """The layers as one picture of exactly the layout's width; with `words` it carries title, reading and source."""
    properties: dict[str, Any] = {
        "width": layout.width,
        "height": round(layout.units * layout.step),
        "description": description,
        "autosize": alt.AutoSizeParams(type="fit-x", contains="padding"),
    }
    look = config(mode)
    if not layout.narrow:
        layers = [*layers, _strut(*(layout.beside or (layout.left, layout.value_width + GUTTER)))]
    if words is not None:
        layers = [*layers, _source(words.source, layout, mode)]
        look["padding"] = MARGIN
        properties["title"] = _title(words, layout)
        if height is not None:
            properties["height"] = height
            properties["autosize"] = alt.AutoSizeParams(type="fit", contains="padding")
    chart = cast("alt.LayerChart", alt.layer(*layers, **properties))
    chart.config = alt.Config(**look)
    return chart


def _strut(left: float, right: float) -> alt.Chart:
    """An unseen line as long as plot and texts together, so that the plot gets its room whatever font Vega measures
    the texts with: an export measures with one that is quicker, see `tracker.charts.export`."""
    line = Layer(pl.DataFrame({"at": [0]})).mark_rule(tooltip=None, aria=False, strokeWidth=0)
    strut: alt.Chart = line.encode(
        x=alt.XValue(-left), x2=alt.X2Value(alt.ExprRef(f"width + {right:g}")), y=alt.YValue(0)
    )
    return strut


def _title(words: Words, layout: Layout) -> alt.TitleParams:
    size, line_height = (16, 21) if layout.narrow else (18, 24)
    inner = layout.width - 2 * MARGIN
    return alt.TitleParams(
        text=even(words.title, inner, size, "600"),
        subtitle=wrapped(words.subtitle, inner, 13),
        fontSize=size,
        lineHeight=line_height,
        subtitlePadding=8,
        frame="group" if layout.narrow else "bounds",
        offset=14,
    )


def _source(text: str, layout: Layout, mode: Mode) -> alt.Chart:
    """The last line, under the axis and its title."""
    lines = "\n".join(wrapped(text, layout.width - 2 * MARGIN, 11))
    mark = Layer(pl.DataFrame({"source": [lines]})).mark_text(
        tooltip=None,
        align="left",
        baseline="top",
        fontSize=11,
        lineHeight=15,
        lineBreak="\n",
        color=PALETTES[mode].muted,
    )
    line: alt.Chart = mark.encode(
        x=alt.XValue(-layout.left), y=alt.YValue(alt.ExprRef("height + 58")), text=alt.Text("source:N")
    )
    return line
