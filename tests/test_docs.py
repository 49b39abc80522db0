"""The documents against the code: every command, setting, file, dependency and catalogue key they name is there."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from documents import (
    ROOT,
    broken_links,
    homes,
    missing_files,
    parts,
    requirements,
    sentences,
    table,
    unknown_options,
    unknown_suites,
    unknown_targets,
    unsaid,
    variables,
    variables_read,
    wrong_commands,
)
from pydantic_core import PydanticUndefined

from tracker.catalog.entries import CAPABILITIES, BenchmarkEntry, ModelEntry, TwinEntry
from tracker.catalog.load import load_catalog
from tracker.settings import EMBEDDED_CATALOG, Settings
from tracker.stats.flags import FLAGS

README, DOCS = ROOT / "README.md", ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *DECISIONS]
PARTS = ["Context", "Choice", "What we gave up"]
# Read by libraries and not by us; each is looked up in the library's source.
OF_OTHERS = {"HF_TOKEN": "huggingface_hub", "HF_HOME": "huggingface_hub"}
# Names that the reader makes up, in examples.
MADE_UP = {"MY_SERVER_KEY", "ADDRESS", "HOME", "MODEL", "TASK", "TIME", "NAME"}

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


# -- README and docs ---------------------------------------------------------------------------------------------------


@every_document
def test_every_command_in_a_document_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert unknown_targets(text, (ROOT / "Makefile").read_text(encoding="utf-8")) == []
    assert wrong_commands(text) == []
    assert unknown_options(re.sub(r"`--(index-url|no-block|use_cache)[^`]*`", "", text)) == []
    assert unknown_suites(text, load_catalog(EMBEDDED_CATALOG).suites()) == []


@every_document
def test_every_file_and_link_in_a_document_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert missing_files(text, ROOT) == []
    assert broken_links(text, document.parent) == []
    assert homes(text) == []


@every_document
def test_every_variable_in_a_document_is_read(document: Path) -> None:
    named = variables(document.read_text(encoding="utf-8")) - MADE_UP
    for variable, package in OF_OTHERS.items():
        found = find_spec(package)
        assert found is not None
        assert found.origin is not None
        folder = Path(found.origin).parent
        if variable in named:
            assert variable in (folder / "constants.py").read_text() + (folder / "utils" / "_auth.py").read_text()
    assert named - set(OF_OTHERS) - variables_read() == set()


def test_every_setting_that_is_read_is_in_the_readme_with_its_default() -> None:
    documented = {row[0] for row in table(README.read_text(encoding="utf-8"), "variable")}
    assert documented == {name for name in variables_read() if name.startswith("TRACKER_")}
    assert variables(Settings.from_environment.__doc__ or "") <= documented


def test_the_settings_say_what_they_do_when_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    unset = {row[0]: row[2] for row in table(README.read_text(encoding="utf-8"), "variable")}
    assert settings.data_dir == tmp_path / "data"
    assert unset["TRACKER_DATA_DIR"] == "`data` in the current folder"
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'tracker.db'}"
    assert settings.catalog_dir == EMBEDDED_CATALOG
    assert settings.tasks_dir is None
    assert settings.suite == unset["TRACKER_SUITE"].strip("`")


def test_the_trouble_table_quotes_what_the_program_says() -> None:
    rows = table(README.read_text(encoding="utf-8"), "what you see")
    said = [*sentences(), (ROOT / "Makefile").read_text(encoding="utf-8"), "Port … is not available"]
    assert len(rows) > 10
    assert [row[0] for row in rows if unsaid(row[0], said)] == []


# -- models, glossary, dependencies, decisions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "shape"),
    [("key of `[[model]]`", ModelEntry), ("key of `[[twin]]`", TwinEntry), ("key of `[[benchmark]]`", BenchmarkEntry)],
)
def test_every_key_of_an_entry_is_explained(heading: str, shape: type[ModelEntry | TwinEntry | BenchmarkEntry]) -> None:
    rows = {row[0]: row for row in table((DOCS / "models.md").read_text(encoding="utf-8"), heading)}
    assert list(rows) == list(shape.model_fields)
    for key, field in shape.model_fields.items():
        said, default = rows[key][1], field.default
        if key == "thinking":
            continue  # required of the checked entry, and filled in from kind before the check
        if default is PydanticUndefined:
            assert said == "required", key
        elif default is None:
            assert not re.match(r"required$|true$|false$|[\"\[{0-9]", said.replace("1 for fractions", "")), key
        else:
            shown = {True: "true", False: "false"}.get(default) if isinstance(default, bool) else None
            plain = f'"{default}"' if isinstance(default, str) else "[]" if default == () else str(default)
            assert said == (shown or plain), key
        assert rows[key][2], key


@pytest.mark.parametrize(
    ("document", "models", "benchmarks"),
    [
        (README, ["my-model", "my-served-model"], []),
        (
            DOCS / "models.md",
            ["my-model-thinking", "my-model-off", "my-checkpoint", "my-served-model"],
            ["rhymes"],
        ),
    ],
    ids=["README.md", "models.md"],
)
def test_the_examples_of_a_document_are_a_catalogue(
    document: Path, models: list[str], benchmarks: list[str], tmp_path: Path
) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", document.read_text(encoding="utf-8"), re.S | re.M)
    for name, wanted in (("models.toml", False), ("benchmarks.toml", True)):
        chosen = [block for block in blocks if ("[[benchmark]]" in block) is wanted]
        (tmp_path / name).write_text("\n".join(chosen), encoding="utf-8")
    catalog = load_catalog(tmp_path)
    assert list(catalog.models) == models
    assert list(catalog.benchmarks) == benchmarks


def test_every_capability_and_flag_is_listed() -> None:
    listed = (DOCS / "models.md").read_text(encoding="utf-8").partition("Capabilities:")[2]
    assert tuple(re.findall(r"`([a-z-]+)`", listed)) == CAPABILITIES
    rows = table((DOCS / "glossary.md").read_text(encoding="utf-8"), "flag")
    assert {row[0]: row[1] for row in rows} == {name: "yes" if flag.blocking else "no" for name, flag in FLAGS.items()}


@pytest.mark.parametrize(("file", "heading"), [("requirements.txt", 0), ("requirements-dev.txt", 1)])
def test_every_dependency_has_its_reason(file: str, heading: int) -> None:
    text = re.split(r"^## .*$", (DOCS / "dependencies.md").read_text(encoding="utf-8"), flags=re.M)[heading + 1]
    rows = table(text, "package")
    wanted = requirements((ROOT / file).read_text(encoding="utf-8"))
    assert {row[0]: row[1] for row in rows} == wanted
    assert [row[0] for row in rows if len(row[2].split()) < 4] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_every_decision_has_its_three_parts(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert parts(text) == PARTS
    assert text.startswith(f"# {int(decision.name[:4])}. ")


def test_decisions_are_numbered_without_a_hole() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_licence_is_the_one_named() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in licence
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# -- the checks themselves ---------------------------------------------------------------------------------------------

FAULTY = """# A title

    make nothing
    .venv/bin/python -m jobs nightlyy
    .venv/bin/python -m jobs nightly --sweet core --suite hard
    .venv/bin/python -m jobs export runs --format csv --inn DIR

`--no-such-option` `TRACKER_NOTHING` `NOT_A_VARIABLE` `tracker/nothing.py` [a](nothing.md) [b](#nowhere)
It lies in /home/somebody/tracker.

## Context

## Choice

Words.

| package | version | reason |
|---|---|---|
| polars | 1 | because |
"""


def test_each_check_finds_what_is_wrong_in_a_made_up_text(tmp_path: Path) -> None:
    assert unknown_targets(FAULTY, "run: night\n") == ["nothing"]
    assert wrong_commands(FAULTY) == [
        "python -m jobs nightlyy",
        "python -m jobs nightly --sweet core --suite hard",
        "python -m jobs export runs --format csv --inn DIR",
    ]
    assert unknown_options(FAULTY) == ["--no-such-option"]
    assert unknown_suites(FAULTY, ["core"]) == ["hard"]
    assert {"TRACKER_NOTHING", "NOT_A_VARIABLE"} == variables(FAULTY) - variables_read()
    assert missing_files(FAULTY, ROOT) == ["tracker/nothing.py"]
    assert broken_links(FAULTY, tmp_path) == ["nothing.md", "#nowhere"]
    assert homes(FAULTY) == ["/home/somebody/tracker."]
    assert parts(FAULTY) == ["Choice"]
    assert table(FAULTY, "package") == [["polars", "1", "because"]]
    assert requirements("polars==2\nlm-eval[hf,api]==0.4\n") == {"polars": "2", "lm-eval": "0.4"}
    assert unsaid("The moon … is full", ["The disk is full"])
    assert not unsaid("The moon … is full", ["The moon over … is full: sleep"])
