"""The command line of `rules check` and `backtest`, on the shipped evidence."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shipped
import typer
from rich.console import Console
from typer.testing import CliRunner

from db.bulk import save_moves
from db.engine import open_engine, writing
from db.forecast_tables import Forecaster, Move
from db.rows import merge
from jobs.nightly import UsageError
from jobs.questions import save_questions
from jobs.rule_commands import add_to
from tracker.settings import EMBEDDED_CATALOG, Settings

MISSION = "manifold:will-large-reasoning-models-signifi"
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)


@pytest.fixture
def program(tmp_path: Path) -> typer.Typer:
    """The two commands on a database with the shipped evidence and questions, early in 2026."""
    shipped.copy_to(tmp_path / "tracker.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'tracker.db'}")
    save_questions(engine, EMBEDDED_CATALOG)
    prices = [(datetime(2025, 12, 3, tzinfo=UTC), 0.6), (datetime(2026, 1, 31, 23, tzinfo=UTC), 0.4)]
    with writing(engine) as connection:
        merge(connection, Forecaster, [Forecaster(name="manifold", kind="market")])
        save_moves(connection, "manifold", [Move(MISSION, at, 0, price) for at, price in prices])
    engine.dispose()

    @contextmanager
    def edge() -> Iterator[Settings]:
        try:
            yield Settings.from_environment({"TRACKER_DATA_DIR": str(tmp_path)})
        except UsageError as error:
            Console().print(str(error))
            raise typer.Exit(2) from None

    app = typer.Typer()
    add_to(app, edge=edge, now=lambda: NOW)
    return app


def said(program: typer.Typer, *arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(program, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == status, done.output
    return done.output.replace("\u00a0", " ")


def test_back_tests_stand_beside_the_market_month_by_month(program: typer.Typer) -> None:
    out = said(program, "backtest", "creative writing")
    assert "Back-tests of 13 months, Jan 2025 to Jan 2026: 39 estimates are new." in out
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip().startswith("202")}
    assert min(rows) == "2025-01-31"
    assert len(rows) == 13
    assert " ".join(rows["2025-03-31"].split()) == "2025-03-31 Too little evidence not known not known not known"
    assert rows["2025-11-30"].rstrip().endswith("not known")
    assert rows["2025-12-31"].rstrip().endswith("60 %")
    assert rows["2026-01-31"].rstrip().endswith("40 %")
    assert "Manifold" in out
    assert "Ours against Manifold, over 2 months: " in out
    again = said(program, "backtest", "creative writing", "--missing", "--no-table")
    assert again.strip() == "Back-tests of 13 months, Jan 2025 to Jan 2026: 0 estimates are new."


def test_a_question_without_a_price_says_where_to_get_one(program: typer.Typer) -> None:
    out = said(program, "backtest", "state-of-the-art AI")
    assert "No price of its market is known here: python -m jobs markets" in out


def test_each_rule_is_told_in_words_with_its_verdict_on_a_day(program: typer.Typer) -> None:
    out = said(program, "rules", "check", "creative writing", "--as-of", "2025-12-31")
    assert "votes: " in out
    assert "It does not hold on the evidence up to 31 Dec 2025" in out
    assert "judges: " in out
    assert "as-clearly-as-coding: " in out


def test_a_question_without_a_rule_is_a_sentence(program: typer.Typer) -> None:
    assert "No question is called “nothing of the kind”" in said(program, "backtest", "nothing of the kind", status=2)
