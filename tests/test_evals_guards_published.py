"""Real files in which something went wrong, where they lie beside the checkout: each has to be caught."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tracker.evals.guards import Comparison, Reading, Side, dead_metrics, flags, unequal_settings
from tracker.stats.gaps import Score, unpaired_gap

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = DATA / "lm_eval" / "v0.4.12_reasoning_pairs"
PUBLISHED = DATA / "published_pairs.csv"
TASK = "minerva_math500"

pytestmark = pytest.mark.skipif(
    not (FILES.exists() and PUBLISHED.exists()), reason="shared data is not beside this checkout"
)


def sides() -> Iterator[Side]:
    """The minerva_math500 runs of lm-eval 0.4.12's files, as lm-eval names things."""
    for path in sorted(FILES.glob("results_*.json")):
        content = json.loads(path.read_text())
        scores = content["results"].get(TASK)
        if scores is None:
            continue
        readings = tuple(
            Reading(*key.split(","), float(value))
            for key, value in scores.items()
            if "," in key and "_stderr" not in key and isinstance(value, int | float)
        )
        yield Side(
            value=scores["math_verify,none"],
            stderr=scores["math_verify_stderr,none"],
            n=content["n-samples"][TASK]["effective"],
            settings={"limit": content["config"]["limit"], "fewshot": content["n-shot"][TASK]},
            task_version=str(content["versions"][TASK]),
            readings=readings,
        )


def test_exact_match_of_minerva_is_dead_and_math_verify_is_not() -> None:
    runs = [side.readings for side in sides()]
    assert len(runs) > 2
    assert dead_metrics(runs) == {("exact_match", "none")}


def test_limited_runs_beside_full_ones_are_unequal() -> None:
    found = list(sides())
    pairs = [(one, other) for one in found for other in found if one.settings["limit"] != other.settings["limit"]]
    assert pairs
    assert all({"limit"} <= set(unequal_settings(one, other)) for one, other in pairs)
    same = [(one, other) for one in found for other in found if one.settings == other.settings and one.n == other.n]
    assert not any(unequal_settings(one, other) for one, other in same)


def test_the_open_llm_leaderboard_rows_of_qwq_drop_implausibly() -> None:
    rows = pl.read_csv(PUBLISHED, infer_schema_length=0).filter(
        pl.col("reasoning_model") == "Qwen/QwQ-32B", pl.col("benchmark") == "Open LLM Leaderboard v2 / IFEval"
    )
    assert len(rows) > 0
    for row in rows.iter_rows(named=True):
        n = int(row["n_items"])
        one, other = float(row["reasoning_score"]), float(row["conventional_score"])
        gap = unpaired_gap(Score(one, None, n), Score(other, None, n), unit="fraction")
        comparison = Comparison("acc", "none", "fraction", gap.stderr, gap.log_odds, grading="verifiable")
        assert flags(Side(one, n=n), Side(other, n=n), comparison) == ("implausible-drop",)
