"""On which terms the figures of a picture may be used, source by source."""

import polars as pl

from tracker.stats.findings import ORIGINS

OWN = "the user’s own measurements"
NOT_KNOWN = "terms not known"


def terms(figures: pl.DataFrame, publications: pl.DataFrame) -> str:
    """The terms, as in "LMArena, LiveBench: figures with citation; own lm-eval runs: the user’s own measurements".

    Empty where there are no figures.

    figures       source (who published it; null: nobody did) and origin of every number in the picture
    publications  title and terms, see `db.queries.publications.publications`. A source that is not among them, and
                  files that somebody had, have terms that are not known
    """
    published = figures.filter(pl.col("origin") == "published").select(title=pl.col("source").cast(pl.String)).unique()
    known = published.join(publications.select("title", "terms"), on="title", how="left").select(
        pl.col("title").fill_null(ORIGINS["published"]), pl.col("terms").fill_null(NOT_KNOWN)
    )
    grouped = known.sort(pl.col("title").str.to_lowercase()).group_by("terms", maintain_order=True).agg("title")
    said = [f"{', '.join(titles)}: {text}" for text, titles in grouped.iter_rows()]
    for origin, text in (("imported", NOT_KNOWN), ("local", OWN)):
        if (figures["origin"] == origin).any():
            said.append(f"{ORIGINS[origin]}: {text}")
    return "; ".join(said)
