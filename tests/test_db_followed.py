"""Following what somebody added: under a topic of the catalogue's, and beside what the catalogue lists."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from db.engine import RefusedRow, writing
from db.followed import follow_market
from db.forecast_tables import Question, Topic
from db.queries.questions import questions
from db.question_store import save_questions
from db.rows import merge

NOW = datetime(2026, 8, 1, tzinfo=UTC)
TOPICS = [Topic(id="models", name="Models", asks="Which is best?"), Topic(id="writing", name="Writing", asks="Better?")]


@pytest.fixture
def stored(engine: Engine) -> Engine:
    """A market of two answers and one alone, both read before, and one that the catalogue lists."""
    save_questions(engine, TOPICS, [Question(id="manifold:c", source="manifold", title="C", topic="writing")], [])
    rows = [
        Question(id=f"manifold:a/{x}", source="manifold", market="manifold:a", title=x, synced_at=NOW) for x in "xy"
    ]
    rows.append(Question(id="manifold:b", source="manifold", title="B", synced_at=NOW, tracked=False))
    with writing(engine) as connection:
        merge(connection, Question, rows, Question.id.in_([row.id for row in rows]))
    return engine


def told(engine: Engine, question_id: str) -> tuple[str | None, bool, str | None, bool]:
    [row] = [row for row in questions(engine).iter_rows(named=True) if row["question_id"] == question_id]
    return row["topic"], row["inverted"], row["note"], row["tracked"]


def again(engine: Engine, topics: list[Topic]) -> None:
    save_questions(engine, topics, [Question(id="manifold:c", source="manifold", title="C", topic="writing")], [])


def test_every_answer_is_filed_and_the_catalogue_leaves_them_there(stored: Engine) -> None:
    assert follow_market(stored, "manifold:a", topic="models", inverted=True) == ["manifold:a/x", "manifold:a/y"]
    again(stored, TOPICS)
    assert told(stored, "manifold:a/y") == ("models", True, "Added by hand.", True)
    follow_market(stored, "manifold:a", topic="writing", inverted=False)
    assert told(stored, "manifold:a/x") == ("writing", False, "Added by hand.", True)
    follow_market(stored, "manifold:a", topic=None, inverted=False)
    assert told(stored, "manifold:a/x") == ("writing", False, "Added by hand.", True)


def test_without_a_topic_a_market_is_only_followed(stored: Engine) -> None:
    assert follow_market(stored, "manifold:b", topic=None, inverted=False) == ["manifold:b"]
    again(stored, TOPICS)
    assert told(stored, "manifold:b") == (None, False, None, True)
    assert follow_market(stored, "manifold:nothing", topic=None, inverted=False) == []


def test_a_topic_that_is_no_more_lets_go_of_what_was_added(stored: Engine) -> None:
    follow_market(stored, "manifold:b", topic="models", inverted=True)
    again(stored, TOPICS[1:])
    assert told(stored, "manifold:b") == (None, False, None, True)


def test_what_the_catalogue_lists_keeps_its_topic(stored: Engine) -> None:
    with pytest.raises(RefusedRow, match=r"manifold:c is in questions\.toml under the topic “writing”"):
        follow_market(stored, "manifold:c", topic="models", inverted=False)
    follow_market(stored, "manifold:c", topic="writing", inverted=False)
    assert told(stored, "manifold:c") == ("writing", False, None, True)
