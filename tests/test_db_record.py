"""A record of one question: what was known on its day, and nothing that came later."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import seeded_questions
from seeded_questions import NOW, WRITING
from sqlalchemy import Engine, update

from db.engine import writing
from db.estimate_store import save_estimates
from db.estimate_tables import Estimate
from db.forecast_store import add_question, resolve_question, save_forecast, withdraw_forecast
from db.forecast_tables import Question, Resolution
from db.queries.record import last_day, record, runs_behind

PAST = "manifold:past-00"
OPENED = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DECISION = ("resolution", "annulled", "resolved_at")


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


def test_an_outcome_is_not_known_before_it_was_recorded(engine: Engine) -> None:
    own, other = (add_question(engine, title, now=OPENED) for title in ("Will X?", "Will Y?"))
    save_forecast(engine, own, "Ada", 0.4, reason=None, now=OPENED + DAY)
    resolve_question(engine, own, 1.0, because="It did.", now=OPENED + 15 * DAY, resolved_at=OPENED + 5 * DAY)
    between = record(engine, own, (OPENED + 9 * DAY).date())
    assert [between.question[name] for name in DECISION] == [None, False, None]
    assert between.resolutions.is_empty()
    assert between.forecasts["forecaster"].to_list() == between.standing["forecaster"].to_list() == ["Ada"]
    after = record(engine, own, last_day(engine, own, date(2030, 1, 1)))
    assert after.as_of == (OPENED + 15 * DAY).date()
    assert [after.question[name] for name in DECISION] == [1.0, False, OPENED + 5 * DAY]
    assert after.standing.is_empty()
    assert other in after.questions["question_id"]


def test_what_a_site_counted_later_is_not_known(sqlite_engine: Engine) -> None:
    read = NOW - 2 * DAY
    counted = {"volume": 1234.0, "volume_unit": "mana", "forecasters": 56, "synced_at": read}
    seeded_questions.save(sqlite_engine, [seeded_questions.question("manifold:counted", "Will it?", **counted)])
    before, on_the_day = (record(sqlite_engine, "manifold:counted", day.date()).question for day in (read - DAY, read))
    assert [before[name] for name in ("volume", "volume_unit", "forecasters")] == [None] * 3
    assert [on_the_day[name] for name in ("volume", "volume_unit", "forecasters")] == [1234.0, "mana", 56]


def test_a_correction_is_not_known_before_it_was_made(engine: Engine) -> None:
    own = add_question(engine, "Will Y?", now=OPENED)
    save_forecast(engine, own, "Ada", 0.4, reason=None, now=OPENED + DAY)
    for days, outcome in ((5, 0.0), (15, 1.0), (20, "reopened"), (25, "annulled")):
        resolve_question(engine, own, outcome, because="So it is.", now=OPENED + days * DAY)  # type: ignore[arg-type]
    for days, resolution, annulled in ((4, None, False), (9, 0.0, False), (19, 1.0, False), (24, None, False)):
        known = record(engine, own, (OPENED + days * DAY).date())
        assert (known.question["resolution"], known.question["annulled"]) == (resolution, annulled)
        assert known.standing.is_empty() == (resolution is not None)
    assert record(engine, own, (OPENED + 26 * DAY).date()).question["annulled"]


def test_an_outcome_of_no_known_day_is_not_known_on_every_day(filled: Engine) -> None:
    with writing(filled) as connection:
        for kind in (Question, Resolution):
            own = kind.id if kind is Question else Resolution.question_id
            connection.execute(update(kind).where(own == PAST).values(resolved_at=None))
    before, after = (record(filled, PAST, (NOW - timedelta(days=back)).date()) for back in (30, 4))
    assert before.question["resolution"] is None
    assert after.question["resolution"] is not None


def estimate(rule_id: str, as_of: date, made: datetime, p_yes: float, *, backtest: bool = False) -> Estimate:
    return Estimate(
        question_id=WRITING,
        rule_id=rule_id,
        as_of=as_of,
        method="m",
        backtest=backtest,
        evidence_hash=f"{p_yes}",
        headline=True,
        deadline=as_of,
        verdict="no",
        p_yes=p_yes,
        statistic={},
        drivers=[],
        variants=[],
        rule={},
        seed=1,
        code_version="c",
        computed_at=made,
    )


def test_what_was_computed_after_the_day_is_a_back_test(filled: Engine) -> None:
    day = (NOW - 20 * DAY).date()
    at = datetime.combine(day, datetime.min.time(), UTC)
    save_estimates(
        filled,
        [
            estimate("kept", day, at + timedelta(hours=3), 0.1),
            estimate("kept", day, at + 12 * DAY, 0.2),
            estimate("late", day, at + DAY, 0.3),
            estimate("late", day, at + 2 * DAY, 0.4, backtest=True),
        ],
    )

    def made(as_of: date) -> list[tuple[str, bool, float]]:
        return record(filled, WRITING, as_of).estimates.select("rule_id", "backtest", "p_yes").rows()

    # What stood on the day stays known beside what evidence mended since would have said.
    assert made(day) == [("kept", False, 0.1), ("kept", True, 0.2), ("late", True, 0.4)]
    assert made(day + DAY) == [("kept", False, 0.1), ("kept", True, 0.2), ("late", False, 0.3), ("late", True, 0.4)]
    assert made(NOW.date()) == [("kept", False, 0.2), ("late", False, 0.3), ("late", True, 0.4)]


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


def test_a_withdrawal_a_decision_and_an_estimate_made_late_are_recorded_too(engine: Engine) -> None:
    own = add_question(engine, "Will X?", now=OPENED)
    days = []
    save_forecast(engine, own, "Ada", 0.4, reason=None, now=OPENED + DAY)
    days.append(last_day(engine, own, date(2030, 1, 1)))
    withdraw_forecast(engine, own, "Ada", because="A slip.", now=OPENED + 2 * DAY)
    days.append(last_day(engine, own, date(2030, 1, 1)))
    resolve_question(engine, own, 1.0, because="It did.", now=OPENED + 3 * DAY, resolved_at=OPENED)
    days.append(last_day(engine, own, date(2030, 1, 1)))
    late = estimate("late", OPENED.date(), OPENED + 4 * DAY, 0.5)
    late.question_id, late.headline = own, False
    save_estimates(engine, [late])
    days.append(last_day(engine, own, date(2030, 1, 1)))
    assert days == [(OPENED + number * DAY).date() for number in range(1, 5)]


def test_no_evidence_has_no_runs_behind_it(filled: Engine) -> None:
    assert runs_behind(filled).is_empty()
    assert runs_behind(filled, pl.DataFrame()).is_empty()
