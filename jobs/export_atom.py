"""`python -m jobs export atom`: moves of ten points or more, and new verdicts, as an Atom feed (RFC 4287)."""

import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import polars as pl
from sqlalchemy import Engine

from db.queries.estimates import estimates
from db.queries.forecasts import daily
from db.queries.questions import questions
from tracker.charts.signs import shown
from tracker.rules import estimate_findings as findings
from tracker.rules.verdicts import HOLDS, in_words
from tracker.stats.forecast_findings import named
from tracker.stats.questions import quantity
from tracker.stats.sites import site_address

ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Capability tracker: moves and verdicts"
MUCH = 0.10
MOST_ENTRIES = 200
EVER = date(1970, 1, 2)
DAY_END = time(23, 59, 59, tzinfo=UTC)
# A move that is due to rounding is none: prices are kept to many digits.
ROUNDING = 1e-9


class Entry(NamedTuple):
    """One thing that happened. `key` decides its id, which never changes."""

    key: str
    at: datetime
    title: str
    text: str
    link: str | None


def export_atom(engine: Engine) -> bytes:
    """The feed, the newest first, at most MOST_ENTRIES. The same data gives the same bytes."""
    known = questions(engine)
    about = {row["question_id"]: row for row in known.iter_rows(named=True)}
    quantities = [name for name, row in about.items() if quantity(row["scale"]) is not None]
    entries = [
        *moves(daily(engine, EVER).filter(~pl.col("question_id").is_in(quantities)), known),
        *verdicts(estimates(engine), known),
    ]
    entries.sort(key=lambda entry: (entry.at, entry.key), reverse=True)
    return feed(entries[:MOST_ENTRIES])


def moves(said: pl.DataFrame, known: pl.DataFrame) -> Iterator[Entry]:
    """Each day on which a market, our estimate or our back-test stood ten points from the day it last changed before.

    `said` of `db.queries.forecasts.daily`. A hole in the record is no move.
    """
    about = {row["question_id"]: row for row in known.iter_rows(named=True)}
    kinds = pl.col("kind").is_in(["market", "tracker", "backtest"])
    before = pl.col("probability").shift(1).over("question_id", "forecaster")
    moved = said.filter(kinds).sort("question_id", "forecaster", "on").with_columns(before=before)
    for row in moved.filter((pl.col("probability") - pl.col("before")).abs() >= MUCH - ROUNDING).iter_rows(named=True):
        question = about[row["question_id"]]
        points = 100 * (row["probability"] - row["before"])
        who = named(row["forecaster"], row["kind"])
        went = f"{findings.probability(row['before'])} to {findings.probability(row['probability'])}"
        title = " ".join(question["title"].split())
        later = " Computed later, of what was known on that day." if row["kind"] == "backtest" else ""
        yield Entry(
            f"move\n{row['question_id']}\n{row['forecaster']}\n{row['on'].isoformat()}",
            datetime.combine(row["on"], DAY_END),
            f"{'Up' if points > 0 else 'Down'} {abs(points):.0f} points: {title}",
            f"{who} went from {went} by the end of {in_words(row['on'])} (UTC).{later}",
            site_address(question["source"], question["url"]),
        )


def verdicts(ours: pl.DataFrame, known: pl.DataFrame) -> Iterator[Entry]:
    """Each estimate whose verdict is not that of the one before; of a rule's first, only one that says yes or no.

    Live estimates and back-tests are told apart. `ours` of `db.queries.estimates.estimates`.
    """
    about = {row["question_id"]: row for row in known.iter_rows(named=True)}
    by = ("question_id", "rule_id", "backtest")
    before = pl.col("verdict").shift(1, fill_value="too-little").over(by)
    rows = ours.sort(*by, "as_of").with_columns(before=before)
    for row in rows.filter(pl.col("verdict") != pl.col("before")).iter_rows(named=True):
        question = about[row["question_id"]]
        title = " ".join(question["title"].split())
        later = " Back-test: computed later, of the evidence of that day." if row["backtest"] else ""
        yield Entry(
            f"verdict\n{row['question_id']}\n{row['rule_id']}\n{row['as_of'].isoformat()}\n{row['backtest']}",
            datetime.combine(row["as_of"], DAY_END),
            f"{HOLDS[row['verdict']]}: {findings.rule_name(row)} ({title})",
            f"{findings.verdict_sentence(row)} {findings.estimate_sentence(row)}{later}",
            site_address(question["source"], question["url"]),
        )


def feed(entries: list[Entry]) -> bytes:
    """The entries as Atom, dated by the newest; an empty feed is of the beginning of time."""
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    newest = max((entry.at for entry in entries), default=datetime(1970, 1, 1, tzinfo=UTC))
    _text(root, "id", _id("feed"))
    _text(root, "title", TITLE)
    _text(root, "updated", _moment(newest))
    _text(ElementTree.SubElement(root, "author"), "name", "Capability tracker")
    for entry in entries:
        item = ElementTree.SubElement(root, "entry")
        _text(item, "id", _id(entry.key))
        _text(item, "title", entry.title)
        _text(item, "updated", _moment(entry.at))
        if entry.link:
            ElementTree.SubElement(item, "link", {"rel": "alternate", "href": shown(entry.link)})
        _text(item, "content", entry.text, type="text")
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()


def _text(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(parent, name, attributes).text = shown(text)


def _id(key: str) -> str:
    """The same for the same thing, wherever the feed is made: RFC 4122, version 5."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"capability-tracker\n{key}").urn


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
