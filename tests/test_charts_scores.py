"""The forest plot: what is drawn for a gap that is sure, unsure, distrusted or without an interval."""

import polars as pl
import pytest
from chart_frames import forest_rows
from hypothesis import given
from hypothesis import strategies as st

from tracker.charts.rows import lay_out
from tracker.charts.scores import forest, nice_ticks, reach
from tracker.charts.texts import even, text_width, wrapped


def _layers(frame: pl.DataFrame, mark: str) -> list[tuple[dict, list[dict]]]:
    spec = forest(frame, axis="points").to_dict()
    return [
        (layer, spec["datasets"][layer["data"]["name"]]) for layer in spec["layer"] if layer["mark"]["type"] == mark
    ]


def test_a_gap_without_an_interval_is_a_diamond_and_no_line() -> None:
    frame = forest_rows()
    intervals = next(rows for layer, rows in _layers(frame, "rule") if layer["encoding"]["x"]["field"] == "low")
    layer, dots = _layers(frame, "point")[0]
    assert layer["encoding"]["shape"]["condition"] == {"test": "datum.low === null", "value": "diamond"}
    assert len(dots) == 6
    assert {row["label"] for row in dots} - {row["label"] for row in intervals} == {"Benchmark 4"}


def test_a_distrusted_gap_is_grey_and_hollow() -> None:
    row = forest_rows().filter(pl.col("label") == "Benchmark 5").row(0, named=True)
    assert row["hollow"]
    assert row["meaning"] == "unsure"
    assert "cut off at the token limit" in row["note"]
    layer = _layers(forest_rows(), "point")[0][0]
    assert layer["encoding"]["fill"]["condition"]["test"] == "datum.hollow"


def test_an_interval_that_holds_zero_is_grey_and_each_side_has_its_colour() -> None:
    meanings = dict(forest_rows().select("label", "meaning").iter_rows())
    assert meanings["Benchmark 0"] == "reasoning"
    assert meanings["Benchmark 2"] == "unsure"
    assert meanings["Benchmark 3"] == "conventional"


def test_rows_stand_by_gap_within_panels_and_panels_stand_apart() -> None:
    layout = lay_out(forest_rows(), width=960)
    rows = layout.frame.sort("y")
    assert rows["panel"].unique(maintain_order=True).to_list() == [
        "Answers can be checked",
        "A measure stands in for taste",
    ]
    for panel in rows.partition_by("panel"):
        assert panel["value"].is_sorted(descending=True)
    first, second = layout.panels.sort("top").iter_rows(named=True)
    assert first["bottom"] < second["y"] < second["top"]


@pytest.mark.parametrize("width", [320, 360, 720, 960, 1600])
def test_the_plot_keeps_room_at_every_width(width: int) -> None:
    layout = lay_out(forest_rows(benchmark_name="A benchmark whose name goes on and on and on and on"), width=width)
    assert layout.plot_width >= 0.35 * width


@given(st.floats(-1e4, 0), st.floats(0, 1e4), st.integers(3, 9))
def test_ticks_are_few_hold_zero_and_stay_inside(low: float, high: float, most: int) -> None:
    low, high = reach(pl.DataFrame({"value": [low, high], "low": [None, None], "high": [None, None]}))
    ticks = nice_ticks(low, high, most=most)
    assert 0.0 in ticks
    assert len(ticks) <= most + 1
    assert all(low <= tick <= high for tick in ticks)


def test_wrapped_lines_fit() -> None:
    lines = wrapped("Where answers can be checked, reasoning is ahead on 3 of 5 benchmarks and behind on 1", 320, 16)
    assert len(lines) > 1
    assert all(text_width(line, 16) <= 320 for line in lines)


@pytest.mark.parametrize(("name", "whole"), [("Short", True), ("A benchmark whose name goes on " * 4, False)])
def test_a_label_is_cut_off_only_where_it_does_not_fit(name: str, whole: bool) -> None:
    frame = forest_rows().with_columns(label=pl.lit(name))
    texts = [rows for layer, rows in _layers(frame, "text") if layer["encoding"]["text"].get("field") == "label"]
    written = {row["label"] for rows in texts for row in rows}
    assert (written == {name}) == whole
    assert all(text_width(label) <= lay_out(frame, width=960).label_width for label in written)
    assert all(name.startswith(label.removesuffix("…")) for label in written)


def test_a_word_wider_than_its_line_is_cut_and_nothing_is_lost() -> None:
    lines = wrapped("See https://example.org/a/very/long/address/that/no/line/holds for more", 120, 13)
    assert all(text_width(line, 13) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == "Seehttps://example.org/a/very/long/address/that/no/line/holdsformore"


def test_a_number_stays_with_its_unit() -> None:
    lines = [wrapped("It is likely to be 22\u00a0% by then", width, 13) for width in range(60, 200, 5)]
    assert all(any("22\u00a0%" in line for line in broken) for broken in lines)
    assert len({len(broken) for broken in lines}) > 2


def test_a_title_of_two_lines_leaves_no_word_alone() -> None:
    title = "The best score is a reasoning model’s on 101 of 125 benchmarks and nobody has run any of the others here"
    full, balanced = wrapped(title, 880, 18, "600"), even(title, 880, 18, "600")
    assert len(full) == len(balanced) == 2
    assert " ".join(balanced) == title
    widths = [text_width(line, 18, "600") for line in balanced]
    assert max(widths) - min(widths) < 150 < text_width(full[0], 18, "600") - text_width(full[1], 18, "600")


@pytest.mark.parametrize(
    "title",
    ["Is it so? LongDocumentUnderstandingSet2 models of thought", "Best on Humanity’sLastExamination-2 ahead of all"],
)
def test_no_word_is_cut_to_make_lines_even(title: str) -> None:
    assert " ".join(even(title, 314, 16, "600")) == title


def test_letters_of_east_asia_are_counted_as_wide_as_high() -> None:
    assert text_width("推理模型", 10) >= 40 > text_width("abcd", 10)
