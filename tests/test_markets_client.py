"""How a site is asked: what is tried again and how long, that keys stay hidden, and what a failure is told as."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import httpx
import pytest

from tests.market_server import (
    Answer,
    Asked,
    Fault,
    InProcess,
    MarketServer,
    ToSocket,
    bytes_,
    cut,
    dropped,
    half,
    json_answer,
    not_gzip,
    page,
    refused,
    serving,
    slow,
)
from tracker.markets import client as clients
from tracker.markets.client import Client
from tracker.markets.pace import Pace
from tracker.markets.source import Reply, Snapshot, Source, SourceDown, SourceError

KEY = "Zq81-never-shown"
NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
SITE = Source(
    name="manifold",
    title="Somewhere",
    base_url="https://api.example.org/v0/",
    rate=60,
    terms="None.",
    key_of=lambda url: None,
    fetch=lambda get, key, sync: [],
    parse=lambda key, replies, sync: Snapshot(),
)
KEYED = dataclasses.replace(SITE, token="SOMEWHERE_TOKEN")


class Time:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at - 1000.0)


def echo(asked: Asked, _: Any) -> Answer:
    return json_answer({"path": asked.path, "params": asked.params, "key": asked.headers.get("authorization")})


def site() -> MarketServer:
    return MarketServer({"/v0/.*": echo, "/other/.*": echo}, json_answer({"message": "Nothing here"}, 404))


def client(server: MarketServer, time: Time | None = None, source: Source = SITE, **given: Any) -> Client:
    time = time or Time()
    usual = {"transport": InProcess(server), "clock": time.clock, "sleep": time.sleep, "first_wait": 0.0}
    return Client(source, now=time.now, **{**usual, **given})


@pytest.fixture
def server() -> MarketServer:
    return site()


def failing(server: MarketServer, *faults: Fault, **given: Any) -> SourceError:
    """What a request ends with."""
    server.faults.extend(faults)
    with client(server, **given) as asking, pytest.raises(SourceError) as caught:
        asking.get("bets")
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 500
    return caught.value


def test_a_reply_is_kept_as_it_came(server: MarketServer) -> None:
    time = Time()
    with client(server, time) as asking:
        reply = asking.get("bets", {"contractId": ["a", "b"], "limit": 3, "term": "ü & ?"})
    assert reply == Reply(
        url="https://api.example.org/v0/bets?contractId=a&contractId=b&limit=3&term=%C3%BC+%26+%3F",
        status=200,
        fetched_at=NOW,
        body=reply.body,
        etag=reply.etag,
        last_modified=None,
    )
    assert json.loads(reply.body)["params"] == [
        ["contractId", "a"],
        ["contractId", "b"],
        ["limit", "3"],
        ["term", "ü & ?"],
    ]
    assert asking.requests == len(server.asked) == 1


def test_another_host_of_the_site_is_asked_by_its_whole_address(server: MarketServer) -> None:
    with client(server) as asking:
        assert json.loads(asking.get("https://prices.example.org/other/x").body)["path"] == "/other/x"


# -- trying again ------------------------------------------------------------------------------------------------------

PASSING = {
    "429": refused(429),
    "503": refused(503),
    "500": refused(500),
    "408": refused(408),
    "cut": cut,
    "dropped": dropped,
    "half": half,
    "page": page,
    "bytes": bytes_,
    "not gzip": not_gzip,
    "slow": slow(3600),
    "empty": lambda answer: dataclasses.replace(answer, body=b""),
    "304 unasked": lambda answer: Answer(b"", 304),
    "deep": lambda answer: dataclasses.replace(answer, body=b"[" * 100_000),
}


@pytest.mark.parametrize("trouble", PASSING)
def test_passing_trouble_is_tried_again(trouble: str, server: MarketServer) -> None:
    server.faults.extend([PASSING[trouble], PASSING["503"], PASSING[trouble]])
    with client(server) as asking:
        assert json.loads(asking.get("bets").body)["path"] == "/v0/bets"
        assert asking.requests == 4


@pytest.mark.parametrize("trouble", PASSING)
def test_trouble_that_stays_is_one_line(trouble: str, server: MarketServer) -> None:
    error = failing(server, *[PASSING[trouble]] * 9)
    assert str(error).startswith("Somewhere did not answer /v0/bets after 6 tries (")
    assert str(error).endswith("): try again later; what is stored stays.")
    assert len(server.asked) == 6
    assert error.status == (int(trouble) if trouble.isdigit() else None)
    # Too many requests are the whole site's matter; a broken reply may be one market's.
    assert isinstance(error, SourceDown) == (trouble == "429")


def test_waits_grow_with_some_chance_in_them(server: MarketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    failing(server, *[refused(503)] * 6, first_wait=1.0)
    assert len(waits) == 5
    for wait, least in zip(waits, (1, 2, 4, 8, 16), strict=True):
        assert least <= wait <= least + 1.0
    assert len({wait % 1 for wait in waits}) == 5


def test_no_connection_is_given_up_sooner_and_for_the_whole_site() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)

    with client(site(), transport=httpx.MockTransport(refuse)) as asking, pytest.raises(SourceDown) as caught:
        asking.get("bets")
    assert str(caught.value) == (
        "Somewhere did not answer /v0/bets after 3 tries (no connection: [Errno -3] Temporary failure in name"
        " resolution): try again later; what is stored stays."
    )


def test_a_reply_that_drips_or_swells_is_given_up(server: MarketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()

    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                time.at += 20
                yield b" "

    def drip(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Dripping())

    assert "it took too long" in str(failing(server, time=time, transport=httpx.MockTransport(drip)))
    monkeypatch.setattr(clients, "LARGEST_REPLY", 1 << 20)
    big = dataclasses.replace
    error = failing(server, lambda answer: big(answer, body=b'"' + b"x" * (1 << 20) + b'"'))
    assert str(error) == "Somewhere sent more than 1 MiB in one reply."


# -- what a site asks for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["17", "Tue, 01 Sep 2026 12:00:17 GMT", "Tuesday, 01-Sep-26 12:00:17 GMT"])
def test_the_wait_that_a_site_asks_for_is_kept(status: int, said: str, server: MarketServer) -> None:
    time = Time()
    server.faults.append(refused(status, Retry_After=said))
    with client(server, time) as asking:
        asking.get("bets")
        assert time.slept == [17.0]
        asking.get("bets")
    assert time.slept == [17.0]


@pytest.mark.parametrize("said", ["", "soon", "-5", "Tue, 01 Sep 2020 12:00:00 GMT", "1e9", "9" * 400 + "x"])
def test_a_wait_that_makes_no_sense_is_none(said: str, server: MarketServer) -> None:
    time = Time()
    server.faults.append(refused(429, Retry_After=said))
    with client(server, time) as asking:
        asking.get("bets")
    assert time.slept == []


@pytest.mark.parametrize("said", ["7200", "Tue, 01 Sep 2026 14:00:00 GMT", "9" * 30])
def test_a_long_wait_is_left_to_the_next_night(said: str, server: MarketServer) -> None:
    error = failing(server, refused(429, Retry_After=said))
    assert isinstance(error, SourceDown)
    assert str(error).startswith("Somewhere asks to be left alone for ")
    assert len(server.asked) == 1


def test_what_is_unchanged_is_not_sent_again(server: MarketServer) -> None:
    with client(server) as asking:
        first = asking.get("bets")
        again = asking.get("bets", like=first.validators)
        assert (again.status, again.body) == (304, "")
        assert asking.get("others", like=first.validators).status == 200
    assert server.asked[1].headers["if-none-match"] == first.etag
    dated = Reply("", 200, NOW, "", last_modified="Tue, 01 Sep 2026 12:00:00 GMT")
    with client(server) as asking:
        asking.get("bets", like=dated.validators)
    assert server.asked[-1].headers["if-modified-since"] == "Tue, 01 Sep 2026 12:00:00 GMT"


@pytest.mark.parametrize("mark", ["W/“1”", "ü", "\udce9"])
def test_a_mark_that_no_header_can_be_given_is_not_sent_back(mark: str, server: MarketServer) -> None:
    with client(server) as asking:
        assert asking.get("bets", like={"etag": mark, "last_modified": "Tue, 01 Sep 2026 12:00:00 GMT"}).status == 200
        assert asking.get("bets", like={"etag": mark}).status == 200
    assert all("if-none-match" not in asked.headers for asked in server.asked)
    assert "if-modified-since" in server.asked[0].headers


# -- refusals and keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            refused(400, "Error\nvalidating \x1b[31mrequest."),
            "refuses /v0/bets (HTTP 400: Error validating [31mrequest.)",
        ),
        (refused(403, "x" * 900), f"refuses /v0/bets (HTTP 403: {'x' * 199}…)"),
        (refused(404, "Contract not found"), "has nothing at /v0/bets (Contract not found)"),
        (refused(401, "Who are you?"), "refuses /v0/bets (HTTP 401: Who are you?)"),
        (refused(301, ""), "refuses /v0/bets (HTTP 301: no reason given)"),
        (lambda _: Answer(b"<html>\xff", 410), "refuses /v0/bets (HTTP 410: <html>�)"),
        (lambda _: Answer(b'{"error": "gone", "details": [{"field": "a"}]}', 422), 'HTTP 422: gone [{"field": "a"}]'),
    ],
)
def test_a_refusal_is_not_tried_again(fault: Fault, said: str, server: MarketServer) -> None:
    error = failing(server, fault)
    assert said in str(error)
    assert str(error).endswith(": what is stored stays.")
    assert error.status is not None
    assert not isinstance(error, SourceDown)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_its_variable_and_not_itself(status: int, server: MarketServer) -> None:
    error = failing(server, refused(status, f"No user has the key {KEY}"), source=KEYED, token=KEY)
    assert str(error).endswith(": check SOMEWHERE_TOKEN.")
    assert KEY not in str(error)


def test_the_key_is_sent_and_never_kept(server: MarketServer) -> None:
    with client(server, source=KEYED, token=KEY) as asking:
        reply = asking.get("bets")
    assert server.asked[0].headers["authorization"] == f"Token {KEY}"
    assert KEY not in repr(reply)
    assert json.loads(reply.body)["key"] == "Token …"
    for fault in (refused(500, KEY), refused(400, KEY), lambda _: Answer(KEY.encode())):
        assert KEY not in str(failing(server, *[fault] * 6, source=KEYED, token=KEY))


@pytest.mark.parametrize(
    "key", ["Zq81 secret", "Zq81\tsecret", "Zq81-secret\n", "“Zq81-secret”", "Zq81\x1b", "Zq81\u00a0x"]
)
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key: str, server: MarketServer) -> None:
    error = failing(server, source=KEYED, token=key)
    assert isinstance(error, SourceDown)
    assert "the key in SOMEWHERE_TOKEN holds" in str(error)
    assert "Zq81" not in str(error)
    assert server.asked == []


# -- what the network is set to ----------------------------------------------------------------------------------------

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        pytest.param(
            "ALL_PROXY",
            "socks5://me:hunter2@127.0.0.1:1080",
            "names a SOCKS proxy, and only HTTP proxies can be used",
            marks=pytest.mark.skipif(find_spec("socksio") is not None, reason="SOCKS proxies can be used here"),
        ),
        ("HTTPS_PROXY", "proxy.corp:hunter2", "cannot be understood. A proxy's is like http://host:8080"),
        ("HTTPS_PROXY", "http://me:hunter2/3@proxy.corp", "cannot be understood"),
        ("ALL_PROXY", "gopher://hunter2:1", "cannot be understood"),
        ("NO_PROXY", "[::1", "cannot be understood"),
        ("SSL_CERT_FILE", "/nosuch/hunter2.pem", "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot"),
        ("SSL_CERT_FILE", __file__, "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"),
        ("HTTPS_PROXY", f"http://{'hunter2' * 10}:8080", "no connection"),
    ],
)
def test_a_setting_of_the_network_that_cannot_be_used_is_the_whole_sites_trouble(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, value)
    with Client(SITE, now=lambda: NOW, first_wait=0.0) as asking, pytest.raises(SourceDown) as caught:
        asking.get("bets")
    assert said in str(caught.value)
    assert variable in str(caught.value) or said == "no connection"
    assert "hunter2" not in str(caught.value)


# -- pace --------------------------------------------------------------------------------------------------------------


def test_requests_keep_to_the_rate_after_a_first_few() -> None:
    time = Time()
    pace = Pace(60, time.clock, time.sleep, burst=5)
    times = []
    for _ in range(40):
        pace.wait()
        times.append(time.at - 1000.0)
    assert times[:6] == [0, 0, 0, 0, 0, 1]
    assert times[-1] == 35
    # In no minute more than the rate and the first few.
    assert max(sum(start <= at < start + 10 for at in times) for start in range(40)) <= 15
    time.at += 1000
    pace.wait()
    assert time.slept[-1] == 1


def test_a_pause_holds_every_request() -> None:
    time = Time()
    pace = Pace(60, time.clock, time.sleep)
    pace.hold(30)
    pace.hold(10)
    pace.wait()
    pace.wait()
    assert time.slept == [30]


def test_a_client_waits_for_its_turn(server: MarketServer) -> None:
    time = Time()
    with client(server, time) as asking:
        for _ in range(25):
            asking.get("bets")
    assert sum(time.slept) == pytest.approx(15)


# -- over a real socket ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["429", "cut", "dropped", "half", "not gzip", "page"])
def test_the_same_holds_over_a_real_socket(trouble: str, server: MarketServer) -> None:
    server.faults.append(PASSING[trouble])
    with serving(server) as address, client(server, transport=ToSocket(address)) as asking:
        first = asking.get("bets", {"limit": 1})
        assert json.loads(first.body)["params"] == [["limit", "1"]]
        assert asking.get("bets", {"limit": 1}, like=first.validators).status == 304
        assert asking.requests == 3
    assert server.asked[0].headers["host"] == "api.example.org"


def test_a_server_that_hangs_is_given_up(server: MarketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "TIMEOUT", httpx.Timeout(0.1))
    server.faults.extend([slow(5.0)] * 2)
    with serving(server) as address:
        error = failing(server, transport=ToSocket(address), attempts=2)
    assert "after 2 tries (it took too long)" in str(error)


def test_nobody_there_is_one_line() -> None:
    with (
        client(site(), transport=ToSocket("http://127.0.0.1:9")) as asking,
        pytest.raises(SourceDown, match="no connection"),
    ):
        asking.get("bets")
