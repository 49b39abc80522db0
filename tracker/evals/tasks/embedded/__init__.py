"""Tasks small enough for the embedded pair of models, each with 300 documents made by a seeded program."""
