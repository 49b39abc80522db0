"""Calibration: who was right, over the same questions and days, and did what was called likely happen?"""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import streamlit as st

from tracker.figures.calibration import SEED, calibrated, drawn, told
from tracker.pages import calibration_choices, calibration_tables, pictures, stored_questions, words
from tracker.stats import calibration, scoring
from tracker.stats import forecast_findings as findings

words.begin()

# Load
now = datetime.now(UTC)
questions = stored_questions.questions()
nothing = findings.nothing_resolved(questions, now)
steps = stored_questions.resolved_steps()
people = steps.filter(pl.col("kind") != "reference")
if nothing or people.is_empty():
    words.headline(nothing or "Questions have resolved, but no forecast on them is known here.")
    words.quiet(
        "Each forecaster is then scored over the days on which all that are compared had a forecast standing, against "
        "the market, the base rate and “always 50 %”. Make a forecast on the page of a question, or by a command:"
    )
    st.code('python -m jobs forecast QUESTION 0.4 --because "…"', language=None)
    st.stop()

# Ask
sentence = st.container()
with st.container(key="filters"):
    chosen = calibration_choices.chosen(steps, questions)

# Compute
compared = list(chosen.compared)
scores = scoring.question_scores(chosen.steps, questions, compared, chosen.by)
table = scoring.forecaster_scores(scores, np.random.default_rng(SEED))
moment = calibration.MOMENTS[chosen.moment]
samples = calibration.samples(chosen.steps, questions, moment)
shown = drawn(samples, chosen.compared, chosen.kinds)

# Draw
with sentence:
    words.headline(findings.scores_finding(table))
    words.quiet(findings.certainty(max(table["groups"].to_list())) if table.height else "")
    words.quiet(findings.unscored(questions))
if table.height:
    calibration_tables.forecasters(table)

words.subhead("Did what was called likely happen?")
if not shown.headings:
    words.quiet(f"No forecast stood {moment.words}: there is nothing to draw.")
else:
    figure = calibrated(shown, samples, questions, moment=moment, now=now)
    for line in told(shown, moment):
        words.quiet(line)
    words.quiet(figure.words.subtitle)
    pictures.show(figure.draw, key="calibration")
    words.quiet(figure.words.source)
    pictures.offered(
        figure, shown.table.join(samples.select("forecaster", "kind").unique(), on="forecaster", maintain_order="left")
    )

calibration_tables.head_to_head(chosen, questions)
if scores.height:
    calibration_tables.topics(scores, questions)
    calibration_tables.questions(scores, questions)
