"""The program that scores 278 real markets, against a count of its own in plain numpy and scikit-learn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tests.bench.longshot import FILE, FOLDER, NOTE, main, read, report
from tracker.stats.calibration import MOMENTS, calibration, samples
from tracker.stats.forecasts import steps
from tracker.stats.scoring import question_scores

DAY = 86400
MEAN_BRIER = 0.15788061311912974
there = pytest.mark.skipif(not (FOLDER / FILE).exists(), reason="shared data is not beside this checkout")


def markets() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / FILE).read_text(encoding="utf-8").splitlines()]


def by_hand(market: dict[str, Any]) -> float:
    """The Brier score averaged over time, from the first real price on."""
    times, prices = np.array(market["series"][1:]).T
    lengths = np.diff(np.append(times, market["resolved_ts"]))
    return float(lengths @ (prices - market["outcome"]) ** 2 / lengths.sum())


def price_at(market: dict[str, Any], at: float) -> float | None:
    times, prices = np.array(market["series"][1:]).T
    place = np.searchsorted(times, at, side="right") - 1
    return float(prices[place]) if place >= 0 and at < market["resolved_ts"] else None


@there
def test_every_market_has_the_score_that_numpy_gives_it() -> None:
    forecasts, questions = read(FOLDER)
    found = question_scores(steps(forecasts, questions), questions, ["manifold"])
    expected = {f"manifold:{market['market_id']}": by_hand(market) for market in markets()}
    assert dict(found["unit", "brier"].rows()) == pytest.approx(expected, abs=1e-12)
    assert len(expected) == 278
    # The figures that the program prints, as computed when it was written.
    assert found["brier"].mean() == pytest.approx(MEAN_BRIER, abs=1e-9)


@there
@pytest.mark.parametrize(("name", "days", "n", "brier"), [("open-30", 30, 188, 0.18456), ("close-7", -7, 250, 0.11658)])
def test_calibration_is_that_of_scikit_learn(name: str, days: int, n: int, brier: float) -> None:
    forecasts, questions = read(FOLDER)
    found = samples(steps(forecasts, questions), questions, MOMENTS[name])
    read_then = [
        (
            price_at(market, (market["created_ts"] if days > 0 else market["resolved_ts"]) + days * DAY),
            market["outcome"],
        )
        for market in markets()
    ]
    p, outcomes = np.array([pair for pair in read_then if pair[0] is not None], dtype=float).T
    assert len(p) == n == found.height
    assert brier_score_loss(outcomes, p) == pytest.approx(brier, abs=5e-6)
    assert ((found["probability"] - found["resolution"]) ** 2).mean() == pytest.approx(brier_score_loss(outcomes, p))
    tenths = calibration(found, np.linspace(0, 1, 11).tolist())
    happened, called = calibration_curve(outcomes, p, n_bins=10)
    filled = tenths.filter(tenths["n"] > 0)
    assert filled["happened"].to_list() == pytest.approx(happened.tolist())
    assert filled["called"].to_list() == pytest.approx(called.tolist())


@there
def test_the_program_prints_scores_a_table_and_the_licence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["longshot", str(FOLDER)])
    main()
    said = capsys.readouterr().out
    assert said == "\n".join(report(FOLDER, 3)) + "\n"
    assert said.startswith("278 markets, 120 of them YES")
    assert "MIT licence, copyright (c) 2026 Raul Tinajero Olivas" in NOTE
    assert said.endswith(NOTE + "\n")
    assert f"manifold         278  {MEAN_BRIER:.3f}" in said


def made_up(count: int) -> list[dict[str, Any]]:
    """Markets of a hundred days that begin with the invented half and say 0.2 or 0.8, rightly four times in five."""
    return [
        {
            "market_id": f"m{place}",
            "created_ts": 0,
            "resolved_ts": 100 * DAY,
            "outcome": int((place % 2 == 1) == (place % 10 < 8)),
            "series": [[0, 0.5], [5 * DAY, 0.5], [5 * DAY, 0.8 if place % 2 else 0.2]],
        }
        for place in range(count)
    ]


def test_a_made_up_file_has_the_figures_that_it_was_made_for(tmp_path: Path) -> None:
    lines = (json.dumps(market) for market in made_up(40))
    (tmp_path / FILE).write_text("\n".join(lines), encoding="utf-8")
    said = report(tmp_path, 3)
    assert said[0] == "40 markets, 20 of them YES; 80 prices"
    (scores,) = [line for line in said if line.startswith("manifold ")]
    assert " 40  0.160 [" in scores
    assert any(line.split()[:8] == ["15–25", "%", "20", "20", "%", "20", "%", "5–35"] for line in said)


def test_without_the_data_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["longshot", str(tmp_path)])
    main()
    assert capsys.readouterr().out.startswith(f"No {FILE} in {tmp_path}: nothing to score.")
