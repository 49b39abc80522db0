"""Which models an index can compare: the graph of models and benchmarks that scores join, and what hangs by one."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


class Graph(NamedTuple):
    """Models and benchmarks by number, joined by the scores of `rows` (model) and `columns` (benchmark)."""

    models: list[str]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    benchmarks: int
    anchor: int

    def joined(self, without: int | None = None) -> NDArray[np.bool_]:
        """For every score, whether a chain leads from its model to the anchor benchmark, even without a model."""
        kept = np.ones(len(self.rows), dtype=bool) if without is None else self.rows != without
        parts = connected(self.rows[kept], self.columns[kept], len(self.models), self.benchmarks)
        return np.asarray(parts[self.rows] == parts[len(self.models) + self.anchor])

    def hanging(self) -> set[str]:
        """Models that are joined to the anchor benchmark only through one other model."""
        found = set()
        for model in range(len(self.models)):
            lost = ~self.joined(without=model) & (self.rows != model)
            found |= {self.models[row] for row in np.unique(self.rows[lost])}
        return found


def graph(kept: pl.DataFrame, anchor: str) -> Graph:
    """The scores (model_id, benchmark_id) as a graph; `anchor` is a benchmark's id."""
    benchmarks = kept["benchmark_id"].unique().sort().to_list()
    models = kept["model_id"].unique().sort().to_list()
    # An anchor that is not there is a benchmark of its own, which nothing is joined to.
    benchmarks = benchmarks if anchor in benchmarks else [*benchmarks, anchor]
    places = {name: place for place, name in enumerate(models)}
    columns = {name: place for place, name in enumerate(benchmarks)}
    return Graph(
        models,
        np.array([places[name] for name in kept["model_id"]], dtype=np.intp),
        np.array([columns[name] for name in kept["benchmark_id"]], dtype=np.intp),
        len(benchmarks),
        columns[anchor],
    )


def connected(rows: NDArray[np.intp], columns: NDArray[np.intp], models: int, benchmarks: int) -> NDArray[np.intp]:
    """Which connected part of the graph of models and benchmarks each model, then each benchmark, belongs to."""
    size = models + benchmarks
    graph = coo_matrix((np.ones(len(rows)), (rows, columns + models)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1])
