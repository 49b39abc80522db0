"""A chart as a file, without the network: the same chart and words give the same bytes.

Save for PDF: vl-convert numbers the objects in it anew every time.
"""

import base64
import functools
import json
import re
import struct
import zlib
from datetime import date
from typing import Any, Literal
from xml.sax.saxutils import escape

import altair as alt
import polars as pl

from tracker.charts.rows import Words
from tracker.charts.theme import FONTS

Format = Literal["png", "png2x", "svg", "pdf", "html", "vega-lite", "csv"]
MIME: dict[Format, str] = {
    "png": "image/png",
    "png2x": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "vega-lite": "application/json",
    "csv": "text/csv",
}
ENDING: dict[Format, str] = {
    "png": ".png",
    "png2x": "@2x.png",
    "svg": ".svg",
    "pdf": ".pdf",
    "html": ".html",
    "vega-lite": ".vl.json",
    "csv": ".csv",
}
# Stands for "<" while the page is put together; a private-use character that no text has.
_LESS_THAN = "\ue000"
_FACES = (("400", "IBMPlexSans-Regular.woff2"), ("600", "IBMPlexSans-SemiBold.woff2"))


def export(chart: alt.TopLevelMixin, kind: Format, *, title: str = "") -> bytes:
    """The chart as a file. `title` names it for screen readers; its description becomes the alternative text.

    Raises ValueError for "csv": a table is exported from its frame, see `table`.
    """
    spec = chart.to_dict()
    if kind == "vega-lite":
        return chart.to_json(indent=2).encode()
    if kind == "csv":
        raise ValueError("a chart has no rows of its own: export its frame with table()")
    description = str(spec.get("description", ""))
    convert = _converter()
    if kind in ("png", "png2x"):
        picture: bytes = convert.vegalite_to_png(spec, scale=2 if kind == "png2x" else 1)
        return with_text(picture, {"Title": title, "Description": description})
    if kind == "pdf":
        document: bytes = convert.vegalite_to_pdf(spec)
        return document
    if kind == "svg":
        return accessible(convert.vegalite_to_svg(spec), title, description).encode()
    return _page(convert, spec, title).encode()


def _page(convert: Any, spec: dict[str, Any], title: str) -> str:
    """The chart as a page that needs no network. A "<" in its words must not end the script they stand in."""
    quiet = spec | {"usermeta": {"embedOptions": {"actions": False}}}
    marked = json.loads(json.dumps(quiet).replace("<", _LESS_THAN))
    page = convert.vegalite_to_html(marked, bundle=True).replace(_LESS_THAN, "\\u003c")
    style = f"{_font_faces()} body {{ background: {spec['config']['background']} }}"
    head = f"<head><title>{escape(title)}</title><style>{style}</style>"
    return str(page).replace("<head>", head, 1)


def table(frame: pl.DataFrame) -> bytes:
    """A frame as CSV; lists become words separated by blanks, times stay ISO 8601 in UTC."""
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    return frame.with_columns(pl.col(name).list.join(" ") for name in lists).write_csv().encode()


def markdown(words: Words, *, picture: str, alternative: str, terms: str, address: str, on: date) -> str:
    """A snippet to post: the picture, its caption, source, terms, the day it was made, and the page it is from.

    `picture` is the file name; `address` the page with the choices that were made.
    """
    said = [f"**{_plain(words.title)}.** {_plain(words.subtitle)}", _plain(words.source)]
    if terms:
        said.append(f"Terms of the sources: {_plain(terms)}.")
    said.append(f"Made on {on.isoformat()}: <{address}>")
    caption = "  \n".join(said)
    return f"![{_plain(alternative or words.title)}]({picture})\n\n{caption}\n"


def _plain(text: str) -> str:
    """Text as Markdown shows it letter by letter, on one line."""
    return re.sub(r"([\\`*_\[\]<>#|$~])", r"\\\1", " ".join(text.split()))


def with_text(png: bytes, texts: dict[str, str]) -> bytes:
    """The picture with an iTXt chunk for every text that is not empty: https://www.w3.org/TR/png-3/#11iTXt."""
    chunks = b""
    for keyword, text in texts.items():
        if text:
            body = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
            chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    header_end = 8 + 25
    return png[:header_end] + chunks + png[header_end:]


def accessible(svg: str, title: str, description: str) -> str:
    """The drawing with its title and description first, and with its fonts inside so that it looks alike anywhere."""
    opening, rest = svg.split(">", 1)
    opening = f'{opening} role="img" aria-labelledby="chart-title chart-desc"'
    return (
        f'{opening}><title id="chart-title">{escape(title)}</title><desc id="chart-desc">{escape(description)}</desc>'
        f"<style>{_font_faces()}</style>{rest}"
    )


@functools.cache
def _converter() -> Any:
    """vl-convert with the fonts registered: text in a font that does not resolve vanishes without a word."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert


@functools.cache
def _font_faces() -> str:
    faces = []
    for weight, name in _FACES:
        data = base64.b64encode((FONTS / name).read_bytes()).decode()
        faces.append(
            f"@font-face{{font-family:'IBM Plex Sans';font-weight:{weight};"
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(faces)
