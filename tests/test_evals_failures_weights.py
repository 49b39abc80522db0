"""Weights that cannot be fetched, found, read or used, with the real libraries: one sentence each."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from safetensors.torch import load_file, save_file

from tests import failing
from tests.failing import caught
from tests.harness_setup import model_spec, shared_model
from tracker.evals.harness.models import load_model

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_model(tmp_path_factory.getbasetemp(), "qwen3")


@pytest.fixture
def weights(qwen: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to damage."""
    return Path(shutil.copytree(qwen, tmp_path / "weights"))


@pytest.fixture
def offline(monkeypatch):
    failing.go_offline(monkeypatch)


@pytest.fixture
def hub(monkeypatch):
    with failing.local_hub(monkeypatch):
        yield


def test_weights_that_cannot_be_reached(offline):
    failure = caught(lambda: load_model(model_spec("org/tiny", local=False)), task=None)
    assert failure.sentence.startswith("The weights org/tiny could not be fetched from the hub: check the network")
    assert failure.retry


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gated", "The hub refuses access to the weights org/tiny: accept the licence"),
        ("private", "The hub refuses access to the weights org/tiny: accept the licence"),
        ("gone", "The weights org/tiny cannot be found: correct `weights` or `revision` of “tiny”"),
        ("moved", "The weights org/tiny cannot be found: correct `weights` or `revision` of “tiny”"),
        ("empty", "The weights org/tiny are damaged or incomplete ("),
    ],
)
def test_weights_that_the_hub_refuses(name, said, hub):
    failure = caught(lambda: load_model(model_spec(f"org/{name}", local=False, revision="a" * 40)), task=None)
    assert failure.sentence.startswith(said)
    assert not failure.retry


@pytest.mark.parametrize("local", [True, False])
def test_weights_at_a_path_that_is_not_there(local, offline):
    failure = caught(lambda: load_model(model_spec("/nowhere/tiny", local=local)), task=None)
    assert "correct `weights`" in failure.sentence
    assert "cannot be found" in failure.sentence or "There is no folder /nowhere/tiny" in failure.sentence
    assert not failure.retry


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_one_parameter(folder: Path) -> None:
    """Transformers itself loads this, with random numbers in the gap."""
    parameters = load_file(folder / "model.safetensors")
    del parameters["model.layers.1.mlp.up_proj.weight"]
    save_file(parameters, folder / "model.safetensors", {"format": "pt"})


def changed(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def without_tokenizer(folder: Path) -> None:
    for path in (*folder.glob("tokenizer*"), folder / "chat_template.jinja"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "cannot be found: correct `weights`"),
        (lambda folder: cut_in_half(folder / "model.safetensors"), "are damaged or incomplete .*fetch or copy them"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 99), "are damaged or incomplete"),
        (lambda folder: cut_in_half(folder / "config.json"), "are damaged or incomplete"),
        (lambda folder: (folder / "config.json").unlink(), "are damaged or incomplete"),
        (lambda folder: changed(folder / "config.json", model_type="other"), "cannot load the architecture of “tiny”"),
        (
            lambda folder: changed(
                folder / "config.json",
                model_type="other",
                auto_map={"AutoConfig": "a.B", "AutoModelForCausalLM": "a.C"},
            ),
            'cannot load the architecture of “tiny”: .*backend = "server"',
        ),
        (without_tokenizer, "come without a tokenizer"),
        (without_one_parameter, r"lack 1 of the model's parameters \(model.layers.1.mlp.up_proj.weight"),
    ],
    ids=["none", "cut off", "no safetensors", "cut config", "no config", "new kind", "own code", "no tokenizer", "gap"],
)
def test_weights_that_cannot_be_used(damage, said, weights):
    damage(weights)
    failure = caught(lambda: load_model(model_spec(weights)), task=None)
    assert re.search(said, failure.sentence)
    assert not failure.retry


def test_a_gpu_that_is_not_there(qwen):
    assert not torch.cuda.is_available(), "this test is for machines without a GPU; set CUDA_VISIBLE_DEVICES empty"
    failure = caught(lambda: load_model(model_spec(qwen, device="cuda", gpus=1)), task=None)
    assert "asks for 1 GPU and torch" in failure.sentence
    assert "or set gpus = 0" in failure.sentence


def test_arguments_that_the_model_does_not_take(qwen):
    failure = caught(lambda: HFLM(pretrained=str(qwen), device="cpu", nonsense=1), task=None)
    assert "unexpected keyword argument 'nonsense'" in failure.sentence
    failure = caught(lambda: load_model(model_spec(qwen, settings={"dtype": "float99"})), task=None)
    assert "float99" in failure.sentence
    assert "`dtype` in models.toml" in failure.sentence
