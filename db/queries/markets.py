"""Which entries of market sites are followed, and how far each was read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from db.forecast_tables import Question


class Followed(NamedTuple):
    """One entry of a site, with all its questions. `sync`: the source's own marks, empty before the first time."""

    source: str
    key: str
    question_ids: tuple[str, ...]
    sync: Mapping[str, Any]
    synced_at: datetime | None

    @property
    def id(self) -> str:
        """Such as "manifold:slug"."""
        return f"{self.source}:{self.key}"


def followed_markets(engine: Engine) -> list[Followed]:
    """Every entry with a tracked question, by source and key; questions of one's own have none."""
    query = (
        select(Question.id, Question.source, Question.market, Question.tracked, Question.sync, Question.synced_at)
        .where(Question.source != "own")
        .order_by(Question.id)
    )
    entries: dict[tuple[str, str], list[Any]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            # A catalogue may name one answer of an entry that nobody has fetched: "source:key/answer".
            key = (row.market or row.id.partition("/")[0]).partition(":")[2]
            entries.setdefault((row.source, key), []).append(row)
    return [
        Followed(
            source,
            key,
            tuple(row.id for row in rows),
            next((row.sync for row in rows if row.sync), {}),
            max((row.synced_at for row in rows if row.synced_at), default=None),
        )
        for (source, key), rows in sorted(entries.items())
        if any(row.tracked for row in rows)
    ]
