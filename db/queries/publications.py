"""Who published what is stored with origin "published", and on which terms."""

import polars as pl
from sqlalchemy import Engine, select

from db.queries.frames import Schema, read
from db.tables import Publication

PUBLICATIONS: Schema = {
    "publication_id": pl.String,
    "title": pl.String,
    "citation": pl.String,
    "url": pl.String,
    "terms": pl.String,
    "note": pl.String,
}


def publications(engine: Engine) -> pl.DataFrame:
    """Every publication, by id: PUBLICATIONS lists the columns. `title` is the `source` of gaps and scores."""
    query = select(
        Publication.id.label("publication_id"),
        Publication.title,
        Publication.citation,
        Publication.url,
        Publication.terms,
        Publication.note,
    ).order_by(Publication.id)
    return read(engine, query, PUBLICATIONS)
