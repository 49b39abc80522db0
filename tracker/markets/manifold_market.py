"""A market as Manifold's API describes it, and the questions that it makes: https://docs.manifold.markets/api.

The formulas of prices are those of Manifold's own market maker, https://docs.manifold.markets/faq.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from db.forecast_tables import Question
from tracker.markets.reading import Fields, content, shown
from tracker.markets.source import Reply, SourceError

SITE = "Manifold"
HOME = "https://manifold.markets/"
ONE, MANY = "cpmm-1", "cpmm-multi-1"
EPOCH, MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
YEAR_10000 = 253_402_300_800_000
READABLE = {("BINARY", ONE), ("PSEUDO_NUMERIC", ONE), ("MULTIPLE_CHOICE", MANY)}
UNITS = {"MANA": "mana", "CASH": "cash"}


class Outcome(NamedTuple):
    """How a question ended. `value` null: open, annulled, or resolved to what is not known."""

    value: float | None = None
    annulled: bool = False
    at: datetime | None = None


@dataclass(frozen=True)
class Market:
    """One market. `answers` by id, empty where the market is one question; `linked`: exactly one answer comes true.

    `price`: of a market that is one question, null where it says none. `fetched_at`: when the site said all this.
    """

    id: str
    key: str
    kind: str
    mechanism: str
    fields: Fields
    answers: Mapping[str, Fields]
    linked: bool
    price: float | None
    resolved: bool
    fetched_at: datetime

    @property
    def created(self) -> int:
        """Milliseconds since 1970, as all times of the API."""
        return milliseconds(self.fields, "createdTime")

    @property
    def last_bet(self) -> int | None:
        return None if self.fields.number("lastBetTime") is None else milliseconds(self.fields, "lastBetTime")

    @property
    def shares_out(self) -> bool:
        """Whether it ended in parts that only a request for the answers' probabilities tells."""
        return self.linked and self.resolved and self.fields.text("resolution") in ("CHOOSE_MULTIPLE", "MKT")

    def prices(self) -> dict[str, float | None]:
        """The price of each answer now, by its id; of the market itself under ""."""
        if not self.answers:
            return {"": self.price}
        return {answer: fields.fraction("probability") for answer, fields in self.answers.items()}

    def starts(self) -> dict[str, int]:
        """When each could first be traded."""
        if not self.answers:
            return {"": self.created}
        began = {answer: time_of(fields, "createdTime") for answer, fields in self.answers.items()}
        return {answer: self.created if at is None else (at - EPOCH) // MILLISECOND for answer, at in began.items()}

    def mark(self) -> dict[str, Any]:
        """What is another after every trade: while it is the same, no bet is new."""
        return {"bet": self.last_bet, "volume": self.fields.number("volume"), "prices": self.prices()}

    def question_id(self, answer: str) -> str:
        return f"manifold:{self.key}/{answer}" if answer else f"manifold:{self.key}"


def read_market(key: str, reply: Reply) -> Market:
    """A FullMarket. Raises SourceError for a market of a kind that no probability answers, and for a changed field."""
    market = of_json(key, content(SITE, reply), reply.fetched_at)
    if why := unreadable(market):
        raise SourceError(why)
    return market


def of_json(key: str, value: Any, fetched_at: datetime) -> Market:
    """A LiteMarket or FullMarket of any kind, legacy ones too. Raises SourceError for a changed field."""
    fields = Fields.of(SITE, f"market {shown(key)}", value)
    kind, mechanism = fields.must("outcomeType"), fields.must("mechanism")
    answers: dict[str, Fields] = {}
    if mechanism == MANY and "answers" in fields.record:
        for one in sorted(map(_answer, fields.listed("answers")), key=lambda answer: answer.number("index") or 0.0):
            answers[one.must("id")] = one
    linked = mechanism == MANY and fields.record.get("shouldAnswersSumToOne") is not False
    if answers and not isinstance(fields.record.get("shouldAnswersSumToOne"), bool):
        raise fields.wrong("shouldAnswersSumToOne", "true or false")
    price = fields.fraction("probability") if "probability" in fields.record else pool_price(fields)
    resolved = fields.flag("isResolved")
    return Market(fields.must("id"), key, kind, mechanism, fields, answers, linked, price, resolved, fetched_at)


def unreadable(market: Market) -> str | None:
    """Why no history of prices can be had of a market, as a sentence; null where it can."""
    if (market.kind, market.mechanism) not in READABLE:
        return (
            f"Manifold's market {shown(market.key)} is of the kind {shown(market.kind)} ({shown(market.mechanism)}):"
            " only yes-or-no, multiple-choice and numeric markets of today's kinds have prices that can be followed."
        )
    if market.kind == "MULTIPLE_CHOICE" and not market.answers:
        return f"Manifold's market {shown(market.key)} has no answers yet: nothing can be followed."
    return None


def pool_price(fields: Fields) -> float | None:
    """P(YES) = p·NO / ((1 − p)·YES + p·NO) of the shares in the market maker's pool; null where it shows none."""
    pool, p = fields.record.get("pool"), fields.number("p")
    if p is None or not isinstance(pool, Mapping):
        return None
    held = Fields(SITE, f"the pool of {fields.what}", pool)
    yes, no = held.number("YES"), held.number("NO")
    if yes is None or no is None or (1 - p) * yes + p * no <= 0:
        return None
    return p * no / ((1 - p) * yes + p * no)


def questions(market: Market, weights: Mapping[str, float] | None) -> list[Question]:
    """What the market asks, without prices. `weights`: the parts that a linked market ended in, where it did."""
    fields = market.fields
    common = {
        "source": "manifold",
        "url": address(market),
        "rules": _rules(fields),
        "closes_at": time_of(fields, "closeTime"),
        "volume_unit": UNITS.get(fields.text("token") or "MANA"),
    }
    starts = market.starts()
    if not market.answers:
        ended = _ended(fields, market) if market.resolved else Outcome()
        return [
            Question(
                id=market.question_id(""),
                title=fields.must("question"),
                opens_at=moment_of(starts[""]),
                scale=_scale(fields) if market.kind == "PSEUDO_NUMERIC" else None,
                volume=fields.number("volume"),
                forecasters=_whole(fields.number("uniqueBettorCount")),
                raw=fields.record,
                **_decided(ended),
                **common,
            )
        ]
    return [
        Question(
            id=market.question_id(answer),
            market=f"manifold:{market.key}",
            title=f"{fields.must('question')} — {told.must('text')}",
            opens_at=moment_of(starts[answer]),
            volume=told.number("volume"),
            raw=told.record,
            **_decided(_answer_ended(market, answer, told, weights)),
            **common,
        )
        for answer, told in market.answers.items()
    ]


def milliseconds(fields: Fields, name: str) -> int:
    value = fields.number(name)
    if value is None or not 0 <= value < YEAR_10000:
        raise fields.wrong(name, "milliseconds since 1970")
    return int(value)


def moment_of(value: float) -> datetime | None:
    """Milliseconds since 1970 as a moment; null past the year 9999, which some markets close after."""
    try:
        return EPOCH + value * MILLISECOND
    except (ValueError, OverflowError):
        return None


def time_of(fields: Fields, name: str) -> datetime | None:
    """Milliseconds since 1970, or (seen in answers) a date and time in ISO form."""
    if isinstance(fields.record.get(name), str):
        return fields.moment(name)
    value = fields.number(name)
    return None if value is None else moment_of(value)


def address(market: Market) -> str:
    """Where a person reads the market. An address on another site is not taken over."""
    said = market.fields.text("url") or ""
    if said.startswith(HOME):
        return said
    return f"{HOME}{quote(market.fields.text('creatorUsername') or 'market')}/{quote(market.key)}"


def _answer(value: Any) -> Fields:
    named = value.get("id") if isinstance(value, Mapping) else None
    return Fields.of(SITE, f"answer {shown(named or '?')}", value)


def _decided(outcome: Outcome) -> dict[str, Any]:
    return {"resolution": outcome.value, "annulled": outcome.annulled, "resolved_at": outcome.at}


def _ended(fields: Fields, market: Market) -> Outcome:
    """What `resolution` says. The price at the end is sent with every resolution: it counts only where that is MKT."""
    said = fields.must("resolution")
    at = time_of(fields, "resolutionTime") or time_of(market.fields, "closeTime") or market.fetched_at
    if said == "CANCEL":
        return Outcome(annulled=True, at=at)
    if said in ("YES", "NO"):
        return Outcome(1.0 if said == "YES" else 0.0, at=at)
    if said != "MKT":
        raise fields.wrong("resolution", "YES, NO, MKT or CANCEL")
    told = fields.record.get("resolutionProbability") is not None
    return Outcome(fields.fraction("resolutionProbability") if told else None, at=at)


def _answer_ended(market: Market, answer: str, told: Fields, weights: Mapping[str, float] | None) -> Outcome:
    fields = market.fields
    if not market.linked:
        if told.text("resolution") is not None:
            return _ended(told, market)
        cancelled = market.resolved and fields.text("resolution") == "CANCEL"
        return _ended(fields, market) if cancelled else Outcome()
    if not market.resolved:
        return Outcome()
    said = fields.must("resolution")
    if said == "CANCEL":
        return _ended(fields, market)
    at = time_of(fields, "resolutionTime") or time_of(told, "resolutionTime") or market.fetched_at
    if market.shares_out:
        return Outcome(None if weights is None else weights.get(answer, 0.0), at=at)
    if said not in market.answers:
        raise fields.wrong("resolution", "one of the market's answers, CHOOSE_MULTIPLE or CANCEL")
    return Outcome(1.0 if said == answer else 0.0, at=at)


def _scale(fields: Fields) -> dict[str, Any]:
    low, high = fields.number("min"), fields.number("max")
    if low is None or high is None:
        raise fields.wrong("min" if low is None else "max", "a number")
    return {"min": low, "max": high, "log": fields.flag("isLogScale")}


def _whole(value: float | None) -> int | None:
    return None if value is None else math.floor(value)


def _rules(fields: Fields) -> str | None:
    """The market's description as plain text."""
    for name in ("textDescription", "description"):
        value = fields.record.get(name)
        text = value if isinstance(value, str) else _plain(value)
        if text.strip():
            return text.strip()
    return None


def _plain(node: Any) -> str:
    """The text of a TipTap document, its paragraphs on lines of their own."""
    if not isinstance(node, Mapping):
        return ""
    parts = node.get("content")
    inside = "".join(map(_plain, parts)) if isinstance(parts, list) else ""
    if isinstance(node.get("text"), str):
        inside = node["text"] + inside
    return inside + "\n" if node.get("type") in ("paragraph", "heading", "listItem", "hardBreak") else inside
