"""What the pages read, each frame kept for a minute; trouble with the database becomes a sentence on the page."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from db.engine import DatabaseError, migrate, open_engine
from db.queries import capabilities as capability_queries
from db.queries import evidence as evidence_queries
from db.queries import provenance as provenance_queries
from db.queries import publications as publication_queries
from db.queries import runs as run_queries
from db.queries import scores as score_queries
from db.queries import trends as trend_queries
from tracker.catalog.load import load_catalog
from tracker.catalog.plan import wanted
from tracker.pages import words
from tracker.settings import Settings, SettingsError
from tracker.stats.due import due
from tracker.stats.evidence_domains import domains, poolable
from tracker.stats.pooling import Method

Read = TypeVar("Read")
KEPT = "60s"


def settings() -> Settings:
    """The settings; a variable that holds what cannot be becomes a sentence on the page."""
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        _stop("The settings cannot be used.", error)


def gaps(as_of: date | None = None) -> pl.DataFrame:
    """The latest gaps, or those known on a day: see `db.queries.gaps.gaps`."""
    return _or_sentence(lambda url: _gaps(url, as_of))


def evidence(as_of: date | None = None, relation: str | None = None) -> pl.DataFrame:
    """The same gaps with no more than pooling needs: see `db.queries.evidence.evidence`. The demonstration's too."""
    return _or_sentence(lambda url: _evidence(url, as_of, relation))


def pooled(choice: tuple[str, ...], gaps: pl.DataFrame, method: Method, admit: frozenset[str]) -> pl.DataFrame:
    """The rows of `evidence_domains.domains`, kept by what was chosen, which with the database stands for the gaps."""
    return _pooled((settings().database_url, *choice), gaps, names(), method, admit)


def relations() -> pl.DataFrame:
    return _or_sentence(_relations)


def any_poolable(relation: str | None) -> bool:
    """Whether any measured gaps, of pairs of this relation or of all, can be pooled."""
    return _or_sentence(lambda url: _poolable(url, relation))


def details(benchmark_ids: tuple[str, ...]) -> pl.DataFrame:
    """What else is known of the gaps on some benchmarks, see `db.queries.evidence.details`."""
    return _or_sentence(lambda url: _details(url, benchmark_ids))


def names() -> dict[str, str]:
    """The names of capabilities by their ids."""
    return dict(capabilities().select("capability_id", "name").iter_rows())


def capabilities() -> pl.DataFrame:
    return _or_sentence(_capabilities)


def benchmarks() -> pl.DataFrame:
    """Every benchmark with a capability, see `db.queries.capabilities.benchmarks`."""
    return _or_sentence(_benchmarks)


def speeds() -> pl.DataFrame:
    """What our own runs wrote, and in how long: see `db.queries.capabilities.speeds`."""
    return _or_sentence(_speeds)


def publications() -> pl.DataFrame:
    return _or_sentence(_publications)


def behind(run_ids: tuple[str, ...], benchmark_id: str) -> pl.DataFrame:
    """The runs of a gap with all that is known of them, see `db.queries.provenance.behind`."""
    return _or_sentence(lambda url: _behind(url, run_ids, benchmark_id))


def scores() -> pl.DataFrame:
    """Each model's latest score on each benchmark, see `db.queries.trends.scores`."""
    return _or_sentence(_scores)


def runs() -> pl.DataFrame:
    return _or_sentence(_runs)


def reports() -> pl.DataFrame:
    return _or_sentence(_reports)


def suites() -> list[str]:
    """The suites of the catalogue, the one that the night runs first. Raises CatalogError."""
    known = settings()
    return sorted(load_catalog(known.catalog_dir).suites(), key=lambda suite: (suite != known.suite, suite))


def due_in(suite: str) -> pl.DataFrame:
    """What is due of a suite, see `tracker.stats.due.due`. Raises CatalogError."""
    return _or_sentence(lambda url: _due(url, str(settings().catalog_dir), suite))


def from_database(work: Callable[[str], Read]) -> Read:
    """What `work` makes of the database's address; trouble with the database becomes a sentence on the page."""
    return _or_sentence(work)


def opened(url: str) -> Engine:
    """The engine on a database that is migrated; one for all pages."""
    return _engine(url)


@st.cache_resource
def _engine(url: str) -> Engine:
    engine = open_engine(url)
    migrate(engine)
    return engine


@st.cache_data(ttl=KEPT, show_spinner=False, max_entries=8)
def _gaps(url: str, as_of: date | None) -> pl.DataFrame:
    return score_queries.gaps(_engine(url), as_of)


# As a resource: nobody changes a frame, and a copy of a large one takes longer than to draw it.
@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=8)
def _evidence(url: str, as_of: date | None, relation: str | None) -> pl.DataFrame:
    return evidence_queries.evidence(_engine(url), as_of, relation)


@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=8)
def _details(url: str, benchmark_ids: tuple[str, ...]) -> pl.DataFrame:
    return evidence_queries.details(_engine(url), benchmark_ids)


@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=64)
def _pooled(
    choice: tuple[str, ...], _gaps: pl.DataFrame, _names: dict[str, str], method: Method, admit: frozenset[str]
) -> pl.DataFrame:
    return domains(_gaps, _names, method=method, admit=admit)


@st.cache_data(ttl=KEPT, show_spinner=False)
def _poolable(url: str, relation: str | None) -> bool:
    return poolable(_evidence(url, None, relation).filter(~pl.col("demonstration")))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _relations(url: str) -> pl.DataFrame:
    return evidence_queries.relations(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _capabilities(url: str) -> pl.DataFrame:
    return capability_queries.capabilities(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _benchmarks(url: str) -> pl.DataFrame:
    return capability_queries.benchmarks(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _speeds(url: str) -> pl.DataFrame:
    return capability_queries.speeds(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _publications(url: str) -> pl.DataFrame:
    return publication_queries.publications(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False, max_entries=64)
def _behind(url: str, run_ids: tuple[str, ...], benchmark_id: str) -> pl.DataFrame:
    return provenance_queries.behind(_engine(url), run_ids, benchmark_id)


@st.cache_data(ttl=KEPT, show_spinner=False)
def _scores(url: str) -> pl.DataFrame:
    return trend_queries.scores(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _runs(url: str) -> pl.DataFrame:
    return run_queries.runs(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _reports(url: str) -> pl.DataFrame:
    return run_queries.reports(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _due(url: str, catalog: str, suite: str) -> pl.DataFrame:
    return due(wanted(load_catalog(Path(catalog)), suite), run_queries.finished(_engine(url)), datetime.now(UTC))


def _or_sentence(read: Callable[[str], Read]) -> Read:
    url = settings().database_url
    try:
        return read(url)
    except DatabaseError as error:
        _stop("The results cannot be read.", error)


def _stop(headline: str, error: Exception) -> NoReturn:
    words.headline(headline)
    words.notice(str(error))
    st.stop()
