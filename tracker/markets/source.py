"""What a source of forecasts is: a value that knows how its site is asked and what the replies mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from db.forecast_tables import Move, Question

Params = Mapping[str, str | int | float | Sequence[str]]


def one_line(text: str) -> str:
    """Foreign words without line breaks and control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


class SourceError(Exception):
    """A site could not be asked, or answered what cannot be. The text is a sentence that says what to do.

    It may quote names that a site gives: whatever they hold, it is one line without control characters.
    `status`: of the reply that was no success; null where there was none. 404 lets a source look elsewhere.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(one_line(text))
        self.status = status


class SourceDown(SourceError):
    """The site cannot be asked at all for now: nothing else of it is worth trying."""


@dataclass(frozen=True)
class Reply:
    """One answer of a site, as it came. `url`: with its query. `etag`, `last_modified`: what a conditional request
    sends back."""

    url: str
    status: int
    fetched_at: datetime
    body: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def validators(self) -> dict[str, str]:
        """What a later request sends back as `like`; can be stored in `sync`."""
        marks = {"etag": self.etag, "last_modified": self.last_modified}
        return {name: mark for name, mark in marks.items() if mark}


Get = Callable[..., Reply]
"""`get(path, params=None, like=None)`: one polite GET. `path`: below `base_url`, or the whole address ("https://…") on
another host of the same site. `like`: the earlier Reply's validators, for 304 (a Reply with status 304 and an empty
body). Raises SourceError, with its status, after its retries, and for every other status that is no success."""


KEEP_ALL = datetime.max.replace(tzinfo=UTC)
"""The `since` of a Snapshot that replaces no move."""


@dataclass(frozen=True)
class Snapshot:
    """What a sync's replies say. `moves` replace what is stored of these questions from `since` on (null: all of it).

    `own_since`: question id → its own `since`, in the place of the common one (the answers of one market need not be
    known up to the same moment; KEEP_ALL keeps what is stored, also where this machine's clock is behind the site's).
    `sync`: what the next fetch wants to know; stored with the entry's question. Unchanged: nothing is new. `notice`: a
    sentence for whoever started the sync, where the site keeps something back; null: none.
    """

    questions: Sequence[Question] = ()
    moves: Sequence[Move] = ()
    since: datetime | None = None
    sync: Mapping[str, Any] = field(default_factory=dict)
    unchanged: bool = False
    notice: str | None = None
    own_since: Mapping[str, datetime] = field(default_factory=dict)


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
    sync)`: pure; SourceError for what it cannot read. `token`: the environment variable of a key it needs, or null;
    sent as `Authorization: Token …`.
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
