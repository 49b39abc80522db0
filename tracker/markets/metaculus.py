"""Metaculus: the community's forecasts, with a key of one's own and nothing without one.

https://www.metaculus.com/api. Its terms forbid using the data to train or evaluate AI without permission, so this
source is off until METACULUS_TOKEN is set. To most keys the community's forecasts are not shown: then the question is
kept, what was stored of its forecasts stays, and the sync says so.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from db.forecast_tables import Move, Question
from tracker.markets.address import plain_key, segments
from tracker.markets.reading import Fields, content
from tracker.markets.source import KEEP_ALL, Found, Get, Reply, Snapshot, Source, SourceError

SITE = "Metaculus"
VOID = ("annulled", "ambiguous")
"""A question that could not be decided, or should not have been asked: neither is scored."""


class Asked(NamedTuple):
    """One probability of a post: a question, one of a group, or one option. `place`: of it in `centers`."""

    fields: Fields
    question_id: str
    title: str
    option: str | None
    place: int


class Span(NamedTuple):
    """From when to when the community stood at a value; `until` null: it still does."""

    at: datetime
    until: datetime | None
    probability: float | None


def key_of(url: str) -> str | None:
    """The number of the post."""
    parts = segments(url, "metaculus.com") or []
    if len(parts) > 1 and parts[0] == "questions":
        number = parts[1]
    elif len(parts) > 2 and parts[0] == "c":
        number = parts[2]
    else:
        return None
    return plain_key(number) if number.isdecimal() else None


def fetch(get: Get, key: str, sync: Mapping[str, Any]) -> Sequence[Reply]:
    """One reply holds the post and the whole history."""
    return [get(f"/posts/{key}/", {"with_cp": "true", "include_cp_history": "true"}, like=sync.get("like"))]


def parse(key: str, replies: Sequence[Reply], sync: Mapping[str, Any]) -> Snapshot:
    """A question for each thing that a probability is asked of; the history always replaces all that is stored."""
    reply = replies[0]
    if reply.status == 304:
        return Snapshot(sync=dict(sync), unchanged=True)
    post = Fields.of(SITE, f"post {key}", content(SITE, reply))
    asked = _asked(key, post)
    questions = [_question(one, key, post, reply) for one in asked]
    moves: list[Move] = []
    kept_back = []
    for one, question in zip(asked, questions, strict=True):
        course = _spans(one)
        if not course:
            kept_back.append(one.question_id)
        moves += _moves(one.question_id, course, question.closes_at, reply.fetched_at)
    mark = _mark(questions, moves)
    return Snapshot(
        questions=questions,
        moves=moves,
        sync={"mark": mark, "like": reply.validators},
        unchanged=mark == sync.get("mark"),
        notice=_notice(key, post, asked, reply.fetched_at) if kept_back else None,
        # What was shown once stays stored.
        own_since=dict.fromkeys(kept_back, KEEP_ALL) if sync else {},
    )


def search(get: Get, words: str, limit: int) -> Sequence[Found]:
    reply = get("/posts/", {"search": words, "limit": limit, "statuses": "open", "with_cp": "true"})
    found = []
    for value in Fields.of(SITE, "a search", content(SITE, reply)).listed("results")[:limit]:
        post = Fields.of(SITE, "a post found", value)
        number = post.number("id")
        if number is None:
            raise post.wrong("id", "a number")
        inner = post.record.get("question")
        question = Fields.of(SITE, "its question", inner) if inner else None
        binary = question is not None and question.text("type") == "binary"
        spans = _spans(Asked(question, "", "", None, 0)) if question and binary else []
        found.append(
            Found(
                url=f"https://www.metaculus.com/questions/{int(number)}/",
                title=post.must("title"),
                probability=spans[-1].probability if spans else None,
                closes_at=post.moment("scheduled_close_time"),
                volume=None,
            )
        )
    return found


def _asked(key: str, post: Fields) -> list[Asked]:
    group, single = post.record.get("group_of_questions"), post.record.get("question")
    if group is not None:
        values = Fields.of(SITE, f"the group of post {key}", group).listed("questions")
        members = [Fields.of(SITE, f"a question of post {key}", value) for value in values]
        binary = [fields for fields in members if fields.text("type") == "binary"]
        if binary:
            return [_member(key, post, fields) for fields in binary]
    elif single is not None:
        fields = Fields.of(SITE, f"question {key}", single)
        kind = fields.must("type")
        if kind == "binary":
            return [Asked(fields, f"metaculus:{key}", post.must("title"), None, 0)]
        if kind == "multiple_choice":
            names = [str(name) for name in fields.listed("options")]
            title = post.must("title")
            return [
                Asked(fields, f"metaculus:{key}/{name}", f"{title} — {name}", name, place)
                for place, name in enumerate(names)
            ]
    raise SourceError(
        f"{SITE} post {key} asks for no probability (it is about a number, a date, a condition, or is a text):"
        " only questions of yes and no, their groups, and multiple choice can be followed."
    )


def _member(key: str, post: Fields, fields: Fields) -> Asked:
    number = fields.number("id")
    if number is None:
        raise fields.wrong("id", "a number")
    label = fields.text("label") or fields.must("title")
    return Asked(fields, f"metaculus:{key}/{int(number)}", f"{post.must('title')} — {label}", None, 0)


def _question(one: Asked, key: str, post: Fields, reply: Reply) -> Question:
    fields = one.fields
    rules = [text for text in (fields.text("resolution_criteria"), fields.text("fine_print")) if text]
    resolution, annulled = _resolution(one)
    forecasters = post.number("nr_forecasters")
    resolved_at = fields.moment("actual_resolve_time")
    return Question(
        id=one.question_id,
        source="metaculus",
        market=f"metaculus:{key}" if "/" in one.question_id else None,
        title=one.title,
        url=f"https://www.metaculus.com/questions/{key}/",
        rules="\n\n".join(rules) or None,
        opens_at=fields.moment("open_time"),
        closes_at=fields.moment("actual_close_time") or fields.moment("scheduled_close_time"),
        resolved_at=resolved_at if resolution is not None or annulled else None,
        resolution=resolution,
        annulled=annulled,
        forecasters=None if forecasters is None else int(forecasters),
        synced_at=reply.fetched_at,
        raw={"id": fields.record.get("id"), "type": fields.record.get("type"), "status": fields.record.get("status")},
    )


def _resolution(one: Asked) -> tuple[float | None, bool]:
    """1, 0 or null, and whether the question was annulled, or found ambiguous."""
    said = one.fields.text("resolution")
    if said is None:
        return None, False
    if said in VOID:
        return None, True
    if one.option is not None:
        return float(said == one.option), False
    if said not in ("yes", "no"):
        raise one.fields.wrong("resolution", "yes, no, annulled or ambiguous")
    return float(said == "yes"), False


def _spans(one: Asked) -> list[Span]:
    """The community's history, oldest first; empty where it is not shown, or nobody has forecast."""
    aggregations = Fields.of(SITE, "the forecasts", one.fields.record.get("aggregations"))
    weighted = Fields.of(SITE, "the community's forecast", aggregations.record.get("recency_weighted"))
    values = list(weighted.record.get("history") or [])
    if not values and weighted.record.get("latest"):
        values = [weighted.record["latest"]]
    spans = []
    for value in values:
        entry = Fields.of(SITE, "an entry of the history", value)
        at = entry.seconds("start_time")
        if at is None:
            raise entry.wrong("start_time", "seconds since 1970")
        centers = entry.listed("centers") if entry.record.get("centers") is not None else []
        center = centers[one.place] if one.place < len(centers) else None
        probability = None if center is None else Fields(SITE, entry.what, {"centers": center}).fraction("centers")
        spans.append(Span(at, entry.seconds("end_time"), probability))
    return sorted({span.at: span for span in spans}.values(), key=lambda span: span.at)


def _moves(question_id: str, spans: Sequence[Span], closes_at: datetime | None, now: datetime) -> Iterator[Move]:
    """Where the community's value changed; null where it had none. The last value stands on after the close."""
    standing: float | None = None
    for span, after in zip_longest(spans, spans[1:]):
        if span.probability != standing:
            yield Move(question_id, span.at, 0, span.probability)
            standing = span.probability
        next_at = after.at if after else min(closes_at or now, now)
        if standing is not None and span.until is not None and span.until < next_at:
            yield Move(question_id, span.until, 0, None)
            standing = None


def _notice(key: str, post: Fields, asked: Sequence[Asked], now: datetime) -> str | None:
    """Why there is no history; null where nobody has forecast yet."""
    if not post.number("nr_forecasters"):
        return None
    reveals = [one.fields.moment("cp_reveal_time") for one in asked]
    later = [moment for moment in reveals if moment and moment > now]
    if later:
        return f"{SITE} shows the community's forecast of post {key} from {min(later):%Y-%m-%d %H:%M} UTC on."
    return (
        f"{SITE} does not show the community's forecast of post {key} to this key, as to most:"
        " its question and resolution are kept, without a price."
    )


def _mark(questions: Sequence[Question], moves: Sequence[Move]) -> str:
    """Changes when anything that is stored does; the time of the fetch does not count."""
    said = [
        [q.id, q.title, q.rules, q.opens_at, q.closes_at, q.resolved_at, q.resolution, q.annulled, q.forecasters]
        for q in questions
    ]
    return hashlib.sha256(json.dumps([said, moves], default=str).encode()).hexdigest()[:32]


METACULUS = Source(
    name="metaculus",
    title=SITE,
    base_url="https://www.metaculus.com/api",
    rate=10,
    terms="Metaculus allows no use for training or evaluating AI without its permission: ask it, and set your key.",
    key_of=key_of,
    fetch=fetch,
    parse=parse,
    search=search,
    token="METACULUS_TOKEN",
)
