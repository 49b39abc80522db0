"""Who can be compared with whom: forecasters by how many resolved questions they share."""

from collections.abc import Sequence

import polars as pl

from tracker.stats.forecasts import BASE_RATE, FIFTY, REFERENCE

# Whoever joins a comparison may not take away more than this share of its questions.
KEPT = 0.5


def forecasters(steps: pl.DataFrame) -> pl.DataFrame:
    """forecaster, kind, questions: of `tracker.stats.forecasts.steps`; markets first, most questions first."""
    return (
        steps.group_by("forecaster", "kind")
        .agg(questions=pl.col("question_id").n_unique())
        .sort(
            pl.col("kind") == REFERENCE,
            pl.col("kind") != "market",
            "questions",
            "forecaster",
            descending=[False, False, True, False],
        )
    )


def comparable(steps: pl.DataFrame) -> list[str]:
    """Who is compared at first: both references, and the forecasters who leave at least half of the questions."""
    names = forecasters(steps).filter(pl.col("kind") != REFERENCE)["forecaster"].to_list()
    asked = {
        str(name): set(rows["question_id"].to_list())
        for (name,), rows in steps.partition_by("forecaster", as_dict=True).items()
    }
    chosen: list[str] = []
    shared: set[str] = set()
    for name in names:
        together = shared & asked[name] if chosen else asked[name]
        if not chosen or len(together) >= KEPT * len(shared):
            chosen.append(name)
            shared = together
    return [*chosen, *(name for name in (BASE_RATE, FIFTY) if name in asked)]


def panels(compared: Sequence[str], kinds: dict[str, str], most: int) -> list[str]:
    """Whose calibration is drawn: of those compared, the first that are no reference."""
    return [name for name in compared if kinds.get(name) != REFERENCE][:most]
