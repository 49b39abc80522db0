"""Every environment variable the program reads, in one frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
EMBEDDED_CATALOG = HERE / "catalog"
EMBEDDED_TASKS = HERE / "evals" / "tasks"
EMBEDDED_SUITE = "embedded"


class SettingsError(Exception):
    """A variable holds what cannot be. The text is a sentence that names the variable and what to do."""


@dataclass(frozen=True)
class Settings:
    """Where things are. Secrets are not here: an entry names its variable, and only the harness reads it."""

    data_dir: Path
    database_url: str
    catalog_dir: Path
    tasks_dir: Path | None
    suite: str
    forecaster: str | None = None
    markets: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as unset. Raises SettingsError for a path that cannot be.

        TRACKER_DATA_DIR      database, run folders, logs; default `data` in the current directory
        TRACKER_DATABASE_URL  default a SQLite file `tracker.db` in the data folder; or postgresql://…
        TRACKER_CATALOG_DIR   models.toml, benchmarks.toml, questions.toml; default those that come with the program
        TRACKER_TASKS_DIR     a folder of your own lm-eval tasks, beside the embedded ones; default none
        TRACKER_SUITE         the suite of the night and of what is due, where none is asked for; default `embedded`
        TRACKER_FORECASTER    the name under which you forecast; default the name you are logged in with
        TRACKER_MARKETS       `on`: every night reads the followed prediction markets over the network; default `off`
        """
        data_dir = _path("TRACKER_DATA_DIR", environment) or Path("data").resolve()
        return cls(
            data_dir=data_dir,
            database_url=environment.get("TRACKER_DATABASE_URL") or f"sqlite:///{data_dir / 'tracker.db'}",
            catalog_dir=_path("TRACKER_CATALOG_DIR", environment) or EMBEDDED_CATALOG,
            tasks_dir=_path("TRACKER_TASKS_DIR", environment),
            suite=environment.get("TRACKER_SUITE") or EMBEDDED_SUITE,
            forecaster=environment.get("TRACKER_FORECASTER") or None,
            markets=_switch("TRACKER_MARKETS", environment),
        )


def _switch(variable: str, environment: Mapping[str, str]) -> bool:
    """Whether it is on; unset is off."""
    given = environment.get(variable, "").strip().lower()
    if given not in ("", "on", "off"):
        raise SettingsError(f"{variable} is “{given}”: write on or off.")
    return given == "on"


def _path(variable: str, environment: Mapping[str, str]) -> Path | None:
    """The variable as an absolute path; None when it is unset."""
    given = environment.get(variable)
    if not given:
        return None
    try:
        return Path(given).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: `~somebody` whom this machine does not know, or links that lead round in a circle.
        reason = str(error).rstrip(".")
        raise SettingsError(f"{variable} is “{given}”, and that is no path here ({reason}): correct it.") from error
