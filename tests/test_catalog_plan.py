"""What should have been run: pairs, their settings and hashes, the fingerprint of weights, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.catalog.load import Catalog, load_catalog
from tracker.catalog.plan import MEBIBYTE, frame, pairs, revision, wanted

MODELS = """
[[model]]
id = "thinks"
name = "Thinks"
kind = "reasoning"
weights = "{weights}"
local = true
gpus = 0
max_output_tokens = 64
chat_template_args = {{ enable_thinking = true, style = "short" }}
suites = ["core"]
every_days = 30

[[model]]
id = "answers"
name = "Answers"
kind = "conventional"
weights = "lab/one"
revision = "v2"
suites = ["core"]

[[model]]
id = "served"
name = "Served"
kind = "conventional"
backend = "server"
base_url = "http://127.0.0.1:9/v1"
suites = ["core"]
"""

BENCHMARK = """
[[benchmark]]
id = "{id}"
name = "{id}"
task = "{task}"
metric = "{metric}"
filter = "none"
capability = "math"
grading = "verifiable"
{more}
"""


def benchmark(id_: str, *, task: str = "", metric: str = "acc", suites: str = '["core"]', more: str = "") -> str:
    more = (
        f'output = "generate"\nsuites = {suites}\n{more}' if "output = " not in more else f"suites = {suites}\n{more}"
    )
    return BENCHMARK.format(id=id_, task=task or f"task_{id_}", metric=metric, more=more)


def catalog(folder: Path, *benchmarks: str, models: str = MODELS, weights: str = "/nowhere") -> Catalog:
    (folder / "models.toml").write_text(models.format(weights=weights), encoding="utf-8")
    (folder / "benchmarks.toml").write_text("".join(benchmarks), encoding="utf-8")
    return load_catalog(folder)


def test_models_meet_tasks_of_their_suites_and_a_task_is_run_once_for_all_its_benchmarks(tmp_path):
    found = catalog(
        tmp_path,
        benchmark("a", task="t", metric="acc"),
        benchmark("b", task="t", metric="f1", suites='["full"]'),
        benchmark("c", task="t", metric="f2", suites='["core", "full"]'),
        benchmark("d", suites='["full"]'),
        models=MODELS.replace('suites = ["core"]', 'suites = ["core", "full"]', 1),
    )
    core = {(pair.model.id, pair.task): [one.id for one in pair.benchmarks] for pair in pairs(found, "core")}
    # The run of the suite "core" is the only one there will be: it keeps what "full" reads from it, too.
    assert core == {("thinks", "t"): ["a", "b", "c"], ("answers", "t"): ["a", "c"], ("served", "t"): ["a", "c"]}
    full = {(pair.model.id, pair.task) for pair in pairs(found, "full")}
    assert full == {("thinks", "t"), ("thinks", "task_d")}
    assert {(pair.model.id, pair.task) for pair in pairs(found)} == set(core) | full
    assert {pair.model.id for pair in pairs(found, only=["served"])} == {"served"}


def test_the_shortest_rhythm_counts(tmp_path):
    often = benchmark("b", task="t", metric="f1", more="every_days = 7")
    rows = frame(pairs(catalog(tmp_path, benchmark("a", task="t"), often)))
    assert dict(rows.select("model_id", "every_days").iter_rows()) == {"thinks": 7, "answers": 7, "served": 7}
    rows = wanted(catalog(tmp_path, benchmark("a")))
    assert dict(rows.select("model_id", "every_days").iter_rows()) == {"thinks": 30, "answers": None, "served": None}


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ('output = "loglikelihood"', {"thinks": "cannot think", "served": "no log-likelihoods"}),
        ('output = "generate"\nprefilled = true', {"thinks": "writes the first words"}),
        ('output = "generate"', {}),
    ],
)
def test_what_cannot_be_run_as_catalogued_is_refused_with_a_sentence(tmp_path, more, refused):
    found = {pair.model.id: pair.refused for pair in pairs(catalog(tmp_path, benchmark("a", more=more)))}
    assert {model for model, sentence in found.items() if sentence} == set(refused)
    for model, part in refused.items():
        assert part in str(found[model])


def test_documents_of_a_trial_are_never_more_than_there_are(tmp_path):
    found = catalog(tmp_path, benchmark("a", more="documents = 30"), benchmark("b"))

    def documents(limit: int | None) -> dict[str, int | None]:
        return dict(frame(pairs(found, limit=limit, only=["answers"])).select("task", "documents").iter_rows())

    assert documents(None) == {"task_a": 30, "task_b": None}
    assert documents(10) == {"task_a": 10, "task_b": 10}
    assert documents(50) == {"task_a": 30, "task_b": 50}


def test_the_settings_hash_is_the_same_in_every_process_and_order_and_changes_with_what_changes_scores(tmp_path):
    def hashes(folder: str, text: str, limit: int | None = None) -> dict[str, str]:
        path = tmp_path / folder
        path.mkdir()
        return {pair.model.id: pair.settings_hash for pair in pairs(catalog(path, text, models=models), limit=limit)}

    models = MODELS
    first = hashes("first", benchmark("a"))
    assert len(set(first.values())) == 3
    models = MODELS.replace('enable_thinking = true, style = "short"', 'style = "short", enable_thinking = true')
    assert hashes("order", benchmark("a")) == first
    models = MODELS
    assert all(value not in first.values() for value in hashes("limit", benchmark("a"), 10).values())
    assert all(value not in first.values() for value in hashes("shots", benchmark("a", more="fewshot = 3")).values())
    longer = hashes("longer", benchmark("a", more="max_output_tokens = 99"))
    assert longer["thinks"] == first["thinks"]  # its own limit goes before the benchmark's
    assert longer["answers"] != first["answers"]
    program = (
        "import sys; from pathlib import Path; from tracker.catalog.load import load_catalog;"
        "from tracker.catalog.plan import pairs;"
        "print({p.model.id: p.settings_hash for p in pairs(load_catalog(Path(sys.argv[1])))})"
    )
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "first")],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(first)


def fingerprint(folder: Path, where: Path) -> str | None:
    return revision(catalog(where, benchmark("a"), weights=str(folder)).models["thinks"])


def test_the_fingerprint_follows_the_bytes_and_not_the_times(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "config.json").write_text("{}")
    file = weights / "model.safetensors"
    content = bytes(3 * MEBIBYTE)
    file.write_bytes(content)
    first = fingerprint(weights, tmp_path)
    assert first is not None
    assert first.startswith("sha256:")
    os.utime(file, ns=(1, 1))
    assert fingerprint(weights, tmp_path) == first
    seen = {first}
    changes = [b"x" + content[1:], content[:-1] + b"x", content + b"\0", content[:-1]]
    for at, changed in enumerate(changes, start=2):
        file.write_bytes(changed)
        os.utime(file, ns=(at, at))
        found = fingerprint(weights, tmp_path)
        assert found not in seen
        seen.add(found)
    file.write_bytes(content)
    assert fingerprint(weights, tmp_path) == first
    (weights / "config.json").write_text('{"a": 1}')
    assert fingerprint(weights, tmp_path) != first


def test_weights_that_are_not_there_have_no_fingerprint(tmp_path):
    assert fingerprint(tmp_path / "nowhere", tmp_path) is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.safetensors").symlink_to(tmp_path / "gone")
    assert fingerprint(broken, tmp_path) is None


def test_the_revision_of_the_hub_is_taken_at_its_word_and_a_server_has_none(tmp_path):
    found = catalog(tmp_path, benchmark("a"))
    assert revision(found.models["answers"]) == "v2"
    assert revision(found.models["served"]) is None
