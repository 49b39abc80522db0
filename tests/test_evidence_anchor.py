"""The shipped evidence, saved, computed and pooled: the anchor numbers, from the database."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

import tracker.catalog
from db.engine import migrate, open_engine
from db.queries.scores import gaps
from db.rows import Changes
from db.store import save_catalog
from jobs.estimates import run_estimates
from jobs.published import save_published
from tracker.catalog.load import load_catalog
from tracker.stats.evidence import domain, pooled
from tracker.stats.flags import BLOCKING
from tracker.stats.pooling import pool_twins, twin_differences

FOLDER = Path(tracker.catalog.__file__).parent
NOW = datetime(2026, 9, 1, tzinfo=UTC)
ANCHORED = {"source": "LMArena", "relation": "same-weights"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A database that holds the catalogue and what ships, with its gaps."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('evidence') / 'tracker.db'}")
    migrate(engine)
    save_catalog(engine, *load_catalog(FOLDER).rows())
    save_published(engine, FOLDER)
    run_estimates(engine, now=NOW)
    return engine


@pytest.fixture(scope="module")
def anchor_day(shipped: Engine) -> pl.DataFrame:
    return gaps(shipped, date(2025, 12, 11))


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ("creative-writing", (3.56, -6.86, 13.97)),
        ("math", (15.65, 5.72, 25.58)),
        ("coding", (13.15, 5.10, 21.1946)),  # stated as 21.20, which is 21.195 rounded once more
        ("general", (2.93, -4.36, 10.22)),
    ],
)
def test_the_anchor_of_statistics(anchor_day: pl.DataFrame, capability: str, expected: tuple[float, ...]) -> None:
    """LMArena's ratings of 2025-12-11, style control, 14 same-weights twins, DerSimonian–Laird, Hartung–Knapp."""
    row = pooled(domain(anchor_day, **ANCHORED, capability=capability), method="dersimonian-laird").row(0, named=True)
    assert (row["k"], row["twins"], row["gaps"], row["scale"], row["unit"]) == (14, 14, 14, "value", "rating")
    for name, value in zip(("mean", "low", "high"), expected, strict=True):
        digits = len(str(value).partition(".")[2])
        assert round(row[name], max(digits, 2)) == pytest.approx(value, abs=1e-9), name
    assert row["predicted_low"] < 0 < row["predicted_high"]


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        ("math", (11.948, 2.165, 21.730)),  # stated as 12.0, which is 11.95 rounded once more: 11.9 to one digit
        ("coding", (10.294, 1.751, 18.837)),
    ],
)
def test_the_anchored_differences(anchor_day: pl.DataFrame, capability: str, expected: tuple[float, ...]) -> None:
    """Stated: math − creative writing +12.0 [2.2, 21.7]; coding − creative writing +10.3 [1.8, 18.8]."""
    chosen, writing = (domain(anchor_day, **ANCHORED, capability=one) for one in (capability, "creative-writing"))
    result = pool_twins(twin_differences(chosen, writing, scale="value"), method="dersimonian-laird")
    assert (result.k, round(result.mean, 3), round(result.low, 3), round(result.high, 3)) == (14, *expected)
    assert result.predicted_low < 0 < result.predicted_high


def test_creative_writing_as_it_stood_before(shipped: Engine) -> None:
    """On 2025-11-05: +1.9 [−17.5, 21.3] with 6 twins."""
    then = domain(gaps(shipped, date(2025, 11, 5)), **ANCHORED, capability="creative-writing")
    row = pooled(then, method="dersimonian-laird").row(0, named=True)
    assert (row["k"], round(row["mean"], 1), round(row["low"], 1), round(row["high"], 1)) == (6, 1.9, -17.5, 21.3)
    assert set(then["published_on"]) == {date(2025, 11, 5)}


def test_a_past_day_knows_nothing_later(shipped: Engine) -> None:
    then = gaps(shipped, date(2025, 3, 16))
    assert set(then["source"]) == {"LMArena", "DeepSeek-R1 report", "Epoch AI Benchmarking Hub"}
    assert then["published_on"].max() == date(2025, 3, 14)


def test_every_shipped_gap_is_there_and_no_other(shipped: Engine) -> None:
    """The table's rows by source; of Open LLM Leaderboard v2 a tenth pair, whose two models stand in others' rows."""
    found = gaps(shipped)
    assert Counter(found["source"]) == {
        "DeepSeek-R1 report": 32,
        "EQ-Bench 3": 4,
        "EQ-Bench Creative Writing": 10,
        "Epoch AI Benchmarking Hub": 28,
        "HELM Capabilities": 20,
        "Lech Mazur’s writing benchmark": 5,
        "LiveBench": 449,
        "LMArena": 524,
        "Open LLM Leaderboard v2": 54 + 6,
        "Qwen3 report": 341,
        "Self-Taught Reasoning": 14 - 3,
    }
    assert not found["demonstration"].any()
    assert found["source_url"].str.starts_with("https://").all()
    assert found["nature"].is_not_null().all()


def test_known_artefacts_are_caught_and_nothing_sound_is_blocked(shipped: Engine) -> None:
    found = gaps(shipped)
    blocked = found.filter(pl.col("flags").list.eval(pl.element().is_in(list(BLOCKING))).list.any())
    assert set(blocked["source"]) == {"Open LLM Leaderboard v2"}
    assert blocked.height == found.filter(source="Open LLM Leaderboard v2").height
    assert set(pooled(found).filter(source="Open LLM Leaderboard v2")["k"]) == {0}
    ifeval = blocked.filter(benchmark_id="open-llm-leaderboard-v2/ifeval", reasoning_id="qwq-32b").row(0, named=True)
    assert (ifeval["reasoning_value"], ifeval["conventional_value"]) == pytest.approx((0.398, 0.835), abs=5e-4)
    assert ifeval["flags"] == ["harness-default", "implausible-drop"]


def test_every_flag_is_where_it_belongs(shipped: Engine) -> None:
    found = gaps(shipped)

    def raised(flag: str) -> pl.DataFrame:
        return found.filter(pl.col("flags").list.contains(flag))

    votes_and_judges = found.filter((pl.col("unit") == "rating") & (pl.col("grading") != "verifiable"))
    assert raised("shared-fit").equals(votes_and_judges)
    assert raised("inferred-twin").equals(found.filter("inferred"))
    assert set(raised("inferred-twin")["reasoning_id"]) == {
        *("grok-4.1-thinking", "grok-4.1-fast-reasoning", "gpt-5.1-high", "gpt-5.1-2025-11-13-high")
    }
    assert raised("no-stderr").equals(found.filter(pl.col("stderr").is_null()))
    assert set(raised("log-likelihood")["benchmark_id"]) == {
        f"open-llm-leaderboard-v2/{name}" for name in ("bbh", "gpqa", "mmlu-pro", "musr")
    }
    assert (raised("implausible-drop")["log_odds"] < -1).all()


def test_judges_points_are_shown_and_never_pooled(shipped: Engine) -> None:
    rows = pooled(gaps(shipped)).filter(unit="points")
    assert rows.height > 3
    assert rows["mean"].is_null().all()
    assert (rows["gaps"] > 0).all()


def test_twins_of_one_conventional_model_are_not_pooled(shipped: Engine) -> None:
    row = pooled(gaps(shipped)).filter(source="Self-Taught Reasoning").row(0, named=True)
    assert (row["k"], row["conventional"], row["mean"]) == (11, 1, None)


def test_doing_it_again_changes_nothing(shipped: Engine) -> None:
    before = gaps(shipped)
    counts = save_published(shipped, FOLDER)
    assert [counts[name] for name in ("added", "changed", "removed")] == [0, 0, 0]
    assert save_catalog(shipped, *load_catalog(FOLDER).rows()) == Changes(0, 0, 0)
    counts = run_estimates(shipped, now=NOW)
    assert [counts[name] for name in ("added", "changed", "removed", "refused")] == [0, 0, 0, 0]
    assert gaps(shipped).equals(before)


def test_a_catalogue_of_ones_own_still_gets_the_evidence(engine: Engine, tmp_path: Path) -> None:
    for name in ("models.toml", "benchmarks.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    counts = save_published(engine, tmp_path)
    assert (counts["sources"], counts["numbers"]) == (11, counts["added"] - 11 - 42 - 126 - 77 - 152 - counts["runs"])
