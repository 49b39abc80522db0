"""Names the app and its pages; nothing else."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
PAGES = HERE / "tracker" / "pages"

st.set_page_config(page_title="Tracker", page_icon=str(PAGES / "mark.png"), initial_sidebar_state=200)
st.navigation(
    [
        st.Page(PAGES / "scores.py", title="Scores", default=True),
        st.Page(PAGES / "trends.py", title="Trends"),
        st.Page(PAGES / "capabilities.py", title="Capabilities"),
        st.Page(PAGES / "runs.py", title="Runs"),
    ]
).run()
