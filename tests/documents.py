"""What a document names, to be compared with the code: commands, options, variables, files, links, table cells."""

import ast
import re
import shlex
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import typer

from jobs.__main__ import app

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "app.py", *(path for name in ("db", "tracker", "jobs") for path in (ROOT / name).rglob("*.py"))]


def code(text: str) -> list[str]:
    """Everything that is set as code: fenced blocks, indented blocks and what stands between backticks."""
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.S | re.M)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    return [*fenced, *re.findall(r"^(?:    .+\n?)+", rest, re.M), *re.findall(r"`([^`\n]+)`", rest)]


def unknown_targets(text: str, makefile: str) -> list[str]:
    """`make TARGET`s that the Makefile does not have."""
    known = set(re.findall(r"^([a-z]+):", makefile, re.M))
    named = re.findall(r"(?:^|[\s`])make ([a-z]+)", "\n".join(code(text)))
    return sorted(set(named) - known)


def wrong_commands(text: str) -> list[str]:
    """Invocations of `python -m jobs` with a step or an option that the command line does not have."""
    steps: Any = typer.main.get_command(app)
    wrong = []
    for line in "\n".join(code(text)).splitlines():
        for said in re.findall(r"python -m jobs\b([^`>|\n]*)", line):
            words = shlex.split(said, comments=True)
            words = [word for word in words if word not in ("…", "STEP")]
            if not words or words[0] == "--help":
                continue
            step, rest = steps.commands.get(words[0]), words[1:]
            while rest and rest[0] in getattr(step, "commands", {}):
                step, rest = step.commands[rest[0]], rest[1:]
            # A group may have a command that is meant where none is named.
            if rest and hasattr(step, "unnamed"):
                step = step.commands[step.unnamed]
            options = {} if step is None else {name: one for one in step.params for name in one.opts}
            bad = [word for word in rest if word.startswith("--") and word not in {*options, "--help"}]
            if step is None or bad:
                wrong.append(f"python -m jobs {' '.join(words)}")
    return wrong


def unknown_options(text: str) -> list[str]:
    """Options set as code by themselves, such as `--budget 8h`, that no step has."""
    steps: Any = typer.main.get_command(app)
    inside = [[step, *getattr(step, "commands", {}).values()] for step in steps.commands.values()]
    known = {name for found in inside for step in found for one in step.params for name in one.opts} | {"--help"}
    named = [said.split()[0] for said in code(text) if said.startswith("--")]
    return sorted(set(named) - known)


def unknown_suites(text: str, suites: Iterable[str]) -> list[str]:
    return sorted(set(re.findall(r"--suite ([a-z]+)", "\n".join(code(text)))) - set(suites))


def variables(text: str) -> set[str]:
    """Environment variables named anywhere: TRACKER_…, and what looks like one where it is set as code."""
    looks = {said for said in code(text) if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", said)}
    return set(re.findall(r"\bTRACKER_[A-Z_]*[A-Z]", text)) | looks


def missing_files(text: str, root: Path) -> list[str]:
    """Paths of the program set as code that do not exist. What a run or an installation makes is no part of it."""
    folders = {path.name for path in root.iterdir() if path.is_dir()} - {"data", ".venv"}
    paths = {one for one in code(text) if re.fullmatch(r"[\w.-]+/[\w./-]*", one) and one.split("/")[0] in folders}
    return sorted(one for one in paths if not (root / one).exists())


def broken_links(text: str, folder: Path) -> list[str]:
    """Links within the documents that lead nowhere: no such file, or no such heading."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+://", target):
            continue
        name, _, anchor = target.partition("#")
        path = folder / name if name else None
        if path is not None and not path.exists():
            broken.append(target)
        elif anchor:
            there = text if path is None else path.read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.+)$", there, re.M)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            broken += [target] if anchor not in slugs else []
    return broken


def homes(text: str) -> list[str]:
    """Absolute paths into somebody's home folder."""
    return re.findall(r"(?:/home/|/Users/|/root\b|[A-Z]:\\Users\\)[^\s`]*", text)


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose first heading this is; a cell that is all code loses its backticks."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, re.M)
    rows = found[1].splitlines() if found else []
    cells = [[cell.strip() for cell in row.strip().strip("|").split(" | ")] for row in rows]
    return [[re.sub(r"^`([^`]*)`$", r"\1", cell) for cell in row] for row in cells]


def requirements(text: str) -> dict[str, str]:
    """Package → version of a requirements file, extras left out."""
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", text, re.M))


def parts(text: str) -> list[str]:
    """Second headings that have text under them."""
    pieces = re.split(r"^## (.+)$", text, flags=re.M)[1:]
    return [name for name, body in zip(pieces[::2], pieces[1::2], strict=True) if body.strip()]


def sentences() -> list[str]:
    """Every text in the code, with … where a value goes."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                pieces = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
                found.append("".join(map(str, pieces)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def unsaid(symptom: str, said: Iterable[str]) -> bool:
    """Whether no text holds the pieces between the … of a symptom, in their order."""
    pieces = [re.escape(piece.strip()) for piece in symptom.split("…") if piece.strip(" ,.")]
    pattern = re.compile(".*".join(pieces), re.S)
    return not any(pattern.search(text) for text in said)


@cache
def variables_read() -> set[str]:
    """Variables whose names stand in the code, the tests or the CI script as a whole text or a subscript of one."""
    files = [*SOURCES, ROOT / "tests" / "conftest.py"]
    whole: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper():
                whole.add(node.value)
    return whole
