"""Alembic, configured in code. After changing `db/tables.py`, write the next revision with

    python -m db.migrations "add the question table"

read what it wrote to `db/migrations/versions/`, and commit both together. Revisions are numbered 0001, 0002, … in one
line: `db.engine.migrate` takes the highest number for the newest version.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

FOLDER = Path(__file__).parent


def upgrade(connection: Connection, version: str = "head") -> None:
    """Run what is missing up to a version inside the connection's own transaction; the caller commits."""
    command.upgrade(_config(connection, FOLDER), version)


def downgrade(connection: Connection, version: str) -> None:
    """Undo revisions down to a version; `base` leaves no tables, and with them no data."""
    command.downgrade(_config(connection, FOLDER), version)


def write_revision(connection: Connection, subject: str, folder: Path = FOLDER) -> Path | None:
    """Write the next revision from what tables.py has and an up-to-date database has not; null when nothing differs."""
    config = _config(connection, folder)
    newest = ScriptDirectory.from_config(config).get_current_head()
    number = f"{int(newest or 0) + 1:04}"
    differs = False

    def keep_if_not_empty(_context: object, _revision: object, directives: list[object]) -> None:
        nonlocal differs
        differs = not directives[0].upgrade_ops.is_empty()  # type: ignore[attr-defined]
        if not differs:
            directives.clear()

    config.attributes["process_revision_directives"] = keep_if_not_empty
    command.revision(config, subject, rev_id=number, autogenerate=True)
    return next((folder / "versions").glob(f"{number}_*.py")) if differs else None


def _config(connection: Connection, folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
