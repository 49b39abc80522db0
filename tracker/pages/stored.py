"""What the pages read, each frame kept for a minute; trouble with the database becomes a sentence on the page."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import streamlit as st
from sqlalchemy import Engine

from db.engine import DatabaseError, migrate, open_engine
from db.queries import runs as run_queries
from db.queries import scores as score_queries
from tracker.catalog.load import load_catalog
from tracker.catalog.plan import wanted
from tracker.pages import words
from tracker.settings import Settings
from tracker.stats.due import due

KEPT = "60s"
EMBEDDED_SUITE = "embedded"


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def gaps() -> pl.DataFrame:
    return _or_sentence(_gaps)


def runs() -> pl.DataFrame:
    return _or_sentence(_runs)


def reports() -> pl.DataFrame:
    return _or_sentence(_reports)


def suites() -> list[str]:
    """The suites of the catalogue, the one that the night runs first. Raises CatalogError."""
    night = os.environ.get("TRACKER_SUITE") or EMBEDDED_SUITE
    return sorted(load_catalog(settings().catalog_dir).suites(), key=lambda suite: (suite != night, suite))


def due_in(suite: str) -> pl.DataFrame:
    """What is due of a suite, see `tracker.stats.due.due`. Raises CatalogError."""
    return _or_sentence(lambda url: _due(url, str(settings().catalog_dir), suite))


@st.cache_resource
def _engine(url: str) -> Engine:
    engine = open_engine(url)
    migrate(engine)
    return engine


@st.cache_data(ttl=KEPT, show_spinner=False)
def _gaps(url: str) -> pl.DataFrame:
    return score_queries.gaps(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _runs(url: str) -> pl.DataFrame:
    return run_queries.runs(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _reports(url: str) -> pl.DataFrame:
    return run_queries.reports(_engine(url))


@st.cache_data(ttl=KEPT, show_spinner=False)
def _due(url: str, catalog: str, suite: str) -> pl.DataFrame:
    return due(wanted(load_catalog(Path(catalog)), suite), run_queries.finished(_engine(url)), datetime.now(UTC))


def _or_sentence(read: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    try:
        return read(settings().database_url)
    except DatabaseError as error:
        words.headline("The results cannot be read.")
        words.notice(str(error))
        st.stop()
