"""Runs the harness as a child process on this machine, and brings its messages to one queue."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from tracker.evals.protocol import decode, encode

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 3.0


class Event(NamedTuple):
    """A message of a child; kind "exit" when it has ended, with its `code` (negative: the signal that ended it)."""

    child: "Child"
    message: dict[str, Any]


class Child:
    """One harness process in a session of its own: Ctrl-C in the terminal is the night's to handle, not its."""

    def __init__(self, environment: Mapping[str, str], log: Path, events: "SimpleQueue[Event]") -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.stopped = False
        self.ended = threading.Event()
        self._log = log
        paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tracker.evals.harness"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**environment, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )
        self._events = events
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, kind: str, **values: Any) -> None:
        """Tell the child something; a child that has ended says so with its exit event."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):  # ValueError: closed, since it has ended
            self._process.stdin.write(encode(kind, **values))
            self._process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send a signal to the child and what it started; nothing happens when they have ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _follow(self) -> None:
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        code = self._process.wait()
        # Processes it left behind would hold its pipe open, and a GPU's memory.
        self.signal(signal.SIGKILL)
        reader.join(GRACE_SECONDS)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self.ended.set()
        self._events.put(Event(self, {"kind": "exit", "code": code}))

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    message = decode(line)
                except ValueError:
                    # Until the harness has the pipe to itself, a library may print into it; a killed child cuts a line.
                    with self._log.open("ab") as log:
                        log.write(line)
                else:
                    self._events.put(Event(self, message))


def end(children: Iterable[Child], grace: float = GRACE_SECONDS) -> None:
    """End children and what they started, all at once: politely, and after `grace` seconds for certain."""
    left = list(children)
    for child in left:
        child.stopped = True
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, GRACE_SECONDS)):
        for child in left:
            child.signal(number)
        until = time.monotonic() + seconds
        left = [child for child in left if not child.ended.wait(max(0.0, until - time.monotonic()))]
