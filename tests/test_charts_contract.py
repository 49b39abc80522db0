"""What every chart promises: encoded fields are columns, and it can be drawn in both modes at every width."""

import re
from collections.abc import Iterator
from typing import Any

import altair as alt
import chart_frames
import evidence_frames
import pytest
from chart_frames import forest_rows, night
from test_charts_calibration import curves, listed
from test_charts_evidence import capability_rows, rows
from test_charts_forecasts import NOW, Turn
from test_charts_forecasts import chart as history_of
from test_charts_trends import chart as trend_of
from trend_frames import climbing

from tracker.charts import export as exporting
from tracker.charts.capabilities import levels
from tracker.charts.evidence import pooled_gaps
from tracker.charts.questions import standings
from tracker.charts.rows import Words
from tracker.charts.runs import timeline
from tracker.charts.scores import Band, forest
from tracker.charts.theme import PALETTES
from tracker.stats.evidence_domains import domains
from tracker.stats.evidence_drawn import gap_rows

WORDS = Words("A finding", "How to read it", "Source: a test, 23 Nov 2026")


def _forest(**options: Any) -> alt.LayerChart:
    return forest(forest_rows(), axis="points", **options)


def _forest_of_several_pairs(**options: Any) -> alt.LayerChart:
    pairs = chart_frames.pl.concat([chart_frames.gaps(), chart_frames.gaps(conventional_id="d")])
    return forest(chart_frames.drawn(chart_frames.with_intervals(pairs)), axis="points", **options)


def _forest_without_intervals(**options: Any) -> alt.LayerChart:
    return forest(forest_rows(stderr=None), axis="points", **options)


def _timeline(**options: Any) -> alt.LayerChart:
    return timeline(*night(), **options)


def _timeline_by_model(**options: Any) -> alt.LayerChart:
    return timeline(*night(40), **options)


def _trend(**options: Any) -> alt.LayerChart:
    return trend_of(**options)


def _trend_with_intervals_and_brush(**options: Any) -> alt.LayerChart:
    ranged = climbing(unit="index", low=1100.0, high=1500.0, ceiling=None)
    return trend_of(ranged, brush="window", deadline_text="27 Mar 2026", **options)


def _pooled(**options: Any) -> alt.LayerChart:
    return pooled_gaps(rows(), axis="Odds", **options)


def _forest_of_twins(**options: Any) -> alt.LayerChart:
    frame = evidence_frames.gaps().filter(capability="science")
    marks, _ = gap_rows(frame, domains(frame, {}).row(0, named=True))
    band = Band(0.4, 0.2, 0.6, "pooled ×1.5 [1.2, 1.8]")
    return forest(marks, axis="Odds", odds=True, band=band, select="mark", **options)


def _capabilities(**options: Any) -> alt.LayerChart:
    return levels(capability_rows(), **options)


def _history(**options: Any) -> alt.LayerChart:
    return history_of(**options)


def _history_with_an_outcome(**options: Any) -> alt.LayerChart:
    return history_of(resolved=Turn(NOW, "Resolved NO", 0.0), closes=None, events=None, **options)


def _standings(**options: Any) -> alt.LayerChart:
    return standings(listed(9), select="mark", **options)


def _calibration(**options: Any) -> alt.LayerChart:
    return curves("Manifold", "Ada", **options)


CHARTS = (
    _forest,
    _forest_of_several_pairs,
    _forest_without_intervals,
    _timeline,
    _timeline_by_model,
    _trend,
    _trend_with_intervals_and_brush,
    _pooled,
    _forest_of_twins,
    _capabilities,
    _history,
    _history_with_an_outcome,
    _standings,
    _calibration,
)


def encoded_fields(spec: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Every field that a layer encodes, with the columns of that layer's data."""
    for layer in spec.get("layer", [spec]):
        rows = spec["datasets"][layer["data"]["name"]]
        columns = {column for row in rows for column in row}
        for channel in layer["encoding"].values():
            for definition in channel if isinstance(channel, list) else [channel]:
                for holder in (definition, definition.get("condition", {})):
                    if "field" in holder and rows:
                        yield holder["field"], columns


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize("width", [360, 960])
def test_every_encoded_field_is_a_column(draw: Any, width: int) -> None:
    fields = list(encoded_fields(draw(width=width, words=WORDS).to_dict()))
    assert len(fields) > 8
    for field, columns in fields:
        assert field in columns


@pytest.mark.parametrize("draw", CHARTS)
def test_a_misspelt_field_would_be_found(draw: Any) -> None:
    spec = draw(width=960, words=WORDS).to_dict()
    channels = spec["layer"][0]["encoding"].values()
    next(channel for channel in channels if "field" in channel)["field"] = "velue"
    assert any(field not in columns for field, columns in encoded_fields(spec))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("draw", CHARTS)
def test_colours_come_from_the_palette_of_the_mode(draw: Any, mode: Any) -> None:
    spec = draw(width=960, mode=mode, words=WORDS).to_json().lower()
    used = {part[:7] for part in spec.split('"') if part.startswith("#") and len(part) == 7}
    allowed = set(vars(PALETTES[mode]).values())
    assert used <= allowed, used - allowed
    assert PALETTES[mode].paper in used


@pytest.mark.parametrize("draw", CHARTS)
def test_a_framed_picture_bears_title_reading_and_source(draw: Any) -> None:
    spec = draw(width=960, words=WORDS, description="In words").to_dict()
    assert spec["title"]["text"] == ["A finding"]
    assert spec["title"]["subtitle"] == ["How to read it"]
    assert "Source: a test, 23 Nov 2026" in str(spec["datasets"])
    assert spec["description"] == "In words"


@pytest.mark.parametrize("draw", CHARTS)
def test_a_narrow_picture_is_a_layout_of_its_own(draw: Any) -> None:
    wide, narrow = (draw(width=width).to_dict() for width in (960, 360))
    assert narrow["height"] > wide["height"] or narrow["height"] < 200
    assert narrow["width"] == 360
    assert all("detail:" not in str(layer.get("mark")) for layer in narrow["layer"])


@pytest.mark.parametrize("words", [WORDS, None])
@pytest.mark.parametrize("draw", CHARTS)
def test_a_drawing_is_the_same_whichever_font_its_texts_were_measured_with(draw: Any, words: Words | None) -> None:
    """A font in memory is far quicker to measure with; the layout knows how wide the texts really are."""
    spec = draw(width=960, words=words).to_dict()
    slowly = exporting._converter().vegalite_to_svg(spec)
    quickly = exporting._drawing(spec)
    assert "IBM Plex Sans" in quickly
    assert re.sub(r"clip-?\d+", "clip", quickly) == re.sub(r"clip-?\d+", "clip", slowly)


@pytest.mark.parametrize("draw", CHARTS)
def test_only_marks_of_data_speak_when_pointed_at(draw: Any) -> None:
    """A page gives every mark a tooltip of all its fields, unless the mark says that it has none."""
    for layer in draw(width=960, words=WORDS).to_dict()["layer"]:
        assert "tooltip" in layer["encoding"] or layer["mark"]["tooltip"] is None
