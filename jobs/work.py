"""A unit under way: the child process it has, the task it is at, and how often that child has died."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.executors.local import Child
from jobs.units import Due, Unit
from tracker.evals.protocol import ModelSpec
from tracker.evals.units import model_spec

RESTARTS = 2
"""How often a child that died is started again for the same task without having got any further."""

FEW_PARAMETERS = 50_000_000
"""Below this a second thread on a busy core costs more than it brings (8 to 15 times, measured)."""


@dataclass(eq=False)
class Work:
    """`done`: requests of the current task answered so far; `reached`: how many there were when its child last died."""

    unit: Unit
    slots: tuple[str, ...]
    child: Child
    waiting: list[Due]
    log: Path
    current: Due | None = None
    started_at: datetime | None = None
    run_id: str = ""
    deaths: int = 0
    done: int = 0
    reached: int = 0

    @property
    def model(self) -> ModelSpec:
        pair = self.unit.tasks[0].pair
        return model_spec(pair.model, pair.settings)

    def begin(self, due: Due, started_at: datetime) -> None:
        """Turn to a task: its run is named for the moment it was begun, also when its child has to be started again."""
        self.current, self.started_at, self.deaths, self.done, self.reached = due, started_at, 0, 0, 0
        stamp = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
        self.run_id = f"{due.pair.model.id}/{due.pair.task.replace('/', '_')}/{stamp}"

    def leave(self) -> Due:
        """The current task has ended, well or not."""
        due = self.current
        assert due is not None
        self.waiting.remove(due)
        self.current, self.deaths = None, 0
        return due

    def died(self) -> bool:
        """Count a death of the child; True while it is worth starting again: it got on, or has not died often."""
        if self.done > self.reached:
            self.deaths = 0
        self.reached = self.done
        self.deaths += 1
        return self.deaths <= RESTARTS


def child_environment(
    unit: Unit, slots: Sequence[str], environment: Mapping[str, str], *, embedded: set[str]
) -> dict[str, str]:
    """What a unit's child is given: the devices of its slots and no others, and no network where none is needed.

    `embedded`: the tasks whose data come with the program.
    """
    entry = unit.tasks[0].pair.model
    given = {
        **environment,
        # NVML counts devices along the bus; CUDA's own order is by speed, and its number 0 may be another device.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(slots) if unit.gpus else "",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if entry.local and all(due.pair.task in embedded for due in unit.tasks):
        given |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    if not unit.gpus and entry.backend != "server" and (entry.parameters or FEW_PARAMETERS) < FEW_PARAMETERS:
        given.setdefault("OMP_NUM_THREADS", "1")
    return given
