"""What a page may write, each answered with a sentence: a forecast, one taken back, an own question's outcome."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from db.engine import DatabaseError
from db.forecast_store import Outcome, resolve_question, save_forecast, withdraw_forecast
from tracker.pages import stored, stored_questions
from tracker.stats.questions import stated


def forecast(question_id: str, name: str, probability: float, reason: str) -> str:
    """Record a person's forecast, dated by the clock."""

    def write(engine: Engine, now: datetime) -> str:
        kept = save_forecast(engine, question_id, name, probability, reason=reason, now=now)
        return f"Recorded: {kept.forecaster}, {stated(probability)}."

    return _written(write)


def withdraw(entry: dict[str, Any], because: str) -> str:
    """Take one forecast back, with its reason."""

    def write(engine: Engine, now: datetime) -> str:
        kept = withdraw_forecast(
            engine,
            entry["question_id"],
            entry["forecaster"],
            because=because,
            now=now,
            at=entry["at"],
            position=entry["position"],
        )
        return f"Taken back: {kept.forecaster}, {entry['text']}. It stays in the journal."

    return _written(write)


def decide(question_id: str, outcome: Outcome, because: str) -> str:
    """Decide a question of one's own, decide it anew, or open it again."""

    def write(engine: Engine, now: datetime) -> str:
        resolve_question(engine, question_id, outcome, because=because, now=now)
        return "Recorded, with its reason."

    return _written(write)


def _written(write: Callable[[Engine, datetime], str]) -> str:
    """What became of a write; what was read before is read anew."""
    try:
        return write(stored.opened(stored.settings().database_url), datetime.now(UTC))
    except DatabaseError as error:
        return str(error)
    finally:
        stored_questions.forget()
