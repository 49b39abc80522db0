"""Damaged files give rows that a database takes, or one error. `tests.bench.fuzz_imports` does it 10,000 times."""

import random

import pytest
from sqlalchemy import Engine

from db.store import save_catalog
from tests.bench.fuzz_imports import FIXTURES, try_one
from tracker.catalog.load import Catalog, load_catalog
from tracker.evals.imported_runs import Known
from tracker.settings import EMBEDDED_CATALOG

FILES = 300
PARTS = 3


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(EMBEDDED_CATALOG)


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_files_give_rows_or_one_error(engine: Engine, catalog: Catalog, part: int) -> None:
    save_catalog(engine, *catalog.rows())
    known = Known(tuple(catalog.models.values()), tuple(catalog.benchmarks.values()))
    paths = sorted(FIXTURES.rglob("*.json*"))
    outcomes = set()
    for number in range(part, FILES, PARTS):
        rng = random.Random(f"suite/{number}")
        outcomes.add(try_one(rng, rng.choice(paths), known, engine))
    assert outcomes == {"rows", "refused"}
