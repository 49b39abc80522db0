"""A chart on a page: laid out for the reader's screen, with a line of downloads under it."""

from collections.abc import Callable
from typing import Protocol

import altair as alt
import polars as pl
import streamlit as st

from tracker.charts.export import ENDING, MIME, Format, export, table
from tracker.charts.rows import Words
from tracker.charts.theme import Mode
from tracker.pages.words import quiet

CARD = (1200, 675)
POST_WIDTH = 1280
ROWS_ON_A_CARD = 14
NAMES: dict[Format, str] = {
    "png": "PNG",
    "png2x": "PNG 2×",
    "svg": "SVG",
    "pdf": "PDF",
    "html": "HTML",
    "vega-lite": "Vega-Lite",
    "csv": "CSV",
}


class Draw(Protocol):
    """Draws the chart at a size; narrow charts may leave things out."""

    def __call__(self, *, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart: ...


def mode() -> Mode:
    """Light or dark, as the reader's page is."""
    return "dark" if st.context.theme.type == "dark" else "light"


def show(draw: Draw, *, key: str) -> None:
    """The chart twice, wide and narrow; the page's style shows the one that fits, however the screen is turned."""
    for layout, width in (("wide", 900), ("narrow", 350)):
        with st.container(key=layout):
            chart = draw(width=width, height=None, mode=mode(), words=None)
            st.altair_chart(chart, width="stretch", theme=None, key=f"{key}-{layout}")


def downloads(draw: Draw, frame: pl.DataFrame, words: Words, *, rows: int, name: str) -> None:
    """One line of buttons; a file is made when it is asked for. It looks as the page does, light or dark."""
    colours = mode()

    def picture(kind: Format) -> bytes:
        if kind == "csv":
            return table(frame)
        width, height = (POST_WIDTH, None) if kind == "png2x" else CARD
        fits = height is not None and rows <= ROWS_ON_A_CARD
        chart = draw(width=width, height=height if fits else None, mode=colours, words=words)
        return export(chart, kind, title=words.title)

    def later(kind: Format) -> Callable[[], bytes]:
        return lambda: picture(kind)

    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="downloads"):
        quiet("Download", width="content")
        for kind, label in NAMES.items():
            st.download_button(
                label,
                later(kind),
                file_name=f"{name}{ENDING[kind]}",
                mime=MIME[kind],
                key=f"download-{kind}",
                on_click="ignore",
                type="tertiary",
            )
