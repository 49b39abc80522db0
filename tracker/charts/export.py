"""A chart as a file, without the network: the same chart and words give the same bytes."""

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

from tracker.charts.letters import outlined
from tracker.charts.lighter import lighter
from tracker.charts.pdf import in_order
from tracker.charts.rows import Words
from tracker.charts.signs import all_shown, shown
from tracker.charts.theme import FONT, FONTS

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
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = r"^\s*[=+\-@\t\r]"
# vl-convert has this font in memory, and reads any other anew for each letter that it measures. Where everything goes
# does not depend on it: layouts know how wide their texts are.
_IN_MEMORY = "Liberation Sans"
_FACES = (("400", "IBMPlexSans-Regular.woff2"), ("600", "IBMPlexSans-SemiBold.woff2"))


def export(chart: alt.TopLevelMixin, kind: Format, *, title: str = "", scale: float = 1.0) -> bytes:
    """The chart as a file. `title` names it for screen readers; its description becomes the alternative text.

    `scale`: pixels to each unit of the chart. A "png2x" has twice as many, unless two are asked for already.

    Raises ValueError for "csv": a table is exported from its frame, see `table`.
    """
    spec, title = _spec(chart), shown(title)
    if kind == "vega-lite":
        return json.dumps(spec, indent=2, sort_keys=True, ensure_ascii=False).encode()
    if kind == "csv":
        raise ValueError("a chart has no rows of its own: export its frame with table()")
    description = str(spec.get("description", ""))
    convert = _converter()
    if kind in ("png", "png2x"):
        pixels = 2 * scale if kind == "png2x" and scale < 2 else scale
        picture: bytes = convert.svg_to_png(outlined(lighter(_drawing(spec))), scale=pixels)
        return with_text(picture, {"Title": title, "Description": description})
    if kind == "pdf":
        return in_order(convert.svg_to_pdf(_drawing(spec)))
    if kind == "svg":
        return accessible(_drawing(spec), title, description).encode()
    return _page(convert, spec, title).encode()


def _page(convert: Any, spec: dict[str, Any], title: str) -> str:
    """The chart as a page that needs no network. A "<" in its words must not end the script they stand in."""
    quiet = spec | {"usermeta": {"embedOptions": {"actions": False}}}
    marked = json.loads(json.dumps(quiet).replace("<", _LESS_THAN))
    page = convert.vegalite_to_html(marked, bundle=True).replace(_LESS_THAN, "\\u003c")
    style = f"{font_faces()} body {{ background: {spec['config']['background']} }}"
    head = f"<head><title>{escape(title)}</title><style>{style}</style>"
    return str(page).replace("<head>", head, 1)


def table(frame: pl.DataFrame) -> bytes:
    """A frame as CSV; lists become words separated by blanks, times stay ISO 8601 in UTC.

    Text that a spreadsheet would take for a formula gets an apostrophe before it, which makes it text there too.
    """
    lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
    texts = [*lists, *(name for name, kind in frame.schema.items() if kind == pl.String)]
    plain = frame.with_columns(pl.col(name).list.join(" ") for name in lists)
    return plain.with_columns(_no_formula(name) for name in texts).write_csv().encode()


def _no_formula(name: str) -> pl.Expr:
    text = pl.col(name)
    return pl.when(text.str.contains(_FORMULA)).then(pl.format("'{}", text)).otherwise(text).alias(name)


def markdown(words: Words, *, picture: str, alternative: str, terms: str, address: str, on: date) -> str:
    """A snippet to post: the picture, its caption, source, terms, the day it was made, and the page it is from.

    `picture` is the file name; `address` the page with the choices that were made.
    """
    said = [f"**{plain(words.title)}.** {plain(words.subtitle)}", plain(words.source)]
    if terms:
        said.append(f"Terms of the sources: {plain(terms)}.")
    said.append(f"Made on {on.isoformat()}: <{address}>")
    caption = "  \n".join(said)
    return f"![{plain(alternative or words.title)}]({picture})\n\n{caption}\n"


def plain(text: str) -> str:
    """Text as Markdown shows it letter by letter, on one line: no link, no markup, no HTML, nothing turned around."""
    return re.sub(r"([\\`*_\[\]<>#|$~&])", r"\\\1", shown(" ".join(text.split())))


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
    opening, rest = _described(svg, title, description, "chart")
    return f"{opening}<style>{font_faces()}</style>{rest}"


def inlined(chart: alt.TopLevelMixin, *, title: str, key: str) -> str:
    """The chart as a drawing that stands in a page of its own fonts, among others: `key` keeps its names apart."""
    spec = _spec(chart)
    apart = re.sub(r'\bid="', f'id="{key}-', re.sub(r"url\(#", f"url(#{key}-", _drawing(spec)))
    return "".join(_described(apart, shown(title), str(spec.get("description", "")), key))


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The chart as Vega-Lite. A sign that no drawing may hold would end the whole process, so none is left in it."""
    # Checking it against the whole schema takes longer than to draw it; the tests do that once for every chart.
    spec: dict[str, Any] = all_shown(chart.to_dict(validate=False))
    return spec


def _drawing(spec: dict[str, Any]) -> str:
    """The chart as SVG. Vega counts what it clips on from chart to chart; here every drawing begins at 0."""
    measured = spec | {"config": spec.get("config", {}) | {"font": _IN_MEMORY}}
    svg: str = _converter().vegalite_to_svg(measured).replace(f'font-family="{_IN_MEMORY}"', f'font-family="{FONT}"')
    names = dict.fromkeys(re.findall(r'\bid="(\w+?\d+)"', svg))
    for place, name in enumerate(names):
        svg = re.sub(rf'(\bid="|url\(#){name}\b', rf"\g<1>{re.sub(r'[0-9]+$', '', name)}-{place}", svg)
    return svg


def _described(svg: str, title: str, description: str, key: str) -> tuple[str, str]:
    opening, rest = svg.split(">", 1)
    named = f'{opening} role="img" aria-labelledby="{key}-title {key}-desc">'
    return (
        f'{named}<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>',
        rest,
    )


@functools.cache
def _converter() -> Any:
    """vl-convert with the fonts registered: text in a font that does not resolve vanishes without a word."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert


@functools.cache
def font_faces() -> str:
    """The charts' fonts as rules of a style sheet, with the files inside."""
    faces = []
    for weight, name in _FACES:
        data = base64.b64encode((FONTS / name).read_bytes()).decode()
        faces.append(
            f"@font-face{{font-family:'IBM Plex Sans';font-weight:{weight};"
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(faces)
