"""A dossier: everything a third person needs, the same bytes every time, and foreign text nowhere anything but text."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import joined
import polars as pl
import pytest
from joined import CLAIM, LEADER, MISSION, NOW, RULELESS, RULES, STRANGE
from seeded_questions import HOSTILE
from sqlalchemy import Engine

from db.engine import open_engine
from db.forecast_store import add_question, resolve_question, save_forecast
from db.queries.record import record, runs_behind
from jobs.question_estimates import evidence_of
from tracker.dossier.blocks import Heading, Link, Name, Table, Text, plain
from tracker.dossier.content import Dossier, dossier
from tracker.dossier.data import data
from tracker.dossier.document import document
from tracker.dossier.evidence import used_gaps, used_scores
from tracker.dossier.page import page
from tracker.dossier.post import pictures, post
from tracker.rules.none import NoRule
from tracker.rules.rule import Rule

TODAY = NOW.date()
NO_RULE: tuple[Rule, ...] = (NoRule(kind="none", because="Nothing measures it."),)


def made(joined_engine: Engine, question_id: str, day: date = TODAY) -> Dossier:
    rules = RULES.get(question_id, NO_RULE)
    return dossier(record(joined_engine, question_id, day), rules, lambda on: evidence_of(joined_engine, on))


@pytest.fixture(scope="module")
def mission(joined_engine: Engine) -> Dossier:
    return made(joined_engine, MISSION)


@pytest.fixture(scope="module")
def mission_page(mission: Dossier) -> bytes:
    return page(mission)


@pytest.fixture(scope="module")
def mission_document(mission: Dossier) -> bytes:
    return document(mission)


@pytest.fixture(scope="module")
def mission_data(joined_engine: Engine, mission: Dossier) -> bytes:
    return data(mission, runs(joined_engine, mission))


@pytest.fixture(scope="module")
def strange(joined_engine: Engine) -> Dossier:
    return made(joined_engine, STRANGE)


def texts(found: Dossier) -> str:
    """All that it says outside tables and pictures."""
    said = [plain(block.parts) for block in found.blocks if isinstance(block, Text)]
    said += [block.text for block in found.blocks if isinstance(block, Heading)]
    return "\n".join(said).replace("\u00a0", " ")


def table_with(found: Dossier, column: str) -> Table:
    return next(
        block for block in found.blocks if isinstance(block, Table) and column in [one.name for one in block.columns]
    )


def runs(joined_engine: Engine, found: Dossier) -> pl.DataFrame:
    return runs_behind(joined_engine, used_gaps(found.spoken), used_scores(found.spoken))


def unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_it_says_what_decides_the_question_and_how_sure_that_is(mission: Dossier) -> None:
    said = texts(mission)
    for heading in (
        "The rules that stand for it",
        "The evidence",
        "Reasons for doubt",
        "How the numbers are made",
        "Our estimates so far",
        "Back-tests",
        "What others said",
        "Scores so far",
        "The question in its own words",
        "To check it",
    ):
        assert heading in said
    assert "+3.6 Elo [−6.8, 14] pooled over 14 pairs" in said
    assert said.count("Why it stands for the question:") == 3
    assert [picture.name for picture in mission.pictures] == [
        "history",
        "pooled-voted",
        "pairs-voted-creative-writing",
        "pairs-voted-coding",
    ]


def test_every_number_of_the_evidence_has_its_source(mission: Dossier) -> None:
    table = table_with(mission, "Pair")
    assert len(table.rows) == 28
    sources = [row[[column.name for column in table.columns].index("Source")] for row in table.rows]
    assert all(isinstance(source, Link) and source.safe for source in sources)


def test_it_can_be_computed_again(mission: Dossier) -> None:
    table = table_with(mission, "Seed")
    assert len(table.rows) == 3
    for row, one in zip(table.rows, mission.spoken, strict=True):
        assert one.row is not None
        assert one.stored
        assert Name(one.row["evidence_hash"]) in row


def test_live_estimates_and_back_tests_stand_apart(mission: Dossier) -> None:
    tables = [
        block for block in mission.blocks if isinstance(block, Table) and block.columns[0].name == "Evidence up to"
    ]
    days = [{row[0] for row in table.rows} for table in tables]
    assert days == [{"23\u00a0Nov\u00a02026"}, {"31\u00a0Mar\u00a02025", "31\u00a0Dec\u00a02025"}]


def test_a_past_day_knows_nothing_of_what_came_later(joined_engine: Engine) -> None:
    early = made(joined_engine, MISSION, date(2025, 12, 1))
    assert early.record.gaps["finished_at"].max().date() <= date(2025, 12, 1)
    assert early.record.forecasts.filter(pl.col("at").dt.date() > date(2025, 12, 1)).is_empty()
    assert early.record.estimates["as_of"].max() == date(2025, 3, 31)
    assert not early.spoken[0].stored
    assert "No estimate is stored for that day, so it was computed for this dossier." in texts(early)
    assert "2026" not in "".join(row[-1] for row in table_with(early, "Pair").rows if isinstance(row[-1], str))


def test_an_estimate_on_other_evidence_is_not_passed_off_as_this_ones(joined_engine: Engine) -> None:
    known = record(joined_engine, MISSION, TODAY)
    less = known._replace(gaps=known.gaps.filter(pl.col("reasoning_id") != "qwen3-235b-a22b-thinking"))

    def evidence_on(day: date) -> object:
        whole = evidence_of(joined_engine, day)
        return type(whole)(day, less.gaps, whole.first_seen, whole.scores, whole.doses)

    changed = dossier(less, RULES[MISSION], evidence_on)  # type: ignore[arg-type]
    assert not changed.spoken[0].stored
    assert changed.spoken[0].replaced is not None
    assert "Evidence of that day has been added or mended since an estimate was stored" in texts(changed)


def test_rules_about_the_best_models_show_their_scores(joined_engine: Engine) -> None:
    found = made(joined_engine, LEADER)
    assert [picture.name for picture in found.pictures] == ["history", "trend-leader"]
    assert len(table_with(found, "Model").rows) > 20


def test_a_rule_past_its_deadline_is_judged_on_the_evidence_of_its_deadline(joined_engine: Engine) -> None:
    found = made(joined_engine, CLAIM)
    assert {one.evidence.as_of for one in found.spoken} == {date(2025, 12, 31)}
    assert all(one.stored for one in found.spoken)
    assert "CDBiddulph" in texts(found)


def test_beside_a_decided_rule_stands_what_was_known_on_its_deadline(joined_engine: Engine) -> None:
    known = record(joined_engine, CLAIM, TODAY)
    since = known.gaps.with_columns(
        **{name: pl.when(pl.col("capability") == "math").then(-30.0).otherwise(name) for name in ("value", "log_odds")}
    )
    found = dossier(known._replace(gaps=since), RULES[CLAIM], lambda day: evidence_of(joined_engine, day))
    assert "Measured in the same way: math +15 [5, 26] Elo" in texts(found)
    assert "math −30" not in texts(found)


def test_what_was_computed_after_the_day_is_no_foresight(joined_engine: Engine) -> None:
    found = made(joined_engine, CLAIM, date(2026, 1, 5))
    assert [one.row["backtest"] for one in found.spoken if one.stored and one.row is not None] == [True] * 2
    said = texts(found)
    assert "This is a back-test: made later, of the evidence of that day alone" in said
    assert said.count("It is a back-test, computed after its day.") == 2
    assert "Made on their day" not in said
    today = texts(made(joined_engine, CLAIM))
    assert "back-test" not in today
    assert "Made on their day" in today


def test_a_question_is_open_until_its_decision_was_recorded(tmp_path: Path) -> None:
    joined.copy_to(tmp_path / "tracker.db")
    joined_engine = open_engine(f"sqlite:///{tmp_path / 'tracker.db'}")
    asked = NOW - timedelta(days=20)
    own = add_question(joined_engine, "Will X?", now=asked)
    save_forecast(joined_engine, own, "Ada", 0.4, reason=None, now=asked + timedelta(days=1))
    resolve_question(
        joined_engine, own, 1.0, because="It did.", now=asked + timedelta(days=9), resolved_at=asked + timedelta(days=5)
    )
    before, after = (made(joined_engine, own, (asked + timedelta(days=days)).date()) for days in (7, 9))
    joined_engine.dispose()
    assert "It is open: scores on it come with its resolution." in texts(before)
    assert "What others say: Ada said 40 % on" in texts(before)
    assert before.pictures[0].figure.words.title == "Ada says 40\u00a0%"
    assert "What was decided" not in texts(before)
    assert "It is open" not in texts(after)
    assert "What others say" not in texts(after)
    assert "What was decided" in texts(after)
    assert "Resolved YES" in after.pictures[0].figure.words.title


def test_a_question_without_a_rule_has_a_dossier_too(joined_engine: Engine) -> None:
    found = made(joined_engine, RULELESS)
    assert "No rule stands for it" in texts(found)
    assert found.pictures == []
    assert page(found).startswith(b"<!doctype html>")
    assert document(found).startswith(b"%PDF-")


def test_a_question_that_is_not_stored_has_none(joined_engine: Engine) -> None:
    with pytest.raises(KeyError, match="manifold:nothing"):
        record(joined_engine, "manifold:nothing", TODAY)


# -- the same data, the same bytes -------------------------------------------------------------------------------------


def test_the_same_data_gives_the_same_bytes(
    joined_engine: Engine, mission: Dossier, mission_page: bytes, mission_document: bytes, mission_data: bytes
) -> None:
    again = made(joined_engine, MISSION)
    assert mission_page == page(again)
    assert mission_document == document(again)
    assert post(mission) == post(again)
    assert pictures(mission) == pictures(again)
    assert mission_data == data(again, runs(joined_engine, again))


def test_the_document_says_nothing_of_when_it_was_made(mission_document: bytes) -> None:
    found = re.findall(rb"/(?:CreationDate|ModDate) \(([^)]*)\)", mission_document)
    assert str(NOW.year).encode() not in b"".join(found)
    assert b"/Lang" in mission_document
    assert b"IBMPlexSans" in mission_document


# -- foreign text stays text -------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.events: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href", "action", "data"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.events.append(name)


def test_a_page_holds_no_script_and_loads_nothing(strange: Dossier, mission_page: bytes) -> None:
    strange_page = page(strange)
    for written in (strange_page, mission_page):
        body = written.decode()
        elements = Elements()
        elements.feed(body)
        assert not {"script", "iframe", "object", "embed", "form", "link", "base", "img"} & set(elements.tags)
        assert elements.events == []
        assert all(address.startswith(("https://", "http://")) for address in elements.addresses)
        assert "default-src 'none'" in body
        assert re.findall(r"url\((?!data:font/woff2;base64,|#)", body) == []
        assert len(re.findall(r'\bid="([^"]+)"', body)) == len(set(re.findall(r'\bid="([^"]+)"', body)))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in strange_page.decode()


def test_a_post_holds_foreign_text_letter_by_letter(strange: Dossier) -> None:
    body = post(strange).decode()
    assert HOSTILE not in body
    assert "\\<script\\>alert(1)\\</script\\> \\[x\\](javascript:y) \\$latex\\$ =1+1" in body
    assert not re.search(r"(?<!\\)\]\(javascript", body)


def test_the_data_say_foreign_text_letter_by_letter(joined_engine: Engine, strange: Dossier) -> None:
    written = unpacked(data(strange, runs(joined_engine, strange)))["README.md"].decode()
    assert written.startswith("# \\<script\\>alert(1)\\</script\\> \\[x\\](javascript:y) \\$latex\\$ =1+1\n")


def test_a_document_sets_foreign_text_as_text(strange: Dossier) -> None:
    body = document(strange)
    assert b"/JavaScript" not in body
    assert all(address.startswith(b"http") for address in re.findall(rb"/URI \(([^)]*)", body))
    assert body.startswith(b"%PDF-")


def test_tables_hold_no_formula(joined_engine: Engine, strange: Dossier) -> None:
    files = unpacked(data(strange, runs(joined_engine, strange)))
    for name, body in files.items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(body.decode())):
                assert not [cell for cell in row if re.match(r"\s*[=+@]", cell)], name


# -- what a third person checks ----------------------------------------------------------------------------------------


def test_the_data_can_be_checked_with_nothing_but_python(mission_data: bytes, tmp_path: Path) -> None:
    files = unpacked(mission_data)
    for name, body in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(body)
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same") == 3
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {n: hashlib.sha256(body).hexdigest() for n, body in files.items() if n != "SHA256SUMS"}
    gaps = tmp_path / "evidence" / TODAY.isoformat() / "gaps.jsonl"
    gaps.write_bytes(gaps.read_bytes().replace(b'"value": ', b'"value": 1', 1))
    spoilt = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert spoilt.returncode == 3
    assert "NOT the same" in spoilt.stdout


def test_the_data_is_what_the_dossier_rests_on(mission: Dossier, mission_data: bytes) -> None:
    files = unpacked(mission_data)
    rules = json.loads(files["rules.json"])
    assert [rule["id"] for rule in rules] == ["votes", "judges", "as-clearly-as-coding"]
    gaps = pl.read_csv(io.BytesIO(files["gaps.csv"]), infer_schema_length=None)
    assert gaps.height == 28
    assert {"source_url", "blocked", "flags", "stderr"} <= set(gaps.columns)
    estimates = json.loads(files["estimates.json"])
    assert {(one["as_of"], one["backtest"]) for one in estimates} >= {("2026-11-23", False), ("2025-12-31", True)}
    prices = pl.read_csv(io.BytesIO(files["forecasts.csv"]))
    assert prices.filter(pl.col("kind") == "market").height > 50
    assert "environment" not in files["runs.csv"].decode().splitlines()[0]
    assert json.loads(files["versions.json"])["evidence"]["2026-11-23"] == mission.spoken[0].row["evidence_hash"]


# -- small parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "https://a b", "ftp://x", ""])
def test_an_address_that_is_none_is_no_link(address: str) -> None:
    assert not Link("x", address).safe


def test_a_lead_begins_with_what_it_is_about() -> None:
    opening, rest = Text.of("How sure: our estimate: 6 %.", lead=True).opening
    assert (opening, rest) == ("How sure:", (" our estimate: 6 %.",))
    assert Text.of("How sure: x").opening == ("", ("How sure: x",))


def test_signs_that_the_font_has_not_become_boxes() -> None:
    from tracker.dossier.document import NO_GLYPH, _shown

    assert _shown("ab − 漢\u202e") == f"ab − {NO_GLYPH} "


def test_withdrawals_after_the_day_are_not_known_on_it(joined_engine: Engine) -> None:
    day = TODAY - timedelta(days=10)
    assert record(joined_engine, STRANGE, day).forecasts.filter(kind="person").is_empty()
