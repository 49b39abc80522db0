"""Results files of any lm-eval version, 0.3 to 0.4.13 → one reading per task: its metrics, counts and settings. Pure.

Formats: flat keys ("acc", "acc_stderr") before 0.4, then "metric,filter"; groups beside their tasks, or around them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tracker.evals.imported_samples import NO_FILTER
from tracker.evals.imported_settings import clean, default_limit, limit, run_config
from tracker.evals.imported_values import ImportedFileError, by_task, count, number, section

# Keys of a task's row that are no metrics.
NOT_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", "samples", "task", "version", " ", ""})
# What else lm-eval writes beside `results`: one of these has to be there.
MARKS = ("versions", "config", "configs", "n-shot", "params", "higher_is_better", "group_subtasks")
NO_VERSIONS = (None, "", "N/A", "Yaml")
EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2019, 2100))


@dataclass(frozen=True)
class Reading:
    """One metric of a task through one filter. `stderr`, `n` None: not known."""

    metric: str
    filter: str
    value: float
    stderr: float | None
    n: int | None


@dataclass(frozen=True)
class TaskReading:
    """One task, or group of tasks, of a file.

    `settings`: those that may differ between the tasks of a file (fewshot, limit, harness_default_limit); a key that
    is not there is not known. `limited` None: whether all documents were used is not known. `parts`: the tasks that a
    group's numbers are made of. `unusable`: metrics that are no finite number. `lower`: metrics of which less is
    better.
    """

    task: str
    readings: tuple[Reading, ...]
    settings: dict[str, Any]
    limited: bool | None
    version: str | None
    task_hash: str | None
    parts: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    lower: tuple[str, ...] = field(default=())

    def documents(self) -> int | None:
        return max((reading.n for reading in self.readings if reading.n is not None), default=None)


def check(data: Any) -> dict[str, Any]:
    """The file's table. Raises ImportedFileError, with what it is instead, if lm-eval did not write it."""
    if not isinstance(data, dict):
        raise ImportedFileError("it is not lm-eval's: no table of results")
    if isinstance(data.get("config_general"), dict):
        raise ImportedFileError("it is lighteval's, not lm-eval's")
    results = data.get("results")
    if not isinstance(results, dict):
        raise ImportedFileError("it is not lm-eval's: it has no “results”")
    filtered = any(isinstance(row, dict) and any("," in str(key) for key in row) for row in results.values())
    if not filtered and not any(isinstance(data.get(mark), dict) for mark in MARKS):
        raise ImportedFileError("it is not lm-eval's: nothing beside “results” says so")
    if not any(isinstance(row, dict) for row in results.values()):
        raise ImportedFileError("it holds no task's results")
    return data


def read_tasks(data: Mapping[str, Any]) -> list[TaskReading]:
    """Every task and group of the file in its order. Raises ImportedFileError where no task has any metric."""
    rows = _rows(data)
    parts = _parts(data, rows)
    found = [_task(data, task, outer, row, parts) for task, (outer, row) in rows.items()]
    kept = [reading for reading in found if reading.readings or reading.unusable]
    if not kept:
        raise ImportedFileError("no task in it has a metric")
    return kept


def read_times(data: Mapping[str, Any]) -> tuple[datetime | None, float | None]:
    """When the evaluation started, and its seconds in all; None for what the file does not say, or says wrongly."""
    started = number(data.get("date"))
    at = datetime.fromtimestamp(started, UTC) if started is not None and EARLIEST <= started < LATEST else None
    total = data.get("total_evaluation_time_seconds")
    if isinstance(total, str):
        try:
            total = float(total)
        except ValueError:
            total = None
    seconds = number(total)
    return at, seconds if seconds is not None and 0 < seconds < 1e9 else None


def leaves(task: str, parts: Mapping[str, Sequence[str]]) -> list[str]:
    """The tasks at the bottom of a group of groups; the task itself where it is no group."""
    found: list[str] = []
    seen = {task}
    waiting = [task]
    while waiting:
        current = waiting.pop(0)
        inner = [part for part in parts.get(current, ()) if part not in seen]
        if not parts.get(current):
            found.append(current)
        seen.update(inner)
        waiting += inner
    return found


def _rows(data: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Task → the group it stands inside (itself, if in none) and its row."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for held in (section(data, "results"), section(data, "groups")):
        for outer, row in held.items():
            if not isinstance(row, dict):
                continue
            inner = {key: value for key, value in row.items() if key not in NOT_METRICS}
            if inner and all(isinstance(value, dict) for value in inner.values()):
                for task, nested in inner.items():
                    found.setdefault(task, (outer, nested))
            else:
                found.setdefault(outer, (outer, row))
    return found


def _parts(data: Mapping[str, Any], rows: Mapping[str, tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    parts: dict[str, tuple[str, ...]] = {}
    for group, names in section(data, "group_subtasks").items():
        if isinstance(names, list) and names:
            parts[group] = tuple(name for name in names if isinstance(name, str) and name != group)
    for task, (outer, _) in rows.items():
        if task != outer:
            parts[outer] = (*parts.get(outer, ()), task)
    return parts


def _task(
    data: Mapping[str, Any], task: str, outer: str, row: Mapping[str, Any], parts: Mapping[str, tuple[str, ...]]
) -> TaskReading:
    below = leaves(task, parts)
    counts = [_counts(data, name, outer) for name in below]
    effective = [used for _, used in counts if used is not None]
    n = sum(effective) if len(effective) == len(counts) else count(row.get("sample_len"))
    known = [used < original for original, used in counts if original is not None and used is not None]
    settings = _settings(data, task, below, outer)
    limited = any(known) if known else None
    if "limit" not in settings and limited is False:
        settings["limit"] = None
    readings, unusable = _readings(row, n)
    better = by_task(section(data, "higher_is_better"), task, outer)
    version = by_task(section(data, "versions"), task, outer)
    task_hash = by_task(section(data, "task_hashes"), task, outer)
    return TaskReading(
        task=clean(task),
        readings=tuple(readings),
        settings=settings,
        limited=True if settings.get("limit") is not None else limited,
        version=clean(str(version)) if isinstance(version, str | int | float) and version not in NO_VERSIONS else None,
        task_hash=clean(task_hash) if isinstance(task_hash, str) and task_hash else None,
        parts=tuple(map(clean, parts.get(task, ()))),
        unusable=tuple(unusable),
        lower=tuple(clean(name) for name, up in better.items() if up is False) if isinstance(better, dict) else (),
    )


def _readings(row: Mapping[str, Any], n: int | None) -> tuple[list[Reading], list[str]]:
    found: dict[tuple[str, str], Reading] = {}
    unusable = []
    per_metric = section(row, "sample_count")
    for key, raw in row.items():
        metric, _, filter_ = key.partition(",")
        if key in NOT_METRICS or not metric.strip() or metric.endswith("_stderr"):
            continue
        value = number(raw)
        if value is None:
            unusable.append(clean(key))
            continue
        stderr = number(row.get(f"{metric}_stderr,{filter_}" if "," in key else f"{metric}_stderr"))
        own = count(per_metric.get(key))
        reading = Reading(
            metric=clean(metric),
            filter=clean(filter_) or NO_FILTER,
            value=value,
            stderr=stderr if stderr is not None and stderr >= 0 else None,
            n=n if own is None else own,
        )
        found.setdefault((reading.metric, reading.filter), reading)
    return list(found.values()), unusable


def _counts(data: Mapping[str, Any], task: str, outer: str) -> tuple[int | None, int | None]:
    """How many documents a task has, and how many were used."""
    held = by_task(section(data, "n-samples", "n_samples"), task, outer)
    if isinstance(held, dict):
        return count(held.get("original")), count(held.get("effective"))
    return None, count(held)


def _settings(data: Mapping[str, Any], task: str, below: Sequence[str], outer: str) -> dict[str, Any]:
    """What the tasks under this one agree on: a group's own entry for them is often wrong."""
    settings: dict[str, Any] = {}
    each = [list(_own_settings(data, name, outer)) for name in below]
    for place, key in enumerate(("fewshot", "harness_default_limit", "limit")):
        values = [own[place] for own in each]
        if values and values[0] is not None and all(value == values[0] for value in values):
            settings[key] = values[0]
        elif key == "harness_default_limit" and True in values:
            settings[key] = True
    return settings


def _own_settings(data: Mapping[str, Any], task: str, outer: str) -> Iterator[Any]:
    """Shots, whether the default output limit held, and the task's own document limit; None for what is not known."""
    config = run_config(data)
    own = by_task(section(data, "configs", "tasks"), task, outer)
    around = section(data, "configs", "tasks").get(outer)
    tables = [table for table in (own, around) if isinstance(table, dict)]
    shots = [by_task(section(data, "n-shot"), task, outer), *(table.get("num_fewshot") for table in tables)]
    yield next((shot for shot in map(count, [*shots, config.get("num_fewshot")]) if shot is not None), None)
    yield default_limit(data, tables[0]) if tables else None
    yield next((found for table in tables if (found := limit(table.get("limit"))) is not None), None)
