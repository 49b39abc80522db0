"""Writes published scores of dated models through `db.store`, enough for trends and for an index: see `seeded`."""

import math
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from db.store import save_catalog, save_run
from db.tables import Benchmark, Metric, Model, Run
from tracker.stats.capability_index import ANCHORS

FIRST = date(2025, 1, 6)
PUBLISHED = datetime(2025, 12, 11, tzinfo=UTC)
MODELS_OF_A_KIND = 7
ABILITY = {"conventional": -0.3, "reasoning": 0.6}
# benchmark id, name, difficulty; the first fixes the raw scale of the index
BENCHMARKS = (
    (ANCHORS.benchmark, "General questions", 0.0),
    ("sums", "Sums", -0.6),
    ("proofs", "Proofs", 1.1),
    ("code", "Code", 0.4),
    ("puzzles", "Puzzles", 0.8),
)


def fill(engine: Engine, *, reasoning_name: str = "thinker") -> None:
    """Seven models of each kind, one every 45 days, on five benchmarks and a rating; one has no date, one no kind."""
    models, strengths = [], {}
    for kind, start in ABILITY.items():
        anchor = ANCHORS.low_model if kind == "conventional" else ANCHORS.high_model
        for place in range(MODELS_OF_A_KIND):
            id = anchor if place == 0 else f"{kind}-{place}"
            name = reasoning_name if (kind, place) == ("reasoning", MODELS_OF_A_KIND - 1) else f"{kind} {place}"
            models.append(Model(id=id, name=name, kind=kind, released_on=FIRST + timedelta(days=45 * place)))
            strengths[id] = start + 0.3 * place + 0.1 * math.sin(7 * place)
    models += [Model(id="undated", name="undated", kind="reasoning"), Model(id="unkind", name="unkind", kind=None)]
    strengths |= {"undated": 3.0, "unkind": 3.0}
    rows = [
        Benchmark(id=id, name=name, metric="score", filter="none", unit="fraction", ceiling=1.0, grading="verifiable")
        for id, name, _ in BENCHMARKS
    ]
    rows.append(Benchmark(id="votes", name="Votes", metric="score", filter="none", unit="rating", grading="voted"))
    save_catalog(engine, models, [], rows)
    for id, strength in strengths.items():
        run = Run(
            id=f"published/paper/{id}",
            model_id=id,
            origin="published",
            status="complete",
            finished_at=PUBLISHED,
            settings={},
            settings_hash="b" * 16,
            environment={},
            files={},
            source="A paper",
        )
        metrics = [
            Metric(
                run_id=run.id, benchmark_id=benchmark, name="score", filter="none", value=_share(strength - hard), n=300
            )
            for benchmark, _, hard in BENCHMARKS
        ]
        rating = 1200 + 150 * strength
        ends = {"low": rating - 9, "high": rating + 9, "stderr": 4.6}
        metrics.append(Metric(run_id=run.id, benchmark_id="votes", name="score", filter="none", value=rating, **ends))
        save_run(engine, run, metrics, [])


def _share(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-log_odds)), 3)
