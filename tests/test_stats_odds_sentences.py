"""What is said to somebody whose probability could be read in two ways, or is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.stats.odds import ALLOWED, NoProbability, odds, probability


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("40", "“40” can be read as 40 % or as the odds 40:1, which are 97.6 %: write 40% or 40:1."),
        ("1.5", "“1.5” can be read as 1.5 % or as the odds 1.5:1, which are 60 %: write 1.5% or 1.5:1."),
        ("1", "“1” can be read as 1 % or as certain: write 1% or 100%."),
        ("1.0", "“1.0” can be read as 1 % or as certain: write 1% or 100%."),
        ("101", f"“101” is more than certain. {ALLOWED}"),
        ("101 %", f"“101 %” is more than certain. {ALLOWED}"),
        ("6 in 5", f"“6 in 5” is more than certain. {ALLOWED}"),
        ("0:0", f"“0:0” says nothing: both sides are 0. {ALLOWED}"),
        ("0 in 0", f"“0 in 0” says nothing: it is among none. {ALLOWED}"),
        ("1,500:1", f"“1,500:1” has a comma that can be read in two ways. {ALLOWED}"),
        ("2/5", f"“2/5” is no probability. {ALLOWED}"),
        ("likely", f"“likely” is no probability. {ALLOWED}"),
        ("1:2:3", f"“1:2:3” is no probability. {ALLOWED}"),
        ("3 to 2 maybe", f"“3 to 2 maybe” is no probability. {ALLOWED}"),
        ("9" * 400, f"“{'9' * 400}” is no probability. {ALLOWED}"),
    ],
)
def test_what_is_refused_and_why(text: str, said: str) -> None:
    with pytest.raises(NoProbability) as caught:
        probability(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0", 0.0),
        ("0.0", 0.0),
        ("3 TO 2 on", 0.6),
        ("2:3 for", 0.4),
        ("3:2  against", 0.4),
        ("1.5:1", 0.6),
        ("0:1", 0.0),
    ],
)
def test_sides_and_ends(text: str, meant: float) -> None:
    assert probability(text) == pytest.approx(meant, abs=1e-15)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_odds_against_are_odds_for_turned_round(one: int, other: int) -> None:
    if one + other:
        assert probability(f"{one} to {other} against") == probability(f"{other}:{one}")


@given(st.floats(1e-6, 1 - 1e-6))
def test_long_odds_are_written_out_and_can_be_typed_again(value: float) -> None:
    assert probability(odds(value)) == pytest.approx(value, rel=0.006, abs=1e-9)
    assert "e" not in odds(value)
