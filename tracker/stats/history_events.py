"""Dated evidence as numbered marks on a question's history: what was measured on the capability it is about."""

from datetime import datetime, timedelta

import polars as pl

from tracker.stats.flags import BLOCKING

EVENTS = {"on": pl.Date, "number": pl.String, "text": pl.String}
GRADED = {"voted": "people vote", "judged": "a model judges", "verifiable": "answers checked", "proxy": "a measure"}
MOST = 9
# Evidence from so long before the first forecast is still shown.
AHEAD = timedelta(days=60)


def events(gaps: pl.DataFrame, topic: str | None, first: datetime | None, now: datetime) -> pl.DataFrame:
    """EVENTS: a source and day each, the newest of them, counted: how many gaps of same-weights twins were up.

    `gaps` of `db.queries.evidence.evidence` with the relation "same-weights". A topic whose id is a capability's is
    about it; every other has none. What has no date, is a demonstration or is distrusted is left out.
    """
    if topic is None or first is None:
        return pl.DataFrame(schema=EVENTS)
    distrusted = pl.col("flags").list.eval(pl.element().is_in(sorted(BLOCKING))).list.any().fill_null(False)
    counted = (
        gaps.filter(pl.col("capability") == topic, ~pl.col("demonstration"), ~distrusted)
        .filter(pl.col("finished_at").is_between(first - AHEAD, now), pl.col("source").is_not_null())
        .group_by("source", "grading", on=pl.col("finished_at").dt.date())
        .agg(gaps=pl.len(), up=(pl.col("value") > 0).sum())
        .sort("on", "source", "grading")
        .tail(MOST)
    )
    texts = [
        f"{source}, {GRADED.get(grading, 'graded otherwise')}: {up} of {count} up"
        for source, grading, count, up in counted.select("source", "grading", "gaps", "up").iter_rows()
    ]
    return counted.select(
        "on",
        pl.Series("number", [str(place + 1) for place in range(counted.height)], dtype=pl.String),
        pl.Series("text", texts, dtype=pl.String),
    )
