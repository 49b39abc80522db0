"""What a market site said is saved whole or not at all, and never over what the catalogue and the user say."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine

from db.engine import RefusedRow
from db.forecast_tables import Forecast, Forecaster, Move, Question, Resolution, Topic
from db.market_store import Saved
from db.queries.markets import followed_markets
from tests.market_rows import (
    BEGAN,
    DAY,
    MILLISECOND,
    RAIN,
    Said,
    everything,
    moves,
    prices,
    put,
    question,
    save,
    stored,
)
from tracker.markets.source import KEEP_ALL

# -- once and twice ----------------------------------------------------------------------------------------------------


def test_what_is_saved_is_read_back_as_it_was(engine: Engine) -> None:
    at = BEGAN + timedelta(milliseconds=1)
    said = Said(
        [question(volume=12.5, volume_unit="mana", scale={"min": 1, "max": 2, "log": False}, raw={"a": [1]})],
        [Move(RAIN, BEGAN, 0, 0.1 + 0.2), Move(RAIN, at, 0, None), Move(RAIN, at, 1, 1.0), Move(RAIN, at, 2, 0.0)],
        sync={"last": 17, "deep": {"x": [1, 2.5, None]}},
    )  # fmt: skip
    assert save(engine, said) == Saved(1, 4, 0)
    assert prices(engine) == [(BEGAN, 0, 0.1 + 0.2), (at, 0, None), (at, 1, 1.0), (at, 2, 0.0)]
    [row] = stored(engine, Question)
    assert row["synced_at"] == BEGAN
    assert row["sync"] == {"last": 17, "deep": {"x": [1, 2.5, None]}}
    assert (row["volume"], row["scale"], row["raw"], row["tracked"]) == (
        12.5,
        {"min": 1, "max": 2, "log": False},
        {"a": [1]},
        True,
    )
    assert stored(engine, Forecaster) == [{"name": "manifold", "kind": "market"}]
    # A market's price was not written down by anybody here.
    assert {row["recorded_at"] for row in stored(engine, Forecast)} == {None}


@pytest.mark.parametrize("since", [None, BEGAN + DAY])
def test_the_same_said_twice_changes_nothing(engine: Engine, since: datetime | None) -> None:
    save(engine, Said([question()], moves(0.5, 0.6, 0.7)))
    said = Said([question(resolution=1.0, resolved_at=BEGAN + DAY)], moves(0.5, 0.6, 0.7)[1 if since else 0 :], since)
    assert save(engine, said, day=3) == Saved(1, 0, 1)
    before = everything(engine)
    assert save(engine, said, day=3) == Saved(1, 0, 0)
    assert everything(engine) == before


def test_moves_replace_what_is_stored_from_their_beginning_on(engine: Engine) -> None:
    save(engine, Said([question()], moves(0.1, 0.2, 0.3, 0.4)))
    assert save(engine, Said([question()], moves(0.9, start=BEGAN + 2 * DAY), since=BEGAN + 2 * DAY)).moves == -1
    assert [price for _, _, price in prices(engine)] == [0.1, 0.2, 0.9]
    # Nothing new, but something of the question: no price goes.
    assert save(engine, Said([question(volume=3.0)], (), since=KEEP_ALL)).moves == 0
    assert [price for _, _, price in prices(engine)] == [0.1, 0.2, 0.9]
    save(engine, Said([question()], moves(0.7)))
    assert [price for _, _, price in prices(engine)] == [0.7]


def test_a_question_may_have_its_own_beginning(engine: Engine) -> None:
    ids = ("manifold:rain/a", "manifold:rain/b", "manifold:rain/c")
    asked = [question(identity, market=RAIN) for identity in ids]
    save(engine, Said(asked, [move for one in ids for move in moves(0.1, 0.2, 0.3, identity=one)]))
    asked = [question(identity, market=RAIN) for identity in ids]
    said = Said(asked, (), since=BEGAN + 2 * DAY, own_since={ids[0]: BEGAN + DAY, ids[2]: BEGAN + 9 * DAY})
    save(engine, said)
    assert [len(prices(engine, identity)) for identity in ids] == [1, 2, 3]


def test_nothing_new_is_only_a_time(engine: Engine) -> None:
    said = Said([question(identity, market=RAIN) for identity in ("manifold:rain/a", "manifold:rain/b")], sync={"x": 1})
    save(engine, said)
    before = everything(engine)
    assert save(engine, Said(unchanged=True, sync={"x": 1}), day=5) == Saved(2, 0, 0)
    after = everything(engine)
    assert {row.pop("synced_at") for row in after["Question"]} == {BEGAN + 5 * DAY}
    assert {row.pop("synced_at") for row in before["Question"]} == {BEGAN}
    assert after == before


def test_another_zone_is_the_same_moment_and_none_is_refused(engine: Engine) -> None:
    tokyo = timezone(timedelta(hours=9))
    save(engine, Said([question()], [Move(RAIN, BEGAN.astimezone(tokyo), 0, 0.5)]))
    assert prices(engine) == [(BEGAN, 0, 0.5)]
    before = everything(engine)
    naive = BEGAN.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive time"):
        save(engine, Said([question()], [Move(RAIN, naive, 0, 0.5)]))
    assert everything(engine) == before


@pytest.mark.parametrize(
    "wrong",
    [
        [Move(RAIN, BEGAN, 0, 1.01)],
        [Move(RAIN, BEGAN, 0, -0.01)],
        [Move(RAIN, BEGAN, 0, 0.5), Move(RAIN, BEGAN, 0, 0.6)],
        [Move("manifold:other", BEGAN, 0, 0.5)],
    ],
    ids=["above one", "below zero", "one place twice", "another question"],
)
def test_what_cannot_be_saved_whole_leaves_what_was_there(engine: Engine, wrong: list[Move]) -> None:
    save(engine, Said([question()], moves(0.5, 0.6), sync={"x": 1}))
    before = everything(engine)
    with pytest.raises(RefusedRow):
        save(engine, Said([question(resolution=1.0, resolved_at=BEGAN)], [*moves(0.1, start=BEGAN + DAY), *wrong]))
    assert everything(engine) == before


# -- what others say ---------------------------------------------------------------------------------------------------


def test_what_the_catalogue_and_the_user_say_stays(engine: Engine) -> None:
    put(engine, Topic(id="weather", name="Weather", asks="?"), Forecaster(name="Ada", kind="person"))
    put(
        engine,
        question(title="Ours", url=None, topic="weather", inverted=True, note="Known.", tracked=False, rules="R"),
    )
    put(engine, Forecast(question_id=RAIN, forecaster="Ada", at=BEGAN, probability=0.3, recorded_at=BEGAN))
    put(engine, question("manifold:snow", title="Other"))
    save(engine, Said([question(title="Theirs", rules=None)], moves(0.5)))
    rows = {row["id"]: row for row in stored(engine, Question)}
    row = rows[RAIN]
    assert (row["topic"], row["inverted"], row["note"], row["tracked"]) == ("weather", True, "Known.", False)
    # The site's words where it has some.
    assert (row["title"], row["url"], row["rules"]) == ("Theirs", "https://manifold.markets/a/rain", "R")
    assert rows["manifold:snow"]["title"] == "Other"
    assert [row["probability"] for row in stored(engine, Forecast) if row["forecaster"] == "Ada"] == [0.3]
    save(engine, Said([question()], moves(0.6)))
    assert len(stored(engine, Forecast)) == 2


def test_a_market_that_turns_out_to_be_several_questions(engine: Engine) -> None:
    put(engine, Topic(id="weather", name="Weather", asks="?"))
    put(engine, question(topic="weather", inverted=True, note="Known."))
    answers = [question(f"manifold:rain/{one}", market=RAIN) for one in "ab"]
    save(engine, Said(answers, sync={"x": 1}))
    rows = {row["id"]: row for row in stored(engine, Question)}
    assert rows.keys() == {"manifold:rain/a", "manifold:rain/b"}
    assert {(row["topic"], row["inverted"], row["note"], row["tracked"]) for row in rows.values()} == {
        ("weather", True, "Known.", True)
    }
    # The marks are kept once.
    assert [row["sync"] for row in rows.values()] == [{"x": 1}, None]


def test_a_market_that_somebody_forecast_on_stays_when_it_is_several_questions(engine: Engine) -> None:
    put(engine, question(), Forecaster(name="Ada", kind="person"))
    put(engine, Forecast(question_id=RAIN, forecaster="Ada", at=BEGAN, probability=0.3))
    for day in range(2):
        save(engine, Said([question(f"manifold:rain/{one}", market=RAIN) for one in "ab"], sync={"x": 1}), day)
        rows = {row["id"]: row for row in stored(engine, Question)}
        assert (rows[RAIN]["tracked"], rows[RAIN]["sync"]) == (False, None)
        assert len(rows) == 3
    [market] = followed_markets(engine)
    assert market.sync == {"x": 1}


def test_where_one_answer_was_chosen_the_others_are_not_followed(engine: Engine) -> None:
    put(engine, question("manifold:rain/b", market=None))
    for _ in range(2):
        save(engine, Said([question(f"manifold:rain/{one}", market=RAIN) for one in "abc"], sync={"x": 1}))
        assert {row["id"]: row["tracked"] for row in stored(engine, Question)} == {
            "manifold:rain/a": False,
            "manifold:rain/b": True,
            "manifold:rain/c": False,
        }
    assert stored(engine, Question)[1]["market"] == RAIN


def test_an_answer_that_comes_later_is_followed_as_the_others_are(engine: Engine) -> None:
    save(engine, Said([question(f"manifold:rain/{one}", market=RAIN) for one in "ab"]))
    save(engine, Said([question(f"manifold:rain/{one}", market=RAIN) for one in "abc"]))
    assert {row["tracked"] for row in stored(engine, Question)} == {True}


# -- decisions ---------------------------------------------------------------------------------------------------------


def decided(**given: Any) -> Said:
    return Said([question(**given)], since=BEGAN + 99 * DAY)


def decisions(engine: Engine) -> list[tuple[datetime, float | None, bool, datetime | None]]:
    names = ("recorded_at", "resolution", "annulled", "resolved_at")
    return [tuple(row[name] for name in names) for row in stored(engine, Resolution)]  # type: ignore[misc]


def test_every_decision_is_kept(engine: Engine) -> None:
    steps = [
        {},
        {"resolution": 1.0, "resolved_at": BEGAN},
        {"resolution": 1.0, "resolved_at": BEGAN, "volume": 7.0},
        {},
        {"annulled": True, "resolved_at": BEGAN + DAY},
        {"resolution": 0.3, "resolved_at": BEGAN + DAY},
        {"resolution": 0.3, "resolved_at": BEGAN + 2 * DAY},
    ]
    new = [save(engine, decided(**step), day).decisions for day, step in enumerate(steps)]
    assert new == [0, 1, 0, 1, 1, 1, 1]
    assert decisions(engine) == [
        (BEGAN + DAY, 1.0, False, BEGAN),
        (BEGAN + 3 * DAY, None, False, None),
        (BEGAN + 4 * DAY, None, True, BEGAN + DAY),
        (BEGAN + 5 * DAY, 0.3, False, BEGAN + DAY),
        (BEGAN + 6 * DAY, 0.3, False, BEGAN + 2 * DAY),
    ]
    [row] = stored(engine, Question)
    assert (row["resolution"], row["annulled"], row["resolved_at"]) == (0.3, False, BEGAN + 2 * DAY)


def test_a_market_that_was_decided_before_anybody_asked_has_its_decision(engine: Engine) -> None:
    assert save(engine, decided(annulled=True, resolved_at=BEGAN), 4).decisions == 1
    assert decisions(engine) == [(BEGAN + 4 * DAY, None, True, BEGAN)]


def test_a_history_of_five_thousand_is_saved_at_once(engine: Engine) -> None:
    many = [Move(RAIN, BEGAN + place // 2 * MILLISECOND, place % 2, (place % 100) / 100) for place in range(5000)]
    assert save(engine, Said([question()], many)).moves == 5000
    assert len(prices(engine)) == 5000
    assert save(engine, Said([question()], many)).moves == 0
