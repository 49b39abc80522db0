"""How often the pooled 95 % interval holds the truth: `python -m tests.bench.coverage [--worlds 4000]`.

Simulated twins, k of them, with true gaps drawn from N(0.2, τ²) in log-odds and measured with standard errors drawn
from those of the shipped evidence: LMArena's creative writing (small, alike) and the Qwen3 report's math, where a
handful of questions makes them large and unlike each other. Every combination should come out near 0.95.
"""

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import tracker.catalog
from tracker.catalog.load import Catalog
from tracker.catalog.published import load_published
from tracker.stats.gaps import Score, unpaired_gap
from tracker.stats.pooling import Method, inverse_variance, pool

TRUTH = 0.2
TWINS = (3, 5, 14)
SPREADS = (0.0, 0.3)
METHODS: tuple[Method, ...] = ("paule-mandel", "dersimonian-laird")
SOURCES = {
    "lmarena": ("lmarena/creative-writing",),
    "qwen3-report": ("qwen3-report/aime-2024", "qwen3-report/math-500"),
}


class Coverage(NamedTuple):
    """`covered` and `predicted`: the share of worlds whose interval holds the mean, and a new twin's true gap."""

    k: int
    spread: float
    method: Method
    covered: float
    predicted: float
    width: float


def shipped_stderrs(source: str) -> NDArray[np.float64]:
    """The log-odds standard errors of the twins of one source, its benchmarks combined within each twin."""
    rows = load_published(Path(tracker.catalog.__file__).parent, Catalog({}, (), {}))
    units = {row.id: row.unit for row in rows.benchmarks}
    models = {run.id: run.model_id for run in rows.runs}
    latest = {}
    for metric in sorted(rows.metrics, key=lambda metric: metric.run_id):
        latest[models[metric.run_id], metric.benchmark_id] = metric
    found = []
    for twin in rows.twins:
        gaps = []
        for benchmark in SOURCES[source]:
            sides = [latest.get((model, benchmark)) for model in (twin.reasoning_id, twin.conventional_id)]
            if twin.relation == "same-weights" and all(sides):
                scores = [Score(side.value, side.stderr, side.n) for side in sides]
                gap = unpaired_gap(*scores, unit=units[benchmark])
                gaps.append((gap.log_odds, gap.log_odds_stderr))
        if gaps:
            found.append(inverse_variance(*zip(*gaps, strict=True)).stderr)
    return np.array(sorted(found))


def coverage(
    stderrs: NDArray[np.float64], k: int, spread: float, method: Method, worlds: int, rng: np.random.Generator
) -> Coverage:
    """Over so many worlds of k twins whose true gaps spread by τ = `spread`."""
    held = predicted = 0
    widths = []
    for _ in range(worlds):
        errors = rng.choice(stderrs, size=k)
        truths = rng.normal(TRUTH, spread, size=k + 1)
        result = pool(rng.normal(truths[:k], errors), errors, method=method)
        assert result.low is not None
        assert result.high is not None
        assert result.predicted_low is not None
        assert result.predicted_high is not None
        held += result.low <= TRUTH <= result.high
        predicted += result.predicted_low <= truths[k] <= result.predicted_high
        widths.append(result.high - result.low)
    return Coverage(k, spread, method, held / worlds, predicted / worlds, float(np.median(widths)))


def main() -> None:
    """Print a row per source of standard errors, k, τ and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    print(f"{arguments.worlds} worlds each; Monte-Carlo error ± {1.96 * math.sqrt(0.05 * 0.95 / arguments.worlds):.4f}")
    print(f"{'stderrs of':<14} {'k':>2}  {'tau':>3}  {'method':<18} {'covered':>7}  {'predicted':>9}  {'width':>6}")
    for source in SOURCES:
        stderrs = shipped_stderrs(source)
        for k in TWINS:
            for spread in SPREADS:
                for method in METHODS:
                    one = coverage(stderrs, k, spread, method, arguments.worlds, rng)
                    shares = f"{one.covered:>7.3f}  {one.predicted:>9.3f}  {one.width:>6.3f}"
                    print(f"{source:<14} {k:>2}  {spread:>3.1f}  {method:<18} {shares}")


if __name__ == "__main__":
    main()
