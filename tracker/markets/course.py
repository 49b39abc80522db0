"""The course of a price that a site samples: where it changed, and where the record has a hole."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from db.forecast_tables import Move


class Point(NamedTuple):
    """A price at a moment. `spacing`: how far apart the site was asked to keep its points."""

    at: datetime
    price: float
    spacing: timedelta


def after(points: Iterable[Point], last: Point | None, until: datetime) -> list[Point]:
    """The points later than the last that is known, each moment once, in order; none later than `until`."""
    new = {point.at: point for point in points if (last is None or point.at > last.at) and point.at <= until}
    return sorted(new.values())


def changes(
    question_id: str, course: Sequence[Point], last: Point | None, until: datetime, holes: Mapping[timedelta, timedelta]
) -> Iterator[Move]:
    """A move wherever the price changes, and a null where the next point, or `until`, is too far away.

    `last`: the last point of the moves that are stored already. `holes`: for each spacing, how far apart two points
    may be; with more in between, the price is unknown from one spacing after the first of them.
    """
    standing = last
    for point in course:
        broken = standing is not None and point.at - standing.at > holes[point.spacing]
        if broken and standing:
            yield Move(question_id, standing.at + standing.spacing, 0, None)
        if broken or standing is None or point.price != standing.price:
            yield Move(question_id, point.at, 0, point.price)
        standing = point
    if standing and until - standing.at > holes[standing.spacing]:
        yield Move(question_id, standing.at + standing.spacing, 0, None)
