"""Names the app and its pages; nothing else."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
PAGES = HERE / "tracker" / "pages"

st.set_page_config(page_title="Tracker", page_icon=str(PAGES / "mark.png"), initial_sidebar_state=200)
st.navigation(
    {
        "Questions": [
            st.Page(PAGES / "questions.py", title="Questions", default=True),
            st.Page(PAGES / "question.py", title="Question"),
        ],
        "Evidence": [
            st.Page(PAGES / "scores.py", title="Scores"),
            st.Page(PAGES / "trends.py", title="Trends"),
            st.Page(PAGES / "capabilities.py", title="Capabilities"),
        ],
        "Forecasts": [st.Page(PAGES / "calibration.py", title="Calibration")],
        "Runs": [st.Page(PAGES / "runs.py", title="Runs")],
    }
).run()
