"""`python -m jobs export atom`: moves of ten points and new verdicts, once each, as a feed that readers accept."""

import xml.etree.ElementTree as ElementTree
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import joined
import polars as pl
import pytest
from joined import NOW
from sqlalchemy import Engine
from typer.testing import CliRunner

import jobs.__main__ as program
from db.engine import open_engine
from db.forecast_tables import Forecaster
from db.queries.estimates import ESTIMATES
from jobs.export_atom import ATOM, MOST_ENTRIES, Entry, export_atom, feed, moves, verdicts
from tests.seeded_questions import HOSTILE, forecast, question, save
from tests.test_rules_join_findings import row

DAY = date(2026, 11, 1)
NAMES = {"a": ATOM}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    joined.copy_to(found / "tracker.db")
    return found


def known(title: str = "Will it?") -> pl.DataFrame:
    columns = {"question_id": "manifold:q", "source": "manifold", "url": "https://manifold.markets/a/q", "scale": None}
    return pl.DataFrame([columns | {"title": title}])


def days(*values: float | None, kind: str = "market", forecaster: str = "manifold") -> pl.DataFrame:
    """What stood at the end of one day after the other."""
    rows: list[dict[str, Any]] = [
        {"question_id": "manifold:q", "forecaster": forecaster, "kind": kind, "on": DAY + timedelta(days=n)}
        | {"probability": value}
        for n, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema_overrides={"probability": pl.Float64})


def estimates(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([one | {"question_id": "manifold:q"} for one in rows], schema=ESTIMATES, orient="row")


# -- what is told ------------------------------------------------------------------------------------------------------


def test_a_move_of_ten_points_is_told_and_a_smaller_one_is_not() -> None:
    (entry,) = moves(days(0.30, 0.395, 0.495, 0.41), known())
    assert entry.title == "Up 10 points: Will it?"
    assert entry.text.replace("\u00a0", " ") == "Manifold went from 40 % to 50 % by the end of 3 Nov 2026 (UTC)."
    assert entry.link == "https://manifold.markets/a/q"


def test_ten_points_are_ten_points_whatever_the_floats_say() -> None:
    assert len(list(moves(days(0.3, 0.4, 0.30000000000000004), known()))) == 2


def test_a_hole_in_the_record_is_no_move() -> None:
    assert list(moves(days(0.2, None, 0.9), known())) == []


@pytest.mark.parametrize(("kind", "told"), [("tracker", 1), ("backtest", 1), ("person", 0), ("reference", 0)])
def test_only_markets_and_our_estimates_are_told(kind: str, told: int) -> None:
    found = list(moves(days(0.2, 0.5, kind=kind, forecaster="x"), known()))
    assert len(found) == told
    assert all(("Computed later" in entry.text) == (kind == "backtest") for entry in found)


def test_a_verdict_is_told_when_it_is_another() -> None:
    months = [date(2025, month, 28) for month in (9, 10, 11, 12)]
    words = ["too-little", "no", "no", "yes"]
    rows = [row(as_of=on, verdict=word, backtest=True) for on, word in zip(months, words, strict=True)]
    found = list(verdicts(estimates(*rows), known()))
    assert [entry.at.date() for entry in found] == [months[1], months[3]]
    assert [entry.title.split(":")[0] for entry in found] == ["It does not hold", "It holds"]
    assert all("Back-test" in entry.text for entry in found)


def test_a_live_verdict_and_a_back_test_are_two() -> None:
    found = list(verdicts(estimates(row(as_of=DAY), row(as_of=DAY, backtest=True)), known()))
    assert len({entry.key for entry in found}) == 2


# -- the feed ----------------------------------------------------------------------------------------------------------


def parsed(body: bytes) -> ElementTree.Element:
    """The feed, once it has what RFC 4287 demands of it."""
    root = ElementTree.fromstring(body)
    assert root.tag == f"{{{ATOM}}}feed"
    for name in ("id", "title", "updated", "author/a:name"):
        assert root.find(f"a:{name}", NAMES).text
    entries = root.findall("a:entry", NAMES)
    for entry in entries:
        for name in ("id", "title", "updated", "content"):
            assert len(entry.findall(f"a:{name}", NAMES)) == 1
        datetime.fromisoformat(entry.find("a:updated", NAMES).text)
        assert entry.find("a:id", NAMES).text.startswith("urn:uuid:")
    identities = [entry.find("a:id", NAMES).text for entry in entries]
    assert len(identities) == len(set(identities))
    return root


def test_the_command_writes_a_feed_that_stays_the_same(folder: Path, tmp_path: Path) -> None:
    bodies = []
    for name in ("one.atom", "two.atom"):
        done = CliRunner().invoke(
            program.app,
            ["export", "atom", "--out", str(tmp_path / name)],
            env={"TRACKER_DATA_DIR": str(folder), "COLUMNS": "200"},
        )
        assert done.exit_code == 0, done.output
        bodies.append((tmp_path / name).read_bytes())
    assert bodies[0] == bodies[1]
    titles = [entry.find("a:title", NAMES).text for entry in parsed(bodies[0]).findall("a:entry", NAMES)]
    assert any(title.startswith("It does not hold: Creative writing, as people vote") for title in titles)


def test_an_id_stays_when_more_happens(folder: Path) -> None:
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    whole = {entry.find("a:id", NAMES).text for entry in parsed(export_atom(engine)).findall("a:entry", NAMES)}
    engine.dispose()
    first = Entry("verdict\nx", NOW, "t", "c", None)
    alone = parsed(feed([first])).find("a:entry/a:id", NAMES).text
    assert parsed(feed([Entry("move\ny", NOW, "t", "c", None), first])).findall("a:entry/a:id", NAMES)[1].text == alone
    assert alone not in whole


def test_an_empty_database_gives_an_empty_feed(sqlite_engine: Engine) -> None:
    root = parsed(export_atom(sqlite_engine))
    assert root.findall("a:entry", NAMES) == []
    assert root.find("a:updated", NAMES).text == "1970-01-01T00:00:00Z"


def test_foreign_text_is_text_and_holds_no_sign_that_xml_may_not() -> None:
    (entry,) = moves(days(0.1, 0.9), known(f"{HOSTILE}\x00\x1b\ufffe]]>"))
    root = parsed(feed([entry]))
    title = root.find("a:entry/a:title", NAMES).text
    assert title.startswith(f"Up 80 points: {HOSTILE}")
    assert title.endswith("\ufffd\ufffd\ufffd]]>")


def test_a_link_leads_to_the_questions_own_site_alone() -> None:
    (entry,) = moves(days(0.1, 0.9), known().with_columns(url=pl.lit("javascript:alert(1)")))
    assert entry.link is None


def test_a_feed_holds_the_newest_and_is_not_endless(sqlite_engine: Engine) -> None:
    prices = [
        forecast("manifold:q", "manifold", NOW - timedelta(days=back), 0.2 if back % 2 else 0.8) for back in range(250)
    ]
    save(sqlite_engine, [Forecaster(name="manifold", kind="market"), question("manifold:q", "Will it?", NOW), *prices])
    moments = [entry.text for entry in parsed(export_atom(sqlite_engine)).findall("a:entry/a:updated", NAMES)]
    assert len(moments) == MOST_ENTRIES
    assert moments == sorted(moments, reverse=True)
    assert moments[0] == "2026-11-23T23:59:59Z"
