"""`python -m jobs export charts`: every chart as a file, with nobody watching."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from altair.utils.schemapi import debug_mode
from sqlalchemy import Engine

from db.queries import capabilities as capability_queries
from db.queries.estimates import estimates
from db.queries.evidence import KEY, details, evidence
from db.queries.forecasts import daily, forecasts
from db.queries.publications import publications
from db.queries.questions import questions
from db.queries.trends import scores
from jobs.exported import put_one
from tracker.charts.export import ENDING, Format
from tracker.charts.theme import Mode
from tracker.dossier.names import safe, told_apart
from tracker.figures import calibration as calibration_figures
from tracker.figures import evidence as evidence_figures
from tracker.figures import trends as trend_figures
from tracker.figures.capabilities import reached
from tracker.figures.figure import Figure, Size, exported
from tracker.figures.question import course
from tracker.figures.questions import stand
from tracker.stats import calibration, capabilities
from tracker.stats import history as drawing
from tracker.stats import questions as listing
from tracker.stats.capability_index import ANCHORS, Index, admitted, capability_index, possible
from tracker.stats.compared import comparable, forecasters
from tracker.stats.evidence import once
from tracker.stats.evidence_domains import domains, of_domain
from tracker.stats.forecasts import reference_steps, steps
from tracker.stats.pooling import Method
from tracker.stats.trends import trends

RELATION = "same-weights"
METHOD: Method = "paule-mandel"
DAYS = 7


class Work(NamedTuple):
    """A chart to be made: what its file is called, and what makes it; null where there is nothing to draw."""

    name: str
    make: Callable[[], Figure | None]


def works(engine: Engine, wanted: Collection[str] = ()) -> list[Work]:
    """All charts there are, in the order of the pages; with `wanted`, only the histories of these questions."""
    known = questions(engine)
    if wanted:
        return list(_histories(engine, known.filter(pl.col("question_id").is_in(sorted(wanted))), known))
    gaps = evidence(engine, None, RELATION).filter(~pl.col("demonstration"))
    return [
        *_evidence(engine, gaps),
        *_trends(engine),
        *_maps(engine),
        *_standings(engine, known),
        *_histories(engine, known.filter("tracked"), known),
        *_calibration(engine, known),
    ]


def export_charts(
    todo: Collection[Work],
    out: Path,
    *,
    kinds: Collection[Format],
    mode: Mode = "light",
    size: Size = "social",
    done: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the charts to a folder; the files. `done` is told of each chart, drawn or not.

    The same data gives the same bytes. Raises OSError where a file cannot be written.
    """
    written = []
    # Every step of building a chart would be checked against its whole schema: the tests do that once for each.
    with debug_mode(False):
        for work in todo:
            figure = work.make()
            for kind in kinds:
                if figure is None:
                    break
                path = out / f"{work.name}{ENDING[kind]}"
                put_one(path, exported(figure, kind, size=size, mode=mode))
                written.append(path)
            done(work.name)
    return written


def _evidence(engine: Engine, gaps: pl.DataFrame) -> Iterator[Work]:
    """The pooled domains, and the pairs of each domain that is pooled."""
    if gaps.is_empty():
        return
    known = publications(engine)
    names = dict(capability_queries.capabilities(engine).select("capability_id", "name").iter_rows())
    rows = domains(gaps, names, method=METHOD)
    pooled = rows.filter(pl.col("mean").is_not_null())
    if pooled.height:
        make = partial(evidence_figures.pooled, gaps, rows, relation=RELATION, method=METHOD, publications=known)
        yield Work("evidence", make)

    def pairs(row: dict[str, Any]) -> Figure:
        own = of_domain(once(gaps), row)
        more = details(engine, own["benchmark_id"].unique().to_list())
        own = own.join(more, on=KEY, how="left", maintain_order="left")
        marks = evidence_figures.marks(own, row)
        return evidence_figures.pairs(marks, own, rows, row, relation=RELATION, method=METHOD, publications=known)

    for row in pooled.iter_rows(named=True):
        yield Work(f"pairs-{row['grading']}-{safe(str(row['capability']))}", partial(pairs, row))


def _trends(engine: Engine) -> Iterator[Work]:
    """The index across benchmarks, and every benchmark on which some kind's line can be fitted."""
    placed, known = trend_figures.placeable(scores(engine)), publications(engine)
    if placed.is_empty():
        return

    def drawn(own: pl.DataFrame, name: str, index: Index | None = None) -> Figure | None:
        ahead_to = trend_figures.half_year(own)
        rng = np.random.default_rng(trend_figures.SEED)
        found = trends(own, rng=rng, ahead_to=ahead_to, drawn=index.drawn if index else None)
        if found is None or all(line.slope is None for line in found.lines.values()):
            return None
        figures = admitted(placed).scores if index else found.scores
        return trend_figures.trend(found, name, figures, ahead_to=ahead_to, publications=known)

    def index() -> Figure | None:
        found = capability_index(placed, rng=np.random.default_rng(trend_figures.SEED), anchors=ANCHORS)
        if found is None:
            return None
        return drawn(found.as_scores(), f"an index of {found.benchmarks.height} checkable benchmarks", found)

    if possible(admitted(placed).scores):
        yield Work("trend-index", index)
    listed = trend_figures.listed(placed)
    called = told_apart(listed.values())
    for name, benchmark_id in listed.items():
        own = placed.filter(pl.col("benchmark_id") == benchmark_id)
        yield Work(f"trend-{called[benchmark_id]}", partial(drawn, own, name))


def _maps(engine: Engine) -> Iterator[Work]:
    mapped = capability_queries.capabilities(engine)
    if mapped.is_empty():
        return

    def make() -> Figure:
        speeds = capabilities.speed(capability_queries.speeds(engine))
        rows = capabilities.table(mapped, capability_queries.benchmarks(engine), scores(engine))
        return reached(rows, speeds, publications=publications(engine))

    yield Work("capabilities", make)


def _standings(engine: Engine, known: pl.DataFrame) -> Iterator[Work]:
    def make() -> Figure | None:
        now = moment(engine, known)
        since = (now - timedelta(days=listing.BACK - 1)).date()
        rows = listing.by_move(listing.listed(known.filter("tracked"), daily(engine, since), now), f"change_{DAYS}")
        figure = stand(rows, days=DAYS, now=now)
        return figure if figure.rows else None

    yield Work("questions", make)


def _histories(engine: Engine, asked: pl.DataFrame, known: pl.DataFrame) -> Iterator[Work]:
    """A history for each question of which anything was ever said."""
    if asked.is_empty():
        return
    now, gaps = moment(engine, known), evidence(engine, None, RELATION)

    def make(question: dict[str, Any]) -> Figure | None:
        others, identity = drawing.related(known, question), str(question["question_id"])
        said = forecasts(engine, [identity, *others["question_id"].to_list()])
        found = course(question, others, said, known, estimates(engine, [identity]), gaps, now=now)
        return None if found.empty else found.figure

    for question in asked.iter_rows(named=True):
        yield Work(question_name(question["question_id"]), partial(make, question))


def _calibration(engine: Engine, known: pl.DataFrame) -> Iterator[Work]:
    resolved = known.filter(pl.col("resolution").is_not_null())["question_id"].to_list()
    if not resolved:
        return

    def make() -> Figure | None:
        stood = steps(forecasts(engine, resolved), known)
        everybody = pl.concat([stood, reference_steps(stood, known)])
        read = calibration.MOMENTS[calibration.DEFAULT_MOMENT]
        samples = calibration.samples(everybody, known, read)
        kinds = dict(forecasters(everybody).select("forecaster", "kind").iter_rows())
        found = calibration_figures.drawn(samples, comparable(everybody), kinds)
        if not found.headings:
            return None
        return calibration_figures.calibrated(found, samples, known, moment=read, now=moment(engine, known))

    yield Work("calibration", make)


def moment(engine: Engine, known: pl.DataFrame) -> datetime:
    """When the data was last added to: charts are dated by it and not by when they are made."""
    moments = [known["synced_at"].max(), estimates(engine)["computed_at"].max()]
    stated = forecasts(engine, kinds=["person", "tracker"])
    moments += [stated["at"].max(), stated["recorded_at"].max(), known["resolved_at"].max()]
    there = [at for at in moments if isinstance(at, datetime)]
    return max(there, default=datetime.combine(date(1970, 1, 1), time(), UTC))


def question_name(question_id: str) -> str:
    """What the history of a question is called: its source, which has no dash, and what it is there."""
    return f"question-{safe(question_id.replace(':', '-', 1))}"
