"""What one question's record says, in a sentence composed from it, and its numbers as tables."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from tracker.stats.findings import in_words
from tracker.stats.forecast_findings import named
from tracker.stats.forecasts import TIME, changes, drawn_steps, stood_at
from tracker.stats.history_bands import last_ranges
from tracker.stats.questions import moved, outcome, percent, quantity, said, state, stated
from tracker.stats.questions_findings import age, moment, shortened
from tracker.stats.sites import SITES

BEFORE = 30
MOST_NAMED = 3


def says(forecasts: pl.DataFrame, questions: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What stands now: question_id, forecaster, kind, at (since when), probability, change_7, change_30.

    Of a resolved question, what stood last, and how far that had moved.
    """
    steps = drawn_steps(forecasts, questions, now)
    until = pl.min_horizontal("resolved_at", pl.lit(now).cast(TIME)) - pl.duration(microseconds=1)
    ends = questions.join(steps.select("question_id").unique(), on="question_id", how="semi").select(
        "question_id", at=until
    )
    earlier = {days: ends.with_columns(pl.col("at") - pl.duration(days=days)) for days in (7, 30)}
    found = changes(stood_at(steps, ends), {days: stood_at(steps, at) for days, at in earlier.items()})
    since = steps.group_by("question_id", "forecaster").agg(since=pl.col("start").max())
    return (
        found.drop("at")
        .join(since, on=("question_id", "forecaster"), how="left", maintain_order="left")
        .rename({"since": "at"})
        .select("question_id", "forecaster", "kind", "at", "probability", "change_7", "change_30")
    )


def finding(
    question: Mapping[str, Any],
    standing: pl.DataFrame,
    forecasts: pl.DataFrame,
    now: datetime,
    bands: pl.DataFrame | None = None,
) -> str:
    """One sentence: what the market and people say, or what came out. `standing`: its own rows of `says`; `bands`, of
    `history_bands.bands`, adds the range of our estimate."""
    scale = quantity(question["scale"])
    # What was computed afterwards says nothing of its own where anybody else does.
    spoken = standing.filter(pl.col("kind") != "backtest")
    rows = (spoken if spoken.height else standing).sort(
        pl.col("kind") != "market", pl.col("at"), descending=[False, True]
    )
    over = question["annulled"] or question["resolution"] is not None
    told = _told(rows, scale, over=over, ranges={} if bands is None else last_ranges(bands))
    if question["annulled"]:
        return f"Annulled{_on(question['resolved_at'])}: no forecast on it is scored."
    if question["resolution"] is not None:
        result = outcome(question["resolution"], False)
        opening = f"Resolved {result}{_on(question['resolved_at'])}"
        return f"{opening}; {told} at the end." if told else f"{opening}."
    if told:
        waiting = " It has closed and waits for its resolution." if state(question, now).startswith("Wait") else ""
        return f"{told[0].upper()}{told[1:]}.{waiting}"
    if forecasts.filter(question_id=question["question_id"]).height:
        return "Nothing stands now: what was said was withdrawn, or the record has a hole."
    if question["source"] == "own":
        return "Nobody has made a forecast yet."
    return "No price of it has been read yet." if question["synced_at"] is None else "Its record holds no price."


def facts(question: Mapping[str, Any], now: datetime) -> str:
    """Where it is asked, until when, how much was traded, and how old the record is, on one line."""
    where = SITES.get(question["source"], question["source"])
    parts = ["A question of our own" if question["source"] == "own" else where]
    closes = question["closes_at"]
    if question["resolution"] is None and not question["annulled"] and closes is not None:
        days = (closes.date() - now.date()).days
        left = f" ({days:,} {'day' if days == 1 else 'days'} left)" if days > 0 else ""
        parts.append(f"{'closes' if closes > now else 'closed'} {in_words(closes.date())}{left}")
    if question["volume"] is not None:
        parts.append(f"{question['volume']:,.0f} {question['volume_unit'] or ''} traded".replace("  ", " "))
    if question["forecasters"] is not None:
        parts.append(f"{question['forecasters']:,} traders")
    if question["synced_at"] is not None:
        parts.append(f"read {age(question['synced_at'], now)}")
    return " · ".join(parts)


def reading(question: Mapping[str, Any], lines: pl.DataFrame, marks: pl.DataFrame) -> str:
    """How to read the chart."""
    parts = ["The quantity it asks for." if quantity(question["scale"]) else "Probability of YES."]
    if lines.filter(meaning="market", own=True).height:
        parts.append("Orange: the market’s price.")
    if lines.filter(~pl.col("own")).height:
        turned = lines.filter(pl.col("name").str.ends_with(", inverted")).height
        parts.append(f"Fainter: the same asked elsewhere{', inverted where it asks the opposite' if turned else ''}.")
    own = lines.filter("own")
    if own.filter(pl.col("meaning") == "person").height:
        dots = "; a dot where one was made" if marks.height else ""
        gone = " Hollow and struck through: withdrawn." if marks["withdrawn"].any() else ""
        parts.append(f"Black: what people say, each until their next{dots}.{gone}")
    ours = set(own["meaning"].to_list()) & {"tracker", "backtest"}
    if ours:
        later = "" if "backtest" not in ours else "; dashed: computed afterwards, of what was known on the day"
        parts.append(f"Violet: our estimate, its band the range over other choices{later}.")
    if own.group_by("line").agg(pl.col("piece").n_unique())["piece"].gt(1).any():
        parts.append("A gap: nothing stood, or it is not known.")
    return " ".join(parts)


def evidence(events: pl.DataFrame) -> str:
    """What the numbered rules stand for; empty without any. Takes EVENTS of `history_events`."""
    listed = " · ".join(f"{number} {text}" for number, text in events.select("number", "text").iter_rows())
    return f"Dotted: evidence, thinking on against off. {listed}." if listed else ""


def titled(question: Mapping[str, Any], *read: str) -> str:
    """How to read an exported picture: the question's own words first, so that it can stand alone."""
    return " ".join(filter(None, (f"“{shortened(question['title'], 160)}”", *read)))


def source(question: Mapping[str, Any], standing: pl.DataFrame, now: datetime) -> str:
    """Where the numbers come from, with the date."""
    sites = [SITES.get(name, name) for name in standing.filter(kind="market")["forecaster"].unique().sort().to_list()]
    people = standing.filter(pl.col("kind") == "person").height
    names = [*sites, *(["forecasts kept here"] if people or not sites else [])]
    read = question["synced_at"]
    when = in_words((read or now).date())
    return f"Source: {', '.join(names)}, {when} · {question['question_id']} · times in UTC"


def description(question: Mapping[str, Any], sentence: str, lines: pl.DataFrame) -> str:
    """The chart in words for those who cannot see it: the finding, then each line's range."""
    scale = quantity(question["scale"])
    told = []
    for name, rows in lines.group_by("name", maintain_order=True):
        low, high = rows["value"].min(), rows["value"].max()
        first, last = rows["at"].min(), rows["at"].max()
        if isinstance(low, float) and isinstance(high, float) and isinstance(first, datetime):
            assert isinstance(last, datetime)
            span = f"{in_words(first.date())} to {in_words(last.date())}"
            told.append(f"{name[0]}: between {said(low, scale)} and {said(high, scale)}, {span}")
    return f"Probability over time. {question['title']} {sentence} {'; '.join(told)}."


def moves(forecasts: pl.DataFrame, question: Mapping[str, Any]) -> pl.DataFrame:
    """A row a day on which the market moved, the newest first: on, probability (at the day's end), change, low, high.

    change: from the end of the last day on record; null on the first and after a hole.
    """
    own = forecasts.filter(question_id=question["question_id"], kind="market").sort("at", "position")
    if question["resolved_at"] is not None:
        own = own.filter(pl.col("at") < question["resolved_at"])
    daily = own.group_by(on=pl.col("at").dt.date(), maintain_order=True).agg(
        pl.col("probability").last(), low=pl.col("probability").min(), high=pl.col("probability").max()
    )
    return (
        daily.with_columns(change=pl.col("probability") - pl.col("probability").shift(1))
        .filter(pl.col("probability").is_not_null())
        .sort("on", descending=True)
        .select("on", "probability", "change", "low", "high")
    )


def journal(forecasts: pl.DataFrame, question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What people said of the question, the newest first: who, when, text, reason, citation, gone (null: it stands)."""
    own = forecasts.filter(pl.col("question_id") == question["question_id"], pl.col("kind") == "person")
    found = []
    for row in own.sort("at", "position", descending=True).iter_rows(named=True):
        withdrawn = row["withdrawn_at"]
        because = f": {row['withdrawn_because']}" if row["withdrawn_because"] else ""
        found.append(
            row
            | {
                "when": moment(row["at"]),
                "text": "none" if row["probability"] is None else stated(row["probability"]),
                "gone": None if withdrawn is None else f"Withdrawn {moment(withdrawn)} UTC{because}",
            }
        )
    return found


def decisions(resolutions: pl.DataFrame) -> list[str]:
    """Every decision about the question in words, the newest first."""
    found = []
    for row in resolutions.sort("recorded_at", descending=True).iter_rows(named=True):
        result = outcome(row["resolution"], row["annulled"])
        what = f"Resolved {result}" if result and not row["annulled"] else "Annulled" if row["annulled"] else "Reopened"
        because = f": {row['because']}" if row["because"] else "."
        found.append(f"{what}, recorded {moment(row['recorded_at'])} UTC{because}")
    return found


def _told(
    rows: pl.DataFrame, scale: Mapping[str, Any] | None, *, over: bool, ranges: Mapping[str, tuple[float, float]]
) -> str:
    verbs = ("stood at", "said") if over else ("stands at", "says")
    parts = []
    for row in rows.head(MOST_NAMED).iter_rows(named=True):
        who = named(row["forecaster"], row["kind"])
        text = f"{who} {verbs[row['kind'] != 'market']} {said(row['probability'], scale)}"
        if row["kind"] in ranges:
            low, high = (percent(end) if scale is None else said(end, scale) for end in ranges[row["kind"]])
            text += f" [range {low}–{high}]" if low != high else ""
        change = row["change_30"]
        if row["kind"] == "market" and change is not None and scale is None and not over:
            size = moved(change).lstrip("+−")
            points = "point" if size == "1" else "points"
            way = f"{'up' if change > 0 else 'down'} {size} {points} in" if size != "0" else "as it did"
            text += f", {way} {BEFORE} days" + ("" if size != "0" else " before")
        parts.append(text)
    more = rows.height - len(parts)
    return "; ".join([*parts, *([f"and {more} more"] if more > 0 else [])])


def _on(at: datetime | None) -> str:
    return f" on {in_words(at.date())}" if at is not None else ""
