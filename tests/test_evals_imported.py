"""Results files of every lm-eval version as rows: what is in the file, and nothing that is not."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lm_eval_files import FIXTURES, benchmark, entry, known, results
from tracker.evals.imported import Imported, parse_results
from tracker.evals.imported_values import ImportedFileError
from tracker.evals.results import RunRows

GROUPS = FIXTURES / "v0.4_groups" / "results_2025-03-02T04-43-48.956379.json"
NESTED = FIXTURES / "v0.4_nested" / "leaderboard.json"
NEWEST = next((FIXTURES / "v0.4.13").rglob("results_*.json"))


def read(path: Path) -> Imported:
    return parse_results(path.read_bytes(), path.name, known())


def only(content: bytes, *entries: Any) -> RunRows:
    parsed = parse_results(content, "results.json", known(*entries))
    assert len(parsed.runs) == 1
    return parsed.runs[0]


def values(rows: RunRows) -> dict[tuple[str, str, str], tuple[float, float | None, int | None]]:
    return {(one.benchmark_id, one.name, one.filter): (one.value, one.stderr, one.n) for one in rows.metrics}


def test_version_0_3_flat_keys_without_filter_date_or_counts() -> None:
    (rows,) = read(FIXTURES / "v0.3" / "sums_5-shot.json").runs
    assert values(rows) == {
        ("sums", "acc", "none"): (0.5, 0.05, None),
        ("sums", "acc_norm", "none"): (0.55, 0.0497, None),
        ("spans", "em", "none"): (0.25, None, None),
        ("spans", "f1", "none"): (0.375, None, None),
        ("words", "ppl", "none"): (12.5, 0.4, None),
    }
    assert (rows.run.started_at, rows.run.finished_at, rows.run.seconds) == (None, None, None)
    assert rows.run.revision == "step1000"
    assert rows.run.settings["fewshot"] == 5
    assert rows.run.settings["limit"] is None
    assert {"apply_chat_template", "system_prompt", "generation", "harness_default_limit"}.isdisjoint(rows.run.settings)
    assert rows.run.origin == "imported"
    assert rows.run.status == "complete"


def test_a_file_with_nothing_but_results_and_versions_names_no_model() -> None:
    parsed = read(FIXTURES / "v0.3" / "bare.json")
    assert parsed.notes == ["it names no model"]
    assert parsed.models[0].name == "not named in bare.json"
    assert parsed.runs[0].run.model_id == parsed.models[0].id
    assert parsed.models[0].kind is None


def test_early_0_4_has_filters_but_no_date() -> None:
    (rows,) = read(FIXTURES / "v0.4_early" / "results.json").runs
    assert values(rows) == {("yes_no", "acc", "none"): (0.6, 0.2449, None)}
    assert rows.run.task_version is None
    assert rows.run.settings["fewshot"] == 2
    assert rows.run.settings["harness_default_limit"] is False


def test_groups_are_kept_beside_their_tasks_and_marked() -> None:
    school, stories = read(GROUPS).runs
    assert values(school) == {
        ("school", "acc", "none"): (0.625, 0.05, 140),
        ("school_stem", "acc", "none"): (0.5, 0.06, 70),
        ("school_algebra", "acc", "none"): (0.5, 0.06, 70),
        ("school_history", "acc", "none"): (0.75, 0.05, 70),
    }
    assert school.run.task == "school"
    assert school.run.environment["parts"] == {
        "school": ["school_stem", "school_history"],
        "school_stem": ["school_algebra"],
    }
    assert values(stories)[("stories", "bleu", "none")] == (36.3, None, 30)


def test_the_shots_of_a_group_are_those_of_its_tasks_and_not_its_own_entry() -> None:
    school, stories = read(GROUPS).runs
    assert (school.run.settings["fewshot"], stories.run.settings["fewshot"]) == (5, 0)


def test_tasks_asked_otherwise_are_other_runs_of_the_same_file() -> None:
    school, stories = read(GROUPS).runs
    assert school.run.id.rpartition("/")[0] == stories.run.id.rpartition("/")[0]
    assert school.run.id.endswith("/5-shot")
    assert stories.run.id.endswith("/0-shot-default-limit")
    assert school.run.files == stories.run.files
    assert school.run.seconds is None


def test_metrics_of_which_less_is_better_are_named() -> None:
    stories = read(GROUPS).runs[1]
    assert stories.run.environment["lower_is_better"] == {"stories": ["perplexity"]}


def test_a_model_that_is_a_path_is_shortened_and_kept_whole() -> None:
    parsed = read(GROUPS)
    assert parsed.models[0].name == "Tiny-1b-sft"
    assert parsed.runs[0].run.settings["model"] == "/home/someone/models/Tiny-1b-sft"
    assert parsed.runs[0].run.files.keys() == {GROUPS.name}
    assert parsed.runs[0].run.folder is None


def test_tasks_inside_their_groups_are_read_like_tasks_beside_them() -> None:
    pro, hard = read(NESTED).runs
    assert values(pro) == {("board_pro", "acc", "none"): (0.6, 0.1633, 10)}
    assert values(hard) == {
        ("board_hard", "acc_norm", "none"): (0.5, None, 2),
        ("board_hard_one", "acc_norm", "none"): (1.0, None, 1),
        ("board_hard_two", "acc_norm", "none"): (0.0, None, 1),
    }
    assert hard.run.environment["parts"] == {"board_hard": ["board_hard_one", "board_hard_two"]}
    assert (hard.run.settings["fewshot"], hard.run.settings["limit"], hard.run.status) == (3, 1, "limited")
    assert {metric.benchmark_id: metric.task_hash for metric in hard.metrics}["board_hard_two"] == "cde5"


def test_the_newest_version_with_several_filters() -> None:
    parsed = read(NEWEST)
    (rows,) = parsed.runs
    assert values(rows) == {
        ("adding", "exact_match", "strict-match"): (0.0, 0.0, 8),
        ("adding", "exact_match", "flexible-extract"): (0.75, 0.1637, 8),
    }
    run = rows.run
    assert (run.status, run.harness_version, run.device) == ("limited", "0.4.12.dev0", "cuda:0")
    assert run.started_at == datetime.fromtimestamp(1777009279.6950324, UTC)
    assert run.finished_at is not None
    assert (run.finished_at - run.started_at).total_seconds() == pytest.approx(811.33)
    assert run.seconds == pytest.approx(811.33)
    assert {metric.task_version for metric in rows.metrics} == {"3.0"}


def test_what_the_guards_compare_is_read_from_the_newest_version() -> None:
    told = read(NEWEST).runs[0].run.settings
    assert told["limit"] == 8
    assert told["fewshot"] == 0
    assert told["apply_chat_template"] is True
    assert told["system_prompt"] is None
    assert told["generation"] == {"max_gen_toks": 4096, "temperature": 0.6}
    assert told["chat_template_args"] == {"enable_thinking": True}
    assert told["harness_default_limit"] is False


def test_what_is_no_finite_number_is_left_out_and_said() -> None:
    parsed = read(NEWEST)
    assert parsed.notes == [
        "no finite number, so not kept: guessing mae,none, guessing labels,none, guessing verdict,none"
    ]
    assert parsed.runs[0].run.environment["unusable"] == {"guessing": ["mae,none", "labels,none", "verdict,none"]}


@pytest.mark.parametrize(
    ("given_limit", "kept", "status"),
    [
        (None, None, "complete"),
        (250.0, 250, "limited"),
        (250, 250, "limited"),
        (0.1, 0.1, "limited"),
        ("100", 100, "limited"),
    ],
)
def test_limits_as_they_are_written(given_limit: Any, kept: Any, status: str) -> None:
    run = only(results(config={"limit": given_limit})).run
    assert (run.settings["limit"], run.status) == (kept, status)


@pytest.mark.parametrize("nonsense", [-5, True, [], {}, "many", math.nan, math.inf, 10**400])
def test_a_limit_that_is_none_is_not_known(nonsense: Any) -> None:
    content = results(config={"limit": nonsense}, **{"n-samples": {}})
    assert "limit" not in only(content).run.settings


def test_fewer_documents_than_there_are_is_limited_though_no_limit_is_named() -> None:
    content = results(**{"n-samples": {"adding": {"original": 100, "effective": 10}}})
    assert only(content).run.status == "limited"


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ("pretrained=made-up/Tiny,dtype=float16", "made-up/Tiny"),
        ({"pretrained": "made-up/Tiny", "dtype": "float16"}, "made-up/Tiny"),
        ("dtype=auto,model=gpt-x", "gpt-x"),
        ("pretrained=made-up/Tiny,revision=main,parallelize=True", "made-up/Tiny"),
    ],
)
def test_arguments_as_text_and_as_a_table(args: Any, name: str) -> None:
    run = only(results(config={"model_args": args})).run
    assert run.settings["model"] == name
    assert run.settings["arguments"] == {}


@pytest.mark.parametrize("args", [None, "", [], 3, "no equals sign"])
def test_without_arguments_the_name_beside_them_counts(args: Any) -> None:
    assert (
        only(results(config={"model_args": args}, model_name="made-up/Other")).run.settings["model"] == "made-up/Other"
    )
    assert only(results(config={"model_args": args})).run.settings["model"].startswith("file:")


def test_an_adapter_makes_another_model_and_names_what_it_stands_on() -> None:
    run = only(results(config={"model_args": "pretrained=made-up/Tiny,peft=./lora/epoch_5"})).run
    assert run.settings["model"] == "./lora/epoch_5"
    assert run.settings["arguments"] == {"pretrained": "made-up/Tiny"}


def test_ways_of_thinking_among_the_generation_arguments_are_part_of_the_model() -> None:
    plain = only(results()).run
    forced = only(results(config={"gen_kwargs": {"max_tokens_thinking": 3600, "max_gen_toks": 4096}})).run
    template = only(
        results(config={"model_args": "pretrained=made-up/Tiny,chat_template_args={'enable_thinking': False}"})
    ).run
    assert len({plain.model_id, forced.model_id, template.model_id}) == 3
    assert forced.settings["arguments"] == {"max_tokens_thinking": "3600"}
    assert template.settings["chat_template_args"] == {"enable_thinking": False}


def test_keys_and_passwords_are_not_kept() -> None:
    args = {"pretrained": "made-up/Tiny", "api_key": "sk-1", "token": "hf-1", "base_url": "http://me:pw@host/v1"}
    kept = json.dumps(only(results(config={"model_args": args})).run.settings)
    assert not any(secret in kept for secret in ("sk-1", "hf-1", "pw"))


@pytest.mark.parametrize("date", [None, "yesterday", -5, 1e40, math.nan, [], 12.0])
def test_a_date_that_is_none_is_not_known(date: Any) -> None:
    assert only(results(date=date)).run.finished_at is None


def test_the_id_is_that_of_the_bytes_whatever_the_file_is_called() -> None:
    one = parse_results(results(), "a.json", known()).runs[0].run.id
    assert one == parse_results(results(), "b.json", known()).runs[0].run.id
    assert one.startswith("imported/")
    assert len(one) == len("imported/") + 16
    assert one != parse_results(results() + b"\n", "a.json", known()).runs[0].run.id


def test_a_metric_goes_to_the_benchmark_that_the_catalogue_names_for_it() -> None:
    parsed = parse_results(results(), "x.json", known(benchmark("additions", "adding")))
    assert {metric.benchmark_id for metric in parsed.runs[0].metrics} == {"additions"}
    assert parsed.benchmarks == []


def test_all_metrics_of_a_task_go_to_each_benchmark_that_fits() -> None:
    scores = {"exact_match,none": 0.5, "fresh,none": 0.25}
    two = (benchmark("sure", "adding"), benchmark("fresh", "adding", metric="fresh", grading="proxy"))
    rows = only(results(scores), *two)
    assert {(metric.benchmark_id, metric.name) for metric in rows.metrics} == {
        (identity, name) for identity in ("sure", "fresh") for name in ("exact_match", "fresh")
    }


@pytest.mark.parametrize(
    "listed",
    [
        benchmark("additions", "adding", filter="strict"),
        benchmark("additions", "adding", metric="acc"),
        benchmark("additions", "adding_cot"),
    ],
)
def test_another_metric_filter_or_task_is_another_benchmark(listed: Any) -> None:
    parsed = parse_results(results(), "x.json", known(listed))
    assert [(row.id, row.task, row.catalogued, row.metric) for row in parsed.benchmarks] == [
        ("adding", "adding", False, None)
    ]


def test_an_uncatalogued_task_never_takes_the_id_of_a_benchmark_of_another_task() -> None:
    rows = only(results(), benchmark("adding", "adding_cot"))
    assert {metric.benchmark_id for metric in rows.metrics} == {"lm-eval/adding"}


def test_percentages_are_no_fractions() -> None:
    parsed = parse_results(results({"exact_match,none": 50.0}), "x.json", known(benchmark("additions", "adding")))
    assert [(row.id, row.unit) for row in parsed.benchmarks] == [("adding", "points")]
    fraction = parse_results(results(), "x.json", known())
    assert fraction.benchmarks[0].unit is None


def test_a_run_of_our_own_harness_keeps_its_settings_and_its_model() -> None:
    own = {
        "model_id": "qwen3-8b-off",
        "run_id": "qwen3-8b-off/adding/1",
        "settings": {"limit": None, "thinking": False},
    }
    parsed = parse_results(
        results(tracker=own | {"truncated": 2, "output_tokens": 900}),
        "x.json",
        known(entry("qwen3-8b-off", weights="Qwen/Qwen3-8B")),
    )
    run = parsed.runs[0].run
    assert (run.model_id, run.truncated, run.output_tokens) == ("qwen3-8b-off", 2, 900)
    assert run.settings["thinking"] is False
    assert parsed.own_run_id == "qwen3-8b-off/adding/1"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (results()[:200], "it is cut off"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "it is not text in UTF-8"),
        (b"{'results': 1}", "it is not valid JSON"),
        (b'"text"', "it is not lm-eval's"),
        (b'{"results": []}', "it is not lm-eval's"),
        (b'{"a": 1}', "it is not lm-eval's"),
        (b'{"results": {"x": {"passed": 3}}}', "it is not lm-eval's"),
        (b'{"results": {}, "versions": {}}', "it holds no task's results"),
        (b'{"results": {"x": {}}, "versions": {}}', "no task in it has a metric"),
        (b'{"config_general": {}, "results": {"all": {"acc": 1}}, "versions": {}}', "it is lighteval's"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"results": {"x": {"acc,none": ' + b"9" * 5000 + b"}}}", "it holds a number of thousands of digits"),
    ],
)
def test_what_cannot_be_imported_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(ImportedFileError, match=f"^{reason}"):
        parse_results(content, "x.json", known())


NAMES = st.text(st.characters(exclude_characters=",", exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(deadline=None)
@given(metric=NAMES, filter_=NAMES, value=st.floats(0, 1), error=st.floats(0, 1) | st.none())
def test_any_metric_and_filter_come_out_as_they_went_in(
    metric: str, filter_: str, value: float, error: float | None
) -> None:
    metric, filter_ = f"m{metric}".replace("\0", ""), f"f{filter_}".replace("\0", "")
    if metric.endswith("_stderr"):
        metric += "x"
    scores = {f"{metric},{filter_}": value, f"{metric}_stderr,{filter_}": "N/A" if error is None else error}
    (one,) = only(results(scores)).metrics
    assert (one.name, one.filter, one.value, one.stderr) == (metric, filter_, value, error)
