"""Back-tests by month, beside what others had said by then."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from db.queries.estimates import ESTIMATES
from db.queries.forecasts import DAILY
from tracker.stats.backtests import by_month, compared, others_in

MAY, JUNE, JULY = date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31)


def told(on: date, p_yes: float | None, *, rule: str = "votes", headline: bool = True, backtest: bool = True) -> dict:
    return dict.fromkeys(ESTIMATES) | {
        "question_id": "q",
        "rule_id": rule,
        "as_of": on,
        "verdict": "no",
        "p_rule": p_yes,
        "p_yes": p_yes,
        "headline": headline,
        "backtest": backtest,
    }


def said(name: str, kind: str, on: date, probability: float | None) -> dict:
    return {"question_id": "q", "forecaster": name, "kind": kind, "on": on, "probability": probability}


ESTIMATED = pl.DataFrame(
    [
        told(JULY, 0.3),
        told(MAY, None),
        told(JUNE, 0.2),
        told(JUNE, 0.9, rule="judges", headline=False),
        told(JUNE, 0.8, backtest=False),
    ],
    schema=ESTIMATES,
)
STOOD = pl.DataFrame(
    [
        said("manifold", "market", date(2026, 6, 30), 0.6),
        said("manifold", "market", date(2026, 7, 2), 0.5),
        said("Anna", "person", date(2026, 4, 1), 0.1),
        said("Anna", "person", date(2026, 7, 31), None),
        said("tracker (back-test)", "backtest", date(2026, 5, 1), 0.4),
    ],
    schema=DAILY,
)


def test_each_month_has_what_stood_at_its_last_day() -> None:
    months = by_month(ESTIMATED, STOOD, None)
    assert months["as_of"].to_list() == [MAY, JUNE, JULY]
    assert months["p_yes"].to_list() == [None, 0.2, 0.3]
    assert others_in(months) == ["manifold", "Anna"]
    assert months["manifold"].to_list() == [None, 0.6, 0.5]
    assert months["Anna"].to_list() == [0.1, 0.1, None]


def test_nothing_stands_from_the_resolution_on() -> None:
    months = by_month(ESTIMATED, STOOD, datetime(2026, 7, 31, 8, tzinfo=UTC))
    assert months["as_of"].to_list() == [MAY, JUNE]


def test_without_anybody_else_ours_stands_alone() -> None:
    assert others_in(by_month(ESTIMATED, STOOD.clear(), None)) == []
    assert by_month(ESTIMATED.clear(), STOOD, None).is_empty()


def test_ours_against_anothers_over_the_months_of_both() -> None:
    months = by_month(ESTIMATED, STOOD, None)
    market = compared(months, "manifold", None)
    assert market is not None
    assert (market.months, market.ours, market.theirs) == (2, None, None)
    assert market.apart == pytest.approx((0.4 + 0.2) / 2)
    scored = compared(months, "manifold", 1.0)
    assert scored is not None
    assert scored.ours == pytest.approx((0.8**2 + 0.7**2) / 2)
    assert scored.theirs == pytest.approx((0.4**2 + 0.5**2) / 2)
    assert compared(months.with_columns(p_yes=pl.lit(None, pl.Float64)), "manifold", 1.0) is None
