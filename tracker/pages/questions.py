"""Questions: what is asked, what the sources say now, and what moved."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from tracker.charts.scores import MOST_ROWS
from tracker.figures.questions import stand
from tracker.pages import pictures, questions_choices, questions_table, stored_questions, words
from tracker.stats import questions_findings as findings
from tracker.stats.questions import by_move

words.begin()
questions_choices.go_on()

# Load
now = datetime.now(UTC)
everything = stored_questions.listed()
if everything.is_empty():
    words.headline("No question is tracked yet.")
    words.quiet("The questions that come with the program, and their prices, are fetched with:")
    st.code("python -m jobs markets", language=None)
    words.quiet("It asks the sites over the network: this page never does. Another question is added by its address:")
    st.code("python -m jobs markets add URL", language=None)
    st.stop()

# Ask
sentence = st.container()
with st.container(key="filters"):
    chosen = questions_choices.chosen(everything)
rows, days = by_move(chosen.rows, f"change_{chosen.days}"), chosen.days

# Compute
height = rows["now"].count()
most = MOST_ROWS

# Draw
with sentence:
    words.headline(findings.finding(rows, days))
    words.quiet(findings.freshness(everything, now))
    old = findings.stale(everything, now)
    if old:
        words.notice(old)
    never = everything.filter(pl.col("source") != "own")["synced_at"].is_null().all()
    if never:
        words.quiet("No price has been fetched yet. This asks the sites over the network:")
    if old or never:
        st.code("python -m jobs markets", language=None)

if height:
    if height > most:
        if st.toggle(f"Show all {height} rows", key="all_rows", bind="query-params"):
            most = height
        else:
            words.quiet(f"The {most} that moved most of {height}; the sentence above counts all of them.")
    figure = stand(rows, days=days, now=now, most=most, select=pictures.MARK)
    words.quiet(figure.words.subtitle)
    pictures.show(figure.draw, key="standings", chosen=questions_choices.choose)
    words.quiet(figure.words.source)
    pictures.offered(figure, questions_table.raw(rows))

words.subhead("Every question")
words.quiet("Choose a row to read its rules, see its whole history and make a forecast.")
questions_table.show(rows)
