"""The shape of what questions.toml holds: topics, questions, and forecasts that people are on record for."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SerializeAsAny, model_validator

from db.forecasters import objection
from tracker.catalog.entries import Slug, Text, WrongValue
from tracker.markets.sources import SOURCES, source_of
from tracker.rules.claim import Rule

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
_SITES = [source.title for source in SOURCES.values()]


def _market(value: str) -> str:
    if not value.startswith("https://") or source_of(value) is None:
        raise ValueError(f"the https:// address of a market on {', '.join(_SITES[:-1])} or {_SITES[-1]}")
    return value


def _person(value: str) -> str:
    if objection(value) is not None or value != value.strip():
        raise ValueError("the name of a person, and none that stands for a market, this program or a reference")
    return value


class TopicEntry(BaseModel):
    """Questions that ask the same, on whichever site. `asks`: the question they share, in a sentence."""

    model_config = _STRICT

    id: Slug
    name: Text
    asks: Text


class ForecastEntry(BaseModel):
    """A probability that somebody is on record for. `on`: the day, or the last day that fits what is known of it.

    `precision`: how precisely the day is known, in words, such as "early 2025"; absent: exactly.
    """

    model_config = _STRICT

    forecaster: Annotated[Text, AfterValidator(_person)]
    probability: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    on: date
    precision: Text | None = None
    citation: Text


class QuestionEntry(BaseModel):
    """A question to follow: a market by its `url`, or one without a market by a name of its `own`.

    `title` and `closes_on` (the last day, UTC) hold until the site answers; absent: not known. `known`: what we know of
    it and what not. `inverted`: its YES is NO of the topic. `rule`: what evidence would decide it, the headline first.
    """

    model_config = _STRICT

    url: Annotated[Text, AfterValidator(_market)] | None = None
    own: Slug | None = None
    title: Text
    topic: Slug
    inverted: bool = False
    known: Text
    closes_on: date | None = None
    forecast: tuple[ForecastEntry, ...] = ()
    rule: tuple[SerializeAsAny[Rule], ...] = ()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.url is None and self.own is None:
            raise WrongValue("url", None, "the address of a market, or own with a name where there is none")
        if self.url is not None and self.own is not None:
            raise WrongValue("own", self.own, "absent beside url")
        return self

    @property
    def id(self) -> str:
        """The question's id in the database, such as "manifold:slug"."""
        place = None if self.url is None else source_of(self.url)
        return f"own:{self.own}" if place is None else f"{place.source.name}:{place.key}"

    @property
    def source(self) -> str:
        return self.id.partition(":")[0]


PARTS: Mapping[str, type[BaseModel]] = {"forecast": ForecastEntry}
"""The tables inside a [[question]], by name, and the shape of each."""
