"""Question: one question's whole record: what everybody said of it and when, its rules, and a place to forecast."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from tracker.figures.question import course
from tracker.pages import (
    access,
    pictures,
    question_choices,
    question_dossier,
    question_estimate,
    question_journal,
    question_tables,
    question_words,
    stored,
    stored_questions,
    words,
)
from tracker.stats import history as drawing
from tracker.stats import question_findings as findings
from tracker.stats.history_bands import bands
from tracker.stats.questions import OPEN, state

words.begin()

# Load
now = datetime.now(UTC)
questions = stored_questions.questions()
if questions.is_empty():
    words.headline("No question is known here yet.")
    words.quiet("The questions that come with the program, and their prices, are fetched with:")
    st.code("python -m jobs markets", language=None)
    words.quiet("It asks the sites over the network: this page never does.")
    st.stop()

# Ask
sentence = st.container()
filters = st.container(key="filters")
asked = question_choices.question(questions, stored_questions.first, filters)
if asked is None:
    words.headline("The address names a question that is not known here.")
    words.quiet("It may have been taken out, or its id is not whole. The list of all is on the page Questions.")
    st.stop()
others = drawing.related(questions, asked)
known = stored_questions.forecasts((asked["question_id"], *others["question_id"].to_list()))
with filters:
    view = question_choices.view(asked, others, now)
shown = others if view.elsewhere else others.clear()
shown_ids = [asked["question_id"], *shown["question_id"].to_list()]

# Compute
standing = findings.says(known, questions, now)
own = standing.filter(question_id=asked["question_id"])
estimates = stored_questions.estimates(asked["question_id"])
told = findings.finding(asked, own, known, now, bands(estimates, min(asked["resolved_at"] or now, now)))
# A bet needs a price that can still be had.
prices = own.filter(kind="market")["probability"].to_list() if state(asked, now) == OPEN else []
drawn = course(
    asked,
    shown,
    known,
    questions,
    estimates,
    stored.evidence(None, "same-weights"),
    now=now,
    since=view.since,
    fitted=view.fitted,
)

# Draw
with sentence:
    question_words.asked(asked["title"])
    words.headline(told)
    words.quiet(findings.facts(asked, now))
if not drawn.empty:
    words.quiet(drawn.reading)
    words.quiet(drawn.evidence)
    pictures.show(drawn.figure.draw, key="history")
    words.quiet(drawn.figure.words.source)
    pictures.offered(drawn.figure, question_tables.raw(known, shown_ids))
elif view.since is not None:
    words.quiet("Nothing stood in the time that was chosen.")
elif asked["source"] != "own" and asked["synced_at"] is None:
    words.quiet("This asks its site over the network:")
    st.code("python -m jobs markets", language=None)

question_estimate.paragraph(asked, estimates, questions, now)

if standing.height:
    words.subhead("What each says now" if asked["resolution"] is None else "What each said last")
    question_tables.says(standing.filter(pl.col("question_id").is_in(shown_ids)), asked, shown)

question_estimate.show(asked, estimates, prices[0] if prices else None, now)

question_dossier.offered(asked, estimates, now)

writer = access.writer()
question_journal.show(asked, known, writer)
question_words.about(asked, findings.decisions(stored_questions.resolutions(asked["question_id"])))
question_tables.scores(asked, own)
question_tables.moves(known, asked)
