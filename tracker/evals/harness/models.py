"""Models as lm-eval calls them, in this process or behind a server, that keep what lm-eval throws away."""

import contextlib
import gc
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import torch
import transformers
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs

from tracker.evals.batches import OutOfMemory, Request, TaskAnswers
from tracker.evals.cache import Output
from tracker.evals.failures import HarnessError
from tracker.evals.protocol import ModelSpec
from tracker.evals.server import ChatServer
from tracker.evals.thinking import split_answer, trim_at, without


class LocalModel(HFLM):
    """A model in this process, whose answers keep their thinking, token counts and finish reason."""

    def __init__(self, spec: ModelSpec, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.spec = spec
        self.answers: TaskAnswers
        self.prompts_cut = 0
        ends = self.model.generation_config.eos_token_id
        self._ends = {self.eot_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}

    def _create_model(self, *arguments: Any, **named: Any) -> None:
        kind: Any = self.AUTO_MODEL_CLASS  # type: ignore[has-type]
        self.AUTO_MODEL_CLASS = _Whole(kind)
        super()._create_model(*arguments, **named)
        self.AUTO_MODEL_CLASS = kind

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        outputs = self.answers.generate(_requests(requests), lambda text: len(self.tok_encode(text)), self._batch)
        return [output.answer for output in outputs]

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        if self.spec.thinking:
            raise HarnessError(
                f"“{self.spec.id}” cannot think on a log-likelihood task: run it on tasks that let a model write."
            )

        def compute(batch: Sequence[Request], seed: int) -> list[Any]:
            with _memory():
                asked = [Instance("loglikelihood", {}, (one.prompt, one.arguments), 0) for one in batch]
                return list(super(LocalModel, self).loglikelihood(asked, disable_tqdm=True))

        values = self.answers.score("loglikelihood", _requests(requests), compute)
        return [(value[0], value[1]) for value in values]

    def _batch(self, batch: Sequence[Request], seed: int) -> list[Output]:
        kwargs = dict(normalize_gen_kwargs(batch[0].arguments, self.max_gen_toks))
        until = handle_stop_sequences(kwargs.pop("until", None), eos=None)
        limit = int(kwargs.pop("max_gen_toks"))
        room = self.max_length - limit
        if room <= 0:
            raise HarnessError(
                f"The output limit of “{self.spec.id}” ({limit} tokens) leaves no room for the prompt in its context"
                f" ({self.max_length}): lower max_output_tokens or raise max_length in models.toml."
            )
        prompts = [request.prompt for request in batch]
        # HF would apply stop strings inside the thinking, where "\n" or "Question:" is no end.
        stop = list(self.spec.settings["stop"]) if self.spec.thinking else until
        with _memory():
            tokens, mask = self.tok_batch_encode(prompts, left_truncate_len=room)
            self.prompts_cut += sum(len(self.tok_encode(prompt)) > room for prompt in prompts)
            transformers.set_seed(seed)
            started = time.perf_counter()
            written = self._model_generate(
                context=tokens.to(self.device),
                attention_mask=mask.to(self.device),
                stop=stop,
                max_length=tokens.shape[1] + limit,
                **kwargs,
            ).tolist()
        seconds = (time.perf_counter() - started) / len(batch)
        width = tokens.shape[1]
        return [
            self._output(prompt, ids[width:], until, stop, limit, seconds)
            for prompt, ids in zip(prompts, written, strict=True)
        ]

    def _output(
        self, prompt: str, ids: list[int], until: Sequence[str], stop: Sequence[str], limit: int, seconds: float
    ) -> Output:
        end = next((at for at, token in enumerate(ids) if token in self._ends), None)
        kept = ids if end is None else ids[:end]
        raw = self.tok_decode(kept, skip_special_tokens=False)
        finish, count = "stop", len(kept) + (end is not None)
        if stop and (stopped := trim_at(raw, stop)) != raw:
            # The batch goes on until its last row stops, so what follows a stop string was never asked for.
            raw, count = stopped, self._tokens_until(kept, stop)
        elif end is None and len(ids) >= limit:
            finish = "length"
        spec = self.spec
        opened = prompt.rstrip().endswith(spec.think_start) and spec.thinking
        split = split_answer(raw, start=spec.think_start, end=spec.think_end, opened=opened)
        answer = trim_at(without(split.text, self.tokenizer.all_special_tokens), until)
        return Output(raw, answer, split.thinking, count, finish, seconds)

    def _tokens_until(self, ids: list[int], stop: Sequence[str]) -> int:
        """How many tokens it took until a stop string was complete, by bisection over the prefix."""
        low, high = 1, len(ids)
        while low < high:
            middle = (low + high) // 2
            text = self.tok_decode(ids[:middle], skip_special_tokens=False)
            low, high = (low, middle) if trim_at(text, stop) != text else (middle + 1, high)
        return low


class _Whole:
    """Loads weights only if none is missing: transformers would fill a gap with random numbers and a warning."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def from_pretrained(self, weights: str, **named: Any) -> Any:
        model, report = self._kind.from_pretrained(weights, **named, output_loading_info=True)
        if missing := sorted(report["missing_keys"]):
            raise HarnessError(
                f"The weights {weights} lack {len(missing)} of the model's parameters ({missing[0]}…): fetch or copy"
                " them again; its answers would rest on random numbers."
            )
        return model


class ServerModel(LM):
    """A model behind an OpenAI-compatible server. It generates; it gives no log-likelihoods."""

    def __init__(self, spec: ModelSpec, server: ChatServer) -> None:
        super().__init__()
        self.spec = spec
        self.server = server
        self.answers: TaskAnswers
        self.prompts_cut = 0

    @property
    def tokenizer_name(self) -> str:
        return self.spec.id

    def chat_template(self, chat_template: bool | str = False) -> str:
        return ""

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        return json.dumps(chat_history, ensure_ascii=False)

    def generate_until(self, requests: list[Instance]) -> list[str]:
        def answer(request: Request, seed: int) -> Output:
            kwargs = dict(normalize_gen_kwargs(request.arguments, 256))
            until = handle_stop_sequences(kwargs.pop("until", None), eos=None)
            return self.server.answer(json.loads(request.prompt), kwargs, until, seed)

        outputs = self.answers.generate_each(_requests(requests), answer, at_once=self.spec.concurrency)
        return [output.answer for output in outputs]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise HarnessError(f"“{self.spec.id}” is reached over chat completions, which give no log-likelihoods.")

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        raise HarnessError(f"“{self.spec.id}” is reached over chat completions, which give no log-likelihoods.")


def load_model(spec: ModelSpec) -> "LocalModel | ServerModel":
    """The model, on the device that was asked for; anything else is an error, never a silent fallback."""
    if spec.backend == "server":
        client = httpx.Client(
            base_url=_address(spec),
            headers=_authorization(spec.api_key_env),
            timeout=httpx.Timeout(spec.timeout_seconds, connect=10.0),
            limits=httpx.Limits(max_connections=spec.concurrency),
        )
        server = ChatServer(
            client,
            spec.server_model or spec.weights,
            spec.settings["chat_template_args"],
            spec.think_start,
            spec.think_end,
            spec.thinking,
            patience=spec.patience_seconds,
            first_wait=spec.retry_seconds,
        )
        return ServerModel(spec, server)
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise HarnessError(
            f"“{spec.id}” asks for {spec.gpus} GPU and torch {torch.__version__} sees none: install a CUDA build of"
            " torch and a driver, or set gpus = 0 to run it on the processor."
        )
    if spec.local and not Path(spec.weights).is_dir():
        raise HarnessError(f"There is no folder {spec.weights}: correct `weights` of “{spec.id}” in models.toml.")
    model = LocalModel(
        spec,
        pretrained=spec.weights,
        revision=spec.revision if not spec.local else "main",
        device=spec.device if spec.gpus < 2 else "cuda",
        parallelize=spec.gpus > 1,
        dtype=spec.settings["dtype"],
        max_length=spec.settings["max_length"],
        batch_size=spec.batch_size,
        chat_template_args=dict(spec.settings["chat_template_args"]),
    )
    if not model.tok_encode("The answer is 7."):
        raise HarnessError(
            f"The weights {spec.weights} come without a tokenizer: put its files beside them, or correct `weights` of"
            f" “{spec.id}” in models.toml."
        )
    stray = {one.device.type for one in model.model.parameters()} - {spec.device}
    if stray:
        raise HarnessError(
            f"“{spec.id}” was asked to run on {spec.device} and part of it lies on {', '.join(sorted(stray))}:"
            " give it more GPUs in models.toml; its numbers would not be those of the device on record."
        )
    return model


def device_used(spec: ModelSpec) -> str:
    """What the model really runs on, in words."""
    if spec.backend == "server":
        return f"server {spec.base_url}"
    if spec.device == "cpu":
        return "cpu"
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return f"{len(names)} × {names[0]}" if len(set(names)) == 1 else ", ".join(names)


def _address(spec: ModelSpec) -> httpx.URL:
    try:
        url = httpx.URL((spec.base_url or "").rstrip("/") + "/")
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise HarnessError(
            f"“{spec.base_url}” is no http:// or https:// address: correct base_url of “{spec.id}” in models.toml."
        )
    return url


def _authorization(api_key_env: str | None) -> dict[str, str]:
    """The header with the key. One that no header can hold is refused here: httpx would quote it in its error."""
    key = os.environ.get(api_key_env, "").strip() if api_key_env else ""
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()):
        raise HarnessError(
            f"The key in the environment variable {api_key_env} holds a line break or a character outside ASCII, which"
            " no key has: copy it again."
        )
    return {"Authorization": f"Bearer {key}"}


def _requests(instances: Sequence[Instance]) -> list[Request]:
    return [Request((str(one.task_name), int(one.doc_id or 0)), one.args[0], one.args[1]) for one in instances]


@contextlib.contextmanager
def _memory() -> Iterator[None]:
    """Turn every way of running out of memory into OutOfMemory, with what was held given back."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        named = isinstance(error, torch.OutOfMemoryError | MemoryError)
        if not named and "out of memory" not in str(error) and "can't allocate memory" not in str(error):
            raise
        text = str(error)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise OutOfMemory(text) from None
