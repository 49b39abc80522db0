"""A question's history as drawn: nothing that can be seen is lost, labels keep apart, what is withdrawn stays."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest
from forecast_frames import day, forecasts, open_question, questions, said
from hypothesis import given
from hypothesis import strategies as st

from tracker.charts.export import export
from tracker.charts.forecasts import Level, Turn, history
from tracker.charts.forecasts_ends import fitted, spread
from tracker.charts.forecasts_lines import thinned
from tracker.charts.rows import Words
from tracker.charts.texts import SMALL_SIZE, text_width
from tracker.charts.time_axis import stamp, time_axis
from tracker.stats import history as drawing

NOW = day(100)
LEVELS = [Level(number / 5, f"{20 * number}%") for number in range(6)]
WORDS = Words("A finding", "How to read it", "Source: a test, 23 Nov 2026")
EVENTS = pl.DataFrame({"on": [day(20).date(), day(21).date()], "number": ["1", "2"], "text": ["one", "two"]})


def drawn(*rows: Any) -> drawing.History:
    """A market with a hole, two people of whom one withdrew, and the same asked elsewhere the other way round."""
    asked = open_question("manifold:a", ends=200)
    other = open_question("kalshi:b", inverted=True)
    usual = [
        said(1, 0.5, "manifold", "manifold:a"),
        said(30, None, "manifold", "manifold:a"),
        said(40, 0.7, "manifold", "manifold:a"),
        said(5, 0.4, "Ada", "manifold:a"),
        said(60, 0.3, "Ada", "manifold:a", reason="Because"),
        said(9, 0.9, "Grace", "manifold:a", withdrawn_at=day(50), withdrawn_because="a slip"),
        said(1, 0.3, "kalshi", "kalshi:b", kind="market"),
    ]
    return drawing.history(asked, questions(other), forecasts(*(rows or usual)), questions(asked, other), NOW)


def chart(found: drawing.History | None = None, **options: Any) -> alt.LayerChart:
    usual = {"levels": LEVELS, "events": EVENTS, "closes": Turn(day(190), "Closes 10 Jul 2026")}
    return history(*(found or drawn()), **{**usual, **options})


def layers(spec: dict[str, Any], mark: str) -> list[list[dict[str, Any]]]:
    return [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"] if layer["mark"]["type"] == mark]


def texts(spec: dict[str, Any]) -> set[str]:
    return {row["label"] for rows in layers(spec, "text") for row in rows if "label" in row}


def test_every_line_is_named_at_its_end_and_there_is_no_legend() -> None:
    spec = chart().to_dict()
    assert {"Manifold 70\u00a0%", "Ada 30\u00a0%", "Kalshi, inverted 70\u00a0%", "Grace, withdrawn"} <= texts(spec)
    assert all(
        channel.get("legend", None) is None
        for layer in spec["layer"]
        for channel in layer["encoding"].values()
        if isinstance(channel, dict)
    )


def test_a_hole_is_drawn_as_two_lines() -> None:
    spec = chart().to_dict()
    own = [row for rows in layers(spec, "line") for row in rows if row["own"] and row["meaning"] == "market"]
    assert len({row["stretch"] for row in own}) == 2
    assert {layer["mark"]["interpolate"] for layer in spec["layer"] if layer["mark"]["type"] == "line"} == {
        "step-after"
    }


def test_a_withdrawn_forecast_is_struck_through_and_stays() -> None:
    spec = chart().to_dict()
    struck = [layer for layer in spec["layer"] if layer["mark"].get("shape") == "stroke"]
    assert len(struck) == 1
    rows = spec["datasets"][struck[0]["data"]["name"]]
    assert [row["name"] for row in rows] == ["Grace"]


def test_an_outcome_has_a_diamond_and_what_is_annulled_has_none() -> None:
    yes = chart(resolved=Turn(NOW, "Resolved YES", 1.0)).to_dict()
    assert [layer for layer in yes["layer"] if layer["mark"].get("shape") == "diamond"]
    assert "Resolved YES" in texts(yes)
    annulled = chart(resolved=Turn(NOW, "Annulled")).to_dict()
    assert not [layer for layer in annulled["layer"] if layer["mark"].get("shape") == "diamond"]
    assert "Annulled" in texts(annulled)


def test_a_deadline_far_away_does_not_squeeze_the_record() -> None:
    def span(closes: float) -> tuple[float, bool]:
        spec = chart(closes=Turn(day(closes), "Closes")).to_dict()
        domain = next(
            layer["encoding"]["x"]["scale"]["domain"] for layer in spec["layer"] if layer["mark"]["type"] == "line"
        )
        return (domain[1] - stamp(day(0))) / 86_400_000, "Closes" in texts(spec)

    assert span(190) == (pytest.approx(190), True)
    assert span(5000)[0] < 105
    assert span(5000)[1] is False


def test_evidence_that_stands_close_is_numbered_one_above_the_other() -> None:
    spec = chart().to_dict()
    rows = next(rows for rows in layers(spec, "text") if rows and "number" in rows[0])
    assert [row["number"] for row in rows] == ["1", "2"]
    assert rows[0]["up"] != rows[1]["up"]


def test_an_empty_history_can_be_drawn() -> None:
    asked = open_question("manifold:a", ends=200)
    empty = drawing.history(asked, questions(), forecasts(), questions(asked), NOW)
    assert history(*empty, levels=LEVELS, words=WORDS).to_dict()


@pytest.mark.parametrize("kind", ["png", "svg", "html", "vega-lite"])
def test_a_hostile_name_is_text_in_every_file(kind: Any) -> None:
    hostile = "<script>alert(1)</script> [x](javascript:y) $latex$ =1+1"
    found = drawn(said(1, 0.5, hostile, "manifold:a", reason=hostile))
    made = export(chart(found, words=Words(hostile, hostile, hostile), description=hostile), kind, title=hostile)
    assert len(made) > 1000
    if kind in ("svg", "html"):
        assert b"<script>alert" not in made


# -- fewer points ------------------------------------------------------------------------------------------------------


def walk(values: list[float], holes: frozenset[int] = frozenset()) -> pl.DataFrame:
    piece, rows = 0, []
    for number, value in enumerate(values):
        piece += number in holes
        rows.append(("a", piece, day(number * 0.37), value))
    schema = {"line": pl.String, "piece": pl.Int64, "at": pl.Datetime("us", "UTC"), "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=300),
    st.integers(1, 50),
    st.frozensets(st.integers(1, 299), max_size=4),
)
def test_fewer_points_keep_extremes_ends_and_holes(values: list[float], bins: int, holes: frozenset[int]) -> None:
    full = walk(values, holes)
    kept = thinned(full, bins=bins)
    assert kept.columns == full.columns
    assert kept.height <= min(full.height, 3 * bins * (len(holes) + 1) + 2 * (len(holes) + 1))
    assert kept.join(full, on=full.columns, how="anti").is_empty()
    for name in ("min", "max"):
        assert getattr(kept["value"], name)() == getattr(full["value"], name)()
    for (piece,), rows in full.partition_by("piece", as_dict=True).items():
        own = kept.filter(piece=piece)
        assert (own.row(0), own.row(-1)) == (rows.row(0), rows.row(-1))
    assert kept["at"].is_sorted()


def test_a_single_spike_among_thousands_survives() -> None:
    values = [0.5] * 20_000
    values[7777] = 0.93
    kept = thinned(walk(values), bins=200)
    assert kept.height <= 800
    assert kept["value"].max() == 0.93
    spike = kept.with_row_index().filter(value=0.93)["index"][0]
    assert kept["value"][spike + 1] == 0.5


# -- labels and axis ---------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), max_size=12))
def test_labels_keep_apart_in_their_order_and_between_the_ends(values: list[float]) -> None:
    values = sorted(values, reverse=True)
    places = spread(values, 0.05, 0.0, 1.0)
    assert len(places) == len(values)
    assert all(upper - lower >= 0.05 - 1e-9 for upper, lower in itertools.pairwise(places))
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)


def test_a_label_with_room_stays_at_its_value() -> None:
    assert spread([0.9, 0.5, 0.1], 0.05, 0.0, 1.0) == [0.9, 0.5, 0.1]
    assert spread([0.5, 0.5], 0.1, 0.0, 1.0) == pytest.approx([0.55, 0.45])


def test_a_label_is_cut_in_its_name_and_never_in_its_number() -> None:
    short = fitted("A forecaster with a very long name indeed 64\u00a0%", 120)
    assert short.endswith("… 64\u00a0%")
    assert text_width(short, SMALL_SIZE + 1) <= 125
    assert fitted("Ada 64\u00a0%", 120) == "Ada 64\u00a0%"


@given(
    st.integers(0, 3_400_000_000),
    st.floats(0.05, 20_000),
    st.integers(4, 12),
)
def test_the_time_axis_has_some_ticks_inside_and_not_too_many(seconds: int, days: float, most: int) -> None:
    first = datetime.fromtimestamp(seconds, UTC)
    last = first + timedelta(days=days)
    values = time_axis(first, last, most=most).to_dict()["values"]
    assert len(values) <= most + 1
    assert all(stamp(first) <= value <= stamp(last) for value in values)
    if days > 0.5:
        assert values
