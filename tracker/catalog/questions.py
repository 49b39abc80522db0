"""Reads questions.toml into checked entries, and turns them into rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

from db.forecast_tables import Forecast, Question, Topic
from db.forecasters import folded
from tracker.catalog.checked import CatalogError, check_entry, complaint, read_tables, shown
from tracker.catalog.entries import CAPABILITIES
from tracker.catalog.question_entries import PARTS, ForecastEntry, QuestionEntry, TopicEntry
from tracker.rules.rule import Rule, RuleError, parse
from tracker.settings import EMBEDDED_CATALOG

QUESTIONS_FILE = "questions.toml"
LAST_SECOND = time(23, 59, 59, tzinfo=UTC)


class QuestionRows(NamedTuple):
    """`on_record`: forecasts with a citation, and without the moment at which anybody entered them."""

    topics: list[Topic]
    questions: list[Question]
    on_record: list[Forecast]


@dataclass(frozen=True)
class Questions:
    """Every entry, by id, in the order of the file."""

    topics: dict[str, TopicEntry]
    questions: dict[str, QuestionEntry]

    @property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules of each question by its id, the headline's first."""
        return {question_id: entry.rule for question_id, entry in self.questions.items()}

    def rows(self) -> QuestionRows:
        """New rows for the tables."""
        return QuestionRows(
            [Topic(**entry.model_dump()) for entry in self.topics.values()],
            [_question_row(entry) for entry in self.questions.values()],
            [_forecast_row(entry.id, said) for entry in self.questions.values() for said in entry.forecast],
        )


def load_questions(folder: Path) -> Questions:
    """The questions in a folder's questions.toml: [[topic]], [[question]], [[question.forecast]], [[question.rule]].

    Raises CatalogError at the first thing wrong in it.
    """
    tables = read_tables(folder / QUESTIONS_FILE, ("topic", "question"), together=QUESTIONS_FILE)
    topics: dict[str, TopicEntry] = {}
    for table in tables["topic"]:
        topic = check_entry(TopicEntry, QUESTIONS_FILE, "topic", table)
        if topic.id in topics:
            raise CatalogError(f"{QUESTIONS_FILE}, topic {shown(topic.id)}: it is listed twice, allowed is once.")
        topics[topic.id] = topic
    questions: dict[str, QuestionEntry] = {}
    names: dict[str, str] = {}
    for table in tables["question"]:
        label = _label(table)
        entry = check_entry(QuestionEntry, QUESTIONS_FILE, "question", _with_parts(table, label), label=label)
        if entry.topic not in topics:
            allowed = f"the id of a [[topic]] in this file: {', '.join(topics) or 'there is none'}"
            raise CatalogError(complaint(QUESTIONS_FILE, label, "topic", entry.topic, allowed))
        if entry.id in questions:
            raise CatalogError(f"{QUESTIONS_FILE}, {label}: it is listed twice, allowed is once.")
        _check_forecasts(entry, label, names)
        questions[entry.id] = entry
    return Questions(topics, questions)


def catalogue_of(folder: Path) -> Questions:
    """The questions of a catalogue folder; of one without questions.toml, those that come with the program."""
    return load_questions(folder if (folder / QUESTIONS_FILE).exists() else EMBEDDED_CATALOG)


def _label(table: Mapping[str, Any]) -> str:
    name = table.get("url") or table.get("own") or table.get("title")
    return f"question {shown(name)}" if name else "a question without url or own"


def _with_parts(table: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The table with the tables inside it as entries, each checked under a label of its own."""
    checked = dict(table)
    for name, shape in PARTS.items():
        checked[name] = tuple(
            check_entry(shape, QUESTIONS_FILE, name, part, label=f"{label}, {name} {place}")
            for place, part in enumerate(_parts(table, name, label), start=1)
        )
    checked["rule"] = _rules(_parts(table, "rule", label), label)
    return checked


def _parts(table: Mapping[str, Any], name: str, label: str) -> list[dict[str, Any]]:
    parts = table.get(name, [])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise CatalogError(f"{QUESTIONS_FILE}, {label}: {name} is not written as [[question.{name}]] tables.")
    return parts


def _rules(tables: list[dict[str, Any]], label: str) -> tuple[Rule, ...]:
    """The question's rules, each with an id of its own and about capabilities that there are."""
    found: dict[str, Rule] = {}
    for place, table in enumerate(tables, start=1):
        where = f"{QUESTIONS_FILE}, {label}, rule {shown(table.get('id', place))}"
        try:
            rule = parse(table)
        except RuleError as error:
            raise CatalogError(f"{where}: {error}") from error
        if rule.id in found:
            raise CatalogError(f"{where}: it is listed twice, allowed is once.")
        for key in ("capability", "share_of"):
            named = getattr(rule, key, None)
            if named is not None and named not in CAPABILITIES:
                raise CatalogError(f"{where}: {key} is {shown(named)}, allowed are {', '.join(CAPABILITIES)}.")
        found[rule.id] = rule
    return tuple(found.values())


def _check_forecasts(entry: QuestionEntry, label: str, names: dict[str, str]) -> None:
    """One forecast of a person and day, and one spelling of each name in the whole file."""
    seen: set[tuple[str, date]] = set()
    for place, said in enumerate(entry.forecast, start=1):
        where = f"{label}, forecast {place}"
        spelt = names.setdefault(folded(said.forecaster), said.forecaster)
        if spelt != said.forecaster:
            raise CatalogError(
                complaint(QUESTIONS_FILE, where, "forecaster", said.forecaster, f"“{spelt}” as elsewhere")
            )
        if (said.forecaster, said.on) in seen:
            allowed = f"a day on which no other forecast of {said.forecaster} is listed"
            raise CatalogError(complaint(QUESTIONS_FILE, where, "on", said.on, allowed))
        seen.add((said.forecaster, said.on))


def _question_row(entry: QuestionEntry) -> Question:
    return Question(
        id=entry.id,
        source=entry.source,
        title=entry.title,
        url=entry.url,
        topic=entry.topic,
        inverted=entry.inverted,
        note=entry.known,
        closes_at=None if entry.closes_on is None else datetime.combine(entry.closes_on, LAST_SECOND),
    )


def _forecast_row(question_id: str, said: ForecastEntry) -> Forecast:
    day = "" if said.precision is None else f" Known of its day: {said.precision}; dated to the last day that fits."
    return Forecast(
        question_id=question_id,
        forecaster=said.forecaster,
        at=datetime.combine(said.on, time(tzinfo=UTC)),
        probability=said.probability,
        citation=said.citation + day,
    )
