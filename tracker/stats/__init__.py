"""Frames in, frames out; no input or output."""
