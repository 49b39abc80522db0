"""What Alembic runs for every command: our metadata on the connection that `db.migrations` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Date, DateTime, Double, Text, TypeDecorator

from db.estimate_tables import Estimate


def plain_type(kind: str, value: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our own types by what the database holds, so an old revision does not depend on today's code."""
    if kind == "type" and isinstance(value, TypeDecorator):
        for held in (Text, Double, Date):
            if isinstance(value.impl, held):
                return f"sa.{held.__name__}()"
        if isinstance(value.impl, DateTime):
            return f"sa.DateTime(timezone={value.impl.timezone})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Estimate.metadata,
    render_item=plain_type,
    render_as_batch=connection.dialect.name == "sqlite",
    process_revision_directives=context.config.attributes.get("process_revision_directives"),
)
with context.begin_transaction():
    context.run_migrations()
