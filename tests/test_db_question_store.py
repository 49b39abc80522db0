"""The catalogue's questions in the database: corrected, never removed; those that somebody added are left alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from db.engine import RefusedRow, writing
from db.forecast_store import save_forecast, withdraw_forecast
from db.forecast_tables import Forecast, Forecaster, Question, Topic
from db.queries.forecasts import forecasts
from db.queries.questions import questions, topics
from db.question_store import save_questions
from db.rows import Changes, table_of, values_of
from db.tables import Base

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SAID = datetime(2025, 3, 31, tzinfo=UTC)
NOTHING = Changes(0, 0, 0)
MARKET = "manifold:m"


def topic(identity: str = "t", **given: Any) -> Topic:
    return Topic(id=identity, **{"name": identity, "asks": "Is it so?", **given})


def listed(identity: str = MARKET, **given: Any) -> Question:
    usual = {"title": "As the catalogue has it", "url": "https://x", "topic": "t", "inverted": False, "note": "known"}
    return Question(id=identity, source=identity.partition(":")[0], **{**usual, **given})


def on_record(probability: float = 0.65, **given: Any) -> Forecast:
    usual = {"question_id": "own:q", "forecaster": "Author", "at": SAID, "citation": "An essay"}
    return Forecast(probability=probability, **{**usual, **given})


def save(engine: Engine, *rows: Base) -> None:
    with writing(engine) as connection:
        for row in rows:
            connection.execute(insert(table_of(type(row))), values_of(row))


def change(engine: Engine, question_id: str, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(update(table_of(Question)).where(Question.id == question_id).values(values))


def rows(engine: Engine, *columns: str) -> dict[str, tuple[Any, ...]]:
    frame = questions(engine)
    return dict(zip(frame["question_id"], frame.select(columns).rows(), strict=True))


def test_saving_twice_is_saving_once(engine: Engine) -> None:
    def save_all() -> Changes:
        return save_questions(engine, [topic()], [listed(), listed("own:q", url=None)], [on_record()])

    assert save_all() == Changes(4, 0, 0)
    before = [read(engine) for read in (questions, forecasts, topics)]
    assert save_all() == NOTHING
    assert all(read(engine).equals(was) for read, was in zip((questions, forecasts, topics), before, strict=True))
    assert rows(engine, "title", "topic_name", "note", "tracked", "synced_at")[MARKET] == (
        "As the catalogue has it", "t", "known", True, None,
    )  # fmt: skip


def test_an_entry_that_changed_is_corrected(engine: Engine) -> None:
    save_questions(engine, [topic()], [listed()], [])
    changed = [listed(title="Better", note="more", inverted=True, topic="u", closes_at=NOW)]
    assert save_questions(engine, [topic(), topic("u")], changed, []) == Changes(1, 1, 0)
    assert rows(engine, "title", "note", "inverted", "topic", "closes_at")[MARKET] == ("Better", "more", True, "u", NOW)
    # A topic that nobody is in any more goes.
    assert save_questions(engine, [topic("u")], changed, []) == Changes(0, 0, 1)


def test_once_the_site_has_answered_its_words_count(engine: Engine) -> None:
    save_questions(engine, [topic()], [listed()], [])
    change(engine, MARKET, title="As the site has it", url="https://y", closes_at=NOW, synced_at=NOW, resolution=1.0)
    assert save_questions(engine, [topic()], [listed(note="new")], []) == Changes(0, 1, 0)
    assert rows(engine, "title", "url", "closes_at", "resolution", "note")[MARKET] == (
        "As the site has it", "https://y", NOW, 1.0, "new",
    )  # fmt: skip
    assert save_questions(engine, [topic()], [listed(note="new")], []) == NOTHING


def test_what_is_no_longer_listed_stays_and_is_followed_no_more(engine: Engine) -> None:
    save_questions(engine, [topic()], [listed(), listed("own:q", url=None)], [on_record()])
    save_forecast(engine, "own:q", "Ada", 0.4, reason=None, now=NOW)
    assert save_questions(engine, [topic()], [listed()], []) == Changes(0, 1, 0)
    assert rows(engine, "tracked", "topic", "note")["own:q"] == (False, None, "known")
    assert forecasts(engine)["forecaster"].to_list() == ["Ada", "Author"]
    assert save_questions(engine, [topic()], [listed()], []) == NOTHING
    # Somebody who follows it all the same is not overruled; listed again, it is the catalogue's again.
    change(engine, "own:q", tracked=True)
    assert save_questions(engine, [topic()], [listed()], []) == NOTHING
    assert rows(engine, "tracked")["own:q"] == (True,)
    save_questions(engine, [topic()], [listed(), listed("own:q", url=None)], [on_record()])
    assert rows(engine, "tracked", "topic")["own:q"] == (True, "t")


def test_what_somebody_added_is_left_alone(engine: Engine) -> None:
    save(
        engine, Question(id="own:mine", source="own", title="Mine"), Question(id="kalshi:k", source="kalshi", title="K")
    )
    assert save_questions(engine, [topic()], [listed()], []) == Changes(2, 0, 0)
    assert save_questions(engine, [], [], []) == Changes(0, 1, 1)
    assert rows(engine, "title", "tracked") == {
        "kalshi:k": ("K", True),
        MARKET: ("As the catalogue has it", False),
        "own:mine": ("Mine", True),
    }
    # Listed later on, it is taken over.
    assert save_questions(engine, [topic()], [listed("own:mine", title="Ours", url=None)], []) == Changes(1, 1, 0)
    assert rows(engine, "title", "topic")["own:mine"] == ("Ours", "t")


def test_a_market_that_became_several_questions(engine: Engine) -> None:
    answers = [
        Question(
            id=f"{MARKET}/{name}", market=MARKET, source="manifold", title=name, tracked=name == "a", synced_at=NOW
        )
        for name in ("a", "b")
    ]
    save(engine, *answers)
    entry = listed(inverted=True)
    assert save_questions(engine, [topic()], [entry], []) == Changes(1, 2, 0)
    wanted = {f"{MARKET}/a": ("a", "t", "known", True, True), f"{MARKET}/b": ("b", "t", "known", True, False)}
    assert rows(engine, "title", "topic", "note", "inverted", "tracked") == wanted
    assert save_questions(engine, [topic()], [entry], []) == NOTHING
    # An answer that is listed itself keeps its own entry.
    own = listed(f"{MARKET}/a", topic="t", note="this one")
    assert save_questions(engine, [topic()], [entry, own], []) == Changes(0, 1, 0)
    assert rows(engine, "note", "inverted")[f"{MARKET}/a"] == ("this one", False)
    assert save_questions(engine, [], [], []) == Changes(0, 2, 1)
    assert {row[0] for row in rows(engine, "tracked").values()} == {False}
    # Listed anew after that, all of them are followed.
    save_questions(engine, [topic()], [entry], [])
    assert rows(engine, "tracked") == {f"{MARKET}/a": (True,), f"{MARKET}/b": (True,)}


def test_the_whole_market_is_kept_where_something_is_on_record_about_it(engine: Engine) -> None:
    save(engine, Question(id=f"{MARKET}/a", market=MARKET, source="manifold", title="a", synced_at=NOW))
    saved = save_questions(engine, [topic()], [listed()], [on_record(question_id=MARKET)])
    assert saved == Changes(3, 1, 0)
    assert rows(engine, "tracked") == {MARKET: (False,), f"{MARKET}/a": (True,)}
    assert save_questions(engine, [topic()], [listed()], [on_record(question_id=MARKET)]) == NOTHING


def test_forecasts_on_record_follow_the_catalogue_and_touch_no_others(engine: Engine) -> None:
    asked = [listed("own:q", url=None)]
    save_questions(engine, [topic()], asked, [on_record(), on_record(0.5, at=SAID + timedelta(days=9))])
    save_forecast(engine, "own:q", "Author", 0.2, reason=None, now=NOW)
    withdraw_forecast(engine, "own:q", "Author", because="A slip.", now=NOW)
    assert save_questions(engine, [topic()], asked, [on_record(0.6, citation="The essay")]) == Changes(0, 1, 1)
    found = forecasts(engine).select("at", "probability", "citation", "recorded_at", "withdrawn_because").rows()
    assert found == [(SAID, 0.6, "The essay", None, None), (NOW, 0.2, None, NOW, "A slip.")]
    assert forecasts(engine)["kind"].unique().to_list() == ["person"]


def test_a_market_is_no_person_on_record(engine: Engine) -> None:
    save(engine, Forecaster(name="Author", kind="backtest"))
    with pytest.raises(RefusedRow, match="“Author” is on record as a person, and stored as a backtest"):
        save_questions(engine, [topic()], [listed("own:q", url=None)], [on_record()])
    assert questions(engine).is_empty()
    assert topics(engine).is_empty()
