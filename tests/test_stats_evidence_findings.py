"""The pooled evidence in words: no sentence says more than its interval, and none is typed."""

import math

import polars as pl
import pytest
from evidence_frames import DOMAINS, NAMES, gap, gaps
from hypothesis import given
from hypothesis import strategies as st

from tracker.stats import evidence_domains
from tracker.stats import evidence_drawn as drawn
from tracker.stats import evidence_findings as findings
from tracker.stats.evidence import pooled


def rows_of(frame: pl.DataFrame, **options: object) -> pl.DataFrame:
    return evidence_domains.domains(frame, NAMES, **options)


def test_the_sentence_is_composed_from_the_pooled_numbers() -> None:
    frame = gaps()
    text = findings.sentence(rows_of(frame), "same-weights")
    for capability, name in (("math", "math"), ("coding", "programming"), ("creative-writing", "creative writing")):
        row = pooled(frame.filter(capability=capability)).row(0, named=True)
        interval = f"[{row['low']:.0f}, {row['high']:.0f}]".replace("-", "−")
        assert f"in {name}" in text
        assert interval in text
        assert f"{row['mean']:.0f}" in text
    assert text.startswith("Thinking adds ")
    assert "; in creative writing 1 [" in text
    assert text.endswith(": not told apart from nothing.")
    assert "dialogue" not in text
    assert "no effect" not in text


def test_the_sentence_follows_the_numbers() -> None:
    turned = gaps().with_columns(value=-pl.col("value"))
    row = rows_of(gaps()).filter(capability="math", grading="voted").row(0, named=True)
    text = findings.sentence(rows_of(turned), "same-weights")
    assert text.startswith(f"Thinking costs {row['mean']:.0f} Elo in math [{row['low']:.0f}, {row['high']:.0f}] and ")
    assert findings.title(rows_of(turned), "same-weights").startswith("By votes, thinking hurts where answers can be")


def test_fewer_than_three_twins_are_not_stated() -> None:
    rows = rows_of(gaps(twins=2))
    assert rows["mean"].is_null().all()
    assert set(rows["standing"]) == {"unpooled"}
    assert "Nothing can be pooled yet" in findings.sentence(rows, "same-weights")
    assert not evidence_domains.poolable(gaps(twins=2))
    assert evidence_domains.poolable(gaps(twins=3))
    assert rows.filter(capability="math")["text"].to_list() == ["2 of 2 up, not pooled"]


def test_thinking_is_only_said_of_the_same_weights() -> None:
    rows = rows_of(gaps())
    assert findings.sentence(rows, "same-base").startswith("The reasoning model is ahead by ")
    assert "thinking" not in (findings.title(rows, None) + findings.sentence(rows, None)).lower()


def test_the_title_contrasts_what_can_be_checked_with_taste() -> None:
    expected = (
        "By votes, thinking helps where answers can be checked; where taste decides it is not told apart from nothing"
    )
    assert findings.title(rows_of(gaps()), "same-weights") == expected


def test_an_open_title_does_not_say_that_nothing_is_there() -> None:
    rows = rows_of(gaps(*(gap("creative-writing", twin) for twin in range(5))))
    assert (
        findings.title(rows, "same-weights") == "By votes, where taste decides, thinking is not told apart from nothing"
    )


def test_fractions_are_said_in_odds() -> None:
    rows = rows_of(gaps()).filter(grading="verifiable")
    row = rows.row(0, named=True)
    assert row["scale"] == "log_odds"
    assert f"×{math.exp(row['mean']):.2f} [" in row["text"]
    text = findings.sentence(rows, "same-weights")
    assert text.startswith("Thinking multiplies the odds of a right answer by 1.")


def test_other_gradings_follow_and_what_is_not_pooled_is_counted() -> None:
    judged = [gap("creative-writing", twin, grading="judged", unit="points", stderr=None) for twin in range(4)]
    rows = rows_of(pl.concat([gaps(), gaps(*judged)]))
    text = findings.besides(rows, "same-weights")
    assert "Where answers are checked, thinking multiplies the odds" in text
    assert "Where a model judges, 3 of 4 gaps are up" in text
    assert "not pooled" in text


def test_a_distrusted_gap_is_left_out_unless_it_is_let_in() -> None:
    bad = gap("math", 5, value=-500.0, flags=["harness-default"])
    frame = pl.concat([gaps(), gaps(bad)])
    out, let_in = rows_of(frame), rows_of(frame, admit={"harness-default"})
    assert out.filter(capability="math")["k"].item() == 5
    assert let_in.filter(capability="math")["k"].item() == 6
    assert out.filter(capability="math")["counted"].item() == 5
    assert "1 distrusted gap is left out." in findings.caution(out)


def test_answers_counted_again_are_neither_pooled_nor_counted() -> None:
    again = [gap("math", twin, benchmark_id="made-up/hard-math", overlaps="made-up/math") for twin in range(5)]
    rows = rows_of(pl.concat([gaps(), gaps(*again)]))
    assert rows.filter(capability="math").select("k", "counted").row(0) == (5, 5)


def test_differences_are_within_twins() -> None:
    frame = gaps()
    text = findings.differences(frame, rows_of(frame))
    assert text.startswith("Against creative writing, within the same models: math +13 [")
    taste = pl.col("capability") == "creative-writing"
    others = pl.when(taste).then(pl.format("{}x", "reasoning_id")).otherwise("reasoning_id")
    shuffled = frame.with_columns(reasoning_id=others)
    assert findings.differences(shuffled, rows_of(shuffled)) == ""


def test_the_source_names_day_and_method() -> None:
    frame = gaps()
    rows = rows_of(frame)
    assert findings.source(frame, rows, "dersimonian-laird") == (
        "Source: Made up, date not known · random effects (DerSimonian–Laird, Hartung–Knapp) over 5 twins"
    )


@given(st.floats(0.01, 100).filter(lambda factor: factor != 1))
def test_a_factor_that_is_not_one_never_reads_one(factor: float) -> None:
    if abs(factor - 1) > 1e-4:
        assert float(evidence_domains.times(factor)) != 1


@pytest.mark.parametrize(
    ("factor", "text"), [(4.4321, "4.4"), (12.3, "12"), (1.637, "1.64"), (0.732, "0.73"), (1.0, "1.00")]
)
def test_factors_are_written_with_two_or_three_digits(factor: float, text: str) -> None:
    assert evidence_domains.times(factor) == text


def test_pairs_are_drawn_by_twin_and_distrusted_ones_hollow() -> None:
    bad = gap("math", 5, value=-500.0, flags=["harness-default"])
    frame = pl.concat([gaps(), gaps(bad)]).filter(capability="math")
    row = rows_of(frame).row(0, named=True)
    marks = drawn.twin_rows(frame, row)
    assert marks.height == 6
    hollow = marks.filter("hollow").row(0, named=True)
    assert hollow["value"] == -500
    assert "default output limit" in hollow["note"]
    assert hollow["meaning"] == "unsure"
    assert set(marks["key"]) == set(drawn.gap_keys(frame))


def test_several_benchmarks_of_a_twin_are_one_row_with_their_weighted_mean() -> None:
    second = [
        gap("math", twin, benchmark_id="made-up/b", benchmark_name="B", value=0.0, stderr=4.0) for twin in range(5)
    ]
    frame = pl.concat([gaps().filter(capability="math"), gaps(*second)])
    row = rows_of(frame).row(0, named=True)
    marks = drawn.twin_rows(frame, row)
    assert marks.height == 5
    assert set(marks["detail"]) == {"2 benchmarks"}
    assert marks["value"].max() == pytest.approx((15 + 0.8 * 4) / 2)
    each, scale = drawn.gap_rows(frame, row)
    assert (each.height, scale) == (10, "Elo points")


def test_a_surer_gap_has_a_larger_square() -> None:
    frame = gaps(*(gap("math", twin, stderr=(2.0, 4.0, 8.0)[twin]) for twin in range(3)))
    marks = drawn.gap_rows(frame, rows_of(frame).row(0, named=True))[0].sort("key")
    assert marks["size"].is_sorted(descending=True)
    assert marks["size"].n_unique() == 3


def test_gaps_with_one_name_are_told_apart() -> None:
    frame = gaps(gap("math", 0), gap("math", 0, benchmark_id="made-up/other"))
    keys = drawn.gap_keys(frame)
    assert len(set(keys)) == 2
    assert keys[1] == f"{keys[0]}, 2"


def test_many_rows_are_cut_at_both_ends() -> None:
    frame = gaps(*(gap("math", twin, value=float(twin)) for twin in range(50)))
    marks, _ = drawn.gap_rows(frame, rows_of(frame).row(0, named=True))
    kept = drawn.ends(marks, 30)
    assert (kept["value"].max(), kept["value"].min(), kept.height) == (49, 0, 30)


def test_pooled_rows_keep_what_cannot_be_pooled_only_where_nothing_else_is() -> None:
    loose = [gap("science", twin, capability="reading", stderr=None, log_odds_stderr=None) for twin in range(3)]
    judged = [gap("creative-writing", twin, grading="judged", unit="points", stderr=None) for twin in range(4)]
    pictured = drawn.pooled_rows(rows_of(pl.concat([gaps(), gaps(*loose), gaps(*judged)])))
    assert "reading" not in pictured["label"].to_list()
    last = pictured.row(-1, named=True)
    assert (last["panel"], last["text"], last["value"]) == ("A model judges", "3 of 4 up, not pooled", None)
    assert len(pictured) == len(DOMAINS) + 1
