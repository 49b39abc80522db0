"""Which runs are stored that somebody's lm-eval files gave."""

from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from db.tables import Run


class StoredRun(NamedTuple):
    """An imported run as it is stored: what decides whether it has to change."""

    run_id: str
    model_id: str
    settings: dict[str, Any]
    files: dict[str, str]
    rows_sha256: str | None


def stored_runs(engine: Engine) -> list[StoredRun]:
    """Every imported run, by id."""
    query = (
        select(Run.id, Run.model_id, Run.settings, Run.files, Run.environment)
        .where(Run.origin == "imported")
        .order_by(Run.id)
    )
    with engine.connect() as connection:
        return [
            StoredRun(run_id, model_id, settings or {}, files or {}, (environment or {}).get("rows_sha256"))
            for run_id, model_id, settings, files, environment in connection.execute(query)
        ]
