"""A dossier as one HTML file that loads nothing: its style, fonts and charts are inside."""

import base64
import html
from collections.abc import Iterator

from tracker.charts.export import font_faces, inlined
from tracker.charts.signs import shown
from tracker.charts.theme import FONTS, PALETTES
from tracker.dossier.blocks import (
    UNKNOWN,
    Block,
    Column,
    Heading,
    Items,
    Link,
    Name,
    Part,
    Passage,
    Picture,
    Table,
    Text,
)
from tracker.dossier.content import Dossier
from tracker.figures.figure import bare

WIDE, NARROW = 900, 350
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
)
_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: %(paper)s; color: %(ink)s; font: 16px/1.55 'IBM Plex Sans', sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 3rem 1.5rem 5rem; overflow-wrap: anywhere; }
h1, h2, h3 { font-family: 'Source Serif 4', Georgia, serif; font-weight: 600; line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 .6rem; }
h2 { font-size: 1.4rem; margin: 2.8rem 0 .6rem; }
h3 { font-size: 1.12rem; margin: 1.8rem 0 .3rem; }
p, ul { margin: 0 0 .8rem; max-width: 46rem; }
li { margin-bottom: .35rem; }
.quiet { color: %(muted)s; font-size: .9rem; }
.lead { font-size: 1.04rem; }
.passage { white-space: pre-wrap; font-size: .93rem; max-width: 46rem; border-left: 3px solid %(grid)s;
  padding: .1rem 0 .1rem .9rem; margin: 0 0 1rem; }
a { color: inherit; text-underline-offset: 2px; }
code { font-family: ui-monospace, 'IBM Plex Mono', Menlo, Consolas, monospace; font-size: .8rem; }
figure { margin: 1.6rem 0 1.8rem; }
figure svg { display: block; width: 100%%; height: auto; }
figcaption { font-size: .88rem; color: %(muted)s; }
figcaption b { display: block; color: %(ink)s; font-size: 1.05rem; font-weight: 600; line-height: 1.35; }
figcaption.above { margin-bottom: .7rem; }
figcaption.below { margin-top: .5rem; }
.narrow { display: none; }
.scroll { overflow-x: auto; margin: .8rem 0 1.4rem; }
table { border-collapse: collapse; font-size: .86rem; line-height: 1.4; min-width: 100%%; }
caption { caption-side: bottom; text-align: left; color: %(muted)s; font-size: .86rem; padding-top: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .9rem .32rem 0; border-bottom: 1px solid %(grid)s;
  overflow-wrap: normal; }
th { font-weight: 600; color: %(muted)s; white-space: nowrap; }
th.right, td.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td code { overflow-wrap: anywhere; }
.unknown { color: %(muted)s; }
@media (max-width: 620px) {
  main { padding: 2rem 1rem 3rem; } h1 { font-size: 1.5rem; }
  .wide { display: none; } .narrow { display: block; }
}
@media print {
  main { padding: 0; max-width: none; } figure, tr { break-inside: avoid; } .scroll { overflow: visible; }
}
"""


def page(dossier: Dossier) -> bytes:
    """The whole page. The same dossier gives the same bytes."""
    colours = PALETTES["light"]
    style = font_faces() + _serif() + _STYLE % vars(colours)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="referrer" content="no-referrer">'
        f"<title>{_said(dossier.title)}</title><style>{style}</style>"
    )
    body = "\n".join(_written(block) for block in dossier.blocks)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>\n{body}\n</main></body></html>\n'.encode()


def _written(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_said(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        style = ' class="lead"' if block.lead else ' class="quiet"' if block.quiet else ""
        opening, rest = block.opening
        begins = f"<b>{_said(opening)}</b>" if opening else ""
        return f"<p{style}>{begins}{_parts(rest)}</p>"
    if isinstance(block, Passage):
        return f'<div class="passage">{_said(block.text)}</div>'
    if isinstance(block, Items):
        return f"<ul>{''.join(f'<li>{_parts(row)}</li>' for row in block.rows)}</ul>"
    if isinstance(block, Table):
        return _table(block)
    return _figure(block)


def _parts(parts: tuple[Part, ...]) -> str:
    return "".join(_part(part) for part in parts)


def _part(part: Part | None) -> str:
    if part is None:
        return f'<span class="unknown">{UNKNOWN}</span>'
    if isinstance(part, Name):
        return f"<code>{_said(part.text)}</code>"
    if isinstance(part, Link):
        if not part.safe:
            return _said(part.text)
        address = _said(part.address)
        return f'<a href="{address}" rel="noopener noreferrer">{_said(part.text)}</a>'
    return _said(part)


def _said(text: str) -> str:
    """Text as text, between elements and in attributes."""
    return html.escape(shown(text))


def _table(table: Table) -> str:
    heads = "".join(f"<th{_side(column)}>{_said(column.name)}</th>" for column in table.columns)
    caption = f"<caption>{_said(table.caption)}</caption>" if table.caption else ""
    rows = "".join(f"<tr>{''.join(_cells(table.columns, row))}</tr>\n" for row in table.rows)
    return f'<div class="scroll"><table>{caption}<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>'


def _cells(columns: tuple[Column, ...], row: tuple[Part | None, ...]) -> Iterator[str]:
    for column, part in zip(columns, row, strict=True):
        yield f"<td{_side(column)}>{_part(part)}</td>"


def _side(column: Column) -> str:
    return ' class="right"' if column.right else ""


def _figure(picture: Picture) -> str:
    """The chart twice, for a wide and a narrow screen; what is said around it stands in the page."""
    figure, words = picture.figure, picture.figure.words
    drawings = []
    for layout, width in (("wide", WIDE), ("narrow", NARROW)):
        drawing = inlined(bare(figure, width), title=words.title, key=f"{picture.name}-{layout}")
        drawings.append(f'<div class="{layout}">{drawing}</div>')
    terms = f" · {_said(figure.terms)}" if figure.terms else ""
    return (
        f'<figure id="{_said(picture.name)}"><figcaption class="above"><b>{_said(words.title)}</b>'
        f"{_said(words.subtitle)}</figcaption>{''.join(drawings)}"
        f'<figcaption class="below">{_said(words.source)}{terms}</figcaption></figure>'
    )


def _serif() -> str:
    data = base64.b64encode((FONTS / "SourceSerif4-SemiBold-latin.woff2").read_bytes()).decode()
    return (
        "@font-face{font-family:'Source Serif 4';font-weight:600;"
        f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
    )
