"""What every rule's prediction says of its own error, and until when a rule has to hold."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from tests.evidence_frames import gap
from tests.simulated_worlds import evidence
from tracker.rules.claim import Prediction, last_look
from tracker.rules.estimate import seed_of
from tracker.rules.gap import GapRule

RULE = GapRule.model_validate(
    {
        "kind": "gap",
        "id": "votes",
        "name": "By votes",
        "why": "The question asks for it.",
        "capability": "math",
        "grading": "voted",
        "unit": "rating",
        "by": "mean",
        "margin": 0.09,
    }
)
EARLY, LATE = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)


def test_draws_that_all_agree_are_no_certainty() -> None:
    for holds in (np.ones(4000, dtype=bool), np.zeros(4000, dtype=bool)):
        found = Prediction.of(holds, 3.0)
        assert 0 < found.probability < 1
        assert abs(found.probability - holds[0]) == pytest.approx(0.5 / 4001)
        assert found.stderr > 0


def test_draws_that_share_a_line_are_as_good_as_so_many_lines() -> None:
    """The error that is said is the spread over seeds: 50 lines, each of which decides nearly alone."""
    said, found = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        shared = rng.integers(0, 50, 2000)
        chances = rng.beta(0.2, 0.3, 50)
        one = Prediction.of(rng.random(2000) < chances[shared], 1.0, shared)
        said.append(one.stderr)
        found.append(one.probability)
    assert np.mean(said) == pytest.approx(np.std(found), rel=0.15)
    alone = Prediction.of(np.arange(2000) % 2 == 0, 1.0)
    assert alone.stderr == pytest.approx(np.sqrt(0.25 / 2000), rel=1e-3)


@pytest.mark.parametrize(
    ("closes_at", "ends_on"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2027, 1, 1, 7, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), date(2026, 12, 31)),
        (None, None),
    ],
)
def test_a_question_that_closes_at_night_closes_with_the_day_before(
    closes_at: datetime | None, ends_on: date | None
) -> None:
    assert RULE.ends_on(closes_at) == ends_on
    own = RULE.model_copy(update={"deadline": date(2026, 6, 30)})
    assert own.ends_on(closes_at) == date(2026, 6, 30)


def test_the_last_look_is_that_of_the_source_that_most_comes_from() -> None:
    read = pl.DataFrame(
        {"source": ["board", "board", None], "finished_at": [EARLY, LATE, datetime(2026, 1, 9, tzinfo=UTC)]}
    )
    used = pl.DataFrame({"source": ["board", "board", None]})
    assert last_look(read, used, date(2026, 2, 1)) == LATE.date()
    assert last_look(read, used[2:], date(2026, 2, 1)) == date(2026, 1, 9)
    assert last_look(read, used.clear(), date(2026, 2, 1)) == date(2026, 2, 1)


def test_of_a_deadline_in_another_age_nothing_is_said() -> None:
    there = evidence(date(2025, 12, 31), gaps=[gap("math", twin, finished_at=LATE) for twin in range(6)])
    assert RULE.predict(there, date(2035, 12, 1), 1).probability is not None
    assert RULE.predict(there, date(2036, 12, 31), 1).probability is None
    assert RULE.predict(there, date(9999, 12, 31), 1).probability is None
    assert RULE.verdict(there).holds is not None


def test_from_one_day_to_the_next_only_the_evidence_moves_a_number() -> None:
    rows = [gap("math", twin, finished_at=LATE) for twin in range(6)]
    seed = seed_of("manifold:q", RULE.id)
    days = [date(2025, 12, day) for day in (10, 11, 31)]
    said = {RULE.predict(evidence(day, gaps=rows), date(2026, 12, 31), seed) for day in days}
    assert len(said) == 1
    assert seed != seed_of("manifold:other", RULE.id)
