"""Replies of market sites as they are kept: whole or not there, in order, and exactly as they came."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import zstandard

from jobs.raw_replies import RawReplies
from tracker.markets.source import Reply, SourceError

AT = datetime(2026, 3, 1, 2, 0, 0, 123456, tzinfo=UTC)
TEXTS = ['{"a": 1}', "", "two\nlines\r\nand\u2028more\x85\x0b", "🧪 漢字 \x00", "half a pair \ud83d"]


@pytest.fixture
def raw(tmp_path: Path) -> RawReplies:
    return RawReplies(tmp_path / "data")


def reply(body: str = "{}", at: datetime = AT, **given: str) -> Reply:
    return Reply("https://api.example.org/bets?x=1&y=ü", 200, at, body, **given)


def test_replies_are_read_back_as_they_came(raw: RawReplies) -> None:
    replies = [reply(text) for text in TEXTS] + [reply(etag='W/"1"', last_modified="Tue, 01 Sep 2026 12:00:00 GMT")]
    name = raw.keep("manifold", "rain", replies, None)
    kept = raw.read("manifold", "rain", name)
    assert (kept.name, kept.after, list(kept.replies)) == (name, None, replies)


def test_a_file_is_named_by_its_moment_in_utc_and_none_is_written_over(raw: RawReplies) -> None:
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))
    names = [raw.keep("manifold", "rain", [reply(str(place), tokyo)], None) for place in range(3)]
    assert names[0] == "20260301T020000123456Z.jsonl.zst"
    assert raw.names("manifold", "rain") == names
    assert [raw.read("manifold", "rain", name).replies[0].body for name in names] == ["0", "1", "2"]


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "..", ".", "a/b", "C:\\x", "with space", "ünï", "a%2Fb", "KXICE-26"]
)
def test_whatever_a_key_is_its_files_stay_in_their_folder(raw: RawReplies, key: str) -> None:
    raw.keep("kalshi", key, [reply()], None)
    raw.keep("kalshi", "other", [reply()], None)
    [path] = [path for path in (raw.folder / "kalshi").rglob("*.zst") if path.parent.name != "other"]
    assert path.parent.parent == raw.folder / "kalshi"
    assert len(raw.names("kalshi", key)) == 1
    assert raw.names("kalshi", "else") == []


def test_a_chain_follows_what_each_file_continues(raw: RawReplies) -> None:
    def keep(day: int, after: str | None) -> str:
        return raw.keep("manifold", "rain", [reply(str(day), AT + timedelta(days=day))], after)

    def bodies(last: str | None) -> list[str]:
        return [kept.replies[0].body for kept in raw.chain("manifold", "rain", last)]

    first = keep(0, None)
    second = keep(1, first)
    orphan = keep(2, second)
    third = keep(3, second)
    assert bodies(third) == ["0", "1", "3"]
    assert bodies(orphan) == ["0", "1", "2"]
    # What the database knows is on another machine: the newest file is as good as any.
    assert bodies("elsewhere.jsonl.zst") == bodies(None) == ["0", "1", "3"]
    (raw.folder / "manifold" / "rain" / first).unlink()
    assert bodies(third) == ["1", "3"]
    assert list(raw.chain("manifold", "snow", None)) == []


def test_files_that_continue_each_other_in_a_circle_come_once(raw: RawReplies) -> None:
    name = raw.keep("manifold", "rain", [reply()], "20260301T020000123456Z.jsonl.zst")
    assert [kept.name for kept in raw.chain("manifold", "rain", name)] == [name]


def test_what_is_not_finished_is_not_there(raw: RawReplies) -> None:
    raw.keep("manifold", "rain", [reply()], None)
    folder = raw.folder / "manifold" / "rain"
    (folder / ".unfinished_x").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    assert len(raw.names("manifold", "rain")) == 1
    assert [path.name for path in folder.iterdir() if path.name.startswith(".unf")] == [".unfinished_x"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zstandard",
        zstandard.compress(b""),
        zstandard.compress(b"{}\n"),
        zstandard.compress(b'{"after": null}\n{"url": 1}\n'),
        zstandard.compress(b'{"after": null}\n[1]\n'),
        zstandard.compress(b'{"after": null}\n{"broken"\n'),
        zstandard.compress(b'\xff\xfe{"after": null}\n'),
        zstandard.compress(b'{"after": null}\n')[:-3],
    ],
)
def test_a_damaged_file_is_named(raw: RawReplies, content: bytes) -> None:
    name = raw.keep("manifold", "rain", [reply()], None)
    path = raw.folder / "manifold" / "rain" / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        raw.read("manifold", "rain", name)
    assert str(caught.value).startswith(f"The kept replies {path} are damaged and cannot be read")


def test_they_are_kept_packed(raw: RawReplies) -> None:
    name = raw.keep("manifold", "rain", [reply('{"probAfter": 0.25},' * 50_000)], None)
    assert (raw.folder / "manifold" / "rain" / name).stat().st_size < 10_000
