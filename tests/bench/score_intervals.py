"""How often the interval of a difference between two forecasters' scores holds the truth, for few and many questions.

`python -m tests.bench.score_intervals [--worlds 400]`. Simulated questions whose true odds are spread as the markets'
are; "noisy": both forecasters err alike; "overconfident": one doubles the log-odds of the other, who is right. Every
number should come out near 0.95.
"""

import argparse
import math

import numpy as np
from numpy.typing import NDArray

from tracker.stats.resampled import FEWEST_GROUPS, means

COUNTS = (5, 8, 10, 15, 20, 30, 50, 100)
PAIRS = ("noisy", "overconfident")
SCORES = ("brier", "log")
MANY = 400_000
Floats = NDArray[np.float64]


def probability(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def differences(pair: str, score: str, count: int, rng: np.random.Generator) -> Floats:
    """One's score − the other's on so many questions."""
    odds = rng.normal(0, 1.5, count)
    happens = rng.random(count) < probability(odds)
    noise = (odds + rng.normal(0, 0.5, count) for _ in range(2))
    one, other = (probability(said) for said in (noise if pair == "noisy" else (2 * odds, odds)))
    if score == "brier":
        return np.asarray((one - happens) ** 2 - (other - happens) ** 2)
    return np.asarray(np.where(happens, np.log(one / other), np.log((1 - one) / (1 - other))))


def held(pair: str, score: str, count: int, worlds: int, rng: np.random.Generator) -> float:
    """The share of worlds whose interval holds the mean difference."""
    truth = float(differences(pair, score, MANY, rng).mean()) if pair != "noisy" else 0.0
    hits = 0
    for _ in range(worlds):
        # Also where the program gives none, to show why.
        spread, *_ = means(differences(pair, score, count, rng)[:, None], range(count), rng, fewest=2)
        assert spread.low is not None
        assert spread.high is not None
        hits += spread.low <= truth <= spread.high
    return hits / worlds


def main() -> None:
    """Print a row per pair of forecasters, score and number of questions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    print(f"{arguments.worlds} worlds each; Monte-Carlo error ± {1.96 * math.sqrt(0.05 * 0.95 / arguments.worlds):.3f}")
    print(f"{'forecasters':<14} {'score':<6}" + "".join(f"{count:>7}" for count in COUNTS))
    for pair in PAIRS:
        for score in SCORES:
            shares = [held(pair, score, count, arguments.worlds, rng) for count in COUNTS]
            print(f"{pair:<14} {score:<6}" + "".join(f"{share:>7.3f}" for share in shares))
    print(f"Below {FEWEST_GROUPS} questions no interval is given.")


if __name__ == "__main__":
    main()
