"""What market sites answered, read again from what is kept: the same rows, or one line and what is stored stays."""

import json
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from db.forecast_tables import Forecast
from db.queries.markets import followed_markets
from db.queries.runs import reports
from tests.market_rows import everything, stored
from tests.markets_followed import World, told
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Snapshot


@pytest.fixture
def world(sqlite_engine: Engine, tmp_path: Path) -> World:
    return World(sqlite_engine, tmp_path / "data")


@pytest.fixture
def lived(world: World) -> World:
    """A world in which much was read, at eight moments."""
    for step in range(8):
        for slug in world.site.markets:
            if (step + len(slug)) % 3:
                world.trade(slug, step)
        if step == 3:
            world.site.resolve("rain", "YES")
        if step == 5:
            world.site.reopen("rain")
            world.site.resolve("snow", "MKT", value=0.2)
        world.sync()
        world.check()
    assert len(world.files()) > 4
    return world


def without_times(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """An answer that nothing is new leaves no file, and so no time."""
    for row in rows["Question"]:
        del row["synced_at"]
    return rows


def empty(world: World) -> None:
    with world.engine.begin() as connection:
        for table in ("forecast", "resolution", "question"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    for slug in ("rain", "snow", "sun"):
        world.follow(f"manifold:{slug}")


def test_what_is_kept_gives_the_same_rows_again(lived: World) -> None:
    before = everything(lived.engine)
    asked = len(lived.site.site.asked)
    assert lived.reparse().summary() == "3 markets read, 0 new prices."
    assert everything(lived.engine) == before
    assert told(lived.engine, "markets-from-raw")["manifold:rain"] == ("done", None)
    empty(lived)
    result = lived.reparse()
    assert result.failed == 0
    assert without_times(everything(lived.engine)) == without_times(before)
    assert len(lived.site.site.asked) == asked
    # From there the next sync goes on.
    lived.trade("sun")
    assert lived.sync().summary() == "3 markets read, 1 new price, 4 requests."
    lived.check()


def test_a_newer_parser_gets_all_of_it_again(lived: World) -> None:
    def parse(key: str, replies: Any, sync: Any) -> Snapshot:
        said = MANIFOLD.parse(key, replies, sync)
        assert sync == {} or sync["version"] == 2
        return replace(said, sync={**said.sync, "version": 2})

    lived.sources["manifold"] = replace(MANIFOLD, parse=parse)
    assert lived.reparse().failed == 0
    assert {market.sync["version"] for market in followed_markets(lived.engine)} == {2}
    lived.check()


def test_replies_that_were_kept_and_not_stored_are_on_no_chain(lived: World) -> None:
    """A process may die between the two."""
    lived.trade("sun", 3)
    market = next(one for one in followed_markets(lived.engine) if one.key == "sun")
    with lived.open_client(MANIFOLD, None) as client:
        replies = MANIFOLD.fetch(client.get, "sun", market.sync)
        lived.raw.keep("manifold", "sun", replies, market.sync["kept"])
    (lived.folder / "raw" / "manifold" / "sun" / ".unfinished1").write_bytes(b"half")
    lived.trade("sun", 3)
    lived.sync()
    before = everything(lived.engine)
    assert lived.reparse().failed == 0
    assert everything(lived.engine) == before
    empty(lived)
    assert lived.reparse().failed == 0
    assert without_times(everything(lived.engine)) == without_times(before)


def test_a_damaged_file_is_one_line_and_leaves_what_is_stored(lived: World) -> None:
    before = everything(lived.engine)
    path = lived.files()[1]
    path.write_bytes(path.read_bytes()[:-9])
    result = lived.reparse()
    assert result.failed == 1
    assert lived.said.getvalue() == (
        f"manifold:rain: The kept replies {path} are damaged and cannot be read: put a copy in their place, or remove"
        " them.\n"
    )
    assert everything(lived.engine) == before


def test_without_the_beginning_nothing_is_made_up(lived: World) -> None:
    before = everything(lived.engine)
    lived.files("sun")[0].unlink()
    result = lived.reparse("manifold:sun")
    assert result.failed == 1
    assert lived.said.getvalue() == (
        "manifold:sun: The replies that are kept do not tell its whole history: what is stored stays.\n"
    )
    assert everything(lived.engine) == before


def test_what_was_fetched_whole_needs_nothing_from_before(lived: World) -> None:
    """A decision that was taken back made the whole history be fetched; the decisions of before stay."""
    before = everything(lived.engine)
    for path in lived.files()[:2]:
        path.unlink()
    assert lived.reparse("manifold:rain").failed == 0
    counts = json.loads(reports(lived.engine, "markets-from-raw")["counts"][0])
    assert counts["skipped"] > 0
    assert everything(lived.engine) == before


def test_what_was_never_kept_is_left_out(world: World) -> None:
    assert world.reparse().left_out == 3
    assert stored(world.engine, Forecast) == []


def test_a_reply_from_another_time_zone_is_dated_in_utc(world: World) -> None:
    world.sync()
    assert all(path.name[8] == "T" and path.name.endswith("Z.jsonl.zst") for path in world.files())
    [market] = [one for one in followed_markets(world.engine) if one.key == "rain"]
    assert market.synced_at is not None
    assert world.files()[0].name.startswith(market.synced_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S"))
