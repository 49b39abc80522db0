"""What a person watches while the night works: bars on a terminal, plain lines elsewhere."""

import time
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_SECONDS = 30.0


def duration(seconds: float | None) -> str:
    """Seconds in words a person reads at a glance; "not known" for null."""
    if seconds is None:
        return "not known"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 5970:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class Watch(AbstractContextManager["Watch"]):
    """One bar for the whole night and one for each task at work; every finished or failed task leaves a line."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0
        self._started: dict[str, tuple[float, float]] = {}
        self._bars: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        if console.is_terminal:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._all = self._progress.add_task("the night", total=total, rate="")

    def __enter__(self) -> "Watch":
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def line(self, text: str) -> None:
        """Say one thing. Names and error texts are foreign: they are shown as text, never as markup."""
        if self._progress:
            self._progress.console.print(escape(text), highlight=False, soft_wrap=True)
        else:
            self.console.print(escape(text), highlight=False, soft_wrap=True)

    def update(self, unit: str, done: int, total: int, tokens: int | None) -> None:
        """Documents done of a task, and tokens written so far (null where they are not counted)."""
        now = time.monotonic()
        first, last = self._started.setdefault(unit, (now, now))
        spent = now - first
        rate = f"{tokens / spent:,.0f} tokens/s" if tokens and spent > 0.5 else ""
        if self._progress:
            if unit not in self._bars:
                self._bars[unit] = self._progress.add_task(escape(unit), total=total, rate=rate)
            self._progress.update(self._bars[unit], completed=done, total=total, rate=rate)
        elif now - last >= LINE_SECONDS:
            self._started[unit] = (first, now)
            left = duration(spent / done * (total - done)) if done else "not known"
            self.line(f"  {unit}: {done} of {total} requests, {rate or 'no rate yet'}, time left {left}")

    def finish(self, unit: str, text: str) -> None:
        """A task has ended, well or not."""
        self.done += 1
        self._started.pop(unit, None)
        if self._progress:
            if unit in self._bars:
                self._progress.remove_task(self._bars.pop(unit))
            self._progress.update(self._all, completed=self.done)
        self.line(f"[{self.done}/{self.total}] {text}")
