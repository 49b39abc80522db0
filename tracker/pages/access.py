"""Who may write from the dashboard: whoever sits at the machine, or is signed in. Everybody else reads."""

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from db.forecasters import LONGEST_NAME

# What a program that passes requests on adds: then whoever asks does not sit here, whatever the address says.
PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip")


class Writer(NamedTuple):
    """Whether this reader may write; under which name, where it is not theirs to choose; if not, why, in a sentence."""

    allowed: bool
    name: str | None = None
    why: str = ""


def writer() -> Writer:
    """This reader, as the server and the browser's own request describe them."""
    return may_write(
        st.get_option("server.address"),
        dict(st.context.headers),
        st.user.to_dict(),
        can_sign_in=can_sign_in(),
    )


def can_sign_in() -> bool:
    """Whether `st.login` works: the server has an `[auth]` section in its secrets, and Authlib is installed."""
    return "is_logged_in" in st.user.to_dict() and find_spec("authlib") is not None


def may_write(
    address: str | None, headers: Mapping[str, str], user: Mapping[str, Any], *, can_sign_in: bool = False
) -> Writer:
    """`address`: what the server is bound to (null: every interface). `headers`: of the request that opened the page.

    At the machine: bound to loopback, and both the host that was asked for and the page that asks are loopback too.
    The second keeps out a name of somebody's own that leads here, the third another site's page, and a request that
    was passed on came from elsewhere.
    """
    if user.get("is_logged_in"):
        name = _name(user)
        if name:
            return Writer(True, name)
        return Writer(False, why="Read-only: whoever signed you in did not say who you are, so a forecast had no name.")
    asked = {name.lower(): value for name, value in headers.items()}
    here = (
        _loopback(address)
        and _loopback(_host(f"//{asked.get('host', '')}"))
        and _loopback(_host(asked.get("origin", "")))
        and not any(name in asked for name in PASSED_ON)
    )
    if here:
        return Writer(True)
    how = "sign in" if can_sign_in else "open it on the machine it runs on, at 127.0.0.1"
    return Writer(False, why=f"Read-only: this page is seen from elsewhere, and nobody is signed in. To write, {how}.")


def _name(user: Mapping[str, Any]) -> str | None:
    """Whom the provider says this is: "Ada (ada@example.org)"; null where it says nothing that is one person's alone.

    Anybody may call themselves Ada. The e-mail address tells them apart; where there is none, or the provider says that
    it is not verified, 12 hex digits of the SHA-256 of the provider and its own id for them ("iss" and "sub").
    """
    email, own_id = " ".join(str(user.get("email") or "").split()), str(user.get("sub") or "")
    if email and str(user.get("email_verified", True)).lower() != "false":
        apart = email
    elif own_id:
        apart = hashlib.sha256(f"{user.get('iss') or ''}\n{own_id}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    else:
        return None
    called = " ".join(str(user.get("name") or user.get("preferred_username") or "").split())
    # What tells people apart stays whole.
    called = called[: max(0, LONGEST_NAME - len(f" ({apart})"))].strip()
    return f"{called} ({apart})" if called else apart


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _loopback(host: str | None) -> bool:
    if not host:
        return False
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
