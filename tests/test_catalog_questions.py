"""questions.toml becomes checked entries, and whatever is wrong in it becomes one sentence."""

# ruff: noqa: E501 — each row of the tables below is one sentence, and is easiest to compare on one line

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from db.forecasters import objection
from tracker.catalog.checked import CatalogError
from tracker.catalog.questions import Questions, load_questions
from tracker.markets.sources import source_of
from tracker.settings import EMBEDDED_CATALOG

TEXT = """
[[topic]]
id = "writing"
name = "Writing"
asks = "Is it so?"

[[question]]
url = "https://manifold.markets/Somebody/will-it-be?r=eA"
title = "Will it be?"
topic = "writing"
inverted = true
known = "Its name."
closes_on = 2026-12-31

[[question]]
own = "mine"
title = "Mine"
topic = "writing"
known = "All of it."

[[question.forecast]]
forecaster = "Ada Lovelace"
probability = 0.65
on = 2025-03-31
precision = "early 2025"
citation = "An essay."

[[question.forecast]]
forecaster = "Ada Lovelace"
probability = 1
on = 2025-06-01
citation = "Another."
"""
MARKET = 'questions.toml, question "https://manifold.markets/Somebody/will-it-be?r=eA"'
MINE = 'questions.toml, question "mine"'


def read(folder: Path, text: str = TEXT) -> Questions:
    (folder / "questions.toml").write_text(text, encoding="utf-8")
    return load_questions(folder)


def test_entries_become_rows(tmp_path: Path) -> None:
    topics, questions, on_record = read(tmp_path).rows()
    assert [(row.id, row.name, row.asks) for row in topics] == [("writing", "Writing", "Is it so?")]
    assert [(row.id, row.source, row.inverted, row.note, row.topic) for row in questions] == [
        ("manifold:will-it-be", "manifold", True, "Its name.", "writing"),
        ("own:mine", "own", False, "All of it.", "writing"),
    ]
    assert [row.closes_at for row in questions] == [datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), None]
    assert [row.url for row in questions] == ["https://manifold.markets/Somebody/will-it-be?r=eA", None]
    first, second = on_record
    assert (first.question_id, first.forecaster, first.probability) == ("own:mine", "Ada Lovelace", 0.65)
    assert (first.at, first.recorded_at) == (datetime(2025, 3, 31, tzinfo=UTC), None)
    assert first.citation == "An essay. Known of its day: early 2025; dated to the last day that fits."
    assert (second.probability, second.citation) == (1.0, "Another.")


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ('topic = "writing"\ninverted', 'topic = "wrting"\ninverted', MARKET + ': topic is "wrting", allowed is the id of a [[topic]] in this file: writing.'),
        ('url = "https://manifold.markets/Somebody/will-it-be?r=eA"', "", 'questions.toml, question "Will it be?": url is missing, allowed is the address of a market, or own with a name where there is none.'),
        ('url = "https://manifold.markets/Somebody/will-it-be?r=eA"', 'url = "https://example.org/will-it-be"', 'questions.toml, question "https://example.org/will-it-be": url is "https://example.org/will-it-be", allowed is the https:// address of a market on Manifold, Polymarket, Kalshi or Metaculus.'),
        ('url = "https://manifold.markets/Somebody/will-it-be?r=eA"', 'url = "manifold.markets/Somebody/will-it-be"', 'questions.toml, question "manifold.markets/Somebody/will-it-be": url is "manifold.markets/Somebody/will-it-be", allowed is the https:// address of a market on Manifold, Polymarket, Kalshi or Metaculus.'),
        ('inverted = true', 'own = "x"', MARKET + ': own is "x", allowed is absent beside url.'),
        ('inverted = true', 'inverted = "yes"', MARKET + ': inverted is "yes", allowed is true or false.'),
        ('inverted = true', 'invreted = true', MARKET + ': "invreted" is not a known key, allowed are url, own, title, topic, inverted, known, closes_on, forecast'),
        ('known = "Its name."', "", MARKET + ": known is missing, and it is required."),
        ('title = "Will it be?"', 'title = " "', MARKET + ': title is " ", allowed is text that is not empty.'),
        ("closes_on = 2026-12-31", 'closes_on = "soon"', MARKET + ': closes_on is "soon", allowed is a date such as 2025-04-29.'),
        ('own = "mine"', 'own = "Mine!"', 'questions.toml, question "Mine!": own is "Mine!", allowed is lower-case letters, digits, \'.\', \'-\' and \'_\', starting with a letter or digit.'),
        ('own = "mine"', 'url = "https://manifold.markets/Else/will-it-be"', 'questions.toml, question "https://manifold.markets/Else/will-it-be": it is listed twice, allowed is once.'),
        ('[[question]]\nown', '[[topic]]\nid = "writing"\nname = "Again"\nasks = "So?"\n[[question]]\nown', 'questions.toml, topic "writing": it is listed twice, allowed is once.'),
        ("probability = 0.65", "probability = 65", MINE + ", forecast 1: probability is 65, allowed is a number of at most 1."),
        ("probability = 0.65", "probability = -0.1", MINE + ", forecast 1: probability is -0.1, allowed is a number of at least 0."),
        ("probability = 0.65", "probability = nan", MINE + ", forecast 1: probability is NaN, allowed is a number"),
        ("probability = 0.65", "chance = 0.65", MINE + ", forecast 1: probability is missing, and it is required."),
        ('precision = "early 2025"', "accuracy = 1", MINE + ', forecast 1: "accuracy" is not a known key, allowed are forecaster, probability, on, precision, citation.'),
        ('citation = "An essay."', "", MINE + ", forecast 1: citation is missing, and it is required."),
        ("on = 2025-06-01", "on = 2025-03-31", MINE + ", forecast 2: on is 2025-03-31, allowed is a day on which no other forecast of Ada Lovelace is listed."),
        ('"Ada Lovelace"\nprobability = 1', '"ada lovelace"\nprobability = 1', MINE + ', forecast 2: forecaster is "ada lovelace", allowed is “Ada Lovelace” as elsewhere.'),
        ('"Ada Lovelace"\nprobability = 0.65', '"Manifold"\nprobability = 0.65', MINE + ', forecast 1: forecaster is "Manifold", allowed is the name of a person, and none that stands for a market, this program or a reference.'),
        ('known = "All of it."', 'known = "All of it."\n[[unused]]\nx = 1\n[[question]]', 'questions.toml: "unused" is not known here, allowed are [[topic]] and [[question]].'),
        ('known = "Its name."', 'known = "Its name."\nforecast = 0.65', MARKET + ": forecast is not written as [[question.forecast]] tables."),
        ("[[question.forecast]]", "[[question.forecasts]]", MINE + ': "forecasts" is not a known key, allowed are url, own, title, topic, inverted, known, closes_on, forecast'),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_one_sentence(tmp_path: Path, written: str, instead: str, sentence: str) -> None:
    assert written in TEXT
    with pytest.raises(CatalogError) as caught:
        read(tmp_path, TEXT.replace(written, instead))
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) - len(sentence) < 40


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"^questions\.toml: the file is missing from "):
        load_questions(tmp_path)


def test_the_question_behind_the_program_and_its_relatives_are_shipped() -> None:
    known = load_questions(EMBEDDED_CATALOG)
    assert list(known.questions) == [
        "manifold:will-large-reasoning-models-signifi",
        "own:chain-of-thought-outperforms-by-2026",
        "manifold:sota-ai-at-eoy-2026-a-reasoning-mod",
        "manifold:will-the-highestscoring-llm-on-dec",
        "manifold:will-a-big-transformer-lm-compose-t-238b95385b65",
    ]
    # Nothing is known of when any of them closes.
    assert {entry.closes_on for entry in known.questions.values()} == {None}
    for entry in known.questions.values():
        assert "not know" in entry.known or "What we do not" in entry.known
        if entry.url is not None:
            place = source_of(entry.url)
            assert place is not None
            assert entry.id == f"{place.source.name}:{place.key}"
            # As much of the title as its address gives away.
            slug = place.key.removesuffix("-238b95385b65").replace("-", " ")
            assert f"“{slug}”" in entry.known
    assert {entry.topic for entry in known.questions.values()} == set(known.topics)


def test_the_author_is_on_record_with_65_percent_of_early_2025() -> None:
    [said] = load_questions(EMBEDDED_CATALOG).questions["own:chain-of-thought-outperforms-by-2026"].forecast
    assert (said.forecaster, said.probability, said.on, said.precision) == (
        "CDBiddulph",
        0.65,
        date(2025, 3, 31),
        "early 2025",
    )
    assert objection(said.forecaster) is None
    assert re.search(r"manifold\.markets/CDBiddulph/", said.citation)
