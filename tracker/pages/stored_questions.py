"""What the pages on questions read: frames kept for a minute, and made anew after a write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import streamlit as st

from db.queries import estimates as estimate_queries
from db.queries import forecasts as forecast_queries
from db.queries import questions as question_queries
from tracker.catalog.questions import catalogue_of
from tracker.pages.stored import KEPT, from_database, opened, settings
from tracker.rules.rule import Rule
from tracker.stats import questions as listing
from tracker.stats.forecasts import reference_steps, steps


def questions() -> pl.DataFrame:
    """Every question, tracked or not: see `db.queries.questions.questions`."""
    return from_database(_questions)


def listed() -> pl.DataFrame:
    """The tracked questions with what stands now and how far it moved: see `tracker.stats.questions.listed`."""
    return from_database(_listed)


def forecasts(question_ids: tuple[str, ...]) -> pl.DataFrame:
    """Everything that was said of some questions: see `db.queries.forecasts.forecasts`."""
    return from_database(lambda url: _forecasts(url, question_ids))


def resolutions(question_id: str) -> pl.DataFrame:
    """Every decision about a question: see `db.queries.questions.resolutions`."""
    return from_database(lambda url: _resolutions(url, question_id))


def estimates(question_id: str) -> pl.DataFrame:
    """What this program said of a question, live and afterwards: see `db.queries.estimates.estimates`."""
    return from_database(lambda url: _estimates(url, question_id))


def rules(question_id: str) -> tuple[Rule, ...]:
    """The rules that a question has in the catalogue, the headline's first. Raises CatalogError."""
    return _rules(settings().catalog_dir).get(question_id, ())


def standing() -> pl.DataFrame:
    """What stands now on every question: see `db.queries.forecasts.standing`."""
    return from_database(_standing)


def resolved_steps() -> pl.DataFrame:
    """When each forecast on the resolved questions stood, those of both references among them: see STEPS."""
    return from_database(_resolved_steps)


def first() -> str | None:
    """The id of the question that moved most; null while none is tracked."""
    rows = listed()
    return None if rows.is_empty() else str(rows["question_id"][0])


def last_forecaster() -> str:
    """Who made a forecast here last; empty while nobody has."""
    return from_database(_last_forecaster)


def forget() -> None:
    """Read everything anew: something was written."""
    for kept in (
        _questions,
        _listed,
        _forecasts,
        _resolutions,
        _estimates,
        _standing,
        _resolved_steps,
        _last_forecaster,
    ):
        kept.clear()


# As resources: nobody changes a frame, and a copy of a large one takes longer than to draw it.
@st.cache_resource(ttl=KEPT, show_spinner=False)
def _questions(url: str) -> pl.DataFrame:
    return question_queries.questions(opened(url))


@st.cache_resource(ttl=KEPT, show_spinner=False)
def _listed(url: str) -> pl.DataFrame:
    now = datetime.now(UTC)
    tracked = _questions(url).filter("tracked")
    since = (now - timedelta(days=listing.BACK - 1)).date()
    return listing.listed(tracked, forecast_queries.daily(opened(url), since), now)


@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=32)
def _forecasts(url: str, question_ids: tuple[str, ...]) -> pl.DataFrame:
    return forecast_queries.forecasts(opened(url), question_ids)


@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=32)
def _resolutions(url: str, question_id: str) -> pl.DataFrame:
    return question_queries.resolutions(opened(url), question_id)


@st.cache_resource(ttl=KEPT, show_spinner=False, max_entries=32)
def _estimates(url: str, question_id: str) -> pl.DataFrame:
    return estimate_queries.estimates(opened(url), [question_id])


@st.cache_resource(ttl=KEPT, show_spinner=False)
def _rules(catalog: Path) -> dict[str, tuple[Rule, ...]]:
    return catalogue_of(catalog).rules


@st.cache_resource(ttl=KEPT, show_spinner=False)
def _standing(url: str) -> pl.DataFrame:
    return forecast_queries.standing(opened(url), datetime.now(UTC))


@st.cache_resource(ttl=KEPT, show_spinner=False)
def _resolved_steps(url: str) -> pl.DataFrame:
    known = _questions(url)
    ids = known.filter(pl.col("resolution").is_not_null())["question_id"].to_list()
    if not ids:
        return steps(forecast_queries.forecasts(opened(url), []), known)
    stood = steps(forecast_queries.forecasts(opened(url), ids), known)
    return pl.concat([stood, reference_steps(stood, known)])


@st.cache_resource(ttl=KEPT, show_spinner=False)
def _last_forecaster(url: str) -> str:
    made = forecast_queries.forecasts(opened(url), kinds=["person"]).drop_nulls("recorded_at").sort("recorded_at")
    return str(made["forecaster"][-1]) if made.height else ""
