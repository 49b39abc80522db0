"""The shape of a catalogue entry: what each key may hold, and which keys depend on each other."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from db.tables import GRADINGS, KINDS, RELATIONS, UNITS

BACKENDS = ("hf", "server")
OUTPUTS = ("generate", "loglikelihood")
# What capabilities.toml lists, in its order; a test holds the two together.
CAPABILITIES = (
    "math",
    "coding",
    "thinking-speed",
    "flight-simulators",
    "self-replication",
    "cyberattacks",
    "strategy-games",
    "scientific-articles",
    "persuasion",
    "deception",
    "real-world-planning",
    "robotics",
    "weapons",
    "wet-lab",
    "research",
    "acquiring-resources",
    "avoiding-detection",
    "science",
    "knowledge",
    "reasoning",
    "planning",
    "reading",
    "long-context",
    "instruction-following",
    "commonsense",
    "tool-use",
    "data-analysis",
    "language",
    "dialogue",
    "truthfulness",
    "emotional-intelligence",
    "social-reasoning",
    "moral-judgement",
    "sycophancy",
    "bias",
    "summarisation",
    "translation",
    "advice",
    "creative-writing",
    "writing",
    "humour",
    "general",
)

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
LONGEST_NAME_WITHOUT_UNDERSCORE = 16
LONGEST_ENVIRONMENT_NAME = 64


class WrongValue(ValueError):
    """A key whose value contradicts another key: the key, what it holds (None: absent), and what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(allowed)
        self.key = key
        self.value = value
        self.allowed = allowed


def one_of(values: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in values:
            raise ValueError("one of " + ", ".join(values))
        return value

    return check


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", value):
        raise ValueError("lower-case letters, digits, '.', '-' and '_', starting with a letter or digit")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("text that is not empty")
    return value


def _without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a list in which no name is repeated")
    return values


def _environment_name(value: str) -> str:
    plain = "_" not in value and len(value) > LONGEST_NAME_WITHOUT_UNDERSCORE
    if not ENVIRONMENT_NAME.fullmatch(value) or plain or len(value) > LONGEST_ENVIRONMENT_NAME:
        raise ValueError(
            "the name of an environment variable in capitals, such as OPENAI_API_KEY, and never the key itself"
        )
    return value


def _server_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or parts.query:
        raise ValueError("an http:// or https:// address without a password or a query")
    return value


def _scalars(table: dict[str, Any]) -> dict[str, Any]:
    if not all(isinstance(value, bool | int | float | str) for value in table.values()):
        raise ValueError("a table of plain values: text, numbers, true or false")
    return table


def _tuple(value: object) -> object:
    """TOML has lists; a frozen entry holds tuples."""
    return tuple(value) if isinstance(value, list) else value


def check_human(human: float | None, source: str | None) -> None:
    """Raises WrongValue for a human figure without its source, or a source without the figure."""
    if human is not None and source is None:
        raise WrongValue("human_source", None, "where the human figure was published, required beside human")
    if human is None and source is not None:
        raise WrongValue("human", None, "the published human figure, required beside human_source")


Text = Annotated[str, AfterValidator(_text)]
Slug = Annotated[str, AfterValidator(_slug)]
Count = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_tuple)]
Aliases = Annotated[tuple[Text, ...], BeforeValidator(_tuple), AfterValidator(_without_repeats)]
Suites = Annotated[tuple[Slug, ...], BeforeValidator(_tuple), AfterValidator(_without_repeats)]

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class Sampling(TypedDict, total=False):
    """Sampling settings handed to the model as they are; a key left out keeps the task's own."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    do_sample: bool
    temperature: Annotated[float, Field(ge=0, le=5)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    top_k: Annotated[int, Field(ge=0)]
    min_p: Annotated[float, Field(ge=0, le=1)]


class ModelEntry(BaseModel):
    """Weights and mode in one entry: the same weights with thinking on and off are two entries.

    `weights`: a hub id, or with `local` a folder (absolute, from ~, or relative to the package's evals folder).
    `parameters`, `released_on`, `base` absent: not known. `gpus` 0: runs on the processor.
    `max_output_tokens`: thinking and answer together; absent: the benchmark's or the task's own limit.
    `max_length`: the context length in tokens; absent: the model's own.
    `every_days`: run it again after so many days; absent: no rhythm of its own.
    `chat_template_args`: what this model's chat template takes, such as {enable_thinking = false}.
    `thinking_prompt`: a system prompt that switches thinking on or off, as part of the mode; `system_prompt`: any
    other.
    `api_key_env` is the name of an environment variable; the key itself is never written here.
    `aliases`: what other people's results files call it (`tracker.catalog.mentions`). An entry with aliases and no
    suites is known from files alone: it never runs, so it needs neither weights nor an output limit.
    """

    model_config = _STRICT

    id: Slug
    name: Text
    kind: Annotated[str, AfterValidator(one_of(KINDS))]
    aliases: Aliases = ()
    lab: Text | None = None
    backend: Annotated[str, AfterValidator(one_of(BACKENDS))] = "hf"
    weights: Text | None = None
    local: bool = False
    revision: Text = "main"
    base: Text | None = None
    released_on: date | None = None
    parameters: Count | None = None
    gpus: Annotated[int, Field(ge=0)] = 1
    chat_template_args: Annotated[dict[str, Any], AfterValidator(_scalars)] = {}
    system_prompt: Text | None = None
    thinking_prompt: Text | None = None
    thinking: bool
    think_start: Text = "<think>"
    think_end: Text = "</think>"
    max_output_tokens: Count | None = None
    stop: Texts = ()
    generation: Sampling = {}
    dtype: Text = "auto"
    batch_size: Count = 8
    max_length: Count | None = None
    base_url: Annotated[str, AfterValidator(_server_address)] | None = None
    api_key_env: Annotated[str, AfterValidator(_environment_name)] | None = None
    server_model: Text | None = None
    concurrency: Count = 8
    suites: Suites = ()
    every_days: Count | None = None
    demonstration: bool = False
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _thinking_follows_kind(cls, table: Any) -> Any:
        if isinstance(table, dict) and "thinking" not in table:
            return {**table, "thinking": table.get("kind") == "reasoning"}
        return table

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        reasoning = self.kind == "reasoning"
        if self.thinking != reasoning:
            allowed = "true for kind reasoning" if reasoning else "false for kind conventional"
            raise WrongValue("thinking", self.thinking, allowed)
        if reasoning and self.max_output_tokens is None and not self._from_files_alone:
            raise WrongValue("max_output_tokens", None, "a whole number of at least 1, required for kind reasoning")
        self._check_weights()
        self._check_server()
        if self.max_length and self.max_output_tokens and self.max_output_tokens >= self.max_length:
            raise WrongValue("max_output_tokens", self.max_output_tokens, f"below max_length, {self.max_length}")
        return self

    @property
    def _from_files_alone(self) -> bool:
        return bool(self.aliases) and not self.suites

    def _check_weights(self) -> None:
        if self.weights is None and not self.local and (self.backend == "server" or self._from_files_alone):
            return
        if self.weights is None:
            raise WrongValue("weights", None, "a hub id such as Qwen/Qwen3-8B, or a folder with local = true")
        if self.local and ".." in Path(self.weights).parts:
            raise WrongValue("weights", self.weights, "a folder without '..' in its path")
        if not self.local and not HUB_ID.fullmatch(self.weights):
            raise WrongValue("weights", self.weights, "a hub id such as Qwen/Qwen3-8B, or a folder with local = true")

    def _check_server(self) -> None:
        if self.backend == "server":
            if self.base_url is None:
                raise WrongValue("base_url", None, "the server's http:// or https:// address, required for it")
            return
        for key in ("base_url", "api_key_env", "server_model"):
            if getattr(self, key) is not None:
                raise WrongValue(key, getattr(self, key), "absent unless backend is server")

    def location(self, evals: Path) -> str:
        """The weights as a loader takes them: the hub id, or the folder's full path (`evals`: the package's evals)."""
        if self.weights is None:
            raise ValueError(f'model "{self.id}" has no weights: it is reached as a server')
        return str(evals / Path(self.weights).expanduser()) if self.local else self.weights


class TwinEntry(BaseModel):
    """Two models whose comparison isolates the training. `evidence`: a sentence on how we know the relation."""

    model_config = _STRICT

    reasoning: Slug
    conventional: Slug
    relation: Annotated[str, AfterValidator(one_of(RELATIONS))]
    evidence: Text
    inferred: bool = False


class BenchmarkEntry(BaseModel):
    """One headline metric of one lm-eval task, or of a group of tasks (`group`).

    `chance`, `ceiling`, `human` are in `unit`; `ceiling` absent: 1 for fractions, else not known.
    `overlaps`: the benchmark whose documents this one has again; where both were run, only that one is pooled.
    `task_version` absent: the task states none. `fewshot` absent: the task's own. `documents` absent: not known.
    `max_output_tokens` replaces the task's own limit for models that name none. `prefilled`: the task writes the first
    words of the answer itself, so that a model which begins with its thinking cannot think.
    """

    model_config = _STRICT

    id: Slug
    name: Text
    task: Text
    group: bool = False
    metric: Text
    filter: Text
    unit: Annotated[str, AfterValidator(one_of(UNITS))] = "fraction"
    chance: Number | None = None
    ceiling: Number | None = None
    human: Number | None = None
    human_source: Text | None = None
    capability: Annotated[str, AfterValidator(one_of(CAPABILITIES))]
    grading: Annotated[str, AfterValidator(one_of(GRADINGS))]
    overlaps: Slug | None = None
    output: Annotated[Literal["generate", "loglikelihood"], BeforeValidator(one_of(OUTPUTS))]
    task_version: Text | None = None
    fewshot: Annotated[int, Field(ge=0)] | None = None
    documents: Count | None = None
    prefilled: bool = False
    unsafe_code: bool = False
    max_output_tokens: Count | None = None
    suites: Suites = ()
    every_days: Count | None = None
    demonstration: bool = False
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _ceiling_of_fractions(cls, table: Any) -> Any:
        if isinstance(table, dict) and "ceiling" not in table and table.get("unit", "fraction") == "fraction":
            return {**table, "ceiling": 1.0}
        return table

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in ("chance", "ceiling", "human"):
            value = getattr(self, key)
            if value is not None and self.unit == "fraction" and not 0 <= value <= 1:
                raise WrongValue(key, value, "from 0 to 1 where unit is fraction")
        if self.chance is not None and self.ceiling is not None and self.chance >= self.ceiling:
            raise WrongValue("chance", self.chance, f"below ceiling, {self.ceiling:g}")
        check_human(self.human, self.human_source)
        return self
