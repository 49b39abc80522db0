"""The folder that a trained model is shipped as: half-precision weights, tokenizer, model card and training report."""

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tracker.evals.twins.training import Plan, Trained

REPORT = "training.json"
DIGESTED = ("model.safetensors", "tokenizer.json")
"""The files that must come out the same whenever the model is trained again."""

CARD = """\
---
library_name: transformers
pipeline_tag: text-generation
tags: [demonstration]
---

# The embedded pair: `{name}`

A language model of {parameters:,} parameters, trained from scratch in three to five minutes on one processor core, on
problems that a seeded program makes up: sums on one digit, a ball under cups, looking up, the largest digit, capitals,
and telling listed things as a scene or a story. Its twin has the same architecture, size, tokenizer and source of
problems. This one is trained on **{trained_on}**.

**It is a demonstration and no evidence.** It lets every part of this program run in a minute on any machine, without
a download. It was built so that thinking helps on some tasks, cannot help on others, and trades one measure against
another on the fuzzy ones. Its scores say nothing about language models at large or about any question that is being
forecast, and it can do nothing but these tasks.

## Use

It loads like any other model, with no network:

```python
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
```

The chat template knows user and assistant turns. {modes}

The context is 256 tokens, of which a reply takes at most 128. `<think>` and `</think>` are ordinary tokens, so they
stay in decoded text.

## Training

Half-precision weights; the seed, the steps and the digests are in `{report}`. To train it again and compare:

    python -m tracker.evals.twins.train --only {name} --check

Equal bytes can be expected with the library versions in the report, on the same kind of processor.
"""
TRAINED_ON = {False: "answers alone", True: "chains of thought, then answers"}
MODES = {
    False: "It answers at once, whether `enable_thinking` is true or false.",
    True: "It writes its\nchain between `<think>` and `</think>` and then answers; with `enable_thinking` false the "
    "template adds an empty\nblock and the model answers at once, as a seventh of its training examples did.",
}


def ship(name: str, trained: Trained, plan: Plan, seconds: float, folder: Path) -> None:
    """`seconds` are processor seconds spent on training."""
    folder.mkdir(parents=True, exist_ok=True)
    trained.model.save_pretrained(folder)
    trained.tokenizer.save_pretrained(folder)
    parameters = trained.model.num_parameters()
    (folder / "model.safetensors").chmod(0o644)
    (folder / "README.md").write_text(card(name, plan, parameters), encoding="utf-8")
    report = {
        "model": name,
        "plan": asdict(plan),
        "parameters": parameters,
        "processor_seconds": round(seconds, 1),
        "final_loss": trained.loss,
        "sha256": digests(folder),
        "versions": versions(),
    }
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def card(name: str, plan: Plan, parameters: int) -> str:
    return CARD.format(
        name=name,
        parameters=parameters,
        trained_on=TRAINED_ON[plan.traces],
        modes=MODES[plan.traces],
        report=REPORT,
    )


def digests(folder: Path) -> dict[str, str]:
    return {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in DIGESTED}


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        library: version(library) for library in ("torch", "transformers", "tokenizers", "safetensors")
    }


def read_report(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return report
