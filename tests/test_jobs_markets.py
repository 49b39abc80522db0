"""Reading the followed markets: each alone, each reported, and a failure is a line that loses nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from db.forecast_tables import Question
from db.queries.markets import followed_markets
from db.queries.runs import reports
from tests.market_rows import everything, prices
from tests.market_server import ToSocket, changed, refused, serving
from tests.markets_followed import World, told
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Snapshot, Source

KEYED = Source(
    name="metaculus",
    title="Metaculus",
    base_url="https://www.example.org/api/",
    rate=60,
    terms="None.",
    key_of=lambda url: None,
    fetch=lambda get, key, sync: [get(f"posts/{key}")],
    parse=lambda key, replies, sync: Snapshot([Question(id=f"metaculus:{key}", source="metaculus", title="A post")]),
    token="SOMEWHERE_TOKEN",
)
KEY = "Zq81-never-shown"


@pytest.fixture
def world(sqlite_engine: Engine, tmp_path: Path) -> World:
    return World(sqlite_engine, tmp_path / "data")


# -- reading -----------------------------------------------------------------------------------------------------------


def test_every_followed_market_is_read_and_reported(world: World) -> None:
    result = world.sync()
    world.check()
    assert result.summary() == "3 markets read, 33 new prices, 6 requests."
    assert told(world.engine) == {f"manifold:{slug}": ("done", None) for slug in ("rain", "snow", "sun")}
    counts = json.loads(reports(world.engine, "markets").filter(unit="manifold:rain")["counts"][0])
    assert counts == {"questions": 1, "moves": 11, "decisions": 0, "requests": 2}
    assert world.said.getvalue() == ""


def test_a_second_time_asks_once_and_keeps_no_file(world: World) -> None:
    world.sync()
    before = everything(world.engine)
    result = world.sync()
    assert result.summary() == "3 markets read, 0 new prices, 3 requests."
    assert [len(world.files(slug)) for slug in ("rain", "snow", "sun")] == [1, 1, 1]
    after = everything(world.engine)
    for rows in (before, after):
        assert len({row.pop("synced_at") for row in rows["Question"]}) == 1
    assert after == before
    world.trade("rain")
    assert world.sync().summary() == "3 markets read, 1 new price, 4 requests."
    assert len(world.files()) == 2
    world.check()


def test_decisions_are_counted(world: World) -> None:
    world.sync()
    world.site.resolve("rain", "YES")
    assert world.sync().summary() == "3 markets read, 0 new prices, 1 new decision, 3 requests."


def test_only_what_is_named_is_read(world: World) -> None:
    assert world.sync("manifold:snow").summary() == "1 market read, 11 new prices, 2 requests."
    assert {market.key for market in followed_markets(world.engine) if market.synced_at} == {"snow"}


def test_what_is_not_followed_is_not_read(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(Question.__table__.update().values(tracked=False))  # type: ignore[attr-defined]
    assert world.sync().summary() == "No market is followed: python -m jobs markets add ADDRESS"
    assert world.site.site.asked == []


def test_a_night_that_is_stopped_begins_no_other_market(world: World) -> None:
    result = world.sync(stopping=lambda: len(world.site.site.asked) > 0)
    assert list(result.outcomes) == ["manifold:rain"]


def test_it_reads_over_a_real_socket(world: World) -> None:
    with serving(world.site.site) as address:
        world.transports["manifold"] = ToSocket(address)
        assert world.sync().failed == 0
        assert world.sync().summary() == "3 markets read, 0 new prices, 3 requests."
    world.check()


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_broken_market_stops_no_other_and_loses_nothing(world: World) -> None:
    world.sync()
    before = prices(world.engine, "manifold:snow")
    for slug in world.site.markets:
        world.trade(slug)
    world.site.markets["snow"].more["probability"] = "[red]half[/red]"
    result = world.sync()
    assert result.summary() == "2 markets read, 2 new prices, 1 failed, 5 requests."
    line = (
        "Manifold has changed what it sends: “probability” of market “snow” is “[red]half[/red]”, where a number was"
        " expected. Nothing was stored; what is stored stays. A newer version of this program may know the change."
    )
    assert world.said.getvalue() == f"manifold:snow: {line}\n"
    assert told(world.engine)["manifold:snow"] == ("failed", line)
    assert prices(world.engine, "manifold:snow") == before
    del world.site.markets["snow"].more["probability"]
    assert world.sync().failed == 0
    world.check()


def test_a_bug_in_a_parser_is_a_line_too(world: World) -> None:
    def parse(key: str, replies: Any, sync: Any) -> Snapshot:
        if key == "snow":
            raise KeyError("surprise")
        return MANIFOLD.parse(key, replies, sync)

    world.sources["manifold"] = replace(MANIFOLD, parse=parse)
    result = world.sync()
    assert result.failed == 1
    assert world.said.getvalue() == "manifold:snow: KeyError: 'surprise'\n"
    assert prices(world.engine, "manifold:snow") == []


def test_a_market_that_is_gone_keeps_what_is_stored(world: World) -> None:
    world.sync()
    before = prices(world.engine, "manifold:rain")
    del world.site.markets["rain"]
    assert world.sync().failed == 1
    assert world.said.getvalue() == (
        "manifold:rain: Manifold has nothing at /v0/slug/rain (Contract not found): what is stored stays.\n"
    )
    assert prices(world.engine, "manifold:rain") == before


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("[Errno -2] Name or service not known", request=request)


def test_a_site_that_cannot_be_reached_is_one_line_and_the_others_are_read(world: World) -> None:
    world.follow("kalshi:ICE-1")
    world.follow("kalshi:ICE-2")
    world.sources["kalshi"] = replace(KEYED, name="kalshi", title="Kalshi", token=None)
    world.transports["kalshi"] = httpx.MockTransport(unreachable)
    result = world.sync()
    assert result.summary() == "3 markets read, 33 new prices, 1 failed, 1 left out, 9 requests."
    line = (
        "Kalshi did not answer /api/posts/ICE-1 after 3 tries (no connection: [Errno -2] Name or service not known):"
        " try again later; what is stored stays."
    )
    assert world.said.getvalue() == f"kalshi:ICE-1: {line}\n"
    assert told(world.engine)["kalshi:ICE-1"] == ("failed", line)
    assert told(world.engine)["kalshi"] == (
        "skipped", "Kalshi is not asked for more this time. 1 market of it stays as stored.",
    )  # fmt: skip
    world.check()


def test_a_site_that_is_busy_for_all_is_left_alone(world: World) -> None:
    world.site.site.faults.extend([refused(429, Retry_After="3600")])
    result = world.sync()
    assert (result.failed, result.left_out, len(world.site.site.asked)) == (1, 2, 1)
    assert world.said.getvalue() == (
        "manifold:rain: Manifold asks to be left alone for 60 minutes: try again after that.\n"
    )
    assert world.sync().failed == 0
    world.check()


def test_a_site_that_needs_a_key_is_left_out_without_one(world: World) -> None:
    world.follow("metaculus:1")
    world.follow("metaculus:2")
    world.sources["metaculus"] = KEYED
    result = world.sync()
    line = "Metaculus is read only with a key in SOMEWHERE_TOKEN. 2 markets of it stay as stored."
    assert (result.failed, result.left_out) == (0, 2)
    assert world.said.getvalue() == f"metaculus: {line}\n"
    assert told(world.engine)["metaculus"] == ("skipped", line)


def test_a_key_of_nothing_but_blanks_is_none(world: World) -> None:
    world.follow("metaculus:1")
    world.sources["metaculus"] = KEYED
    world.environment["SOMEWHERE_TOKEN"] = " \n"
    assert world.sync().left_out == 1
    assert world.said.getvalue().startswith("metaculus: Metaculus is read only with a key in SOMEWHERE_TOKEN. ")


def test_what_copying_left_around_a_key_is_no_part_of_it(world: World) -> None:
    sent = []

    def note(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    world.follow("metaculus:1")
    world.sources["metaculus"] = KEYED
    world.transports["metaculus"] = httpx.MockTransport(note)
    world.environment["SOMEWHERE_TOKEN"] = f" {KEY}\r\n"
    assert world.sync().failed == 0
    assert sent == [f"Token {KEY}"]


def test_a_key_that_no_header_can_hold_is_one_line_and_the_other_sites_are_read(world: World) -> None:
    world.follow("metaculus:1")
    world.follow("metaculus:2")
    world.sources["metaculus"] = KEYED
    world.environment["SOMEWHERE_TOKEN"] = f"“{KEY}”"
    assert world.sync().summary() == "3 markets read, 33 new prices, 1 failed, 1 left out, 6 requests."
    line = (
        "Metaculus is not asked: the key in SOMEWHERE_TOKEN holds a blank, a control character or a character beyond"
        " ASCII. Copy it anew."
    )
    assert world.said.getvalue() == f"metaculus:1: {line}\n"
    assert told(world.engine)["metaculus:1"] == ("failed", line)
    world.check()


def test_a_key_is_in_nothing_that_is_kept(world: World) -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        if "/2" in request.url.path:
            return httpx.Response(403, json={"message": f"not with {KEY}"})
        return httpx.Response(200, json={"you sent": request.headers["authorization"]})

    world.follow("metaculus:1")
    world.follow("metaculus:2")
    world.sources["metaculus"] = KEYED
    world.transports["metaculus"] = httpx.MockTransport(echo)
    world.environment["SOMEWHERE_TOKEN"] = KEY
    assert world.sync().failed == 1
    [name] = world.raw.names("metaculus", "1")
    assert "Token …" in world.raw.read("metaculus", "1", name).replies[0].body
    assert KEY not in repr([world.raw.read("metaculus", "1", name), everything(world.engine), world.said.getvalue()])
    assert KEY not in repr(reports(world.engine).to_dicts())


def test_a_source_that_this_version_does_not_know_is_left_out(world: World) -> None:
    world.follow("polymarket:x")
    assert world.sync().left_out == 1
    assert "This version reads no markets of “polymarket”." in world.said.getvalue()


def test_bets_that_do_not_join_up_are_told(world: World) -> None:
    hidden = world.site.markets["rain"].bets[4]["id"]
    world.site.site.faults.extend([None, changed(lambda rows: [row for row in rows if row["id"] != hidden])])
    assert world.sync().failed == 0
    assert world.said.getvalue() == (
        "manifold:rain: Manifold's bets on “rain” leave out what moved the price, once: a gap is drawn there.\n"
    )
    assert None in [price for _, _, price in prices(world.engine, "manifold:rain")]
    counts = json.loads(reports(world.engine, "markets").filter(unit="manifold:rain")["counts"][0])
    assert "a gap is drawn" in counts["notice"]
