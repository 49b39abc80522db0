"""Reading a site's JSON: what is missing, or of another kind than the site documents, ends in a sentence."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.markets.source import Reply, SourceError

LONGEST_SHOWN = 60


def content(site: str, reply: Reply) -> Any:
    """The JSON of a reply. Raises SourceError where it is cut off, or no JSON at all."""
    try:
        return json.loads(reply.body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"{site} answered {reply.url} with something that is no JSON ({shown(reply.body)}): nothing was stored."
            " Try again later."
        ) from error


def changed(site: str, what: str, kind: str, value: Any) -> SourceError:
    """The error for a field that is not as documented; `what` names it with the thing it belongs to."""
    found = "is missing" if value is None else f"is {shown(value)}"
    return SourceError(
        f"{site} has changed what it sends: {what} {found}, where {kind} was expected. Nothing was stored; what is"
        " stored stays. A newer version of this program may know the change."
    )


def shown(value: Any) -> str:
    """A foreign value in one short line, without control characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    plain = "".join(character if character.isprintable() else " " for character in text[: 4 * LONGEST_SHOWN])
    return f"“{plain[:LONGEST_SHOWN]}…”" if len(text) > LONGEST_SHOWN else f"“{plain}”"


@dataclass(frozen=True)
class Fields:
    """One object of a reply, read field by field. `what` names it in errors ("market abc")."""

    site: str
    what: str
    record: Mapping[str, Any]

    @classmethod
    def of(cls, site: str, what: str, value: Any) -> "Fields":
        if not isinstance(value, Mapping):
            raise changed(site, what, "an object", value)
        return cls(site, what, value)

    def wrong(self, name: str, kind: str) -> SourceError:
        return changed(self.site, f"“{name}” of {self.what}", kind, self.record.get(name))

    def text(self, name: str) -> str | None:
        """Null where the site says nothing; an empty text is nothing."""
        value = self.record.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value

    def must(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise self.wrong(name, "a text")
        return value

    def flag(self, name: str) -> bool:
        """False where the site says nothing."""
        value = self.record.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def number(self, name: str) -> float | None:
        """A finite number, also one written as a text; null where the site says nothing."""
        value = self.record.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.wrong(name, "a number")
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise self.wrong(name, "a number") from None
        if not math.isfinite(number):
            raise self.wrong(name, "a number")
        return number

    def fraction(self, name: str) -> float:
        value = self.number(name)
        if value is None or not 0 <= value <= 1:
            raise self.wrong(name, "a number from 0 to 1")
        return value

    def moment(self, name: str) -> datetime | None:
        """A date and time with its zone, in whichever ISO form; null where the site says nothing."""
        value = self.text(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise self.wrong(name, "a date and time with its zone")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(name, "a date and time") from None

    def seconds(self, name: str) -> datetime | None:
        """Seconds since 1970 as a moment; null where the site says nothing."""
        value = self.number(name)
        if value is None:
            return None
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            raise self.wrong(name, "seconds since 1970") from None

    def listed(self, name: str) -> list[Any]:
        value = self.record.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
