"""Markets in the night and at the command line: read only where somebody wants them, and never in the night's way."""

import io
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from db.engine import open_engine
from db.queries.markets import followed_markets
from db.queries.runs import reports
from jobs.__main__ import app
from jobs.markets import Sites
from jobs.nightly import Wish, run_night
from jobs.slots import Slots
from tests.market_server import InProcess
from tests.market_server_manifold import Manifold
from tests.night_setup import WITHOUT_NETWORK, SmallNight
from tracker.markets.client import Client
from tracker.markets.manifold import MANIFOLD
from tracker.markets.source import Source
from tracker.settings import Settings

QUESTIONS = """
[[topic]]
id = "weather"
name = "Weather"
asks = "Will it rain?"

[[question]]
url = "https://manifold.markets/somebody/rain"
title = "Rain"
topic = "weather"
known = "Nothing."

[[question]]
url = "https://manifold.markets/somebody/snow"
title = "Snow"
topic = "weather"
known = "Nothing."
"""


@pytest.fixture
def night(tmp_path: Path) -> SmallNight:
    """A catalogue with two markets, and models that are not run."""
    night = SmallNight(tmp_path / "night")
    night.write_catalog(tmp_path)
    (night.folder / "catalog" / "questions.toml").write_text(QUESTIONS, encoding="utf-8")
    return night


@pytest.fixture
def site() -> Manifold:
    site = Manifold()
    for slug in ("rain", "snow"):
        site.add(slug)
        site.clock += 1000
        site.trade(slug, 0.25)
    return site


def now() -> datetime:
    return datetime.now(UTC)


def run(
    night: SmallNight, transport: httpx.BaseTransport | None, *, estimates: bool = True, **more: str
) -> tuple[int, str]:
    """A night whose budget lets no model run; its status, and what it said."""

    def open_client(source: Source, token: str | None) -> Client:
        return Client(source, now=now, transport=transport, sleep=lambda _: None, first_wait=0.0)

    said = io.StringIO()
    environment = {**night.environment, **more}
    status = run_night(
        Settings.from_environment(environment),
        Wish("mini", budget=0.0),
        console=Console(file=said, width=300),
        environment=environment,
        now=now,
        slots=Slots([]),
        estimates=estimates,
        sites=Sites({}, open_client, {"manifold": MANIFOLD}),
    )
    return status, said.getvalue()


def outcomes(night: SmallNight) -> dict[tuple[str, str], tuple[str, str | None]]:
    engine = open_engine(night.database_url)
    try:
        return {(row["job"], row["unit"]): (row["outcome"], row["error"]) for row in reports(engine).to_dicts()}
    finally:
        engine.dispose()


def test_a_night_reads_no_market_unless_it_is_told_to(night: SmallNight, site: Manifold) -> None:
    for more in ({}, {"TRACKER_MARKETS": ""}, {"TRACKER_MARKETS": "off"}):
        run(night, InProcess(site.site), **more)
    assert site.site.asked == []
    assert not (night.folder / "data" / "raw").exists()
    # Nor does a night that only runs benchmarks.
    run(night, InProcess(site.site), estimates=False, TRACKER_MARKETS="on")
    assert site.site.asked == []


def test_a_night_that_is_told_to_reads_them_on_the_very_first_night(night: SmallNight, site: Manifold) -> None:
    _, said = run(night, InProcess(site.site), TRACKER_MARKETS="on")
    assert "Markets: 2 markets read, 4 new prices, 4 requests.\n" in said
    found = outcomes(night)
    assert found["markets", "manifold:rain"] == found["markets", "manifold:snow"] == ("done", None)
    assert found["estimates", ""] == ("done", None)
    assert night.query("SELECT count(*) FROM forecast WHERE forecaster = 'manifold'") == [(4,)]
    assert night.query("SELECT DISTINCT topic, tracked FROM question") == [("weather", 1)]
    _, said = run(night, InProcess(site.site), TRACKER_MARKETS="On")
    assert "Markets: 2 markets read, 0 new prices, 2 requests.\n" in said


def test_a_site_that_fails_is_one_line_and_the_rest_of_the_night_runs(night: SmallNight, site: Manifold) -> None:
    run(night, InProcess(site.site), TRACKER_MARKETS="on")

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -2] Name or service not known", request=request)

    status, said = run(night, httpx.MockTransport(unreachable), TRACKER_MARKETS="on")
    assert status == 1
    assert [line for line in said.splitlines() if "Manifold" in line] == [
        "manifold:rain: Manifold did not answer /v0/slug/rain after 3 tries (no connection: [Errno -2] Name or service"
        " not known): try again later; what is stored stays."
    ]
    assert "Markets: 0 markets read, 0 new prices, 1 failed, 1 left out, 3 requests." in said
    assert outcomes(night)["estimates", ""] == ("done", None)
    assert night.query("SELECT count(*) FROM forecast WHERE forecaster = 'manifold'") == [(4,)]


@pytest.mark.parametrize(
    ("variable", "value"), [("HTTPS_PROXY", "proxy.corp:notaport"), ("SSL_CERT_FILE", "/nosuch.pem")]
)
def test_a_setting_of_the_network_ends_no_night(
    night: SmallNight, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    status, said = run(night, None, TRACKER_MARKETS="on")
    assert status == 1
    [line] = [line for line in said.splitlines() if "Manifold" in line]
    assert line.startswith("manifold:rain: Manifold cannot be asked: ")
    assert variable in line
    assert "Markets: 0 markets read, 0 new prices, 1 failed, 1 left out, 0 requests." in said
    assert outcomes(night)["estimates", ""] == ("done", None)


@pytest.mark.parametrize("arguments", [("add", "https://manifold.markets/somebody/rain"), ("find", "rain"), ()])
def test_a_setting_of_the_network_is_a_sentence_at_the_command_line(
    commands: SmallNight, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nosuch.pem")
    done = CliRunner().invoke(app, ["markets", *arguments])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert "Manifold cannot be asked: the certificates that SSL_CERT_FILE or SSL_CERT_DIR names" in done.output
    assert "TRACKER_DATA_DIR" not in done.output


@pytest.mark.skipif(
    subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode != 0, reason="needs unshare"
)
def test_a_machine_without_any_network_reads_nothing_and_says_so(night: SmallNight) -> None:
    offline = SmallNight(night.folder, offline=True, more={"TRACKER_MARKETS": "on"})
    status, said = offline.run("nightly", "--budget", "0s")
    assert status == 1
    assert "Traceback" not in said
    assert re.search(r"Manifold did not answer /v0/slug/rain after 3 tries \(no connection: [^)]+\): try again", said)
    assert outcomes(night)["estimates", ""] == ("done", None)


@pytest.fixture
def commands(night: SmallNight, monkeypatch: pytest.MonkeyPatch) -> SmallNight:
    for name, value in night.environment.items():
        if name.startswith("TRACKER_"):
            monkeypatch.setenv(name, value)
    return night


def test_a_question_that_is_not_followed_is_refused_with_those_that_are(commands: SmallNight) -> None:
    done = CliRunner().invoke(app, ["markets", "--only", "manifold:hail"])
    assert done.exit_code == 2
    assert done.output == "No market of “manifold:hail” is followed: there are manifold:rain, manifold:snow.\n"


def test_what_was_never_read_has_nothing_kept(commands: SmallNight) -> None:
    done = CliRunner().invoke(app, ["markets", "--from-raw"])
    assert (done.exit_code, done.output) == (0, "0 markets read, 0 new prices, 2 left out.\n")


def test_what_is_kept_is_read_again_at_the_command_line(commands: SmallNight, site: Manifold) -> None:
    run(commands, InProcess(site.site), TRACKER_MARKETS="on")
    done = CliRunner().invoke(app, ["markets", "--from-raw", "--only", "manifold:snow"])
    assert (done.exit_code, done.output) == (0, "1 market read, 0 new prices.\n")
    engine = open_engine(commands.database_url)
    assert [market.synced_at is not None for market in followed_markets(engine)] == [True, True]
    engine.dispose()


def test_a_switch_that_is_neither_on_nor_off_is_refused(commands: SmallNight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_MARKETS", "maybe")
    done = CliRunner().invoke(app, ["markets", "--from-raw"])
    assert (done.exit_code, done.output) == (1, "TRACKER_MARKETS is “maybe”: write on or off.\n")
