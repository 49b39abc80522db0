"""What the sentences over the charts may say, and what they must never say."""

import polars as pl
import pytest
from chart_frames import gaps
from hypothesis import given
from hypothesis import strategies as st

from tracker.stats.findings import (
    certainty,
    description,
    drawn,
    finding,
    flags_explained,
    gap_text,
    reading,
    source,
    with_intervals,
)


def _shown(*pairs: tuple[float, float | None], **columns: object) -> pl.DataFrame:
    """Gaps of these values and standard errors, all on checkable benchmarks unless told otherwise."""
    frame = gaps(len(pairs), **({"grading": "verifiable", "flags": []} | columns))
    values = {"value": [value for value, _ in pairs], "stderr": [stderr for _, stderr in pairs]}
    return with_intervals(frame.with_columns(pl.Series(name, held, pl.Float64) for name, held in values.items()))


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        ((16, 6, 26), "+16 [6, 26]"),
        ((3.56, -6.86, 13.97), "+4 [−7, 14]"),
        ((-12, -18, -6), "−12 [−18, −6]"),
        ((0, -2, 2), "0 [−2, 2]"),
        ((-0.4, -0.9, 0.1), "−0.4 [−0.9, 0.1]"),
        ((4, 0.3, 8), "+4.0 [0.3, 8.0]"),
        ((5, None, None), "+5 [not known]"),
        ((0, None, None), "0 [not known]"),
    ],
)
def test_a_gap_is_written_with_its_interval(gap: tuple[float, float | None, float | None], text: str) -> None:
    assert gap_text(*gap) == text


@given(st.floats(-100, 100), st.floats(0.01, 40))
def test_a_written_end_is_zero_only_when_it_is_next_to_nothing(value: float, half: float) -> None:
    text = gap_text(value, value - half, value + half)
    assert "-" not in text
    low, high = text.split("[")[1].rstrip("]").split(", ")
    for written, end in ((low, value - half), (high, value + half)):
        assert float(written.replace("−", "-")) != 0 or abs(end) <= 0.05


def test_the_interval_is_196_standard_errors_in_points_of_percent() -> None:
    row = _shown((0.2, 0.05)).row(0, named=True)
    assert (row["shown"], row["low"], row["high"]) == pytest.approx((20, 10.2, 29.8))


def test_a_gap_of_fractions_cannot_leave_a_hundred_points() -> None:
    row = _shown((0.97, 0.05)).row(0, named=True)
    assert row["high"] == 100


def test_other_units_are_shown_as_they_are() -> None:
    row = _shown((120.0, 10.0), unit="rating").row(0, named=True)
    assert row["text"] == "+120 [100, 140]"


@pytest.mark.parametrize(
    ("stderr", "text", "reason"),
    [
        (None, "+100 [not known]", "1 gap is without an interval"),
        (0.0, "+100 [no spread]", "1 gap is the same on every document"),
    ],
)
def test_without_spread_there_is_no_interval_and_nothing_is_concluded(
    stderr: float | None, text: str, reason: str
) -> None:
    shown = _shown((1.0, stderr))
    assert shown["standing"].to_list() == ["unknown"]
    assert shown["text"].to_list() == [text]
    assert finding(shown) == "Where answers can be checked, no gap can be counted."
    assert reason in certainty(shown)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (((0.5, 0.1), (0.4, 0.1)), "Where answers can be checked, reasoning is ahead on both benchmarks."),
        (((0.5, 0.1),) * 3, "Where answers can be checked, reasoning is ahead on all 3 benchmarks."),
        (((-0.5, 0.1),) * 3, "Where answers can be checked, reasoning is behind on all 3 benchmarks."),
        (((0.1, 0.1),) * 3, "Where answers can be checked, none of the 3 gaps is told apart from nothing."),
        (((0.1, 0.1),) * 2, "Where answers can be checked, neither of the 2 gaps is told apart from nothing."),
        (((0.1, 0.1),), "Where answers can be checked, the gap on Benchmark 0 is not told apart from nothing."),
        (
            ((0.85, 0.02),),
            "Where answers can be checked, reasoning is ahead on Benchmark 0, +85 [81, 89] points of percent.",
        ),
        (
            ((0.5, 0.1), (-0.5, 0.1), (0.1, 0.1)),
            "Where answers can be checked, reasoning is ahead on 1 of 3 benchmarks and behind on 1; "
            "the other gap is not told apart from nothing.",
        ),
    ],
)
def test_the_sentence_is_as_strong_as_the_intervals(
    pairs: tuple[tuple[float, float | None], ...], sentence: str
) -> None:
    assert finding(_shown(*pairs)) == sentence


def test_checkable_and_fuzzy_are_never_counted_together() -> None:
    shown = pl.concat([_shown((0.5, 0.1), (0.4, 0.1)), _shown((0.1, 0.1), (0.5, 0.1), grading="proxy")])
    assert finding(shown) == (
        "Where answers can be checked, reasoning is ahead on both comparisons; "
        "in measures that stand in for taste, ahead on 1 of 2; the other gap is not told apart from nothing."
    )


def test_a_distrusted_gap_is_not_counted_but_owned_up_to() -> None:
    shown = pl.concat([_shown((0.5, 0.1)), _shown((0.9, 0.01), flags=["truncated", "a-new-flag"])])
    assert "on Benchmark 0, +50" in finding(shown)
    assert "1 gap is distrusted" in certainty(shown)
    assert flags_explained(shown)[0] == "a-new-flag: Flag: a-new-flag."


def test_a_flag_that_does_not_block_leaves_the_gap_counted() -> None:
    assert not _shown((0.5, 0.1), flags=["below-chance"])["blocked"].any()


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.001, 0.5)), min_size=1, max_size=8))
def test_no_sentence_claims_that_nothing_is_there(pairs: list[tuple[float, float]]) -> None:
    shown = _shown(*pairs)
    for text in (finding(shown), certainty(shown), reading(shown), description(shown)):
        assert "no effect" not in text.lower()
        assert "significant" not in text.lower()


def test_a_demonstration_says_so_everywhere() -> None:
    shown = _shown((0.5, 0.1), demonstration=True)
    assert finding(shown).startswith("Demonstration: where")
    assert source(shown).endswith("demonstration models, no evidence on any question")
    assert "Demonstration" in description(shown)


def test_nothing_is_said_of_nothing() -> None:
    empty = with_intervals(gaps().clear())
    assert finding(empty) == "No reasoning model has been compared with its twin yet."
    assert drawn(empty).is_empty()


def test_the_reading_names_only_what_is_drawn() -> None:
    assert reading(_shown((0.5, 0.1))) == (
        "thinker minus talker (same weights, thinking on and off). Dot: gap; line: 95 % interval."
    )
    assert "Grey" in reading(_shown((0.1, 0.1)))
    assert "Orange" in reading(_shown((-0.5, 0.1)))
    assert "Diamond" in reading(_shown((0.5, None)))
    assert "Hollow" in reading(_shown((0.5, 0.1), flags=["truncated"]))


def test_the_source_names_origin_date_and_method() -> None:
    assert (
        source(_shown((0.5, 0.1)))
        == "Source: own lm-eval runs, 23 Nov 2026 · paired differences, gap ± 1.96 standard errors"
    )
    assert "date not known" in source(_shown((0.5, 0.1), finished_at=None))
    assert "published results" in source(_shown((0.5, 0.1), origin="published", paired=False))


def test_every_row_that_is_given_is_drawn() -> None:
    shown = with_intervals(gaps(40, grading=None))
    rows = drawn(shown)
    assert rows.height == 40
    assert rows["panel"].unique().to_list() == ["Not catalogued"]
    assert all(rows[column].null_count() == 0 for column in rows.columns if column not in ("low", "high"))
