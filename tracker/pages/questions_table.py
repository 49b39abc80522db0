"""The list of questions, as a table to read and as a file to take away."""

from typing import Any

import polars as pl
import streamlit as st

from tracker.charts.theme import PALETTES
from tracker.pages import pictures, questions_choices, words
from tracker.stats.questions import outcome
from tracker.stats.sites import site_address

TALL = 44
MOST_LINES = 14


def show(rows: pl.DataFrame) -> None:
    """The table; a chosen row opens its question."""
    table = shown(rows)
    ids = rows["question_id"].to_list()

    def chosen() -> None:
        places = st.session_state["every-question"]["selection"]["rows"]
        if places:
            questions_choices.choose(ids[places[0]])

    with words.foreign("every-question"):
        st.dataframe(
            table,
            hide_index=True,
            column_config=columns(),
            row_height=TALL,
            height="content" if table.height <= MOST_LINES else TALL * MOST_LINES,
            placeholder="",
            key="every-question",
            on_select=chosen,
            selection_mode="single-row",
        )


def shown(rows: pl.DataFrame) -> pl.DataFrame:
    """The questions as a reader sees them; a column that none of them fills is left out."""
    where = [f"{site}, inverted" if turned else site for site, turned in rows.select("site", "inverted").iter_rows()]
    ends = [
        outcome(resolution, state == "Annulled") or state
        for resolution, state in rows.select("resolution", "state").iter_rows()
    ]
    links = [site_address(source, url) for source, url in rows.select("source", "url").iter_rows()]
    table = rows.select(
        title=pl.Series([" ".join(title.split()) for title in rows["title"].to_list()], dtype=pl.String),
        source=pl.Series(where, dtype=pl.String),
        whose="whose",
        now=100 * pl.col("now"),
        ours=100 * pl.col("ours"),
        quantity="value_text",
        change_7=100 * pl.col("change_7"),
        change_30=100 * pl.col("change_30"),
        spark="spark",
        days_left=pl.when(pl.col("state") == "Open").then("days_left"),
        state=pl.Series(ends, dtype=pl.String),
        others="others",
        volume="volume",
        volume_unit="volume_unit",
        forecasters="forecasters",
        topic="topic_name",
        read="synced_at",
        link=pl.Series(links, dtype=pl.String),
    )
    optional = ("whose", "ours", "quantity", "others", "topic", "forecasters", "link")
    empty = [name for name in optional if _blank(table[name])]
    return table.drop(empty)


def _blank(values: pl.Series) -> bool:
    return all(value in (None, "") for value in values.to_list())


def columns() -> dict[str, Any]:
    """Names, units and formats of the shown columns."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    market = PALETTES[pictures.mode()].conventional
    day_end = "What stands now, less what stood at the end of the day so long ago (UTC)"
    return {
        "title": text("Question", width=340),
        "source": text("Asked at", help="Inverted: the other side of its price, so that a topic can be compared"),
        "whose": text("Who says", help="The market; where it has no price here, a person, else our estimate"),
        "now": number("Now, %", format="%.1f", help="What the one named beside it says"),
        "ours": number("Our estimate, %", format="%.1f", help="Computed here from the evidence, see the question"),
        "quantity": text("Stands at", help="Of a question about a quantity"),
        "change_7": number("7 days, points", format="%+.1f", help=day_end),
        "change_30": number("30 days, points", format="%+.1f", help=day_end),
        "spark": st.column_config.LineChartColumn("90 days, 0 to 100 %", width=150, y_min=0, y_max=100, color=market),
        "days_left": number("Days left"),
        "state": text("State"),
        "others": text("Forecasts", help="Of people, as far as they stand"),
        "volume": number("Volume", format="localized"),
        "volume_unit": text("Unit"),
        "forecasters": number("Traders", format="localized"),
        "topic": text("Topic"),
        "read": st.column_config.DatetimeColumn("Read, UTC", format="D MMM YYYY, HH:mm", timezone="UTC"),
        "link": st.column_config.LinkColumn("At the source", display_text="open"),
    }


def raw(rows: pl.DataFrame) -> pl.DataFrame:
    """The same questions for other programs: ids, probabilities in [0, 1], times in UTC."""
    return rows.drop("spark", "site")
