"""A chart on a page: laid out for the reader's screen, with a line of downloads under it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

import altair as alt
import polars as pl
import streamlit as st

from tracker.charts.export import ENDING, MIME, Format, markdown, table
from tracker.charts.rows import Words
from tracker.charts.theme import Mode
from tracker.figures.figure import Draw, Figure, exported
from tracker.pages.words import quiet

MARK = "mark"
NAMES: dict[Format, str] = {
    "png": "PNG",
    "png2x": "PNG 2×",
    "svg": "SVG",
    "pdf": "PDF",
    "html": "HTML",
    "vega-lite": "Vega-Lite",
    "csv": "CSV",
}
MARKDOWN = "Markdown"


class Drawn:
    """A chart as Streamlit takes one: all it asks of a chart is `to_dict`.

    Altair would check it against its whole schema, which takes as long as to make it; the tests do so for every chart.
    """

    def __init__(self, chart: alt.LayerChart) -> None:
        self.chart = chart

    def to_dict(self) -> dict[str, Any]:
        return self.chart.to_dict(validate=False)


def mode() -> Mode:
    """Light or dark, as the reader's page is."""
    return "dark" if st.context.theme.type == "dark" else "light"


def permalink() -> str:
    """The address of this page with what the reader chose."""
    chosen = urlencode(st.query_params.to_dict(), doseq=True)
    address = (st.context.url or "").rstrip("/")
    return f"{address}/?{chosen}" if chosen else f"{address}/"


def show(draw: Draw, *, key: str, chosen: Callable[[str], None] | None = None) -> None:
    """The chart twice, wide and narrow; the page's style shows the one that fits, however the screen is turned.

    With `chosen`, `draw` makes a selection called MARK by the field "key"; it is called with the key of a clicked mark.
    """
    for layout, width in (("wide", 900), ("narrow", 350)):
        with st.container(key=f"{layout}-{key}"):
            drawn = draw(width=width, height=None, mode=mode(), words=None)
            chart, name = cast("alt.LayerChart", Drawn(drawn)), f"{key}-{layout}"
            if chosen is None:
                st.altair_chart(chart, width="stretch", theme=None, key=name)
            else:
                st.altair_chart(
                    chart, width="stretch", theme=None, key=name, on_select=_clicked(name, chosen), selection_mode=MARK
                )


def _clicked(name: str, chosen: Callable[[str], None]) -> Callable[[], None]:
    def take() -> None:
        marks = st.session_state[name]["selection"].get(MARK) or []
        if marks and marks[0].get("key"):
            chosen(str(marks[0]["key"]))

    return take


def downloads(
    draw: Draw, frame: pl.DataFrame, words: Words, *, rows: int, name: str, terms: str, alternative: str = ""
) -> None:
    """One line of buttons; a file is made when it is asked for. It looks as the page does, light or dark.

    For the Markdown snippet: `terms`, on which the figures may be used, see `tracker.stats.terms`; `alternative`, the
    picture in words.
    """
    figure = Figure(name, draw, words, alternative, rows, terms)
    colours, address, today = mode(), permalink(), datetime.now(UTC).date()

    def picture(kind: Format) -> bytes:
        if kind == "csv":
            return table(frame)
        return exported(figure, kind, size="post" if kind == "png2x" else "social", mode=colours)

    def later(kind: Format) -> Callable[[], bytes]:
        return lambda: picture(kind)

    def snippet() -> bytes:
        return markdown(
            words, picture=f"{name}{ENDING['png']}", alternative=alternative, terms=terms, address=address, on=today
        ).encode()

    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"downloads-{name}"):
        quiet("Download", width="content")
        for kind, label in NAMES.items():
            _button(label, later(kind), f"{name}{ENDING[kind]}", MIME[kind], f"download-{name}-{kind}")
        _button(MARKDOWN, snippet, f"{name}.md", "text/markdown", f"download-{name}-markdown")


def offered(figure: Figure, frame: pl.DataFrame) -> None:
    """The same line for a figure, with the frame behind it."""
    downloads(
        figure.draw,
        frame,
        figure.words,
        rows=figure.rows,
        name=figure.name,
        terms=figure.terms,
        alternative=figure.alternative,
    )


def _button(label: str, data: Callable[[], bytes], file_name: str, mime: str, key: str) -> None:
    st.download_button(label, data, file_name=file_name, mime=mime, key=key, on_click="ignore", type="tertiary")
