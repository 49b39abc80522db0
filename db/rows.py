"""Row objects as values and keys, and the changes that make a table hold exactly some rows."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, TypeDecorator, and_, delete, insert, select, update
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from db.engine import RefusedRow
from db.tables import Base

Values = dict[str, Any]
Key = tuple[Any, ...]


class Changes(NamedTuple):
    """How many rows a save added, changed and removed; all zero when everything was there already."""

    added: int
    changed: int
    removed: int

    def __add__(self, other: object) -> "Changes":
        if not isinstance(other, Changes):
            return NotImplemented
        return Changes(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def merge(
    connection: Connection, kind: type[Base], rows: Iterable[Base], where: ColumnElement[bool] | None = None
) -> Changes:
    """Insert the rows whose key is not there, update those that differ. `where`: which stored rows could be meant."""
    table = table_of(kind)
    query = select(table) if where is None else select(table).where(where)
    as_held = _as_held(connection, table)
    stored = {}
    for found in connection.execute(query):
        held = as_held(found._asdict())
        stored[key_of(table, held)] = held
    added: dict[Key, Values] = {}
    changed: dict[Key, Values] = {}
    for row in rows:
        values = values_of(row)
        compared = as_held(values)
        key = key_of(table, compared)
        if key in added or key in changed:
            raise RefusedRow(f"The {table.name} {' / '.join(map(str, key))} was given twice.")
        if key not in stored:
            added[key] = values
        elif stored[key] != compared:
            changed[key] = values
    if added:
        connection.execute(insert(table), list(added.values()))
    for key, values in changed.items():
        connection.execute(update(table).where(is_row(table, key)).values(values))
    return Changes(len(added), len(changed), 0)


def remove_others(
    connection: Connection, kind: type[Base], kept: set[Key], where: ColumnElement[bool] | None = None
) -> Changes:
    """Delete the rows whose key is not among those kept. `where`: which stored rows could be meant."""
    table = table_of(kind)
    as_held = _as_held(connection, table)
    kept = {key_of(table, as_held(_named(table, key))) for key in kept}
    query = select(*table.primary_key)
    stored = {tuple(row) for row in connection.execute(query if where is None else query.where(where))}
    for key in stored - kept:
        connection.execute(delete(table).where(is_row(table, key)))
    return Changes(0, 0, len(stored - kept))


def add_missing(connection: Connection, kind: type[Base], rows: Iterable[Base]) -> None:
    """Insert the rows whose id is not there; of several with one id, the first. For tables whose key is `id`."""
    table = table_of(kind)
    wanted = {values["id"]: values for values in reversed([values_of(row) for row in rows])}
    known = set(connection.execute(select(table.c.id).where(table.c.id.in_(list(wanted)))).scalars())
    missing = [wanted[identity] for identity in sorted(wanted.keys() - known)]
    if missing:
        connection.execute(insert(table), missing)


def table_of(kind: type[Base]) -> Table:
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def values_of(row: Base) -> Values:
    """Every column of a row object, with the default where nothing was set. Raises ValueError for a naive time."""
    values: Values = {}
    for column in table_of(type(row)).columns:
        value = getattr(row, column.name)
        if value is None and isinstance(column.default, ScalarElementColumnDefault):
            value = column.default.arg
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"{column.table.name}.{column.name} is the naive time {value}: times are aware UTC")
        values[column.name] = value
    return values


def _as_held(connection: Connection, table: Table) -> Callable[[Mapping[str, Any]], Values]:
    """Turns values into those that the database will hold, so that what was saved equals what is read back."""
    binds = {
        column.name: column.type.process_bind_param
        for column in table.columns
        if isinstance(column.type, TypeDecorator)
    }
    dialect = connection.dialect

    def as_held(values: Mapping[str, Any]) -> Values:
        return {
            name: value if value is None or name not in binds else binds[name](value, dialect)
            for name, value in values.items()
        }

    return as_held


def key_of(table: Table, values: Values) -> Key:
    return tuple(values[column.name] for column in table.primary_key)


def own_key(row: Base) -> Key:
    return tuple(getattr(row, column.name) for column in table_of(type(row)).primary_key)


def _named(table: Table, key: Key) -> Values:
    return dict(zip((column.name for column in table.primary_key), key, strict=True))


def is_row(table: Table, key: Key) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _named(table, key).items()))
