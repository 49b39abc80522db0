"""Syncs of a market said again, all in order, leave the same rows; and which markets are followed, how far."""

from datetime import datetime

import pytest
from sqlalchemy import Engine

from db.engine import RefusedRow, writing
from db.forecast_tables import Forecast, Forecaster, Question, Resolution
from db.market_store import Saved, replay_market, save_market
from db.queries.markets import Followed, followed_markets
from tests.market_rows import BEGAN, DAY, RAIN, Said, everything, moves, put, question, save


def history() -> list[tuple[Said, datetime]]:
    return [
        (Said([question()], moves(0.5, 0.6), sync={"n": 1}), BEGAN),
        (Said([question(resolution=1.0, resolved_at=BEGAN)], moves(0.7, start=BEGAN + DAY), BEGAN + DAY), BEGAN + DAY),
        (Said([question()], moves(0.8, start=BEGAN + 2 * DAY), BEGAN + 2 * DAY, sync={"n": 3}), BEGAN + 2 * DAY),
    ]


def test_a_replay_gives_the_same_rows(engine: Engine) -> None:
    for said, at in history():
        save_market(engine, "manifold", "rain", said, at)
    before = everything(engine)
    assert replay_market(engine, "manifold", "rain", history()) == Saved(1, 0, 0)
    assert everything(engine) == before
    with writing(engine) as connection:
        for kind in (Forecast, Resolution, Question):
            connection.execute(kind.__table__.delete())
    assert replay_market(engine, "manifold", "rain", history()) == Saved(1, 3, 2)
    assert everything(engine) == before


def test_a_replay_keeps_what_is_older_and_what_others_say(engine: Engine) -> None:
    early = BEGAN - 5 * DAY
    save_market(engine, "manifold", "rain", Said([question(resolution=0.0, resolved_at=early)]), early)
    put(engine, Forecaster(name="Ada", kind="person"))
    put(engine, Forecast(question_id=RAIN, forecaster="Ada", at=BEGAN, probability=0.3))
    for said, at in history():
        save_market(engine, "manifold", "rain", said, at)
    save(engine, Said(unchanged=True), day=30)
    before = everything(engine)
    assert len(before["Resolution"]) == 4
    replay_market(engine, "manifold", "rain", history())
    assert everything(engine) == before


def test_a_replay_that_fails_leaves_what_was_there(engine: Engine) -> None:
    for said, at in history():
        save_market(engine, "manifold", "rain", said, at)
    before = everything(engine)
    with pytest.raises(RefusedRow):
        replay_market(engine, "manifold", "rain", [*history(), (Said([question()], moves(7.0)), BEGAN + 9 * DAY)])
    assert everything(engine) == before


# -- which are followed ------------------------------------------------------------------------------------------------


def test_the_followed_markets_and_how_far_they_were_read(engine: Engine) -> None:
    save(engine, Said([question(f"manifold:rain/{one}", market=RAIN) for one in "ab"], sync={"last": 3}), day=1)
    put(engine, question("manifold:snow"), question("manifold:sun", tracked=False))
    put(engine, question("own:mine", source="own"), question("kalshi:ICE-1", source="kalshi"))
    put(engine, question("manifold:wind/x"))
    assert followed_markets(engine) == [
        Followed("kalshi", "ICE-1", ("kalshi:ICE-1",), {}, None),
        Followed("manifold", "rain", ("manifold:rain/a", "manifold:rain/b"), {"last": 3}, BEGAN + DAY),
        Followed("manifold", "snow", ("manifold:snow",), {}, None),
        Followed("manifold", "wind", ("manifold:wind/x",), {}, None),
    ]
    assert [market.id for market in followed_markets(engine)][-1] == "manifold:wind"
