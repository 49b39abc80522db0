"""The rule about gaps: the verdict of today, the probability of a later day, and what would change either."""

import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.evidence_frames import gap
from tests.simulated_worlds import evidence
from tracker.rules.evidence import FIRST_SEEN, Evidence, FutureEvidence
from tracker.rules.gap import GapRule

DAY = date(2025, 12, 31)
END = date(2026, 12, 31)
SEEN = datetime(2025, 6, 1, tzinfo=UTC)


def rule(**given: object) -> GapRule:
    usual = {
        "kind": "gap",
        "id": "votes",
        "name": "By votes",
        "why": "The question asks for it.",
        "capability": "math",
        "grading": "voted",
        "unit": "rating",
        "by": "interval",
    }
    return GapRule.model_validate(usual | given)


def known(*rows: dict[str, object], as_of: date = DAY) -> Evidence:
    return evidence(
        as_of, gaps=[{"finished_at": SEEN} | {k: v for k, v in row.items() if v is not None} for row in rows]
    )


def several(capability: str = "math", count: int = 6, **columns: object) -> list[dict[str, object]]:
    return [gap(capability, twin, **columns) for twin in range(count)]


@pytest.mark.parametrize("frame", ["gaps", "first_seen", "scores", "doses"])
@pytest.mark.parametrize("known_on", [DAY + timedelta(days=1), None])
def test_evidence_from_the_future_or_without_a_date_is_refused(frame: str, known_on: date | None) -> None:
    moment = None if known_on is None else datetime(known_on.year, known_on.month, known_on.day, tzinfo=UTC)
    whole = known(*several())
    frames = dict(whole.frames())
    column = "first_on" if frame == "first_seen" else "finished_at"
    planted = dict.fromkeys(frames[frame].columns) | {column: known_on if column == "first_on" else moment}
    frames[frame] = pl.concat([frames[frame], pl.DataFrame([planted], schema=frames[frame].schema)])
    with pytest.raises(FutureEvidence, match=f"^{frame} as of 2025-12-31 hold 1 row that was not known then"):
        Evidence(as_of=DAY, **frames)
    assert Evidence(as_of=DAY, **dict(whole.frames())).as_of == DAY


def test_evidence_of_the_last_minute_is_known() -> None:
    late = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert known(*several(finished_at=late)).gaps.height == 6


def test_a_share_is_held_against_the_other_gap_within_each_pair() -> None:
    both = known(*several("creative-writing"), *several("coding"), gap("creative-writing", 6), gap("coding", 7))
    asked = rule(capability="creative-writing", by="mean", share=0.5, share_of="coding")
    units = asked.units(both)
    assert [key[0] for key in units.keys] == [f"r{twin}" for twin in range(6)]
    for place, twin in enumerate(range(6)):
        own, other = gap("creative-writing", twin), gap("coding", twin)
        assert units.values[place] == pytest.approx(own["log_odds"] - 0.5 * other["log_odds"])
        assert units.stderrs[place] == pytest.approx(math.hypot(own["log_odds_stderr"], 0.5 * other["log_odds_stderr"]))
    assert asked.verdict(both).holds is not None


def test_without_a_yardstick_nothing_is_as_clear() -> None:
    weak = [gap("coding", twin, log_odds=(-1) ** twin * 0.1) for twin in range(6)]
    verdict = rule(capability="creative-writing", by="mean", share=0.5, share_of="coding").verdict(
        known(*several("creative-writing"), *weak)
    )
    assert (verdict.holds, verdict.word) == (None, "too-little")
    assert verdict.missing == "The gap in coding is not told apart from nothing: no yardstick."


def test_blocked_gaps_stay_out_unless_they_are_let_in() -> None:
    rows = [*several(count=4), gap("math", 4, flags=["truncated"], log_odds=9.0), gap("math", 5, log_odds_stderr=None)]
    there = known(*rows)
    assert rule().verdict(there).k == 4
    assert rule(admit=["truncated"]).verdict(there).k == 5
    assert rule(admit=["truncated"], by="mean").verdict(there).value > rule(by="mean").verdict(there).value


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([], "0 of 0 pairs measured in math have a gap with a standard error and no blocking flag; 3 are needed."),
        (
            several(count=2) + several(flags=["dead-metric"])[2:],
            "2 of 6 pairs measured in math have a gap with a standard error and no blocking flag; 3 are needed.",
        ),
        (
            several(conventional_id="c"),
            "All pairs in math are held against fewer than 3 conventional models.",
        ),
    ],
)
def test_too_little_evidence_is_said_and_never_a_number(rows: list[dict[str, object]], missing: str) -> None:
    verdict = rule().verdict(known(*rows))
    assert (verdict.holds, verdict.value, verdict.missing) == (None, None, missing)
    assert rule().predict(known(*rows), END, 1).probability is None
    assert rule().p_yes(None) is None


def test_demonstrations_other_gradings_and_other_relations_are_no_evidence() -> None:
    rows = [
        *several(),
        gap("math", 7, demonstration=True),
        gap("math", 8, grading="judged"),
        gap("math", 9, relation="same-lab"),
        gap("math", 10, unit="fraction"),
    ]
    assert rule().verdict(known(*rows)).k == 6
    assert rule(relations=["same-weights", "same-lab"]).verdict(known(*rows)).k == 7


@pytest.mark.parametrize(("margin", "certain"), [(0.0, 1.0), (1.0, 0.0)])
def test_on_the_deadline_the_verdict_is_the_answer(margin: float, certain: float) -> None:
    asked = rule(by="mean", margin=margin)
    decided = asked.predict(known(*several(), looked()), DAY, 1)
    assert (decided.probability, decided.stderr, decided.draws) == (certain, 0.0, 0)
    assert asked.predict(known(*several(count=2), looked()), DAY, 1).probability is None


def test_a_deadline_decides_nothing_where_nobody_has_looked_for_a_month() -> None:
    asked = rule(by="mean", margin=0.1)
    stale = asked.predict(known(*several()), DAY, 1)
    before = asked.predict(known(*several(), as_of=DAY - timedelta(days=1)), DAY, 1)
    assert 0 < stale.probability < 1
    assert stale == before
    assert stale.draws > 0
    weeks = timedelta(days=30)
    fresh = known(*several(finished_at=datetime(2025, 12, 1, 8, tzinfo=UTC)))
    assert fresh.as_of - asked.looked_on(fresh) == weeks
    assert asked.predict(fresh, DAY, 1).draws == 0


def test_a_run_of_last_night_does_not_make_another_source_read() -> None:
    """Our own run on one known pair, or another domain's, or the demonstration's, says nothing of a leaderboard."""
    stale = known(*several())
    night = datetime(2025, 12, 30, 3, tzinfo=UTC)
    own = {"source": "ours", "origin": "local", "finished_at": night}
    for run in (
        gap("math", 0, benchmark_id="own", **own),
        gap("creative-writing", 0, benchmark_id="own", **own),
        gap("math", 0, benchmark_id="shown", demonstration=True, **own),
    ):
        there = known(*several(), run)
        unpublished = there.gaps.with_columns(source=pl.when(pl.col("source") != "ours").then("source"))
        there = Evidence(DAY, unpublished, there.first_seen, there.scores, there.doses)
        assert rule().looked_on(there) == SEEN.date()
        assert rule().expected(there, END) == pytest.approx(rule().expected(stale, END))


def test_the_rate_of_all_two_years_is_another_defensible_choice() -> None:
    """As statistics.md writes it; the rule as stated counts from the first arrival where that is less long ago."""
    first, later = datetime(2025, 4, 4, tzinfo=UTC), datetime(2025, 11, 5, tzinfo=UTC)
    there = known(gap("math", 0, finished_at=first), *(gap("math", twin, finished_at=later) for twin in range(1, 6)))
    asked, looked_on = rule(), later.date()
    years = (END - looked_on).days / 365.25
    assert asked.expected(there, END) == pytest.approx(5.5 / ((looked_on - first.date()).days / 365.25) * years)
    other = dict(asked.variants(there))["new measurements at the rate of the last 24 months"]
    assert other.expected(there, END) == pytest.approx(6.5 / 2 * years)
    assert "new measurements at the rate of the last 24 months" not in dict(other.variants(there))


def test_past_the_deadline_later_evidence_decides_nothing() -> None:
    with pytest.raises(FutureEvidence, match="evidence as of 2025-12-31 is later than the deadline, 2025-12-30"):
        rule().predict(known(*several()), DAY - timedelta(days=1), 1)


def test_the_same_seed_gives_the_same_bytes() -> None:
    there = known(*several(count=9))
    first = [rule(margin=0.05).predict(there, END, seed) for seed in (1, 2, 1)]
    again = rule(margin=0.05).predict(known(*reversed(several(count=9))), END, 1)
    assert first[0] == first[2] == again
    assert first[0].probability != first[1].probability
    assert 0 < first[0].probability < 1
    assert first[0].stderr == pytest.approx(
        math.sqrt(first[0].probability * (1 - first[0].probability) / 4000), rel=0.2
    )


def test_agreeing_draws_are_not_certainty() -> None:
    found = rule(by="mean", margin=-2.0).predict(known(*several()), END, 1)
    assert 0.9998 < found.probability < 1
    assert found.stderr > 0


def looked(**given: object) -> dict[str, object]:
    """Something else that the same source had on the day of the evidence."""
    return gap("creative-writing", 99, finished_at=datetime(2025, 12, 31, tzinfo=UTC), **given)


def test_as_many_arrive_as_came_in_the_last_24_months() -> None:
    old = datetime(2023, 12, 1, tzinfo=UTC)
    rows = [
        *several(count=6),
        gap("math", 6, finished_at=old),
        gap("math", 7, flags=["truncated"]),
        looked(),
    ]
    there = known(*rows)
    assert rule().expected(there, DAY + timedelta(days=365)) == pytest.approx(6.5 / 2 * 365 / 365.25)
    assert rule(admit=["truncated"]).expected(there, END) == pytest.approx(7.5 / 2 * 365 / 365.25)
    assert rule().predict(there, END, 1).expected == rule().expected(there, END)


def test_the_first_time_a_pair_was_measured_counts_not_the_latest() -> None:
    there = known(*several(), looked())
    early = there.first_seen.with_columns(first_on=pl.lit(date(2023, 1, 1)))
    assert early.schema == FIRST_SEEN
    again = Evidence(DAY, there.gaps, early, there.scores, there.doses)
    assert rule().expected(again, END) == pytest.approx(0.5 / 2 * 365 / 365.25)


def test_nobody_has_looked_since_and_so_nobody_knows_what_came() -> None:
    """Evidence that grows old says as much of the deadline as it said when it was new."""
    fresh, stale = known(*several(), as_of=SEEN.date()), known(*several())
    assert rule().looked_on(stale) == SEEN.date()
    assert rule(margin=0.05).predict(stale, END, 1) == rule(margin=0.05).predict(fresh, END, 1)
    other = known(*several(), looked(source="Another"))
    assert rule().expected(other, END) == rule().expected(stale, END)
    assert rule().looked_on(known(*several(), looked())) == DAY
    assert rule().looked_on(known()) == DAY


def test_each_other_choice_is_a_variant() -> None:
    rows = [
        *several(),
        *(gap("math", twin, source="Another", benchmark_id="other/math") for twin in range(6)),
        *(gap("math", twin, source=None, origin="local", benchmark_id="own") | {"source": None} for twin in range(6)),
    ]
    there = evidence(DAY, gaps=[row | {"finished_at": SEEN} for row in rows])
    there = Evidence(
        DAY,
        there.gaps.with_columns(source=pl.when(pl.col("benchmark_id") != "own").then("source")),
        there.first_seen,
        there.scores,
        there.doses,
    )
    asked = rule(relations=["same-weights", "same-base"], admissible=["same-lab", "same-base"])
    found = dict(asked.variants(there))
    assert list(found) == [
        "without Another",
        "without Made up",
        "without our own and imported runs",
        "same weights alone",
        "same base alone",
        "same lab alone",
        "spread after DerSimonian and Laird",
        "new measurements at the rate of the last 24 months",
    ]
    assert found["same lab alone"].verdict(there).k == 0
    without = found["without our own and imported runs"]
    assert without.units(there).stderrs[0] > asked.units(there).stderrs[0]
    assert set(without.variants(there)[0][1].without_sources) == {"our own and imported runs", "Another"}
    flagged = known(*several(count=5), gap("math", 5, flags=["truncated"]))
    names = dict(rule().variants(flagged))
    assert list(names)[-1] == "with flagged gaps"
    assert names["with flagged gaps"].verdict(flagged).k == 6


def test_a_piece_left_out_is_as_if_it_had_never_been() -> None:
    rows = several(count=8)
    there = known(*rows)
    pieces = rule().pieces(there)
    assert [piece.name for piece in pieces[:2]] == ["Thinker 0 against Talker 0", "Thinker 1 against Talker 1"]
    for place, piece in enumerate(pieces):
        less = rule().without(there, piece)
        never = known(*(row for other, row in enumerate(rows) if other != place))
        assert rule().verdict(less) == rule().verdict(never)
        assert rule(margin=0.05).predict(less, END, 3) == rule(margin=0.05).predict(never, END, 3)
    assert rule().verdict(there).k == 8
    both = rule().without(rule().without(there, pieces[0]), pieces[1])
    assert rule().verdict(both).k == 6


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"capability": "creative-writing"},
            "In creative writing, where people vote, the whole 95 % interval of the pooled gap between reasoning and"
            " conventional models (same weights) lies above 0.",
        ),
        (
            {"by": "mean", "margin_elo": 10.0, "relations": ["same-weights", "same-base"], "grading": "judged"},
            "In math, where a model judges, the pooled gap between reasoning and conventional models (same weights or"
            " same base) lies above 10 Elo.",
        ),
        (
            {"by": "mean", "margin": math.log(2), "unit": "fraction", "grading": "verifiable"},
            "In math, where answers are checked, the pooled gap between reasoning and conventional models (same"
            " weights) lies above odds 2.00 times as high.",
        ),
        (
            {"by": "mean", "share": 0.5, "share_of": "coding", "grading": "proxy"},
            "In math, where a measure stands in for taste, the pooled gap between reasoning and conventional models"
            " (same weights) lies above 50 % of that in coding, compared within each pair.",
        ),
    ],
)
def test_the_rule_in_words(given: dict[str, object], words: str) -> None:
    assert rule(**given).words() == words


def test_a_margin_in_rating_points_is_one_in_log_odds() -> None:
    there = known(*several(count=9))
    points = rule(margin_elo=13.0)
    odds = rule(margin=13.0 * math.log(10) / 400)
    assert points.predict(there, END, 1) == odds.predict(there, END, 1)
    assert points.verdict(there).threshold == pytest.approx(13.0)


def test_fidelity_and_otherwise_make_the_question_of_the_rule() -> None:
    asked = rule(fidelity=0.6, otherwise=0.15)
    assert [asked.p_yes(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([0.06, 0.36, 0.66])


def test_evidence_is_read_once_for_all_rules_of_a_day() -> None:
    there = known(*several())
    asked = [rule(), rule(by="mean"), rule(margin=0.1)]
    assert len({id(one.units(there).values) for one in asked}) == 1
