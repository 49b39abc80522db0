"""What reaches the terminal: text without what steers it, addresses without passwords, sentences without tracebacks."""

import io
from pathlib import Path

import pytest
from rich.markup import escape
from rich.table import Table
from sqlalchemy import make_url
from typer.testing import CliRunner

from jobs.__main__ import app
from jobs.terminal import Terminal
from tests.night_setup import SmallNight

STEERING = "a\x1b[31mb\x07\rc\u202ed\x9be\tf\u2028g"


def printed(*things: object, **options: object) -> str:
    out = io.StringIO()
    Terminal(file=out, width=80).print(*things, highlight=False, **options)
    return out.getvalue()


def test_nothing_that_steers_a_terminal_reaches_it() -> None:
    assert printed(escape(f"{STEERING}\n:sun:")) == "a [31mb  c d e f g\n:sun:\n"
    table = Table(STEERING, box=None, padding=0)
    table.add_row(STEERING)
    assert printed(table).split("\n")[:2] == ["a [31mb  c d e f g"] * 2


def test_what_does_not_print_joins_nothing_to_markup() -> None:
    assert printed(escape("[\x1bred]warm[/\x1bred]")) == "[ red]warm[/ red]\n"


@pytest.fixture
def night(tmp_path: Path) -> SmallNight:
    night = SmallNight(tmp_path / "night")
    night.write_catalog(tmp_path)
    return night


def test_a_setting_is_quoted_as_text(night: SmallNight) -> None:
    done = CliRunner().invoke(app, ["status"], env={**night.environment, "TRACKER_MARKETS": "o\x1b[31mn"})
    assert (done.exit_code, done.output) == (1, "TRACKER_MARKETS is “o [31mn”: write on or off.\n")


@pytest.mark.parametrize("option", ["sslpassword", "password", "application_name"])
def test_status_shows_no_password_of_the_database(night: SmallNight, postgresql_url: str, option: str) -> None:
    address = make_url(postgresql_url).update_query_dict({option: "HUNTER2"}).render_as_string(hide_password=False)
    done = CliRunner().invoke(app, ["status"], env={**night.environment, "TRACKER_DATABASE_URL": address})
    assert done.exit_code == 0, done.output
    assert "Database:   postgresql" in done.output
    assert "HUNTER2" not in done.output


def test_estimates_tell_of_a_mistake_in_a_sentence_and_keep_the_rest_for_the_log(night: SmallNight) -> None:
    mistaken = '[[question]]\nown = "x"\ntitle = "Is it?"\ntopic = "bestmodel"\nknown = "Nothing."\n'
    (night.folder / "catalog" / "questions.toml").write_text(mistaken, encoding="utf-8")
    status, said = night.run("estimates")
    assert status == 1
    assert "Traceback" not in said
    lines = said.splitlines()
    assert lines[0].startswith('questions: questions.toml, question "x": topic is "bestmodel", allowed is ')
    # The rules are in the same file: they are not read, and it is not said again.
    assert [line.partition(":")[0] for line in lines] == ["questions", "published", "imports", "backfill", "estimates"]
    assert "Traceback" in (night.folder / "data" / "logs" / "jobs.log").read_text(encoding="utf-8")
