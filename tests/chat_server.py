"""A server that speaks OpenAI chat completions over real HTTP, answering as a test scripts it, and keeps what it got.

https://platform.openai.com/docs/api-reference/chat/object; `reasoning_content` and `reasoning` as vLLM documents them.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request; `attempt` counts how often this question has come, from 1."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    question: str
    attempt: int


@dataclass(frozen=True)
class Reply:
    """`hang` waits that many seconds first; `cut` breaks the connection off in the middle of the body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False


@dataclass
class Serving:
    """A running server: its `url` up to /v1, and every request in the order it came."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def attempts(self) -> dict[str, int]:
        """How often each question was asked."""
        return {one.question: one.attempt for one in self.asked}


def completion(
    content: str | None, *, finish: str | None = "stop", tokens: int | None = 5, **message: str | None
) -> Reply:
    """One answer; further keywords are fields of the message, such as reasoning_content. `tokens` None: no usage."""
    reply: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "served",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
        ],
    }
    if tokens is not None:
        reply["usage"] = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
    return Reply(json.dumps(reply).encode())


def refusal(status: int, text: str, **headers: str) -> Reply:
    """An error as the API words it."""
    error = {"error": {"message": text, "type": "invalid_request_error", "param": None, "code": None}}
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply(json.dumps(error).encode(), status, named)


@contextlib.contextmanager
def serving(script: Callable[[Asked], Reply]) -> Iterator[Serving]:
    """A server on a free port of this machine that answers each request with `script`."""
    stopping = threading.Event()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            question = body["messages"][-1]["content"]
            with lock:
                attempt = 1 + sum(one.question == question for one in running.asked)
                asked = Asked(self.path, body, dict(self.headers), question, attempt)
                running.asked.append(asked)
            reply = script(asked)
            stopping.wait(reply.hang)
            with contextlib.suppress(ConnectionError):
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            self.close_connection = reply.cut

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Serving(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
