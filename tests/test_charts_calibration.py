"""Calibration as drawn: panels apart, counts below, and the list of questions on one scale."""

import itertools
from typing import Any

import altair as alt
import polars as pl
import pytest

from tracker.charts.calibration import calibration
from tracker.charts.questions import ROW_COLUMNS, standings

TITLE = (
    "Will large reasoning models significantly outperform traditional LLMs at creative writing, as clearly as at math "
    "and at coding?"
)


def bins(*names: str) -> pl.DataFrame:
    rows = [
        {
            "forecaster": name,
            "meaning": "market" if name == "Manifold" else "person",
            "n": 3 + 4 * place,
            "called": called,
            "happened": called + 0.1,
            "band_low": called - 0.2,
            "band_high": called + 0.2,
            "text": "a bin",
        }
        for name in names
        for place, called in enumerate((0.2, 0.5, 0.8))
    ]
    return pl.DataFrame(rows)


def curves(*names: str, **options: Any) -> alt.LayerChart:
    return calibration(bins(*names), headings=dict.fromkeys(names, "15 questions"), **options)


def listed(count: int = 3) -> pl.DataFrame:
    kinds = {"value": pl.Float64, "before": pl.Float64, "hollow": pl.Boolean}
    rows = [
        (f"manifold:{number}", TITLE if number else "Short?", "Manifold", "", 20.0 + number, 10.0, "20 %, +10",
         "market", number == 1, TITLE, "Open")
        for number in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={name: kinds.get(name, pl.String) for name in ROW_COLUMNS}, orient="row")


def rows(spec: dict[str, Any], mark: str) -> list[list[dict[str, Any]]]:
    return [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"] if layer["mark"]["type"] == mark]


@pytest.mark.parametrize("width", [360, 960])
def test_panels_do_not_overlap(width: int) -> None:
    spec = curves("Manifold", "Ada", width=width).to_dict()
    dots = rows(spec, "point")[0]
    axis = "x" if width > 560 else "y"
    ends = {name: [dot[axis] for dot in dots if dot["name"] == name] for name in ("Manifold", "Ada")}
    assert max(ends["Manifold"]) < min(ends["Ada"]) or min(ends["Manifold"]) > max(ends["Ada"])


def test_bars_stand_for_counts_below_the_scale() -> None:
    spec = curves("Manifold").to_dict()
    dots = rows(spec, "point")[0]
    heights = [dot["top"] - dot["foot"] for dot in dots]
    assert [round(height / heights[-1] * 11) for height in heights] == [3, 7, 11]
    assert all(dot["top"] < 0 for dot in dots)


def test_bands_and_dots_keep_their_numbers() -> None:
    dots = rows(curves("Manifold").to_dict(), "point")[0]
    assert [(dot["x"], dot["y"]) for dot in dots] == [
        (pytest.approx(called), pytest.approx(called + 0.1)) for called in (0.2, 0.5, 0.8)
    ]
    assert all(dot["low"] == pytest.approx(dot["x"] - 0.2) for dot in dots)


@pytest.mark.parametrize("width", [360, 960])
def test_a_long_title_takes_two_lines_and_no_row_meets_the_next(width: int) -> None:
    spec = standings(listed(), width=width).to_dict()
    labels = next(found for found in rows(spec, "text") if found and "label_2" in found[0])
    assert labels[1]["label_2"].endswith("…")
    assert labels[0]["label_2"] == ""
    ends = [sorted(row[name] for name in ("y", "y_text", "y_label_2", "y_second")) for row in labels]
    assert all(one[-1] < other[0] for one, other in itertools.pairwise(ends))


def test_a_question_can_be_chosen_on_a_page_only() -> None:
    with_one, without = (standings(listed(), select=name).to_dict() for name in ("mark", None))
    assert with_one["params"][0]["select"]["fields"] == ["key"]
    assert "params" not in without


def test_what_did_not_stand_before_has_a_dot_and_no_way() -> None:
    frame = listed().with_columns(before=pl.lit(None, pl.Float64))
    spec = standings(frame).to_dict()
    assert len(rows(spec, "point")[0]) == 3
    assert [] in rows(spec, "rule")
