"""Polymarket: no window too long, no point lost or twice, holes as holes, closed markets either way."""

from datetime import UTC, datetime

import pytest

from tests.market_server import changed
from tests.market_server_polymarket import Sold
from tests.polymarket_cases import DAY, HOUR, MINUTE, OPENS, hourly, shelf_of, site, sold


def test_every_hour_of_forty_days_is_there_in_windows_that_are_not_refused() -> None:
    polymarket = site(market := sold())
    shelf = shelf_of(polymarket)
    snapshot = shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)
    # The event, and three windows of at most 15 days.
    hosts = [asked.headers["host"] for asked in polymarket.server.asked]
    assert hosts == ["gamma-api.polymarket.com", *["clob.polymarket.com"] * 3]
    (question,) = snapshot.questions
    assert question.title == "Will openai-best be so?"
    assert question.url == "https://polymarket.com/event/best-ai-model/openai-best"
    assert (question.opens_at, question.closes_at) == (OPENS, datetime(2026, 12, 31, 12, tzinfo=UTC))
    assert (question.volume, question.volume_unit, question.resolution) == (1000, "USD", None)
    assert question.rules == "This market resolves to “Yes” if openai-best holds."


def test_later_syncs_bring_only_what_is_new_and_lose_no_point() -> None:
    polymarket = site(market := sold(), days=20)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    for hours in (1, 5, 30, 24 * 17, 3, 24):
        polymarket.now += hours * HOUR
        shelf.sync("best-ai-model")
        assert shelf.asked <= 1 + 1 + hours // (24 * 15)
        assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)


@pytest.mark.parametrize("etags", [True, False])
def test_where_nothing_is_new_one_request_says_so(etags: bool) -> None:
    polymarket = site(sold(days=30), sold("google-best", 2, days=30), days=30)
    polymarket.server.etags = etags
    shelf = shelf_of(polymarket)
    assert not shelf.sync("best-ai-model").unchanged
    before = dict(shelf.moves)
    polymarket.now += 5 * HOUR
    assert shelf.sync("best-ai-model").unchanged
    assert (shelf.asked, shelf.moves) == (1, before)


def test_an_answer_that_nobody_moved_keeps_what_is_stored_while_another_goes_on() -> None:
    quiet, lively = sold("quiet", 1, days=5), sold("lively", 2, days=60)
    polymarket = site(quiet, lively, days=20)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert set(shelf.questions) == {"polymarket:best-ai-model/quiet", "polymarket:best-ai-model/lively"}
    assert {question.market for question in shelf.questions.values()} == {"polymarket:best-ai-model"}
    before = shelf.course("polymarket:best-ai-model/quiet")
    polymarket.now += 2 * DAY
    shelf.sync("best-ai-model")
    assert shelf.asked == 2
    assert shelf.course("polymarket:best-ai-model/quiet") == before
    assert shelf.course("polymarket:best-ai-model/lively") == hourly(lively, OPENS, polymarket.now)


def test_a_day_and_more_without_a_point_is_a_hole_and_less_is_not() -> None:
    gap = (OPENS + 5 * DAY, OPENS + 8 * DAY)
    short = (OPENS + 10 * DAY, OPENS + 10 * DAY + 20 * HOUR)
    polymarket = site(market := sold(silent=[gap, short]), days=14)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    course = shelf.course("polymarket:best-ai-model")
    last = gap[0].replace(minute=0)
    assert [(at, price) for at, price in course if price is None] == [(last + HOUR, None)]
    after = course[[price for _, price in course].index(None) + 1]
    assert after == (gap[1].replace(minute=0) + HOUR, market.price(gap[1] + HOUR))


def test_a_record_that_stops_is_unknown_from_then_on_until_it_goes_on() -> None:
    polymarket = site(market := sold(silent=[(OPENS + 18 * DAY, OPENS + 21 * DAY)]), days=20)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model")[-1][1] is None
    polymarket.now = OPENS + 30 * DAY
    shelf.sync("best-ai-model")
    whole = shelf_of(polymarket)
    whole.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model") == whole.course("polymarket:best-ai-model")
    assert shelf.course("polymarket:best-ai-model")[-1] == hourly(market, OPENS, polymarket.now)[-1]


def test_an_empty_history_is_asked_for_again_and_takes_nothing_away() -> None:
    polymarket = site(market := sold(), days=10)
    shelf = shelf_of(polymarket)
    polymarket.forgets = True
    shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model") == []
    polymarket.forgets = False
    shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)
    polymarket.forgets = True
    polymarket.now += 3 * DAY
    shelf.sync("best-ai-model")
    kept = [move for move in shelf.course("polymarket:best-ai-model") if move[1] is not None]
    assert kept == hourly(market, OPENS, polymarket.now - 3 * DAY)
    polymarket.forgets = False
    shelf.sync("best-ai-model")
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)


@pytest.mark.parametrize("keeps", ["coarse", "windows"])
def test_a_market_that_is_closed_already_gives_its_course_either_way(keeps: str) -> None:
    ended = OPENS + 33 * DAY
    polymarket = site(market := sold(ended=ended, paid=1.0, keeps=keeps), days=90)
    shelf = shelf_of(polymarket)
    (question,) = shelf.sync("best-ai-model").questions
    assert (question.resolution, question.resolved_at, question.annulled) == (1.0, ended, False)
    course = shelf.course("polymarket:best-ai-model")
    steps = hourly(market, OPENS, ended) if keeps == "windows" else None
    assert steps is None or course == steps
    assert course[0][0] < OPENS + DAY
    assert ended - DAY < course[-1][0] < ended
    assert all(price == market.price(at) for at, price in course)
    assert shelf.sync("best-ai-model").unchanged
    assert shelf.asked == 1


def test_a_followed_market_that_closes_keeps_its_hours_and_gets_its_end() -> None:
    polymarket = site(market := sold(), days=20)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    known = shelf.course("polymarket:best-ai-model")
    market.ended, market.status = OPENS + 25 * DAY, "proposed"
    polymarket.now = OPENS + 26 * DAY
    (question,) = shelf.sync("best-ai-model").questions
    assert (question.resolution, question.resolved_at) == (None, None)
    course = shelf.course("polymarket:best-ai-model")
    assert course[: len(known)] == known
    assert market.ended - DAY < course[-1][0] < market.ended
    market.paid, market.status = 0.0, "resolved"
    (question,) = shelf.sync("best-ai-model").questions
    assert (question.resolution, question.resolved_at) == (0.0, market.ended)
    assert shelf.course("polymarket:best-ai-model") == course
    market.paid = 1.0
    assert shelf.sync("best-ai-model").questions[0].resolution == 1.0


def test_an_empty_window_in_the_midst_is_asked_again_before_it_is_believed() -> None:
    polymarket = site(market := sold(), days=60)
    polymarket.server.faults.extend([None, None, changed(lambda reply: {"history": []})])
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.asked == 7
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, polymarket.now)


def test_after_a_hole_the_price_is_told_again_even_where_it_is_the_same() -> None:
    flat = Sold("flat", "Flat?", OPENS, [(OPENS, 0.4)], silent=[(OPENS + 3 * DAY, OPENS + 6 * DAY)])
    polymarket = site(flat, days=9)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    first = OPENS.replace(minute=0) + HOUR
    after = (OPENS + 6 * DAY).replace(minute=0) + HOUR
    assert shelf.course("polymarket:best-ai-model") == [(first, 0.4), (first + 3 * DAY, None), (after, 0.4)]


def test_points_after_the_close_are_no_prices_of_the_question() -> None:
    ended = OPENS + 9 * DAY
    polymarket = site(market := sold(ended=ended, paid=1.0), days=30)
    late = {"t": int((ended + DAY).timestamp()), "p": 1}
    polymarket.server.faults.extend([None, changed(lambda reply: {"history": [*reply["history"], late]})])
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    course = shelf.course("polymarket:best-ai-model")
    assert course[-1][0] < ended
    assert all(price == market.price(at) for at, price in course)


def test_a_market_that_opened_again_and_closed_anew_between_two_syncs_gets_its_new_end() -> None:
    market = sold(ended=OPENS + 20 * DAY, paid=1.0, keeps="windows")
    polymarket = site(market, days=21)
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    assert shelf.sync("best-ai-model").unchanged
    first = shelf.course("polymarket:best-ai-model")
    market.ended, polymarket.now = OPENS + 30 * DAY, OPENS + 31 * DAY
    (question,) = shelf.sync("best-ai-model").questions
    course = shelf.course("polymarket:best-ai-model")
    assert len(course) > len(first)
    assert course == hourly(market, OPENS, market.ended)
    assert question.resolved_at == market.ended
    assert shelf.sync("best-ai-model").unchanged


def test_a_clock_that_fell_an_hour_behind_the_sites_takes_nothing_away() -> None:
    done, lively = sold("done", 1, ended=OPENS + 20 * DAY, paid=1.0, keeps="windows"), sold("lively", 2)
    done.prices.append((done.ended - 50 * MINUTE, 0.999))
    done.prices = [one for one in done.prices if one[0] <= done.ended - 50 * MINUTE]
    polymarket = site(done, lively, days=20)
    polymarket.now += 5 * MINUTE
    shelf = shelf_of(polymarket)
    shelf.sync("best-ai-model")
    before = shelf.course("polymarket:best-ai-model/done")
    polymarket.now += 10 * MINUTE
    lively.volume += 1
    shelf.now = lambda: polymarket.now - HOUR
    assert before[-1][0] > shelf.now()
    assert not shelf.sync("best-ai-model").unchanged
    assert shelf.course("polymarket:best-ai-model/done") == before
    assert shelf.course("polymarket:best-ai-model/lively") == hourly(lively, OPENS, polymarket.now - 10 * MINUTE)


def test_a_close_ahead_of_our_own_clock_is_read_to_its_end_later() -> None:
    market = sold(ended=OPENS + 20 * DAY, paid=1.0, keeps="windows")
    market.prices = [(OPENS, 0.4), (market.ended - 45 * MINUTE, 0.999)]
    polymarket = site(market, days=20)
    shelf = shelf_of(polymarket)
    shelf.now = lambda: polymarket.now - HOUR
    shelf.sync("best-ai-model")
    polymarket.now += DAY
    (question,) = shelf.sync("best-ai-model").questions
    assert question.resolved_at == market.ended
    assert shelf.course("polymarket:best-ai-model") == hourly(market, OPENS, market.ended)
    assert shelf.course("polymarket:best-ai-model")[-1][1] == 0.999
