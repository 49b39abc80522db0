"""The Trends page: what it says for a benchmark, for the index, for a window, and where there is nothing to say."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import seeded
import seeded_trends
import streamlit as st
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from db.store import save_catalog
from db.tables import Model
from tracker.pages.trends_choices import INDEX

PAGE = Path(__file__).resolve().parents[1] / "tracker" / "pages" / "trends.py"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    monkeypatch.setenv("TRACKER_DATABASE_URL", sqlite_url)

    def opens(**query: str) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    st.cache_data.clear()
    st.cache_resource.clear()
    yield opens
    st.cache_data.clear()
    st.cache_resource.clear()


def said(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def test_the_demonstration_alone_is_no_trend(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    app = opened()
    assert "No model with a known release date has been measured yet." in said(app)
    assert "demonstration models have none" in said(app)
    assert not app.get("vega_lite_chart")


def test_the_demonstration_never_stands_beside_the_evidence(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    seeded_trends.fill(sqlite_engine)
    app = opened()
    names = {name for _, name, _ in seeded_trends.BENCHMARKS}
    assert set(app.selectbox(key="benchmark").options) == {INDEX, "Votes"} | names
    assert not app.dataframe[0].value["model"].str.contains("toy").any()


def test_the_index_is_the_first_choice_and_says_how_it_was_made(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    app = opened()
    text = said(app)
    assert '<h1 class="headline">On an index of 5 checkable benchmarks, the best reasoning models gain' in text
    assert "By definition conventional 0 is 100 and reasoning 0 110" in text
    assert app.selectbox(key="benchmark").value == INDEX
    assert len(app.dataframe) == 2
    # The model without a kind is on the index and not in a trend; so is the one without a date.
    assert "Left out: 1 without a known release date and 1 whose kind nobody has stated." in text
    assert app.dataframe[0].value.shape[0] == 14


def test_a_benchmark_of_choice_stands_in_the_address(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    app = opened(benchmark="Votes")
    assert "On Votes, the best reasoning models gain" in said(app)
    assert "Elo a year" in said(app)
    assert "Source: A paper, 11 Dec 2025" in said(app)
    app.selectbox(key="benchmark").select("Sums").run()
    assert "On Sums, the best reasoning models raise their odds ×" in said(app)


def test_a_window_of_choice_limits_the_fit(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    app = opened(benchmark="Votes", **{"from": "2025-04-01", "to": "2025-07-15"})
    assert "too few models were the best of their kind when released" in said(app)
    app.date_input(key="from").set_value(date(2025, 8, 1)).run()
    assert "1 Aug 2025 is after 15 Jul 2025" in said(app)
    assert "the best reasoning models gain" in said(app)
    app.date_input(key="from").set_value(None).run()
    app.date_input(key="to").set_value(None).run()
    assert "least squares on releases of 6 Jan 2025 to 3 Oct 2025" in said(app)


def test_the_line_runs_on_to_the_end_of_a_half_year_unless_told_otherwise(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    app = opened(benchmark="Votes")
    assert app.date_input(key="ahead").value == date(2026, 6, 30)
    assert "Were the lines to run on unchanged to 30 Jun 2026" in said(app)
    app.date_input(key="ahead").set_value(None).run()
    assert not app.exception
    assert "run on" not in said(app)


def test_a_model_of_unknown_date_alone_is_no_trend(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    save_catalog(
        sqlite_engine,
        [Model(id=id, name=id, kind="reasoning") for id in ("deepseek-v3", "deepseek-r1")]
        + [Model(id=f"{kind}-{n}", name="x", kind=kind) for kind in ("reasoning", "conventional") for n in range(1, 7)],
        [],
        [],
    )
    assert "No model with a known release date has been measured yet." in said(opened())


def test_the_table_says_who_was_best_and_where_a_number_is_from(opened: Open, sqlite_engine: Engine) -> None:
    seeded_trends.fill(sqlite_engine)
    table = opened(benchmark="Votes").dataframe[0].value
    assert list(table.columns) == [
        "model",
        "kind",
        "released",
        "score",
        "low",
        "high",
        "best",
        "source",
        "link",
        "date",
    ]
    row = table.set_index("model").loc["thinker"]
    assert row["best"]
    assert row["source"] == "A paper"
    assert row["low"] < row["score"] < row["high"]
