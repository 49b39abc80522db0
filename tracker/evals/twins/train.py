"""`python -m tracker.evals.twins.train`: trains the embedded pair, or checks that training gives it again."""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from tracker.evals.twins.shipping import digests, read_report, ship, versions
from tracker.evals.twins.training import PLANS, Plan, train

SHIPPED = Path(__file__).parent
EXAMPLES = """\
examples:
  python -m tracker.evals.twins.train                      train both, one after the other, and replace the shipped ones
  python -m tracker.evals.twins.train --only reasoning     train one of them
  python -m tracker.evals.twins.train --out /tmp/twins     write to /tmp/twins/direct and /tmp/twins/reasoning
  python -m tracker.evals.twins.train --check              train again elsewhere and compare with the shipped ones
"""


def main(arguments: Sequence[str] | None = None, plans: Mapping[str, Plan] = PLANS) -> int:
    """0 when all is done, 1 when --check finds a difference."""
    chosen = _parser().parse_args(arguments)
    disable_progress_bar()
    same = True
    for name in [chosen.only] if chosen.only else list(plans):
        plan = replace(plans[name], steps=chosen.steps or plans[name].steps)
        if chosen.check:
            same &= _check(name, plan, chosen.out / name)
        else:
            _train(name, plan, chosen.out / name)
    return 0 if same else 1


def _train(name: str, plan: Plan, folder: Path) -> None:
    started = time.process_time()

    def progress(step: int, loss: float) -> None:
        seconds = time.process_time() - started
        print(f"{name}: step {step} of {plan.steps}, loss {loss:.4f}, {seconds:.0f} s", flush=True)

    trained = train(plan, progress)
    ship(name, trained, plan, time.process_time() - started, folder)
    print(f"{name}: written to {folder}", flush=True)


def _check(name: str, plan: Plan, shipped: Path) -> bool:
    """Whether training again gives the same bytes."""
    with tempfile.TemporaryDirectory() as elsewhere:
        _train(name, plan, Path(elsewhere))
        again = digests(Path(elsewhere))
    same = True
    for file, digest in digests(shipped).items():
        if digest == again[file]:
            print(f"{name}: {file} is the same, sha256 {digest}")
        else:
            same = False
            print(f"{name}: {file} DIFFERS, shipped sha256 {digest}, now {again[file]}")
    if not same and read_report(shipped)["versions"] != versions():
        print(f"{name}: the library versions differ too, shipped {read_report(shipped)['versions']}, now {versions()}")
    return same


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tracker.evals.twins.train",
        description="Train the embedded pair of tiny models: three to five minutes each, on one processor core.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=list(PLANS), help="train this one; otherwise both")
    parser.add_argument("--out", type=Path, default=SHIPPED, metavar="DIR", help="where the two folders are or go")
    parser.add_argument("--steps", type=int, metavar="N", help="stop after N steps, for a quick try")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if training gives other bytes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
