"""Chat completions from any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama), with what lm-eval drops kept.

https://platform.openai.com/docs/api-reference/chat; reasoning text as vLLM (`reasoning_content`, later `reasoning`)
and Ollama (`reasoning`) send it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import stamina

from tracker.evals.cache import Output
from tracker.evals.failures import HarnessError
from tracker.evals.thinking import split_answer, trim_at

STOP_LIMIT = 4
"""The API takes no more stop strings than this; the others are applied to the answer afterwards."""


UNREACHED = (httpx.TransportError, httpx.DecodingError)
"""What httpx raises when a server cannot be reached, hangs, or breaks off in the middle of a reply."""


class Busy(Exception):
    """The server could not answer now: 408, 429, 5xx, cut-off or malformed replies. `wait` in seconds, if it said."""

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


@dataclass(frozen=True)
class ChatServer:
    """One model on one server. `attempts` and `patience` (seconds over all attempts) bound the retries."""

    client: httpx.Client
    model: str
    chat_template_args: Mapping[str, Any]
    think_start: str
    think_end: str
    thinking: bool
    attempts: int = 6
    patience: float = 300.0
    first_wait: float = 0.5

    def answer(
        self, messages: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any], stop: Sequence[str], seed: int
    ) -> Output:
        """One completion. `stop` cuts the answer; it is sent only when the model is not thinking (it would cut there).

        Raises HarnessError with a sentence when the server refuses the request or stays out of reach.
        """
        body = self._body(messages, arguments, stop, seed)
        tries = 0
        try:
            for attempt in self._retrying():
                with attempt:
                    tries += 1
                    started = time.perf_counter()
                    reply = self._post(body)
        except (Busy, *UNREACHED) as error:
            raise HarnessError(
                f"The server of “{self.model}” at {self.client.base_url} did not answer after"
                f" {tries} {'try' if tries == 1 else 'tries'} ({_plain(error)}): check that it runs, then start the"
                " night again; what was answered is kept."
            ) from error
        return self._output(reply, stop, time.perf_counter() - started)

    def _retrying(self) -> Iterator[Any]:
        def again(error: Exception) -> bool | float:
            if isinstance(error, Busy):
                return error.wait if error.wait is not None else True
            return isinstance(error, UNREACHED)

        return iter(
            stamina.retry_context(
                on=again,
                attempts=self.attempts,
                timeout=self.patience,
                wait_initial=self.first_wait,
                wait_max=30.0,
                wait_jitter=2 * self.first_wait,
            )
        )

    def _body(
        self, messages: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any], stop: Sequence[str], seed: int
    ) -> dict[str, Any]:
        known = dict(arguments)
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), "max_tokens": known["max_gen_toks"]}
        greedy = known.get("do_sample") is False or not known.get("temperature")
        body["temperature"] = 0.0 if greedy else known["temperature"]
        if not greedy:
            body["seed"] = seed
            body |= {key: known[key] for key in ("top_p", "top_k", "min_p", "presence_penalty") if key in known}
        extra = dict(self.chat_template_args)
        if "reasoning_effort" in extra:
            body["reasoning_effort"] = extra.pop("reasoning_effort")
        if extra:
            body["chat_template_kwargs"] = extra
        if stop and not self.thinking:
            body["stop"] = list(stop)[:STOP_LIMIT]
        return body

    def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        response = self.client.post("chat/completions", json=body)
        if response.status_code in (408, 425, 429) or response.status_code >= 500:
            raise Busy(f"HTTP {response.status_code}", _retry_after(response))
        if response.status_code in (401, 403):
            raise HarnessError(
                f"The server at {self.client.base_url} refuses the key (HTTP {response.status_code}): set the"
                " environment variable that api_key_env of the entry names."
            )
        if response.status_code >= 300:
            raise HarnessError(
                f"The server at {self.client.base_url} refuses the request (HTTP {response.status_code}:"
                f" {_short(self._without_key(response.text))}): correct base_url, server_model or the settings of the"
                " entry in models.toml."
            )
        try:
            reply = response.json()
        except ValueError as error:
            raise Busy("a reply that is not JSON") from error
        if not isinstance(reply, dict) or not isinstance(reply.get("choices"), list) or not reply["choices"]:
            raise Busy("a reply without choices")
        choice = reply["choices"][0]
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict) or not isinstance(message.get("content"), str | None):
            raise Busy("a reply without a message in plain text")
        if choice.get("finish_reason") == "error":
            raise Busy("an answer that ended in an error")
        return reply

    def _without_key(self, text: str) -> str:
        """Some servers quote the key that they refuse."""
        key = self.client.headers.get("Authorization", "").removeprefix("Bearer ")
        return text.replace(key, "…") if key else text

    def _output(self, reply: Mapping[str, Any], stop: Sequence[str], seconds: float) -> Output:
        choice = reply["choices"][0]
        message = choice["message"]
        content = message.get("content") or ""
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        finish = choice.get("finish_reason")
        tokens = (reply.get("usage") or {}).get("completion_tokens")
        if reasoning:
            raw = f"{self.think_start}{reasoning}{self.think_end if content or finish != 'length' else ''}{content}"
            # vLLM leaves the blank lines after the thinking, where a stop string "\n" would cut the whole answer.
            answer, thinking = content.lstrip(), reasoning
        else:
            raw = content
            # A prompt that opens the thinking itself (R1, QwQ) leaves no start marker in the text: cut off by the
            # limit, what a thinking model wrote may all be thinking, so it is taken for that.
            opened = self.thinking and finish == "length"
            split = split_answer(raw, start=self.think_start, end=self.think_end, opened=opened)
            answer, thinking = split.text, split.thinking
        return Output(raw, trim_at(answer, stop), thinking, tokens, finish, seconds)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds from Retry-After, at most two minutes; the date form is left to the ordinary backoff."""
    try:
        return min(120.0, max(0.0, float(response.headers.get("retry-after", ""))))
    except ValueError:
        return None


def _plain(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, Busy) else str(error)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
