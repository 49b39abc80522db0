"""What the page of a question says of its rules: those it has now, on the evidence of the day of their verdicts."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import joined
import pytest
import streamlit as st
from joined import CLAIM, MISSION, NOW
from sqlalchemy import Engine, insert, make_url, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.engine import open_engine, writing
from db.estimate_tables import Estimate
from db.tables import Benchmark, Gap, Run

PAGES = Path(__file__).resolve().parents[1] / "tracker" / "pages"
Read = Callable[[str], str]


def drawn(page: str, **chosen: str) -> str:
    """The HTML of a page with what is chosen in its address."""
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=60)
    for name, value in chosen.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return "\n".join(element.proto.body for element in app.get("html") if "<style>" not in element.proto.body)


def in_words(body: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ")


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """The shipped evidence and questions with our estimates, in a file of the test's own."""
    joined.copy_to(Path(make_url(sqlite_url).database or ""))
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def read(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """The words on a question's page."""
    monkeypatch.setenv("TRACKER_DATABASE_URL", sqlite_url)
    st.cache_data.clear()
    st.cache_resource.clear()

    yield lambda question_id: in_words(drawn("question", question=question_id))
    st.cache_data.clear()
    st.cache_resource.clear()


def rated_anew(engine: Engine, day: date, value: float) -> None:
    """Every voted gap in mathematics once more, published on a later day."""
    runs, gaps = Run.__table__, Gap.__table__
    maths = select(Benchmark.id).where(Benchmark.capability == "math", Benchmark.grading == "voted")
    with writing(engine) as connection:
        old = connection.execute(select(gaps).where(Gap.benchmark_id.in_(maths))).mappings().all()
        behind = {row[name] for row in old for name in ("reasoning_run_id", "conventional_run_id")}
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        of = connection.execute(select(runs).where(Run.id.in_(behind))).mappings().all()
        connection.execute(insert(runs), [{**row, "id": f"{row['id']}-anew", "finished_at": at} for row in of])
        connection.execute(
            insert(gaps),
            [
                {**row, "value": value, "log_odds": value / 174}
                | {name: f"{row[name]}-anew" for name in ("reasoning_run_id", "conventional_run_id")}
                for row in old
            ],
        )


def test_beside_a_decided_rule_stands_what_was_known_on_its_deadline(engine: Engine, read: Read) -> None:
    before = read(CLAIM)
    rated_anew(engine, date(2026, 6, 1), -30.0)
    st.cache_resource.clear()
    after = read(CLAIM)
    assert "on the evidence up to 31 Dec 2025" in after
    told = re.compile(r"Measured in the same way: math [^.]*\.")
    assert told.findall(after) == told.findall(before) != []
    assert "math −30" not in after
    assert "math −30" in read(MISSION)


def test_the_headline_says_how_far_our_estimate_depends_on_choices(engine: Engine, read: Read) -> None:
    said = read(MISSION)
    first = re.search(r"our estimate says (\d+) % \[range (\d+)–(\d+)\]\.", said)
    assert first is not None
    assert f"our estimate of YES is {first[1]} % [range {first[2]}–{first[3]} over" in said


def test_numbers_link_to_where_they_come_from(engine: Engine, read: Read) -> None:
    read(MISSION)
    body = drawn("question", question=MISSION)
    links = {
        html.unescape(text): html.unescape(link) for link, text in re.findall(r'href="([^"]+)"[^>]*>([^<]+)', body)
    }
    places = set(re.findall(r'id="([^"]+)"', body))
    assert "https://manifold.markets/" in links["the question at Manifold"]
    assert (
        {link[1:] for link in links.values() if link.startswith("#")}
        == places
        == {
            "rule-votes",
            "rule-judges",
            "rule-as-clearly-as-coding",
        }
    )
    votes = next(link for text, link in links.items() if text.startswith("the pairs in creative writing (people vote)"))
    page, _, chosen = votes.partition("?")
    there = in_words(drawn(page, **dict(parse_qsl(chosen))))
    # The page it leads to shows the number that the sentence above the link holds.
    assert "+3.6 Elo [−6.8, 14] pooled over 14 pairs" in in_words(body)
    assert "Creative writing: thinking helps in" in there
    assert "Pooled: +4 [−7, 14]" in there
    other = next(link for text, link in links.items() if text.startswith("what CDBiddulph said of"))
    assert "65 %" in in_words(drawn("question", **dict(parse_qsl(other.partition("?")[2]))))


def test_a_lead_links_to_the_scores_it_is_read_off(engine: Engine, read: Read) -> None:
    leader = "manifold:sota-ai-at-eoy-2026-a-reasoning-mod"
    read(leader)
    body = drawn("question", question=leader)
    (link,) = set(re.findall(r'href="(trends[^"]+)"', body))
    assert "On LMArena: overall" in in_words(drawn("trends", **dict(parse_qsl(link.partition("?")[2]))))


def test_a_rule_that_was_taken_out_of_the_catalogue_is_silent(engine: Engine, read: Read) -> None:
    with Session(engine) as session:
        headline = session.scalars(
            select(Estimate).where(Estimate.question_id == MISSION, Estimate.headline, ~Estimate.backtest)
        ).one()
        columns = {column.key: getattr(headline, column.key) for column in Estimate.__table__.columns}
        former = columns | {
            "rule_id": "a-former",
            "as_of": NOW.date() - timedelta(days=20),
            "p_yes": 0.9,
            "rule": columns["rule"] | {"id": "a-former", "name": "A former rule"},
        }
        session.add(Estimate(**{name: value for name, value in former.items() if name != "id"}))
        session.commit()
    said = read(MISSION)
    assert "A former rule" not in said
    assert "our estimate of YES is 90 %" not in said
    assert "What decides it, as rules" in said


def test_a_catalogue_that_cannot_be_read_is_a_sentence_and_takes_nothing_else_away(
    engine: Engine, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "questions.toml").write_text("[[question]]\nurl = 3\n", encoding="utf-8")
    monkeypatch.setenv("TRACKER_CATALOG_DIR", str(tmp_path))
    said = read(MISSION)
    assert "questions.toml" in said
    assert "No rule stands for it" not in said
    assert "What each says now" in said
