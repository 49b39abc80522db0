"""Where one gap comes from: source, both runs with their settings and files, and both texts of a document."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from tracker.pages import choices, stored, words
from tracker.pages.sample_texts import Text, TextsError, texts, verified
from tracker.pages.words import Fact
from tracker.stats.findings import RELATIONS, in_words, reasons, with_intervals

KEY = "gap"
NONE = "Choose a number, or click its mark or its row"
MOST_DOCUMENTS = 200
ORIGINS = {
    "local": "measured here, by lm-eval",
    "imported": "read from lm-eval files that somebody had",
    "published": "as its source states it",
}


def choose(key: str) -> None:
    """Make a gap the one whose origin is shown."""
    st.session_state[KEY] = key


def show(gaps: pl.DataFrame, keys: list[str]) -> None:
    """The section: a choice among the gaps, `keys` in their order, and everything that is known of the chosen one."""
    words.subhead("Where a number comes from")
    rows = dict(zip(keys, gaps.iter_rows(named=True), strict=True))
    chosen = choices.choose("Number", [NONE, *rows], key=KEY)
    if chosen not in rows:
        return
    row = rows[chosen]
    shown = with_intervals(gaps.filter(pl.Series([key == chosen for key in keys])).head(1)).row(0, named=True)
    words.quiet(f"{chosen}: {shown['text']}. {_how(row)}")
    flags = reasons(row["flags"] or [])
    if flags:
        words.notice(flags)
    relation = RELATIONS.get(row["relation"], row["relation"])
    known = [Fact("Pair:", f"{relation[:1].upper()}{relation[1:]}. {row['twin_evidence']}")]
    found = stored.behind((row["reasoning_run_id"], row["conventional_run_id"]), row["benchmark_id"])
    runs = {run["run_id"]: run for run in found.iter_rows(named=True)}
    pair = [runs.get(row[f"{side}_run_id"]) for side in ("reasoning", "conventional")]
    cited = next((run for run in pair if run and run["citation"]), None)
    if cited:
        known += [Fact("Source:", cited["citation"], cited["citation_url"]), Fact("Terms:", cited["terms"])]
        if cited["note"]:
            known.append(Fact("About it:", cited["note"]))
    words.facts(known)
    for run, column in zip(pair, st.columns(2, gap="medium"), strict=True):
        with column:
            if run is None:
                words.quiet("This run is no longer stored.")
            else:
                _run(run)
    if all(run and run["origin"] != "published" for run in pair):
        _documents([run for run in pair if run])


def _how(row: Mapping[str, Any]) -> str:
    documents = f"{row['n']:,} documents" if row["n"] else "an unstated number of documents"
    return f"Paired on the same {documents}." if row["paired"] else f"Difference of two totals over {documents}."


def _run(run: Mapping[str, Any]) -> None:
    """One side: its number, where and when, its settings, its files."""
    known = [Fact(f"{(run['kind'] or 'kind unknown').capitalize()}:", run["model_name"])]
    if run["value"] is not None:
        known.append(Fact("Number:", _number(run)))
    day = in_words(run["finished_at"].date()) if run["finished_at"] else "date not known"
    known.append(Fact("Run:", f"{ORIGINS.get(run['origin'], run['origin'])}, {day}"))
    note = _object(run["environment"]).get("note")
    for name, value in (
        ("Weights:", " ".join(filter(None, (run["weights"], run["revision"])))),
        ("Task:", " ".join(filter(None, (run["task"], run["task_version"] and f"version {run['task_version']}")))),
        ("Harness:", run["harness_version"] and f"lm-eval {run['harness_version']}"),
        ("Device:", run["device"]),
        ("Note:", note and str(note)),
    ):
        if value:
            known.append(Fact(name, value))
    if run["url"]:
        known.append(Fact("Read at:", run["url"], run["url"]))
    words.facts(known)
    settings = {name: value for name, value in _object(run["settings"]).items() if value not in (None, [], {}, "")}
    if settings:
        with st.expander("Settings"):
            words.facts([Fact(f"{name}:", _setting(value)) for name, value in sorted(settings.items())])
    files = _files(run)
    if files:
        with st.expander("Files"):
            data_dir = stored.settings().data_dir
            words.facts(
                [
                    Fact(f"{name}:", f"SHA-256 {sha256}, {verified(data_dir, run['folder'], name, sha256)}")
                    for name, sha256 in sorted(files.items())
                ]
            )


def _number(run: Mapping[str, Any]) -> str:
    stderr = run["stderr"]
    spread = (
        ", no standard error" if stderr is None else f" ± {stderr:.4g} (standard error)" if stderr else ", no spread"
    )
    given = f", [{run['low']:.6g}, {run['high']:.6g}] as stated" if run["low"] is not None else ""
    return f"{run['value']:.6g}{spread}{given}".replace("-", "−")


def _setting(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _documents(pair: list[Mapping[str, Any]]) -> None:
    """Both texts of one document; they are text, whatever stands in them."""
    try:
        one, other = (texts(stored.settings().data_dir, run["folder"], _files(run)) for run in pair)
    except TextsError as error:
        words.quiet(str(error))
        return
    shared = [key for key in one if key in other]
    if not shared:
        words.quiet("The two runs share no document.")
        return
    numbers = {f"Document {place + 1}": key for place, key in enumerate(shared[:MOST_DOCUMENTS])}
    if len(shared) > MOST_DOCUMENTS:
        words.quiet(f"The first {MOST_DOCUMENTS} of {len(shared):,} shared documents can be read here.")
    key = numbers[choices.choose("Both texts of", list(numbers), key="document", width=220)]
    words.quiet("Asked:")
    words.error_text(one[key].prompt)
    if one[key].prompt != other[key].prompt:
        words.quiet("Asked of the conventional model:")
        words.error_text(other[key].prompt)
    if one[key].target:
        words.quiet("Expected:")
        words.error_text(one[key].target)
    for run, text, column in zip(pair, (one[key], other[key]), st.columns(2, gap="medium"), strict=True):
        with column:
            _text(run["model_name"], text)


def _text(name: str, text: Text) -> None:
    if text.thinking:
        words.quiet(f"{name} thought:")
        words.error_text(text.thinking)
    words.quiet(f"{name} answered:")
    words.error_text(text.answer or "(nothing)")


def _files(run: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 by file name; of a published run, none."""
    if run["origin"] == "published":
        return {}
    return {name: value for name, value in _object(run["files"]).items() if isinstance(value, str)}


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
