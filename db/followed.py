"""Follows a market that somebody added by its address, and files it under a topic of the catalogue's."""

from sqlalchemy import Engine, select, update

from db.engine import RefusedRow, writing
from db.forecast_tables import Question
from db.question_store import BY_HAND
from db.rows import Values, table_of


def follow_market(engine: Engine, market: str, *, topic: str | None, inverted: bool) -> list[str]:
    """Follow every question of a stored market ("source:key"), under the topic if one is given; their ids.

    Raises RefusedRow where the catalogue has put one of them under a topic itself, and this is another.
    """
    table = table_of(Question)
    of_market = (table.c.id == market) | (table.c.market == market)
    with writing(engine) as connection:
        rows = connection.execute(select(table.c.id, table.c.topic, table.c.inverted, table.c.note).where(of_market))
        found = {row.id: row for row in rows}
        for row in found.values():
            values: Values = {"tracked": True}
            listed = row.topic is not None and row.note != BY_HAND
            if topic is not None and listed and row.topic != topic:
                raise RefusedRow(
                    f"{row.id} is in questions.toml under the topic “{row.topic}”: change it there, or leave"
                    " --topic out."
                )
            if topic is not None and not listed:
                values |= {"topic": topic, "inverted": inverted, "note": BY_HAND}
            connection.execute(update(table).where(table.c.id == row.id).values(values))
    return sorted(found)
