"""What a source of forecasts is: a value that knows how its site is asked and what the replies mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from db.forecast_tables import Move, Question

Params = Mapping[str, str | int | float | Sequence[str]]


class SourceError(Exception):
    """A site could not be asked, or answered what cannot be. The text is a sentence that says what to do."""


@dataclass(frozen=True)
class Reply:
    """One answer of a site, as it came. `etag`, `last_modified`: what a conditional request sends back."""

    url: str
    status: int
    fetched_at: datetime
    body: str
    etag: str | None = None
    last_modified: str | None = None


Get = Callable[..., Reply]
"""`get(path, params=None, like=None)`: one polite GET. `like`: the earlier Reply's validators, for 304 (a Reply with
status 304 and an empty body). Raises SourceError after its retries, and for every other status that is no success."""


@dataclass(frozen=True)
class Snapshot:
    """What a sync's replies say. `moves` replace what is stored of these questions from `since` on (null: all of it).

    `sync`: what the next fetch wants to know; stored with the entry's question. Unchanged: nothing is new.
    """

    questions: Sequence[Question] = ()
    moves: Sequence[Move] = ()
    since: datetime | None = None
    sync: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False


@dataclass(frozen=True)
class Found:
    """An entry that a search turned up. `probability` null: not said, or several answers."""

    url: str
    title: str
    probability: float | None
    closes_at: datetime | None
    volume: float | None


@dataclass(frozen=True)
class Source:
    """A site. `terms`: on which terms its data may be used.

    `key_of(url)`: the entry's key in its addresses, null for another site's. `rate`: requests a minute, under the
    site's own limit. `fetch(get, key, sync)`: every reply a sync needs, complete, or SourceError. `parse(key, replies,
    sync)`: pure; SourceError for what it cannot read. `token`: the environment variable of a key it needs, or null.
    """

    name: str
    title: str
    base_url: str
    rate: int
    terms: str
    key_of: Callable[[str], str | None]
    fetch: Callable[[Get, str, Mapping[str, Any]], Sequence[Reply]]
    parse: Callable[[str, Sequence[Reply], Mapping[str, Any]], Snapshot]
    search: Callable[[Get, str, int], Sequence[Found]] | None = None
    token: str | None = None
