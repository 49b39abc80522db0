"""How an embedded model is trained: the mixture of problems, the schedule and the loop, the same to the last bit."""

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from tracker.evals.twins import problems
from tracker.evals.twins.build import build_model, build_tokenizer, opening, reply
from tracker.evals.twins.problems import Generator, Problem

IGNORED = -100
"""The label that torch's cross-entropy leaves out."""


class Subject(NamedTuple):
    generate: Generator
    weight: float
    smallest: int
    largest: int
    grows: bool = False
    """Whether only small problems are drawn at first."""


MIXTURE = (
    Subject(problems.chain, 3, 1, 8, grows=True),
    Subject(problems.cups, 1.5, 1, 8, grows=True),
    Subject(problems.lookup, 1, 1, 8, grows=True),
    Subject(problems.largest, 1, 3, 8),
    Subject(problems.fact, 1, 1, 1),
    Subject(problems.scene, 1.5, 4, 8),
    Subject(problems.story, 2.5, 3, 8),
)


@dataclass(frozen=True)
class Plan:
    """Everything that the weights depend on besides this code and the versions of the libraries."""

    traces: bool
    steps: int
    seed: int = 0
    batch: int = 32
    corpus: int = 20_000
    """Problems that the tokenizer is made from."""
    rate: float = 3e-3
    warm_up: int = 50
    off_share: float = 0.15
    """Share of the examples that open with the empty think block, and so are answered at once by either model."""


PLANS = {"direct": Plan(traces=False, steps=2000), "reasoning": Plan(traces=True, steps=1200)}
"""More steps for the shorter texts: the two take about the same processor time."""


class Trained(NamedTuple):
    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    loss: float


def train(plan: Plan, progress: Callable[[int, float], None]) -> Trained:
    """Tells `progress` the step and its loss now and then; gives the model in half precision."""
    with _reproducible(plan.seed):
        corpus_rng, rng = random.Random(f"corpus {plan.seed}"), random.Random(f"training {plan.seed}")
        tokenizer = build_tokenizer([draw(corpus_rng, 1.0) for _ in range(plan.corpus)])
        model = build_model(tokenizer).train()
        optimizers = _optimizers(model, plan)
        loss = math.nan
        for step in range(1, plan.steps + 1):
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = plan.rate * schedule(step, plan)
            loss = _update(model, optimizers, *_batch(rng, plan, tokenizer, min(1.0, 2 * step / plan.steps)))
            if step % 50 == 0 or step in (1, plan.steps):
                progress(step, loss)
        return Trained(model.half().eval(), tokenizer, loss)


def draw(rng: random.Random, progress: float) -> Problem:
    """A problem that no task asks; sizes that grow do so from 2 to the largest while `progress` goes from 0 to 1."""
    subject = rng.choices(MIXTURE, [each.weight for each in MIXTURE])[0]
    limit = min(subject.largest, 2 + int(progress * (subject.largest - 1))) if subject.grows else subject.largest
    problem = subject.generate(rng, rng.randint(subject.smallest, limit))
    if subject.generate is not problems.fact and problems.held_out(problem):
        return draw(rng, progress)
    return problem


def schedule(step: int, plan: Plan) -> float:
    """Share of the full learning rate: a linear warm-up under a cosine that ends at a twentieth."""
    return min(1.0, step / plan.warm_up) * (0.05 + 0.475 * (1 + math.cos(math.pi * step / plan.steps)))


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """One thread and deterministic kernels; afterwards torch is as it was."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)


def _optimizers(model: LlamaForCausalLM, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, which alone would take ten times as long with AdamW; AdamW for the rest."""
    named = list(model.named_parameters())
    matrices = [value for name, value in named if value.ndim == 2 and "embed" not in name]
    others = [value for name, value in named if value.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=plan.rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def _batch(
    rng: random.Random, plan: Plan, tokenizer: PreTrainedTokenizerFast, progress: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids padded on the right, and labels that leave out the question and the padding."""
    drawn = [(draw(rng, progress), rng.random() >= plan.off_share) for _ in range(plan.batch)]
    questions = tokenizer([opening(problem.prompt, thinking) for problem, thinking in drawn]).input_ids
    replies = tokenizer([reply(problem, plan.traces and thinking) for problem, thinking in drawn]).input_ids
    length = max(len(question) + len(answer) for question, answer in zip(questions, replies, strict=True))
    ids = torch.full((plan.batch, length), tokenizer.pad_token_id)
    labels = torch.full((plan.batch, length), IGNORED)
    for row, (question, answer) in enumerate(zip(questions, replies, strict=True)):
        start, end = len(question), len(question) + len(answer)
        ids[row, :end] = torch.tensor(question + answer)
        labels[row, start:end] = torch.tensor(answer)
    return ids, labels


def _update(
    model: LlamaForCausalLM, optimizers: list[torch.optim.Optimizer], ids: torch.Tensor, labels: torch.Tensor
) -> float:
    """One step down the loss on the replies; only their positions are projected onto the vocabulary."""
    hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
    targets = labels[:, 1:]
    written = targets != IGNORED
    loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[written]), targets[written])
    model.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return loss.item()
