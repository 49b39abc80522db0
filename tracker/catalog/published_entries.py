"""The shape of what published.toml and capabilities.toml hold: sources, benchmarks, models, capabilities."""

import re
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from db.tables import GRADINGS, KINDS, NATURES, PLACES, UNITS
from tracker.catalog.entries import Count, Number, Slug, Text, Texts, WrongValue, check_human, one_of

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


def _path(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)+", value):
        raise ValueError("the id of a source, a slash, and a name of lower-case letters, digits, '.', '-' and '_'")
    return value


def _address(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("an https:// address")
    return value


Path = Annotated[str, AfterValidator(_path)]
Address = Annotated[str, AfterValidator(_address)]


class CapabilityEntry(BaseModel):
    """What benchmarks measure. `place` absent: not named by the question behind this program."""

    model_config = _STRICT

    id: Slug
    name: Text
    nature: Annotated[str, AfterValidator(one_of(NATURES))]
    place: Annotated[str, AfterValidator(one_of(PLACES))] | None = None
    note: Text | None = None


class SourceEntry(BaseModel):
    """Who published. `title` is what readers see, `citation` what a reference list has, `terms` those of use.

    `harness_default_limit`: reasoning models ran with lm-eval's default output limit.
    """

    model_config = _STRICT

    id: Slug
    title: Text
    citation: Text
    url: Address
    terms: Text
    harness_default_limit: bool = False
    note: Text | None = None


class PublishedBenchmarkEntry(BaseModel):
    """What one source measured. Its id begins with the source's; `measure` is what the source says it prints.

    `n`: documents, absent where not certain. `overlaps`: the benchmark whose answers this one counts again.
    `human`: in `unit`, only where it is known for the same questions and measure.
    """

    model_config = _STRICT

    id: Path
    name: Text
    measure: Text
    unit: Annotated[str, AfterValidator(one_of(UNITS))]
    capability: Slug
    grading: Annotated[str, AfterValidator(one_of(GRADINGS))]
    n: Count | None = None
    chance: Number | None = None
    ceiling: Number | None = None
    human: Number | None = None
    human_source: Text | None = None
    overlaps: Path | None = None
    log_likelihood: bool = False

    @property
    def source(self) -> str:
        return self.id.partition("/")[0]

    @model_validator(mode="before")
    @classmethod
    def _ceiling_of_fractions(cls, table: Any) -> Any:
        if isinstance(table, dict) and "ceiling" not in table and table.get("unit") == "fraction":
            return {**table, "ceiling": 1.0}
        return table

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in ("chance", "ceiling", "human"):
            value = getattr(self, key)
            if value is not None and self.unit == "fraction" and not 0 <= value <= 1:
                raise WrongValue(key, value, "from 0 to 1 where unit is fraction")
        check_human(self.human, self.human_source)
        return self


class PublishedModelEntry(BaseModel):
    """A model that somebody measured. `aliases`: the names it has at the sources; absent otherwise: not known."""

    model_config = _STRICT

    id: Slug
    name: Text
    kind: Annotated[str, AfterValidator(one_of(KINDS))]
    lab: Text | None = None
    weights: Text | None = None
    base: Text | None = None
    released_on: date | None = None
    aliases: Annotated[Texts, Field(default=())]
