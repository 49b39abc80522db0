"""Runs the harness as a child process on this machine, and brings its messages to one queue."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
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
        self.log = log
        self.stopped = False
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
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, kind: str, **values: Any) -> None:
        """Tell the child something; a child that has ended says so with its exit event."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(kind, **values))
            self._process.stdin.flush()

    def quit(self) -> None:
        """Ask the child to end when it has nothing left to do."""
        self.stopped = True
        self.send("quit")

    def kill(self, grace: float = GRACE_SECONDS) -> None:
        """End the child and what it started: politely, and after `grace` seconds for certain."""
        self.stopped = True
        for signal_, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, GRACE_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal_)
            try:
                self._process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                continue

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith(b"\n"):
                self._events.put(Event(self, decode(line)))
        self._events.put(Event(self, {"kind": "exit", "code": self._process.wait()}))
