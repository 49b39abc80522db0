"""How a site is asked: one at a time, below its own limit, again when it stumbles, and with no key ever shown.

Retry-After and conditional requests: https://www.rfc-editor.org/rfc/rfc9110.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import stamina

from tracker.markets.pace import Pace
from tracker.markets.source import Params, Reply, Source, SourceDown, SourceError, one_line

TIMEOUT = httpx.Timeout(60.0, connect=15.0)
"""Seconds without a byte. Manifold's search has been seen to take 29."""
LONGEST_REPLY = 180.0
"""Seconds for a whole reply: one that drips for longer is given up."""
LARGEST_REPLY = 64 << 20
TRIES, TRIES_UNREACHED = 6, 3
"""How often a request is sent; where there is no connection at all, more tries only keep the night waiting."""
LONGEST_WAIT = 120.0
"""Seconds that a site may ask for and we wait; for more, the next night is the better time."""
USER_AGENT = "capability-tracker/0.1 (reads public market data)"


class Stumble(Exception):
    """Passing trouble: 408, 425, 429, 5xx, no connection, a reply cut off, or one that is no JSON.

    `everywhere`: any other request would meet it too; `unreached`: there is no connection.
    """

    def __init__(
        self, text: str, status: int | None = None, *, everywhere: bool = False, unreached: bool = False
    ) -> None:
        super().__init__(text)
        self.status, self.everywhere, self.unreached = status, everywhere or unreached, unreached


class Client:
    """Asks one source. `get` is what `fetch` and `search` are given; `requests` counts what was sent.

    `token`: the key itself, where the source needs one. `first_wait` seconds before the second try, doubled for each
    later one. `clock` counts seconds, `now` is the time of day.
    """

    def __init__(
        self,
        source: Source,
        *,
        now: Callable[[], datetime],
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        first_wait: float = 1.0,
        attempts: int = TRIES,
    ) -> None:
        self.source = source
        self.requests = 0
        self._now, self._clock = now, clock
        self._token = token
        self._first_wait, self._attempts = first_wait, attempts
        self._pace = Pace(source.rate, clock, sleep)
        self._transport = transport
        self._opened: httpx.Client | None = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.close()

    @property
    def _http(self) -> httpx.Client:
        """Opened by the first request: what keeps it from opening then fails as any request does."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> httpx.Client:
        """Raises SourceDown for a key or a setting of the network that cannot be used; its value is never said."""
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        if self._token:
            if not _one_word(self._token):
                raise SourceDown(
                    f"{self.source.title} is not asked: the key in {self.source.token} holds a blank, a control"
                    " character or a character beyond ASCII. Copy it anew."
                )
            headers["Authorization"] = f"Token {self._token}"
        try:
            return httpx.Client(
                base_url=self.source.base_url, headers=headers, timeout=TIMEOUT, transport=self._transport
            )
        except ImportError:
            why = "ALL_PROXY, HTTPS_PROXY or HTTP_PROXY names a SOCKS proxy, and only HTTP proxies can be used"
        except (httpx.InvalidURL, ValueError):
            why = (
                "an address in HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY cannot be understood. A proxy's is like"
                " http://host:8080"
            )
        except OSError:
            why = "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"
        raise SourceDown(f"{self.source.title} cannot be asked: {why}. Correct that, or unset it.")

    def get(self, path: str, params: Params | None = None, like: Mapping[str, str] | None = None) -> Reply:
        """See `tracker.markets.source.Get`."""
        conditions = _conditions(like)
        request = self._http.build_request("GET", path, params=_given(params), headers=conditions)
        tries = 0

        def again(error: Exception) -> bool:
            return isinstance(error, Stumble) and not (error.unreached and tries >= TRIES_UNREACHED)

        try:
            for attempt in self._retrying(again):
                with attempt:
                    tries += 1
                    return self._once(request, conditional=bool(conditions))
        except Stumble as stumble:
            text = self._safe(
                f"{self.source.title} did not answer {_shown(request.url)} after {tries}"
                f" {'try' if tries == 1 else 'tries'} ({stumble}): try again later; what is stored stays."
            )
            raise (SourceDown if stumble.everywhere else SourceError)(text, stumble.status) from None
        raise AssertionError("stamina ends with a reply or an error")

    def _retrying(self, again: Callable[[Exception], bool]) -> Iterator[Any]:
        return iter(
            stamina.retry_context(
                on=again,
                attempts=self._attempts,
                timeout=None,
                wait_initial=self._first_wait,
                wait_max=60.0 * self._first_wait,
                wait_jitter=self._first_wait,
            )
        )

    def _once(self, request: httpx.Request, *, conditional: bool) -> Reply:
        self._pace.wait()
        self.requests += 1
        started = self._clock()
        try:
            response = self._http.send(request, stream=True)
            try:
                body = self._read(response, started)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, UnicodeError) as error:
            # UnicodeError: a proxy's name that no machine can have.
            raise Stumble(f"no connection: {_line(str(error))}", unreached=True) from error
        except httpx.TimeoutException as error:
            raise Stumble("it took too long") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Stumble(_line(str(error)) or type(error).__name__) from error
        self._check(response, body)
        if response.status_code == 304:
            if not conditional:
                raise Stumble("an empty reply that nobody asked for")
            text = ""
        else:
            text = _json_text(body)
        return Reply(
            url=str(request.url),
            status=response.status_code,
            fetched_at=self._now(),
            body=self._safe(text),
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
        )

    def _read(self, response: httpx.Response, started: float) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_REPLY:
                raise SourceError(f"{self.source.title} sent more than {LARGEST_REPLY >> 20} MiB in one reply.")
            if self._clock() - started > LONGEST_REPLY:
                raise Stumble("it took too long")
        return b"".join(parts)

    def _check(self, response: httpx.Response, body: bytes) -> None:
        """Raise what a status that is no success means."""
        status = response.status_code
        if status in (200, 304):
            return
        if status in (408, 425, 429) or status >= 500:
            wait = _retry_after(response.headers.get("retry-after"), self._now())
            if wait is not None and wait > LONGEST_WAIT:
                self._refuse_to_wait(wait)
            if wait:
                self._pace.hold(wait)
            raise Stumble(f"HTTP {status}", status, everywhere=status == 429)
        said = self._safe(_message(body))
        where = _shown(response.request.url)
        if status in (401, 403) and self.source.token:
            text = (
                f"{self.source.title} refuses the key for {where} (HTTP {status}: {said}): check {self.source.token}."
            )
            raise SourceError(text, status)
        if status == 404:
            raise SourceError(f"{self.source.title} has nothing at {where} ({said}): what is stored stays.", status)
        raise SourceError(f"{self.source.title} refuses {where} (HTTP {status}: {said}): what is stored stays.", status)

    def _refuse_to_wait(self, wait: float) -> NoReturn:
        long = "more than a day" if wait > 86_400 else f"{round(wait / 60)} minutes"
        raise SourceDown(f"{self.source.title} asks to be left alone for {long}: try again after that.")

    def _safe(self, text: str) -> str:
        """Some sites quote the key that they refuse."""
        return text.replace(self._token, "…") if self._token else text


def _given(params: Params | None) -> dict[str, Any] | None:
    if not params:
        return None
    return {name: list(value) if not isinstance(value, str | int | float) else value for name, value in params.items()}


def _one_word(token: str) -> bool:
    """Whether a header can hold it, and no error that quotes it writes it otherwise."""
    return token.isascii() and token.isprintable() and " " not in token


def _conditions(like: Mapping[str, str] | None) -> dict[str, str]:
    """A site may send a mark that no header can be given: it is then asked as if it had sent none."""
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    marks = {header: (like or {}).get(mark) for mark, header in names.items()}
    return {header: mark for header, mark in marks.items() if mark and mark.isascii()}


def _json_text(body: bytes) -> str:
    """The body as text. A site's passing trouble often comes as a page for people, with status 200."""
    try:
        text = body.decode("utf-8")
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Stumble("a reply that is no JSON") from error
    return text


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from now; null where nothing was said, or nothing that can be understood."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _message(body: bytes) -> str:
    """What a site says of an error: Manifold's and others' {"message": …}, or the start of whatever it is."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    if isinstance(found, dict):
        named = [found[key] for key in ("message", "error", "detail") if isinstance(found.get(key), str)]
        details = found.get("details")
        extra = f" {json.dumps(details, ensure_ascii=False)}" if isinstance(details, list) else ""
        found = named[0] + extra if named else text
    return _line(str(found)) or "no reason given"


def _line(text: str) -> str:
    """Foreign words as one short line."""
    line = one_line(text[:2000])
    return line if len(line) <= 200 else line[:199] + "…"


def _shown(url: httpx.URL) -> str:
    return urlsplit(str(url)).path
