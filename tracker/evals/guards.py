"""What makes a score untrustworthy or two scores incomparable: each flag of `tracker.stats.flags`, decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.stats.flags import FLAGS
from tracker.stats.gaps import binomial_stderr

MOST_TRUNCATED = 0.02
MOST_FILTER_DIFFERENCE = 0.05
MOST_LOG_ODDS_DROP = 1.0
SIGNIFICANT = 1.96
ROUNDING = 1e-9

SETTINGS_COMPARED = ("limit", "fewshot", "apply_chat_template", "system_prompt")
THINKING_SWITCHES = frozenset(
    {"enable_thinking", "thinking", "thinking_budget", "thinking_mode", "reasoning", "reasoning_effort", "think_end"}
)
OUTPUT_LENGTH = frozenset({"max_gen_toks", "max_tokens", "max_new_tokens", "max_completion_tokens", "until", "stop"})
SAMPLING_OF_A_MODE = frozenset(
    {
        "do_sample",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "seed",
    }
)
PART_OF_THINKING = THINKING_SWITCHES | OUTPUT_LENGTH | SAMPLING_OF_A_MODE


@dataclass(frozen=True)
class Reading:
    """One metric of a task read through one filter, in one run."""

    metric: str
    filter: str
    value: float


@dataclass(frozen=True)
class Side:
    """One run's part in a comparison. None: not known, and what is not known raises no flag.

    `settings` is the run's own record; a key it lacks is not known, a key that is null says "the task's own" or "all".
    `truncated` is the share of outputs that hit the token limit. `readings` are all metrics of the run, the headline
    among them. `source` names the publication or file the run was read from.
    """

    value: float
    stderr: float | None = None
    n: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    task_version: str | None = None
    task_hash: str | None = None
    truncated: float | None = None
    readings: tuple[Reading, ...] = ()
    source: str | None = None


@dataclass(frozen=True)
class Comparison:
    """What both sides share: the benchmark, the twin and the gap that was computed.

    `shared` is the number of documents in both runs, None for an unpaired gap. `log_likelihood`: the task ranks given
    answers instead of letting the model write. `inferred`: the twin's relation is read off the names.
    """

    metric: str | None
    filter: str | None
    unit: str
    stderr: float | None
    log_odds: float | None
    chance: float | None = None
    grading: str | None = None
    log_likelihood: bool = False
    inferred: bool = False
    shared: int | None = None


def flags(
    reasoning: Side, conventional: Side, comparison: Comparison, *, dead: frozenset[tuple[str, str]] = frozenset()
) -> tuple[str, ...]:
    """The names of the flags this comparison raises, sorted.

    `dead` holds the (metric, filter) pairs found by `dead_metrics` in the set of runs the two belong to.
    """
    sides = (reasoning, conventional)
    drop = comparison.log_odds is not None and comparison.log_odds < -MOST_LOG_ODDS_DROP
    raised = {
        "truncated": any(side.truncated is not None and side.truncated > MOST_TRUNCATED for side in sides),
        "dead-metric": (comparison.metric, comparison.filter) in dead,
        "filters-disagree": comparison.unit == "fraction"
        and any(filters_disagree(side.readings, comparison.metric) for side in sides),
        "unequal-settings": bool(unequal_settings(reasoning, conventional, shared=comparison.shared)),
        "log-likelihood": comparison.log_likelihood,
        "below-chance": any(below_chance(side, chance=comparison.chance, unit=comparison.unit) for side in sides),
        "harness-default": reasoning.settings.get("harness_default_limit") is True and not comparison.log_likelihood,
        "implausible-drop": drop and comparison.grading == "verifiable",
        "shared-fit": _fitted(comparison) and _one_source(reasoning, conventional),
        "inferred-twin": comparison.inferred,
        "no-stderr": comparison.stderr is None,
    }
    return tuple(sorted(name for name in FLAGS if raised[name]))


def dead_metrics(runs: Iterable[Iterable[Reading]]) -> frozenset[tuple[str, str]]:
    """The (metric, filter) pairs that are 0 in every one of the runs, or 1 in every one, while a sibling is not.

    `runs` are the readings of one task in one file or run set, one entry per run. Where every metric and filter is
    stuck, none is dead: a task that all models solve, or fail, by every measure is easy, or hard.
    """
    values: dict[tuple[str, str], set[float]] = {}
    for readings in runs:
        for reading in readings:
            values.setdefault((reading.metric, reading.filter), set()).add(reading.value)
    stuck = frozenset(pair for pair, seen in values.items() if seen in ({0.0}, {1.0}))
    return stuck if len(stuck) < len(values) else frozenset()


def filters_disagree(readings: Iterable[Reading], metric: str | None) -> bool:
    """Whether any two filters of the metric differ by more than 0.05 in one run."""
    values = [reading.value for reading in readings if reading.metric == metric]
    return bool(values) and max(values) - min(values) > MOST_FILTER_DIFFERENCE + ROUNDING


def unequal_settings(reasoning: Side, conventional: Side, *, shared: int | None = None) -> tuple[str, ...]:
    """What the two runs differ in besides thinking itself, by name, sorted.

    Thinking itself is the switch (in the chat template's or the generation's arguments), the room an output gets
    (token limit, stop strings) and the sampling a model card prescribes for a mode (temperature, top-p and their
    kin): every same-weights pair differs in these, because running one mode with the other's settings would measure
    neither mode as it is meant to be used. Too little room shows as `truncated` or `harness-default`. All else has to
    be equal: limit, documents, task version and hash, shots, chat template and its other arguments, system prompt,
    and whatever else governs generation. Numeric precision, batch size and the server are not settings of the
    question asked and are not compared.

    lm-eval's task hash covers the prompts as rendered, so under a chat template it differs between any two models and
    between the two modes of one; it is compared only if a side is not known to use a template. `shared` then tells
    whether the documents are the same: fewer than either run has means that they are not.
    """
    one, two = reasoning.settings, conventional.settings
    found = {key for key in SETTINGS_COMPARED if key in one and key in two and _given(one[key]) != _given(two[key])}
    for group in ("generation", "chat_template_args"):
        if group in one and group in two:
            found |= {f"{group}.{key}" for key in _differing(one[group], two[group])}
    templated = one.get("apply_chat_template") is True and two.get("apply_chat_template") is True
    if not templated and _differ(reasoning.task_hash, conventional.task_hash):
        found.add("task_hash")
    if _differ(_version(reasoning.task_version), _version(conventional.task_version)):
        found.add("task_version")
    counts = [side.n for side in (reasoning, conventional) if side.n is not None]
    if len({*counts, *(() if shared is None else (shared,))}) > 1:
        found.add("documents")
    return tuple(sorted(found))


def below_chance(side: Side, *, chance: float | None, unit: str) -> bool:
    """Whether the score lies more than 1.96 standard errors under the chance level.

    A missing or zero stderr is replaced by the binomial one where the unit is fraction and the count is known.
    """
    if chance is None:
        return False
    error = side.stderr
    if not error and unit == "fraction" and side.n:
        error = binomial_stderr(side.value, side.n)
    return error is not None and side.value + SIGNIFICANT * error < chance


def truncated_share(truncated: int | None, outputs: int | None) -> float | None:
    """The share of outputs that hit the token limit; None unless both counts are known."""
    return None if truncated is None or not outputs else truncated / outputs


def _differing(one: Mapping[str, Any] | None, two: Mapping[str, Any] | None) -> set[str]:
    first, second = one or {}, two or {}
    keys = (first.keys() | second.keys()) - PART_OF_THINKING
    return {key for key in keys if first.get(key) != second.get(key)}


def _given(value: Any) -> Any:
    """An empty system prompt is no system prompt."""
    return None if value == "" else value


def _differ(one: str | None, two: str | None) -> bool:
    return one is not None and two is not None and one != two


def _version(version: str | None) -> str | None:
    """lm-eval has written one version as 1, 1.0 and "1.0": those are the same."""
    try:
        return version if version is None else repr(float(version))
    except ValueError:
        return version


def _fitted(comparison: Comparison) -> bool:
    """Ratings from votes or judgements come out of one fit; those from checked answers are held against fixed ones."""
    return comparison.unit == "rating" and comparison.grading != "verifiable"


def _one_source(reasoning: Side, conventional: Side) -> bool:
    """A rating means nothing outside its fit, so two ratings share one unless they are known to come from two."""
    return not _differ(reasoning.source, conventional.source)
