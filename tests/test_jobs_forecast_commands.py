"""`forecast` and `question` as a person gives them: what is printed, what is stored, and the exit status."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from db.engine import open_engine
from db.forecast_tables import Question
from jobs.__main__ import app
from jobs.forecast_commands import journal
from tests.market_rows import put

WRITING = "manifold:will-large-reasoning-models-signifi"
OWN = "own:chain-of-thought-outperforms-by-2026"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKER_FORECASTER", "Ada")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), terminal_width=100)


def done(*arguments: str) -> str:
    said = call(*arguments)
    assert said.exit_code == 0, said.output
    return said.stdout


def refused(*arguments: str, status: int) -> str:
    said = call(*arguments)
    assert said.exit_code == status, said.output
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
    return said.stderr.strip()


def stored(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tracker.db")) as database:
        return list(database.execute(query))


FORECASTS = (
    "SELECT question_id, forecaster, probability, reason FROM forecast WHERE recorded_at IS NOT NULL ORDER BY at"
)


@pytest.mark.parametrize("group", ["forecast", "question"])
@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_a_group_without_a_command_explains_itself(group: str, arguments: tuple[str, ...]) -> None:
    said = call(group, *arguments)
    assert f"python -m jobs {group}" in said.output
    assert "TEXT" not in said.output


@pytest.mark.parametrize(
    "command",
    [
        *(("forecast", name) for name in ("make", "list", "withdraw")),
        *(("question", name) for name in ("add", "resolve", "annul", "reopen", "list")),
    ],
)
def test_help_explains_every_command_with_an_example(command: tuple[str, str]) -> None:
    said = done(*command, "--help")
    example = f"  python -m jobs {command[0]} "
    assert example in said.partition("Examples:")[2]
    assert "TEXT" not in said


def test_the_shipped_questions_are_there_before_any_night(folder: Path) -> None:
    said = done("question", "list")
    assert f"{WRITING} · open · no forecast stands" in said
    assert f"{OWN} · open · CDBiddulph 65 %" in said
    assert said.count("\n") == 10
    assert done("question", "list", "Chain-of-THOUGHT").count("\n") == 2
    assert "No such question" in done("question", "list", "weather")
    assert "2025-03-31 CDBiddulph 65 % Said by the author of" in done("forecast", "list")


def test_a_forecast_is_recorded_and_says_what_it_replaces_and_what_others_say(folder: Path) -> None:
    said = done("forecast", "creative WRITING", "40%", "--because", "Votes see [no] gap.")
    assert said.splitlines()[0] == f"Recorded: Ada 40 % (odds 1 : 1.5) on {WRITING}"
    said = done("forecast", WRITING, "3 to 2 against", "--as", "Grace")
    assert "Others: Ada 40 %." in said
    said = done("forecast", "--because", "Options may come first.", "will-large-reasoning-models-signifi", "0.1234567")
    assert re.search(r"Ada 12\.35 % .*\n.*\n  In the place of 40 % of \d{4}-\d\d-\d\d\.\n  Others: Grace 40 %\.", said)
    assert stored(folder, FORECASTS) == [
        (WRITING, "Ada", 0.4, "Votes see [no] gap."),
        (WRITING, "Grace", 0.4, None),
        (WRITING, "Ada", 0.1234567, "Options may come first."),
    ]


def test_who_forecasts_is_said_set_or_whoever_is_logged_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done("forecast", OWN, "0.5")
    monkeypatch.setenv("TRACKER_FORECASTER", "")
    monkeypatch.setenv("LOGNAME", "grace")
    done("forecast", OWN, "0.6")
    done("forecast", OWN, "0.7", "--as", "Emmy")
    assert [row[1] for row in stored(folder, FORECASTS)] == ["Ada", "grace", "Emmy"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((WRITING, "40"), 2, "“40” can be read as 40 % or as the odds 40:1, which are 97.6 %: write 40% or 40:1."),
        ((WRITING, "likely"), 2, "“likely” is no probability. Write 40%, 0.4, or odds for : against such as 2:3;"),
        ((WRITING, "-0.4"), 2, "“-0.4” is no probability: one lies from 0 to 1."),
        ((WRITING, "0.4", "--as", "Manifold"), 1, "“Manifold” is reserved: readers would take it for a market,"),
        (("weather", "0.4"), 2, "No question is called “weather”: python -m jobs question list names those there are."),
        ((" ", "0.4"), 2, "Which question? Say its id, address, slug, or a part of its title."),
        (("2026", "0.4"), 2, "“2026” could be 4 questions:"),
        ((WRITING,), 2, "Missing argument"),
        ((WRITING, "0.4", "--becuase", "x"), 2, "No such option: --becuase"),
        (("withdraw", WRITING), 2, "Missing option '--because'"),
        (("withdraw", WRITING, "--because", "x"), 1, "Nobody called “Ada” has made a forecast."),
    ],
)
def test_what_cannot_be_recorded_is_a_sentence(
    folder: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done("question", "list")
    assert said in refused("forecast", *arguments, status=status)
    assert stored(folder, FORECASTS) == []


def test_a_name_that_several_have_lists_them(folder: Path) -> None:
    lines = refused("forecast", "2026", "0.4", status=2).splitlines()
    assert lines[1].strip().startswith("manifold:sota-ai-at-eoy-2026-a-reasoning-mod  Will the state-of-the-art AI")
    assert len(lines) == 6
    assert lines[-1] == "Say more of it, or its id."


def test_a_withdrawn_forecast_stays_in_the_journal(folder: Path) -> None:
    done("forecast", "creative writing", "0.4")
    assert f"UTC on {WRITING}." in done("forecast", "withdraw", "creative writing", "--because", "I mistook it.")
    said = done("forecast", "list", "creative writing", "--as", "ADA")
    assert re.search(r"UTC Ada 40 % withdrawn \d{4}-\d\d-\d\d \d\d:\d\d UTC: I mistook it\.", said)
    said = done("forecast", "list", "creative writing", "--as", "Grace")
    assert said.startswith(f"No forecast of “Grace” on {WRITING} is stored: ")
    assert done("forecast", "list", "--as", "Nobody").startswith("No forecast of “Nobody” is stored: ")
    assert "no forecast stands" in done("question", "list", "creative writing")


def test_a_question_of_ones_own_from_asking_to_the_last_decision(folder: Path) -> None:
    said = done("question", "add", "Do we finish in time?", "--closes", "2999-12-31", "--rules", "If released.")
    assert said.startswith("Added: own:do-we-finish-in-time\n")
    done("forecast", "in time", "0.9")
    for arguments, state in (
        (("resolve", "in time", "yes"), "resolved YES on 2"),
        (("resolve", "in time", "30%"), "resolved 30 % of YES on 2"),
        (("annul", "in time"), "annulled"),
        (("reopen", "in time"), "closes 2999-12-31"),
        (("resolve", "in time", "no"), "resolved NO on 2"),
    ):
        assert f"own:do-we-finish-in-time: {state}" in done("question", *arguments, "--because", "So it was.")
    assert stored(folder, "SELECT resolution, annulled, because FROM resolution ORDER BY recorded_at") == [
        (1.0, 0, "So it was."),
        (0.3, 0, "So it was."),
        (None, 1, "So it was."),
        (None, 0, "So it was."),
        (0.0, 0, "So it was."),
    ]
    said = refused("forecast", "in time", "0.9", status=1)
    assert said == "“Do we finish in time?” is decided: what was forecast stays as it is."
    row = stored(folder, "SELECT title, rules, closes_at FROM question WHERE id = 'own:do-we-finish-in-time'")
    assert row == [("Do we finish in time?", "If released.", "2999-12-31 23:59:59.000000")]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("resolve", OWN, "perhaps", "--because", "x"), 2, "An outcome is yes, no or a share of YES. “perhaps” is no"),
        (("resolve", OWN, "yes"), 2, "Missing option '--because'"),
        (("resolve", OWN, "yes", "--because", " "), 1, "A reason is needed: why?"),
        (("resolve", OWN, "yes", "--because", "x", "--on", "May"), 2, "--on is “May”, and that is no day: write 2026-"),
        (("resolve", OWN, "yes", "--because", "x", "--on", "2999-01-01"), 1, "cannot be known at 2999-01-01 00:00 UTC"),
        (("resolve", WRITING, "yes", "--because", "x"), 1, f"{WRITING} is decided by manifold: only one's own"),
        (("reopen", OWN, "--because", "x"), 1, "“Chain-of-thought training outperforms traditional LLMs by 2026” is"),
        (("annul", OWN), 2, "Missing option '--because'"),
        (("add", " "), 1, "A question needs its text."),
        (("add", "Late?", "--closes", "2020-01-01"), 1, "The question would close on 2020-01-01, which is over"),
        (("add", "Late?", "--closes", "soon"), 2, "--closes is “soon”, and that is no day: write 2026-12-31."),
    ],
)
def test_what_cannot_be_decided_is_a_sentence(folder: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    assert said in refused("question", *arguments, status=status)


def test_an_outcome_known_earlier_is_dated_to_its_day(folder: Path) -> None:
    done("question", "resolve", OWN, "yes", "--because", "It was seen.", "--on", "2026-01-15")
    assert stored(folder, "SELECT resolved_at FROM resolution") == [("2026-01-15 00:00:00.000000",)]
    assert f"{OWN} · resolved YES on 2026-01-15" in done("question", "list", "training outperforms")


def test_a_forecast_after_the_close_says_that_it_is_not_scored(folder: Path) -> None:
    done("question", "list")
    with closing(sqlite3.connect(folder / "data" / "tracker.db")) as database, database:
        # As the site has it: the catalogue says nothing of it.
        database.execute(
            "UPDATE question SET closes_at = '2026-01-01 00:00:00.000000', synced_at = '2026-01-01 00:00:00.000000'"
        )
    said = done("forecast", WRITING, "0.5")
    assert "The question closed on 2026-01-01: forecasts from then on are not scored." in said


def test_a_broken_file_of_questions_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = Path(__file__).resolve().parents[1] / "tracker" / "catalog"
    own = folder / "catalog"
    own.mkdir()
    for name in ("models.toml", "benchmarks.toml"):
        (own / name).write_bytes((shipped / name).read_bytes())
    monkeypatch.setenv("TRACKER_CATALOG_DIR", str(own))
    # A catalogue without questions gets those that come with the program.
    assert WRITING in done("question", "list")
    (own / "questions.toml").write_text('[[question]]\nown = "x"\n', encoding="utf-8")
    assert (
        refused("question", "list", status=1) == 'questions.toml, question "x": title is missing, and it is required.'
    )


def test_foreign_text_of_a_site_cannot_move_the_cursor_in_any_answer(folder: Path) -> None:
    done("question", "list")
    engine = open_engine(f"sqlite:///{folder / 'data' / 'tracker.db'}")
    opened, sized = "kalshi:\x1b[2J\nopen", "kalshi:\x1b[2J\nsize"
    put(engine, Question(id=opened, source="kalshi", title="Ope\x1b[31m\nned?"))
    put(engine, Question(id=sized, source="kalshi", title="Siz\x1b[31m\ned?", scale={}))
    engine.dispose()
    said = [
        done("forecast", "ope", "0.4"),
        done("forecast", "list", "ope"),
        done("question", "list", "ope"),
        done("forecast", "withdraw", "ope", "--because", "So."),
        refused("forecast", "siz", "0.4", status=1),
        refused("question", "resolve", "ope", "yes", "--because", "So.", status=1),
    ]
    assert all(sign == "\n" or sign.isprintable() for text in said for sign in text)
    assert said[0].splitlines() == ["Recorded: Ada 40 % (odds 1 : 1.5) on kalshi: [2J open", "  Ope [31m ned?"]
    assert said[1].startswith("kalshi: [2J open: Ope [31m ned?\n")
    assert said[4] == "“Siz [31m ed?” asks for a quantity: a probability would say nothing of it."


def test_foreign_text_in_the_journal_cannot_move_the_cursor() -> None:
    asked = pl.DataFrame({"question_id": ["q"], "title": ["A \x1b]0;title\x07 [bold]"]})
    rows = pl.DataFrame(
        {
            "question_id": ["q"], "forecaster": ["A\x1bda"], "kind": ["person"], "at": ["2026-01-01"], "position": [0],
            "probability": [None], "reason": ["line\r\nline"], "citation": [None], "recorded_at": ["2026-01-01"],
            "withdrawn_at": [None], "withdrawn_because": [None],
        },
        schema_overrides={"at": pl.String, "probability": pl.Float64, "withdrawn_at": pl.String, "citation": pl.String},
    ).with_columns(pl.col("at", "recorded_at").str.to_datetime("%Y-%m-%d", time_zone="UTC"))  # fmt: skip
    assert journal(rows, asked) == [
        "q: A ]0;title [bold]",
        "  2026-01-01 00:00 UTC A da no forecast from here on line line",
    ]
