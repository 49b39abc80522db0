"""How a question is named at the command line, and how foreign text is shown there."""

import polars as pl
import pytest

from jobs.named_questions import find_question, shown
from jobs.nightly import UsageError


def known(*rows: tuple[str, str, str | None, bool]) -> pl.DataFrame:
    schema = {"question_id": pl.String, "title": pl.String, "market": pl.String, "tracked": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


QUESTIONS = known(
    ("manifold:story", "Will it write a story?", None, True),
    ("manifold:story-two", "Will it write two stories?", None, True),
    ("manifold:who/1", "Anna", "manifold:who", True),
    ("manifold:who/2", "Berta", "manifold:who", True),
    ("own:old", "Will it write a poem?", None, False),
    ("own:other", "Straße und Fluß", None, True),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("manifold:story", "manifold:story"),
        ("MANIFOLD:Story", "manifold:story"),
        ("story", "manifold:story"),
        ("https://manifold.markets/Somebody/story?r=x", "manifold:story"),
        ("two  stories", "manifold:story-two"),
        ("who/2", "manifold:who/2"),
        ("poem", "own:old"),
        ("write a", "manifold:story"),
        ("STRASSE", "own:other"),
    ],
)
def test_a_question_is_named_by_id_address_slug_or_part_of_its_title(text: str, found: str) -> None:
    assert find_question(QUESTIONS, text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Will it", "“Will it” could be 2 questions:\n  manifold:story  Will it write a story?\n  manifold:story-two"),
        ("manifold:who", "“manifold:who” could be 2 questions:\n  manifold:who/1  Anna\n  manifold:who/2  Berta"),
        ("https://manifold.markets/Somebody/nothing", "No question is called “https://manifold.markets/Somebody/no"),
        ("\x1b[31mx", "No question is called “[31mx”"),
    ],
)
def test_none_and_several_are_sentences(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_question(QUESTIONS, text)
    assert str(caught.value).startswith(said)


def test_many_are_not_all_listed() -> None:
    many = known(*((f"own:q{number}", f"Question {number}", None, True) for number in range(30)))
    with pytest.raises(UsageError, match="  and 22 more"):
        find_question(many, "question")
    with pytest.raises(UsageError, match="No question is stored yet: python -m jobs estimates stores those that come"):
        find_question(known(), "question")


def test_foreign_text_cannot_move_the_cursor_or_turn_the_line() -> None:
    assert shown("<b>[x](y)\x1b[2J\x07 \u202eabc\n\tdef\u2028g") == "<b>[x](y) [2J abc def g"
    assert shown("x" * 200) == "x" * 99 + "…"
