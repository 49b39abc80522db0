"""Every page, on an empty and on a filled database: it opens with a sentence, never with a traceback."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import seeded
import seeded_trends
import streamlit as st
from sqlalchemy import Engine, update
from streamlit.testing.v1 import AppTest

from db.engine import writing
from db.tables import Run

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("scores", "trends", "runs")
# The map of capabilities comes with the catalogue, which the small database of these tests has not.
EVERY_PAGE = (*PAGES, "capabilities")
Open = Callable[..., AppTest]


@pytest.fixture
def opened(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page on the test's database; Streamlit's caches would carry frames from test to test."""
    monkeypatch.setenv("TRACKER_DATABASE_URL", sqlite_url)
    monkeypatch.delenv("TRACKER_SUITE", raising=False)

    def opens(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "tracker" / "pages" / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    st.cache_data.clear()
    st.cache_resource.clear()
    yield opens
    st.cache_data.clear()
    st.cache_resource.clear()


def fill(engine: Engine, **names: str) -> None:
    """Something to see on every page: the demonstration, and published scores of dated models."""
    seeded.fill(engine, **names)
    seeded_trends.fill(engine, **names)


def said(app: AppTest) -> str:
    """All that the page says in its own words."""
    return "\n".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_an_empty_database_says_which_command_to_run(opened: Open, page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert "<h1" in said(app)
    assert [element.value for element in app.code] == ["python -m jobs nightly", "make run"]


@pytest.mark.parametrize("page", PAGES)
def test_a_filled_database_opens_with_a_sentence_and_ends_in_a_table(
    opened: Open, page: str, sqlite_engine: Engine
) -> None:
    fill(sqlite_engine)
    app = opened(page)
    assert not app.exception
    assert said(app).count("<h1") == 1
    assert len(app.get("vega_lite_chart")) == 2
    assert len(app.dataframe) >= 1
    assert len(app.get("download_button")) == 8


@pytest.mark.parametrize("page", EVERY_PAGE)
@pytest.mark.parametrize("variable", ["TRACKER_DATA_DIR", "TRACKER_CATALOG_DIR"])
def test_a_setting_that_cannot_be_is_a_sentence(
    opened: Open, monkeypatch: pytest.MonkeyPatch, page: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "~nobody-of-this-name/tracker")
    app = opened(page)
    assert not app.exception
    assert "The settings cannot be used." in said(app)
    assert f"{variable} is “~nobody-of-this-name/tracker”, and that is no path here" in said(app)
    assert not app.get("vega_lite_chart")


@pytest.mark.parametrize(("suite", "first"), [(None, "embedded"), ("", "embedded"), ("core", "core"), ("gone", "core")])
def test_the_suite_of_the_night_is_the_first_choice(
    opened: Open, monkeypatch: pytest.MonkeyPatch, suite: str | None, first: str
) -> None:
    if suite is not None:
        monkeypatch.setenv("TRACKER_SUITE", suite)
    app = opened("runs")
    assert not app.exception
    assert app.selectbox(key="suite").options[0] == first
    assert {"embedded", "core", "full"} <= set(app.selectbox(key="suite").options)


@pytest.mark.parametrize("page", EVERY_PAGE)
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://u:hidden@host/x", "mysql is not supported"),
        ("sqlite:////proc/nowhere/tracker.db", "cannot be made"),
        ("postgresql://u:hidden@127.0.0.1:1/x", "cannot be used"),
    ],
)
def test_trouble_with_the_database_is_a_sentence(
    opened: Open, monkeypatch: pytest.MonkeyPatch, page: str, address: str, sentence: str
) -> None:
    monkeypatch.setenv("TRACKER_DATABASE_URL", address)
    app = opened(page)
    assert not app.exception
    assert sentence in said(app)
    assert "hidden" not in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_stale_link_opens_the_page_all_the_same(opened: Open, sqlite_engine: Engine, page: str) -> None:
    fill(sqlite_engine)
    app = opened(
        page,
        pair="gone − gone",
        night="1 Jan 1999, 00:00",
        graded="Nothing",
        suite="none",
        benchmark="gone",
        ahead="soon",
    )
    assert not app.exception
    assert "<h1" in said(app)


def test_a_demonstration_says_at_the_top_that_it_is_no_evidence(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    first = said(opened("scores")).splitlines()[0]
    assert "demonstration models" in first
    assert "no evidence on any question" in first


def test_measured_models_carry_no_such_notice(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine, demonstration=False)
    assert "emonstration" not in said(opened("scores"))


def test_the_sentence_counts_what_the_filter_leaves(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    app = opened("scores")
    assert "ahead on 3 of 5 benchmarks and behind on 1" in said(app)
    app.selectbox(key="graded").select("A measure stands in for taste").run()
    assert "where answers can be checked" not in said(app)
    assert "reasoning is ahead on 1 of 3 benchmarks and behind on 1" in said(app)
    assert app.dataframe[0].value.shape[0] == 4
    assert app.selectbox(key="capability").options == ["All", "creative-writing"]


def test_the_first_pair_isolates_the_training_best(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    app = opened("scores")
    assert app.selectbox(key="pair").value == "toy-reasoning − toy-reasoning-off"
    app.selectbox(key="pair").select("All pairs").run()
    assert "comparisons" in said(app)
    assert app.dataframe[0].value.shape[0] == 20


def test_the_table_holds_the_numbers_of_the_picture(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    row = opened("scores").dataframe[0].value.set_index("benchmark").loc["Arithmetic chains, short"]
    assert (row["reasoning"], row["conventional"], row["gap"]) == pytest.approx((97.0, 12.0, 85.0))
    assert row["low"] < 85 < row["high"]


def test_foreign_text_is_shown_as_text(opened: Open, sqlite_engine: Engine) -> None:
    fill(sqlite_engine, reasoning_name=seeded.HOSTILE)
    for page in PAGES:
        app = opened(page)
        assert not app.exception
        assert "<img" not in said(app)
        assert not [element for element in app.markdown if "<img" in element.value]
    assert "&lt;img src=x onerror=alert(1)&gt; **bold**" in said(app)


def test_runs_made_elsewhere_are_listed_and_are_no_night_of_ours(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine, demonstration=False)
    before = said(opened("runs"))
    with writing(sqlite_engine) as connection:
        connection.execute(update(Run).where(Run.model_id == "toy-direct").values(origin="imported"))
    st.cache_data.clear()
    app = opened("runs")
    assert "24 runs of 3 models" in before
    assert "16 runs of 2 models" in said(app)
    assert "Source: own lm-eval runs" in said(app)
    every = app.dataframe[-1].value
    assert every["origin"].value_counts().to_dict() == {"own lm-eval runs": 16, "imported lm-eval results": 8}


def test_failures_stand_with_their_text_and_what_is_due_with_its_reason(opened: Open, sqlite_engine: Engine) -> None:
    seeded.fill(sqlite_engine)
    text = said(opened("runs"))
    assert "24 runs of 3 models" in text
    assert "2 attempts failed" in text
    assert "CUDA out of memory." in text
    assert "benchmarks: toy-large / story, interrupted" in text
    assert "11 of 4,800 outputs were cut off" in text
    assert " due, " in text


def test_a_catalogue_that_cannot_be_read_is_a_sentence(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_engine: Engine
) -> None:
    seeded.fill(sqlite_engine)
    (tmp_path / "models.toml").write_text("this is not TOML")
    monkeypatch.setenv("TRACKER_CATALOG_DIR", str(tmp_path))
    app = opened("runs")
    assert not app.exception
    assert "models.toml" in said(app)
