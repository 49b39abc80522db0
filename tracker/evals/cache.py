"""What a model has already answered for one task, so that a killed evaluation goes on where it stopped."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tracker.evals.failures import HarnessError


class Output(NamedTuple):
    """One answer as the model gave it.

    `raw` holds the thinking and special tokens; `output_tokens` counts thinking and answer up to the end, null when
    the server does not say; `finish_reason` is "stop", "length" or what the server calls it; `seconds` is the
    document's share of its batch in process, and the whole request on a server.
    """

    raw: str
    answer: str
    thinking: str | None
    output_tokens: int | None
    finish_reason: str | None
    seconds: float


class CacheMismatch(HarnessError):
    """The cache was written for other weights or settings than those that would now be served from it."""


class RequestCache:
    """Answers of one model, in one mode, on one task, in one SQLite file of its own.

    lm-eval's own cache leaves the model out of its key, so that one model's answers can be served as another's. Here
    the owner (model, weights, settings, task and its version) is written into the file and checked when it is opened.
    A batch is one transaction: after a kill it is there as a whole or not at all.
    """

    def __init__(self, path: Path, owner: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _open(path)
        except sqlite3.Error as error:
            raise HarnessError(
                f"The unfinished answers in {path} cannot be read ({error}): make the file writable, or move it away"
                " and they are asked again."
            ) from error
        text = json.dumps(owner, sort_keys=True, ensure_ascii=False)
        known = self._db.execute("SELECT text FROM owner").fetchone()
        if known is None:
            self._db.execute("INSERT INTO owner VALUES (?)", (text,))
        elif known[0] != text:
            self._db.close()
            raise CacheMismatch(f"{path} holds the answers of {known[0]}, not of {text}; move it away")

    def find(self, keys: Sequence[str]) -> dict[str, Any]:
        """The stored values among these keys."""
        found: dict[str, Any] = {}
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT key, value FROM answer WHERE key IN ({marks})", some)
            found.update((key, json.loads(value)) for key, value in rows)
        return found

    def save(self, values: Iterable[tuple[str, Any]]) -> None:
        """Store one batch in one transaction."""
        # Escaped to ASCII: half a surrogate pair, which servers do send, has no UTF-8 for SQLite to store.
        rows = [(key, json.dumps(value)) for key, value in values]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?)", rows)
        self._db.execute("COMMIT")

    def count(self) -> int:
        """How many answers are stored."""
        return int(self._db.execute("SELECT count(*) FROM answer").fetchone()[0])

    def close(self) -> None:
        self._db.close()


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE IF NOT EXISTS owner (text TEXT NOT NULL)")
        db.execute("CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    except sqlite3.Error:
        db.close()
        raise
    return db


def request_key(kind: str, prompt: str, arguments: Any, repeat: int = 0) -> str:
    """The key of one request: what was asked, how, and the how-manieth time (samples of one prompt differ)."""
    text = json.dumps([kind, prompt, arguments, repeat], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
