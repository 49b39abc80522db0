"""A chart with everything that is said around it, at the sizes in which it leaves the program."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import altair as alt

from tracker.charts.export import Format, export
from tracker.charts.rows import Words
from tracker.charts.theme import Mode

Size = Literal["social", "post", "slide"]


class Draw(Protocol):
    """Draws the chart at a size; narrow charts may leave things out."""

    def __call__(self, *, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart: ...


class Room(NamedTuple):
    """A picture's width and height as it is laid out (null: the chart decides), how many rows that height holds, and
    how many pixels each of its units is."""

    width: int
    height: int | None
    rows: int | None
    scale: float = 1.0


# A slide is 1600 × 900: laid out for less and enlarged, so that its letters are read from the back of a room.
SIZES: dict[Size, Room] = {
    "social": Room(1200, 675, 16),
    "post": Room(1280, None, None, 2.0),
    "slide": Room(1280, 720, 18, 1.25),
}


@dataclass(frozen=True)
class Figure:
    """A chart as it is shown: drawn at any size, with its words.

    `name`: of its files. `alternative`: the picture in words. `rows`: how many it has below each other; one for a
    chart whose height does not depend on them. `terms`: on which its figures may be used; empty: not said.
    """

    name: str
    draw: Draw
    words: Words
    alternative: str
    rows: int = 1
    terms: str = ""


def drawn(figure: Figure, size: Size = "social", mode: Mode = "light") -> alt.LayerChart:
    """The figure laid out anew for a size; one with more rows than that holds is as high as its rows need."""
    room = SIZES[size]
    fits = room.rows is None or figure.rows <= room.rows
    return figure.draw(width=room.width, height=room.height if fits else None, mode=mode, words=figure.words)


def bare(figure: Figure, width: int, mode: Mode = "light") -> alt.LayerChart:
    """The figure without its words, for a page or document that says them; with air for letters below the line."""
    chart = figure.draw(width=width, height=None, mode=mode, words=None)
    chart.config.padding = {"left": 0, "top": 2, "right": 0, "bottom": 5}
    return chart


def exported(figure: Figure, kind: Format, *, size: Size = "social", mode: Mode = "light") -> bytes:
    """The figure as a file: the same figure, size and mode give the same bytes."""
    return export(drawn(figure, size, mode), kind, title=figure.words.title, scale=SIZES[size].scale)
