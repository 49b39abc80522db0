"""What `jobs catalogue` prints can be pasted, and says nothing that only a person knows."""

import tomllib
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine

from db.store import save_catalog
from jobs.catalogue import SeenModel, blocks, seen_models
from jobs.imports import run_import
from tests.lm_eval_files import FIXTURES, NOW, catalog, entry
from tracker.catalog.entries import ModelEntry
from tracker.catalog.mentions import Mention, find, mention


def seen(
    found: Mention, identity: str = "x", *, catalogued: bool = False, tasks: tuple[str, ...] = ("sums",)
) -> SeenModel:
    return SeenModel(found, identity, found.label, catalogued, 1, frozenset(tasks))


def suggested(*mentions: Mention) -> str:
    printed = blocks([seen(found, f"m{place}") for place, found in enumerate(mentions)])
    return "".join(printed.partition("# Twins to consider")[1:])


def test_blocks_of_imported_files_become_entries_once_a_kind_is_said(sqlite_engine: Engine, tmp_path: Path) -> None:
    using = catalog()
    save_catalog(sqlite_engine, *using.rows())
    run_import(sqlite_engine, tmp_path, using, [FIXTURES], console=Console(quiet=True), now=lambda: NOW)
    models = seen_models(sqlite_engine, using)
    printed = blocks(models)
    assert all("kind" not in table for table in tomllib.loads(printed)["model"])
    said = printed.replace(
        '# kind = "reasoning" or kind = "conventional": only a person can say', 'kind = "conventional"'
    )
    entries = [ModelEntry.model_validate(table) for table in tomllib.loads(said)["model"]]
    assert len(entries) == len({one.id for one in entries}) == len(models)
    for model in models:
        assert find(model.mention, entries) is not None
    later = catalog(*entries)
    assert blocks(seen_models(sqlite_engine, later)) == "# Every model that imported files name is in models.toml."


def test_foreign_names_cannot_break_out_of_their_block() -> None:
    nasty = mention('evil"\n[[model]]\nid = "x"\u2028\x7f\\', args={"a": '"]\n#'})
    (table,) = tomllib.loads(blocks([seen(nasty, tasks=("a\nb = 1",))]))["model"]
    assert set(table) == {"id", "name", "aliases"}
    assert find(nasty, [entry("mine", aliases=table["aliases"])]) is not None


def test_weights_are_offered_only_where_they_look_like_a_hub_id() -> None:
    assert tomllib.loads(blocks([seen(mention("made-up/Tiny", "step1"))]))["model"][0]["weights"] == "made-up/Tiny"
    for other in (mention("./out/tiny"), mention("gpt-x"), Mention("file:01", hint="made-up/Tiny")):
        assert "weights" not in tomllib.loads(blocks([seen(other)]))["model"][0]


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        (
            mention("made-up/T", args={"enable_thinking": True}),
            mention("made-up/T", args={"enable_thinking": False}),
            "same-weights",
        ),
        (mention("./lora", args={"pretrained": "made-up/Tiny-1b"}), mention("made-up/Tiny-1b"), "same-base"),
        (mention("made-up/Tiny-1b"), mention("./out/Tiny-1b-Reasoning-merged"), "same-family"),
    ],
)
def test_twins_are_suggested_with_the_reason_and_only_as_comments(one: Mention, other: Mention, relation: str) -> None:
    text = suggested(one, other)
    assert f'# relation = "{relation}"' in text
    assert "Both ran sums." in text
    assert all(line.startswith("#") or not line for line in text.splitlines())


def test_the_model_trained_more_is_suggested_as_the_reasoning_one() -> None:
    for pair in (("made-up/Tiny-1b", "./out/Tiny-1b-Reasoning"), ("./out/Tiny-1b-Reasoning", "made-up/Tiny-1b")):
        text = suggested(*map(mention, pair))
        trained = f"m{pair.index('./out/Tiny-1b-Reasoning')}"
        assert f'# reasoning = "{trained}"' in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (mention("made-up/Tiny", "step1000"), mention("made-up/Tiny", "step2000")),
        (mention("made-up/Tiny-1b"), mention("made-up/Tiny-1bis")),
        (mention("made-up/Tiny-1b"), mention("made-up/Huge-70b")),
        (mention("gpt2"), mention("gpt2-xl")),
    ],
)
def test_other_models_are_not_suggested_as_twins(one: Mention, other: Mention) -> None:
    assert suggested(one, other) == ""


def test_models_that_ran_nothing_in_common_are_not_suggested() -> None:
    one, other = mention("made-up/Tiny-1b"), mention("./out/Tiny-1b-Reasoning")
    assert "Twins" not in blocks([seen(one, "a", tasks=("sums",)), seen(other, "b", tasks=("words",))])
