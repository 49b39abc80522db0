"""A dossier's part on the evidence: pictures of it, every number that counts with its source, and reasons for doubt."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from db.queries.record import Record
from tracker.dossier.blocks import Block, Column, Heading, Items, Link, Part, Picture, Table, Text
from tracker.dossier.spoken import Spoken
from tracker.figures import evidence as figures
from tracker.figures.trends import SEED, trend
from tracker.rules.dose import DoseRule
from tracker.rules.evidence import Evidence
from tracker.rules.frontier import FrontierRule
from tracker.rules.gap import GapRule
from tracker.stats.evidence import once
from tracker.stats.evidence_domains import domains, of_domain
from tracker.stats.findings import ORIGINS, RELATIONS, in_words, reasons, with_intervals
from tracker.stats.terms import terms
from tracker.stats.trends import trends

# A table longer than this is for a file, not for a reader.
MOST_ROWS = 120
KEY = ("reasoning_run_id", "conventional_run_id", "benchmark_id")


def evidence_blocks(record: Record, found: Sequence[Spoken]) -> Iterator[Block]:
    """Pictures, tables, sources and flags of all that the rules look at."""
    gaps = used_gaps(found)
    scores = used_scores(found)
    if gaps.is_empty() and scores.is_empty():
        return
    yield Heading("The evidence")
    yield Text.of(f"Everything here was published or finished by {in_words(record.as_of)}.", quiet=True)
    yield from _pooled(record, found)
    if gaps.height:
        yield _gap_table(gaps)
    for one in found:
        if isinstance(one.rule, FrontierRule):
            yield from _frontier(record, one)
    yield from _sources(record, gaps, scores)
    yield from _flags(gaps, scores)


def used_gaps(found: Sequence[Spoken]) -> pl.DataFrame:
    """The gaps that any rule looks at, each once, those kept out among them: `blocked` by every rule that sees them."""
    frames = [one.rule.looked_at(one.evidence) for one in found if isinstance(one.rule, GapRule)]
    return _together(frames, KEY)


def used_scores(found: Sequence[Spoken]) -> pl.DataFrame:
    """The scores that any rule looks at, each once, with `blocked`."""
    frames = [one.rule.looked_at(one.evidence) for one in found if isinstance(one.rule, FrontierRule | DoseRule)]
    return _together(frames, ("run_id", "benchmark_id"))


def _together(frames: Sequence[pl.DataFrame], key: Sequence[str]) -> pl.DataFrame:
    kept = [frame for frame in frames if frame.height]
    if not kept:
        return pl.DataFrame()
    return (
        pl.concat(kept, how="diagonal_relaxed")
        .sort("blocked", maintain_order=True)
        .unique(key, keep="first", maintain_order=True)
        .sort("benchmark_id", *key)
    )


def _pooled(record: Record, found: Sequence[Spoken]) -> Iterator[Block]:
    """For each way in which rules look at gaps: the domains pooled so, and the pairs of those they are about."""
    groups: dict[tuple[object, ...], list[Spoken]] = {}
    for one in found:
        if isinstance(one.rule, GapRule):
            rule = one.rule
            key = (rule.grading, rule.unit, rule.relations, rule.method, rule.admit, one.evidence.as_of)
            groups.setdefault(key, []).append(one)
    for alike in groups.values():
        yield from _group(record, [one.rule for one in alike if isinstance(one.rule, GapRule)], alike[0].evidence)


def _group(record: Record, rules: Sequence[GapRule], evidence: Evidence) -> Iterator[Block]:
    rule = rules[0]
    relation = rule.relations[0] if len(rule.relations) == 1 else None
    gaps = evidence.gaps.filter(
        pl.col("grading") == rule.grading,
        pl.col("unit") == rule.unit,
        pl.col("relation").is_in(list(rule.relations)),
        ~pl.col("demonstration"),
    )
    if gaps.is_empty():
        return
    publications = record.publications
    rows = domains(gaps, record.names, method=rule.method, admit=rule.admit)
    if rows["mean"].is_not_null().any():
        figure = figures.pooled(gaps, rows, relation=relation, method=rule.method, publications=publications)
        yield Picture(f"pooled-{rule.grading}", figure)
    wanted = dict.fromkeys(name for one in rules for name in (one.capability, one.share_of) if name)
    of = {row["capability"]: row for row in rows.iter_rows(named=True)}
    for row in (of[name] for name in wanted if name in of):
        own = of_domain(once(gaps, admit=rule.admit), row)
        marks = figures.marks(own, row, admit=rule.admit, each=row["mean"] is None)
        figure = figures.pairs(marks, own, rows, row, relation=relation, method=rule.method, publications=publications)
        yield Picture(f"pairs-{rule.grading}-{row['capability']}", figure)


def _frontier(record: Record, one: Spoken) -> Iterator[Block]:
    scores = one.rule.looked_at(one.evidence)
    dated = scores.filter(pl.col("released_on").is_not_null())
    if dated.is_empty():
        return
    name = str(scores["benchmark_name"][0])
    kinds = one.evidence.scores.filter(pl.col("benchmark_id") == scores["benchmark_id"][0])
    trend_found = trends(kinds, rng=np.random.default_rng(SEED))
    if trend_found is not None:
        figure = trend(trend_found, name, trend_found.scores, ahead_to=None, publications=record.publications)
        yield Picture(f"trend-{one.rule.id}", figure)
    rows = scores.sort("value", "model_id", descending=[True, False]).head(MOST_ROWS)
    yield Table(
        (
            Column("Model", share=2.5),
            Column("Kind"),
            Column("Released"),
            Column("Score", right=True),
            Column("95 %", right=True),
            Column("Source", share=1.5),
            Column("Of"),
        ),
        tuple(_score_row(row) for row in rows.iter_rows(named=True)),
        f"{name}: the scores that the rule looks at, the best first.{_left_out(scores.height)}",
    )


def _score_row(row: dict[str, Any]) -> tuple[Part | None, ...]:
    factor, after = (100.0, "\u00a0%") if row["unit"] == "fraction" else (1.0, "")
    ends = None
    if row["low"] is not None and row["high"] is not None:
        ends = f"{factor * row['low']:.0f} to {factor * row['high']:.0f}".replace("-", "−")
    return (
        row["model_name"],
        row["kind"],
        _day(row["released_on"]) if row["released_on"] else None,
        f"{factor * row['value']:.0f}{after}".replace("-", "−"),
        ends,
        _source(row),
        _day(row["finished_at"].date()) if row["finished_at"] else None,
    )


def _gap_table(gaps: pl.DataFrame) -> Table:
    """Every gap that counts for a rule or would, without its flags."""
    shown = with_intervals(gaps).sort("benchmark_name", "shown", "reasoning_id", descending=[False, True, False])
    return Table(
        (
            Column("Pair", share=2.5),
            Column("Benchmark", share=1.4),
            Column("Gap [95 %]", right=True, share=1.25),
            Column("Reasoning", right=True),
            Column("Conventional", right=True, share=1.2),
            Column("Flags", share=1.2),
            Column("Source"),
            Column("Of", share=1.15),
        ),
        tuple(_gap_row(row) for row in shown.head(MOST_ROWS).iter_rows(named=True)),
        "Every gap that the rules look at, reasoning minus conventional: Elo points, or points of percent."
        + _left_out(gaps.height),
    )


def _gap_row(row: dict[str, Any]) -> tuple[Part | None, ...]:
    factor, decimals = (100.0, 1) if row["unit"] == "fraction" else (1.0, 0 if row["unit"] == "rating" else 2)
    values = [
        None if row[f"{side}_value"] is None else f"{factor * row[f'{side}_value']:.{decimals}f}"
        for side in ("reasoning", "conventional")
    ]
    return (
        f"{row['reasoning_name']} − {row['conventional_name']}",
        row["benchmark_name"],
        row["text"],
        *values,
        ", ".join(row["flags"] or []) + (" (kept out)" if row["blocked"] else ""),
        _source(row),
        _day(row["finished_at"].date()) if row["finished_at"] else None,
    )


def _day(day: date) -> str:
    """A date that is not broken over two lines."""
    return in_words(day).replace(" ", "\u00a0")


def _source(row: dict[str, Any]) -> Part:
    name = row["source"] or ORIGINS.get(row.get("origin") or "local", "own runs")
    return Link(name, row["source_url"]) if row.get("source_url") else name


def _left_out(count: int) -> str:
    return f" The first {MOST_ROWS} of {count:,}; the file with the data has all." if count > MOST_ROWS else ""


def _sources(record: Record, gaps: pl.DataFrame, scores: pl.DataFrame) -> Iterator[Block]:
    """Who published the numbers, how they are cited, and on which terms they may be used."""
    titles = {title for frame in (gaps, scores) if frame.height for title in frame["source"].drop_nulls().to_list()}
    rows = record.publications.filter(pl.col("title").is_in(sorted(titles)))
    if rows.height:
        yield Heading("Sources", 3)
        yield Items(
            tuple(
                (
                    Link(row["title"], row["url"] or ""),
                    f": {row['citation']}. Terms: {row['terms'] or 'not known'}.",
                    f" {row['note']}" if row["note"] else "",
                )
                for row in rows.iter_rows(named=True)
            )
        )
    if gaps.height:
        relations = ", ".join(RELATIONS.get(name, name) for name in gaps["relation"].unique().sort().to_list())
        yield Text.of(f"Pairs: {relations}. Terms of all figures: {terms(gaps, record.publications)}.", quiet=True)


def _flags(gaps: pl.DataFrame, scores: pl.DataFrame) -> Iterator[Block]:
    """Every flag that is raised on them, with its sentence and how often."""
    raised: dict[str, int] = {}
    for frame in (gaps, scores):
        for flags in frame["flags"].to_list() if frame.height else []:
            for flag in flags or []:
                raised[flag] = raised.get(flag, 0) + 1
    yield Heading("Reasons for doubt", 3)
    if not raised:
        yield Text.of("No flag is raised on any of these numbers.")
        return
    total = gaps.height + scores.height
    yield Items(
        tuple((f"{flag} ({count:,} of {total:,}): {reasons([flag])}",) for flag, count in sorted(raised.items()))
    )
    kept_out = sum(int(frame["blocked"].sum()) for frame in (gaps, scores) if frame.height)
    yield Text.of(
        f"{kept_out:,} of the {total:,} are kept out of the pooled numbers by their flags."
        if kept_out
        else "None of these flags keeps a number out; they are reasons to look twice."
    )
