"""The steps of the night, run as `python -m jobs STEP`."""
