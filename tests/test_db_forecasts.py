"""What the queries say of forecasts, on both databases, held against the rule read out in plain Python."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, insert

from db.engine import writing
from db.forecast_tables import Forecast, Forecaster, Question, Resolution, Topic
from db.queries.forecasts import DAILY, FORECASTS, STANDING, daily, forecasts, standing
from db.queries.questions import QUESTIONS, questions, resolutions, topics
from db.rows import table_of, values_of
from db.tables import Base

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS = {"manifold": "market", "Ada": "person", "O'Brien 100% %s": "person"}


def save(engine: Engine, *rows: Base) -> None:
    with writing(engine) as connection:
        for kind in (Topic, Forecaster, Question, Resolution, Forecast):
            values = [values_of(row) for row in rows if isinstance(row, kind)]
            if values:
                connection.execute(insert(table_of(kind)), values)


def question(identity: str = "own:q", **given: Any) -> Question:
    return Question(id=identity, source=identity.partition(":")[0], **{"title": identity, **given})


def forecast(hours: float, probability: float | None, name: str = "Ada", on: str = "own:q", **given: Any) -> Forecast:
    at = START + hours * HOUR
    withdrawn = given.pop("withdrawn", None)
    if withdrawn is not None:
        given |= {"withdrawn_at": START + withdrawn * HOUR, "withdrawn_because": "a slip"}
    return Forecast(
        question_id=on, forecaster=name, at=at, position=given.pop("position", 0), probability=probability, **given
    )


def everybody() -> list[Forecaster]:
    return [Forecaster(name=name, kind=kind) for name, kind in KINDS.items()]


def stood(rows: Sequence[Forecast], asked: Question, at: datetime) -> float | None:
    """The rule, for the statements of one forecaster on one question: what stood at a moment."""
    if asked.resolved_at is not None and asked.resolved_at <= at:
        return None
    said = sorted((row for row in rows if row.at <= at), key=lambda row: (row.at, row.position))
    if not said or (said[-1].withdrawn_at is not None and said[-1].withdrawn_at <= at):
        return None
    return said[-1].probability


def changed(rows: Sequence[Forecast], asked: Question, since: date) -> dict[date, float | None]:
    """The rule for days: what stood when each ended, or just before the resolution; days on which nothing changed
    left out."""
    moments = {row.at for row in rows}
    for row in rows:
        # A withdrawal changes something only where nothing had taken the place of what was withdrawn.
        replaced = [other for other in rows if (row.at, row.position) < (other.at, other.position)]
        if row.withdrawn_at is not None and all(other.at > row.withdrawn_at for other in replaced):
            moments.add(row.withdrawn_at)
    end = asked.resolved_at or datetime.max.replace(tzinfo=UTC)
    days = {moment.date() for moment in moments if moment < end and moment.date() >= since}
    found = {}
    for day in days | {since - timedelta(days=1)}:
        last = datetime.combine(day, time.max, UTC)
        found[day] = stood(rows, asked, min(last, end - timedelta(microseconds=1)))
    # The day before `since` leads only where something stood when `since` began.
    before = since - timedelta(days=1)
    if found[before] is None or end < datetime.combine(since, time(), UTC):
        del found[before]
    return found


def some(rng: random.Random) -> tuple[list[Question], list[Forecast]]:
    """Questions with statements of three forecasters: ties, holes, withdrawals and resolutions at every place."""
    asked, said = [], []
    for number in range(4):
        identity = f"{'own' if number % 2 else 'manifold'}:q{number}%s"
        resolved = rng.choice([None, START + rng.randrange(24 * 9) * HOUR, START + 3 * 24 * HOUR])
        asked.append(question(identity, resolved_at=resolved, resolution=None if resolved is None else 1.0))
        for name, kind in KINDS.items():
            hours = sorted(rng.randrange(24 * 8) for _ in range(rng.randrange(7)))
            for place, hour in enumerate(hours):
                given: dict[str, Any] = {"position": hours[:place].count(hour)}
                stated = None if rng.random() < 0.15 else round(rng.random(), 3)
                if kind == "person" and stated is not None and rng.random() < 0.4:
                    given["withdrawn"] = hour + rng.choice([0, 1, 5, 24, 60])
                said.append(forecast(hour, stated, name, identity, **given))
    return asked, said


@pytest.mark.parametrize("seed", range(6))
def test_standing_and_daily_follow_the_rule(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    asked, said = some(rng)
    save(engine, *everybody(), *asked, *said)
    series = {
        (one.id, name): (one, [row for row in said if row.question_id == one.id and row.forecaster == name])
        for one in asked
        for name in KINDS
    }
    for _ in range(12):
        at = START + rng.randrange(24 * 10) * HOUR
        wanted = {key: stood(rows, one, at) for key, (one, rows) in series.items()}
        found = standing(engine, at)
        got = {(row["question_id"], row["forecaster"]): row["probability"] for row in found.to_dicts()}
        assert got == {key: value for key, value in wanted.items() if value is not None}
        since = at.date()
        days = {
            (*key, day, value)
            for key, (one, rows) in series.items()
            for day, value in changed(rows, one, since).items()
        }
        frame = daily(engine, since)
        assert set(frame.select("question_id", "forecaster", "on", "probability").rows()) == days
        assert frame.height == len(days)
        assert frame.equals(frame.sort("question_id", "forecaster", "on"))
        one = asked[0].id
        assert daily(engine, since, [one]).equals(frame.filter(pl.col("question_id") == one))
        assert standing(engine, at, [one]).equals(found.filter(pl.col("question_id") == one))


def test_a_withdrawn_forecast_leaves_nothing_until_the_next(engine: Engine) -> None:
    save(
        engine,
        *everybody(),
        question(),
        forecast(5, 0.2, withdrawn=50),
        forecast(100, 0.6),
        forecast(0, 0.9, "manifold"),
    )
    assert standing(engine, START + 49 * HOUR)["probability"].to_list() == [0.2, 0.9]
    assert standing(engine, START + 50 * HOUR)["forecaster"].to_list() == ["manifold"]
    assert standing(engine, START + 100 * HOUR)["probability"].to_list() == [0.6, 0.9]
    found = daily(engine, date(2026, 1, 2)).filter(pl.col("forecaster") == "Ada").select("on", "probability")
    assert found.rows() == [(date(2026, 1, 1), 0.2), (date(2026, 1, 3), None), (date(2026, 1, 5), 0.6)]


def test_a_withdrawal_of_what_was_replaced_changes_nothing(engine: Engine) -> None:
    save(engine, *everybody(), question(), forecast(5, 0.2, withdrawn=50), forecast(10, 0.6))
    assert standing(engine, START + 60 * HOUR)["probability"].to_list() == [0.6]
    assert daily(engine, date(2026, 1, 2))["probability"].to_list() == [0.6]


def test_after_the_resolution_nothing_stands_and_the_last_price_stays_on_its_day(engine: Engine) -> None:
    resolved = question(resolved_at=START + 30 * HOUR, resolution=1.0)
    save(engine, *everybody(), resolved, forecast(5, 0.4), forecast(29, 0.7), forecast(30, 0.99), forecast(60, 1.0))
    assert standing(engine, START + 30 * HOUR).is_empty()
    assert standing(engine, START + 29.5 * HOUR)["probability"].to_list() == [0.7]
    assert daily(engine, date(2026, 1, 1))["probability"].to_list() == [0.4, 0.7]
    assert daily(engine, date(2026, 1, 3)).is_empty()


def test_days_are_those_of_utc(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        # Where the server keeps another zone, 20:00 on the first there is the second here.
        with engine.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {engine.url.database} SET timezone TO 'America/New_York'")
            connection.commit()
        engine.dispose()
    save(engine, *everybody(), question(), forecast(23.999, 0.3), forecast(24, 0.5), forecast(28.5, 0.6))
    found = daily(engine, date(2026, 1, 1)).select("on", "probability").rows()
    assert found == [(date(2026, 1, 1), 0.3), (date(2026, 1, 2), 0.6)]


def test_forecasts_come_in_order_with_all_that_was_said(engine: Engine) -> None:
    written = {"reason": "Because % of 'it'\n漢字", "citation": "A paper", "recorded_at": START}
    second = question("manifold:b", market="manifold:b")
    rows = (
        forecast(3, 0.5, withdrawn=9, **written),
        forecast(3, 0.6, position=1),
        forecast(1, None, "manifold"),
        forecast(2, 1 / 3, "manifold", "manifold:b"),
    )
    save(engine, *everybody(), question(), second, *rows)
    found = forecasts(engine)
    assert found.schema == pl.Schema(FORECASTS)
    assert found.select("question_id", "forecaster", "position", "probability").rows() == [
        ("manifold:b", "manifold", 0, 1 / 3),
        ("own:q", "Ada", 0, 0.5),
        ("own:q", "Ada", 1, 0.6),
        ("own:q", "manifold", 0, None),
    ]
    full = found.row(1, named=True)
    assert {name: full[name] for name in written} == written
    assert (full["at"], full["kind"]) == (START + 3 * HOUR, "person")
    assert (full["withdrawn_at"], full["withdrawn_because"]) == (START + 9 * HOUR, "a slip")
    assert found.row(2, named=True)["withdrawn_at"] is None
    assert forecasts(engine, ["own:q"], ["market"])["forecaster"].to_list() == ["manifold"]
    assert forecasts(engine, []).schema == pl.Schema(FORECASTS)
    assert forecasts(engine, kinds=["person"])["position"].to_list() == [0, 1]


def test_an_empty_database_gives_empty_frames_of_the_right_types(engine: Engine) -> None:
    assert forecasts(engine).schema == pl.Schema(FORECASTS)
    assert standing(engine, START).schema == pl.Schema(STANDING)
    assert daily(engine, START.date()).schema == pl.Schema(DAILY)
    assert questions(engine).schema == pl.Schema(QUESTIONS)
    assert resolutions(engine, "own:q").is_empty()
    assert topics(engine).is_empty()


def test_questions_and_their_decisions_are_read_as_they_were_written(engine: Engine) -> None:
    topic = Topic(id="t", name="A topic", asks="Is it so?")
    asked = question(
        "manifold:a", topic="t", inverted=True, scale={"min": 1, "max": 9, "log": False}, volume=2.5,
        volume_unit="mana", forecasters=7, synced_at=START, closes_at=START + HOUR, note="known", rules="text",
        market="manifold:m", url="https://x",
    )  # fmt: skip
    decisions = [
        Resolution(question_id="manifold:a", recorded_at=START + 2 * HOUR, resolution=None, annulled=True),
        Resolution(
            question_id="manifold:a", recorded_at=START, resolution=0.25, resolved_at=START, because="So it was."
        ),
    ]
    save(engine, topic, asked, question("own:b", tracked=False), *decisions)
    [first, second] = questions(engine).to_dicts()
    assert first | {"scale": None} == {
        "question_id": "manifold:a", "source": "manifold", "market": "manifold:m", "title": "manifold:a",
        "url": "https://x", "topic": "t", "topic_name": "A topic", "inverted": True, "rules": "text", "note": "known",
        "opens_at": None, "closes_at": START + HOUR, "resolved_at": None, "resolution": None, "annulled": False,
        "scale": None, "volume": 2.5, "volume_unit": "mana", "forecasters": 7, "tracked": True, "synced_at": START,
    }  # fmt: skip
    assert first["scale"] == '{"log":false,"max":9,"min":1}'
    assert (second["question_id"], second["topic_name"], second["tracked"]) == ("own:b", None, False)
    assert resolutions(engine, "manifold:a").select("recorded_at", "resolution", "annulled", "because").rows() == [
        (START, 0.25, False, "So it was."),
        (START + 2 * HOUR, None, True, None),
    ]
    assert topics(engine).rows() == [("t", "A topic", "Is it so?")]
