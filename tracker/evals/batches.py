"""Answers one task's requests in fixed batches, from the cache where a killed evaluation left them."""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracker.evals.cache import Output, RequestCache, request_key

log = logging.getLogger(__name__)


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


class Request(NamedTuple):
    """One prompt with its arguments; `owner` names the document it belongs to."""

    owner: tuple[str, int]
    prompt: str
    arguments: Any


Compute = Callable[[Sequence[Request], int], Sequence[Any]]
"""(requests, seed) → one value for each request."""

Progress = Callable[[int, int, int | None], None]
"""(requests done, requests in all, output tokens so far or None)"""


@dataclass
class TaskAnswers:
    """All answers to one task, batch by batch.

    The batches are cut from the whole list of requests before the cache is asked, so that they are the same after a
    kill as before it: padding and sampling depend on the batch, and an evaluation that was killed must end equal to
    one that was not. Sampling is seeded by the batch's content for the same reason.
    """

    cache: RequestCache
    batch_size: int
    progress: Progress
    outputs: dict[tuple[str, int], list[Output]] = field(default_factory=lambda: defaultdict(list))
    resumed: int = 0
    smallest_batch: int | None = None

    def generate(self, requests: Sequence[Request], length: Callable[[str], int], compute: Compute) -> list[Output]:
        """An Output for each request, in order. `length` sorts: longest first, so a batch too large shows at once."""
        return self._collect(requests, self._all("generate", requests, self.batch_size, length, compute))

    def generate_each(
        self, requests: Sequence[Request], answer: Callable[[Request, int], Output], *, at_once: int
    ) -> list[Output]:
        """An Output for each request, in order, asked for one by one, `at_once` at a time, saved as they come.

        When one fails for good those under way are still finished and kept, then its error rises.
        """
        keys = _keys("generate", requests)
        known = self._known(keys)
        tokens = sum(value[3] or 0 for value in known.values())
        failure: BaseException | None = None
        with ThreadPoolExecutor(at_once) as pool:
            asked = {
                pool.submit(answer, request, _seed([key])): key
                for key, request in zip(keys, requests, strict=True)
                if key not in known
            }
            try:
                for future in as_completed(asked):
                    if future.cancelled():
                        continue
                    if (error := future.exception()) is not None:
                        failure = failure or error
                        _cancel(asked)
                        continue
                    value = future.result()
                    self.cache.save([(asked[future], value)])
                    known[asked[future]] = list(value)
                    tokens += value.output_tokens or 0
                    self.progress(len(known), len(keys), tokens)
            finally:
                _cancel(asked)
        if failure is not None:
            raise failure
        return self._collect(requests, [known[key] for key in keys])

    def score(self, kind: str, requests: Sequence[Request], compute: Compute, *, at_once: int = 512) -> list[Any]:
        """A JSON value for each request that generates nothing (log-likelihoods), `at_once` of them to a batch."""
        return self._all(kind, requests, at_once, None, compute)

    def _all(
        self,
        kind: str,
        requests: Sequence[Request],
        size: int,
        length: Callable[[str], int] | None,
        compute: Compute,
    ) -> list[Any]:
        keys = _keys(kind, requests)
        known = self._known(keys)
        tokens = sum(value[3] or 0 for value in known.values()) if kind == "generate" else None
        for batch in _batches(requests, keys, size, length):
            missing = [index for index in batch if keys[index] not in known]
            asked = [requests[index] for index in missing], [keys[index] for index in missing]
            for part, values in self._compute(*asked, compute):
                fresh = list(zip(part, values, strict=True))
                self.cache.save(fresh)
                known.update(fresh)
                if tokens is not None:
                    tokens += sum(value[3] or 0 for value in values)
                self.progress(len(known), len(keys), tokens)
        return [known[key] for key in keys]

    def _known(self, keys: Sequence[str]) -> dict[str, Any]:
        known = self.cache.find(keys)
        self.resumed += len(known)
        self.progress(len(known), len(keys), None)
        return known

    def _collect(self, requests: Sequence[Request], values: Sequence[Any]) -> list[Output]:
        outputs = [Output(*value) for value in values]
        for request, output in zip(requests, outputs, strict=True):
            self.outputs[request.owner].append(output)
        return outputs

    def _compute(
        self, requests: Sequence[Request], keys: Sequence[str], compute: Compute
    ) -> Iterator[tuple[Sequence[str], Sequence[Any]]]:
        """(keys, values), in one piece if it fits, else in halves; halved once, it stays so for the whole task."""
        at = 0
        while at < len(requests):
            size = min(self.smallest_batch or len(requests), len(requests) - at)
            part = keys[at : at + size]
            log.info("tracker asks the model for a batch of %d", size)
            try:
                values = compute(requests[at : at + size], _seed(part))
            except OutOfMemory:
                if size == 1:
                    raise
                self.smallest_batch = size // 2
                continue
            yield part, values
            at += size


def _cancel(asked: Iterable[Future[Output]]) -> None:
    """Drop what nobody has begun, one by one: `shutdown(cancel_futures=True)` would leave `as_completed` waiting."""
    for future in asked:
        future.cancel()


def _keys(kind: str, requests: Sequence[Request]) -> list[str]:
    """A key for each request; the same request asked again (repeats) has another key each time."""
    seen: Counter[str] = Counter()
    keys = []
    for request in requests:
        first = request_key(kind, request.prompt, request.arguments)
        keys.append(request_key(kind, request.prompt, request.arguments, seen[first]))
        seen[first] += 1
    return keys


def _seed(keys: Sequence[str]) -> int:
    return int(hashlib.sha256("".join(keys).encode()).hexdigest()[:8], 16)


def _batches(
    requests: Sequence[Request], keys: Sequence[str], size: int, length: Callable[[str], int] | None
) -> list[list[int]]:
    """Indices cut into batches of equal arguments, longest prompt first; the order of ties is fixed by the key."""
    groups: dict[str, list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(request_key("arguments", "", request.arguments if length else None), []).append(index)
    cut = []
    for group in groups.values():
        if length is not None:
            lengths = {index: length(requests[index].prompt) for index in group}
            group = sorted(group, key=lambda index: (-lengths[index], keys[index]))
        cut += [group[at : at + size] for at in range(0, len(group), size)]
    return cut
