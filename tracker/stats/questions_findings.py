"""What the list of questions says, in a sentence composed from it, and its rows as the picture takes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from tracker.stats.findings import in_words
from tracker.stats.questions import OPEN, WAITING, moved, percent, said
from tracker.stats.sites import SITES

# A move that is worth a word, in points of percent.
MUCH = 5
LONGEST_TITLE = 96
# Prices older than this are called old.
STALE = timedelta(hours=36)


def finding(rows: pl.DataFrame, days: int) -> str:
    """One sentence: which market moved most over so many days, among how many. Takes rows of `questions.listed`."""
    running = rows.filter(pl.col("state").is_in([OPEN, WAITING]))
    if rows.is_empty():
        return "No question is tracked yet."
    if running.is_empty():
        return "None of these questions is open any longer." if rows.height > 1 else "It is no longer open."
    tracked = f"{_count(running.height, 'question')} {'is' if running.height == 1 else 'are'} tracked"
    if running.filter(pl.col("source") != "own").is_empty():
        return f"{tracked}, none of them on a market."
    priced = running.filter(pl.col("kind") == "market", pl.col("now").is_not_null())
    if priced.is_empty():
        return f"{tracked}; no price of a market is known yet."
    change = f"change_{days}"
    known = priced.filter(pl.col(change).is_not_null())
    if known.is_empty():
        return f"{tracked}; no price goes back {days} days yet."
    return f"{_moved(known, days)}{_unknown(running.height - known.height)}."


def _moved(known: pl.DataFrame, days: int) -> str:
    change = f"change_{days}"
    first = known.sort(pl.col(change).abs(), "question_id", descending=[True, False]).row(0, named=True)
    much = known.filter((100 * pl.col(change)).abs().round(6) >= MUCH).height
    name = f"“{shortened(first['title'])}”{', inverted,' if first['inverted'] else ''}"
    kept = _count(known.height, "market")
    if not much:
        most = moved(first[change]).lstrip("+−")
        none = f"None of {kept}" if known.height > 1 else name
        if most == "0":
            return f"{none} moved in {days} days" if known.height > 1 else f"{name} did not move in {days} days"
        if known.height == 1:
            return f"{name} moved by {most} in {days} days"
        return f"{none} moved by {MUCH} points in {days} days; most, by {most}, {name}"
    before = percent(first["now"] - first[change])
    told = f"{name} went from {before} to {said(first['now'])} in {days} days"
    return told if known.height == 1 else f"{told}; {much:,} of {kept} moved by {MUCH} points or more"


def _unknown(count: int) -> str:
    return f"; of {_count(count, 'other question')} that is not known" if count else ""


def shortened(title: str, longest: int = LONGEST_TITLE) -> str:
    """A title on one line, cut at a word where it is long."""
    line = " ".join(title.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[longest // 2 :] else cut).rstrip(" ,;:") + "…"


def age(at: datetime, now: datetime) -> str:
    """How long ago: "just now", "12 minutes ago", "3 hours ago", "5 days ago"."""
    seconds = (now - at).total_seconds()
    if seconds < 90:
        return "just now"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size or name == "minute":
            return f"{_count(int(seconds // size), name)} ago"
    raise AssertionError("every length has a name")


def freshness(rows: pl.DataFrame, now: datetime) -> str:
    """From where the prices are and how old: "Prices of Manifold, read 3 hours ago." Empty where nothing was read."""
    asked = rows.filter(pl.col("source") != "own")
    read = asked.filter(pl.col("synced_at").is_not_null())
    newest = read["synced_at"].max()
    if not isinstance(newest, datetime):
        return ""
    sites = read["site"].unique().sort().to_list()
    text = f"Prices of {_listed(sites)}, read {age(newest, now)} ({moment(newest)} UTC)."
    never = asked.height - read.height
    return f"{text} {_count(never, 'question')} {'has' if never == 1 else 'have'} never been read." if never else text


def stale(rows: pl.DataFrame, now: datetime) -> str:
    """A warning where even the newest price is old; empty otherwise."""
    newest = rows.filter(pl.col("source") != "own")["synced_at"].max()
    if not isinstance(newest, datetime) or now - newest <= STALE:
        return ""
    return f"What stands here is what was known {age(newest, now)}, on {in_words(newest.date())}. To read it anew:"


def reading(rows: pl.DataFrame, days: int) -> str:
    """How to read the picture: of what is in it, and nothing else."""
    shown = rows.filter(pl.col("now").is_not_null())
    parts = [f"Dot: what stands now, the probability of YES. Line: from where it stood {days} days ago."]
    if (shown["kind"] == "market").any():
        parts.append("Orange: the price of a market.")
    if (shown["kind"] == "person").any():
        parts.append("In the colour of the text: a person’s forecast, where there is no market.")
    if (shown["kind"] == "tracker").any():
        parts.append("Violet: our estimate, where there is neither.")
    if (shown["state"] != OPEN).any():
        parts.append("Hollow: closed and not yet resolved.")
    return " ".join(parts)


def source(rows: pl.DataFrame, now: datetime) -> str:
    """Where the prices come from, with their date."""
    read = rows.filter(pl.col("synced_at").is_not_null())
    sites = _listed([SITES[name] for name in read["source"].unique().sort().to_list() if name in SITES])
    newest = read["synced_at"].max()
    when = in_words(newest.date()) if isinstance(newest, datetime) else in_words(now.date())
    return f"Source: {sites or 'forecasts kept here'}, {when} · what stood at the end of each day, UTC"


def description(rows: pl.DataFrame, days: int) -> str:
    """The picture in words for those who cannot see it."""
    told = "; ".join(
        f"{row['title']} ({_where(row)}): {said(row['now'])}"
        + (f", {moved(row[f'change_{days}'])} in {days} days" if row[f"change_{days}"] is not None else "")
        for row in rows.filter(pl.col("now").is_not_null()).head(30).iter_rows(named=True)
    )
    return f"Where questions stand. {finding(rows, days)} {told}."


def drawn(rows: pl.DataFrame, days: int, *, wide: bool, most: int | None = None) -> pl.DataFrame:
    """The first `most` rows of `tracker.charts.questions.standings`, in their order; none that has no number now.

    A topic with several questions is named once where there is room.
    """
    shown = rows.filter(pl.col("now").is_not_null())
    several = shown.filter(pl.col("topic").is_not_null())["topic"].value_counts().filter(pl.col("count") > 1)
    topics, last = set(several["topic"].to_list()), None
    found = []
    for row in shown.head(shown.height if most is None else most).iter_rows(named=True):
        shared = row["topic"] in topics
        label = (row["topic_name"] or row["topic"]) if shared else row["title"]
        change, before = row[f"change_{days}"], row["week_ago" if days == 7 else "month_ago"]
        closing = "" if row["closes_at"] is None else f"; closes {in_words(row['closes_at'].date())}"
        found.append(
            {
                "key": row["question_id"],
                "label": "" if shared and wide and row["topic"] == last else " ".join(label.split()),
                "detail": _where(row),
                "panel": "",
                "value": 100.0 * row["now"],
                "before": None if before is None else 100.0 * before,
                "text": said(row["now"]) + ("" if change is None else f", {_change(change)}"),
                "meaning": row["kind"] or "market",
                "hollow": row["state"] != OPEN,
                "title": row["title"],
                "note": f"{row['state']}{closing}",
            }
        )
        last = row["topic"]
    kinds = {"before": pl.Float64, "value": pl.Float64, "hollow": pl.Boolean}
    names = ("key", "label", "detail", "panel", "value", "before", "text", "meaning", "hollow", "title", "note")
    return pl.DataFrame(found, schema={name: kinds.get(name, pl.String) for name in names})


def _change(change: float) -> str:
    """As `moved` has it; beside a probability a bare "0" would read as another one."""
    return "±0" if moved(change) == "0" else moved(change)


def moment(at: datetime) -> str:
    """A moment as it is written: "23 Nov 2026, 02:10" (UTC)."""
    return f"{in_words(at.date())}, {at:%H:%M}"


def _where(row: Mapping[str, Any]) -> str:
    whose = row["site"] if row["kind"] in ("market", None) else row["whose"]
    return f"{whose}, inverted" if row["inverted"] else str(whose)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
