"""The catalogue that comes with the program: it loads, and what can be checked without a model card holds."""

import math
from pathlib import Path

import pytest

import tracker.catalog
from tracker.catalog.load import BenchmarkEntry, Catalog, ModelEntry, load_catalog

FOLDER = Path(tracker.catalog.__file__).parent
GPU_BYTES = 80e9
BYTES_PER_PARAMETER = 2 * 1.25


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(FOLDER)


def real_models(catalog: Catalog) -> list[ModelEntry]:
    return [entry for entry in catalog.models.values() if not entry.demonstration]


def stock(catalog: Catalog) -> list[BenchmarkEntry]:
    return [entry for entry in catalog.benchmarks.values() if not entry.demonstration]


def test_there_are_pairs_and_benchmarks_enough(catalog: Catalog) -> None:
    real = [twin for twin in catalog.twins if not catalog.models[twin.reasoning].demonstration]
    assert len(real) >= 14
    assert len([twin for twin in real if twin.relation == "same-weights"]) >= 7
    assert len(stock(catalog)) >= 35
    generated = [entry for entry in stock(catalog) if entry.output == "generate"]
    assert len(generated) > len(stock(catalog)) / 2
    assert 10 <= len([entry for entry in stock(catalog) if "core" in entry.suites]) <= 16
    assert catalog.suites() == {"embedded", "core", "full", "served"}


def test_the_demonstration_is_complete_and_apart(catalog: Catalog) -> None:
    models = {entry.id: entry.kind for entry in catalog.models.values() if entry.demonstration}
    assert models == {"toy-direct": "conventional", "toy-reasoning": "reasoning", "toy-reasoning-off": "conventional"}
    benchmarks = [benchmark for benchmark in catalog.benchmarks.values() if benchmark.demonstration]
    assert len(benchmarks) == 10
    assert len({benchmark.task for benchmark in benchmarks}) == 8
    entries: list[ModelEntry | BenchmarkEntry] = [*catalog.models.values(), *catalog.benchmarks.values()]
    for entry in entries:
        assert (entry.suites == ("embedded",)) == entry.demonstration, entry.id
    for twin in catalog.twins:
        assert catalog.models[twin.reasoning].demonstration == catalog.models[twin.conventional].demonstration


def test_every_conventional_model_is_some_reasoning_models_twin(catalog: Catalog) -> None:
    paired = {twin.conventional for twin in catalog.twins}
    assert {entry.id for entry in catalog.models.values() if entry.kind == "conventional"} == paired


def test_both_modes_of_one_set_of_weights_are_told_apart_and_equally_limited(catalog: Catalog) -> None:
    for twin in catalog.twins:
        if twin.relation == "same-weights":
            thinking, off = catalog.models[twin.reasoning], catalog.models[twin.conventional]
            told = (
                (thinking.chat_template_args, thinking.thinking_prompt),
                (off.chat_template_args, off.thinking_prompt),
            )
            assert told[0] != told[1], twin
            assert thinking.max_output_tokens == off.max_output_tokens, twin


def test_the_cards_follow_the_rule_at_the_top_of_the_file(catalog: Catalog) -> None:
    for entry in real_models(catalog):
        if entry.backend == "server":
            assert entry.gpus == 0, entry.id
        elif not entry.id.startswith("gpt-oss"):
            assert entry.parameters is not None
            needed = math.ceil(entry.parameters * BYTES_PER_PARAMETER / GPU_BYTES)
            assert entry.gpus == next(count for count in (1, 2, 4, 8) if count >= needed), entry.id


def test_core_models_fit_one_card(catalog: Catalog) -> None:
    for entry in real_models(catalog):
        if "core" in entry.suites:
            assert (entry.gpus, (entry.parameters or math.inf) < 9e9) == (1, True), entry.id


def test_effort_levels_are_no_twins(catalog: Catalog) -> None:
    doses = [entry.id for entry in catalog.models.values() if "reasoning_effort" in entry.chat_template_args]
    assert len(doses) == 6
    assert not {twin.reasoning for twin in catalog.twins} & set(doses)


def test_answers_are_not_cut_at_a_default_meant_for_short_ones(catalog: Catalog) -> None:
    for model in real_models(catalog):
        assert model.max_output_tokens is not None, model.id
    for entry in stock(catalog):
        if entry.output == "generate" and not entry.task.startswith("aime") and not entry.prefilled:
            assert (entry.max_output_tokens or 0) >= 1024, entry.id


def test_core_benchmarks_let_a_model_think(catalog: Catalog) -> None:
    for entry in stock(catalog):
        if "core" in entry.suites:
            assert (entry.output, entry.prefilled, entry.unsafe_code) == ("generate", False, False), entry.id
