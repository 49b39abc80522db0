"""Bands beside our estimates: each from its moment until the next, with holes where nothing is known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from db.queries.estimates import ESTIMATES
from tests.test_rules_join_findings import row
from tracker.stats.history_bands import BANDS, bands

UNTIL = datetime(2026, 11, 30, 12, tzinfo=UTC)


def made(on: date, low: float | None, high: float | None, *, backtest: bool = False, **given: Any) -> dict[str, Any]:
    at = datetime(on.year, on.month, on.day, 3, tzinfo=UTC)
    return row(as_of=on, low=low, high=high, backtest=backtest, computed_at=at, **given)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ESTIMATES, orient="row")


def test_a_band_lasts_until_the_next_and_the_last_until_the_end() -> None:
    found = bands(frame(made(date(2026, 11, 1), 0.1, 0.2), made(date(2026, 11, 10), 0.3, 0.4)), UNTIL)
    first, second = datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 10, 3, tzinfo=UTC)
    assert found["at"].to_list() == [first, second, second, UNTIL]
    assert found["low"].to_list() == [0.1, 0.1, 0.3, 0.3]
    assert found["high"].to_list() == [0.2, 0.2, 0.4, 0.4]
    assert found["piece"].n_unique() == 1
    assert found.schema == BANDS


def test_what_is_not_known_leaves_a_hole() -> None:
    days = (date(2026, 11, 1), date(2026, 11, 10), date(2026, 11, 20))
    rows = [made(on, low, low) for on, low in zip(days, (0.1, None, 0.3), strict=True)]
    found = bands(frame(*rows), UNTIL)
    assert found.group_by("piece", maintain_order=True).agg(pl.col("low").first())["low"].to_list() == [0.1, 0.3]
    assert found["at"].to_list()[1] == datetime(2026, 11, 10, 3, tzinfo=UTC)


def test_a_back_test_stands_from_the_end_of_its_day_and_apart() -> None:
    found = bands(frame(made(date(2026, 10, 31), 0.1, 0.2, backtest=True), made(date(2026, 11, 1), 0.3, 0.4)), UNTIL)
    later = found.filter(meaning="backtest")
    assert later["at"].to_list() == [datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), UNTIL]
    assert set(found["meaning"]) == {"tracker", "backtest"}


def test_only_the_headline_has_a_band() -> None:
    assert bands(frame(made(date(2026, 11, 1), 0.1, 0.2, headline=False)), UNTIL).is_empty()


def test_a_window_cuts_what_lies_before_it() -> None:
    since = UNTIL - timedelta(days=3)
    found = bands(frame(made(date(2026, 11, 1), 0.1, 0.2)), UNTIL, since)
    assert found["at"].to_list() == [since, UNTIL]
    assert bands(frame(made(date(2026, 11, 1), 0.1, 0.2)), since - timedelta(days=40)).is_empty()
