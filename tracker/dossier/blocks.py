"""What a dossier consists of, before it is a page, a document or a post: headings, text, tables, pictures.

Every text in a block is plain. Whoever writes it in a language of its own escapes it there, so that foreign text stays
text everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.figures.figure import Figure


class Link(NamedTuple):
    """Text that leads to an address of the web; one that is none is shown as text."""

    text: str
    address: str

    @property
    def safe(self) -> bool:
        """Whether the address may become a link."""
        plain = self.address.isprintable() and " " not in self.address
        return plain and self.address.startswith(("https://", "http://"))


class Name(NamedTuple):
    """An id, a hash or a command, written letter by letter."""

    text: str


Part = str | Link | Name


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph. `quiet`: about the dossier and not about the question; `lead`: the answer itself."""

    parts: tuple[Part, ...]
    quiet: bool = False
    lead: bool = False

    @property
    def opening(self) -> tuple[str, tuple[Part, ...]]:
        """What a lead begins with, up to its first colon ("How sure:"), and the rest; of any other text nothing."""
        first = self.parts[0] if self.parts else ""
        if not self.lead or not isinstance(first, str) or ": " not in first:
            return "", self.parts
        begins, _, rest = first.partition(": ")
        return f"{begins}:", (f" {rest}", *self.parts[1:])

    @classmethod
    def of(cls, *parts: Part, quiet: bool = False, lead: bool = False) -> "Text":
        return cls(parts, quiet, lead)


@dataclass(frozen=True)
class Passage:
    """Somebody's words, with their own line breaks."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list, an item a line."""

    rows: tuple[tuple[Part, ...], ...]


class Column(NamedTuple):
    """A table's column. `right`: numbers. `share`: of the width, beside the others'."""

    name: str
    right: bool = False
    share: float = 1.0


@dataclass(frozen=True)
class Table:
    """Rows of cells, each a part; None: not known."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Part | None, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure with a name that no other in the dossier has."""

    name: str
    figure: Figure


Block = Heading | Text | Passage | Items | Table | Picture

UNKNOWN = "not known"


def plain(parts: Sequence[Part | None]) -> str:
    """The parts as text alone."""
    return "".join(UNKNOWN if part is None else part if isinstance(part, str) else part.text for part in parts)


def sentences(*texts: str) -> Text | None:
    """A paragraph of the texts that say something; None where none does."""
    said = " ".join(text for text in texts if text)
    return Text.of(said) if said else None
