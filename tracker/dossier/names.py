"""What files are called after ids: possible on every system, and no two ids alike."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from db.forecast_tables import SOURCES

LONGEST = 100
MARK = 8


def file_name(question_id: str) -> str:
    """What the files of a question are called: "manifold:some-slug" is "some-slug"; others begin with their source."""
    source, _, own = question_id.partition(":")
    if source == "manifold" and own.partition("-")[0] not in SOURCES:
        return safe(own)
    return safe(f"{source}-{own}")


def safe(identity: str) -> str:
    """Words of small letters and digits, between dashes.

    Where that is not the id itself, because something was cleaned away, made small or cut, the first MARK hex digits
    of its SHA-256 tell it from every other.
    """
    plain = _words(identity)
    return plain if plain == identity and _fits(plain) else _marked(identity)


def told_apart(ids: Iterable[str]) -> dict[str, str]:
    """The same for ids that are all there are: only one whose words another has too, or that was cut, has digits."""
    plain = {identity: _words(identity) for identity in ids}
    times = Counter(plain.values())
    return {
        identity: name if times[name] == 1 and _fits(name) else _marked(identity) for identity, name in plain.items()
    }


def _words(identity: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", identity.lower()).strip("-")


def _fits(name: str) -> bool:
    return 0 < len(name) <= LONGEST


def _marked(identity: str) -> str:
    digits = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:MARK]
    return f"{_words(identity)[: LONGEST - MARK - 1].strip('-')}-{digits}".lstrip("-")
