"""Probabilities as they are typed: percent, shares and odds, or a sentence that says what is allowed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.stats.odds import NoProbability, odds, probability


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("40 %", 0.4),
        ("40%", 0.4),
        ("40 percent", 0.4),
        ("0.4", 0.4),
        (".4", 0.4),
        ("0,4", 0.4),
        ("2:3", 0.4),
        (" 2 : 3 ", 0.4),
        ("2 to 3", 0.4),
        ("3 to 2 against", 0.4),
        ("2 to 3 on", 0.4),
        ("2 in 5", 0.4),
        ("1:0", 1.0),
        ("100%", 1.0),
        ("99.5 %", 0.995),
    ],
)
def test_what_is_typed_is_understood(typed: str, value: float) -> None:
    assert probability(typed) == pytest.approx(value)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "40", "1", "1.5", "400", "-0.1", "120 %", "0:0", "1 in 0", "3 in 2", "a:b", "nan", "inf", "1:", "2/3"),
        *("1e400", "=1+1", "1:nan", "1,500:1", "٤٠%", "40%%"),
    ],
)
def test_what_is_none_or_could_be_two_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(NoProbability, match=r"\.$"):
        probability(typed)


@given(st.floats(0.0001, 0.9999))
def test_odds_mean_the_probability_they_are_of(value: float) -> None:
    assert probability(odds(value)) == pytest.approx(value, rel=0.01)


@given(st.text(max_size=30))
def test_whatever_is_typed_gives_a_probability_or_a_sentence(typed: str) -> None:
    with contextlib.suppress(NoProbability):
        assert 0 <= probability(typed) <= 1


def test_certainty_has_no_odds() -> None:
    assert (odds(0.4), odds(0.75), odds(1.0), odds(0.0)) == ("1 : 1.5", "3 : 1", "certain", "never")
