"""A record of one question: what was known on its day, and nothing that came later."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import seeded_questions
from seeded_questions import NOW, WRITING
from sqlalchemy import Engine

from db.queries.record import last_day, record, runs_behind

PAST = "manifold:past-00"


@pytest.fixture
def filled(sqlite_engine: Engine) -> Engine:
    seeded_questions.fill(sqlite_engine)
    return sqlite_engine


def test_an_outcome_is_not_known_before_it_came(filled: Engine) -> None:
    after, before = (record(filled, PAST, (NOW - timedelta(days=back)).date()) for back in (4, 30))
    assert after.question["resolution"] is not None
    assert after.resolutions.height == 1
    assert before.question["resolution"] is None
    assert before.question["resolved_at"] is None
    assert before.resolutions.is_empty()


def test_nothing_later_is_in_it(filled: Engine) -> None:
    day = (NOW - timedelta(days=200)).date()
    known = record(filled, WRITING, day)
    assert known.moment == datetime(day.year, day.month, day.day, 23, 59, 59, 999999, tzinfo=UTC)
    assert known.forecasts["at"].max() <= known.moment
    assert known.standing["at"].max() <= known.moment
    assert known.questions["resolved_at"].max() <= known.moment


def test_a_withdrawal_is_not_known_before_it_was_made(filled: Engine) -> None:
    made = pl.col("forecaster") == "Grace"
    after, before = (record(filled, WRITING, (NOW - timedelta(days=back)).date()) for back in (170, 250))
    assert after.forecasts.filter(made, question_id=WRITING)["withdrawn_because"].to_list() == [
        "I mistook the question."
    ]
    assert before.forecasts.filter(made, question_id=WRITING)["withdrawn_at"].to_list() == [None]


def test_it_holds_the_others_of_its_topic_and_those_that_scores_need(filled: Engine) -> None:
    ids = set(record(filled, WRITING, NOW.date()).forecasts["question_id"])
    assert {WRITING, "kalshi:KXWRITING-26", PAST} <= ids
    assert "manifold:quiet-one" not in ids


def test_a_question_that_is_not_stored_is_a_key_error(filled: Engine) -> None:
    with pytest.raises(KeyError, match="own:nothing"):
        record(filled, "own:nothing", NOW.date())


def test_the_last_day_is_that_of_the_last_thing_recorded(filled: Engine) -> None:
    assert last_day(filled, "own:our-twins", date(2030, 1, 1)) == (NOW - timedelta(days=9)).date()
    assert last_day(filled, WRITING, date(2026, 1, 1)) == date(2026, 1, 1)
    assert last_day(filled, "own:nothing", date(2026, 1, 1)) == date(2026, 1, 1)


def test_no_evidence_has_no_runs_behind_it(filled: Engine) -> None:
    assert runs_behind(filled).is_empty()
    assert runs_behind(filled, pl.DataFrame()).is_empty()
