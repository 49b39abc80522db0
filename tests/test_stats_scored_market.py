"""One real market, resolved in 2022 after 49 bets, from its recorded replies to its scores."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from forecast_frames import forecasts, question, questions, said
from scoring_vectors import FIGURES, PRICES

from tracker.markets.manifold import parse
from tracker.markets.source import Reply
from tracker.stats.calibration import MOMENTS, samples
from tracker.stats.forecasts import TIME, steps
from tracker.stats.scoring import question_scores

RECORDED = Path(__file__).resolve().parents[2] / "shared" / FIGURES["real_btc25k_time_weighted"]["file"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def check_market(prices: pl.DataFrame, asked: pl.DataFrame) -> None:
    """The market's figures, from its history as `forecasts` gives it."""
    case = FIGURES["real_btc25k_time_weighted"]
    stood = steps(prices, asked)
    found = question_scores(stood, asked, ["manifold"]).row(0, named=True)
    assert found["probability"] == pytest.approx(case["twap"], abs=1e-12)
    assert found["brier"] == pytest.approx(case["time_avg_brier"], abs=1e-12)
    assert found["log"] == pytest.approx(case["time_avg_log_nats"], abs=1e-12)
    assert stood["probability"][-1] == case["last_prob"]
    midway = samples(stood, asked, MOMENTS["middle"]).row(0, named=True)
    assert midway["probability"] == pytest.approx(case["prob_at_midpoint"], abs=1e-12)
    assert (1 - midway["probability"]) ** 2 == pytest.approx(case["brier_at_midpoint"], abs=1e-12)


def test_a_real_market_averaged_over_time() -> None:
    case = FIGURES["real_btc25k_time_weighted"]
    assert len(PRICES) == case["n_bets"] + 1
    rows = [said(0, p, "manifold", at=moment(at)) for at, p in PRICES]
    ends = moment(case["end_ms"])
    asked = question(opens_at=moment(case["start_ms"]), closes_at=ends, resolved_at=ends, resolution=case["outcome"])
    check_market(forecasts(*rows), questions(asked | {"resolution": float(case["outcome"])}))


@pytest.mark.skipif(not RECORDED.exists(), reason="shared data is not beside this checkout")
def test_a_real_market_as_its_source_reads_it() -> None:
    market = json.loads(RECORDED.read_text(encoding="utf-8"))
    key, bets = "will-bitcoins-price-fall-below-25k", market.pop("bets")
    told = moment(market["resolutionTime"]) + timedelta(days=1)
    pages = [(f"slug/{key}", market), (f"bets?contractId={market['id']}", sorted(bets, key=lambda b: b["createdTime"]))]
    replies = [Reply(f"https://api.manifold.markets/v0/{path}", 200, told, json.dumps(body)) for path, body in pages]
    snapshot = parse(key, replies, {})
    (asked,) = snapshot.questions
    times = {name: getattr(asked, name) for name in ("opens_at", "closes_at", "resolved_at", "resolution")}
    rows = [
        said(0, move.probability, "manifold", asked.id, at=move.at, position=move.position) for move in snapshot.moves
    ]
    check_market(forecasts(*rows).with_columns(pl.col("at").cast(TIME)), questions(question(asked.id, **times)))
