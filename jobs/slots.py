"""What this machine can run models on: GPUs as NVML sees them, the processor, and servers elsewhere."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pynvml


class Gpu(NamedTuple):
    """One device: its number in the order of the bus, its name, and NVML's identifier ("GPU-…"; empty: not known)."""

    number: int
    name: str
    uuid: str = ""


class Slots:
    """The places units can run in, handed out and given back: each GPU, one processor slot, one for each server."""

    def __init__(self, gpus: Sequence[Gpu]) -> None:
        self.gpus = tuple(gpus)
        self._free = {str(gpu.number) for gpu in gpus}
        self._taken: set[str] = set()

    def take(self, *, gpus: int, server: str | None) -> tuple[str, ...] | None:
        """Names of the slots for a unit: ("cpu",), ("0", "1") or a server's address; None while they are not free."""
        if gpus and server is None:
            if len(self._free) < gpus:
                return None
            chosen = tuple(sorted(self._free, key=int)[:gpus])
            self._free -= set(chosen)
            return chosen
        name = server or "cpu"
        if name in self._taken:
            return None
        self._taken.add(name)
        return (name,)

    def give_back(self, slots: Sequence[str]) -> None:
        for slot in slots:
            if slot in self._taken:
                self._taken.remove(slot)
            else:
                self._free.add(slot)


def find_gpus(visible: str | None) -> list[Gpu]:
    """The GPUs NVML reports, of those the night may use; none where there is no driver.

    `visible`: CUDA_VISIBLE_DEVICES as it was given to this process, null where it was not.
    """
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            found.append(Gpu(index, _text(pynvml.nvmlDeviceGetName(handle)), _text(pynvml.nvmlDeviceGetUUID(handle))))
    finally:
        pynvml.nvmlShutdown()
    return allowed(found, visible)


def allowed(gpus: Iterable[Gpu], visible: str | None) -> list[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES names, by number or the start of a UUID; as CUDA, up to the first it cannot."""
    every = list(gpus)
    if visible is None:
        return every
    chosen: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        named = [
            gpu for gpu in every if name == str(gpu.number) or (name.startswith("GPU-") and gpu.uuid.startswith(name))
        ]
        if len(named) != 1:
            break
        chosen += [gpu for gpu in named if gpu not in chosen]
    return chosen


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()
