"""Every unit that a benchmark can be stored in, and the two that are computed: words, a scale and a chart for each."""

import math
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine
from trend_frames import START, climbing

from db.engine import RefusedRow
from db.store import save_catalog
from db.tables import UNITS, Benchmark
from tracker.charts.trends import climb
from tracker.stats import findings as gap_findings
from tracker.stats import trends_findings as findings
from tracker.stats.trends import scale_of, trends
from tracker.stats.trends_drawn import drawn

COMPUTED = ("index", "minutes")


@pytest.mark.parametrize("unit", UNITS)
def test_a_stored_unit_has_words_and_a_scale(unit: str) -> None:
    assert gap_findings.UNITS[unit]
    assert scale_of(unit, 100.0) is not None
    assert findings.told(unit, 100.0).after in (" %", " Elo", " points", " minutes")


@pytest.mark.parametrize("unit", ["hours", None, *COMPUTED])
def test_only_a_unit_of_the_vocabulary_is_stored(sqlite_engine: Engine, unit: str | None) -> None:
    row = Benchmark(id="horizon", name="Time horizon", unit=unit)
    if unit is None or unit in UNITS:
        save_catalog(sqlite_engine, [], [], [row])
        return
    with pytest.raises(RefusedRow):
        save_catalog(sqlite_engine, [], [], [row])


def test_time_horizons_go_all_the_way_to_the_chart() -> None:
    """Horizons that double every 100 days are told so, in minutes, and are drawn on their curve."""
    scores = climbing(unit="minutes", ceiling=None)
    days = scores["released_on"].to_numpy().astype("datetime64[D]") - np.datetime64(START)
    scores = scores.with_columns(value=np.exp2(days.astype(float) / 100) * 30)
    end = START + timedelta(days=400)
    found = trends(scores.filter(scores["model_id"] != "laggard"), rng=np.random.default_rng(0), ahead_to=end)
    assert found is not None
    slope = found.lines["reasoning"].slope
    assert slope is not None
    assert slope.value == pytest.approx(math.log(2) * 365.25 / 100)
    said = findings.finding(found, "X", "minutes")
    assert said.startswith("On X, the best reasoning models’ time horizons keep doubling in 100 [100, 100] days")
    assert "among reasoning models 209 minutes, " in findings.lead(found, "minutes")
    run_on = findings.ahead(found, "minutes")
    assert run_on is not None
    assert "reasoning 480 minutes [480, 480]" in run_on
    spec = climb(*drawn(found, "minutes"), deadline=end).to_dict()
    values = [row["value"] for rows in spec["datasets"].values() for row in rows if "ahead" in row]
    assert max(values) == pytest.approx(480)
