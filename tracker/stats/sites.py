"""The sites that prices come from, as pages name them: title, addresses that may be linked to, terms."""

from urllib.parse import urlsplit

SITES = {
    "manifold": "Manifold",
    "polymarket": "Polymarket",
    "kalshi": "Kalshi",
    "metaculus": "Metaculus",
    "own": "no market",
}
HOSTS = {
    "manifold": ("manifold.markets",),
    "polymarket": ("polymarket.com",),
    "kalshi": ("kalshi.com",),
    "metaculus": ("metaculus.com",),
}
TERMS = {
    "manifold": "Manifold's API is public and asks for no key; its documents allow 500 requests a minute.",
    "polymarket": "Polymarket's market data is public and asks for no key; its terms are at https://polymarket.com/tos.",
    "kalshi": "Kalshi's market data is public and asks for no key; its developer agreement applies.",
    "metaculus": (
        "Metaculus allows no use for training or evaluating AI without its permission: ask it, and set your key."
    ),
    "own": "the user’s own forecasts",
}


def site_address(source: str, url: str | None) -> str | None:
    """The address, if it is a page of the source's own site; null for any other, which is no link then."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        plain = parts.port is None and not parts.username and not parts.password
    except ValueError:
        return None
    known = parts.scheme in ("https", "http") and plain and host in HOSTS.get(source, ())
    return url if known and url.isprintable() and " " not in url else None


def site_terms(sources: list[str]) -> str:
    """On which terms the prices of some sources may be used, in one sentence each."""
    named = [f"{SITES[name]}: {TERMS[name]}" for name in SITES if name in sources and name != "own"]
    return " ".join(named) if named else TERMS["own"]
