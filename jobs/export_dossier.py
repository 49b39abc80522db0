"""`python -m jobs export dossier`: all that is known of a question, as files good enough to resolve a market on."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from db.queries.record import record, runs_behind
from jobs.exported import put
from jobs.question_estimates import evidence_of
from tracker.dossier.content import Dossier, dossier
from tracker.dossier.data import data
from tracker.dossier.document import document
from tracker.dossier.evidence import used_gaps, used_scores
from tracker.dossier.page import page
from tracker.dossier.post import pictures, post
from tracker.rules.rule import Rule

STEPS = 6


def export_dossier(
    engine: Engine,
    question_id: str,
    rules: Sequence[Rule],
    out: Path,
    *,
    as_of: date,
    done: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write a question's dossier, as known on a day, to a folder; the files. `done` is told of each step, STEPS in all.

    The same data, rules and day give the same bytes. Raises OSError where a file cannot be written.
    """
    known = dossier(record(engine, question_id, as_of), rules, lambda day: evidence_of(engine, day))
    done("read")
    written: list[Path] = []
    for step, files in _files(engine, known):
        written += put(out, files)
        done(step)
    return written


def _files(engine: Engine, known: Dossier) -> Iterator[tuple[str, dict[str, bytes]]]:
    runs = runs_behind(engine, used_gaps(known.spoken), used_scores(known.spoken))
    yield "HTML", {f"{known.name}.html": page(known)}
    yield "PDF", {f"{known.name}.pdf": document(known)}
    yield "Markdown", {f"{known.name}.md": post(known)}
    yield "pictures", pictures(known)
    yield "data", {known.data_name: data(known, runs)}
