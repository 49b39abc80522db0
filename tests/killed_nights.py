"""Kills nights at random moments and compares what they leave: `python -m tests.killed_nights --kills 20`.

Each night is killed once (SIGKILL, the parent or the child) at a moment drawn from a seeded generator, evenly over the
batches it asks and a little after one, then started again until it ends. Its database must equal that of an
undisturbed night, and no batch may be answered twice but the one that was under way.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from tests import tiny_models
from tests.night_setup import BENCHMARKS, SmallNight, until, without_network

OFTEN = """
[[benchmark]]
id = "often"
name = "Echo a digit, often"
task = "echo_often"
metric = "exact_match"
filter = "answer"
capability = "reasoning"
grading = "verifiable"
output = "generate"
task_version = "1.0"
documents = 200
suites = ["mini"]
"""


LATER_SECONDS = 0.25


class Undisturbed(NamedTuple):
    """A night nobody disturbs."""

    night: SmallNight
    said: str
    content: dict[str, list[tuple[object, ...]]]
    batches: int


class Kill(NamedTuple):
    """One night killed once; `asked`: batches asked when it was killed; `again`: batches asked more than once."""

    who: str
    asked: int
    starts: int
    equal: bool
    again: int


def undisturbed(night: SmallNight) -> Undisturbed:
    status, said = night.run("nightly")
    assert status == 0, said
    return Undisturbed(night, said, night.content(), night.batches())


def shared_undisturbed(base: Path, folder: Path, weights: Path) -> Undisturbed:
    """A copy, in `folder`, of one night that all test processes of a session share; `base`: their temporary folders'.

    Whichever asks first runs it. It is left closed, so that a copy never meets the files of an open database.
    """
    base = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    night = SmallNight(base / "undisturbed-night", offline=without_network())
    said = base / "undisturbed-night.txt"
    with FileLock(base / "undisturbed-night.lock"):
        if not said.exists():
            night.write_catalog(weights, benchmarks=BENCHMARKS + OFTEN)
            status, text = night.run("nightly")
            assert status == 0, text
            assert night.children() == {}, "it left children behind"
            said.write_text(text, encoding="utf-8")
    own = night.copy(folder)
    return Undisturbed(own, said.read_text(encoding="utf-8"), own.content(), own.batches())


def killed(night: SmallNight, reference: Undisturbed, who: str, rng: random.Random) -> Kill:
    """Kill a night's parent or its children at a moment of its work, then start it until it ends."""
    batch, later = rng.randint(1, reference.batches - 2), rng.uniform(0, LATER_SECONDS)
    process = night.start("nightly")
    until(lambda: night.batches() >= batch or process.poll() is not None)
    time.sleep(later)
    asked = night.batches()
    for victim in [process.pid] if who == "parent" else list(night.children()):
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    process.communicate(timeout=600)
    starts = 1
    while process.returncode != 0:
        starts += 1
        assert starts < 6, "the night does not come to an end"
        process = night.start("nightly")
        process.communicate(timeout=600)
    equal = night.content() == reference.content
    return Kill(who, asked, starts, equal, night.batches() - reference.batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--embedded", action="store_true", help="the embedded suite, not a small one (much longer)")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        weights = None if arguments.embedded else tiny_models.build(base / "weights", "qwen3")

        def night(name: str) -> SmallNight:
            made = SmallNight(base / name, embedded=arguments.embedded)
            if weights is not None:
                made.write_catalog(weights, benchmarks=BENCHMARKS + OFTEN)
            return made

        reference = undisturbed(night("undisturbed"))
        print(f"undisturbed: {reference.batches} batches", flush=True)
        kills = []
        for number in range(arguments.kills):
            who = rng.choice(["parent", "child"])
            kill = killed(night(f"night-{number}"), reference, who, rng)
            kills.append(kill)
            print(
                f"{number + 1:3d}  {kill.who:6} killed at batch {kill.asked:3d},"
                f" {kill.starts} starts, database {'equal' if kill.equal else 'DIFFERENT'},"
                f" {kill.again} batches asked again",
                flush=True,
            )
        inside = sum(0 < kill.asked < reference.batches for kill in kills)
        print(
            f"{sum(kill.equal for kill in kills)} of {len(kills)} equal to the undisturbed night; {inside} were killed"
            f" between the first and the last batch; at most {max(kill.again for kill in kills)} asked again"
        )


if __name__ == "__main__":
    main()
