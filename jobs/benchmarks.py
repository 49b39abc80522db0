"""Runs what is due: a child process for each model, its tasks one by one, each saved as it finishes."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Engine

from jobs.executors.local import Child, Event, end
from jobs.progress import Watch
from jobs.report import Clock, attempt, report
from jobs.saving import JOB, save_folder
from jobs.slots import Slots
from jobs.units import Due, Unit, task_names
from jobs.work import Work, child_environment
from tracker.evals.units import headlines, task_spec
from tracker.settings import EMBEDDED_TASKS, Settings
from tracker.stats.nights import duration

Tally = dict[str, int]


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
        self._embedded = task_names(EMBEDDED_TASKS)

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
            self._end(unit.tasks, "interrupted", "Stopped before it was started.")
        return self.tally

    # -- starting ---------------------------------------------------------------------------------------------------

    def _possible(self, unit: Unit) -> bool:
        have = len(self.slots.gpus)
        if unit.gpus <= have:
            return True
        needs = f"{unit.gpus} GPU{'s' if unit.gpus > 1 else ''}"
        self._end(unit.tasks, "skipped", f"It needs {needs}, and this machine has {have or 'none'}.", of=unit)
        return False

    def _refusal(self, due: Due) -> str | None:
        """Why a task is not begun now; None when it is."""
        if due.pair.benchmarks[0].unsafe_code and not self.run_code:
            return "It runs code that the model writes: give --run-code to allow that."
        if self.deadline is None:
            return None
        left = max(0.0, self.deadline - time.monotonic())
        if due.expected is None:
            return f"How long it takes is not known, and {duration(left)} of the budget are left."
        if due.expected > left:
            return f"It is expected to take {duration(due.expected)}, and {duration(left)} of the budget are left."
        return None

    def _start(self, pending: list[Unit]) -> list[Unit]:
        """Start every unit that has its slots free; the ones left over."""
        left = []
        for unit in pending:
            # A model is not loaded for nothing.
            refusals = [self._refusal(due) for due in unit.tasks]
            if all(refusals):
                for due, refusal in zip(unit.tasks, refusals, strict=True):
                    self._end([due], "skipped", str(refusal))
                continue
            slots = self.slots.take(gpus=unit.gpus, server=unit.server)
            if slots is None:
                left.append(unit)
                continue
            log = self.settings.data_dir / "logs" / f"{unit.model_id}.log"
            child = self._waiting_child(unit) or self._child(unit, slots)
            self._working.append(Work(unit, slots, child, list(unit.tasks), log))
            self._load(self._working[-1])
        self._prepare(left)
        return left

    def _prepare(self, left: Sequence[Unit]) -> None:
        """While the processor slot is busy, let the next unit's child import its libraries on another core."""
        if self._standby is not None and self._standby[0] not in left:
            end([self._standby[1]])
            self._standby = None
        if self._standby is not None or not self._working or (os.cpu_count() or 1) < 2:
            return
        unit = next((unit for unit in left if not unit.gpus and unit.server is None), None)
        if unit is not None:
            self._standby = (unit, self._child(unit, ("cpu",)))

    def _waiting_child(self, unit: Unit) -> Child | None:
        if self._standby is None or self._standby[0] is not unit:
            return None
        child, self._standby = self._standby[1], None
        return child

    def _child(self, unit: Unit, slots: Sequence[str]) -> Child:
        log = self.settings.data_dir / "logs" / f"{unit.model_id}.log"
        environment = child_environment(unit, slots, self.environment, embedded=self._embedded)
        return Child(environment, log, self.events)

    def _load(self, work: Work) -> None:
        work.child.send("load", model=work.model, log=str(work.log))

    def _next(self, work: Work) -> None:
        """Give the child its next task that fits into the budget, or let it go."""
        while work.waiting:
            due = work.waiting[0]
            refusal = self._refusal(due)
            if refusal is None:
                work.begin(due, self.now())
                assert work.started_at is not None
                report(self.engine, JOB, due.name, started_at=work.started_at, outcome="running")
                self._send(work, due)
                return
            work.waiting.pop(0)
            self._end([due], "skipped", refusal)
        self._release(work)

    def _send(self, work: Work, due: Due) -> None:
        spec = task_spec(due.pair, run_id=work.run_id, data_dir=self.settings.data_dir, include_paths=self._folders)
        work.child.send("task", model=work.model, task=spec, log=str(work.log))

    # -- following --------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        work = next((work for work in self._working if work.child is event.child), None)
        kind = event.message["kind"]
        if work is None:
            if kind == "exit" and self._standby is not None and self._standby[1] is event.child:
                self._standby = None  # it will be started afresh, and say then what is wrong
        elif kind == "loaded":
            seconds = duration(event.message["seconds"])
            self.watch.line(f"{work.unit.model_id}: loaded on {event.message['device']} in {seconds}.")
            if work.current is None:
                self._next(work)
            else:
                self._send(work, work.current)
        elif kind == "progress" and work.current is not None:
            work.done = event.message["done"]
            self.watch.update(work.current.name, work.done, event.message["total"], event.message["tokens"])
        elif kind == "finished" and work.current is not None:
            self._save(work, work.leave())
            self._next(work)
        elif kind == "failed" and work.current is not None:
            self._end([work.leave()], "failed", event.message["error"], started_at=work.started_at)
            self._next(work)
        elif kind == "failed":
            self._give_up(work, event.message["error"])
        elif kind == "exit" and not work.child.stopped:
            self._died(work, event.message["code"])

    def _save(self, work: Work, due: Due) -> None:
        """Save the run, in one transaction; what waited for it is then no longer needed."""
        folder = self.settings.data_dir / "runs" / work.run_id
        assert work.started_at is not None

        def save() -> dict[str, Any]:
            counts = save_folder(self.engine, self.settings, folder, headlines(due.pair))
            spec = task_spec(due.pair, run_id="", data_dir=self.settings.data_dir, include_paths=())
            shutil.rmtree(spec.partial, ignore_errors=True)
            return counts

        result = attempt(self.engine, JOB, due.name, save, now=_from(work.started_at, self.now))
        self.tally[result.outcome] += 1
        if result.error:
            self.watch.finish(due.name, f"{due.name}: FAILED: {result.error}")
            return
        counts = result.counts
        said = [f"{counts['documents']:,} documents"] if counts["documents"] else []
        said += [duration(counts["seconds"])] if counts["seconds"] is not None else []
        said += [f"{counts['resumed']:,} answers were there from before"] if counts["resumed"] else []
        said += [f"{counts['truncated']:,} cut off by the output limit"] if counts["truncated"] else []
        self.watch.finish(due.name, f"{due.name}: {', '.join(said)}")

    def _died(self, work: Work, code: int) -> None:
        """Start the child again where it was; a task at which it dies without getting on is given up."""
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        if work.died():
            self.watch.line(f"{work.unit.model_id}: its process {ended}; starting it again where it was.")
        else:
            hint = " (the system may have run out of memory)" if code == -9 else ""
            text = (
                f"The process of {work.unit.model_id} {ended}{hint}, {work.deaths} times; its output is in {work.log}."
            )
            if work.current is None:
                self._give_up(work, text)
            else:
                self._end([work.leave()], "failed", text, started_at=work.started_at)
            if not work.waiting:
                self._release(work)
                return
        work.child = self._child(work.unit, work.slots)
        self._load(work)

    def _give_up(self, work: Work, error: str) -> None:
        """The model cannot be loaded: none of its tasks can run."""
        self._end(work.waiting, "failed", error, of=work.unit)
        work.waiting = []
        self._release(work)

    def _release(self, work: Work) -> None:
        """All its tasks have ended. The child is ended first: a GPU that it still holds is not free."""
        if work in self._working:
            end([work.child])
            self._working.remove(work)
            self.slots.give_back(work.slots)

    def _stop_all(self) -> None:
        children = [work.child for work in self._working]
        if self._standby is not None:
            children.append(self._standby[1])
        end(children)
        for work in self._working:
            for due in work.waiting:
                if due is work.current:
                    text = "Stopped; what was answered is kept, and the next night goes on from there."
                    self._end([due], "interrupted", text, started_at=work.started_at)
                else:
                    self._end([due], "interrupted", "Stopped before it was started.")
        self._working.clear()

    def _end(
        self,
        tasks: Sequence[Due],
        outcome: str,
        text: str,
        *,
        started_at: datetime | None = None,
        of: Unit | None = None,
    ) -> None:
        """Report tasks that ended without a run, for one reason; `of`: say it once, for the whole unit."""
        now = self.now()
        for due in tasks:
            report(
                self.engine,
                JOB,
                due.name,
                started_at=started_at or now,
                finished_at=now,
                outcome=outcome,
                error=text,
            )
            self.tally[outcome] += 1
        if outcome == "interrupted":
            return
        who = tasks[0].name
        if of is not None and len(tasks) > 1:
            who = f"{of.model_id}, {len(tasks)} tasks"
        shown = outcome.upper() if outcome == "failed" else outcome
        self.watch.finish([due.name for due in tasks], f"{who}: {shown}: {text}")


def _from(started: datetime, now: Clock) -> Clock:
    """A clock whose first reading is when the task started, so that its report is the one already there."""
    first = [started]
    return lambda: first.pop() if first else now()
