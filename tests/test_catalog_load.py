"""Reading the catalogue: what comes out of good files, and the sentence that comes out of broken ones."""

# ruff: noqa: E501 — each row of the tables below is one sentence, and is easiest to compare on one line

from datetime import date
from pathlib import Path

import pytest

from tracker.catalog.load import Catalog, CatalogError, load_catalog

MODELS = """
[[model]]
id = "one-thinking"
name = "One, thinking"
kind = "reasoning"
weights = "lab/one"
base = "lab/one-base"
released_on = 2025-04-29
parameters = 600_000_000
max_output_tokens = 32_768
chat_template_args = { enable_thinking = true }
generation = { do_sample = true, temperature = 0.6, top_k = 20 }
suites = ["core", "full"]

[[model]]
id = "one-off"
name = "One, thinking off"
kind = "conventional"
weights = "lab/one"
base = "lab/one-base"
suites = ["full"]

[[twin]]
reasoning = "one-thinking"
conventional = "one-off"
relation = "same-weights"
evidence = "The card says so."
"""

BENCHMARKS = """
[[benchmark]]
id = "sums"
name = "Sums"
task = "sums_task"
metric = "exact_match"
filter = "none"
chance = 0.1
capability = "math"
grading = "verifiable"
output = "generate"
task_version = "1.0"
suites = ["night"]

[[benchmark]]
id = "words"
name = "Words"
task = "words_task"
metric = "acc"
filter = "none"
unit = "points"
capability = "dialogue"
grading = "proxy"
output = "loglikelihood"
"""


def read(folder: Path, models: str = MODELS, benchmarks: str = BENCHMARKS) -> Catalog:
    (folder / "models.toml").write_text(models, encoding="utf-8")
    (folder / "benchmarks.toml").write_text(benchmarks, encoding="utf-8")
    return load_catalog(folder)


def refusal(folder: Path, models: str = MODELS, benchmarks: str = BENCHMARKS) -> str:
    with pytest.raises(CatalogError) as caught:
        read(folder, models, benchmarks)
    return str(caught.value)


def test_entries_keep_what_was_written_and_the_rest_is_not_known(tmp_path: Path) -> None:
    catalog = read(tmp_path)
    thinking, off = catalog.models["one-thinking"], catalog.models["one-off"]
    assert (thinking.thinking, off.thinking) == (True, False)
    assert thinking.generation == {"do_sample": True, "temperature": 0.6, "top_k": 20}
    assert thinking.chat_template_args == {"enable_thinking": True}
    assert off.released_on is None
    assert off.parameters is None
    assert off.max_output_tokens is None
    assert (off.revision, off.gpus, off.think_end, off.stop) == ("main", 1, "</think>", ())
    assert catalog.benchmarks["sums"].ceiling == 1.0
    assert catalog.benchmarks["words"].ceiling is None
    assert catalog.suites() == {"core", "full", "night"}


def test_rows_carry_the_entries_into_the_tables(tmp_path: Path) -> None:
    models, twins, benchmarks = read(tmp_path).rows()
    assert [(row.id, row.thinking_budget) for row in models] == [("one-thinking", 32_768), ("one-off", None)]
    assert models[0].released_on == date(2025, 4, 29)
    assert models[0].catalogued
    assert models[0].revision == "main"
    assert (twins[0].reasoning_id, twins[0].relation, twins[0].inferred) == ("one-thinking", "same-weights", False)
    assert [(row.id, row.log_likelihood, row.unit) for row in benchmarks] == [
        ("sums", False, "fraction"),
        ("words", True, "points"),
    ]


def test_weights_are_a_hub_id_a_folder_of_ours_or_a_folder_of_yours(tmp_path: Path) -> None:
    def location(weights: str) -> str:
        text = MODELS.replace('"lab/one"', f'"{weights}"\nlocal = true')
        return read(tmp_path, text).models["one-off"].location(Path("/package/evals"))

    assert location("twins/one") == "/package/evals/twins/one"
    assert location("/data/one") == "/data/one"
    assert location("~/one") == str(Path.home() / "one")
    assert read(tmp_path).models["one-off"].location(Path("/package/evals")) == "lab/one"
    local = read(tmp_path, MODELS.replace('"lab/one"', '"twins/one"\nlocal = true')).rows().models[0]
    assert (local.weights, local.revision) == ("twins/one", None)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.toml").write_text(BENCHMARKS, encoding="utf-8")
    (tmp_path / "models.toml").write_bytes(b"\xef\xbb\xbf" + MODELS.replace("\n", "\r\n").encode())
    assert len(load_catalog(tmp_path).models) == 2


TWIN = 'models.toml, twin "one-thinking" / "one-off": '
OFF = 'models.toml, model "one-off": '
THINKING = 'models.toml, model "one-thinking": '
SUMS = 'benchmarks.toml, benchmark "sums": '
ENVIRONMENT_NAME = "the name of an environment variable in capitals, such as OPENAI_API_KEY, and never the key itself"


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ('kind = "conventional"', 'kind = "clever"', OFF + 'kind is "clever", allowed is one of reasoning, conventional.'),
        ('kind = "conventional"', "", OFF + "kind is missing, and it is required."),
        ('id = "one-off"', "", 'models.toml, model "One, thinking off": id is missing, and it is required.'),
        ('id = "one-off"\nname = "One, thinking off"', "", "models.toml, a model without an id: id is missing, and it is required."),
        ('id = "one-off"', 'id = "One Off"', 'models.toml, model "One Off": id is "One Off", allowed is lower-case letters, digits, \'.\', \'-\' and \'_\', starting with a letter or digit.'),
        ('id = "one-off"', 'id = "one-thinking"', THINKING + 'id is "one-thinking" twice, allowed is once.'),
        ('name = "One, thinking off"', 'name = " "', OFF + 'name is " ", allowed is text that is not empty.'),
        ('name = "One, thinking off"', "name = 7", OFF + "name is 7, allowed is text in quotes."),
        ('id = "one-off"', 'id = "one-off"\ngpus = -1', OFF + "gpus is -1, allowed is a number of at least 0."),
        ('id = "one-off"', 'id = "one-off"\ngpus = 1.5', OFF + "gpus is 1.5, allowed is a whole number."),
        ('id = "one-off"', 'id = "one-off"\ngpus = true', OFF + "gpus is true, allowed is a whole number."),
        ('id = "one-off"', 'id = "one-off"\nlocal = "yes"', OFF + 'local is "yes", allowed is true or false.'),
        ("released_on = 2025-04-29", 'released_on = "spring"', THINKING + 'released_on is "spring", allowed is a date such as 2025-04-29.'),
        ('suites = ["full"]', 'suites = "full"', OFF + 'suites is "full", allowed is a list.'),
        ('suites = ["full"]', 'suites = ["full", "full"]', OFF + 'suites is ["full", "full"], allowed is a list in which no name is repeated.'),
        ("temperature = 0.6", "temperature = -1", THINKING + "generation.temperature is -1, allowed is a number of at least 0."),
        ("temperature = 0.6", "top_p = 0", THINKING + "generation.top_p is 0, allowed is a number above 0."),
        ("temperature = 0.6", "top_p = 1.5", THINKING + "generation.top_p is 1.5, allowed is a number of at most 1."),
        ("temperature = 0.6", "heat = 1", THINKING + '"generation.heat" is not a known key, allowed are do_sample, temperature, top_p, top_k, min_p.'),
        ("{ enable_thinking = true }", "{ tools = [1] }", THINKING + 'chat_template_args is {"tools": [1]}, allowed is a table of plain values: text, numbers, true or false.'),
        ("{ enable_thinking = true }", "3", THINKING + "chat_template_args is 3, allowed is a table of keys and values."),
        ("max_output_tokens = 32_768", "", THINKING + "max_output_tokens is missing, allowed is a whole number of at least 1, required for kind reasoning."),
        ("max_output_tokens = 32_768", "max_output_tokens = 4096\nmax_length = 4096", THINKING + "max_output_tokens is 4096, allowed is below max_length, 4096."),
        ('id = "one-off"', 'id = "one-off"\nthinking = true', OFF + "thinking is true, allowed is false for kind conventional."),
        ('id = "one-thinking"', 'id = "one-thinking"\nthinking = false', THINKING + "thinking is false, allowed is true for kind reasoning."),
        ('weights = "lab/one"\nbase = "lab/one-base"\nsuites', "suites", OFF + "weights is missing, allowed is a hub id such as Qwen/Qwen3-8B, or a folder with local = true."),
        ('"lab/one"\nbase = "lab/one-base"\nsuites', '"/data/one"\nsuites', OFF + 'weights is "/data/one", allowed is a hub id such as Qwen/Qwen3-8B, or a folder with local = true.'),
        ('"lab/one"\nbase = "lab/one-base"\nsuites', '"../one"\nlocal = true\nsuites', OFF + "weights is \"../one\", allowed is a folder without '..' in its path."),
        ('id = "one-off"', 'id = "one-off"\nbackend = "vllm"', OFF + 'backend is "vllm", allowed is one of hf, server.'),
        ('id = "one-off"', 'id = "one-off"\nbackend = "server"', OFF + "base_url is missing, allowed is the server's http:// or https:// address, required for it."),
        ('id = "one-off"', 'id = "one-off"\nserver_model = "one"', OFF + 'server_model is "one", allowed is absent unless backend is server.'),
        ('id = "one-off"', 'id = "one-off"\nbase_url = "ftp://a/b"', OFF + 'base_url is "ftp://a/b", allowed is an http:// or https:// address without a password or a query.'),
        ('reasoning = "one-thinking"', 'reasoning = "two"', 'models.toml, twin "two" / "one-off": reasoning is "two", allowed is the id of a model in this file.'),
        ('conventional = "one-off"', 'conventional = "two"', 'models.toml, twin "one-thinking" / "two": conventional is "two", allowed is the id of a model in this file.'),
        ('reasoning = "one-thinking"', 'reasoning = "one-off"', 'models.toml, twin "one-off" / "one-off": reasoning is "one-off", allowed is a model of kind reasoning, and this one is conventional.'),
        ('conventional = "one-off"', 'conventional = "one-thinking"', 'models.toml, twin "one-thinking" / "one-thinking": conventional is "one-thinking", allowed is a model of kind conventional, and this one is reasoning.'),
        ('relation = "same-weights"', 'relation = "cousins"', TWIN + 'relation is "cousins", allowed is one of same-weights, same-base, same-family, same-lab.'),
        ('relation = "same-weights"', 'relation = "same-base"', TWIN + 'relation is "same-base", allowed is that only where both models name the same base, or one is the other\'s base.'),
        ('relation = "same-weights"', 'relation = "same-lab"', TWIN + 'relation is "same-lab", allowed is that only where both models name the same lab.'),
        ('id = "one-off"', 'id = "one-off"\nrevision = "v2"', TWIN + 'relation is "same-weights", allowed is that only where both models name the same weights and revision.'),
        ('evidence = "The card says so."', "", TWIN + "evidence is missing, and it is required."),
        ("[[twin]]", "[[pair]]", 'models.toml: "pair" is not known here, allowed are [[model]] and [[twin]].'),
        ("[[twin]]", "[twin]", 'models.toml: "twin" is not written as a list of tables, allowed are [[model]] and [[twin]].'),
    ],
)  # fmt: skip
def test_a_broken_model_file_is_refused_with_one_sentence(
    tmp_path: Path, written: str, instead: str, sentence: str
) -> None:
    assert written in MODELS
    assert refusal(tmp_path, models=MODELS.replace(written, instead)) == sentence


@pytest.mark.parametrize(
    ("written", "instead", "sentence"),
    [
        ('capability = "math"', 'capability = "maths"', SUMS + 'capability is "maths", allowed is one of math, coding, '),
        ('grading = "verifiable"', 'grading = "fuzzy"', SUMS + 'grading is "fuzzy", allowed is one of verifiable, proxy, judged, voted.'),
        ('output = "generate"', 'output = "text"', SUMS + 'output is "text", allowed is one of generate, loglikelihood.'),
        ("chance = 0.1", 'unit = "percent"', SUMS + 'unit is "percent", allowed is one of fraction, rating, points.'),
        ("chance = 0.1", "chance = 25", SUMS + "chance is 25.0, allowed is from 0 to 1 where unit is fraction."),
        ("chance = 0.1", "chance = nan", SUMS + "chance is NaN, allowed is a number that is not infinite."),
        ("chance = 0.1", "chance = 0.9\nceiling = 0.8", SUMS + "chance is 0.9, allowed is below ceiling, 0.8."),
        ("chance = 0.1", "human = 0.9", SUMS + "human_source is missing, allowed is where the human figure was published, required beside human."),
        ("chance = 0.1", 'human_source = "A paper"', SUMS + "human is missing, allowed is the published human figure, required beside human_source."),
        ('task_version = "1.0"', "task_version = 1.0", SUMS + "task_version is 1.0, allowed is text in quotes."),
        ('task_version = "1.0"', "documents = 0", SUMS + "documents is 0, allowed is a number of at least 1."),
        ('id = "words"', 'id = "sums"', SUMS + 'id is "sums" twice, allowed is once.'),
        ('task = "words_task"\nmetric = "acc"', 'task = "sums_task"\nmetric = "exact_match"', 'benchmarks.toml, benchmark "words": metric is "exact_match", allowed is a metric and filter of this task that "sums" does not have already.'),
        ('task = "words_task"', 'task = "sums_task"', 'benchmarks.toml, benchmark "words": output is "loglikelihood", allowed is "generate" as in "sums", which shares the task sums_task.'),
        ('id = "words"', 'id = "words"\nwords = "many"', 'benchmarks.toml, benchmark "words": "words" is not a known key, allowed are id, name, task, '),
    ],
)  # fmt: skip
def test_a_broken_benchmark_file_is_refused_with_one_sentence(
    tmp_path: Path, written: str, instead: str, sentence: str
) -> None:
    assert written in BENCHMARKS
    said = refusal(tmp_path, benchmarks=BENCHMARKS.replace(written, instead, 1))
    assert said == sentence or (sentence.endswith(", ") and said.startswith(sentence) and said.endswith("."))


def test_a_pair_listed_twice_is_refused(tmp_path: Path) -> None:
    twice = MODELS + MODELS[MODELS.index("[[twin]]") :]
    assert refusal(tmp_path, models=twice) == TWIN + "the pair is listed twice, allowed is once."


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdef0123456789", "hf_abcdefghijklmnop", "AKIAIOSFODNN7EXAMPLE", "A" * 30 + "_" + "B" * 40]
)
def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    server = f'id = "one-off"\nbackend = "server"\nbase_url = "http://127.0.0.1:8000/v1"\napi_key_env = "{key}"'
    said = refusal(tmp_path, models=MODELS.replace('id = "one-off"', server))
    assert said == OFF + f"api_key_env holds a value not shown here, allowed is {ENVIRONMENT_NAME}."


@pytest.mark.parametrize("address", ["http://me:secret@host/v1", "https://host/v1?key=secret"])
def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path, address: str) -> None:
    said = refusal(tmp_path, models=MODELS.replace('id = "one-off"', f'id = "one-off"\nbase_url = "{address}"'))
    assert said.startswith(OFF + "base_url holds a value not shown here")
    assert "secret" not in said


def test_the_value_of_an_unknown_key_is_not_repeated(tmp_path: Path) -> None:
    said = refusal(tmp_path, models=MODELS.replace('id = "one-off"', 'id = "one-off"\napi_key = "secret"'))
    assert said.startswith(OFF + '"api_key" is not a known key, allowed are id, name, kind,')
    assert "secret" not in said


def test_a_server_entry_needs_no_weights(tmp_path: Path) -> None:
    server = 'backend = "server"\nbase_url = "https://host/v1"\napi_key_env = "HOST_API_KEY"\nsuites'
    text = MODELS.replace('weights = "lab/one"\nbase = "lab/one-base"\nsuites', server)
    text = text[: text.index("[[twin]]")]
    entry = read(tmp_path, text).models["one-off"]
    assert (entry.weights, entry.api_key_env, entry.concurrency) == (None, "HOST_API_KEY", 8)
    assert read(tmp_path, text).rows().models[1].revision is None


def test_bad_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, models=MODELS.replace('kind = "conventional"', "kind = conventional"))
    assert said == "models.toml: the file is not valid TOML: Invalid value (at line 18, column 8)."


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_bytes(MODELS.replace("One, thinking off", "Größe").encode("latin-1"))
    with pytest.raises(CatalogError, match=r"^models\.toml: line 17 is not UTF-8 text, which is what is allowed\.$"):
        load_catalog(tmp_path)


@pytest.mark.parametrize("name", ["models.toml", "benchmarks.toml"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    read(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    expected = f"{name}: the file is missing from {tmp_path}, where models.toml and benchmarks.toml belong."
    assert str(caught.value) == expected


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "models.toml").mkdir()
    with pytest.raises(CatalogError, match=r"^models\.toml: the file in .* cannot be read: Is a directory\.$"):
        load_catalog(tmp_path)


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    said = refusal(tmp_path, models=MODELS.replace('kind = "conventional"', f'kind = "{"x" * 500}"'))
    assert len(said) < 200
    assert "…, allowed is" in said
