"""A time axis from hours to decades: round moments with their dates in words, in UTC on a page and in a file alike."""

from datetime import UTC, datetime, timedelta

import altair as alt

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS, DAYS, MONTHS = (1, 2, 3, 6, 12), (1, 2, 7, 14), (1, 2, 3, 6, 12, 24, 60, 120, 240)


def stamp(at: datetime) -> float:
    """Milliseconds since 1970, as the browser counts: a page and a file read dates differently, numbers alike."""
    return at.timestamp() * 1000


def time_axis(first: datetime, last: datetime, *, most: int) -> alt.Axis:
    """At most so many labels; what a label leaves out stands on a second line, under the first and where it changes."""
    ticks, upper, lower = _ticks(first, last, most)
    started = stamp(ticks[0]) if ticks else 0
    if lower is None:
        label = f"utcFormat(datum.value, '{upper}')"
    else:
        turns, second = lower
        label = (
            f"[utcFormat(datum.value, '{upper}'), datum.value == {started!r} || {turns} ? "
            f"utcFormat(datum.value, '{second}') : '']"
        )
    return alt.Axis(
        values=[stamp(tick) for tick in ticks],
        title=None,
        labelExpr=label,
        labelLineHeight=15,
        ticks=True,
        tickSize=4,
        domain=True,
        labelPadding=4,
    )


def _ticks(first: datetime, last: datetime, most: int) -> tuple[list[datetime], str, tuple[str, str] | None]:
    """The moments, how the first line is written, and when and how the second one."""
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    span = last - first
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    for hours in HOURS:
        if span / (hours * HOUR) <= most:
            found = _every(midnight, hours * HOUR, first, last)
            return found, "%H:%M", ("utchours(datum.value) == 0", "%-d %b")
    for days in DAYS:
        if span / (days * DAY) <= most:
            start = midnight - timedelta(days=midnight.weekday()) if days >= 7 else midnight
            found = _every(start, days * DAY, first, last)
            return found, "%-d %b", (f"utcmonth(datum.value) == 0 && utcdate(datum.value) <= {days}", "%Y")
    months = (last.year - first.year) * 12 + last.month - first.month
    every = next((step for step in MONTHS if months / step <= most), MONTHS[-1])
    found = []
    for month in range(months + 1):
        year, index = divmod(first.year * 12 + first.month - 1 + month, 12)
        tick = datetime(year, index + 1, 1, tzinfo=UTC)
        if (year * 12 + index) % every == 0 and first <= tick <= last:
            found.append(tick)
    return found, ("%b", "%Y")[every >= 12], None if every >= 12 else ("utcmonth(datum.value) == 0", "%Y")


def _every(start: datetime, step: timedelta, first: datetime, last: datetime) -> list[datetime]:
    count = int((last - start) / step)
    return [tick for tick in (start + number * step for number in range(count + 1)) if first <= tick <= last]
