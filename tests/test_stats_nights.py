"""Which runs make a night, how lengths of time are written, and what is said about failures and what is due."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from chart_frames import AT, runs

from tracker.stats.nights import (
    clock,
    cut_short,
    due_finding,
    duration,
    during,
    failures,
    night_finding,
    night_name,
    nights,
    since,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "not known"),
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (192, "3 min 12 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_a_length_of_time_in_words(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_pause_of_two_hours_ends_a_night() -> None:
    later = AT + timedelta(hours=3)
    found = nights(pl.concat([runs(4), runs(3, start=later)]))
    assert found["night"].to_list() == [AT] * 4 + [later] * 3


def test_a_long_run_keeps_its_night_together() -> None:
    long = runs(1).with_columns(finished_at=pl.lit(AT + timedelta(hours=6)))
    found = nights(pl.concat([long, runs(2, start=AT + timedelta(hours=5))], how="vertical_relaxed"))
    assert found["night"].n_unique() == 1


def test_a_run_nobody_watched_belongs_to_no_night() -> None:
    assert nights(runs(2).with_columns(started_at=pl.lit(None, pl.Datetime("us", "UTC")))).is_empty()


def test_a_night_in_a_sentence() -> None:
    night = nights(runs(4))
    assert night_finding(night, 0) == "On 23 Nov 2026, 4 runs of 2 models took 1 min 50 s on cpu; none failed."
    assert night_finding(night, 1).endswith("1 attempt failed.")
    assert night_name(AT) == "23 Nov 2026, 02:30"
    assert cut_short(night) == "3 of 400 outputs were cut off at the token limit."
    assert cut_short(night.with_columns(truncated=pl.lit(None, pl.Int64))) is None


def test_a_row_a_run_until_there_are_too_many() -> None:
    night = nights(runs(6))
    by_run, by_model = clock(night, 6), clock(night, 5)
    assert by_run.rows.height == 6
    assert by_model.rows["text"].to_list() == ["3 runs, 1 min 00 s"] * 2
    for drawn in (by_run, by_model):
        assert drawn.bars.height == 6
        assert set(drawn.bars["key"]) == set(drawn.rows["key"])


def test_a_sum_with_an_unknown_part_is_not_known() -> None:
    night = nights(runs(6)).with_columns(
        seconds=pl.when(pl.col("task") == "task_0").then(None).otherwise(pl.col("seconds"))
    )
    assert clock(night, 1).rows["text"].to_list() == ["3 runs, not known", "3 runs, 1 min 00 s"]


def _report(unit: str, outcome: str, minutes: int, job: str = "benchmarks") -> dict[str, object]:
    return {"job": job, "unit": unit, "started_at": AT + timedelta(minutes=minutes), "outcome": outcome}


def test_a_step_that_failed_through_its_units_is_not_told_twice() -> None:
    reports = pl.DataFrame(
        [
            _report("", "failed", 0),
            _report("m / t", "failed", 1),
            _report("", "interrupted", 5, job="markets"),
            _report("m / u", "done", 2),
        ]
    )
    assert failures(reports).select("job", "unit").rows() == [("markets", ""), ("benchmarks", "m / t")]


def test_a_failure_belongs_to_its_night_or_comes_after() -> None:
    failed = failures(pl.DataFrame([_report("a", "failed", 1), _report("b", "failed", 24 * 60)]))
    night = nights(runs(2))
    assert during(failed, night)["unit"].to_list() == ["a"]
    assert since(failed, night) == "Since then 1 attempt failed and nothing finished."
    assert since(failed.head(0), night) is None


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "Nothing is due."),
        ([(12.0, None), (48.0, None)], "2 runs due, about 1 min 00 s of work."),
        ([(12.0, None), (None, None)], "2 runs due, about 12 s of work, and 1 run of unknown length."),
        ([(None, None)], "1 run due, how long it takes is not known."),
        ([(5.0, "No logprobs.")], "Nothing is due. 1 run cannot be run as catalogued."),
    ],
)
def test_what_is_due_in_a_sentence(rows: list[tuple[float | None, str | None]], sentence: str) -> None:
    schema = {"expected_seconds": pl.Float64, "refused": pl.String}
    assert due_finding(pl.DataFrame(rows, schema=schema, orient="row")) == sentence


def test_times_are_utc() -> None:
    assert nights(runs(1))["night"].to_list() == [datetime(2026, 11, 23, 2, 30, tzinfo=UTC)]
