"""A chart as a file: the same bytes every time, letters that are drawn, words for those who cannot see it."""

import csv
import io
import json
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from datetime import date

import altair as alt
import polars as pl
import pytest
from chart_frames import forest_rows, gaps
from PIL import Image, ImageChops

from tracker.charts import export as exporting
from tracker.charts.export import ENDING, MIME, export, markdown, table
from tracker.charts.lighter import lighter
from tracker.charts.pdf import in_order
from tracker.charts.rows import Words
from tracker.charts.scores import forest

WORDS = Words("Reasoning is ahead − mostly", "Dot: gap; line: 95 % interval.", "Source: a test, 23 Nov 2026")
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = ("png", "png2x", "svg", "pdf", "html", "vega-lite")


def _chart(**options: object) -> alt.LayerChart:
    given = {"width": 1200, "height": 675, "words": WORDS, "description": "Six gaps in words <&>"} | options
    return forest(forest_rows(), axis="points", **given)


def _chunks(png: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        found.setdefault(kind.decode(), []).append(body)
        at += 12 + length
    return found


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_chart_gives_the_same_bytes(kind: exporting.Format) -> None:
    assert export(_chart(), kind, title="T") == export(_chart(), kind, title="T")


def test_a_drawing_does_not_depend_on_those_before_it() -> None:
    """Vega counts what it clips on from chart to chart."""
    line = alt.Chart(pl.DataFrame({"x": [1.0, 2.0], "y": [1.0, 9.0]})).mark_line(clip=True).encode(x="x:Q", y="y:Q")
    chart = line.properties(width=90, height=90).configure(background="#ffffff")
    first = export(chart, "svg")
    assert b"url(#" in first
    assert export(chart, "svg") == first
    assert exporting.inlined(chart, title="T", key="a").count('id="a-') == 3


def test_a_drawing_that_is_made_lighter_looks_the_same() -> None:
    inside = pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 9.0, 4.0]})
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 4]))
    for domain in ([0, 10], [2, 5]):
        y = alt.Y("y:Q", scale=alt.Scale(domain=domain, nice=False))
        line = alt.Chart(inside).mark_line(clip=True, opacity=0.5, strokeWidth=3).encode(x=x, y=y)
        dots = alt.Chart(inside).mark_point(opacity=0, filled=True).encode(x=x, y=y)
        chart = alt.layer(line, dots).properties(width=200, height=120).configure(background="#ffffff")
        svg = exporting._drawing(chart.to_dict())
        light = lighter(svg)
        assert light.count("<path") < svg.count("<path")
        assert ("clip-path" in light) == (domain != [0, 10])
        pictures = [exporting._converter().svg_to_png(drawing) for drawing in (svg, light)]
        one, other = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures)
        difference = ImageChops.difference(one, other)
        assert max(high for _, high in difference.getextrema()) <= 4


def test_upright_lines_within_their_room_are_not_clipped_and_those_beyond_are() -> None:
    bars = pl.DataFrame({"x": [1.0, 2.0], "low": [2.0, 3.0], "high": [4.0, 9.0]})
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 4]))
    for top, clipped in ((10, False), (6, True)):
        y = alt.Y("low:Q", scale=alt.Scale(domain=[0, top], nice=False))
        chart = alt.Chart(bars).mark_rule(clip=True).encode(x=x, y=y, y2=alt.Y2("high:Q"))
        svg = exporting._drawing(chart.properties(width=200, height=120).to_dict())
        assert "clip-path" in svg
        assert ("clip-path" in lighter(svg)) == clipped


def test_a_file_that_is_no_pdf_is_refused() -> None:
    with pytest.raises(ValueError, match="root"):
        in_order(b"%PDF-1.7\n%\x80\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n")


def test_a_pdf_carries_its_fonts() -> None:
    document = export(_chart(), "pdf")
    assert document.startswith(b"%PDF-")
    assert b"+IBMPlexSans" in document
    assert b"/ToUnicode" in document


def test_a_markdown_snippet_carries_all_that_a_post_needs() -> None:
    words = Words("Math *rises* [here](x)", "Dot: gap; line: 95 % interval.", "Source: a_b, 23 Nov 2026")
    text = markdown(
        words,
        picture="evidence.png",
        alternative="In words",
        terms="LMArena: figures with citation",
        address="http://127.0.0.1:8501/?domain=Math",
        on=date(2026, 11, 23),
    )
    assert text.startswith("![In words](evidence.png)\n\n**Math \\*rises\\* \\[here\\](x).** Dot: gap")
    assert "Source: a\\_b, 23 Nov 2026" in text
    assert "Terms of the sources: LMArena: figures with citation." in text
    assert "Made on 2026-11-23: <http://127.0.0.1:8501/?domain=Math>" in text


def test_every_format_has_a_type_and_an_ending() -> None:
    assert set(MIME) == set(ENDING) == {*PICTURES, "csv"}


@pytest.mark.parametrize(("kind", "size"), [("png", (1200, 675)), ("png2x", (2400, 1350))])
def test_a_card_has_exactly_its_size(kind: exporting.Format, size: tuple[int, int]) -> None:
    header = _chunks(export(_chart(), kind))["IHDR"][0]
    assert struct.unpack(">II", header[:8]) == size


def test_a_png_says_in_words_what_it_shows() -> None:
    texts = {}
    for body in _chunks(export(_chart(), "png", title="A finding −"))["iTXt"]:
        keyword, text = body.split(b"\0\0\0\0\0", 1)
        texts[keyword.decode()] = text.decode()
    assert texts == {"Title": "A finding −", "Description": "Six gaps in words <&>"}


def test_an_svg_has_title_description_and_its_own_fonts() -> None:
    drawing = ElementTree.fromstring(export(_chart(), "svg", title="A <finding>"))
    assert drawing.find(f"{SVG}title").text == "A <finding>"
    assert drawing.find(f"{SVG}desc").text == "Six gaps in words <&>"
    assert drawing.attrib["role"] == "img"
    style = drawing.find(f"{SVG}style").text
    assert style.count("@font-face") == 2
    assert "http" not in style
    written = {text.text for text in drawing.iter(f"{SVG}text")}
    assert {"+85 [81, 89]", "Source: a test, 23 Nov 2026"} <= written


def test_letters_are_drawn_in_the_font_that_is_shipped() -> None:
    """Text in a font that does not resolve vanishes from a PNG without a word."""
    drawn = export(_chart(), "png")
    spec = _chart().to_dict()
    spec["config"]["font"] = "No Such Font"
    without = exporting._converter().vegalite_to_png(spec, scale=1)
    assert len(drawn) > 1.3 * len(without)


@pytest.mark.parametrize("name", ["IBMPlexSans-Regular", "IBMPlexSans-SemiBold"])
def test_the_shipped_fonts_hold_every_sign_that_charts_write(name: str) -> None:
    data = (exporting.FONTS / f"{name}.ttf").read_bytes()
    for sign in "−–·±%×…“”’[]0123456789Åéßłő\u00a0\u202f":
        assert _glyph(data, ord(sign)) != 0, sign


def test_every_font_comes_with_its_licence() -> None:
    licences = {path.name: path.read_text() for path in exporting.FONTS.glob("*OFL.txt")}
    assert len(licences) == 2
    assert all("SIL OPEN FONT LICENSE" in text.upper() for text in licences.values())
    assert sum(path.stat().st_size for path in exporting.FONTS.iterdir()) < 2_500_000


def test_a_page_works_without_the_network() -> None:
    page = export(_chart(), "html", title="A <finding>").decode()
    assert "<title>A &lt;finding&gt;</title>" in page
    assert 'src="http' not in page
    assert "<link" not in page


def test_vega_lite_is_the_chart_itself() -> None:
    assert json.loads(export(_chart(), "vega-lite"))["description"] == "Six gaps in words <&>"


def test_a_table_keeps_lists_as_words_and_unknown_empty() -> None:
    lines = table(gaps().select("benchmark_id", "stderr", "flags", "finished_at")).decode().splitlines()
    assert lines[0] == "benchmark_id,stderr,flags,finished_at"
    assert lines[5].startswith("b4,,no-stderr,2026-11-23T02:30")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_a_table_holds_no_formula(start: str) -> None:
    frame = pl.DataFrame({"title": [start, "plain = 1"], "flags": [[start], ["a", start]], "value": [-1.5, 2.0]})
    rows = list(csv.reader(io.StringIO(table(frame).decode(), newline="")))
    assert rows[1] == [f"'{start}", f"'{start}", "-1.5"]
    assert rows[2] == ["plain = 1", f"a {start}", "2.0"]


def test_a_table_is_not_asked_of_a_chart() -> None:
    with pytest.raises(ValueError, match="table"):
        export(_chart(), "csv")


def test_foreign_text_stays_text() -> None:
    hostile = '<script>alert(1)</script> & "quotes"'
    frame = forest_rows(benchmark_name=hostile)
    chart = forest(frame, axis="points", words=Words(hostile, hostile, hostile), description=hostile)
    drawing = export(chart, "svg", title=hostile).decode()
    assert "<script" not in drawing
    assert ElementTree.fromstring(drawing).find(f"{SVG}title").text == hostile
    assert b"<script>alert" not in export(chart, "html", title=hostile)


def _glyph(font: bytes, code: int) -> int:
    """The glyph of a character in a TrueType file, 0 when it has none: the cmap table's format 4."""
    directory = range(12, 12 + 16 * int(struct.unpack(">H", font[4:6])[0]), 16)
    tables = {font[at : at + 4]: struct.unpack(">II", font[at + 8 : at + 16]) for at in directory}
    start = tables[b"cmap"][0]
    (count,) = struct.unpack(">H", font[start + 2 : start + 4])
    for index in range(count):
        (offset,) = struct.unpack(">I", font[start + 8 + 8 * index : start + 12 + 8 * index])
        at = start + offset
        if struct.unpack(">H", font[at : at + 2])[0] != 4:
            continue
        segments = struct.unpack(">H", font[at + 6 : at + 8])[0] // 2
        ends, starts, deltas, ranges = (
            struct.unpack(f">{segments}H", font[place : place + 2 * segments])
            for place in (at + 14, *(at + 16 + 2 * part * segments for part in (1, 2, 3)))
        )
        for segment, (first, last) in enumerate(zip(starts, ends, strict=True)):
            if first <= code <= last:
                if not ranges[segment]:
                    return (code + deltas[segment]) % 65536
                place = at + 16 + 6 * segments + 2 * segment + ranges[segment] + 2 * (code - first)
                return int(struct.unpack(">H", font[place : place + 2])[0])
    return 0


def test_an_empty_table_keeps_its_header() -> None:
    assert table(pl.DataFrame(schema={"a": pl.Int64})).decode().strip() == "a"
