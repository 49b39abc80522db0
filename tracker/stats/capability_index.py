"""One number a model across benchmarks that not every model was run on, in the manner of Epoch's Capabilities Index.

A score is modelled as σ(a·(C − D)): capability C of the model, difficulty D and slope a of the benchmark, fitted by
least squares with a weak pull towards 0 (epoch.ai/data/eci-documentation; github.com/epoch-research/eci-public). One
benchmark fixes the raw scale (D = 0, a = 1), two models the scale that is shown. Only scores of benchmarks that can be
checked enter, and only models joined by chains of shared benchmarks: between groups that share none, differences mean
nothing.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.sparse import csr_matrix

from tracker.stats.flags import BLOCKING
from tracker.stats.index_draws import Cells, Parameters, refit
from tracker.stats.index_graph import connected, graph

Floats = NDArray[np.float64]

CLIP = 1e-3
PULL = 0.1
REACH = 10.0
FLATTEST, STEEPEST = 0.1, 10.0
LEVEL = 0.95
DRAWS = 100
FEWEST_BENCHMARKS = 4
FEWEST_MODELS = 3
# A model or a draw is given no interval from fewer of the draws than this share.
FEWEST_DRAWS = 0.5
# Models times benchmarks beyond which drawing anew would take minutes: then there is no interval.
MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Anchors:
    """What fixes the scales: the benchmark with D = 0 and a = 1, and two models' index values."""

    benchmark: str
    low_model: str
    high_model: str
    low: float
    high: float


# The two models that most sources measured, one base model with and without training to reason.
ANCHORS = Anchors("qwen3-report/livebench", "deepseek-v3", "deepseek-r1", 100.0, 110.0)


class Admitted(NamedTuple):
    """The scores that enter, and every model with checkable scores that does not, with the reason."""

    scores: pl.DataFrame
    left_out: pl.DataFrame


@dataclass(frozen=True)
class Index:
    """The index of every admitted model, highest first.

    models      model_id, model_name, kind, lab, released_on, value, low, high (null for the anchors, whose value is by
                definition), benchmarks (how many it rests on)
    benchmarks  benchmark_id, benchmark_name, capability, difficulty (on the index scale), slope, models; hardest first
    drawn       index values over the draws, by model id; NaN where the model was not in the draw. Empty without draws
    residual    root mean square of score − model, in [0, 1]
    """

    models: pl.DataFrame
    benchmarks: pl.DataFrame
    left_out: pl.DataFrame
    drawn: dict[str, Floats]
    anchors: Anchors
    residual: float
    level: float = LEVEL

    def as_scores(self) -> pl.DataFrame:
        """The index as the scores of one benchmark, for `tracker.stats.trends.trends`."""
        unknown = pl.lit(None, dtype=pl.Float64)
        return self.models.with_columns(unit=pl.lit("index"), ceiling=unknown, n=pl.lit(None, dtype=pl.Int64))


def admitted(scores: pl.DataFrame, anchors: Anchors = ANCHORS) -> Admitted:
    """What may enter: fractions of checkable benchmarks without a blocking flag, and without answers counted twice.

    Takes the columns of `db.queries.trends.scores`. Out go models with fewer than four such benchmarks, benchmarks with
    fewer than three such models, whatever no chain of shared benchmarks joins to the anchor benchmark, and models whose
    every chain runs through one other model: were that one measured oddly there, all of them would be misplaced. Again
    from the start, until nothing changes.
    """
    blocked = pl.col("flags").list.eval(pl.element().is_in(list(BLOCKING))).list.any()
    usable = scores.filter(
        pl.col("unit") == "fraction", pl.col("grading") == "verifiable", pl.col("overlaps").is_null(), ~blocked
    ).sort("benchmark_id", "model_id")
    kept, reasons = usable, dict[str, str]()
    while True:
        some = kept.filter(pl.len().over("benchmark_id") >= FEWEST_MODELS)
        some = some.filter(pl.len().over("model_id") >= FEWEST_BENCHMARKS)
        _note(
            reasons, kept, some, f"fewer than {FEWEST_BENCHMARKS} benchmarks that {FEWEST_MODELS} or more models share"
        )
        parts = graph(some, anchors.benchmark)
        joined = some.filter(pl.Series(parts.joined(), dtype=pl.Boolean))
        _note(reasons, some, joined, "no chain of shared benchmarks leads to the others")
        firm = joined
        if joined.height == kept.height:
            hanging = graph(joined, anchors.benchmark).hanging()
            firm = joined.filter(~pl.col("model_id").is_in(list(hanging)))
            _note(reasons, joined, firm, "only one model joins it to the others")
        if firm.height == kept.height:
            break
        kept = firm
    out = usable.select("model_id", "model_name").unique().filter(pl.col("model_id").is_in(list(reasons)))
    left_out = out.with_columns(reason=pl.col("model_id").replace_strict(reasons, default="", return_dtype=pl.String))
    return Admitted(kept, left_out.sort("reason", "model_name", "model_id"))


def possible(kept: pl.DataFrame, anchors: Anchors = ANCHORS) -> bool:
    """Whether both anchor models are among the admitted scores."""
    return {anchors.low_model, anchors.high_model} <= set(kept["model_id"])


def _note(reasons: dict[str, str], before: pl.DataFrame, after: pl.DataFrame, reason: str) -> None:
    """Keep the reason for every model that was there before and is no longer."""
    for model in set(before["model_id"]) - set(after["model_id"]):
        reasons[model] = reason


def capability_index(
    scores: pl.DataFrame, *, rng: np.random.Generator, anchors: Anchors = ANCHORS, draws: int = DRAWS
) -> Index | None:
    """The index with percentile intervals over rows (model, benchmark) drawn anew; None if an anchor is not admitted.

    Takes the columns of `db.queries.trends.scores`. The scale of the two anchor models is set anew in every draw; a
    draw in which they cannot be told apart or are not joined is left out.
    """
    kept, left_out = admitted(scores, anchors)
    models = kept.select("model_id", "model_name", "kind", "lab", "released_on").unique("model_id").sort("model_id")
    benchmarks = kept.select("benchmark_id", "benchmark_name", "capability").unique("benchmark_id").sort("benchmark_id")
    names = models["model_id"].to_list()
    if not possible(kept, anchors):
        return None
    cells = _cells(kept, names, benchmarks["benchmark_id"].to_list(), anchors.benchmark)
    found = fit(cells)
    low, high = names.index(anchors.low_model), names.index(anchors.high_model)
    if not found.capability[high] > found.capability[low]:
        return None
    value = on_scale(found.capability, found.capability[low], found.capability[high], anchors)
    draws = draws if cells.models * cells.benchmarks <= MOST_CELLS else 0
    drawn = _drawn(cells, found, (low, high), anchors, rng, draws)
    ends = np.full((2, len(names)), np.nan)
    enough = np.isfinite(drawn).sum(axis=0) >= max(1, FEWEST_DRAWS * draws)
    enough[[low, high]] = False
    if enough.any():
        ends[:, enough] = np.nanquantile(drawn[:, enough], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    counts = kept.group_by("model_id").agg(pl.len().alias("benchmarks"))
    shared = kept.group_by("benchmark_id").agg(pl.len().alias("models"))
    bottom, top = found.capability[low], found.capability[high]
    return Index(
        models=models.with_columns(
            pl.Series("value", value),
            pl.Series("low", ends[0]).fill_nan(None),
            pl.Series("high", ends[1]).fill_nan(None),
        )
        .join(counts, on="model_id")
        .sort("value", "model_id", descending=[True, False]),
        benchmarks=benchmarks.with_columns(
            pl.Series("difficulty", on_scale(found.difficulty, bottom, top, anchors)),
            pl.Series("slope", found.slope * (top - bottom) / (anchors.high - anchors.low)),
        )
        .join(shared, on="benchmark_id")
        .sort("difficulty", "benchmark_id", descending=[True, False]),
        left_out=left_out,
        drawn={name: drawn[:, place] for place, name in enumerate(names)} if len(drawn) else {},
        anchors=anchors,
        residual=float(np.sqrt(np.mean((expected(cells, found) - cells.score) ** 2))),
    )


def on_scale(capability: Floats, low: float | Floats, high: float | Floats, anchors: Anchors) -> Floats:
    """Raw capabilities on the index: the affine map that sends the two anchor models' to their values."""
    return anchors.low + (anchors.high - anchors.low) * (np.asarray(capability) - low) / (high - low)


def fit(cells: Cells) -> Parameters:
    """The least-squares fit by scipy's trust region: scores kept in [0.001, 0.999], C and D in ±10, a in [0.1, 10].

    To the squares 0.1·Σθ²/(number of parameters) is added, over C, D and every a but the anchor's. Difficulties and
    capabilities are then shifted so that the anchor benchmark's difficulty is 0.
    """
    models, benchmarks = cells.models, cells.benchmarks
    free = np.delete(np.arange(benchmarks), cells.anchor)
    count = models + benchmarks + len(free)
    pull = np.sqrt(PULL / count)
    place = np.full(benchmarks, -1)
    place[free] = models + benchmarks + np.arange(len(free))
    sloped = place[cells.benchmark] >= 0
    rows, size = np.arange(len(cells.score)), len(cells.score)
    at = (
        np.concatenate([rows, rows, rows[sloped], size + np.arange(count)]),
        np.concatenate([cells.model, models + cells.benchmark, place[cells.benchmark][sloped], np.arange(count)]),
    )

    def parameters(theta: Floats) -> Parameters:
        slope = np.ones(benchmarks)
        slope[free] = theta[models + benchmarks :]
        return Parameters(theta[:models], theta[models : models + benchmarks], slope)

    def residuals(theta: Floats) -> Floats:
        return np.concatenate([expected(cells, parameters(theta)) - cells.score, pull * theta])

    def jacobian(theta: Floats) -> csr_matrix:
        capability, difficulty, slope = parameters(theta)
        share = expected(cells, parameters(theta))
        steep = share * (1 - share)
        by_capability = steep * slope[cells.benchmark]
        by_slope = steep * (capability[cells.model] - difficulty[cells.benchmark])
        entries = np.concatenate([by_capability, -by_capability, by_slope[sloped], np.full(count, pull)])
        return csr_matrix((entries, at), shape=(size + count, count))

    start = np.concatenate([np.zeros(models + benchmarks), np.ones(len(free))])
    lowest = np.concatenate([np.full(models + benchmarks, -REACH), np.full(len(free), FLATTEST)])
    highest = np.concatenate([np.full(models + benchmarks, REACH), np.full(len(free), STEEPEST)])
    solution = least_squares(
        residuals,
        start,
        jacobian,
        bounds=(lowest, highest),
        method="trf",
        tr_solver="lsmr",
        x_scale="jac",
        max_nfev=500,
    )
    return parameters(solution.x).anchored(cells.anchor)


def expected(cells: Cells, parameters: Parameters) -> Floats:
    """The score that the model gives for every cell."""
    capability, difficulty, slope = parameters
    steps = slope[cells.benchmark] * (capability[cells.model] - difficulty[cells.benchmark])
    return np.asarray(1 / (1 + np.exp(-steps)), dtype=float)


def _cells(kept: pl.DataFrame, models: list[str], benchmarks: list[str], anchor: str) -> Cells:
    places = {name: place for place, name in enumerate(models)}
    columns = {name: place for place, name in enumerate(benchmarks)}
    return Cells(
        model=np.array([places[name] for name in kept["model_id"]]),
        benchmark=np.array([columns[name] for name in kept["benchmark_id"]]),
        score=np.clip((kept["value"] / kept["ceiling"].fill_null(1.0)).to_numpy(), CLIP, 1 - CLIP),
        models=len(models),
        benchmarks=len(benchmarks),
        anchor=columns[anchor],
    )


def _drawn(
    cells: Cells,
    found: Parameters,
    anchor_models: tuple[int, int],
    anchors: Anchors,
    rng: np.random.Generator,
    draws: int,
) -> Floats:
    """Index values of every usable draw (rows) and model; NaN where a model is not joined to the anchors in it."""
    size = len(cells.score)
    weights = rng.multinomial(size, np.full(size, 1 / size), size=draws).astype(float)
    capability = refit(cells, weights, found, pull=PULL, reach=REACH, slopes=(FLATTEST, STEEPEST))
    for row, drawn in enumerate(weights > 0):
        parts = connected(cells.model[drawn], cells.benchmark[drawn], cells.models, cells.benchmarks)
        capability[row, parts[: cells.models] != parts[cells.models + cells.anchor]] = np.nan
    low, high = (capability[:, [model]] for model in anchor_models)
    with np.errstate(invalid="ignore"):
        usable = (high - low)[:, 0] > 1e-6
    return on_scale(capability[usable], low[usable], high[usable], anchors)
