"""How long the join takes on the shipped evidence, on one core: `python -m tests.bench.join`, with OMP_NUM_THREADS=1.

Estimates for 100 questions, back-tests of 24 months for one, a dossier with all its files, and every chart. Processor
time is what a bound is held against, because a loaded machine stretches the other; both are printed. The first chart
pays for the fonts and the drawing program, so it is counted apart; so is what the charts show, such as an index that is
fitted a thousand times.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import Engine, insert

import tracker.catalog
from db.engine import migrate, open_engine, writing
from db.forecast_tables import Question
from db.rows import table_of, values_of
from db.store import save_catalog
from jobs.estimates import run_estimates
from jobs.export_charts import Work, export_charts, works
from jobs.export_dossier import export_dossier
from jobs.published import save_published
from jobs.question_estimates import backtest_question, save_question_estimates
from jobs.questions import catalogue_of, save_questions
from tracker.catalog.load import load_catalog
from tracker.figures.figure import Figure
from tracker.rules.rule import Rule

FOLDER = Path(tracker.catalog.__file__).parent
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MISSION = "manifold:will-large-reasoning-models-signifi"
MOST = {"estimates": 20.0, "back-test": 20.0, "dossier": 10.0, "chart": 0.3}
MONTHS = 24

Made = TypeVar("Made")


class Took(NamedTuple):
    """Seconds of the processor, and of the clock."""

    processor: float
    clock: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = prepared(Path(folder))
        results = measured(engine, Path(folder), arguments.questions)
        engine.dispose()
    broken = [name for name, seconds in results.items() if seconds > MOST[name]]
    print("all within their bounds" if not broken else f"beyond their bounds: {', '.join(broken)}")
    sys.exit(1 if broken else 0)


def measured(engine: Engine, folder: Path, questions: int) -> dict[str, float]:
    """Processor seconds of each part, by the names of MOST; prints what it finds."""
    rules = many(engine, questions)
    took, counts = timed(lambda: save_question_estimates(engine, rules, now=NOW))
    told("estimates", took, f"{questions} questions, {counts['rules']} rules")
    results = {"estimates": took.processor}

    own, days = rules[MISSION], month_ends(MONTHS)
    took, added = timed(lambda: backtest_question(engine, MISSION, own, days, closes_at=None, now=NOW))
    told("back-test", took, f"{len(days)} months, {added} estimates of {len(own)} rules")
    results["back-test"] = took.processor

    out = folder / "dossier"
    took, written = timed(lambda: export_dossier(engine, MISSION, own, out, as_of=NOW.date()))
    told("dossier", took, f"{len(written)} files, {sum(path.stat().st_size for path in written):,} bytes")
    results["dossier"] = took.processor

    results["chart"] = charts(engine, folder)
    return results


def charts(engine: Engine, folder: Path) -> float:
    """Processor seconds of the slowest chart after the first: from what was computed for it to its file."""
    computing, each = Took(0.0, 0.0), []
    for work in works(engine):
        took, figure = timed(work.make)
        computing = Took(computing.processor + took.processor, computing.clock + took.clock)
        if figure is not None:
            ready = Work(work.name, partial(itself, figure))
            made = partial(export_charts, [ready], folder / "charts", kinds=["png"])
            # The lower of two: what else the machine does can only add.
            each.append((min(timed(made)[0] for _ in range(2 if each else 1)), work.name))
    print(f"what the charts show, computed: {computing.processor:.1f} s of the processor")
    told("charts", Took(*map(sum, zip(*(took for took, _ in each), strict=True))), f"{len(each)} PNGs, 1200 × 675")
    later = sorted(each[1:], key=lambda one: one[0].processor)
    middle, most = statistics.median(took.processor for took, _ in later), MOST["chart"]
    above = [f"{name} {took.processor:.2f}" for took, name in later if took.processor > most]
    print(f"  each after the first: {middle:.2f} s in the middle, {later[-1][0].processor:.2f} s the slowest")
    print(f"  above {most:g} s: {', '.join(above) or 'none'}")
    return later[-1][0].processor


def itself(figure: Figure) -> Figure:
    return figure


def prepared(folder: Path) -> Engine:
    """A database with the shipped evidence and questions."""
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    migrate(engine)
    save_catalog(engine, *load_catalog(FOLDER).rows())
    save_published(engine, FOLDER)
    run_estimates(engine, now=NOW)
    save_questions(engine, FOLDER)
    return engine


def many(engine: Engine, count: int) -> dict[str, tuple[Rule, ...]]:
    """So many questions with the rules of those that are shipped, over and over."""
    shipped = {name: own for name, own in catalogue_of(FOLDER).rules.items() if own[0].model_dump()["kind"] != "none"}
    rules = dict(shipped)
    copies = islice(cycle(shipped.values()), count - len(shipped))
    rules |= {f"own:copy-{number}": own for number, own in enumerate(copies)}
    added = [Question(id=name, source="own", title=f"A copy, {name}") for name in rules if name not in shipped]
    if added:
        with writing(engine) as connection:
            connection.execute(insert(table_of(Question)), [values_of(row) for row in added])
    return rules


def month_ends(count: int) -> list[date]:
    """The last days of the months before NOW."""
    found, day = [], NOW.date().replace(day=1)
    for _ in range(count):
        day -= timedelta(days=1)
        found.append(day)
        day = day.replace(day=1)
    return found[::-1]


def timed(work: Callable[[], Made]) -> tuple[Took, Made]:
    processor, clock = time.process_time(), time.perf_counter()
    made = work()
    return Took(time.process_time() - processor, time.perf_counter() - clock), made


def told(what: str, took: Took, detail: str) -> None:
    bound = MOST.get(what)
    most = f", at most {bound:g}" if bound else ""
    print(
        f"{what}: {took.processor:.1f} s of the processor{most} ({took.clock:.1f} s of the clock); {detail}", flush=True
    )


if __name__ == "__main__":
    main()
