"""Questions, Question and Calibration: the sentence first, foreign text as text, and writing only where allowed."""

import html
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joined
import pytest
import seeded_questions
import streamlit as st
from seeded_questions import HOSTILE, WRITING
from sqlalchemy import Engine, delete, update
from streamlit.testing.v1 import AppTest

from db.engine import open_engine
from db.estimate_tables import Estimate
from db.forecast_tables import Question
from db.queries import questions as question_queries
from db.queries.forecasts import forecasts
from tracker.charts.export import table
from tracker.pages import access, questions_table
from tracker.stats.betting import WARNING
from tracker.stats.questions import listed

PAGES = Path(__file__).resolve().parents[1] / "tracker" / "pages"
NAMES = ("questions", "question", "calibration")
Open = Callable[..., AppTest]


@pytest.fixture
def opened(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page on the test's database."""
    monkeypatch.setenv("TRACKER_DATABASE_URL", sqlite_url)
    st.cache_data.clear()
    st.cache_resource.clear()

    def opens(page: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    yield opens
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def seeded_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the seeded questions, made once and copied."""
    path = tmp_path_factory.mktemp("questions") / "seeded.db"
    shutil.copyfile(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    seeded_questions.fill(engine, now=datetime.now(UTC))
    engine.dispose()
    return path


@pytest.fixture
def filled(seeded_file: Path, sqlite_url: str) -> Iterator[Engine]:
    """The test's database with the seeded questions in it."""
    shutil.copyfile(seeded_file, sqlite_url.removeprefix("sqlite:///"))
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def at_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader sits at the machine: `may_write` is tested by itself, and whole in a browser."""
    monkeypatch.setattr(access, "writer", lambda: access.Writer(True))


def bodies(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def said(app: AppTest) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", bodies(app)))


def headline(app: AppTest) -> str:
    return html.unescape(re.findall(r'<h1 class="headline">(.*?)</h1>', bodies(app))[0])


# -- empty -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", NAMES)
def test_an_empty_database_says_which_command_to_run(opened: Open, page: str) -> None:
    app = opened(page)
    assert bodies(app).count("<h1") == 1
    commands = [element.value for element in app.code]
    assert commands[0] == (
        "python -m jobs markets" if page != "calibration" else 'python -m jobs forecast QUESTION 0.4 --because "…"'
    )
    if page != "calibration":
        assert "over the network" in said(app)


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://u:hidden@host/x", "mysql is not supported"),
        ("sqlite:////proc/nowhere/tracker.db", "cannot be made"),
    ],
)
def test_trouble_with_the_database_is_a_sentence(
    opened: Open, monkeypatch: pytest.MonkeyPatch, page: str, address: str, sentence: str
) -> None:
    monkeypatch.setenv("TRACKER_DATABASE_URL", address)
    app = opened(page)
    assert sentence in said(app)
    assert "hidden" not in said(app)


def test_questions_that_were_never_fetched_are_listed_all_the_same(opened: Open, sqlite_engine: Engine) -> None:
    asked = [
        seeded_questions.question(f"manifold:{name}", name, synced_at=None, url="https://manifold.markets/a/b")
        for name in "ab"
    ]
    seeded_questions.save(sqlite_engine, asked)
    app = opened("questions")
    assert headline(app) == "2 questions are tracked; no price of a market is known yet."
    assert [element.value for element in app.code] == ["python -m jobs markets"]
    assert app.dataframe[0].value["title"].to_list() == ["a", "b"]
    assert not app.get("vega_lite_chart")
    assert headline(opened("question", question="manifold:a")) == "No price of it has been read yet."


def test_calibration_is_honest_while_nothing_has_resolved(opened: Open, sqlite_engine: Engine) -> None:
    seeded_questions.save(sqlite_engine, [seeded_questions.question("manifold:a", "a", now=datetime.now(UTC))])
    assert "No question here has resolved yet" in headline(opened("calibration"))


# -- questions ---------------------------------------------------------------------------------------------------------


def test_the_home_page_says_what_moved_and_how_old_the_prices_are(opened: Open, filled: Engine) -> None:
    app = opened("questions")
    assert re.fullmatch(r"“.+” went from \d+ to \d+\xa0% in 7 days; \d of \d+ markets moved .*", headline(app))
    assert "read 3 hours ago" in said(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert len(app.get("download_button")) == 8
    rows = app.dataframe[0].value
    assert set(rows["state"]) == {"Open", "Waiting for a resolution"}
    moved = rows["change_7"].abs().fillna(-1).to_list()
    assert moved[0] == max(moved)


def test_the_questions_of_a_topic_stand_side_by_side(opened: Open, filled: Engine) -> None:
    rows = opened("questions").dataframe[0].value
    places = [
        place for place, topic in enumerate(rows["topic"]) if topic == "Reasoning models ahead at creative writing"
    ]
    assert places == list(range(places[0], places[0] + 3))
    together = rows.iloc[places]
    assert set(together["source"]) == {"Manifold", "Polymarket", "Kalshi, inverted"}
    assert together["now"].between(50, 90).all()


def test_filters_stand_in_the_address(opened: Open, filled: Engine) -> None:
    app = opened("questions", state="Resolved", sorted="Moved in 30 days", source="Manifold")
    assert app.selectbox(key="state").value == "Resolved"
    rows = app.dataframe[0].value
    assert rows.shape[0] == 59
    assert set(rows["state"]) <= {"YES", "NO", "40\xa0%"}
    app = opened("questions", topic="Reasoning models ahead at creative writing")
    assert app.dataframe[0].value.shape[0] == 3
    assert opened("questions", state="gone", topic="gone", source="gone", sorted="gone").dataframe[0].value.shape[0] > 5


def test_a_title_that_would_be_a_formula_is_none_in_the_file(filled: Engine) -> None:
    now = datetime.now(UTC)
    every = question_queries.questions(filled)
    every = every.with_columns(title="=" + every["title"])
    text = table(questions_table.raw(listed(every, forecasts(filled, []).select(
        "question_id", "forecaster", "kind", on="at", probability="probability"), now))).decode()  # fmt: skip
    assert "'=" + HOSTILE in text
    assert not re.search(r"(^|,)\"?=", text, re.MULTILINE)


# -- question ----------------------------------------------------------------------------------------------------------


def test_a_question_is_opened_by_its_id(opened: Open, filled: Engine) -> None:
    app = opened("question", question=WRITING)
    assert headline(app).startswith("Manifold stands at ")
    text = said(app)
    assert "Will large reasoning models significantly outperform traditional LLMs at creative writing?" in text
    assert "closes" in text
    assert "12,340 mana traded · 61 traders · read 3 hours ago" in text
    assert "A gap: nothing stood, or it is not known." in text
    assert len(app.get("vega_lite_chart")) == 2
    says = app.dataframe[0].value
    assert {"Manifold", "Ada", "CDBiddulph", "Polymarket", "Kalshi, inverted"} == set(says["who"])
    app.selectbox(key="sources").select("This one").run()
    assert {"Manifold", "Ada", "CDBiddulph"} == set(app.dataframe[0].value["who"])


def test_the_journal_keeps_what_was_withdrawn_with_its_reason(opened: Open, filled: Engine) -> None:
    app = opened("question", question=WRITING)
    gone = [part for part in bodies(app).split('<div class="entry') if part.startswith(" gone")]
    assert len(gone) == 1
    assert "Grace: 80" in gone[0]
    assert "I mistook the question." in gone[0]


def test_without_an_id_the_one_that_moved_most_is_shown_and_its_id_stands_in_the_address(
    opened: Open, filled: Engine
) -> None:
    app = opened("question")
    shown = app.selectbox(key="chosen-question")
    assert shown.value in app.query_params["question"]
    moved_most = opened("questions").dataframe[0].value["title"].iloc[0]
    assert moved_most in said(app)
    assert shown.options[-1].startswith("Made-up question")


def test_another_question_can_be_chosen_and_an_unknown_one_is_a_sentence(opened: Open, filled: Engine) -> None:
    app = opened("question", question="manifold:past-07")
    assert headline(app).startswith("Annulled on ")
    assert "The event was called off." in said(app)
    app.selectbox(key="chosen-question").select("manifold:quiet-one").run()
    assert not app.exception
    assert "manifold:quiet-one" in app.query_params["question"]
    assert "open-weights" in said(app)
    assert "not known here" in headline(opened("question", question="manifold:gone"))


def test_a_resolved_question_shows_its_scores_and_takes_no_forecast(
    opened: Open, filled: Engine, at_the_machine: None
) -> None:
    app = opened("question", question="manifold:past-02")
    assert headline(app).startswith("Resolved ")
    assert "what was forecast stays as it is" in said(app)
    assert not app.button
    own = next(frame.value for frame in app.dataframe if "brier" in frame.value.columns)
    assert {"Manifold", "Ada", "Grace", "always 50 %", "always the base rate"} == set(own["who"])


@pytest.mark.parametrize(
    ("change", "weighed"),
    [
        (update(Question).values(closes_at=datetime.now(UTC) + timedelta(days=30)), True),
        (update(Question).values(closes_at=datetime.now(UTC) - timedelta(days=1)), False),
        (update(Question).values(resolved_at=datetime.now(UTC), resolution=1.0), False),
        (update(Question).values(resolved_at=datetime.now(UTC), annulled=True), False),
        (delete(Estimate).where(~Estimate.backtest), False),
    ],
    ids=["open", "closed", "resolved", "annulled", "back-test"],
)
def test_a_bet_is_weighed_only_while_it_can_be_made_and_on_no_back_test(
    opened: Open, sqlite_url: str, change: Any, weighed: bool
) -> None:
    joined.copy_to(Path(sqlite_url.removeprefix("sqlite:///")))
    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(update(Question).values(closes_at=datetime.now(UTC) + timedelta(days=30)))
        connection.execute(change)
    engine.dispose()
    told = said(opened("question", question=WRITING))
    assert "What decides it, as rules" in told
    assert (WARNING in told) == weighed


def test_a_quantity_is_shown_as_one(opened: Open, filled: Engine) -> None:
    app = opened("question", question="manifold:how-many-points")
    assert re.match(r"Manifold stands at 1,\d{3}\.", headline(app))
    assert "It asks for a quantity" in said(app) or "Read-only" in said(app)


@pytest.mark.parametrize("page", NAMES)
def test_foreign_text_is_text(opened: Open, filled: Engine, at_the_machine: None, page: str) -> None:
    app = opened(page, **({"question": "manifold:hostile"} if page == "question" else {}))
    assert "<script" not in bodies(app)
    assert 'href="javascript' not in bodies(app)
    assert not [element for element in app.markdown if "script" in element.value]
    if page == "question":
        assert bodies(app).count("&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:y) $latex$ =1+1") >= 4
        assert "no link: javascript:alert(1)" in " ".join(said(app).split())


def test_only_the_site_itself_is_linked_to(opened: Open, filled: Engine) -> None:
    links = re.findall(r'href="([^"]+)"', bodies(opened("question", question=WRITING)))
    assert set(links) == {"https://manifold.markets/somebody/will-large-reasoning-models-signifi"}
    assert not re.findall(r'href="', bodies(opened("question", question="manifold:hostile")))


# -- writing -----------------------------------------------------------------------------------------------------------


def test_from_elsewhere_the_page_is_read_only_and_says_so(opened: Open, filled: Engine) -> None:
    app = opened("question", question=WRITING)
    assert "Read-only: this page is seen from elsewhere" in said(app)
    assert not app.button
    assert not app.text_input


def test_a_forecast_is_recorded_with_its_reason_and_the_clock(
    opened: Open, filled: Engine, at_the_machine: None
) -> None:
    app = opened("question", question=WRITING)
    began = datetime.now(UTC)
    app.text_input(key="forecaster").input("Ada")
    app.number_input(key=f"number-{WRITING}").set_value(37.5).run()
    assert app.slider(key=f"slider-{WRITING}").value == 37.5
    app.text_area(key="reason").input("Votes do not move.")
    app.button(key="record").click().run()
    assert not app.exception
    assert "Recorded: Ada, 37.5" in said(app)
    last = forecasts(filled, [WRITING]).filter(forecaster="Ada").sort("at").row(-1, named=True)
    assert (last["probability"], last["reason"]) == (0.375, "Votes do not move.")
    assert began <= last["at"] <= datetime.now(UTC)
    assert last["recorded_at"] == last["at"]
    assert "Ada: 37.5" in bodies(app)


def test_slider_number_and_odds_are_one_number(opened: Open, filled: Engine, at_the_machine: None) -> None:
    app = opened("question", question=WRITING)
    slider, number, odds = (f"{name}-{WRITING}" for name in ("slider", "number", "odds"))
    app.slider(key=slider).set_value(25.0).run()
    assert app.number_input(key=number).value == 25.0
    app.text_input(key=odds).input("2:3").run()
    assert (app.slider(key=slider).value, app.number_input(key=number).value) == (40.0, 40.0)
    app.text_input(key=odds).input("maybe").run()
    assert "“maybe” is no probability" in said(app)
    assert app.number_input(key=number).value == 40.0


@pytest.mark.parametrize(
    ("name", "sentence"), [("", "needs a name"), ("Manifold", "reserved"), ("Tracker 2", "reserved")]
)
def test_a_name_that_is_no_persons_is_refused_with_a_sentence(
    opened: Open, filled: Engine, at_the_machine: None, name: str, sentence: str
) -> None:
    before = forecasts(filled).height
    app = opened("question", question=WRITING)
    app.text_input(key="forecaster").input(name)
    app.button(key="record").click().run()
    assert not app.exception
    assert sentence in said(app)
    assert forecasts(filled).height == before


def test_a_forecast_is_taken_back_with_a_reason_only(opened: Open, filled: Engine, at_the_machine: None) -> None:
    app = opened("question", question=WRITING)
    app.button(key="withdraw").click().run()
    assert "A reason is needed" in said(app)
    app.text_input(key="withdrawn-because").input("A slip")
    app.button(key="withdraw").click().run()
    assert "Taken back: Ada, 33" in said(app)
    rows = forecasts(filled, [WRITING]).filter(forecaster="Ada").sort("at")
    assert rows["withdrawn_because"].to_list() == [None, None, "A slip"]
    assert rows["probability"].to_list() == [0.55, 0.4, 0.33]


def test_who_is_signed_in_takes_back_only_their_own(
    opened: Open, filled: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "writer", lambda: access.Writer(True, "Ada"))
    app = opened("question", question="own:our-twins")
    assert "As Ada" in said(app)
    assert all(option.startswith("Ada") for option in app.selectbox(key="withdrawn").options)
    monkeypatch.setattr(access, "writer", lambda: access.Writer(True, "Somebody new"))
    app = opened("question", question="own:our-twins")
    assert not [box for box in app.selectbox if box.key == "withdrawn"]


def test_an_own_question_is_decided_and_opened_again_with_reasons(
    opened: Open, filled: Engine, at_the_machine: None
) -> None:
    app = opened("question", question="own:our-twins")
    app.selectbox(key="outcome").select("NO")
    app.button(key="decide").click().run()
    assert "A reason is needed" in said(app)
    app.selectbox(key="outcome").select("NO")
    app.text_input(key="decided-because").input("It added 2.")
    app.button(key="decide").click().run()
    assert headline(app).startswith("Resolved NO on ")
    assert "Resolved NO, recorded" in said(app)
    app.selectbox(key="outcome").select("Open again")
    app.text_input(key="decided-because").input("Too early.")
    app.button(key="decide").click().run()
    assert not app.exception
    assert not headline(app).startswith("Resolved")
    assert "Reopened, recorded" in said(app)
    assert "It added 2." in said(app)


def test_a_markets_question_is_not_decided_here(opened: Open, filled: Engine, at_the_machine: None) -> None:
    app = opened("question", question=WRITING)
    assert not [button for button in app.button if button.key == "decide"]


# -- calibration -------------------------------------------------------------------------------------------------------


def test_calibration_compares_over_the_same_questions_and_days(opened: Open, filled: Engine) -> None:
    app = opened("calibration")
    assert headline(app).startswith("Brier score over the same ")
    table_shown = app.dataframe[0].value
    assert set(table_shown["who"]) == {"Manifold", "Ada", "Grace", "always 50 %", "always the base rate"}
    assert table_shown["questions"].nunique() == 1
    assert table_shown.set_index("who").loc["always 50 %", "brier"] == pytest.approx(0.25)
    assert "1 was annulled and is never scored" in said(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert len(app.get("download_button")) == 8


def test_two_can_be_set_head_to_head(opened: Open, filled: Engine) -> None:
    app = opened("calibration", one="Ada", other="always 50 %")
    assert re.search(r"Ada .*Brier score.*always 50 %|Ada and always 50 %: Brier score", said(app))
    assert re.search(r"had the better score on \d+ of \d+", said(app))


def test_whom_one_compares_stands_in_the_address(opened: Open, filled: Engine) -> None:
    app = opened("calibration")
    app.multiselect(key="compared").set_value(["manifold", "Ada"]).run()
    assert set(app.dataframe[0].value["who"]) == {"Manifold", "Ada"}
    assert app.dataframe[0].value["questions"].to_list() == [59, 59]
    app.multiselect(key="compared").set_value([]).run()
    assert "Nobody is chosen" in said(app)


def test_a_topic_can_be_looked_at_alone(opened: Open, filled: Engine) -> None:
    app = opened("calibration", topic="Made-up questions")
    assert app.dataframe[0].value["questions"].max() <= 12
    app = opened("calibration", by="The same topics")
    assert app.dataframe[0].value.shape[0] >= 2
