"""Scores 278 resolved Manifold markets: `python -m tests.bench.longshot [FOLDER]`, by default ../shared/data/longshot.

The folder is data/bundled of github.com/raultinajeroo/longshot. Its series begin with a 50 % that nobody traded, which
is left out here, and lack some real moves; a market's end is its resolution, as no other close is recorded.
"""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tracker.stats.calibration import DEFAULT_MOMENT, MOMENTS, Split, calibration, samples, split
from tracker.stats.forecast_findings import calibration_finding
from tracker.stats.forecasts import BASE_RATE, FIFTY, TIME, reference_steps, steps
from tracker.stats.scoring import forecaster_scores, question_scores

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "longshot"
FILE = "manifold_resolved_sample.jsonl"
NOTE = """Data: Manifold Markets (https://manifold.markets/terms), play money, fetched on 2026-07-31 and published in
raultinajeroo/longshot, data/bundled, MIT licence, copyright (c) 2026 Raul Tinajero Olivas. A sample for research: of
the markets that twenty search terms found, those that resolved YES or NO. Every figure is computed here."""


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The forecasts and questions of the folder's file, with the columns that the statistics need."""
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    markets: list[dict[str, Any]] = [json.loads(line) for line in lines]
    prices = [
        (f"manifold:{market['market_id']}", at, position, p)
        for market in markets
        # The first point is the invented one; several trades of one second keep their order.
        for position, (at, p) in enumerate(market["series"][1:])
    ]
    seconds = (pl.col("at") * 1_000_000).cast(TIME)
    forecasts = pl.DataFrame(
        prices,
        schema={"question_id": pl.String, "at": pl.Int64, "position": pl.Int64, "probability": pl.Float64},
        orient="row",
    ).with_columns(seconds, forecaster=pl.lit("manifold"), kind=pl.lit("market"), withdrawn_at=pl.lit(None, TIME))
    none = pl.lit(None, pl.String)
    questions = pl.DataFrame(
        {
            "question_id": [f"manifold:{market['market_id']}" for market in markets],
            "opens_at": [datetime.fromtimestamp(market["created_ts"], UTC) for market in markets],
            "closes_at": [datetime.fromtimestamp(market["resolved_ts"], UTC) for market in markets],
            "resolution": [float(market["outcome"]) for market in markets],
        }
    ).with_columns(
        resolved_at=pl.col("closes_at"),
        annulled=pl.lit(False),
        inverted=pl.lit(False),
        topic=none,
        market=none,
        scale=none,
    )
    return forecasts, questions


def report(folder: Path, seed: int) -> list[str]:
    """What the program prints, line by line."""
    forecasts, questions = read(folder)
    stood = steps(forecasts, questions)
    everybody = pl.concat([stood, reference_steps(stood, questions)])
    names = ["manifold", BASE_RATE, FIFTY]
    table = forecaster_scores(question_scores(everybody, questions, names), np.random.default_rng(seed))
    lines = [
        f"{questions.height} markets, {int(questions['resolution'].sum())} of them YES; {forecasts.height:,} prices",
        "",
        "Averaged over the days of each market on which a price is known, then over markets:",
        f"{'':<12} {'markets':>7}  {'Brier [95 %]':<20} {'index':>5}  {'log':>6}  {'baseline':>8}  {'peer':>6}",
    ]
    for row in table.iter_rows(named=True):
        lines.append(
            f"{row['forecaster']:<12} {row['questions']:>7}  {_brier(row):<20} {row['brier_index']:>5.1f}  "
            f"{row['log']:>6.3f}  {round(row['baseline'], 1) + 0:>8.1f}  {row['peer']:>6.1f}"
        )
    lines += ["", f"{'Each market once, read':<42} {'n':>3}  {'Brier [95 %]':<20} {'ECE':>5}  by chance up to"]
    for key, moment in MOMENTS.items():
        read_then = samples(stood, questions, moment)
        found = split(read_then, np.random.default_rng(seed))
        lines.append(f"{moment.words:<42} {_split(found)}")
        if key == DEFAULT_MOMENT:
            shown, kept = calibration(read_then), found
    moment = MOMENTS[DEFAULT_MOMENT]
    lines += ["", calibration_finding(kept, shown, "manifold", "market", moment), ""]
    lines.append(f"{'called':>9}  {'n':>3}  {'mean':>5}  {'happened':>8}  5–95 % if called rightly")
    for row in shown.iter_rows(named=True):
        bounds = f"{row['low'] * 100:.0f}–{row['high'] * 100:.0f} %"
        if row["n"]:
            band = f"{row['band_low'] * 100:.0f}–{row['band_high'] * 100:.0f} %{'  outside' if row['outside'] else ''}"
            lines.append(
                f"{bounds:>9}  {row['n']:>3}  {row['called'] * 100:>3.0f} %  {row['happened'] * 100:>6.0f} %  {band}"
            )
        else:
            lines.append(f"{bounds:>9}    0")
    return [*lines, "", NOTE]


def _split(found: Split) -> str:
    return f"{found.n:>3}  {_brier(vars(found)):<20} {found.ece:>5.3f}  {found.ece_chance_high:.3f}"


def _brier(row: Mapping[str, Any]) -> str:
    return f"{row['brier']:.3f} [{row['brier_low']:.3f}, {row['brier_high']:.3f}]"


def main() -> None:
    """Print the scores and the calibration table, or that the data is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    if not (arguments.folder / FILE).exists():
        print(f"No {FILE} in {arguments.folder}: nothing to score. It is in data/bundled of raultinajeroo/longshot.")
        return
    print("\n".join(report(arguments.folder, arguments.seed)))


if __name__ == "__main__":
    main()
