"""Saves the catalogue's questions, and what others are on record for, into the database."""

from pathlib import Path

from sqlalchemy import Engine

from db import question_store
from tracker.catalog.questions import catalogue_of

__all__ = ["catalogue_of", "save_questions"]


def save_questions(engine: Engine, folder: Path) -> dict[str, int]:
    """Make the database hold the questions of the catalogue; how many there are and what changed. Asks no site.

    `folder` holds the catalogue. Raises CatalogError for a broken file.
    """
    rows = catalogue_of(folder).rows()
    changes = question_store.save_questions(engine, *rows)
    return {
        "topics": len(rows.topics),
        "questions": len(rows.questions),
        "on_record": len(rows.on_record),
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
    }
