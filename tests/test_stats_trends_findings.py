"""The sentences of a trend: composed from the numbers, no stronger than the intervals."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from trend_frames import START, climbing, frame, score

from tracker.stats import trends_findings as findings
from tracker.stats.trends import Interval, Line, Trends, Window, trends
from tracker.stats.trends_drawn import drawn


def found_of(
    reasoning: Interval | None, conventional: Interval | None, difference: Interval | None, scale: str = "plain"
) -> Trends:
    """A trend with these slopes, whatever its scores."""
    points = {"reasoning": 6 if reasoning else 3, "conventional": 7 if conventional else 2}
    lines = {
        "reasoning": Line("reasoning", points["reasoning"], reasoning),
        "conventional": Line("conventional", points["conventional"], conventional),
    }
    scores = climbing(unit="rating").with_columns(frontier=pl.col("model_id") != "laggard")
    window = Window(date(2025, 1, 1), date(2025, 12, 1))
    return Trends(scale, scores, 0, 0, window, window.end, lines, difference)  # type: ignore[arg-type]


UP, STEEP, OPEN, DOWN = Interval(68, 45, 137), Interval(144, 107, 195), Interval(9, -3, 20), Interval(-20, -30, -9)


@pytest.mark.parametrize(
    ("reasoning", "conventional", "difference", "sentence", "title"),
    [
        (
            UP,
            STEEP,
            Interval(-76, -128, -4),
            "On X, the best reasoning models gain 68 [45, 137] Elo a year, the best conventional ones 144 [107, 195]: "
            "the conventional ones climb faster.",
            "On X, the best conventional models climb faster than the reasoning ones",
        ),
        (
            STEEP,
            UP,
            Interval(76, -4, 128),
            "On X, the best reasoning models gain 144 [107, 195] Elo a year, the best conventional ones 68 [45, 137]: "
            "the two paces are not told apart.",
            "On X, both kinds climb, at paces not told apart",
        ),
        (
            OPEN,
            DOWN,
            Interval(29, -1, 40),
            "On X, the best reasoning models’ pace, 9 [−3, 20] Elo a year, is not told apart from nothing, the best "
            "conventional models lose 20 [9, 30] Elo a year: the two paces are not told apart.",
            "On X, the two kinds’ paces are not told apart",
        ),
        (
            UP,
            None,
            None,
            "On X, the best reasoning models gain 68 [45, 137] Elo a year; too few conventional models (2) were the "
            "best of their kind to draw a line for them.",
            "On X, the best reasoning models have climbed",
        ),
        (
            None,
            OPEN,
            None,
            "On X, the best conventional models’ pace, 9 [−3, 20] Elo a year, is not told apart from nothing; too few "
            "reasoning models (3) were the best of their kind to draw a line for them.",
            "On X, the best conventional models show no pace told apart from nothing",
        ),
        (
            None,
            None,
            None,
            "On X, too few models were the best of their kind when released to draw a line: 3 reasoning and 2 "
            "conventional; four are needed.",
            "On X, too few models to tell a pace",
        ),
        (
            UP,
            Interval(40, None, None),
            Interval(28, None, None),
            "On X, the best reasoning models gain 68 [45, 137] Elo a year, the best conventional models’ pace, 40 [not "
            "known] Elo a year, is not told apart from nothing; how far the two differ is not known.",
            "On X, the two kinds’ paces are not told apart",
        ),
    ],
)
def test_a_sentence_is_no_stronger_than_its_intervals(
    reasoning: Interval, conventional: Interval, difference: Interval, sentence: str, title: str
) -> None:
    found = found_of(reasoning, conventional, difference)
    assert findings.finding(found, "X", "rating") == sentence
    assert findings.headline(found, "X") == title


def test_odds_and_doublings_are_told_in_their_words() -> None:
    slopes = Interval(1.0, 0.5, 1.5), Interval(0.7, 0.2, 40.0), Interval(0.3, -0.1, 0.9)
    assert findings.finding(found_of(*slopes, scale="logit"), "X", "fraction") == (
        "On X, the best reasoning models raise their odds × 2.7 [1.65, 4.5] a year, the best conventional ones × 2.0 "
        "[1.22, over 10,000]: the two paces are not told apart."
    )
    assert findings.finding(found_of(*slopes, scale="log"), "X", "minutes") == (
        "On X, the best reasoning models’ time horizons keep doubling in 253 [169, 506] days, the best conventional "
        "ones’ 362 [6, 1,266]: the two paces are not told apart."
    )
    assert findings.pace(Interval(0.5, -0.1, 1.0), "log", "minutes") == "doubling in 506 [253, no end] days"
    assert findings.pace(Interval(-0.5, -0.6, -0.4), "log", "minutes") == "no doubling"


def test_an_end_that_tells_a_pace_apart_never_reads_as_if_it_did_not() -> None:
    """It is what tells a pace apart from nothing."""
    climbing_just, not_quite = Interval(0.34, 0.004, 1.06), Interval(0.34, -0.004, 7.6)
    assert findings.pace(climbing_just, "logit", "fraction") == "odds × 1.40 [1.004, 2.9] a year"
    assert findings.pace(not_quite, "logit", "fraction") == "odds × 1.40 [0.996, 1,998] a year"
    assert findings.pace(Interval(30, 0.3, 60), "plain", "rating") == "30 [0.3, 60] Elo a year"
    assert findings.pace(Interval(30, -0.3, 60), "plain", "rating") == "30 [−0.3, 60] Elo a year"
    assert findings.pace(Interval(2, 0.04, 3.5), "plain", "points") == "2.0 [0.04, 3.5] points a year"
    assert findings.pace(Interval(0.34, -9.0, 6.9075), "logit", "fraction") == "odds × 1.40 [under 0.01, 1,000] a year"


def test_what_is_left_out_and_what_the_lines_rest_on_is_said() -> None:
    extra = [score("undated", "reasoning", None, 0.9), score("unkind", None, START, 0.9)]
    found = trends(pl.concat([climbing(), frame(extra)]), rng=np.random.default_rng(0))
    assert found is not None
    said = findings.caution(found)
    assert "rest on 8 reasoning and 8 conventional models" in said
    assert "Left out: 1 without a known release date and 1 whose kind nobody has stated." in said
    assert "not of all there are" in said
    assert findings.lead(found, "fraction") == (
        "Highest of the 17 models placed here: among reasoning models 85 %, Reasoning-7; among conventional models "
        "61 %, Conventional-7."
    )


def test_a_line_run_on_is_called_no_forecast() -> None:
    ahead = START + timedelta(days=500)
    found = trends(climbing(), rng=np.random.default_rng(0), ahead_to=ahead)
    assert found is not None
    said = findings.ahead(found, "fraction")
    assert said is not None
    assert said.startswith("Were the lines to run on unchanged to 16 May 2026: reasoning 9")
    assert "no forecast" in said
    assert "Dashed: run on, no forecast." in findings.reading(found)
    within = trends(climbing(), rng=np.random.default_rng(0))
    assert within is not None
    assert findings.ahead(within, "fraction") is None
    assert "Dashed" not in findings.reading(within)


def test_the_source_names_who_measured_and_when() -> None:
    found = trends(climbing(), rng=np.random.default_rng(0))
    assert found is not None
    own = frame([score("a", "reasoning", START, 0.5, source=None, origin="local")])
    evidence = pl.concat([climbing(), own]).with_columns(finished_at=pl.lit(date(2025, 12, 11)).cast(pl.Datetime))
    assert findings.source(found, evidence) == (
        "Source: A paper, own lm-eval runs, 11 Dec 2025 · least squares on releases of 1 Jan 2025 to 28 Oct 2025; "
        "band: models drawn anew 1,000 times"
    )
    undated = findings.source(found, climbing().with_columns(pl.col("finished_at").cast(pl.Datetime)))
    assert undated.startswith("Source: A paper, date not known")
    some = pl.concat([evidence, climbing().with_columns(finished_at=pl.lit(None, dtype=pl.Datetime)).head(2)])
    assert f"11 Dec 2025 (2 of {some.height} scores are undated)" in findings.source(found, some)


def test_the_description_lists_both_frontiers() -> None:
    found = trends(climbing(), rng=np.random.default_rng(0))
    assert found is not None
    said = findings.description(found, "X", "fraction")
    assert "Frontier of reasoning models: Reasoning-0 (1 Jan 2025) 50 %; " in said
    assert "laggard" not in said.lower()


def test_the_frames_are_in_the_unit_that_is_shown() -> None:
    found = trends(climbing(), rng=np.random.default_rng(0), ahead_to=START + timedelta(days=500))
    assert found is not None
    shown = drawn(found, "fraction")
    assert shown.dots["value"].max() == pytest.approx(85)
    assert shown.curves["value"].max() <= 100
    assert shown.steps.filter(meaning="reasoning")["on"][-1] == found.scores["released_on"][-1]
    assert shown.steps.filter(meaning="reasoning")["value"].is_sorted()
    assert shown.ends["label"].to_list() == ["Reasoning", "Conventional"]
    assert all(text.startswith("odds × ") for text in shown.ends["detail"])


def test_a_kind_without_a_line_is_said_to_have_none() -> None:
    rows = climbing().filter((pl.col("kind") == "conventional") | (pl.col("model_id") == "reasoning-0"))
    found = trends(rows, rng=np.random.default_rng(0))
    assert found is not None
    shown = drawn(found, "fraction")
    assert dict(shown.ends.select("label", "detail").iter_rows())["Reasoning"] == "no line"
    assert shown.curves["meaning"].unique().to_list() == ["conventional"]
