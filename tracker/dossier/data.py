"""The data behind a dossier as one archive: what was asked, said and measured, and what it takes to check it."""

import hashlib
import importlib.metadata
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from tracker.charts.export import plain, table
from tracker.dossier.content import Dossier
from tracker.dossier.evidence import used_gaps, used_scores
from tracker.dossier.spoken import JSON
from tracker.rules.estimate import evidence_hash, lines_of
from tracker.rules.version import code_version

# The earliest that an archive can say: nothing in it is dated by when it was made.
NO_DATE = (1980, 1, 1, 0, 0, 0)
# What a user's machine is, is nobody's business.
PRIVATE = ("environment", "folder")
COMPUTING = ("numpy", "scipy", "statsmodels", "polars")
README = """# {title}

What is behind the dossier of {question_id}, as known on {as_of}.

- `question.json`: the question and every decision about it.
- `rules.json`: its rules as data, in words, and until when.
- `estimates.csv`, `estimates.json`: what this program said of it. `backtest`: computed later, of that day's evidence.
- `spoken.json`: the estimates of the dossier. `stored` false: computed for it.
- `forecasts.csv`: what markets and people said of it. Times are UTC.
- `gaps.csv`, `scores.csv`: the evidence that the rules look at. `blocked`: a flag keeps it out.
- `runs.csv`: the runs behind that evidence, with sources, settings and hashes of files; `publications.csv`: citations
  and terms.
- `evidence/DAY/`: all evidence of the day on which a rule was judged, a JSON object a line, as it was hashed.
- `versions.json`: digest of the program's rules and statistics, and the libraries that computed.
- `verify.py`: hashes the evidence again and compares: `python verify.py`. It needs nothing but Python.
- `SHA256SUMS`: of every file: `sha256sum -c SHA256SUMS`.

Probabilities and fractions are in [0, 1]; an empty cell is not known. In tables a text that a spreadsheet would take
for a formula has an apostrophe before it.
"""
VERIFY = '''"""Hashes the evidence in this folder again, and says whether the estimates rest on it: Python is enough."""

import hashlib
import json
from pathlib import Path

FRAMES = ("gaps", "first_seen", "scores", "doses")
here = Path(__file__).resolve().parent
wrong = 0
for row in json.loads((here / "spoken.json").read_text("utf-8")):
    if row["evidence_hash"] is None:
        continue
    digest = hashlib.sha256(row["as_of"].encode())
    for name in FRAMES:
        digest.update(name.encode())
        digest.update((here / "evidence" / row["as_of"] / f"{name}.jsonl").read_bytes())
    same = digest.hexdigest() == row["evidence_hash"]
    wrong += not same
    print(f"{row['rule_id']}, evidence up to {row['as_of']}: {'the same' if same else 'NOT the same'}")
raise SystemExit(wrong)
'''


def data(dossier: Dossier, runs: pl.DataFrame) -> bytes:
    """The archive. `runs`: those behind the evidence, of `db.queries.record.runs_behind`.

    The same dossier gives the same bytes.
    """
    files = _files(dossier, runs)
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in sorted(files.items()))
    return archive(files | {"SHA256SUMS": sums.encode()})


def archive(files: Mapping[str, bytes]) -> bytes:
    """Files as one archive that says nothing of when and where it was made."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for name, body in sorted(files.items()):
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            packed.writestr(entry, body)
    return written.getvalue()


def _files(dossier: Dossier, runs: pl.DataFrame) -> dict[str, bytes]:
    record = dossier.record
    question_id = record.question["question_id"]
    own = record.forecasts.filter(question_id=question_id)
    estimates = [_decoded(row) for row in record.estimates.iter_rows(named=True)]
    said = [
        (_decoded(one.row) if one.row else {"rule_id": one.rule.id, "evidence_hash": None}) | {"stored": one.stored}
        for one in dossier.spoken
    ]
    rules = [one.rule.model_dump(mode="json") | {"words": one.rule.words()} for one in dossier.spoken]
    decided = [dict(row) for row in record.resolutions.iter_rows(named=True)]
    words = {"title": plain(dossier.title), "question_id": plain(question_id), "as_of": record.as_of.isoformat()}
    files = {
        "README.md": README.format(**words).encode(),
        "verify.py": VERIFY.encode(),
        "question.json": _json(record.question | {"as_of": record.as_of, "resolutions": decided}),
        "rules.json": _json(rules),
        "estimates.json": _json(estimates),
        "estimates.csv": table(record.estimates),
        "spoken.json": _json(said),
        "forecasts.csv": table(own),
        "runs.csv": table(runs.drop(*PRIVATE)),
        "publications.csv": table(record.publications),
        "versions.json": _json(_versions(dossier)),
    }
    for name, used in (("gaps", used_gaps(dossier.spoken)), ("scores", used_scores(dossier.spoken))):
        if used.height:
            files[f"{name}.csv"] = table(used)
    for one in dossier.spoken:
        if one.row is not None:
            day = one.evidence.as_of.isoformat()
            for name, frame in one.evidence.frames():
                files[f"evidence/{day}/{name}.jsonl"] = "".join(lines_of(frame)).encode()
    return files


def _versions(dossier: Dossier) -> dict[str, Any]:
    hashes = {one.evidence.as_of.isoformat(): evidence_hash(one.evidence) for one in dossier.spoken if one.row}
    libraries = {name: importlib.metadata.version(name) for name in COMPUTING}
    return {"rules_and_statistics": code_version(), "libraries": libraries, "evidence": hashes}


def _decoded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(value) if name in JSON and value else value for name, value in row.items()}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=_plain) + "\n").encode()


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in JSON")
