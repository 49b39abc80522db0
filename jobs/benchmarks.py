"""Runs what is due: a child process for each model, its tasks one by one, each saved as it finishes."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Engine

from jobs.executors.local import Child, Event
from jobs.progress import Watch, duration
from jobs.report import Clock, attempt, report
from jobs.saving import JOB, save_folder
from jobs.slots import Slots
from jobs.units import Due, Unit, own_tasks
from tracker.evals.units import headlines, model_spec, task_spec
from tracker.settings import EMBEDDED_TASKS, Settings

RESTARTS = 2
"""How often a child that died is started again for the same task without having got any further."""

FEW_PARAMETERS = 50_000_000
"""Below this a second thread on a busy core costs more than it brings (8 to 15 times, measured)."""

Tally = dict[str, int]


@dataclass
class Work:
    """A unit under way: its child, the task it is at, and what is left."""

    unit: Unit
    slots: tuple[str, ...]
    child: Child
    waiting: list[Due]
    log: Path
    loaded: bool = False
    current: Due | None = None
    started_at: datetime | None = None
    run_id: str = ""
    deaths: int = 0
    progress: tuple[int, int] = (0, 0)
    failed_to_load: bool = field(default=False)


class Night:
    """Hands units to free slots, follows their children, and saves each task's run in one transaction."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        slots: Slots,
        watch: Watch,
        *,
        environment: Mapping[str, str],
        now: Clock,
        budget: float | None = None,
        run_code: bool = False,
    ) -> None:
        self.engine, self.settings, self.slots, self.watch = engine, settings, slots, watch
        self.environment, self.now, self.run_code = environment, now, run_code
        self.deadline = None if budget is None else time.monotonic() + budget
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.tally: Tally = {"done": 0, "failed": 0, "skipped": 0, "interrupted": 0}
        self.stopping = False
        self._working: list[Work] = []
        self._standby: tuple[Unit, Child] | None = None
        self._folders = [EMBEDDED_TASKS, *([settings.tasks_dir] if settings.tasks_dir else [])]
        self._own = own_tasks(self._folders)

    def stop(self) -> None:
        """Ask the night to stop; safe to call from a signal handler."""
        self.stopping = True

    def run(self, units: Sequence[Unit]) -> Tally:
        """Run the units; what needs more than the machine has is reported, not attempted."""
        pending = [unit for unit in units if self._possible(unit)]
        try:
            while (pending or self._working) and not self.stopping:
                pending = self._start(pending)
                try:
                    event = self.events.get(timeout=0.2)
                except Empty:
                    continue
                self._handle(event)
        finally:
            self._stop_all()
        for unit in pending:
            for due in unit.tasks:
                self._end(due, "interrupted", "Stopped before it was started.", quiet=True)
        return self.tally

    # -- starting ---------------------------------------------------------------------------------------------------

    def _possible(self, unit: Unit) -> bool:
        have = len(self.slots.gpus)
        if unit.gpus <= have:
            return True
        machine = "this machine has none" if not have else f"this machine has {have}"
        for due in unit.tasks:
            self._end(
                due, "skipped", f"It needs {unit.gpus} GPU{'s' if unit.gpus > 1 else ''} and {machine}.", quiet=True
            )
        self.watch.line(f"{unit.model_id}: needs {unit.gpus} GPUs, {machine}; {len(unit.tasks)} tasks not attempted.")
        return False

    def _start(self, pending: list[Unit]) -> list[Unit]:
        """Start every unit that has its slots free; the ones left over."""
        left = []
        for unit in pending:
            slots = self.slots.take(gpus=unit.gpus, server=unit.server)
            if slots is None:
                left.append(unit)
                continue
            log = self.settings.data_dir / "logs" / f"{unit.model_id}.log"
            child = self._child(unit, slots, log)
            self._working.append(Work(unit, slots, child, list(unit.tasks), log))
            self._load(self._working[-1])
        self._prepare(left)
        return left

    def _prepare(self, left: Sequence[Unit]) -> None:
        """While the processor slot is busy, let the next unit's child import its libraries on another core."""
        if self._standby is not None or not self._working or (os.cpu_count() or 1) < 2:
            return
        unit = next((unit for unit in left if not unit.gpus and unit.server is None), None)
        if unit is not None:
            log = self.settings.data_dir / "logs" / f"{unit.model_id}.log"
            self._standby = (unit, Child(self._environment(unit, ("cpu",)), log, self.events))

    def _child(self, unit: Unit, slots: Sequence[str], log: Path) -> Child:
        if self._standby is not None and self._standby[0] is unit:
            child = self._standby[1]
            self._standby = None
            return child
        return Child(self._environment(unit, slots), log, self.events)

    def _environment(self, unit: Unit, slots: Sequence[str]) -> dict[str, str]:
        entry = unit.tasks[0].pair.model
        environment = {
            **self.environment,
            "CUDA_VISIBLE_DEVICES": ",".join(slots) if unit.gpus else "",
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONUNBUFFERED": "1",
        }
        if entry.local and all(due.pair.task in self._own for due in unit.tasks):
            environment |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
        if not unit.gpus and (entry.parameters or FEW_PARAMETERS) < FEW_PARAMETERS:
            environment.setdefault("OMP_NUM_THREADS", "1")
        return environment

    def _load(self, work: Work) -> None:
        pair = work.unit.tasks[0].pair
        work.loaded = False
        work.child.send("load", model=model_spec(pair.model, pair.settings), log=str(work.log))

    def _next(self, work: Work) -> None:
        """Give the child its next task that fits into the budget, or let it go."""
        while work.waiting:
            due = work.waiting[0]
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if left is not None and (due.expected is None or due.expected > left):
                work.waiting.pop(0)
                expected = duration(due.expected)
                self._end(
                    due,
                    "skipped",
                    f"Expected to take {expected}, and {duration(max(0.0, left))} of the budget are left.",
                )
                continue
            if due.pair.benchmarks[0].unsafe_code and not self.run_code:
                work.waiting.pop(0)
                self._end(due, "skipped", "It runs code that the model writes: give --run-code to allow that.")
                continue
            self._send(work, due)
            return
        self._release(work)

    def _send(self, work: Work, due: Due) -> None:
        work.current, work.started_at, work.progress = due, self.now(), (0, 0)
        stamp = work.started_at.strftime("%Y%m%dT%H%M%S.%fZ")
        work.run_id = f"{due.pair.model.id}/{due.pair.task.replace('/', '_')}/{stamp}"
        report(self.engine, JOB, due.name, started_at=work.started_at, outcome="running")
        spec = task_spec(due.pair, run_id=work.run_id, data_dir=self.settings.data_dir, include_paths=self._folders)
        pair = work.unit.tasks[0].pair
        work.child.send("task", model=model_spec(pair.model, pair.settings), task=spec, log=str(work.log))

    # -- following --------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        work = next((work for work in self._working if work.child is event.child), None)
        if work is None:
            if event.message["kind"] == "exit" and self._standby is not None and self._standby[1] is event.child:
                self._standby = None  # it will be started afresh, and say then what is wrong
            return
        kind = event.message["kind"]
        if kind == "loaded":
            work.loaded = True
            seconds = event.message["seconds"]
            self.watch.line(f"{work.unit.model_id}: loaded on {event.message['device']} in {duration(seconds)}.")
            self._next(work) if work.current is None else self._send(work, work.current)
        elif kind == "progress" and work.current is not None:
            work.progress = (work.progress[0], event.message["done"])
            self.watch.update(work.current.name, event.message["done"], event.message["total"], event.message["tokens"])
        elif kind == "finished" and work.current is not None:
            due = self._leave(work)
            self._save(work, due)
            self._next(work)
        elif kind == "failed" and work.current is not None:
            due = self._leave(work)
            self._end(due, "failed", event.message["error"], started_at=work.started_at)
            self._next(work)
        elif kind == "failed":
            self._give_up(work, event.message["error"])
        elif kind == "exit" and not work.child.stopped:
            self._died(work, event.message["code"])

    def _leave(self, work: Work) -> Due:
        due = work.current
        assert due is not None
        work.waiting.remove(due)
        work.current, work.deaths = None, 0
        return due

    def _save(self, work: Work, due: Due) -> None:
        """Save the run, in one transaction; what waited for it is then no longer needed."""
        folder = self.settings.data_dir / "runs" / work.run_id
        assert work.started_at is not None

        def save() -> dict[str, Any]:
            counts = save_folder(self.engine, self.settings, folder, headlines(due.pair))
            spec = task_spec(due.pair, run_id="", data_dir=self.settings.data_dir, include_paths=())
            shutil.rmtree(spec.partial, ignore_errors=True)
            return counts

        started = work.started_at
        result = attempt(self.engine, JOB, due.name, save, now=_from(started, self.now))
        self.tally[result.outcome] += 1
        if result.error:
            self.watch.finish(due.name, f"{due.name}: FAILED: {result.error}")
            return
        counts = result.counts
        said = f"{counts['documents']} documents, " if counts["documents"] else ""
        cut = f", {counts['truncated']} cut off by the limit" if counts["truncated"] else ""
        self.watch.finish(due.name, f"{due.name}: {said}{duration(counts['seconds'])}{cut}")

    def _died(self, work: Work, code: int) -> None:
        """Start the child again where it was; a task at which it dies without getting on is given up."""
        if work.current is not None and work.progress[1] > work.progress[0]:
            work.deaths = 0
        work.deaths += 1
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        if work.deaths > RESTARTS:
            hint = " (the system may have run out of memory)" if code == -9 else ""
            text = (
                f"The process of {work.unit.model_id} {ended}{hint}, {work.deaths} times; its output is in {work.log}."
            )
            if work.current is None:
                self._give_up(work, text)
                return
            due = self._leave(work)
            self._end(due, "failed", text, started_at=work.started_at)
        else:
            self.watch.line(f"{work.unit.model_id}: its process {ended}; starting it again where it was.")
        work.progress = (work.progress[1], work.progress[1])
        work.child = Child(self._environment(work.unit, work.slots), work.log, self.events)
        self._load(work)

    def _give_up(self, work: Work, error: str) -> None:
        """The model cannot be loaded: none of its tasks can run."""
        for due in work.waiting:
            self._end(due, "failed", error)
        work.waiting.clear()
        self._release(work)

    def _release(self, work: Work) -> None:
        work.child.quit()
        self._working.remove(work)
        self.slots.give_back(work.slots)

    def _stop_all(self) -> None:
        children = [work.child for work in self._working]
        if self._standby is not None:
            children.append(self._standby[1])
        for work in self._working:
            for due in work.waiting:
                started = work.started_at if due is work.current else None
                text = "Stopped; what was answered is kept, and the next night goes on from there."
                self._end(due, "interrupted", text, started_at=started, quiet=True)
        for child in children:
            child.kill()
        self._working.clear()

    def _end(
        self, due: Due, outcome: str, text: str, *, started_at: datetime | None = None, quiet: bool = False
    ) -> None:
        now = self.now()
        report(self.engine, JOB, due.name, started_at=started_at or now, finished_at=now, outcome=outcome, error=text)
        self.tally[outcome] += 1
        if not quiet:
            self.watch.finish(due.name, f"{due.name}: {outcome.upper() if outcome == 'failed' else outcome}: {text}")


def _from(started: datetime, now: Clock) -> Clock:
    """A clock whose first reading is when the task started, so that its report is the one already there."""
    first = [started]
    return lambda: first.pop() if first else now()
