"""Every environment variable the program reads, in one frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
EMBEDDED_CATALOG = HERE / "catalog"
EMBEDDED_TASKS = HERE / "evals" / "tasks"


@dataclass(frozen=True)
class Settings:
    """Where things are. Secrets are not here: an entry names its variable, and only the harness reads it."""

    data_dir: Path
    database_url: str
    catalog_dir: Path
    tasks_dir: Path | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        TRACKER_DATA_DIR      database, run folders, logs; default `data` in the current directory
        TRACKER_DATABASE_URL  default a SQLite file `tracker.db` in the data folder; or postgresql://…
        TRACKER_CATALOG_DIR   models.toml and benchmarks.toml; default the catalogue that comes with the program
        TRACKER_TASKS_DIR     a folder of your own lm-eval tasks, beside the embedded ones; default none
        """
        data_dir = Path(environment.get("TRACKER_DATA_DIR") or "data").expanduser().resolve()
        tasks = environment.get("TRACKER_TASKS_DIR")
        return cls(
            data_dir=data_dir,
            database_url=environment.get("TRACKER_DATABASE_URL") or f"sqlite:///{data_dir / 'tracker.db'}",
            catalog_dir=Path(environment.get("TRACKER_CATALOG_DIR") or EMBEDDED_CATALOG).expanduser().resolve(),
            tasks_dir=Path(tasks).expanduser().resolve() if tasks else None,
        )
