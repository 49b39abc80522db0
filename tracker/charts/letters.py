"""Letters of the charts' font: how wide a line is, and its outlines, so that a picture needs no font any more.

vl-convert opens the font's file four times for every letter that it measures or paints, which is most of the time a
chart takes. HarfBuzz, by which it sets letters as well, reads the file once; the pixels are the same.
"""

import functools
import html
import re
from typing import Any, Literal, NamedTuple

import uharfbuzz

from tracker.charts.theme import FONTS

Weight = Literal["normal", "600"]

_FILES: dict[Weight, str] = {"normal": "IBMPlexSans-Regular.ttf", "600": "IBMPlexSans-SemiBold.ttf"}
_TEXT = re.compile(r"<text ([^>]*?)(?:/>|>(.*?)</text>)", re.DOTALL)
_LINE = re.compile(r'<tspan(?: x="0" dy="([-\d.]+)")?(?:/>|>([^<]*)</tspan>)')
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_NEEDED = {"text-anchor", "transform", "font-size", "fill"}
_KNOWN = _NEEDED | {"font-family", "font-weight", "opacity"}
# What is written for screen readers has no part in pixels.
_SPOKEN = {"aria-label", "role", "aria-roledescription"}
_MISSING = 0


class _Letter(NamedTuple):
    """A glyph by its number in the font, how far off its place it stands, and how far on the next one does."""

    glyph: int
    x: int
    y: int
    advance: int


class Line(NamedTuple):
    """A line as it is set: its outlines as the data of an SVG path, and its width, both in units of the font."""

    path: str
    width: int


@functools.lru_cache(4096)
def line_width(text: str, weight: Weight = "normal") -> float | None:
    """How wide a line of text is in the charts' font, in ems; null where the font lacks a letter of it."""
    letters = _shaped(text, weight)
    return None if letters is None else sum(letter.advance for letter in letters) / _units(weight)


def outlined(svg: str) -> str:
    """A drawing of Vega whose texts are outlines; a text with a letter that the font lacks, or a look that is not known
    here, stays as it is."""
    return _TEXT.sub(_outlines, svg)


def _outlines(found: re.Match[str]) -> str:
    look, body = dict(_ATTRIBUTE.findall(found[1])), found[2]
    if not body:
        return ""
    weight = look.get("font-weight", "normal")
    if weight not in _FILES or not _NEEDED <= set(look) <= _KNOWN | _SPOKEN:
        return found[0]
    size = float(look["font-size"].removesuffix("px")) / _units(weight)
    shade = f' fill-opacity="{look["opacity"]}"' if look.get("opacity", "1") != "1" else ""
    parts, down = [], 0.0
    for step, text in _LINE.findall(body) or [("", body)]:
        # A step down is one of letters: a line without any takes no room.
        if not text:
            continue
        line, down = _set(html.unescape(text), weight), down + float(step or 0)
        if line is None:
            return found[0]
        left = {"start": 0.0, "middle": -size * line.width / 2, "end": -size * line.width}[look["text-anchor"]]
        place = f"{look['transform']} translate({left:g},{down:g}) scale({size:g},{-size:g})"
        if line.path:
            parts.append(f'<path transform="{place}" fill="{look["fill"]}"{shade} d="{line.path}"/>')
    return "".join(parts)


def _set(text: str, weight: Weight) -> Line | None:
    """A line of text as outlines; null where the font lacks a letter of it."""
    letters = _shaped(text, weight)
    if letters is None:
        return None
    path, at = [], 0
    for letter in letters:
        outline = _outline(letter.glyph, weight)
        if outline:
            path.append(f"M{at + letter.x} {letter.y}{outline}")
        at += letter.advance
    return Line("".join(path), at)


def _shaped(text: str, weight: Weight) -> list[_Letter] | None:
    """A line of text set as SVG has it, where blanks in a row are one and none begins or ends the line."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(re.sub(r"[ \t\r\n]+", " ", text).strip(" "))
    buffer.guess_segment_properties()
    # Not the language of the machine: the same chart gives the same bytes everywhere.
    buffer.language = "en"
    uharfbuzz.shape(_font(weight), buffer)
    letters = [
        _Letter(letter.codepoint, place.x_offset, place.y_offset, place.x_advance)
        for letter, place in zip(buffer.glyph_infos, buffer.glyph_positions or [], strict=True)
    ]
    return None if any(letter.glyph == _MISSING for letter in letters) else letters


@functools.cache
def _outline(glyph: int, weight: Weight) -> str:
    """A letter as the data of an SVG path that begins wherever the one before it ended."""
    path: list[str] = []
    # A closed contour goes back to where it began, which is what the next one is counted from.
    begun, pen = [0.0, 0.0], [0.0, 0.0]

    def drawn(command: str, *places: float) -> None:
        origin = begun if command == "m" else pen
        path.append(command + " ".join(f"{place - origin[index % 2]:g}" for index, place in enumerate(places)))
        pen[:] = places[-2:]
        if command == "m":
            begun[:] = pen

    draw = uharfbuzz.DrawFuncs()
    draw.set_move_to_func(lambda x, y, _: drawn("m", x, y))
    draw.set_line_to_func(lambda x, y, _: drawn("l", x, y))
    draw.set_quadratic_to_func(lambda *places: drawn("q", *places[:-1]))
    draw.set_cubic_to_func(lambda *places: drawn("c", *places[:-1]))
    draw.set_close_path_func(lambda _: path.append("z"))
    _font(weight).draw_glyph(glyph, draw, None)
    return "".join(path)


def _units(weight: Weight) -> int:
    """Into how many parts the font divides an em."""
    units: int = _font(weight).face.upem
    return units


@functools.cache
def _font(weight: Weight) -> Any:
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(FONTS / _FILES[weight]))))
