"""A pasted address of a site: its path, whatever came along with it."""

import re
from urllib.parse import unquote, urlsplit

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,199}")


def segments(url: str, host: str) -> list[str] | None:
    """The parts of the path, without query, fragment and empty ones; null for another host's. `https://` may lack."""
    text = url.strip().strip("<>\"'")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        named = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or named.removeprefix("www.") != host:
        return None
    return [unquote(part) for part in parts.path.split("/") if part]


def plain_key(text: str) -> str | None:
    """The text where it can be a key (letters, digits and `-._~`), else null: it becomes part of paths."""
    return text if KEY.fullmatch(text) else None
