"""Calibration as a figure: what was called so likely against how often it happened, a panel a forecaster."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import altair as alt
import numpy as np
import polars as pl

from tracker.charts.calibration import calibration as curves
from tracker.charts.rows import Words
from tracker.charts.theme import Mode
from tracker.figures.figure import Figure
from tracker.stats import calibration
from tracker.stats import forecast_findings as findings
from tracker.stats.calibration import Moment, Split
from tracker.stats.compared import panels
from tracker.stats.findings import in_words
from tracker.stats.forecast_findings import named
from tracker.stats.sites import site_terms

SEED = 20261123
MOST_PANELS = 3


class Drawn(NamedTuple):
    """What the picture takes: bins and headings; the table it is from, and each forecaster's split."""

    bins: pl.DataFrame
    headings: dict[str, str]
    table: pl.DataFrame
    splits: dict[str, Split]
    kinds: dict[str, str]


def drawn(samples: pl.DataFrame, compared: Sequence[str], kinds: dict[str, str]) -> Drawn:
    """The calibration of those compared who are no reference, the first few. `samples` of `calibration.samples`."""
    names = [name for name in panels(compared, kinds, len(compared)) if samples.filter(forecaster=name).height]
    names = names[:MOST_PANELS]
    own = samples.filter(pl.col("forecaster").is_in(names))
    table = calibration.calibration(own)
    splits = {name: calibration.split(own.filter(forecaster=name), np.random.default_rng(SEED)) for name in names}
    headings = {
        name: f"{one.n:,} question{'' if one.n == 1 else 's'}"
        + ("" if one.brier is None else f", Brier {one.brier:.2f}")
        for name, one in splits.items()
    }
    filled = table.filter(pl.col("n") > 0)
    texts = [
        f"called {100 * called:.0f} %, happened {100 * happened:.0f} % of {n}; "
        f"band {100 * low:.0f} to {100 * high:.0f} %"
        for called, happened, n, low, high in filled.select(
            "called", "happened", "n", "band_low", "band_high"
        ).iter_rows()
    ]
    bins = filled.with_columns(
        pl.Series("text", texts, dtype=pl.String),
        meaning=pl.col("forecaster").replace_strict(kinds, default="person", return_dtype=pl.String),
    )
    shown = {name: named(name, kinds[name]) for name in names}
    return Drawn(
        bins.with_columns(pl.col("forecaster").replace(shown)),
        {shown[name]: text for name, text in headings.items()},
        table,
        splits,
        {name: kinds[name] for name in names},
    )


def told(drawn: Drawn, moment: Moment) -> list[str]:
    """A sentence a forecaster."""
    return [
        findings.calibration_finding(one, drawn.table.filter(forecaster=name), name, drawn.kinds[name], moment)
        for name, one in drawn.splits.items()
    ]


def calibrated(
    drawn: Drawn, samples: pl.DataFrame, questions: pl.DataFrame, *, moment: Moment, now: datetime
) -> Figure:
    """The curves. `drawn` holds somebody; `now` dates them where no site has been read."""
    title = "; ".join(findings.calibration_headline(one, name, drawn.kinds[name]) for name, one in drawn.splits.items())
    read = questions["synced_at"].max()
    day = in_words((read if isinstance(read, datetime) else now).date())
    explained = Words(
        title,
        "Across: the probability; up: how often it happened. "
        + findings.calibration_reading(max(drawn.splits.values(), key=lambda one: one.n)),
        f"Source: forecasts on {samples['question_id'].n_unique():,} resolved questions, {day} · each read once, "
        f"{moment.words}",
    )
    alternative = f"Calibration curves. {' '.join(told(drawn, moment))}"

    def draw(*, width: int, height: int | None, mode: Mode, words: Words | None) -> alt.LayerChart:
        return curves(
            drawn.bins,
            headings=drawn.headings,
            width=width,
            height=height,
            mode=mode,
            words=words,
            description=alternative,
        )

    terms = site_terms(questions.filter(pl.col("resolution").is_not_null())["source"].unique().sort().to_list())
    return Figure("calibration", draw, explained, alternative, terms=terms)
