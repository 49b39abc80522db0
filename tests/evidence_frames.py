"""Gaps of many twins in several domains, as the pooled evidence's tests and charts take them."""

import polars as pl

from db.queries.gaps import GAPS

DOMAINS = {
    # capability: (nature, grading, unit, mean gap, standard error)
    "math": ("checkable", "voted", "rating", 15.0, 4.0),
    "coding": ("checkable", "voted", "rating", 12.0, 4.0),
    "dialogue": ("mixed", "voted", "rating", 1.0, 6.0),
    "creative-writing": ("taste", "voted", "rating", 2.0, 9.0),
    "science": ("checkable", "verifiable", "fraction", 0.1, 0.03),
}
NAMES = {"math": "Math", "coding": "Programming", "creative-writing": "Creative writing", "science": "Science"}


def gap(capability: str, twin: int, /, **given: object) -> dict[str, object]:
    """One gap of a twin in one of DOMAINS; keywords replace columns."""
    nature, grading, unit, mean, stderr = DOMAINS[capability]
    value = mean + stderr * (0.8, -1.2, 0.4, 0.0, -0.5)[twin % 5]
    odds = 4.0 if unit == "fraction" else 0.0058
    usual = dict.fromkeys(GAPS) | {
        "reasoning_id": f"r{twin}",
        "reasoning_name": f"Thinker {twin}",
        "conventional_id": f"c{twin}",
        "conventional_name": f"Talker {twin}",
        "relation": "same-weights",
        "twin_evidence": "one set of weights",
        "inferred": False,
        "benchmark_id": f"made-up/{capability}",
        "benchmark_name": f"Made up: {capability}",
        "capability": capability,
        "nature": nature,
        "grading": grading,
        "unit": unit,
        "reasoning_value": 0.6 if unit == "fraction" else 1400.0,
        "conventional_value": 0.5 if unit == "fraction" else 1385.0,
        "value": value,
        "stderr": stderr,
        "paired": False,
        "log_odds": value * odds,
        "log_odds_stderr": stderr * odds,
        "flags": [],
        "reasoning_run_id": f"r{twin}",
        "conventional_run_id": f"c{twin}",
        "origin": "published",
        "source": "Made up",
        "source_url": "https://example.org/made-up",
        "demonstration": False,
    }
    return usual | given


def gaps(*rows: dict[str, object], twins: int = 5) -> pl.DataFrame:
    """The rows given, or all of DOMAINS with so many twins each."""
    listed = list(rows) or [gap(capability, twin) for capability in DOMAINS for twin in range(twins)]
    return pl.DataFrame(listed, schema=GAPS, orient="row")
