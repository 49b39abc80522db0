"""The trend's picture: what is drawn for what is known, names that meet nothing, axes that hold every model."""

import itertools
from datetime import date, timedelta
from typing import Any

import altair as alt
import numpy as np
import polars as pl
import pytest
from trend_frames import START, climbing, frame, score

from tracker.charts.rows import GUTTER, Words
from tracker.charts.texts import text_width
from tracker.charts.trends import climb
from tracker.charts.trends_names import NAME_SIZE
from tracker.stats.trends import trends
from tracker.stats.trends_drawn import drawn

DEADLINE = START + timedelta(days=450)
WORDS = Words("A finding", "How to read it", "Source: a test, 23 Nov 2026")


def chart(rows: pl.DataFrame | None = None, ahead: bool = True, **options: Any) -> alt.LayerChart:
    scores = climbing() if rows is None else rows
    unit = scores["unit"][0]
    found = trends(scores, rng=np.random.default_rng(0), ahead_to=DEADLINE if ahead else None)
    assert found is not None
    usual = {"after": "%", "bound": (0.0, 100.0)} if unit == "fraction" else {}
    return climb(*drawn(found, unit), **(usual | {"deadline": DEADLINE if ahead else None} | options))


def layers(spec: dict[str, Any], mark: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    found = [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]
    return [(layer, spec["datasets"][layer["data"]["name"]]) for layer in found]


def test_every_model_is_a_dot_and_the_best_are_larger() -> None:
    ((dots, rows),) = layers(chart().to_dict(), "point")
    assert len(rows) == 17
    assert sum(row["frontier"] for row in rows) == 16
    assert dots["encoding"]["size"]["condition"]["test"] == "datum.frontier"
    assert dots["encoding"]["shape"]["scale"] == {
        "range": ["circle", "square"],
        "domain": ["reasoning", "conventional"],
    }


def test_what_is_run_on_is_dashed_and_lighter_and_joins_what_is_fitted() -> None:
    spec = chart().to_dict()
    lines = [(layer, rows) for layer, rows in layers(spec, "line") if "interpolate" not in layer["mark"]]
    (fitted, inside), (run_on, after) = lines
    assert "strokeDash" not in fitted["mark"]
    assert run_on["mark"]["strokeDash"]
    assert run_on["mark"]["opacity"] < 1
    (_, band), (ahead, _) = layers(spec, "area")
    assert ahead["mark"]["opacity"] < layers(spec, "area")[0][0]["mark"]["opacity"]
    assert band
    for kind in ("reasoning", "conventional"):
        ends = [[row for row in rows if row["meaning"] == kind] for rows in (inside, after)]
        assert ends[0][-1]["value"] == ends[1][0]["value"]


def test_without_a_deadline_nothing_is_dashed() -> None:
    spec = chart(ahead=False).to_dict()
    dashed = [rows for layer, rows in layers(spec, "line") + layers(spec, "rule") if "strokeDash" in layer["mark"]]
    assert not any(dashed)


def test_a_deadline_is_an_upright_rule_at_its_day() -> None:
    spec = chart(deadline_text="27 Mar 2026").to_dict()
    ((rule, rows),) = [(layer, rows) for layer, rows in layers(spec, "rule") if "strokeDash" in layer["mark"]]
    assert date(1970, 1, 1) + timedelta(milliseconds=rows[0]["at"]) == DEADLINE
    assert "y" not in rule["encoding"]
    assert "27 Mar 2026" in str(spec["datasets"])


@pytest.mark.parametrize(("width", "plot"), [(360, 250), (900, 690), (1200, 990)])
def test_names_meet_no_name_and_stay_inside(width: int, plot: int) -> None:
    """`plot`: about the pixels between the axis' numbers and what stands at the lines' ends."""
    spec = chart(width=width).to_dict()
    boxes = []
    for layer, rows in layers(spec, "text"):
        if layer["mark"].get("fontSize") != NAME_SIZE or layer["encoding"]["text"]["field"] != "name":
            continue
        domain = layer["encoding"]["x"]["scale"]["domain"], layer["encoding"]["y"]["scale"]["domain"]
        for row in rows:
            across = (row["at"] - domain[0][0]) / (domain[0][1] - domain[0][0]) * plot
            down = (domain[1][1] - row["value"]) / (domain[1][1] - domain[1][0]) * 400
            length = text_width(row["name"], NAME_SIZE)
            left = across + layer["mark"]["dx"] - (length if layer["mark"]["align"] == "right" else 0)
            boxes.append((left, down + layer["mark"]["dy"], left + length))
    assert boxes
    assert all(box[0] >= -GUTTER for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        assert abs(one[1] - other[1]) > 6 or one[2] < other[0] or other[2] < one[0]


def names(rows: pl.DataFrame, width: int = 900) -> set[str]:
    found = [
        row["name"]
        for layer, rows in layers(chart(rows, width=width).to_dict(), "text")
        if layer["encoding"]["text"]["field"] == "name"
        for row in rows
    ]
    assert len(found) == len(set(found))
    return set(found)


def test_a_name_loses_its_version_and_only_then_its_parts() -> None:
    later = START + timedelta(days=200)
    rows = frame(
        [
            score("a", "reasoning", START, 0.5, model_name="Claude Opus 4.5 (2025-11-01), thinking, high effort"),
            score("b", "reasoning", later, 0.8, model_name=f"Long {'very ' * 9}long, thinking 64K"),
            score("c", "conventional", START, 0.2, model_name="GPT-4o (2024-05-13)"),
            score("d", "conventional", later, 0.4, model_name="GPT-4o (2024-08-06)"),
        ]
    )
    assert names(rows) == {
        "Claude Opus 4.5, thinking, high effort",
        "Long very very very very very very very…",
        "GPT-4o (2024-05-13)",
        "GPT-4o (2024-08-06)",
    }
    assert "Claude Opus 4.5" in names(rows, width=240)


@pytest.mark.parametrize("width", [360, 960])
@pytest.mark.parametrize(
    "rows",
    [
        climbing(),
        climbing(unit="rating"),
        climbing(unit="index", low=400.0, high=2000.0, ceiling=None),
        frame([score("only", "reasoning", START, 0.5)]),
        frame([score("one", "reasoning", START, 0.0), score("two", "conventional", date(2015, 5, 1), 1.0)]),
    ],
    ids=["fractions", "ratings", "wild intervals", "one model", "ten years"],
)
def test_every_dot_lies_within_the_axes(rows: pl.DataFrame, width: int) -> None:
    ((dots, data),) = layers(chart(rows, width=width).to_dict(), "point")
    for channel, field in (("x", "at"), ("y", "value")):
        low, high = dots["encoding"][channel]["scale"]["domain"]
        assert low < high
        assert all(low <= row[field] <= high for row in data)


def test_fractions_never_have_an_axis_past_0_and_100() -> None:
    rows = frame([score("one", "reasoning", START, 0.0), score("two", "reasoning", START + timedelta(days=9), 1.0)])
    ((dots, _),) = layers(chart(rows).to_dict(), "point")
    assert dots["encoding"]["y"]["scale"]["domain"] == [0, 100]


def test_the_brush_is_there_only_where_asked_for() -> None:
    assert "params" not in chart().to_dict()
    (param,) = chart(brush="window").to_dict()["params"]
    assert param["name"] == "window"
    assert param["select"]["encodings"] == ["x"]


def test_a_kind_with_no_line_has_its_name_at_its_steps() -> None:
    rows = climbing().filter((pl.col("kind") == "conventional") | (pl.col("model_id") == "reasoning-0"))
    spec = chart(rows).to_dict()
    assert "no line" in str(spec["datasets"])


def test_the_two_ends_never_stand_on_each_other() -> None:
    level = climbing().with_columns(value=pl.col("value").rank() / 40)
    spec = chart(level, words=WORDS).to_dict()
    names = next(
        rows
        for layer, rows in layers(spec, "text")
        if layer["encoding"]["text"]["field"] == "label" and "detail" in rows[0]
    )
    low, high = layers(spec, "point")[0][0]["encoding"]["y"]["scale"]["domain"]
    assert abs(names[0]["at"] - names[1]["at"]) >= 37 / 400 * (high - low)


def test_the_uppermost_number_of_the_axis_names_its_unit() -> None:
    spec = chart(after="", unit=" points").to_dict()
    _, numbers = layers(spec, "text")[0]
    assert [row["label"] for row in numbers] == ["0", "20", "40", "60", "80", "100 points"]
