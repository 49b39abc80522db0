"""A dossier as a PDF for paper and archives, set by ReportLab: https://docs.reportlab.com/reportlab/userguide/."""

import functools
import io
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from tracker.charts.export import export
from tracker.charts.theme import FONTS, PALETTES
from tracker.dossier.blocks import UNKNOWN, Block, Heading, Items, Link, Name, Part, Passage, Picture, Table, Text
from tracker.dossier.content import Dossier
from tracker.figures.figure import bare

REGULAR, SEMIBOLD = "IBMPlexSans-Regular", "IBMPlexSans-SemiBold"
# A4 in points, and what is left of it between the margins, less what ReportLab keeps free within them.
PAGE = (595.28, 841.89)
MARGIN = 44.0
KEPT_FREE = 6.0
INNER = PAGE[0] - 2 * (MARGIN + KEPT_FREE)
# Charts of rows may fill a page; those over time are as high as it takes to read them.
HIGHEST, HIGHEST_OVER_TIME = PAGE[1] - 2 * MARGIN - 130, 262.0
# A chart as wide as the text, drawn so that its smallest letters are read on paper.
CHART_WIDTH = 760
NO_GLYPH = "\u25a1"


def document(dossier: Dossier) -> bytes:
    """The PDF. The same dossier gives the same bytes: it says nothing of when it was made."""
    from reportlab.platypus import SimpleDocTemplate

    _register()
    written = io.BytesIO()
    paper = SimpleDocTemplate(
        written,
        pagesize=PAGE,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 6,
        title=_shown(dossier.title),
        author="",
        subject=f"Dossier, as known on {dossier.record.as_of.isoformat()}",
        invariant=1,
        lang="en",
        initialFontName=REGULAR,
    )
    footer = _shown(f"{dossier.record.question['question_id']} · as known on {dossier.record.as_of.isoformat()}")

    def numbered(canvas: Any, _: Any) -> None:
        canvas.setFont(REGULAR, 7.5)
        canvas.setFillColor(PALETTES["light"].muted)
        canvas.drawString(MARGIN + KEPT_FREE, MARGIN - 14, footer)
        canvas.drawRightString(PAGE[0] - MARGIN - KEPT_FREE, MARGIN - 14, str(canvas.getPageNumber()))

    flow = [piece for block in dossier.blocks for piece in _pieces(block)]
    paper.build(flow, onFirstPage=numbered, onLaterPages=numbered)
    return written.getvalue()


def _pieces(block: Block) -> Iterator[Any]:
    from reportlab.platypus import Paragraph

    if isinstance(block, Heading):
        yield Paragraph(escape(_shown(block.text)), _style(f"h{block.level}"))
    elif isinstance(block, Text):
        style = "lead" if block.lead else "quiet" if block.quiet else "text"
        opening, rest = block.opening
        begins = f'<font name="{SEMIBOLD}">{escape(_shown(opening))}</font>' if opening else ""
        yield Paragraph(begins + _parts(rest), _style(style))
    elif isinstance(block, Passage):
        yield Paragraph("<br/>".join(escape(_shown(line)) for line in block.text.splitlines()), _style("passage"))
    elif isinstance(block, Items):
        for row in block.rows:
            yield Paragraph(_parts(row), _style("item"), bulletText="•")
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        yield from _picture(block)


def _parts(parts: Sequence[Part | None]) -> str:
    return "".join(_part(part) for part in parts)


def _part(part: Part | None) -> str:
    """A part as ReportLab's markup; nothing of the text is markup."""
    if part is None:
        return f'<font color="{PALETTES["light"].muted}">{UNKNOWN}</font>'
    if isinstance(part, Link) and part.safe:
        address = escape(part.address, {'"': "&quot;"})
        return f'<a href="{address}"><u>{escape(_shown(part.text))}</u></a>'
    if isinstance(part, Name):
        return f'<font size="7.5">{escape(_shown(part.text))}</font>'
    return escape(_shown(part if isinstance(part, str) else part.text))


def _table(block: Table) -> Iterator[Any]:
    from reportlab.platypus import Paragraph, Spacer, TableStyle
    from reportlab.platypus import Table as Grid

    colours = PALETTES["light"]
    total = sum(column.share for column in block.columns)
    widths = [INNER * column.share / total for column in block.columns]
    styles = [_style("right" if column.right else "cell") for column in block.columns]
    heads = [
        Paragraph(f'<font color="{colours.muted}" name="{SEMIBOLD}">{escape(_shown(column.name))}</font>', style)
        for column, style in zip(block.columns, styles, strict=True)
    ]
    rows = [[Paragraph(_part(part), style) for part, style in zip(row, styles, strict=True)] for row in block.rows]
    grid = Grid([heads, *rows], colWidths=widths, repeatRows=1, hAlign="LEFT")
    grid.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, colours.grid),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    yield Spacer(0, 4)
    yield grid
    yield Paragraph(escape(_shown(block.caption)), _style("caption")) if block.caption else Spacer(0, 8)


def _picture(block: Picture) -> Iterator[Any]:
    """The chart with its words as text around it, all on one page."""
    from reportlab.platypus import Image, KeepTogether, Paragraph

    figure = block.figure
    chart = bare(figure, CHART_WIDTH)
    # Paper is white already.
    chart.config.background = "#ffffff"
    picture = Image(io.BytesIO(export(chart, "png2x")))
    picture.drawHeight = INNER * picture.imageHeight / picture.imageWidth
    picture.drawWidth, picture.hAlign = INNER, "LEFT"
    highest = HIGHEST if figure.rows > 1 else HIGHEST_OVER_TIME
    if picture.drawHeight > highest:
        picture.drawWidth *= highest / picture.drawHeight
        picture.drawHeight = highest
    below = " · ".join(filter(None, (figure.words.source, figure.terms)))
    yield KeepTogether(
        [
            Paragraph(escape(_shown(figure.words.title)), _style("figure")),
            Paragraph(escape(_shown(figure.words.subtitle)), _style("quiet")),
            picture,
            Paragraph(escape(_shown(below)), _style("caption")),
        ]
    )


def _shown(text: str) -> str:
    """The text with a box for every sign that the font has not, and without signs that only move others."""
    known = _known()
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return "".join(sign if ord(sign) in known or sign == " " else NO_GLYPH for sign in plain)


@functools.cache
def _known() -> frozenset[int]:
    """The code points that both cuts of the font have."""
    from reportlab.pdfbase.pdfmetrics import getFont

    _register()
    return frozenset.intersection(*(frozenset(getFont(name).face.charToGlyph) for name in (REGULAR, SEMIBOLD)))


@functools.cache
def _register() -> None:
    """Make the shipped fonts known to ReportLab."""
    from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
    from reportlab.pdfbase.ttfonts import TTFont

    for name in (REGULAR, SEMIBOLD):
        registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))
    registerFontFamily(REGULAR, normal=REGULAR, bold=SEMIBOLD, italic=REGULAR, boldItalic=SEMIBOLD)


@functools.cache
def _style(name: str) -> Any:
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle

    colours = PALETTES["light"]
    text = ParagraphStyle(
        "text",
        fontName=REGULAR,
        bulletFontName=REGULAR,
        fontSize=9.5,
        leading=13.5,
        textColor=colours.ink,
        spaceAfter=5,
        splitLongWords=1,
    )
    heading: dict[str, Any] = {"fontName": SEMIBOLD, "keepWithNext": 1}
    quiet: dict[str, Any] = {"fontSize": 8, "leading": 11, "textColor": colours.muted}
    cell: dict[str, Any] = {"fontSize": 7.5, "leading": 9.5, "spaceAfter": 0}
    made = {
        "text": text,
        "lead": ParagraphStyle("lead", text, fontSize=9.8, leading=13.8),
        "quiet": ParagraphStyle("quiet", text, **quiet),
        "caption": ParagraphStyle("caption", text, **quiet, spaceBefore=3, spaceAfter=10),
        "passage": ParagraphStyle("passage", text, fontSize=9, leading=12.5, leftIndent=10, spaceAfter=8),
        "item": ParagraphStyle("item", text, leftIndent=11, bulletIndent=1, spaceAfter=3),
        "cell": ParagraphStyle("cell", text, **cell),
        "right": ParagraphStyle("right", text, **cell, alignment=TA_RIGHT),
        "figure": ParagraphStyle("figure", text, **heading, fontSize=11, leading=14, spaceBefore=10, spaceAfter=2),
        "h1": ParagraphStyle("h1", text, **heading, fontSize=18, leading=22, spaceAfter=6),
        "h2": ParagraphStyle("h2", text, **heading, fontSize=13.5, leading=17, spaceBefore=16, spaceAfter=4),
        "h3": ParagraphStyle("h3", text, **heading, fontSize=10.5, leading=13.5, spaceBefore=8, spaceAfter=3),
    }
    return made[name]
