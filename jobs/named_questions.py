"""The question that a person means at the command line: by id, address, slug, or a part of its title."""

import polars as pl

from jobs.nightly import UsageError
from tracker.markets.sources import source_of

MOST_NAMED = 8
LONGEST_TITLE = 100


def find_question(questions: pl.DataFrame, text: str) -> str:
    """The id of the one question that a text names; `questions` as `db.queries.questions.questions` gives them.

    In this order: its id or address, its slug (the id without the site), a part of its title or id, whatever the
    capitals. Questions that are followed come before those that no longer are. Raises UsageError for none, or several.
    """
    wanted = " ".join(text.casefold().split())
    if not wanted:
        raise UsageError("Which question? Say its id, address, slug, or a part of its title.")
    place = source_of(text)
    ids = {wanted} if place is None else {wanted, f"{place.source.name}:{place.key}".casefold()}
    tracked = [row for row in questions.iter_rows(named=True) if row["tracked"]]
    others = [row for row in questions.iter_rows(named=True) if not row["tracked"]]
    for rows in (tracked, others):
        exact = [row for row in rows if row["question_id"].casefold() in ids or (row["market"] or "").casefold() in ids]
        slugs = [row for row in rows if row["question_id"].partition(":")[2].casefold() == wanted]
        parts = [row for row in rows if wanted in _words(row["title"]) or wanted in row["question_id"].casefold()]
        for found in (exact, slugs, parts):
            if len(found) == 1:
                return str(found[0]["question_id"])
            if found:
                raise UsageError(_which(text, found))
    if questions.is_empty():
        raise UsageError(
            "No question is stored yet: python -m jobs estimates stores those that come with the program, and"
            " python -m jobs question add one of your own."
        )
    raise UsageError(f"No question is called “{shown(text)}”: python -m jobs question list names those there are.")


def shown(text: str, longest: int = LONGEST_TITLE) -> str:
    """Foreign text on one line of a terminal: nothing in it can move the cursor or turn the line round."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _which(text: str, rows: list[dict[str, object]]) -> str:
    lines = [f"“{shown(text)}” could be {len(rows)} questions:"]
    lines += [f"  {shown(str(row['question_id']))}  {shown(str(row['title']))}" for row in rows[:MOST_NAMED]]
    if len(rows) > MOST_NAMED:
        lines.append(f"  and {len(rows) - MOST_NAMED} more")
    return "\n".join([*lines, "Say more of it, or its id."])


def _words(text: str) -> str:
    return " ".join(text.casefold().split())
