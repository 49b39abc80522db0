"""`markets add`, `find` and `list`: any address, one clear sentence, and foreign titles that stay text."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db.queries.questions import questions
from jobs.__main__ import app
from jobs.market_commands import followed_lines
from jobs.markets import sync_markets
from jobs.nightly import UsageError
from jobs.question_commands import open_questions
from tests.four_sites import CLOSES, NOW, OPENS, World, sold
from tests.market_server import refused
from tests.market_server_kalshi import Contract, Trade
from tests.market_server_metaculus import TOKEN, Posed
from tracker.settings import EMBEDDED_CATALOG

EVIL = "<script>alert(1)</script> [x](javascript:y) $latex$ =1+1 [red]no[/red]\x1b[31m\x07\u202emodels\nwin"


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> World:
    return World(sqlite_url, tmp_path)


def test_an_address_of_each_site_is_followed_and_says_what_it_is_now(world: World) -> None:
    world.manifold.add("reasoning-wins", price=0.4)
    world.manifold.trade("reasoning-wins", 0.62)
    world.polymarket.events["best-model"] = [sold("openai-best", 0.2, 0.31)]
    trades = [Trade(OPENS + timedelta(hours=5), 0.07)]
    world.kalshi.events["KXAGI-26"] = [Contract("KXAGI-26-A", OPENS, CLOSES, trades)]
    world.metaculus.posts[7] = ("Will it be?", Posed(7, "Will it be?", OPENS, CLOSES, [(OPENS, None, 0.55)]))
    world.environment["METACULUS_TOKEN"] = TOKEN
    addresses = {
        "manifold:reasoning-wins": ("https://manifold.markets/someone/reasoning-wins/?r=abc#answer-1", 0.62),
        "polymarket:best-model": ("polymarket.com/event/best-model/?tid=17", 0.31),
        "kalshi:KXAGI-26": ("https://kalshi.com/markets/kxagi/agi-this-year/kxagi-26", 0.07),
        "metaculus:7": ("https://www.metaculus.com/questions/7/will-it-be/", 0.55),
    }
    for name, (address, price) in addresses.items():
        assert world.add(address) == 0
        said = world.said()
        assert said.startswith("Followed from now on:\n")
        source = name.partition(":")[0]
        assert f"{name} · " in said
        assert f"· {source} {100 * price:.4g} %" in said
        assert world.price(name) == pytest.approx(price)
    assert set(world.stored()) == set(addresses)
    assert all(row["tracked"] and row["topic"] is None for row in world.stored().values())
    assert TOKEN not in "".join(path.read_bytes().decode("latin-1") for path in world.settings.data_dir.rglob("*.zst"))


def test_what_was_added_is_read_on_and_stays_when_the_catalogue_is_saved_again(world: World) -> None:
    world.polymarket.events["best-model"] = [market := sold("openai-best", 0.2, 0.31)]
    assert world.add("https://polymarket.com/event/best-model", "best-model", inverted=True) == 0
    row = world.stored()["polymarket:best-model"]
    assert (row["topic"], row["inverted"], row["note"], row["tracked"]) == ("best-model", True, "Added by hand.", True)
    open_questions(world.settings)
    assert world.stored()["polymarket:best-model"] == row
    world.polymarket.now += timedelta(days=1)
    market.prices.append((NOW + timedelta(hours=3), 0.5))
    result = sync_markets(
        world.engine,
        world.settings.data_dir,
        world.sites(),
        console=world.console(),
        now=world.now,
        only=["polymarket:best-model"],
    )
    assert (result.failed, world.price("polymarket:best-model")) == (0, 0.5)
    assert world.add("https://polymarket.com/event/best-model") == 0
    assert "Followed already; now it is:\n  polymarket:best-model · closes" in world.said()
    assert world.stored()["polymarket:best-model"]["topic"] == "best-model"


def test_a_topic_that_is_gone_from_the_catalogue_lets_go_of_what_was_added(world: World, tmp_path: Path) -> None:
    world.polymarket.events["best-model"] = [sold("openai-best", 0.2)]
    world.add("https://polymarket.com/event/best-model", "best-model")
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "questions.toml").write_text("")
    for path in EMBEDDED_CATALOG.iterdir():
        if path.is_file() and path.name != "questions.toml":
            (folder / path.name).write_bytes(path.read_bytes())
    open_questions(replace(world.settings, catalog_dir=folder))
    row = world.stored()["polymarket:best-model"]
    assert (row["topic"], row["note"], row["tracked"]) == (None, None, True)


def test_many_answers_are_each_followed_and_a_part_is_not_followed_twice(world: World) -> None:
    world.polymarket.events["best-model"] = [sold(f"model-{place:02}", place / 100) for place in range(1, 26)]
    assert world.add("https://polymarket.com/event/best-model") == 0
    said = world.said()
    assert "polymarket:best-model/model-01 · closes 2026-12-31 · polymarket 1 %" in said
    assert "  and 5 more answers" in said
    assert len(world.stored()) == 25
    with pytest.raises(
        UsageError, match="followed already, as one answer of its market: polymarket:best-model/model-0"
    ):
        world.add("https://polymarket.com/event/best-model/model-03")


def test_a_single_answer_can_be_followed_by_itself(world: World) -> None:
    world.polymarket.events["best-model"] = [sold("openai-best", 0.2), sold("google-best", 0.3)]
    assert world.add("https://polymarket.com/event/best-model/google-best") == 0
    assert list(world.stored()) == ["polymarket:google-best"]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/event/x",
        "https://manifold.markets/home",
        "https://polymarket.com",
        "hello",
        "",
        "file:///etc/passwd",
        "https://polymarket.com/event/..%2f..%2fetc",
        "\x1b[31mhttps://x",
    ],
)
def test_an_address_of_no_market_is_a_sentence_that_names_the_sites(world: World, address: str) -> None:
    with pytest.raises(
        UsageError, match="no address of a market at Manifold, Polymarket, Kalshi or Metaculus"
    ) as error:
        world.add(address)
    assert "\x1b" not in str(error.value)
    assert world.stored() == {}


def test_usage_errors_name_what_there_is(world: World) -> None:
    with pytest.raises(UsageError, match="There is no topic “nothing”: there are best-model, "):
        world.add("https://polymarket.com/event/x", "nothing")
    with pytest.raises(UsageError, match="give --topic, too"):
        world.add("https://polymarket.com/event/x", None, inverted=True)
    with pytest.raises(UsageError, match=r"Metaculus is read only with a key of your own in METACULUS_TOKEN\. "):
        world.add("https://www.metaculus.com/questions/7/")
    world.manifold.add("will-large-reasoning-models-signifi")
    with pytest.raises(UsageError, match=r"is in questions\.toml under the topic “creative-writing”: change it there"):
        world.add("https://manifold.markets/CDBiddulph/will-large-reasoning-models-signifi", "best-model")


def test_a_market_that_is_not_there_and_a_site_that_is_down_are_one_line_and_store_nothing(world: World) -> None:
    before = questions(world.engine)
    assert world.add("https://polymarket.com/event/nothing-here") == 1
    assert world.said() == (
        "polymarket:nothing-here: Polymarket has no event and no market “nothing-here”: copy its address from the page"
        " again.\n"
    )
    world.polymarket.events["best-model"] = [sold("openai-best", 0.2)]
    world.polymarket.server.faults.extend([refused(503), refused(503)])
    assert world.add("https://polymarket.com/event/best-model") == 1
    assert "did not answer /events/slug/best-model after 2 tries (HTTP 503)" in world.said()
    assert questions(world.engine).equals(before)


def test_a_quantity_is_refused_in_words(world: World) -> None:
    world.environment["METACULUS_TOKEN"] = TOKEN
    world.metaculus.posts[7] = ("How many?", Posed(7, "How many?", OPENS, CLOSES, kind="numeric"))
    assert world.add("https://www.metaculus.com/questions/7/") == 1
    assert "metaculus:7: Metaculus post 7 asks for no probability" in world.said()
    assert world.stored() == {}


def test_find_asks_every_site_that_offers_a_search(world: World) -> None:
    world.manifold.add("models", price=0.25)
    world.polymarket.events["best-model"] = [sold("best-model", 0.31)]
    world.polymarket.titles["best-model"] = "Best models of 2026?"
    world.metaculus.posts[7] = ("Many models?", Posed(7, "Many models?", OPENS, CLOSES, [(OPENS, None, 0.55)]))
    assert world.find("models") == 0
    lines = world.said().splitlines()
    assert lines[0].split() == ["Price", "Closes", "Title"]
    assert "  31 %  2026-12-31  Best models of 2026?" in lines
    assert f"{'':20}https://polymarket.com/event/best-model" in lines
    assert any(line.startswith("  25 %  ") for line in lines)
    assert not any("metaculus" in line for line in lines)
    world.environment["METACULUS_TOKEN"] = TOKEN
    assert world.find("models") == 0
    assert f"{'':20}https://www.metaculus.com/questions/7/" in world.said().splitlines()
    assert world.find("nothing at all of that") == 0
    assert world.said() == "Nothing open was found for “nothing at all of that”.\n"


def test_one_site_that_is_down_does_not_hide_what_another_finds(world: World) -> None:
    world.polymarket.events["best-model"] = [sold("best-model", 0.31)]
    world.manifold.site.faults.extend([refused(503), refused(503)])
    assert world.find("best model") == 1
    said = world.said()
    assert "Manifold did not answer /v0/search-markets after 2 tries (HTTP 503)" in said
    assert "https://polymarket.com/event/best-model" in said


def test_foreign_titles_are_text_and_nothing_in_them_reaches_the_terminal(world: World) -> None:
    world.polymarket.events["evil"] = [sold("evil-market", 0.31, question=EVIL)]
    world.polymarket.titles["evil"] = EVIL
    world.find("models")
    world.add("https://polymarket.com/event/evil")
    for line in followed_lines(world.engine, NOW):
        world.console().print(line, markup=False, highlight=False, soft_wrap=True)
    said = world.said()
    plain = "<script>alert(1)</script> [x](javascript:y) $latex$ =1+1 [red]no[/red] [31m models win"
    assert said.count(plain[:60]) == 3
    assert plain in said
    assert not {sign for sign in said if not sign.isprintable()} - {"\n"}


def test_list_says_how_old_each_price_is(world: World) -> None:
    world.polymarket.events["best-model"] = [sold("openai-best", 0.2), sold("google-best", 0.3)]
    world.kalshi.events["KXAGI-26"] = [Contract("KXAGI-26-A", OPENS, CLOSES, [Trade(OPENS, 0.07)])]
    world.add("https://polymarket.com/event/best-model")
    world.add("https://kalshi.com/markets/kxagi-26")
    lines = followed_lines(world.engine, NOW)
    assert "polymarket:best-model · 2 answers · read 2026-08-20 12:00 UTC" in lines
    assert "kalshi:KXAGI-26 · 7 % · read 2026-08-20 12:00 UTC" in lines
    assert "manifold:will-large-reasoning-models-signifi · no price · never read" in lines


def test_without_a_network_the_commands_say_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "data"))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        # A port that nobody answers: as without a network, and at once.
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    said = CliRunner().invoke(app, ["markets", "add", "https://polymarket.com/event/best-model"])
    assert said.exit_code == 1
    assert said.stdout.startswith(
        "polymarket:best-model: Polymarket did not answer /events/slug/best-model after 3 tries"
    )
    assert "no connection" in said.stdout
    assert said.stdout.count("\n") == 1
    said = CliRunner().invoke(app, ["markets", "list"])
    assert said.exit_code == 0
    assert "polymarket" not in said.stdout
