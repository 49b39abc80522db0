"""A dossier as Markdown with its pictures beside it, for LessWrong, Substack and wherever else Markdown is read."""

import re
from collections.abc import Sequence

from tracker.charts.export import plain
from tracker.charts.signs import shown
from tracker.dossier.blocks import UNKNOWN, Block, Heading, Items, Link, Name, Part, Passage, Table, Text
from tracker.dossier.content import Dossier
from tracker.figures.figure import exported

# What begins a line of Markdown and would make a list, a heading or a rule of it.
_STARTS = re.compile(r"^(\d*)([-+=.)])")


def post(dossier: Dossier) -> bytes:
    """The Markdown; its pictures are those of `pictures`, by their names."""
    folder = folder_name(dossier)
    return ("\n\n".join(_written(block, folder) for block in dossier.blocks) + "\n").encode()


def pictures(dossier: Dossier) -> dict[str, bytes]:
    """Every picture at a post's size with its words in it, by the name of its file, folder and all."""
    folder = folder_name(dossier)
    return {
        f"{folder}/{picture.name}.png": exported(picture.figure, "png", size="post") for picture in dossier.pictures
    }


def folder_name(dossier: Dossier) -> str:
    return f"{dossier.name}-pictures"


def _written(block: Block, folder: str) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {plain(block.text)}"
    if isinstance(block, Text):
        opening, rest = block.opening
        begins = f"**{plain(opening)}**" if opening else ""
        text = _line(begins + "".join(_part(part) for part in rest))
        return f"*{text}*" if block.quiet and all(isinstance(part, str) for part in block.parts) else text
    if isinstance(block, Passage):
        return "\n".join(f"> {_line(plain(line))}".rstrip() for line in block.text.splitlines())
    if isinstance(block, Items):
        return "\n".join(f"- {''.join(_part(part) for part in row)}" for row in block.rows)
    if isinstance(block, Table):
        return _table(block)
    alternative = plain(block.figure.alternative or block.figure.words.title)
    return f"![{alternative}]({folder}/{block.name}.png)"


def _line(text: str) -> str:
    """Text that begins a line and stays text there."""
    return _STARTS.sub(r"\1\\\2", text)


def _part(part: Part | None) -> str:
    if part is None:
        return UNKNOWN
    if isinstance(part, Name):
        return f"`{re.sub('[`|]', '', shown(part.text))}`"
    if isinstance(part, Link):
        return f"[{plain(part.text)}](<{_address(part.address)}>)" if part.safe else plain(part.text)
    return _spaced(part)


def _spaced(text: str) -> str:
    """Escaped, with the blanks at its ends that `plain` takes away."""
    lead, trail = (" " if text[:1].isspace() else ""), (" " if text[-1:].isspace() else "")
    return f"{lead}{plain(text)}{trail}" if text.strip() else text


def _address(address: str) -> str:
    """An address within angle brackets, in a cell of a table: neither a bracket nor a bar may end it."""
    return address.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace("\\", "%5C")


def _table(table: Table) -> str:
    heads = [plain(column.name) for column in table.columns]
    sides = ["---:" if column.right else ":---" for column in table.columns]
    lines = [_row(heads), _row(sides), *(_row([_part(part) for part in row]) for row in table.rows)]
    caption = f"\n\n*{plain(table.caption)}*" if table.caption else ""
    return "\n".join(lines) + caption


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
