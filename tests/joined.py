"""A database with the shipped evidence and questions, our estimates, a made-up market price and a hostile question.

Made once a process and copied.
"""

import atexit
import functools
import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import shipped
from seeded_questions import HOSTILE, forecast, question, save, walk
from sqlalchemy.orm import Session

from db.engine import open_engine
from db.forecast_tables import Forecaster, Question
from jobs.question_estimates import backtest_question, save_question_estimates
from jobs.questions import catalogue_of, save_questions
from tracker.settings import EMBEDDED_CATALOG

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MISSION = "manifold:will-large-reasoning-models-signifi"
CLAIM = "own:chain-of-thought-outperforms-by-2026"
LEADER = "manifold:sota-ai-at-eoy-2026-a-reasoning-mod"
RULELESS = "manifold:will-the-highestscoring-llm-on-dec"
STRANGE = "manifold:hostile"
RULES = catalogue_of(EMBEDDED_CATALOG).rules
BACK = (date(2025, 3, 31), date(2025, 12, 31))


def copy_to(path: Path) -> None:
    """A file of one's own to read and write."""
    shutil.copyfile(_made() / "tracker.db", path)


@functools.cache
def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tracker-joined-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shipped.copy_to(folder / "tracker.db")
    engine = open_engine(f"sqlite:///{folder / 'tracker.db'}")
    save_questions(engine, EMBEDDED_CATALOG)
    save_question_estimates(engine, RULES, now=NOW)
    backtest_question(engine, MISSION, RULES[MISSION], BACK, closes_at=None, now=NOW)
    hour = timedelta(hours=1)
    save(
        engine,
        [
            Forecaster(name="manifold", kind="market"),
            Forecaster(name=f"={HOSTILE}", kind="person"),
            question(STRANGE, HOSTILE, NOW, rules=HOSTILE, note=HOSTILE, url="javascript:alert(1)"),
            *walk(MISSION, "manifold", NOW - timedelta(days=400), NOW - 2 * hour, first=0.6, last=0.41, every=3),
            *walk(STRANGE, "manifold", NOW - timedelta(days=30), NOW - 2 * hour, first=0.5, last=0.9),
            forecast(STRANGE, f"={HOSTILE}", NOW - timedelta(days=5), 0.42, reason=HOSTILE, recorded_at=NOW),
        ],
    )
    with Session(engine) as session:
        mission = session.get_one(Question, MISSION)
        mission.synced_at, mission.closes_at = NOW - hour, datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
        session.commit()
    engine.dispose()
    return folder
