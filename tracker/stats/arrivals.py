"""How often something new comes, from the days on which it came: pairs that are measured, models that are released."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Over = Literal["since-first", "two-years"]

DAYS_A_YEAR = 365.25
YEARS_LOOKED_BACK = 2.0
SHORTEST = 0.5


@dataclass(frozen=True)
class Rate:
    """`seen` arrivals within `years`."""

    seen: int
    years: float

    @property
    def mean(self) -> float:
        """Arrivals a year that are to be expected; above 0 even where none was seen."""
        return (self.seen + 0.5) / self.years

    def draw(self, rng: np.random.Generator, draws: int) -> NDArray[np.float64]:
        """What it may be, as uncertain as so few arrivals leave it (Jeffreys' prior)."""
        return rng.gamma(self.seen + 0.5, 1 / self.years, draws)


def rate(days: Iterable[date], as_of: date, over: Over = "since-first") -> Rate:
    """The rate over the last 24 months; "since-first": where the first arrival is less long ago, over the time since.

    That first one opened the time and does not count. Divided by two years all the same ("two-years"), what is young
    would seem to come seldom. Less than half a year is taken as half a year: what is there on the first day has
    gathered before.
    """
    ages = sorted((as_of - day).days / DAYS_A_YEAR for day in days)
    recent = sum(age < YEARS_LOOKED_BACK for age in ages)
    if over == "two-years" or not ages or ages[-1] >= YEARS_LOOKED_BACK:
        return Rate(recent, YEARS_LOOKED_BACK)
    return Rate(recent - 1, max(ages[-1], SHORTEST))
