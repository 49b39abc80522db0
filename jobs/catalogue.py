"""`python -m jobs catalogue`: what a person may paste into models.toml for models that only imported files name."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import Engine

from db.queries import comparisons
from db.queries import runs as run_queries
from db.queries.imports import stored_runs
from tracker.catalog.load import Catalog
from tracker.catalog.mentions import Mention, find, last_part, slug, switches_thinking
from tracker.evals.imported import mention_of

SHORTEST_PREFIX = 6
MOST_SUGGESTIONS = 40
TASKS_NAMED = 6
HEAD = """\
# Models that imported files name and models.toml does not know. Their runs are kept and compared with nothing.
# Paste the blocks you can vouch for into models.toml and say of each what it is: whether a model reasons before it
# answers is known to people and model cards, not to names. An entry with aliases and no suites is never run here."""


@dataclass(frozen=True)
class SeenModel:
    """A model with imported runs. `id`: the catalogue's, or one suggested; `tasks`: the benchmarks it was run on."""

    mention: Mention
    id: str
    name: str
    catalogued: bool
    runs: int
    tasks: frozenset[str]


def seen_models(engine: Engine, catalog: Catalog) -> list[SeenModel]:
    """Every model that imported runs are of, by name. Ids suggested are free in the catalogue, and each given once."""
    names = dict(run_queries.runs(engine).select("run_id", "model_name").iter_rows())
    tasks: dict[str, set[str]] = {}
    for run_id, benchmark_id in comparisons.readings(engine).select("run_id", "benchmark_id").unique().iter_rows():
        tasks.setdefault(run_id, set()).add(benchmark_id)
    runs: dict[Mention, list[str]] = {}
    for run in stored_runs(engine):
        if run.settings.get("model"):
            runs.setdefault(mention_of(run.settings), []).append(run.run_id)
    entries = list(catalog.models.values())
    taken = set(catalog.models)
    found = []
    for mention, run_ids in sorted(runs.items(), key=lambda item: (item[0].label.lower(), item[0].text)):
        entry = find(mention, entries)
        model_id = entry.id if entry else _free(slug(mention.label), taken)
        taken.add(model_id)
        shared = frozenset().union(*(tasks.get(run_id, set()) for run_id in run_ids))
        found.append(SeenModel(mention, model_id, names[run_ids[0]], entry is not None, len(run_ids), shared))
    return found


def blocks(models: Sequence[SeenModel]) -> str:
    """TOML for the models that are not catalogued, and twins to consider, as comments."""
    unknown = [model for model in models if not model.catalogued]
    if not unknown:
        return "# Every model that imported files name is in models.toml."
    parts = [HEAD, *map(_block, unknown)]
    suggestions = list(_suggestions(models))
    if suggestions:
        head = "# Twins to consider. Nothing below is data until you have looked it up and say so."
        parts += [head, *suggestions[:MOST_SUGGESTIONS]]
        left = len(suggestions) - MOST_SUGGESTIONS
        parts += [f"# … and {left} more pairs of such names."] if left > 0 else []
    return "\n\n".join(parts)


def _block(model: SeenModel) -> str:
    mention = model.mention
    tasks = sorted(model.tasks)
    listed = ", ".join(tasks[:TASKS_NAMED]) + (" …" if len(tasks) > TASKS_NAMED else "")
    lines = [
        f"# {model.runs} run{'s' if model.runs != 1 else ''}" + (f": {_comment(listed)}" if listed else ""),
        "[[model]]",
        f"id = {_toml(model.id)}",
        f"name = {_toml(model.name)}",
        '# kind = "reasoning" or kind = "conventional": only a person can say',
    ]
    if mention.is_hub_id and not mention.hint:
        lines.append(f"weights = {_toml(mention.name)}  # looks like an id on the Hugging Face hub")
        if mention.revision:
            lines.append(f"revision = {_toml(mention.revision)}")
    lines.append(f"aliases = [{_toml(mention.text)}]")
    return "\n".join(lines)


def _suggestions(models: Iterable[SeenModel]) -> Iterator[str]:
    """Pairs that ran a task in common and whose files or names hint at one origin, with the hint."""
    for one, other in combinations(models, 2):
        if (one.catalogued and other.catalogued) or not one.tasks & other.tasks:
            continue
        hint = _hint(one.mention, other.mention)
        if hint is None:
            continue
        relation, reason, swap = hint
        first, second = (other, one) if swap else (one, other)
        shared = ", ".join(sorted(one.tasks & other.tasks)[:TASKS_NAMED])
        yield "\n".join(
            [
                f"# {_comment(reason)} Both ran {_comment(shared)}.",
                "# [[twin]]",
                f"# reasoning = {_toml(first.id)}  # or the other way round",
                f"# conventional = {_toml(second.id)}",
                f'# relation = "{relation}"',
                '# evidence = "how you know"',
            ]
        )


def _hint(one: Mention, other: Mention) -> tuple[str, str, bool] | None:
    """The relation that may hold, why, and whether the second is the likelier to be the one that was trained more."""
    if one.hint or other.hint:
        return None
    if (one.name, one.revision) == (other.name, other.revision):
        differing = set(one.args) ^ set(other.args)
        if differing and all(switches_thinking(key) for key, _ in differing):
            off = any(value in ("false", "none", "0") for key, value in one.args if switches_thinking(key))
            return "same-weights", f"Both files name {one.name}, and only the way it thinks differs.", off
        return None
    for model, base, swap in ((one, other, False), (other, one, True)):
        if base.text in {value for key, value in model.args if key == "pretrained"}:
            return "same-base", f"The file says that {model.label} is an adapter on {base.name}.", swap
    names = [_plain(last_part(one.name)), _plain(last_part(other.name))]
    short, long = sorted(names, key=len)
    if len(short) >= SHORTEST_PREFIX and long.startswith(short + "-"):
        derived, origin = (other, one) if names[0] == short else (one, other)
        reason = f"The name {derived.label} begins like {origin.label}: a name is a hint and no evidence."
        return "same-family", reason, names[0] == short
    return None


def _plain(label: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", label.lower())


def _free(wanted: str, taken: set[str]) -> str:
    number = 2
    found = wanted
    while found in taken:
        found = f"{wanted}-{number}"
        number += 1
    return found


def _toml(text: str) -> str:
    """A TOML string. JSON's differs only in the delete character, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """Foreign text inside a comment must not end it."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)
