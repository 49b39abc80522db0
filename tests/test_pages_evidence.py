"""Scores and Capabilities on the shipped evidence: the answer first, composed from what is stored."""

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import seeded
import shipped
import streamlit as st
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).resolve().parents[1] / "tracker" / "pages"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Open]:
    """Opens a page on the shipped evidence, with the demonstration beside it where that is asked for."""
    st.cache_data.clear()
    st.cache_resource.clear()

    def opens(page: str, demonstration: bool = False, **query: str) -> AppTest:
        if not (tmp_path / "tracker.db").exists():
            shipped.copy_to(tmp_path / "tracker.db", demonstration=demonstration)
        monkeypatch.setenv("TRACKER_DATABASE_URL", f"sqlite:///{tmp_path / 'tracker.db'}")
        monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path))
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    yield opens
    st.cache_data.clear()
    st.cache_resource.clear()


def said(app: AppTest) -> str:
    found = [element.proto.body for element in app.get("html") if "<style>" not in element.proto.body]
    return html.unescape(re.sub(r"<[^>]+>", " ", "\n".join(found)))


def headline(app: AppTest) -> str:
    return re.findall(r'<h1 class="headline">(.*?)</h1>', "".join(e.proto.body for e in app.get("html")))[0]


def test_scores_leads_with_the_answer(opened: Open) -> None:
    app = opened("scores")
    assert headline(app) == (
        "Thinking adds 15 Elo in math [5, 26] and 13 in programming [5, 21]; in creative writing 4 [−7, 14] and in "
        "writing of all kinds 1 [−7, 9]: not told apart from nothing."
    )
    text = said(app)
    assert "LMArena, 17 Dec 2025" in text
    assert "Paule–Mandel, Hartung–Knapp" in text
    assert "Where a model judges, 33 of 34 gaps are up; without enough standard errors they are not pooled." in text
    assert len(app.get("vega_lite_chart")) == 4
    assert len(app.get("download_button")) == 16
    assert app.dataframe[0].value.shape[0] == 14


def test_the_anchor_can_be_chosen_in_the_address(opened: Open) -> None:
    """statistics: 2025-12-11, DerSimonian–Laird: math 15.65 [5.72, 25.58], coding 13.15 [5.10, 21.20]."""
    app = opened("scores", as_of="2025-12-11", method="DerSimonian–Laird", graded="People vote", domain="Math")
    text = said(app)
    assert "LMArena, 11 Dec 2025 · random effects (DerSimonian–Laird, Hartung–Knapp) over 14 twins" in text
    assert "Against creative writing, within the same models: math +12 [2, 22] Elo and programming +10 [2, 19]." in text
    assert "Pooled: +16 [6, 26]." in text


def test_a_domain_and_its_pairs_can_be_linked_to(opened: Open) -> None:
    app = opened("scores", domain="Math, answers are checked", each="Gap")
    assert app.selectbox(key="domain").value == "Math, answers are checked"
    assert "The 15 largest and the 15 smallest of 103" in said(app)
    app.toggle(key="all_rows").set_value(True).run()
    assert "15 smallest" not in said(app)


def test_filters_leave_what_they_say(opened: Open) -> None:
    app = opened("scores", relation="Same base model", source="Qwen3 report")
    assert headline(app).startswith("The reasoning model ")
    assert app.selectbox(key="source").value == "Qwen3 report"
    app.selectbox(key="flags").select("Without any flag").run()
    assert not app.exception
    assert set(app.dataframe[0].value["flags"]) == {""}


def test_distrusted_gaps_are_drawn_hollow_with_their_reason(opened: Open) -> None:
    app = opened("scores", relation="Same base model", source="Open LLM Leaderboard v2", graded="Answers are checked")
    assert "Nothing can be pooled yet" in headline(app)
    assert "Hollow: distrusted, not counted." in said(app)
    app.selectbox(key="flags").select("Distrusted let in").run()
    assert "Nothing can be pooled yet" not in headline(app)


def test_before_anything_was_known_the_page_says_so(opened: Open) -> None:
    assert "No such pair had been compared by then." in said(opened("scores", as_of="2024-01-01"))


def test_stale_choices_open_the_page_all_the_same(opened: Open) -> None:
    app = opened("scores", relation="gone", graded="gone", source="gone", flags="gone", domain="gone", gap="gone")
    assert headline(app).startswith("Thinking adds 15 Elo")


def test_a_number_leads_to_its_source(opened: Open) -> None:
    key = "LMArena: creative writing: GPT-5.1, high effort − GPT-5.1, default effort (LMArena)"
    text = said(opened("scores", gap=key))
    assert "LMArena, text leaderboard, lmarena/arena-catalog" in text
    assert "https://github.com/lmarena/arena-catalog/tree/" in text
    assert "nobody has stated it" in text
    assert "1436.93 ± 7.457 (standard error)" in text


def test_evidence_and_demonstration_never_mix(opened: Open) -> None:
    app = opened("scores", demonstration=True)
    assert "toy" not in str(app.dataframe[0].value["pair"].to_list())
    assert "emonstration" not in said(app)
    app.selectbox(key="models").select("Demonstration").run()
    text = said(app)
    assert text.split("\n")[0].strip().startswith("These are demonstration models")
    assert "Thinking adds" not in text
    assert "LMArena" not in text


def test_a_run_whose_files_are_gone_is_still_shown(opened: Open) -> None:
    key = "Arithmetic chains, long: Toy reasoning − Toy reasoning, thinking off (local)"
    text = said(opened("scores", demonstration=True, models="Demonstration", gap=key))
    assert "measured here, by lm-eval" in text
    assert "No samples file was kept with this run." in text


def test_capabilities_map_all_and_say_what_is_not_tracked(opened: Open) -> None:
    app = opened("capabilities")
    assert re.match(r"The best score is a reasoning model’s on \d+ of \d+ benchmarks; of the 17 ", headline(app))
    table = app.dataframe[0].value
    assert table["capability"].nunique() == 42
    robotics = table[table["capability"] == "Robotics"]
    assert robotics["benchmark"].to_list() == ["nothing tracked"]
    assert len(app.get("download_button")) == 8


def test_capabilities_show_people_beside_the_best_of_each_kind(opened: Open) -> None:
    app = opened("capabilities")
    assert re.search(
        r"A human level is known on 4 of these \d+ benchmarks: the best reasoning model scores above it on \d",
        said(app),
    )
    table = app.dataframe[0].value
    diamonds = table[table["benchmark"].str.startswith("GPQA Diamond (")]
    assert diamonds["human"].to_list() == [pytest.approx(69.7)] * 3
    assert diamonds["human_source"].str.contains("OpenAI").all()
    assert table[table["benchmark"] == "MMLU (R1 report)"]["human"].to_list() == [pytest.approx(89.8)]
    assert table[table["benchmark"] == "MMLU-Redux (R1 report)"]["human"].isna().all()
    for chart in app.get("vega_lite_chart"):
        frames = {dataset.name: pl.read_ipc_stream(dataset.data.data) for dataset in chart.proto.datasets}
        (stroke,) = (layer for layer in json.loads(chart.proto.spec)["layer"] if layer["mark"]["type"] == "tick")
        drawn = frames[stroke["data"]["name"]]
        assert drawn.select("label", pl.col("human").round(1)).rows() == [("Science", 69.7)]
        assert "human level: Experts with a PhD in the field; OpenAI" in drawn["note"].item()
        assert "note" in {tip["field"] for tip in stroke["encoding"]["tooltip"]}
    assert "human level: Experts with a PhD in the field; OpenAI" in said(app)


def test_the_demonstrations_speed_is_marked_and_is_no_score(opened: Open) -> None:
    app = opened("capabilities", demonstration=True)
    assert "Only the demonstration models have run here" in said(app)
    assert set(app.dataframe[0].value["note"]) == {"demonstration, no evidence"}
    assert not app.dataframe[1].value["reasoning_model"].str.contains("toy", na=False).any()


def test_capabilities_without_a_catalogue_say_which_command_to_run(
    sqlite_url: str, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    seeded.fill(sqlite_engine)
    monkeypatch.setenv("TRACKER_DATABASE_URL", sqlite_url)
    app = AppTest.from_file(str(PAGES / "capabilities.py"), default_timeout=60).run()
    assert not app.exception
    assert [element.value for element in app.code] == ["python -m jobs nightly", "make run"]
    st.cache_data.clear()
    st.cache_resource.clear()
