"""A dossier's part on the record: what we and others said and when, what was decided, and the scores so far."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from db.queries.record import Record
from tracker.dossier.blocks import Block, Column, Heading, Items, Name, Table, Text
from tracker.rules import estimate_findings as findings
from tracker.rules.verdicts import HOLDS, in_words
from tracker.stats import forecast_findings, scoring
from tracker.stats.forecast_findings import named
from tracker.stats.forecasts import reference_steps, steps
from tracker.stats.question_findings import decisions, journal
from tracker.stats.questions import percent, quantity, said

SEED = 20261123
DIGITS = 12


def history_blocks(record: Record) -> Iterator[Block]:
    """Our estimates, live and afterwards apart; the others' record; decisions; scores."""
    yield Heading("Our estimates so far")
    live, later = (record.estimates.filter(pl.col("backtest") == backtest) for backtest in (False, True))
    if live.is_empty() and later.is_empty():
        yield Text.of("None is stored.")
    if live.height:
        yield Heading("Made on their day", 3)
        yield from _estimates(live)
    if later.height:
        yield Heading("Back-tests", 3)
        yield Text.of(
            "Computed later, of the evidence that was dated up to each day, by rules that were written later: they"
            " show what the rules would have said, and are no record of foresight.",
            quiet=True,
        )
        yield from _estimates(later)
    yield from _others(record)
    yield from _scores(record)


def _estimates(rows: pl.DataFrame) -> Iterator[Block]:
    """A table; rules that never had enough evidence are named in a sentence."""
    known = ((pl.col("verdict") != "too-little") | pl.col("p_yes").is_not_null()).any().over("rule_id")
    for (_,), silent in rows.filter(~known).partition_by("rule_id", as_dict=True, maintain_order=True).items():
        days = "" if silent.height == 1 else f" on each of {silent.height} days"
        yield Text.of(f"{findings.rule_name(silent.row(0, named=True))}: too little evidence{days}.")
    ordered = rows.filter(known).sort("as_of", "headline", "rule_id", descending=[True, True, False])
    if ordered.is_empty():
        return
    yield Table(
        (
            Column("Evidence up to", share=1.2),
            Column("Rule", share=2.0),
            Column("Verdict", share=1.4),
            Column("P(rule)", right=True),
            Column("P(YES)", right=True),
            Column("Range", right=True, share=1.1),
            Column("Evidence", share=1.3),
        ),
        tuple(_estimate(row) for row in ordered.iter_rows(named=True)),
        f"Evidence: the first {DIGITS} digits of its SHA-256. Range: over the rule's variants.",
    )


def _estimate(row: dict[str, Any]) -> tuple[Any, ...]:
    ends = None
    if row["low"] is not None and row["high"] is not None:
        ends = "–".join(percent(row[end]) for end in ("low", "high")) + "\u00a0%"
    drawn = json.loads(row["statistic"]).get("draws")
    p_rule = None
    if row["p_rule"] is not None:
        p_rule = findings.simulated(row["p_rule"], drawn) if drawn else findings.probability(row["p_rule"])
    return (
        in_words(row["as_of"]).replace(" ", "\u00a0"),
        findings.rule_name(row),
        HOLDS[row["verdict"]].removeprefix("It ").capitalize(),
        p_rule,
        None if row["p_yes"] is None else findings.probability(row["p_yes"]),
        ends,
        Name(row["evidence_hash"][:DIGITS]),
    )


def _others(record: Record) -> Iterator[Block]:
    """Markets at each month's end, every statement of people, and what was decided."""
    question, scale = record.question, quantity(record.question["scale"])
    yield Heading("What others said")
    own = record.forecasts.filter(question_id=question["question_id"])
    prices = own.filter(pl.col("kind") == "market", pl.col("at") <= (question["resolved_at"] or record.moment))
    months = (
        prices.sort("at", "position")
        .group_by("forecaster", month=pl.col("at").dt.strftime("%Y-%m"), maintain_order=True)
        .last()
        .drop_nulls("probability")
        .sort("forecaster", "at", descending=[False, True])
    )
    if months.height:
        yield Table(
            (Column("Market"), Column("At, UTC", share=1.4), Column("Price", right=True)),
            tuple(
                (named(row["forecaster"], "market"), _moment(row["at"]), said(row["probability"], scale))
                for row in months.iter_rows(named=True)
            ),
            f"The last price of each month; all {prices.height:,} are in the file with the data.",
        )
    elif question["source"] != "own":
        yield Text.of("No price of the market is known here: its site has not been read.")
    statements = journal(own, question)
    if statements:
        yield Heading("People", 3)
        yield Items(tuple((_statement(one),) for one in statements))
    elif question["source"] == "own":
        yield Text.of("Nobody is on record for a forecast of it.")
    decided = decisions(record.resolutions)
    if decided:
        yield Heading("What was decided", 3)
        yield Items(tuple((line,) for line in decided))


def _statement(one: dict[str, Any]) -> str:
    parts = [f"{' '.join(one['forecaster'].split())}: {one['text']}, {one['when']} UTC."]
    parts += [f"“{' '.join(one['reason'].split())}”"] if one["reason"] else []
    parts += [f"Found in: {' '.join(one['citation'].split())}"] if one["citation"] else []
    parts += [f"{one['gone']}."] if one["gone"] else []
    return " ".join(parts)


def _scores(record: Record) -> Iterator[Block]:
    """Of a resolved question everybody's scores on it; of an open one, how good they have been on others."""
    yield Heading("Scores so far")
    question = record.question
    ids = record.questions.filter(pl.col("resolution").is_not_null())["question_id"].to_list()
    stood = steps(record.forecasts.filter(pl.col("question_id").is_in(ids)), record.questions)
    if question["annulled"]:
        yield Text.of("The question was annulled: no forecast on it is scored.")
        return
    if question["resolution"] is not None:
        own = stood.filter(question_id=question["question_id"])
        everybody = pl.concat([own, reference_steps(own, record.questions)]) if own.height else own
        names = everybody["forecaster"].unique().sort().to_list()
        table = scoring.question_scores(everybody, record.questions, names)
        yield _score_table(table) if table.height else Text.of("There is no day on which all had a forecast standing.")
        return
    yield Text.of("It is open: scores on it come with its resolution.")
    names = record.standing.filter(question_id=question["question_id"])["forecaster"].to_list()
    lines = []
    for name in sorted(set(names)):
        own = scoring.question_scores(stood, record.questions, [name])
        table = scoring.forecaster_scores(own, np.random.default_rng(SEED))
        if table.height:
            row = table.row(0, named=True)
            score = forecast_findings.with_interval(row["brier"], row["brier_low"], row["brier_high"])
            lines.append((f"{named(name, row['kind'])}: Brier score {score} over {row['questions']:,} resolved ones.",))
    if lines:
        yield Text.of("How good they have been on others, each over its own questions:")
        yield Items(tuple(lines))


def _score_table(table: pl.DataFrame) -> Table:
    return Table(
        (
            Column("Who", share=2.0),
            Column("Said on average", right=True),
            Column("Brier", right=True),
            Column("Log, nats", right=True),
            Column("Baseline", right=True),
        ),
        tuple(
            (
                named(row["forecaster"], row["kind"]),
                findings.probability(row["probability"]),
                f"{row['brier']:.3f}",
                f"{row['log']:.3f}".replace("-", "−"),
                f"{row['baseline']:+.0f}".replace("-", "−"),
            )
            for row in table.sort("brier").iter_rows(named=True)
        ),
        f"Over the {table['days'][0]:,.0f} days on which all of these had a forecast standing. Brier: 0 is best.",
    )


def _moment(at: Any) -> str:
    return f"{in_words(at.date())}, {at:%H:%M}"
