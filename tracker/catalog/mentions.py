"""How somebody else's results file names a model, and which catalogue entry that is, as far as a person has said."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.catalog.entries import HUB_ID, ModelEntry

LONGEST_ID = 60
LONGEST_TEXT = 2000
DEFAULT_REVISIONS = (None, "", "main")
ARGUMENT = re.compile(r"[A-Za-z_][\w.-]*=\S*")


@dataclass(frozen=True)
class Mention:
    """One model as a file names it.

    `revision` None: the default one. `args`: what else was asked of the loader or the server that makes it another
    model or another mode of it (a thinking switch, an adapter, steering, quantization), sorted, values as text.
    `hint`: the name as far as it is known, where the file does not say how the model was called; `name` then stands for
    the file.
    """

    name: str
    revision: str | None = None
    args: tuple[tuple[str, str], ...] = ()
    hint: str | None = None

    @property
    def text(self) -> str:
        """The mention in full, as `aliases` in models.toml take it: name@revision key=value …"""
        return self.name + self._tail()

    @property
    def label(self) -> str:
        """What a reader sees: paths are shortened to their last part."""
        if self.hint:
            return f"{last_part(self.hint)} (mode not known)"
        return last_part(self.name) + self._tail(last_part)

    @property
    def model_id(self) -> str:
        """The id of a model nobody has catalogued: never one that a catalogue entry could have."""
        if self.text == self.name and HUB_ID.fullmatch(self.name) and "--" not in self.name and self.name.isascii():
            return "imported/" + self.name.lower().replace("/", "--")
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"imported/{slug(self.label)}-{digest}"

    @property
    def is_hub_id(self) -> bool:
        return HUB_ID.fullmatch(self.name) is not None

    def _tail(self, shown: Callable[[str], str] = str) -> str:
        revision = "" if self.revision in DEFAULT_REVISIONS else f"@{self.revision}"
        return revision + "".join(f" {key}={shown(value)}" for key, value in self.args)


def mention(name: str, revision: str | None = None, args: Mapping[str, Any] | None = None) -> Mention:
    """A mention from what a file holds: values become text, so that true, True and "true" are one."""
    pairs = tuple(sorted((key, argument(value)) for key, value in (args or {}).items()))
    return Mention(name[:LONGEST_TEXT], None if revision in DEFAULT_REVISIONS else revision, pairs)


def argument(value: Any) -> str:
    """An argument's value as one word."""
    text = str(value).lower() if isinstance(value, bool) or value is None else str(value)
    return re.sub(r"\s+", "_", text)[:200]


def slug(text: str) -> str:
    """Text as the id of a catalogue entry may be written; "model" where nothing of it may."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:LONGEST_ID].strip("-._") or "model"


def switches_thinking(key: str) -> bool:
    """Whether an argument of this name says how a model thinks."""
    return "think" in key or "reason" in key


def find(found: Mention, entries: Iterable[ModelEntry]) -> ModelEntry | None:
    """The entry that a mention means; None if no entry, or more than one, fits.

    An alias that is the whole mention decides. Else an alias fits that names the same model, revision and thinking
    switches, and no argument that the mention lacks; of several entries the one whose alias says most is meant. Else
    an entry fits whose own weights, revision and chat template arguments are exactly those mentioned, unless a system
    prompt is part of it. A hint is enough where one entry alone has those weights. Names that only look alike never
    fit.
    """
    entries = list(entries)
    whole = [entry for entry in entries if found.text in entry.aliases]
    if whole:
        return whole[0] if len(whole) == 1 else None
    said: dict[int, list[ModelEntry]] = {}
    for entry in entries:
        sizes = [len(alias.args) for alias in map(_parse, entry.aliases) if _fits(alias, found)]
        if sizes:
            said.setdefault(max(sizes), []).append(entry)
    if said:
        most = said[max(said)]
        return most[0] if len(most) == 1 else None
    same = [entry for entry in entries if not entry.local and entry.weights == (found.hint or found.name)]
    if not found.hint:
        same = [entry for entry in same if _as_catalogued(entry) == found]
    return same[0] if len(same) == 1 else None


def _parse(alias: str) -> Mention:
    """An alias as a person wrote it. Words at its end of the form key=value are arguments."""
    words = alias.split(" ")
    args = []
    while len(words) > 1 and ARGUMENT.fullmatch(words[-1]):
        key, _, value = words.pop().partition("=")
        args.append((key, value))
    name, at, revision = " ".join(words).rpartition("@")
    if not at or not name or "/" in revision:
        name, revision = " ".join(words), ""
    return Mention(name, revision or None, tuple(sorted(args)))


def _fits(alias: Mention, found: Mention) -> bool:
    if alias.name != found.name:
        return False
    same_mode = _modes(alias.args) == _modes(found.args)
    return same_mode and (alias.revision or "main") == (found.revision or "main") and set(alias.args) <= set(found.args)


def last_part(path: str) -> str:
    """The last part of a path or of a hub id."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or path


def _modes(args: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(key, value.lower()) for key, value in args if switches_thinking(key)}


def _as_catalogued(entry: ModelEntry) -> Mention | None:
    if entry.system_prompt or entry.thinking_prompt:
        return None
    return mention(entry.weights or "", entry.revision, entry.chat_template_args)
