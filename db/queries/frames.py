"""A select as a polars frame whose columns have the types declared for them, even when it is empty."""

from typing import Any

import polars as pl
from sqlalchemy import Engine, Select

UTC_TIME = pl.Datetime("us", "UTC")

Schema = dict[str, pl.DataType | type[pl.DataType]]


def read(engine: Engine, query: Select[*tuple[Any, ...]], schema: Schema) -> pl.DataFrame:
    """The query's rows in its order; the schema's names and their order are the query's."""
    with engine.connect() as connection:
        result = connection.execute(query)
        if list(result.keys()) != list(schema):
            raise ValueError(f"the query gives {list(result.keys())}, the schema names {list(schema)}")
        return pl.DataFrame([tuple(row) for row in result], schema=schema, orient="row")
