"""A frame in, an Altair chart out."""
