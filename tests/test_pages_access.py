"""Who may write from the dashboard: only whoever sits at the machine, or is signed in."""

from typing import Any

import pytest

from db.forecasters import folded, objection
from tracker.pages.access import Writer, may_write

HERE = {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "LOCALHOST"])
def test_at_the_machine_anybody_writes_under_a_name_of_their_choice(address: str, host: str) -> None:
    assert may_write(address, {"host": host, "ORIGIN": f"http://{host}"}, {}) == Writer(True)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_a_server_that_others_can_reach_is_read_only(address: str | None) -> None:
    writer = may_write(address, HERE, {})
    assert not writer.allowed
    assert writer.why.startswith("Read-only")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "127.0.0.1:8501"},
        {"Host": "tracker.example.org", "Origin": "https://tracker.example.org"},
        {"Host": "127.0.0.1.evil.example:8501", "Origin": "http://127.0.0.1:8501"},
        {"Host": "evil.example@127.0.0.1", "Origin": "http://evil.example"},
        {"Host": "127.0.0.1:8501", "Origin": "https://evil.example"},
        {"Host": "127.0.0.1:8501", "Origin": "null"},
        {"Host": "[::1", "Origin": "http://127.0.0.1"},
        HERE | {"X-Forwarded-For": "203.0.113.5"},
        HERE | {"Forwarded": "for=203.0.113.5"},
        HERE | {"x-real-ip": "203.0.113.5"},
        HERE | {"Via": "1.1 proxy"},
    ],
)
def test_a_request_from_elsewhere_is_read_only_though_the_server_is_bound_here(headers: dict[str, str]) -> None:
    assert not may_write("127.0.0.1", headers, {}).allowed


def named(**said: Any) -> str | None:
    writer = may_write("0.0.0.0", {}, {"is_logged_in": True} | said)
    assert writer.allowed == (writer.name is not None)
    return writer.name


def test_who_is_signed_in_writes_under_their_own_name_from_anywhere() -> None:
    user = {"is_logged_in": True, "name": "Ada  Lovelace", "email": "ada@example.org"}
    assert may_write("0.0.0.0", {}, user) == Writer(True, "Ada Lovelace (ada@example.org)")
    assert named(email="ada@example.org") == "ada@example.org"
    assert named(preferred_username="ada", email="ada@example.org", email_verified=True) == "ada (ada@example.org)"


def test_nobody_takes_the_name_of_another_by_calling_themselves_so() -> None:
    ada = {"name": "Ada", "email": "ada@example.org", "iss": "https://a.example", "sub": "1"}
    others = [
        ada | {"name": "a d A", "email": "eve@example.org"},
        ada | {"name": "Ada (ada@example.org)", "email": "eve@example.org"},
        ada | {"name": "Ada (ada@example.org)" + " " * 50 + "x" * 50, "email": "eve@example.org"},
        ada | {"email_verified": False},
        ada | {"email_verified": "false", "sub": "2"},
        ada | {"email_verified": False, "iss": "https://b.example"},
        {"name": "Ada", "sub": "ada@example.org"},
        {"name": "Ada", "sub": "ADA@example.org"},
        {"sub": "ada@example.org"},
    ]
    known = [folded(named(**user) or "") for user in (ada, *others)]
    assert folded("Ada") not in known
    assert len(set(known)) == len(known)


def test_what_tells_people_apart_is_never_cut_off() -> None:
    long = named(name="Ada " * 40, email="ada@example.org")
    assert long is not None
    assert long.endswith(" (ada@example.org)")
    assert objection(long) is None
    assert named(name="Ada", email=f"{'a' * 58}@example.org") == f"{'a' * 58}@example.org"
    assert objection(named(name="Ada", sub="s" * 255) or "") is None


@pytest.mark.parametrize("user", [{}, {"is_logged_in": False, "name": "Ada"}, {"name": "Ada"}])
def test_who_is_not_signed_in_is_told_how(user: dict[str, Any]) -> None:
    assert not may_write("0.0.0.0", HERE, user).allowed
    assert "sign in" in may_write("0.0.0.0", HERE, user, can_sign_in=True).why
    assert "127.0.0.1" in may_write("0.0.0.0", HERE, user).why


def test_a_sign_in_that_says_nothing_of_ones_own_forecasts_under_no_name() -> None:
    assert named(name="Ada") is None
    assert named(name="Ada", email="ada@example.org", email_verified=False) is None
    assert not may_write("127.0.0.1", HERE, {"is_logged_in": True, "name": " "}).allowed
