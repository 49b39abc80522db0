"""The terminal as every command writes to it: foreign text in it stays text."""

from typing import Any

from rich.console import Console
from rich.text import Text


class Terminal(Console):
    """A console on which no text, in a line or in a table, can move the cursor, colour or turn what follows.

    Line breaks stay. Every other character that does not print becomes a blank: left out, what stood on its two sides
    could come together as markup.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        plain = "".join(sign if sign == "\n" or sign.isprintable() else " " for sign in text)
        return super().render_str(plain, **options)
