"""The gaps that follow from the runs in the database: which two runs, which documents, which flags."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, select, update

from db.engine import writing
from db.queries import scores
from db.store import save_catalog, save_gaps, save_run
from db.tables import Benchmark, Gap, Metric, Model, Run, Sample, SampleRow, Twin
from jobs.estimates import run_estimates
from tracker.stats.gaps import stderr

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
NOW = NIGHT + timedelta(days=30)
SETTINGS = {
    "limit": None,
    "fewshot": None,
    "apply_chat_template": True,
    "generation": {},
    "harness_default_limit": False,
}


@pytest.fixture
def catalogued(engine: Engine) -> Engine:
    """Twins thinker/plain (same weights) and thinker/cousin (same family, read off the names); two benchmarks."""
    models = [
        Model(id="thinker", name="Thinker", kind="reasoning"),
        Model(id="plain", name="Plain", kind="conventional"),
        Model(id="cousin", name="Cousin", kind="conventional"),
    ]
    twins = [
        Twin(reasoning_id="thinker", conventional_id="plain", relation="same-weights", evidence="One checkpoint."),
        Twin(
            reasoning_id="thinker", conventional_id="cousin", relation="same-family", evidence="Names.", inferred=True
        ),
    ]
    benchmarks = [
        Benchmark(
            id="sums",
            name="Sums",
            task="sums",
            metric="exact_match",
            filter="answer",
            unit="fraction",
            chance=0.1,
            grading="verifiable",
        ),
        Benchmark(id="arena", name="Arena", task=None, metric="rating", filter="none", unit="rating", grading="voted"),
    ]
    save_catalog(engine, models, twins, benchmarks)
    return engine


def add_run(
    engine: Engine,
    model: str,
    scored: dict[str, float] | float,
    *,
    night: int | None = 0,
    benchmark: str = "sums",
    settings: dict[str, Any] | None = None,
    siblings: dict[tuple[str, str], float] | None = None,
    n: int | None = None,
    error: float | None = None,
    **fields: Any,
) -> None:
    """A run with one score a document by its hash, in this order, or with only a total; `night` None: not dated."""
    fields = {"origin": "local", "status": "complete", "truncated": 0} | fields
    run_id = f"{fields['origin']}-{model}-{benchmark}-{night}"
    documents = scored if isinstance(scored, dict) else {}
    value = scored if isinstance(scored, float) else sum(documents.values()) / len(documents)
    headline = ("exact_match", "answer") if benchmark == "sums" else ("rating", "none")
    run = Run(
        id=run_id,
        model_id=model,
        task=benchmark,
        finished_at=None if night is None else NIGHT + timedelta(days=night),
        settings=SETTINGS | (settings or {}) if fields["origin"] != "published" else {},
        settings_hash="x",
        environment={},
        files={},
        **fields,
    )
    if documents:
        n, error = len(documents), stderr(list(documents.values()))
    metrics = [
        Metric(run_id=run_id, benchmark_id=benchmark, name=name, filter=filter_, value=number, stderr=error, n=n)
        for (name, filter_), number in ({headline: value} | (siblings or {})).items()
    ]
    samples = [
        SampleRow(run_id, benchmark, at, key, score, 5, False) for at, (key, score) in enumerate(documents.items())
    ]
    assert save_run(engine, run, metrics, samples)


def only_gap(engine: Engine) -> dict[str, Any]:
    run_estimates(engine, now=NOW)
    rows = scores.gaps(engine).to_dicts()
    assert len(rows) == 1
    return rows[0]


def documents(pattern: str) -> dict[str, float]:
    return {f"hash{at}": float(mark) for at, mark in enumerate(pattern)}


def test_a_paired_gap_is_computed_from_the_samples(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", documents("11000"))
    gap = only_gap(catalogued)
    assert (gap["paired"], gap["n"], gap["flags"]) == (True, 5, [])
    assert (gap["reasoning_value"], gap["conventional_value"], gap["value"]) == pytest.approx((0.8, 0.4, 0.4))
    assert gap["stderr"] == pytest.approx(stderr([0, 0, 1, 1, 0]))
    assert (gap["reasoning_id"], gap["conventional_id"]) == ("thinker", "plain")


def test_documents_are_matched_by_hash_and_never_by_position(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", dict(reversed(documents("11000").items())))
    gap = only_gap(catalogued)
    assert (gap["n"], gap["value"]) == (5, pytest.approx(0.4))
    assert gap["stderr"] == pytest.approx(stderr([0, 0, 1, 1, 0]))


def test_a_document_missing_on_one_side_is_not_counted_and_is_said(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    fewer = documents("11000")
    del fewer["hash2"]
    add_run(catalogued, "plain", fewer)
    gap = only_gap(catalogued)
    assert (gap["n"], gap["paired"], gap["flags"]) == (4, True, ["unequal-settings"])
    assert (gap["reasoning_value"], gap["conventional_value"]) == (0.75, 0.5)


def test_runs_that_share_no_document_are_told_apart_by_their_totals(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", {f"other{at}": at % 2 for at in range(5)})
    gap = only_gap(catalogued)
    assert (gap["paired"], gap["flags"]) == (False, ["unequal-settings"])


def test_totals_alone_give_an_unpaired_gap(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", 0.8, n=400)
    add_run(catalogued, "plain", documents("1100"))
    gap = only_gap(catalogued)
    assert gap["paired"] is False
    assert gap["stderr"] == pytest.approx((0.8 * 0.2 / 400 + stderr([1, 1, 0, 0]) ** 2) ** 0.5)


def test_nothing_changes_the_second_time(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", documents("11000"))
    add_run(catalogued, "cousin", documents("10100"))
    first = run_estimates(catalogued, now=NOW)
    assert (first["gaps"], first["paired"], first["added"]) == (2, 2, 2)
    before = stored(catalogued)
    second = run_estimates(catalogued, now=NOW)
    assert (second["gaps"], second["added"], second["changed"], second["removed"]) == (2, 0, 0, 0)
    assert stored(catalogued) == before


def stored(engine: Engine) -> list[tuple[Any, ...]]:
    table = Gap.__table__
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]


def test_an_inferred_relation_is_flagged(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "cousin", documents("10100"))
    assert only_gap(catalogued)["flags"] == ["inferred-twin"]


def test_one_side_alone_gives_no_gap(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    assert run_estimates(catalogued, now=NOW)["gaps"] == 0


def test_the_latest_runs_are_compared_and_older_gaps_go(catalogued: Engine) -> None:
    for night in (0, 1):
        add_run(catalogued, "thinker", documents("11110"), night=night)
        add_run(catalogued, "plain", documents("11000"), night=night)
        gap = only_gap(catalogued)
        assert gap["reasoning_run_id"] == f"local-thinker-sums-{night}"
        assert gap["conventional_run_id"] == f"local-plain-sums-{night}"


def test_an_older_pair_asked_the_same_beats_a_newer_one_that_was_not(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"), night=0)
    add_run(catalogued, "plain", documents("11000"), night=1)
    add_run(catalogued, "thinker", documents("11111"), night=2, settings={"fewshot": 5})
    assert only_gap(catalogued)["reasoning_run_id"] == "local-thinker-sums-0"


def test_a_complete_run_comes_before_a_newer_limited_one(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"), night=0)
    add_run(catalogued, "plain", documents("11000"), night=0)
    for model in ("thinker", "plain"):
        add_run(catalogued, model, documents("11"), night=1, status="limited", settings={"limit": 2})
    assert only_gap(catalogued)["n"] == 5


def test_limited_runs_are_better_than_none(catalogued: Engine) -> None:
    for model in ("thinker", "plain"):
        add_run(catalogued, model, documents("11010"), night=1, status="limited", settings={"limit": 5})
    gap = only_gap(catalogued)
    assert (gap["n"], gap["flags"]) == (5, [])


def test_a_limited_run_beside_a_full_one_is_flagged(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", documents("110"), status="limited", settings={"limit": 3})
    gap = only_gap(catalogued)
    assert (gap["n"], gap["flags"]) == (3, ["unequal-settings"])


def test_our_own_runs_come_before_imported_ones(catalogued: Engine) -> None:
    for night, origin in enumerate(("local", "imported")):
        add_run(catalogued, "thinker", documents("11110"), night=night, origin=origin)
        add_run(catalogued, "plain", documents("11000"), night=night, origin=origin)
    assert only_gap(catalogued)["origin"] == "local"


def test_a_measured_score_is_never_compared_with_a_printed_one(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"), origin="imported")
    add_run(catalogued, "plain", 0.4, origin="published", source="a paper", n=500)
    assert run_estimates(catalogued, now=NOW)["gaps"] == 0


def test_published_scores_are_compared_within_one_publication(catalogued: Engine) -> None:
    arena = {"benchmark": "arena", "origin": "published"}
    add_run(catalogued, "thinker", 1400.0, error=5.0, source="arena", night=1, **arena)
    add_run(catalogued, "plain", 1350.0, error=5.0, source="arena", night=0, **arena)
    assert run_estimates(catalogued, now=NOW)["gaps"] == 0
    add_run(catalogued, "thinker", 1370.0, error=3.0, source="arena", night=2, **arena)
    add_run(catalogued, "plain", 1330.0, error=4.0, source="arena", night=2, **arena)
    gap = only_gap(catalogued)
    assert (gap["value"], gap["stderr"], gap["flags"]) == (40.0, 5.0, ["shared-fit"])
    assert gap["log_odds"] == pytest.approx(0.2302585)


def test_a_published_gap_without_error_or_date_is_kept_and_flagged(catalogued: Engine) -> None:
    for model, value in (("thinker", 0.3977), ("plain", 0.8346)):
        add_run(catalogued, model, value, origin="published", source="a leaderboard", night=None, truncated=None)
    gap = only_gap(catalogued)
    assert (gap["stderr"], gap["finished_at"]) == (None, None)
    assert gap["flags"] == ["implausible-drop", "no-stderr"]


def test_only_what_had_finished_counts(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"), night=0)
    add_run(catalogued, "plain", documents("11000"), night=1)
    assert run_estimates(catalogued, now=NIGHT + timedelta(hours=23))["gaps"] == 0
    assert run_estimates(catalogued, now=NIGHT + timedelta(hours=24))["gaps"] == 1


def test_truncated_answers_and_the_harness_default_block(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"), truncated=1, settings={"harness_default_limit": True})
    add_run(catalogued, "plain", documents("11000"))
    assert only_gap(catalogued)["flags"] == ["harness-default", "truncated"]


def test_a_metric_that_is_dead_for_every_model_is_flagged_and_a_third_model_clears_it(catalogued: Engine) -> None:
    other = {("math_verify", "none"): 0.7}
    for model in ("thinker", "plain"):
        add_run(catalogued, model, documents("00000"), siblings=other)
    assert "dead-metric" in only_gap(catalogued)["flags"]
    add_run(catalogued, "cousin", documents("00100"), siblings=other)
    run_estimates(catalogued, now=NOW)
    assert not any("dead-metric" in found for found in scores.gaps(catalogued)["flags"])


def test_a_score_that_is_no_fraction_is_refused_and_stops_nothing(
    catalogued: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    add_run(catalogued, "thinker", 0.9, n=100)
    add_run(catalogued, "plain", 83.4, n=100)
    add_run(catalogued, "cousin", 0.5, n=100)
    counts = run_estimates(catalogued, now=NOW)
    assert (counts["gaps"], counts["refused"]) == (1, 1)
    assert "no gap of thinker and plain on sums: score 83.4" in caplog.text


def test_the_gap_goes_when_its_runs_go(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11110"))
    add_run(catalogued, "plain", documents("11000"))
    run_estimates(catalogued, now=NOW)
    with writing(catalogued) as connection:
        for table in (Sample, Metric):
            connection.execute(delete(table).where(table.run_id == "local-plain-sums-0"))
    counts = run_estimates(catalogued, now=NOW)
    assert (counts["gaps"], counts["removed"]) == (0, 1)


@contextmanager
def documents_read(engine: Engine) -> Iterator[list[str]]:
    """The runs whose documents are read meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "sample.doc_hash" in statement:
            values = parameters.values() if isinstance(parameters, dict) else parameters
            seen.extend(value for value in values if str(value).startswith("local-"))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_one_more_run_reads_only_the_documents_of_its_pairs(catalogued: Engine) -> None:
    for model in ("thinker", "plain", "cousin"):
        add_run(catalogued, model, documents("11010"))
    with documents_read(catalogued) as seen:
        assert run_estimates(catalogued, now=NOW)["paired"] == 2
    assert sorted(seen) == sorted([f"local-{model}-sums-0" for model in ("thinker", "plain", "thinker", "cousin")])
    add_run(catalogued, "cousin", documents("11111"), night=1)
    with documents_read(catalogued) as seen:
        assert run_estimates(catalogued, now=NOW)["changed"] == 1  # the untouched pair has another basis now
    assert seen == ["local-thinker-sums-0", "local-cousin-sums-1"]
    with documents_read(catalogued) as seen:
        run_estimates(catalogued, now=NOW)
    assert seen == []


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_rows_do_not_depend_on_the_steps_they_came_in(catalogued: Engine, steps: int) -> None:
    """Five runs, computed after each, after some, or at the end, byte for byte."""
    added = [("thinker", "11010", 0), ("plain", "10010", 0), ("cousin", "00010", 0), ("plain", "11110", 1)]
    for at, (model, pattern, night) in enumerate([*added, ("thinker", "01110", 2)]):
        add_run(catalogued, model, documents(pattern), night=night, siblings={("other", "none"): 0.5})
        if (at + 1) % steps == 0:
            run_estimates(catalogued, now=NOW)
    run_estimates(catalogued, now=NOW)
    kept = stored(catalogued)
    save_gaps(catalogued, [])
    run_estimates(catalogued, now=NOW)
    assert stored(catalogued) == kept
    assert len(kept) == 2


def test_a_gap_that_somebody_took_away_comes_back(catalogued: Engine) -> None:
    for model in ("thinker", "plain", "cousin"):
        add_run(catalogued, model, documents("11010"))
    run_estimates(catalogued, now=NOW)
    before = stored(catalogued)
    with writing(catalogued) as connection:
        connection.execute(delete(Gap).where(Gap.conventional_id == "plain"))
    assert run_estimates(catalogued, now=NOW)["added"] == 1
    assert stored(catalogued) == before


def test_a_run_that_turns_out_to_be_of_another_model_is_compared_as_its(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", documents("11010"))
    add_run(catalogued, "stranger", documents("10000"))
    assert run_estimates(catalogued, now=NOW)["gaps"] == 0
    with writing(catalogued) as connection:
        connection.execute(update(Run).where(Run.model_id == "stranger").values(model_id="plain"))
    assert run_estimates(catalogued, now=NOW)["gaps"] == 1


def test_what_the_catalogue_says_of_a_benchmark_reaches_its_flags(catalogued: Engine) -> None:
    add_run(catalogued, "thinker", 0.5, n=400)
    add_run(catalogued, "plain", 0.4, n=400)
    assert only_gap(catalogued)["flags"] == []
    with writing(catalogued) as connection:
        connection.execute(update(Benchmark).values(chance=0.6, log_likelihood=True))
    assert only_gap(catalogued)["flags"] == ["below-chance", "log-likelihood"]


def test_a_run_of_the_future_counts_when_its_day_has_come(catalogued: Engine) -> None:
    for model in ("thinker", "plain"):
        add_run(catalogued, model, documents("11010"))
        add_run(catalogued, model, documents("11011"), night=9)
    for days, night in ((8, 0), (9, 9), (8, 0)):
        run_estimates(catalogued, now=NIGHT + timedelta(days=days))
        assert scores.gaps(catalogued)["reasoning_run_id"].to_list() == [f"local-thinker-sums-{night}"]


def test_every_day_of_a_publication_is_kept_and_the_last_is_shown(catalogued: Engine) -> None:
    for night in (0, 3, 5):
        for model, value in (("thinker", 1400.0 + night), ("plain", 1390.0)):
            given = {"origin": "published", "source": "arena", "error": 4.0, "benchmark": "arena"}
            add_run(catalogued, model, value, night=night, **given)
    assert run_estimates(catalogued, now=NOW)["gaps"] == 3
    assert scores.gaps(catalogued)["value"].to_list() == [15.0]
    assert scores.gaps(catalogued, NIGHT + timedelta(days=4))["value"].to_list() == [13.0]


def test_a_printed_judgement_gets_no_error_from_its_count(catalogued: Engine) -> None:
    with writing(catalogued) as connection:
        connection.execute(update(Benchmark).values(grading="judged"))
    for model, value in (("thinker", 0.9), ("plain", 0.8)):
        add_run(catalogued, model, value, n=500, origin="published", source="a paper", truncated=None)
    gap = only_gap(catalogued)
    assert (gap["stderr"], gap["log_odds_stderr"], gap["n"], gap["flags"]) == (None, None, 500, ["no-stderr"])
    assert gap["log_odds"] is not None
