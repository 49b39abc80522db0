"""The list of tracked questions: what stands now, how far it moved, what is left of the time, source beside source."""

import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from tracker.stats.forecast_findings import named
from tracker.stats.sites import SITES as SITES

# How far back the list looks, and how far apart the values of a spark line are, in days.
BACK, APART = 90, 2
OPEN, WAITING, RESOLVED, ANNULLED = "Open", "Waiting for a resolution", "Resolved", "Annulled"
STATES = (OPEN, WAITING, RESOLVED, ANNULLED)
LISTED: dict[str, Any] = {
    "question_id": pl.String,
    "title": pl.String,
    "topic": pl.String,
    "topic_name": pl.String,
    "source": pl.String,
    "site": pl.String,
    "inverted": pl.Boolean,
    "state": pl.String,
    "forecaster": pl.String,
    "kind": pl.String,
    "whose": pl.String,
    "ours": pl.Float64,
    "now": pl.Float64,
    "week_ago": pl.Float64,
    "month_ago": pl.Float64,
    "change_7": pl.Float64,
    "change_30": pl.Float64,
    "spark": pl.List(pl.Float64),
    "others": pl.String,
    "value_text": pl.String,
    "days_left": pl.Int64,
    "closes_at": pl.Datetime("us", "UTC"),
    "resolution": pl.Float64,
    "resolved_at": pl.Datetime("us", "UTC"),
    "volume": pl.Float64,
    "volume_unit": pl.String,
    "forecasters": pl.Int64,
    "synced_at": pl.Datetime("us", "UTC"),
    "url": pl.String,
}


def listed(questions: pl.DataFrame, daily: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """A row a question, those that moved most first and those of one topic together; LISTED names the columns.

    `questions` and `daily` as `db.queries` gives them, `daily` from BACK days before now on. Where a question is
    `inverted`, every number is that of the other side, so that a topic's questions can be compared.

    now, week_ago, month_ago  of `forecaster`: the market, or where there is none the forecast that is newest; null:
                              nothing stood, the question is resolved, or it is about a quantity (then `value_text`
                              says what stands)
    change_7, change_30       what stands now − what stood at the end of the day 7 or 30 days ago; null where either
                              is not known
    whose                     the same in words: "Manifold", "our estimate"
    ours                      our own estimate of today, beside whoever's `now` is; null: none. Back-tests are no part
                              of the list
    spark                     every APART days, without what lies before the last hole in the record
    others                    the other forecasts that stand, in words
    """
    today = now.date()
    series = {
        key: rows.select("on", "probability").rows()
        for key, rows in daily.sort("on").partition_by("question_id", "forecaster", as_dict=True).items()
    }
    kinds = dict(daily.select("forecaster", "kind").unique().iter_rows())
    by_question: dict[str, list[str]] = {}
    for question_id, forecaster in series:
        by_question.setdefault(question_id, []).append(forecaster)
    rows = []
    for question in questions.iter_rows(named=True):
        own = {name: series[question["question_id"], name] for name in by_question.get(question["question_id"], [])}
        rows.append(_row(question, own, kinds, now, today))
    frame = pl.DataFrame(rows, schema=LISTED)
    return by_move(frame, "change_7")


def by_move(frame: pl.DataFrame, change: str) -> pl.DataFrame:
    """The rows by how far they moved, a topic where its furthest question stands; what nobody knows last."""
    moved = pl.col(change).abs()
    group = pl.coalesce("topic", pl.format("?{}", "question_id"))
    return (
        frame.with_columns(_moved=moved, _most=moved.max().over(group), _group=group)
        .sort("_most", "_group", "_moved", "question_id", descending=[True, False, True, False], nulls_last=True)
        .drop("_moved", "_most", "_group")
    )


def state(question: Mapping[str, Any], now: datetime) -> str:
    """One of STATES."""
    if question["annulled"]:
        return ANNULLED
    if question["resolution"] is not None:
        return RESOLVED
    return WAITING if question["closes_at"] is not None and question["closes_at"] <= now else OPEN


def quantity(scale: str | None) -> Mapping[str, Any] | None:
    """The scale of a question about a quantity: min, max, log. Null for every other, and for a scale that is none."""
    try:
        found = json.loads(scale) if scale else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(end), int | float) for end in ("min", "max")):
        return None
    return found if found["max"] > found["min"] else None


def on_scale(place: float, scale: Mapping[str, Any]) -> float:
    """The quantity at a place in [0, 1]; on a logarithmic scale as Manifold has it."""
    low, high = float(scale["min"]), float(scale["max"])
    if scale.get("log"):
        return float(10.0 ** (place * math.log10(high - low + 1.0)) + low - 1.0)
    return low + place * (high - low)


def said(probability: float, scale: Mapping[str, Any] | None = None) -> str:
    """A probability as it is written: "64 %", near the ends "0.4 %"; of a quantity, the quantity: "1,450".

    The space does not break, so that no line begins with a percent sign.
    """
    if scale is not None:
        value = on_scale(probability, scale)
        span = float(scale["max"]) - float(scale["min"])
        return f"{value:,.{0 if span >= 50 else 1 if span >= 5 else 2}f}".replace("-", "−")
    return f"{percent(probability)}\u00a0%"


def percent(probability: float) -> str:
    """The number alone; a tenth near the ends, where it counts for more."""
    value = 100.0 * probability
    near = (0 < value < 1.95) or (98.05 < value < 100)
    return f"{value:.1f}" if near else f"{value:.0f}"


def stated(probability: float) -> str:
    """A probability as somebody stated it, to a tenth of a percent: "37.5 %", "40 %"."""
    return f"{100 * probability:.1f}".removesuffix(".0") + "\u00a0%"


def moved(change: float) -> str:
    """A change in points of percent: "+12", "−3", "0"; a tenth where that is all there is."""
    points = 100.0 * change
    text = f"{points:+.0f}" if abs(points) >= 0.95 or abs(points) < 0.05 else f"{points:+.1f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def outcome(resolution: float | None, annulled: bool) -> str:
    """A resolution as it is written: "YES", "NO", "40 %", "annulled"; empty while there is none."""
    if annulled:
        return "annulled"
    if resolution is None:
        return ""
    return "YES" if resolution == 1 else "NO" if resolution == 0 else said(resolution)


def _row(
    question: Mapping[str, Any],
    series: Mapping[str, list[tuple[date, float | None]]],
    kinds: Mapping[str, str],
    now: datetime,
    today: date,
) -> dict[str, Any]:
    turned = bool(question["inverted"] and question["topic"])
    series = {name: rows for name, rows in series.items() if kinds.get(name) != "backtest"}
    ours = next((rows[-1][1] for name, rows in series.items() if kinds.get(name) == "tracker"), None)
    standing = {name: rows[-1][1] for name, rows in series.items() if rows[-1][1] is not None}
    lead = _lead(standing, series, kinds)
    scale = quantity(question["scale"])
    row = {name: question.get(name) for name in LISTED} | {
        "site": SITES.get(question["source"], question["source"]),
        "inverted": turned,
        "state": state(question, now),
        "forecaster": lead,
        "kind": kinds.get(lead or ""),
        "whose": None if lead is None else named(lead, kinds.get(lead, "")),
        "ours": None if ours is None else _turned(ours, turned),
        "days_left": None if question["closes_at"] is None else (question["closes_at"].date() - today).days,
        "spark": [],
        "others": ", ".join(
            f"{named(name, kinds.get(name, ''))} {said(_turned(value, turned), scale)}"
            for name, value in standing.items()
            if name != lead and kinds.get(name) != "tracker"
        ),
    }
    if lead is None:
        return row
    days_ago = _days_ago(series[lead], turned, today)
    row["spark"] = _spark(days_ago)
    if row["state"] in (RESOLVED, ANNULLED):
        return row
    if scale is not None:
        return row | {"value_text": None if days_ago[0] is None else said(days_ago[0], scale)}
    values = {days: days_ago[days] for days in (0, 7, 30)}
    row |= {"now": values[0], "week_ago": values[7], "month_ago": values[30]}
    for days in (7, 30):
        before = values[days]
        if values[0] is not None and before is not None:
            row[f"change_{days}"] = values[0] - before
    return row


def _lead(
    standing: Mapping[str, float | None],
    series: Mapping[str, list[tuple[date, float | None]]],
    kinds: Mapping[str, str],
) -> str | None:
    """Whose number stands for the question: the market's, else a person's newest, else our own."""
    names = list(standing) or list(series)
    for kind in ("market", "person"):
        first = [name for name in names if kinds.get(name) == kind]
        if first:
            return first[0] if kind == "market" else max(first, key=lambda name: (series[name][-1][0], name))
    return max(names, key=lambda name: (series[name][-1][0], name)) if names else None


def _turned(value: float, turned: bool) -> float:
    return 1.0 - value if turned else value


def _days_ago(rows: list[tuple[date, float | None]], turned: bool, today: date) -> list[float | None]:
    """What stood at the end of each day, today first; null before the record and in its holes."""
    days = [on for on, _ in rows]
    found: list[float | None] = []
    for back in range(BACK + 1):
        place = bisect_right(days, today - timedelta(days=back))
        value = rows[place - 1][1] if place else None
        found.append(None if value is None else _turned(value, turned))
    return found


def _spark(days_ago: list[float | None]) -> list[float]:
    """Oldest first, as percent, since the last hole."""
    values = days_ago[::APART]
    known = next((place for place, value in enumerate(values) if value is None), len(values))
    return [100.0 * value for value in reversed(values[:known]) if value is not None]
