"""Saves what others published, as the catalogue has it, into the database."""

from pathlib import Path

from sqlalchemy import Engine

from db import store
from tracker.catalog.load import load_catalog
from tracker.catalog.published import load_published
from tracker.catalog.published_gaps import NAMES_FILE
from tracker.settings import EMBEDDED_CATALOG


def save_published(engine: Engine, folder: Path) -> dict[str, int]:
    """Make the published runs in the database exactly those of the files; how many there are and what changed.

    `folder` holds the catalogue. A folder of one's own without published.toml gets the evidence that comes with the
    program: which models are run here says nothing about what others measured. Raises CatalogError for broken files.
    """
    evidence = folder if (folder / NAMES_FILE).exists() else EMBEDDED_CATALOG
    rows = load_published(evidence, load_catalog(folder))
    changes = store.save_published(engine, *rows)
    return {
        "sources": len(rows.publications),
        "runs": len(rows.runs),
        "numbers": len(rows.metrics),
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
    }
