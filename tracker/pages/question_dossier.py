"""The dossier of a question as files to take away: made when they are asked for."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
import streamlit as st

from db.queries.record import Record, last_day, record, runs_behind
from tracker.catalog.checked import CatalogError
from tracker.dossier.content import Dossier, dossier
from tracker.dossier.data import archive, data
from tracker.dossier.document import document
from tracker.dossier.evidence import used_gaps, used_scores
from tracker.dossier.page import page
from tracker.dossier.post import pictures, post
from tracker.pages import stored_questions
from tracker.pages.stored import from_database, opened
from tracker.pages.words import quiet
from tracker.rules.estimate_findings import rule_of
from tracker.rules.join_findings import speaking
from tracker.rules.rule import Evidence


def offered(asked: Mapping[str, Any], estimates: pl.DataFrame, now: datetime) -> None:
    """One line of buttons: the whole question as a page, a document, a post with its pictures, and its data.

    `estimates` of the question: its rules are as its latest estimates were made by. No line while the catalogue, which
    says what rules it has, cannot be read.
    """
    try:
        known_now = [rule.id for rule in stored_questions.rules(asked["question_id"])]
    except CatalogError:
        # The page has said it, where it speaks of the rules.
        return
    rules = [rule_of(row["rule"]) for row in speaking(estimates, now.date(), known_now).iter_rows(named=True)]

    def made() -> Dossier:
        known = _record(asked["question_id"], None, now)
        return dossier(known, [rule for rule in rules if rule is not None], lambda day: _evidence(known, day, now))

    def post_with_pictures() -> bytes:
        found = made()
        return archive({f"{found.name}.md": post(found), **pictures(found)})

    def with_runs() -> bytes:
        found = made()
        used = (used_gaps(found.spoken), used_scores(found.spoken))
        return data(found, from_database(lambda url: runs_behind(opened(url), *used)))

    files: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "HTML": ("dossier.html", "text/html", lambda: page(made())),
        "PDF": ("dossier.pdf", "application/pdf", lambda: document(made())),
        "Markdown": ("dossier-post.zip", "application/zip", post_with_pictures),
        "Data": ("dossier-data.zip", "application/zip", with_runs),
    }
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="downloads-dossier"):
        quiet("All of this as one dossier", width="content")
        for label, (name, mime, make) in files.items():
            st.download_button(
                label, make, file_name=name, mime=mime, key=f"dossier-{label}", on_click="ignore", type="tertiary"
            )


def _record(question_id: str, day: date | None, now: datetime) -> Record:
    """What is known of the question on a day; without one, on the last on which anything was recorded."""

    def read(url: str) -> Record:
        engine = opened(url)
        return record(engine, question_id, day or last_day(engine, question_id, now.date()))

    return from_database(read)


def _evidence(known: Record, day: date, now: datetime) -> Evidence:
    of_day = known if day == known.as_of else _record(known.question["question_id"], day, now)
    return Evidence(day, of_day.gaps, of_day.first_seen, of_day.scores, of_day.doses)
