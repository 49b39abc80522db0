"""What this machine can run models on: GPUs as NVML sees them, the processor, and servers elsewhere."""

from collections.abc import Sequence
from typing import NamedTuple

import pynvml


class Gpu(NamedTuple):
    """One device: its number as CUDA counts them and its name."""

    number: int
    name: str


class Slots:
    """The places units can run in, handed out and given back: each GPU, one processor slot, one for each server."""

    def __init__(self, gpus: Sequence[Gpu]) -> None:
        self.gpus = tuple(gpus)
        self._free = {str(gpu.number) for gpu in gpus}
        self._taken: set[str] = set()

    def take(self, *, gpus: int, server: str | None) -> tuple[str, ...] | None:
        """Names of the slots for a unit: ("cpu",), ("0", "1") or a server's address; None when they are not free now."""
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


def find_gpus() -> list[Gpu]:
    """The GPUs NVML reports; none where there is no driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))
            found.append(Gpu(index, name if isinstance(name, str) else name.decode()))
        return found
    finally:
        pynvml.nvmlShutdown()
