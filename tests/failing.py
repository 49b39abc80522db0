"""Brings hubs that refuse or cannot be reached, and gives what the night says of an error."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import datasets
import huggingface_hub
import pytest

from tracker.evals.failures import Failure, explain


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with HF_HUB_OFFLINE=1, which the libraries read once, when they are imported."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


HUB_ANSWERS = {
    "gated": (403, "GatedRepo", "Access to this repository is restricted and you are not in the authorized list."),
    "gone": (404, "RepoNotFound", "Repository not found"),
    "moved": (404, "RevisionNotFound", "Invalid rev id: abc"),
    "private": (401, "", "Invalid username or password."),
}


@contextlib.contextmanager
def local_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub on this machine that refuses org/gated, org/gone and so on in the hub's own words."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            name = self.path.partition("org/")[2].partition("/")[0]
            status, code, message = HUB_ANSWERS.get(name, (404, "EntryNotFound", "Entry not found"))
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", message)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", url)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def caught(call: Callable[[], object], *, task: str | None = "echo_digit") -> Failure:
    """What the night says of the error that the call raises."""
    with pytest.raises(BaseException) as error:
        call()
    return said_of(error.value, task=task)


def said_of(error: BaseException, *, task: str | None = "echo_digit") -> Failure:
    what = f"the data of “{task}”" if task else "the weights org/tiny"
    failure = explain(error, model="tiny", task=task, what=what, log="logs/tiny.log")
    assert failure.sentence[0].isupper() or failure.sentence[0] == "“"
    assert failure.sentence.endswith(".")
    assert len(failure.sentence) < 500
    for trace in ("\n", "Traceback", 'File "', "site-packages"):
        assert trace not in failure.sentence
    return failure
