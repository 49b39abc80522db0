"""Reads for the export: whole tables as frames, every column they have."""

import polars as pl
from sqlalchemy import Boolean, Date, Engine, Integer, Table, Text, select, type_coerce

from db.columns import JsonText, Number, UtcDateTime
from db.queries.frames import UTC_TIME, Schema, read
from db.tables import Base


def table_frame(engine: Engine, kind: type[Base]) -> pl.DataFrame:
    """All rows of a table in the order of its key. Columns that hold JSON are JSON text."""
    table = kind.__table__
    assert isinstance(table, Table)
    columns = [
        type_coerce(column, Text).label(column.name) if isinstance(column.type, JsonText) else column
        for column in table.columns
    ]
    schema: Schema = {column.name: _kind(column.type) for column in table.columns}
    return read(engine, select(*columns).order_by(*table.primary_key), schema)


def _kind(type_: object) -> pl.DataType | type[pl.DataType]:
    for known, wanted in ((UtcDateTime, UTC_TIME), (Number, pl.Float64), (Boolean, pl.Boolean), (Date, pl.Date)):
        if isinstance(type_, known):
            return wanted
    return pl.Int64 if isinstance(type_, Integer) else pl.String
