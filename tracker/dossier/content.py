"""A question's dossier, whole: everything in the order in which somebody who must resolve it reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from db.queries.record import Record
from tracker.dossier.blocks import Block, Heading, Link, Passage, Picture, Text
from tracker.dossier.evidence import evidence_blocks
from tracker.dossier.history import history_blocks
from tracker.dossier.method import check_blocks, method_blocks
from tracker.dossier.names import file_name
from tracker.dossier.rules import rule_blocks
from tracker.dossier.spoken import EvidenceOn, Spoken, frame, spoken
from tracker.figures.question import course
from tracker.rules import join_findings as findings
from tracker.rules.rule import Rule
from tracker.stats import history as drawing
from tracker.stats.findings import in_words
from tracker.stats.question_findings import facts
from tracker.stats.sites import SITES, site_address


@dataclass(frozen=True)
class Dossier:
    """`name`: what its files are called. `spoken`: each rule's estimate, with the evidence it rests on."""

    name: str
    title: str
    record: Record
    spoken: tuple[Spoken, ...]
    blocks: tuple[Block, ...]

    @property
    def data_name(self) -> str:
        """What the file with the data behind it is called."""
        return f"{self.name}-data.zip"

    @property
    def pictures(self) -> list[Picture]:
        return [block for block in self.blocks if isinstance(block, Picture)]


def dossier(record: Record, rules: Sequence[Rule], evidence_on: EvidenceOn) -> Dossier:
    """What is known of a question on the day of its record. `evidence_on`: the evidence of a day, for `rules`."""
    name = file_name(record.question["question_id"])
    found = tuple(spoken(record, rules, evidence_on))
    title = " ".join(record.question["title"].split())
    blocks = tuple(_blocks(record, rules, found, f"{name}-data.zip"))
    return Dossier(name, title, record, found, blocks)


def _blocks(record: Record, rules: Sequence[Rule], found: Sequence[Spoken], data_name: str) -> Iterator[Block]:
    question, rows = record.question, frame(found, record.estimates)
    yield Heading(" ".join(question["title"].split()), 1)
    yield Text.of(f"{facts(question, record.moment)} · as known on {in_words(record.as_of)}", quiet=True)
    address = site_address(question["source"], question["url"])
    if address:
        yield Text.of(f"At {SITES.get(question['source'], question['source'])}: ", Link(address, address), quiet=True)
    told = findings.elsewhere(question, record.standing, record.questions)
    # Past its deadline a rule is judged on less than the record knows.
    gaps = next((one.evidence.gaps for one in found if one.row is not None), None)
    for text in (
        findings.claimed(question, rows, rules),
        findings.measured(rows, gaps=gaps),
        findings.sure(rows),
        findings.others(question, told),
        findings.missing(question, rows, record.as_of, gaps=gaps),
    ):
        if text:
            yield Text.of(text, lead=True)
    yield from _course(record, rows)
    if rules:
        yield from rule_blocks(found)
    yield from evidence_blocks(record, found)
    yield from method_blocks(found)
    yield from history_blocks(record)
    yield from _own_words(record)
    yield from check_blocks(found, data_name)


def _course(record: Record, rows: pl.DataFrame) -> Iterator[Block]:
    """Market, people and our estimate on one axis of time."""
    question = record.question
    others = drawing.related(record.questions, question)
    ids = [question["question_id"], *others["question_id"].to_list()]
    known = record.forecasts.filter(pl.col("question_id").is_in(ids))
    gaps = record.gaps.filter(pl.col("relation") == "same-weights")
    # A dossier is dated by its record, not by when it is made.
    found = course(question, others, known, record.questions, record.estimates, gaps, now=record.moment)
    if not found.empty:
        yield Picture("history", found.figure)


def _own_words(record: Record) -> Iterator[Block]:
    question = record.question
    if not question["rules"] and not question["note"]:
        return
    yield Heading("The question in its own words")
    if question["rules"]:
        yield Text.of("Its rules, as its source states them:", quiet=True)
        yield Passage(question["rules"])
    if question["note"]:
        yield Text.of("What is known of it here, and what not:", quiet=True)
        yield Passage(question["note"])
