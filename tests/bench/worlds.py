"""Whether P(rule) means what it says, in worlds whose truth is known: `python -m tests.bench.worlds --worlds 1000`.

A world has a history up to a day, a question, and what came after. The rule is asked on the history; an oracle that
knows how the world works (the true mean, spread, line, scatter and rates) simulates what may come; what did come
decides. Printed for each kind of rule: ten bins of P(rule), how often the rule held in each, and the 5–95 % band that a
calibrated forecaster stays in; Brier scores of the rule, of the oracle and of always saying the base rate.

`--prior model`: means and spreads as the model has them before any evidence. `small`: effects as small as those of
votes (mean within 0.1, spread about 0.07 in log-odds), which shows what the wide prior costs; of crossovers, kinds that
climb nearly alike.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from tests import simulated_effects, simulated_frontiers
from tests.simulated_worlds import World

Floats = NDArray[np.float64]

KINDS: dict[str, Callable[..., World | None]] = {
    "gap-interval": simulated_effects.interval,
    "gap-mean": simulated_effects.mean,
    "gap-share": simulated_effects.share,
    "dose": simulated_effects.dose,
    "level": simulated_frontiers.level,
    "crossover": simulated_frontiers.crossover,
}
BINS = 10
LEVEL = 0.9


@dataclass(frozen=True)
class Told:
    """What was said of many worlds, and what came of them. `void`: worlds whose question came to nothing."""

    ours: Floats
    oracle: Floats
    held: Floats
    void: int

    def brier(self, said: Floats) -> float:
        """Mean squared distance from what came of it."""
        return float(((said - self.held) ** 2).mean())

    @property
    def base(self) -> float:
        """The Brier score of always saying the base rate."""
        return float(self.held.var())

    @property
    def too_high(self) -> float:
        """How many standard errors the mean P(rule) lies above how often the rule held."""
        return float((self.ours - self.held).sum() / np.sqrt((self.ours * (1 - self.ours)).sum()))


def told(kind: str, worlds: int, rng: np.random.Generator, prior: str = "model", draws: int = 4000) -> Told:
    """So many worlds of a kind, each asked once."""
    ours, oracle, held, void = [], [], [], 0
    while len(held) < worlds:
        world = KINDS[kind](rng, prior)
        if world is None:
            continue
        if world.held is None or world.oracle is None:
            void += 1
            continue
        p = world.rule.predict(world.evidence, world.deadline, int(rng.integers(2**31)), draws).probability
        if p is None:
            raise RuntimeError(f"{kind}: a rule with a verdict gave no probability")
        ours.append(p)
        oracle.append(world.oracle)
        held.append(float(world.held))
    return Told(np.array(ours), np.array(oracle), np.array(held), void)


def table(said: Floats, held: Floats) -> list[str]:
    """A line per bin: from, to, worlds, mean P, share that held, its band; an asterisk outside of the band."""
    lines = []
    places = np.minimum((said * BINS).astype(int), BINS - 1)
    for place in range(BINS):
        chosen = places == place
        count = int(chosen.sum())
        if not count:
            continue
        mean, share = said[chosen].mean(), held[chosen].mean()
        low, high = binom.interval(LEVEL, count, mean)
        outside = "" if low / count <= share <= high / count else " *"
        lines.append(
            f"{place / BINS:.1f}–{(place + 1) / BINS:.1f} {count:>6} {mean:>8.3f} {share:>8.3f}"
            f"   {low / count:.3f}–{high / count:.3f}{outside}"
        )
    return lines


def main() -> None:
    """Print a table for each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--kind", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--prior", choices=["model", "small"], default="model")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for kind in KINDS if arguments.kind == "all" else [arguments.kind]:
        began = time.perf_counter()
        found = told(kind, arguments.worlds, np.random.default_rng(arguments.seed), arguments.prior)
        print(f"{kind}, {arguments.prior} prior: {len(found.held):,} worlds, {found.void} came to nothing")
        print("P(rule)   worlds   mean P     held   5–95 % band")
        print("\n".join(table(found.ours, found.held)))
        print(
            f"Brier {found.brier(found.ours):.4f}, oracle {found.brier(found.oracle):.4f}, base rate {found.base:.4f};"
            f" mean P {found.ours.mean():.3f}, held {found.held.mean():.3f}, {found.too_high:+.1f} standard errors;"
            f" {time.perf_counter() - began:.0f} s\n"
        )


if __name__ == "__main__":
    main()
