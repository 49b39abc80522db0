"""`python -m db.migrations "what changed"`: writes the revision that tables.py has run ahead of."""

import sys
import tempfile
from pathlib import Path

from db.engine import migrate, open_engine, writing
from db.migrations import write_revision


def main(arguments: list[str]) -> str:
    """What was done, as a sentence."""
    if len(arguments) != 1:
        return 'Say what changed: python -m db.migrations "add the question table"'
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'empty.db'}")
        migrate(engine)
        with writing(engine) as connection:
            path = write_revision(connection, arguments[0])
        engine.dispose()
    return f"Wrote {path.name}: read it before you commit it." if path else "The tables have not changed."


if __name__ == "__main__":
    print(main(sys.argv[1:]))
