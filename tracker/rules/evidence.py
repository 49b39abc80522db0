"""What was known on a day, guarded against anything later: the only thing a rule is judged on."""

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar, cast

import polars as pl

FIRST_SEEN: dict[str, pl.DataType | type[pl.DataType]] = {
    "reasoning_id": pl.String,
    "conventional_id": pl.String,
    "benchmark_id": pl.String,
    "first_on": pl.Date,
}
# How evidence that nobody published is named where sources are.
OWN_RUNS = "our own and imported runs"
DATED = {"gaps": "finished_at", "first_seen": "first_on", "scores": "finished_at", "doses": "finished_at"}

Found = TypeVar("Found")


class FutureEvidence(ValueError):
    """Evidence dated after the day it is to be judged on, or not dated at all."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was known at the end of a day. Raises FutureEvidence for a row that is dated later, or not dated.

    gaps        as `db.queries.gaps.gaps` gives them as of the day
    first_seen  FIRST_SEEN: when a twin was first measured on a benchmark
    scores      as `db.queries.trends.scores` gives them as of the day
    doses       as `db.queries.doses.doses` gives them as of the day
    left_out    keys of the pieces that a rule is to do without

    A rule keeps what it works out of the frames, so that many rules and variants on one day share it: nobody may
    change them.
    """

    as_of: date
    gaps: pl.DataFrame
    first_seen: pl.DataFrame
    scores: pl.DataFrame
    doses: pl.DataFrame
    left_out: frozenset[tuple[str, ...]] = frozenset()
    _kept: dict[Hashable, object] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, frame in self.frames():
            dates = frame[DATED[name]].cast(pl.Date)
            late = dates.filter(dates.is_null() | (dates > self.as_of))
            if len(late):
                latest = max(late.drop_nulls().to_list(), default=None)
                what = "one without a date" if latest is None else f"one of {latest.isoformat()}"
                rows = "1 row that was" if len(late) == 1 else f"{len(late)} rows that were"
                raise FutureEvidence(f"{name} as of {self.as_of} hold {rows} not known then, {what}.")

    def frames(self) -> tuple[tuple[str, pl.DataFrame], ...]:
        """Each frame with its name."""
        return tuple((name, getattr(self, name)) for name in DATED)

    def without(self, key: tuple[str, ...]) -> "Evidence":
        """The same evidence, one piece left out. Quick: the frames and what was worked out of them are shared."""
        less = copy.copy(self)
        object.__setattr__(less, "left_out", self.left_out | {key})
        return less

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` gives, found once for all that ask by the same key; it must not depend on `left_out`."""
        if key not in self._kept:
            self._kept[key] = find()
        return cast("Found", self._kept[key])
