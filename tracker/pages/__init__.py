"""Streamlit scripts, read top to bottom."""
