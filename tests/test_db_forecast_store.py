"""People's forecasts and decisions: dated by the clock, never edited, and refused with a sentence."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from db.engine import RefusedRow, writing
from db.forecast_store import Kept, add_question, resolve_question, save_forecast, withdraw_forecast
from db.forecast_tables import Forecast, Forecaster, Question
from db.queries.forecasts import forecasts, standing
from db.queries.questions import questions, resolutions
from db.rows import table_of, values_of
from db.tables import Base

NOW = datetime(2026, 9, 1, 12, 0, 0, 5, tzinfo=UTC)
DAY = timedelta(days=1)
MARKET = "manifold:m"


def save(engine: Engine, *rows: Base) -> None:
    with writing(engine) as connection:
        for row in rows:
            connection.execute(insert(table_of(type(row))), values_of(row))


@pytest.fixture
def asked(engine: Engine) -> Engine:
    """A market's question, one about a quantity, and one of our own."""
    scale = {"min": 0, "max": 100, "log": False}
    save(
        engine,
        Question(id=MARKET, source="manifold", title="A market's"),
        Question(id="manifold:many", source="manifold", title="How many?", scale=scale),
        Question(id="own:q", source="own", title="Our own", opens_at=NOW - 9 * DAY),
    )
    return engine


def state(engine: Engine, question_id: str = "own:q") -> tuple[Any, ...]:
    rows = questions(engine)
    return rows.filter(rows["question_id"] == question_id).select("resolution", "annulled", "resolved_at").row(0)


def journal(engine: Engine) -> list[tuple[Any, ...]]:
    return (
        forecasts(engine, kinds=["person"]).select("question_id", "forecaster", "at", "position", "probability").rows()
    )


def test_forecasts_follow_one_another_and_none_is_changed(asked: Engine) -> None:
    assert save_forecast(asked, MARKET, "Ada", 0.4, reason=" Votes. ", now=NOW) == Kept("Ada", NOW, 0)
    save_forecast(asked, MARKET, "Grace", 0.9, reason=None, now=NOW)
    save_forecast(asked, MARKET, "Ada", 0.4, reason="Still.", now=NOW + DAY)
    # In the same instant as the last one, it is the later all the same.
    assert save_forecast(asked, MARKET, "Ada", 1, reason=None, now=NOW + DAY) == Kept("Ada", NOW + DAY, 1)
    assert journal(asked) == [
        (MARKET, "Ada", NOW, 0, 0.4),
        (MARKET, "Ada", NOW + DAY, 0, 0.4),
        (MARKET, "Ada", NOW + DAY, 1, 1.0),
        (MARKET, "Grace", NOW, 0, 0.9),
    ]
    first = forecasts(asked).row(0, named=True)
    assert (first["kind"], first["reason"], first["recorded_at"], first["citation"]) == ("person", "Votes.", NOW, None)
    assert standing(asked, NOW + DAY).select("forecaster", "probability").rows() == [("Ada", 1.0), ("Grace", 0.9)]


def test_a_name_is_the_same_whatever_its_capitals_and_spaces(asked: Engine) -> None:
    save_forecast(asked, MARKET, "Ada  Lovelace ", 0.4, reason=None, now=NOW)
    assert save_forecast(asked, MARKET, "ada lovelace", 0.5, reason=None, now=NOW + DAY).forecaster == "Ada Lovelace"
    assert withdraw_forecast(asked, MARKET, " ADA LOVELACE", because="x", now=NOW + DAY).forecaster == "Ada Lovelace"
    assert {row[1] for row in journal(asked)} == {"Ada Lovelace"}


@pytest.mark.parametrize(
    "name",
    [
        *("manifold", "Manifold", "polymarket", "kalshi", "metaculus", "own", "tracker", "Tracker (back-test)"),
        *(
            "tracker2",
            "base rate",
            "Base  Rate",
            "50 %",
            "50%",
            "always 50 %",
            "",
            "  ",
            "x" * 61,
            "a\nb\0",
            "a\u202eb",
        ),
    ],
)
def test_a_name_that_would_mislead_is_refused_and_leaves_nothing(asked: Engine, name: str) -> None:
    with pytest.raises(RefusedRow, match=r"[.?]$"):
        save_forecast(asked, MARKET, name, 0.4, reason=None, now=NOW)
    assert journal(asked) == []


def test_nobody_forecasts_in_the_name_of_a_market_or_of_an_estimate(asked: Engine) -> None:
    save(asked, Forecaster(name="Delphi", kind="backtest"))
    with pytest.raises(RefusedRow, match="“Delphi” is not a person"):
        save_forecast(asked, MARKET, "delphi", 0.4, reason=None, now=NOW)


@pytest.mark.parametrize("probability", [-0.001, 1.001, math.nan, math.inf, 40])
def test_what_is_no_probability_is_refused(asked: Engine, probability: float) -> None:
    with pytest.raises(RefusedRow, match="is no probability: one lies from 0 to 1"):
        save_forecast(asked, MARKET, "Ada", probability, reason=None, now=NOW)
    assert journal(asked) == []


def test_questions_that_take_no_forecast(asked: Engine) -> None:
    with pytest.raises(RefusedRow, match=r"^There is no question own:none\.$"):
        save_forecast(asked, "own:none", "Ada", 0.4, reason=None, now=NOW)
    with pytest.raises(RefusedRow, match="“How many\\?” asks for a quantity"):
        save_forecast(asked, "manifold:many", "Ada", 0.4, reason=None, now=NOW)
    save_forecast(asked, "own:q", "Ada", 0.4, reason=None, now=NOW)
    resolve_question(asked, "own:q", 1.0, because="It is so.", now=NOW + DAY)
    for write in (
        lambda: save_forecast(asked, "own:q", "Ada", 0.99, reason=None, now=NOW + 2 * DAY),
        lambda: withdraw_forecast(asked, "own:q", "Ada", because="x", now=NOW + 2 * DAY),
    ):
        with pytest.raises(RefusedRow, match="“Our own” is decided: what was forecast stays as it is"):
            write()
    assert len(journal(asked)) == 1
    resolve_question(asked, "own:q", "reopened", because="It is not.", now=NOW + 3 * DAY)
    save_forecast(asked, "own:q", "Ada", 0.1, reason=None, now=NOW + 4 * DAY)
    assert standing(asked, NOW + 4 * DAY)["probability"].to_list() == [0.1]


def test_a_closed_question_takes_forecasts_until_it_is_decided(engine: Engine) -> None:
    save(engine, Question(id="own:q", source="own", title="Our own", closes_at=NOW - DAY))
    save_forecast(engine, "own:q", "Ada", 0.4, reason=None, now=NOW)
    assert standing(engine, NOW)["probability"].to_list() == [0.4]


def test_a_clock_that_went_backwards_is_refused(asked: Engine) -> None:
    save_forecast(asked, "own:q", "Ada", 0.4, reason=None, now=NOW)
    with pytest.raises(RefusedRow, match=r"^The clock says 2026-08-31 12:00 UTC, which is before Ada's last forecast"):
        save_forecast(asked, "own:q", "Ada", 0.9, reason=None, now=NOW - DAY)
    with pytest.raises(RefusedRow, match="is before the forecast of"):
        withdraw_forecast(asked, "own:q", "Ada", because="x", now=NOW - DAY)
    resolve_question(asked, "own:q", 1.0, because="So.", now=NOW)
    with pytest.raises(RefusedRow, match="is before its last decision"):
        resolve_question(asked, "own:q", 0.0, because="No.", now=NOW - DAY)
    assert len(journal(asked)) == 1


def test_a_withdrawn_forecast_stays_with_its_reason(asked: Engine) -> None:
    save_forecast(asked, MARKET, "Ada", 0.4, reason=None, now=NOW)
    assert withdraw_forecast(asked, MARKET, "Ada", because=" A slip. ", now=NOW + DAY) == Kept("Ada", NOW, 0)
    row = forecasts(asked).row(0, named=True)
    assert (row["probability"], row["withdrawn_at"], row["withdrawn_because"]) == (0.4, NOW + DAY, "A slip.")
    assert standing(asked, NOW)["probability"].to_list() == [0.4]
    assert standing(asked, NOW + DAY).is_empty()
    with pytest.raises(RefusedRow, match="Ada's forecast of 2026-09-01 12:00 UTC is withdrawn already"):
        withdraw_forecast(asked, MARKET, "Ada", because="Again.", now=NOW + 2 * DAY)
    save_forecast(asked, MARKET, "Ada", 0.6, reason=None, now=NOW + 2 * DAY)
    assert standing(asked, NOW + 2 * DAY)["probability"].to_list() == [0.6]


def test_an_earlier_forecast_can_be_withdrawn_by_its_moment(asked: Engine) -> None:
    for hours, probability in ((0, 0.4), (0, 0.5), (1, 0.6)):
        save_forecast(asked, MARKET, "Ada", probability, reason=None, now=NOW + timedelta(hours=hours))
    withdraw_forecast(asked, MARKET, "Ada", because="A slip.", now=NOW + DAY, at=NOW, position=1)
    assert forecasts(asked).select("probability", "withdrawn_because").rows() == [
        (0.4, None),
        (0.5, "A slip."),
        (0.6, None),
    ]
    assert standing(asked, NOW + DAY)["probability"].to_list() == [0.6]


def test_what_cannot_be_withdrawn(asked: Engine) -> None:
    save_forecast(asked, MARKET, "Ada", 0.4, reason=None, now=NOW)
    printed = Forecast(question_id=MARKET, forecaster="Grace", at=NOW, position=0, probability=0.6, citation="A paper")
    price = Forecast(question_id=MARKET, forecaster="manifold", at=NOW, position=0, probability=0.6)
    save(asked, Forecaster(name="Grace", kind="person"), Forecaster(name="manifold", kind="market"), printed, price)
    for name, because, said in (
        ("Ada", "  ", "A reason is needed"),
        ("Nobody else", "x", "Nobody called “Nobody else” has made a forecast"),
        ("manifold", "x", "“manifold” is not a person"),
        ("Grace", "x", "Grace's forecast of 2026-09-01 is on record elsewhere, and stays on it"),
    ):
        with pytest.raises(RefusedRow, match=said):
            withdraw_forecast(asked, MARKET, name, because=because, now=NOW + DAY)
    with pytest.raises(RefusedRow, match="Ada has no forecast on own:q to withdraw"):
        withdraw_forecast(asked, "own:q", "Ada", because="x", now=NOW + DAY)
    with pytest.raises(RefusedRow, match="Ada has no forecast on manifold:m to withdraw"):
        withdraw_forecast(asked, MARKET, "Ada", because="x", now=NOW + DAY, at=NOW - DAY)
    assert forecasts(asked)["withdrawn_at"].null_count() == 3


def test_every_decision_is_kept_and_the_last_one_counts(asked: Engine) -> None:
    steps: list[tuple[Any, tuple[Any, ...]]] = [
        (1.0, (1.0, False, NOW + DAY)),
        (0.0, (0.0, False, NOW + 2 * DAY)),
        (0.3, (0.3, False, NOW + 3 * DAY)),
        ("annulled", (None, True, NOW + 4 * DAY)),
        ("reopened", (None, False, None)),
        (1.0, (1.0, False, NOW + 6 * DAY)),
    ]
    for number, (outcome, expected) in enumerate(steps, start=1):
        resolve_question(asked, "own:q", outcome, because=f"Reason {number}", now=NOW + number * DAY)
        assert state(asked) == expected
    kept = resolutions(asked, "own:q")
    assert kept.select("resolution", "annulled", "resolved_at").rows() == [expected for _, expected in steps]
    assert kept["because"].to_list() == [f"Reason {number}" for number in range(1, 7)]
    assert kept["recorded_at"].to_list() == [NOW + number * DAY for number in range(1, 7)]


def test_an_outcome_that_was_known_earlier_counts_from_then(asked: Engine) -> None:
    save_forecast(asked, "own:q", "Ada", 0.4, reason=None, now=NOW)
    save_forecast(asked, "own:q", "Ada", 0.99, reason=None, now=NOW + 2 * DAY)
    resolve_question(asked, "own:q", 1.0, because="Yesterday.", now=NOW + 3 * DAY, resolved_at=NOW + DAY)
    assert state(asked) == (1.0, False, NOW + DAY)
    assert standing(asked, NOW + timedelta(hours=23))["probability"].to_list() == [0.4]
    assert standing(asked, NOW + 2 * DAY).is_empty()
    # The same outcome at another time is another decision.
    resolve_question(asked, "own:q", 1.0, because="A day later.", now=NOW + 5 * DAY, resolved_at=NOW + 2 * DAY)
    assert state(asked) == (1.0, False, NOW + 2 * DAY)


@pytest.mark.parametrize(
    ("decide", "said"),
    [
        (lambda e: resolve_question(e, MARKET, 1.0, because="x", now=NOW), "manifold:m is decided by manifold"),
        (lambda e: resolve_question(e, "own:q", 1.1, because="x", now=NOW), "1.1 is no outcome"),
        (lambda e: resolve_question(e, "own:q", math.nan, because="x", now=NOW), "nan is no outcome"),
        (lambda e: resolve_question(e, "own:q", 1.0, because="\n", now=NOW), "A reason is needed"),
        (lambda e: resolve_question(e, "own:q", "reopened", because="x", now=NOW), "“Our own” is open"),
        (lambda e: resolve_question(e, "own:no", 1.0, because="x", now=NOW), "There is no question own:no"),
        (
            lambda e: resolve_question(e, "own:q", 1.0, because="x", now=NOW, resolved_at=NOW + DAY),
            "cannot be known at 2026-09-02 12:00 UTC: not later than now and not before 2026-08-23",
        ),
        (
            lambda e: resolve_question(e, "own:q", 1.0, because="x", now=NOW, resolved_at=NOW - 10 * DAY),
            "cannot be known at 2026-08-22 12:00 UTC",
        ),
    ],
)
def test_decisions_that_are_refused(asked: Engine, decide: Callable[[Engine], None], said: str) -> None:
    with pytest.raises(RefusedRow, match=said):
        decide(asked)
    assert state(asked) == (None, False, None)
    assert resolutions(asked, "own:q").is_empty()


@pytest.mark.parametrize("outcome", [1.0, 0.0, "annulled"])
def test_what_is_so_already_is_not_decided_again(asked: Engine, outcome: Any) -> None:
    resolve_question(asked, "own:q", outcome, because="x", now=NOW)
    with pytest.raises(RefusedRow, match="“Our own” is decided so already"):
        resolve_question(asked, "own:q", outcome, because="x", now=NOW + DAY)


def test_a_question_of_ones_own(engine: Engine) -> None:
    added = add_question(engine, "  Will it\n be ready? ", now=NOW, closes_at=NOW + DAY, rules=" If shipped. ")
    assert added == "own:will-it-be-ready"
    row = questions(engine).row(0, named=True)
    assert (row["title"], row["source"], row["rules"], row["topic"]) == (
        "Will it be ready?",
        "own",
        "If shipped.",
        None,
    )
    assert (row["opens_at"], row["closes_at"], row["tracked"], row["market"]) == (NOW, NOW + DAY, True, None)
    assert add_question(engine, "Will it be ready!", now=NOW) == "own:will-it-be-ready-2"
    assert add_question(engine, "漢字？", now=NOW) == "own:question"
    assert add_question(engine, "Größe? " + "word " * 40, now=NOW) == "own:groe-" + "-".join(["word"] * 11)
    assert add_question(engine, "x" * 200, now=NOW) == "own:" + "x" * 60
    with pytest.raises(RefusedRow, match="There is a question “Will it be ready\\?” already: own:will-it-be-ready"):
        add_question(engine, "WILL it be ready?", now=NOW)
    with pytest.raises(RefusedRow, match="A question needs its text"):
        add_question(engine, " ", now=NOW)
    with pytest.raises(RefusedRow, match="would close on 2026-09-01, which is over"):
        add_question(engine, "Late?", now=NOW, closes_at=NOW)
    assert questions(engine).height == 5
