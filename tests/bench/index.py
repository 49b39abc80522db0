"""Recovers a known index from simulated scores and counts what its intervals hold: `python -m tests.bench.index`.

A world has models with known capabilities and benchmarks with known difficulties and slopes; each model has run on a
part of the benchmarks, and a score is the share of documents answered, with a model's own strengths in it.
"""

import argparse
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from tracker.stats.capability_index import Anchors, capability_index, on_scale
from tracker.stats.trends import trends

DAY = date(2024, 1, 1)
ANCHORS = Anchors("b000", "m000", "m001", 100.0, 110.0)


def world(
    rng: np.random.Generator,
    *,
    models: int = 60,
    benchmarks: int = 40,
    share: float = 0.5,
    documents: int = 200,
    own: float = 0.3,
) -> tuple[pl.DataFrame, dict[str, float]]:
    """Scores with the columns of `db.queries.trends.scores` that matter here, and the true index by model id.

    `share`: how many of the benchmarks a model has run on; `own`: standard deviation, in log-odds, of its strengths
    that are not capability. The two anchors have run on everything.
    """
    capability = rng.normal(0.5, 1.5, models)
    capability[:2] = -0.3, 1.2
    difficulty, slope = rng.normal(0.0, 1.2, benchmarks), np.exp(rng.normal(0.0, 0.35, benchmarks))
    difficulty[0], slope[0] = 0.0, 1.0
    ran = rng.random((models, benchmarks)) < share
    ran[:2] = True
    steps = slope * (capability[:, None] - difficulty) + own * rng.normal(size=(models, benchmarks))
    values = rng.binomial(documents, 1 / (1 + np.exp(-steps))) / documents
    rows = [
        {
            "model_id": f"m{m:03}",
            "model_name": f"Model {m}",
            "kind": ("conventional", "reasoning")[m % 2],
            "lab": None,
            "released_on": DAY + timedelta(days=12 * int(m)),
            "benchmark_id": f"b{b:03}",
            "benchmark_name": f"Benchmark {b}",
            "capability": "math",
            "grading": "verifiable",
            "unit": "fraction",
            "ceiling": None,
            "overlaps": None,
            "value": float(values[m, b]),
            "flags": [],
        }
        for m, b in zip(*np.nonzero(ran), strict=True)
    ]
    types = {"lab": pl.String, "ceiling": pl.Float64, "overlaps": pl.String, "flags": pl.List(pl.String)}
    truth = on_scale(capability, capability[0], capability[1], ANCHORS)
    return pl.DataFrame(rows, schema_overrides=types), {f"m{m:03}": float(truth[m]) for m in range(models)}


def recovery(worlds: int, draws: int, share: float) -> None:
    correlations, held, counted, widths, seconds = [], 0, 0, [], []
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        scores, truth = world(rng, share=share)
        began = time.perf_counter()
        index = capability_index(scores, rng=rng, anchors=ANCHORS, draws=draws)
        seconds.append(time.perf_counter() - began)
        if index is None:
            raise SystemExit(f"world {seed} has no index")
        true = np.array([truth[model] for model in index.models["model_id"]])
        correlations.append(float(np.corrcoef(true, index.models["value"].to_numpy())[0, 1]))
        bounded = index.models["low"].is_not_null().to_numpy()
        low, high = index.models["low"].to_numpy()[bounded], index.models["high"].to_numpy()[bounded]
        held += int(((low <= true[bounded]) & (true[bounded] <= high)).sum())
        counted += int(bounded.sum())
        widths.append(float(np.median(high - low)))
    print(
        f"{share:.0%} of 60 × 40 scores, {worlds} worlds: "
        f"correlation {min(correlations):.4f} to {max(correlations):.4f}, "
        f"95 % intervals hold the truth in {held / counted:.3f} of {counted}, "
        f"median width {np.median(widths):.1f} points, "
        f"{np.median(seconds):.1f} s each"
    )


def slopes(worlds: int, models: int) -> None:
    """Models that climb by 1 a year in log-odds, with scatter 0.7; the best of them make the frontier.

    The frontier climbs at a pace of its own, because a best of many is found early or late: the truth that an interval
    should hold is the mean slope over all worlds.
    """
    found = [_one_slope(np.random.default_rng(seed), models) for seed in range(worlds)]
    intervals = np.array([one[:3] for one in found if one is not None])
    truth = intervals[:, 0].mean()
    held = ((intervals[:, 1] <= truth) & (truth <= intervals[:, 2])).mean()
    points = np.median([one[3] for one in found if one is not None])
    print(
        f"slope of the frontier of {models} models, {worlds} worlds: "
        f"a line in {len(intervals)} (median {points:.0f} points), "
        f"mean slope {truth:.2f}; its interval holds that in {held:.3f}, "
        f"median width {np.median(intervals[:, 2] - intervals[:, 1]):.2f}"
    )


def _one_slope(rng: np.random.Generator, models: int) -> tuple[float, float, float, int] | None:
    """Slope, its interval, and the number of frontier points; None without a line."""
    years = np.sort(rng.uniform(0, 2, models))
    frame = pl.DataFrame(
        {
            "model_id": [f"m{m:03}" for m in range(models)],
            "kind": "reasoning",
            "released_on": [DAY + timedelta(days=round(365.25 * year)) for year in years],
            "value": 1 / (1 + np.exp(-(years - 1 + rng.normal(0, 0.7, models)))),
            "n": 500,
            "unit": "fraction",
            "ceiling": 1.0,
        }
    )
    found = trends(frame, rng=rng)
    line = found.lines["reasoning"] if found else None
    if line is None or line.slope is None or line.slope.low is None or line.slope.high is None:
        return None
    return line.slope.value, line.slope.low, line.slope.high, line.points


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--draws", type=int, default=100)
    chosen = parser.parse_args()
    for part in (0.3, 0.5, 0.8):
        recovery(chosen.worlds, chosen.draws, part)
    for size in (20, 40, 200):
        slopes(chosen.worlds * 10, size)
