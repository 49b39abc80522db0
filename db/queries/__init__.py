"""Reads: one function, one frame; a file per subject."""
