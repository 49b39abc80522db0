"""The terms of a picture's figures: every source named once, and nothing claimed that is not known."""

import polars as pl
import pytest

from tracker.stats.terms import terms

PUBLICATIONS = pl.DataFrame(
    [("LMArena", "figures with citation"), ("A table", "Apache-2.0"), ("LiveBench", "figures with citation")],
    schema=["title", "terms"],
    orient="row",
)


def figures(*rows: tuple[str | None, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={"source": pl.String, "origin": pl.String}, orient="row")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([("LMArena", "published")] * 3, "LMArena: figures with citation"),
        (
            [("LMArena", "published"), ("A table", "published"), ("LiveBench", "published")],
            "A table: Apache-2.0; LiveBench, LMArena: figures with citation",
        ),
        ([(None, "local")], "own lm-eval runs: the user’s own measurements"),
        (
            [(None, "local"), (None, "imported"), ("LiveBench", "published")],
            "LiveBench: figures with citation; imported lm-eval results: terms not known; "
            "own lm-eval runs: the user’s own measurements",
        ),
        ([("Somebody", "published")], "Somebody: terms not known"),
        ([(None, "published")], "published results: terms not known"),
        ([], ""),
    ],
)
def test_every_source_stands_with_its_terms(rows: list[tuple[str | None, str]], text: str) -> None:
    assert terms(figures(*rows), PUBLICATIONS) == text
