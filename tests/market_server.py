"""A server that speaks a market site's read API, over a real socket or in this process, and can go wrong on demand.

A site is a `MarketServer` with its routes: tests/market_server_<source>.py makes one. `serving(site)` opens a socket;
`InProcess(site)` is the same site as an httpx transport, `ToSocket(address)` sends any host's requests to a socket.
"""

import contextlib
import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx


@dataclass(frozen=True)
class Asked:
    """One request. `params` in the order they came, a repeated one several times; `headers` in lower case."""

    path: str
    params: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def one(self, name: str) -> str | None:
        """The last value of a parameter, null where it was not sent."""
        return dict(self.params).get(name)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]


@dataclass(frozen=True)
class Answer:
    """`hang` waits that many seconds first; `cut` breaks off in the middle of the body; `drop` before any of it."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False
    drop: bool = False


Route = Callable[[Asked, re.Match[str]], Answer]
Fault = Callable[[Answer], Answer]
"""What goes wrong with one answer that would have been right."""


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; keywords are headers, `_` for `-`."""
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    return Answer(body, status, {"Content-Type": "application/json; charset=utf-8", **named})


class Refusal(Exception):
    """Raised by a route: the site answers with this instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class MarketServer:
    """`routes`: a pattern of the whole path, and what answers it; `missing`: the site's 404.

    `faults`: what goes wrong with the next answers, null where nothing does. `asked`: every request so far. Answers
    carry an ETag, and a request that brings it back gets 304, where `etags` is set.
    """

    def __init__(self, routes: Mapping[str, Route], missing: Answer, *, etags: bool = True) -> None:
        self.routes = {re.compile(pattern): route for pattern, route in routes.items()}
        self.missing = missing
        self.etags = etags
        self.faults: deque[Fault | None] = deque()
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            answer = self._right(asked)
            fault = self.faults.popleft() if self.faults else None
        return fault(answer) if fault else answer

    def _right(self, asked: Asked) -> Answer:
        for pattern, route in self.routes.items():
            if match := pattern.fullmatch(asked.path):
                try:
                    answer = route(asked, match)
                except Refusal as refusal:
                    return refusal.answer
                break
        else:
            return self.missing
        if not self.etags or answer.status != 200:
            return answer
        etag = f'W/"{hashlib.sha1(answer.body, usedforsecurity=False).hexdigest()[:20]}"'
        if asked.headers.get("if-none-match") == etag:
            return Answer(b"", 304, {"ETag": etag})
        return replace(answer, headers={**answer.headers, "ETag": etag})


# -- what can go wrong -------------------------------------------------------------------------------------------------


def refused(status: int, text: str = "Sorry.", **headers: str) -> Fault:
    """An error status with a message, as sites word them."""
    return lambda _: json_answer({"message": text}, status, **headers)


def cut(answer: Answer) -> Answer:
    """The connection breaks off in the middle of the body."""
    return replace(answer, cut=True) if len(answer.body) > 1 else replace(answer, drop=True)


def dropped(answer: Answer) -> Answer:
    """The connection is closed before a reply."""
    return replace(answer, drop=True)


def half(answer: Answer) -> Answer:
    """Half a body that calls itself whole: no longer JSON."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def page(_: Answer) -> Answer:
    """A page for people, with status 200, as proxies and maintenance give it."""
    return Answer(b"<!doctype html><title>Just a moment</title>", 200, {"Content-Type": "text/html"})


def bytes_(answer: Answer) -> Answer:
    """Bytes that are no text."""
    return replace(answer, body=b"\xff\xfe\x00" + answer.body)


def not_gzip(answer: Answer) -> Answer:
    """A body that is not packed as it says."""
    return replace(answer, headers={**answer.headers, "Content-Encoding": "gzip"})


def slow(seconds: float) -> Fault:
    """The answer comes after so many seconds."""
    return lambda answer: replace(answer, hang=seconds)


def changed(change: Callable[[Any], Any]) -> Fault:
    """The JSON is another than documented: `change` makes it so. Error statuses and 304 are left alone."""

    def fault(answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    return fault


# -- ways to reach a site ----------------------------------------------------------------------------------------------


def asked_of(target: str, headers: Mapping[str, str]) -> Asked:
    parts = urlsplit(target)
    params = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Asked(unquote(parts.path), params, {key.lower(): value for key, value in headers.items()})


class InProcess(httpx.BaseTransport):
    """The site as httpx sees it, without a socket and without waiting: what hangs too long is a timeout at once."""

    def __init__(self, site: MarketServer) -> None:
        self.site = site

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.site.answer(asked_of(str(request.url), request.headers))
        if answer.drop:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        if answer.hang > request.extensions["timeout"]["read"]:
            raise httpx.ReadTimeout("The read operation timed out", request=request)
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=_Body(answer), request=request)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        body = self.answer.body
        yield body[: len(body) // 2] if self.answer.cut else body
        if self.answer.cut:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class ToSocket(httpx.HTTPTransport):
    """Sends every request to the server at `address`, whatever host it names: the Host header still names that."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = httpx.URL(address)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host=self.address.host, port=self.address.port)
        return super().handle_request(request)


@contextlib.contextmanager
def serving(site: MarketServer) -> Iterator[str]:
    """The site on a free port of this machine; its address."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = site.answer(asked_of(self.path, self.headers))
            stopping.wait(answer.hang)
            with contextlib.suppress(ConnectionError):
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.close_connection = answer.cut or answer.drop
            if answer.drop:
                return
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
