"""Who is compared with whom at first."""

from typing import Any

from forecast_frames import forecasts, question, questions, said

from tracker.stats.compared import comparable, forecasters, panels
from tracker.stats.forecasts import reference_steps, steps


def stood(**counts: int) -> Any:
    asked = questions(*(question(f"q{number}") for number in range(max(counts.values()))))
    rows = [said(1, 0.5, who, f"q{number}") for who, count in counts.items() for number in range(count)]
    found = steps(forecasts(*rows), asked)
    return found.vstack(reference_steps(found, asked))


def test_whoever_would_leave_too_few_questions_is_left_out_at_first() -> None:
    found = stood(manifold=10, ada=6, grace=2)
    assert comparable(found) == ["manifold", "ada", "base rate", "50 %"]


def test_markets_come_first_and_references_last() -> None:
    found = stood(ada=10, manifold=4)
    assert forecasters(found)["forecaster"].to_list() == ["manifold", "ada", "50 %", "base rate"]
    assert comparable(found)[:2] == ["manifold", "ada"]


def test_references_have_no_panel() -> None:
    kinds = {"manifold": "market", "50 %": "reference", "ada": "person"}
    assert panels(["50 %", "manifold", "ada"], kinds, 3) == ["manifold", "ada"]
    assert panels(["manifold", "ada"], kinds, 1) == ["manifold"]
