"""A select as a polars frame whose columns have the types declared for them, even when it is empty."""

from typing import Any

import polars as pl
from sqlalchemy import BigInteger, ColumnElement, Engine, Select, Text, cast, extract, type_coerce

UTC_TIME = pl.Datetime("us", "UTC")
SQLITE_TIME = "%Y-%m-%d %H:%M:%S%.f"

Schema = dict[str, pl.DataType | type[pl.DataType]]


def read(engine: Engine, query: Select[*tuple[Any, ...]], schema: Schema) -> pl.DataFrame:
    """The query's rows in its order; the schema's names and their order are the query's."""
    with engine.connect() as connection:
        result = connection.execute(query)
        if list(result.keys()) != list(schema):
            raise ValueError(f"the query gives {list(result.keys())}, the schema names {list(schema)}")
        return pl.DataFrame([tuple(row) for row in result], schema=schema, orient="row")


def read_straight(engine: Engine, query: Select[*tuple[Any, ...]], schema: Schema) -> pl.DataFrame:
    """`read` for hundreds of thousands of rows, as the driver gives them. Times are selected as `moment`s."""
    raw = pl.Int64 if engine.dialect.name == "postgresql" else pl.String
    with engine.connect() as connection:
        result = connection.execute(query)
        if list(result.keys()) != list(schema):
            raise ValueError(f"the query gives {list(result.keys())}, the schema names {list(schema)}")
        # A row object for each would take longer than all the rest.
        assert result.cursor is not None
        rows = result.cursor.fetchall()
    times = [name for name, kind in schema.items() if kind == UTC_TIME]
    frame = pl.DataFrame(rows, schema={**schema, **dict.fromkeys(times, raw)}, orient="row")
    if raw is pl.Int64:
        return frame.with_columns(pl.col(times).cast(UTC_TIME))
    return frame.with_columns(pl.col(times).str.to_datetime(SQLITE_TIME, time_unit="us").dt.replace_time_zone("UTC"))


def moment(engine: Engine, column: Any) -> ColumnElement[Any]:
    """A column of times as `read_straight` takes it: microseconds since 1970, or the text that SQLite keeps."""
    if engine.dialect.name == "postgresql":
        return cast(extract("epoch", column) * 1_000_000, BigInteger)
    return type_coerce(column, Text)
