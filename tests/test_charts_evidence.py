"""The pooled picture: what is drawn for a domain that is told apart, open, or not pooled, on one scale or two."""

import math
from typing import Any

import polars as pl
import pytest
from evidence_frames import NAMES, gap, gaps
from hypothesis import given
from hypothesis import strategies as st

from tracker.charts.capabilities import levels
from tracker.charts.evidence import pooled_gaps
from tracker.charts.rows import Words
from tracker.charts.scores import Band, forest, odds_ticks
from tracker.stats import evidence_domains
from tracker.stats import evidence_drawn as drawn

WORDS = Words("A finding", "How to read it", "Source: a test, 23 Nov 2026")


def rows(frame: pl.DataFrame | None = None) -> pl.DataFrame:
    return drawn.pooled_rows(evidence_domains.domains(gaps() if frame is None else frame, NAMES))


def datasets(chart: Any, mark: str) -> list[list[dict[str, Any]]]:
    spec = chart.to_dict()
    return [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"] if layer["mark"]["type"] == mark]


def test_every_pooled_domain_is_a_dot_and_grey_where_its_interval_holds_zero() -> None:
    dots = datasets(pooled_gaps(rows(), axis="Odds"), "point")[0]
    assert [dot["label"] for dot in dots] == ["Math", "Programming", "dialogue", "Creative writing", "Science"]
    meanings = {dot["label"]: dot["meaning"] for dot in dots}
    assert meanings["Math"] == "reasoning"
    assert meanings["Creative writing"] == "unsure"


def test_zero_stands_under_zero_on_both_scales() -> None:
    frame = rows()
    dots = {dot["label"]: dot for dot in datasets(pooled_gaps(frame, axis="Odds"), "point")[0]}
    for label in ("Math", "Science"):
        one = frame.filter(label=label).row(0, named=True)
        shown = dots[label]
        unit = one["value"] / shown["value"]
        assert unit > 0
        assert shown["low"] * unit == pytest.approx(one["low"])
        assert shown["high"] * unit == pytest.approx(one["high"])
    assert max(abs(dot[end]) for dot in dots.values() for end in ("low", "high")) <= 1


def test_each_scale_has_its_numbers() -> None:
    spec = pooled_gaps(rows(), axis="Odds").to_json()
    assert "×1" in spec
    assert " Elo" in spec


def test_what_is_not_pooled_has_words_and_no_mark() -> None:
    judged = [gap("creative-writing", twin, grading="judged", unit="points", stderr=None) for twin in range(4)]
    chart = pooled_gaps(rows(pl.concat([gaps(), gaps(*judged)])), axis="Odds")
    assert len(datasets(chart, "point")[0]) == 5
    assert "3 of 4 up, not pooled" in chart.to_json()


def test_a_picture_of_nothing_pooled_can_be_drawn() -> None:
    assert pooled_gaps(rows(gaps(twins=2)), axis="Elo points", words=WORDS).to_dict()


def test_the_band_of_the_pooled_gap_is_inside_the_axis() -> None:
    frame = gaps(*(gap("math", twin, value=1.0, stderr=0.1) for twin in range(4)))
    marks, _ = drawn.gap_rows(frame, evidence_domains.domains(frame, NAMES).row(0, named=True))
    spec = forest(marks, axis="Elo points", band=Band(50.0, 40.0, 60.0, "pooled")).to_dict()
    domain = next(
        layer["encoding"]["x"]["scale"]["domain"] for layer in spec["layer"] if layer["mark"]["type"] == "rect"
    )
    assert domain[0] < 0 < 60 < domain[1]


def test_a_mark_can_be_chosen_by_its_key_on_a_page_only() -> None:
    marks, _ = drawn.gap_rows(gaps().filter(capability="math"), None)
    with_one, without = (forest(marks, axis="Elo points", select=name).to_dict() for name in ("mark", None))
    assert with_one["params"][0]["select"]["fields"] == ["key"]
    assert "params" not in without


@given(st.floats(-8, 0), st.floats(0.02, 8), st.integers(4, 9))
def test_ticks_of_odds_are_few_and_hold_one(low: float, high: float, most: int) -> None:
    ticks, labels = odds_ticks(low, high, most=most)
    assert len(ticks) == len(labels) <= most + 1
    assert any(abs(tick) < 1e-9 for tick in ticks)
    assert "×1" in labels
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert len(set(labels)) == len(labels)
    for tick, label in zip(ticks, labels, strict=True):
        assert float(label.removeprefix("×").replace(",", "")) == pytest.approx(math.exp(tick), rel=0.01)


def capability_rows() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "label": ["Math", "Robotics"],
            "detail": ["Sums", ""],
            "panel": ["Placed", "Placed"],
            "reasoning": [95.0, None],
            "conventional": [60.0, None],
            "human": [90.0, None],
            "text": ["95 % against 60 %, human 90 %", "nothing tracked"],
            "faint": [False, True],
            "note": ["A note", "nothing tracked"],
        }
    )


def test_an_untracked_capability_has_a_row_and_no_mark() -> None:
    chart = levels(capability_rows())
    assert [len(found) for found in datasets(chart, "point")] == [1, 1]
    assert [len(found) for found in datasets(chart, "tick")] == [1]
    assert {row["label"] for row in datasets(chart, "text")[0]} == {"Math", "Robotics"}
