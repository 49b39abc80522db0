"""Samples files of any lm-eval version → documents with their scores. Pure: lines in, documents out."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.tables import SampleRow
from tracker.evals.imported_settings import clean
from tracker.evals.imported_values import ImportedFileError, count, number
from tracker.evals.results import SAME_MEAN
from tracker.stats.gaps import mean

NO_FILTER = "none"
# What a row holds besides its metrics. Later versions list the metrics; for the others, all else that is a number is.
NOT_METRICS = frozenset(
    [
        "doc_id",
        "doc",
        "target",
        "arguments",
        "resps",
        "filtered_resps",
        "filter",
        "metrics",
        "doc_hash",
        "prompt_hash",
        "target_hash",
        "outputs",
        "index",
        "idx",
        "seed",
        "truth",
        "input_len",
        "sample_len",
    ]
)
# The name of a run's file ends in its moment, to the microsecond: https://github.com/EleutherAI/lm-evaluation-harness.
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?")
NAMED = re.compile(rf"^(?P<prefix>.*?)samples_(?P<task>.+)_(?P<stamp>{STAMP.pattern})$")
SANITIZED_HUB_ID = re.compile(r"(?:^|_)(?P<org>[A-Za-z0-9.-]+)__(?P<name>[\w.-]+?)_*$")
# An early name: the loader's arguments, "/" and "=" turned to "__" or kept, and then the task.
EARLY = re.compile(r"pretrained(?:=|_{1,2})(?P<org>[A-Za-z0-9.-]+)__(?P<name>[A-Za-z0-9.-]+)_(?P<task>[^=]+)$")


@dataclass(frozen=True)
class Document:
    """One document under one filter. `doc_hash` None: the row holds nothing to know the document by again."""

    doc_hash: str | None
    filter: str
    scores: dict[str, float | None]
    output_tokens: int | None = None
    truncated: bool | None = None


@dataclass(frozen=True)
class SampleFile:
    """A samples file, read. `task_hash` is lm-eval's own over all its rows, None where rows lack their hashes."""

    name: str
    documents: tuple[Document, ...]
    task_hash: str | None = None
    sha256: str = ""
    folder: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """Every (metric, filter) that has at least one score, in the order of the file."""
        return list(self.scores())

    def scores(self) -> dict[tuple[str, str], list[float | None]]:
        """The scores of every (metric, filter) that has any, None for a document without one."""
        found: dict[tuple[str, str], list[float | None]] = {}
        for filter_, documents in self.by_filter().items():
            for metric in dict.fromkeys(name for document in documents for name in document.scores):
                scores = [document.scores.get(metric) for document in documents]
                if any(score is not None for score in scores):
                    found[metric, filter_] = scores
        return found

    def by_filter(self) -> dict[str, list[Document]]:
        found: dict[str, list[Document]] = {}
        for document in self.documents:
            found.setdefault(document.filter, []).append(document)
        return found

    def size(self) -> int:
        """How many documents there are, each counted once for all its filters."""
        return max(len(documents) for documents in self.by_filter().values())


@dataclass(frozen=True)
class SampleName:
    """What a samples file's name says. `task` None: it names none. `model` None: it names none."""

    task: str | None = None
    model: str | None = None
    stamp: str | None = field(default=None)


def read_samples(lines: Iterable[bytes], name: str, *, folder: str = "", sha256: str = "") -> SampleFile:
    """The documents of a JSON-lines file. Raises ImportedFileError for the first line that is no sample."""
    return sample_file(_parsed(lines), name, folder=folder, sha256=sha256)


def sample_file(rows: Iterable[Any], name: str, *, folder: str = "", sha256: str = "") -> SampleFile:
    """The documents of rows already parsed; `sha256` is the file's, `folder` the name of the folder it lay in."""
    numbered: list[tuple[int, int, Document]] = []
    digest: Any = hashlib.sha256()
    for place, row in enumerate(rows):
        if not isinstance(row, dict) or "doc_id" not in row or not {"doc", "resps", "prompt_0"} & row.keys():
            raise ImportedFileError(f"row {place + 1} is no sample of lm-eval's")
        hashes = [row.get(key) for key in ("doc_hash", "prompt_hash", "target_hash")]
        if digest is not None and all(isinstance(part, str) for part in hashes):
            digest.update("".join(map(str, hashes)).encode("utf-8", "surrogatepass"))
        else:
            digest = None
        numbered.append((count(row["doc_id"]) or 0, place, _document(row)))
    if not numbered:
        raise ImportedFileError("it holds no sample")
    documents = tuple(document for _, _, document in sorted(numbered, key=lambda entry: entry[:2]))
    return SampleFile(name, documents, digest.hexdigest() if digest else None, sha256, folder)


def read_name(name: str, folder: str = "") -> SampleName:
    """Task, model and moment as lm-eval puts them into the name; `folder` is the name of the folder it lies in."""
    stem = re.sub(r"(\.jsonl?)?(\.zst)?$", "", name)
    found = NAMED.match(stem)
    if found:
        prefix = found["prefix"] or (folder if "__" in folder else "")
        hub_id = SANITIZED_HUB_ID.search(prefix)
        return SampleName(found["task"], f"{hub_id['org']}/{hub_id['name']}" if hub_id else None, found["stamp"])
    early = EARLY.search(stem)
    if early:
        return SampleName(early["task"], f"{early['org']}/{early['name']}")
    task = re.sub(r"_write_out_info$", "", stem.rpartition("__")[2] if "__" in stem else stem.lstrip("_"))
    return SampleName(task or None)


def sample_rows(
    run_id: str, benchmark_id: str, metric: str, filter_: str, files: Sequence[SampleFile], value: float | None
) -> list[SampleRow]:
    """One row a document: its score in a benchmark's headline metric.

    None at all unless every document has a score and can be known again, and their mean is `value`: an aggregate that
    is not a mean cannot be compared document by document.
    """
    documents = [document for file in files for document in file.by_filter().get(filter_, [])]
    scores = [document.scores.get(metric) for document in documents]
    known = [score for score in scores if score is not None]
    if not same_mean(known, value) or len(known) != len(documents):
        return []
    if any(document.doc_hash is None for document in documents):
        return []
    return [
        SampleRow(
            run_id, benchmark_id, place, str(document.doc_hash), score, document.output_tokens, document.truncated
        )
        for place, (document, score) in enumerate(zip(documents, scores, strict=True))
    ]


def same_mean(scores: Sequence[float], value: float | None) -> bool:
    """Whether the scores' mean is the value; a mean of nothing is nothing."""
    average = mean(scores)
    return average is not None and value is not None and abs(average - value) <= SAME_MEAN


def _parsed(lines: Iterable[bytes]) -> Iterator[Any]:
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line.decode("utf-8-sig" if place == 1 else "utf-8"))
        except RecursionError:
            raise ImportedFileError(f"line {place} is nested too deeply") from None
        except ValueError as error:
            cut = "" if line.endswith(b"\n") else ": the file may be cut off"
            raise ImportedFileError(f"line {place} is not valid JSON{cut}") from error


def _document(row: Mapping[str, Any]) -> Document:
    listed = row.get("metrics")
    if isinstance(listed, list):
        names = [name for name in listed if isinstance(name, str)]
    else:
        names = [name for name in row if name not in NOT_METRICS and not name.startswith(("prompt_", "logit_"))]
    written_out = "prompt_0" in row
    scores = {clean(name): _score(row.get(name), written_out=written_out) for name in names}
    filter_ = row.get("filter")
    tokens, truncated = _outputs(row.get("outputs"))
    filter_name = clean(filter_) if isinstance(filter_, str) and filter_ else NO_FILTER
    return Document(_hash(row), filter_name, scores, tokens, truncated)


def _score(value: Any, *, written_out: bool) -> float | None:
    """A number, true or false. Files written out by version 0.3 hold them as text."""
    if written_out and isinstance(value, str):
        try:
            return {"True": 1.0, "False": 0.0}[value] if value in ("True", "False") else number(float(value))
        except ValueError:
            return None
    return number(value)


def _hash(row: Mapping[str, Any]) -> str | None:
    """lm-eval's hash of the document, computed as it does for files from before it did."""
    given = row.get("doc_hash")
    if isinstance(given, str) and given:
        return clean(given)
    if "doc" in row:
        text = json.dumps(row["doc"], indent=2, ensure_ascii=False)
    elif isinstance(row.get("prompt_0"), str):
        text = row["prompt_0"]
    else:
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _outputs(outputs: Any) -> tuple[int | None, bool | None]:
    """Tokens written for a document and whether any answer was cut short, where our own harness recorded it."""
    if not isinstance(outputs, list) or not outputs or not all(isinstance(output, dict) for output in outputs):
        return None, None
    counts = [count(output.get("output_tokens")) for output in outputs]
    known = [tokens for tokens in counts if tokens is not None]
    reasons = [output.get("finish_reason") for output in outputs]
    truncated = None if None in reasons else "length" in reasons
    return (sum(known) if len(known) == len(counts) else None), truncated
