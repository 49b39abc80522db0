"""What a person watches while the night works: bars on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tracker.stats.nights import duration

LINE_SECONDS = 30.0


@dataclass
class Pace:
    """How fast one task goes, counted from where this process began: answers kept from before cost no time now.

    `clock` readings in seconds. `tokens` null: not counted, or not yet.
    """

    started: float
    first_done: int
    said: float
    first_tokens: int | None = None
    counted: float = 0.0
    now: float = 0.0
    done: int = 0
    tokens: int | None = None

    def step(self, now: float, done: int, tokens: int | None) -> None:
        self.now, self.done, self.tokens = now, done, tokens
        if self.first_tokens is None and tokens is not None:
            # The first count holds the kept answers' tokens too: what comes after it is what this process wrote.
            self.first_tokens, self.counted = tokens, now

    def rate(self) -> str:
        """Tokens a second, in words; empty while it is not known."""
        if self.tokens is None or self.first_tokens is None or self.now - self.counted < 0.5:
            return ""
        return f"{(self.tokens - self.first_tokens) / (self.now - self.counted):,.0f} tokens/s"

    def left(self, total: int) -> str:
        """The time left, in words; empty while it is not known."""
        fresh = self.done - self.first_done
        if fresh <= 0 or self.done >= total:
            return ""
        return f"{duration((self.now - self.started) / fresh * (total - self.done))} left"


class Watch(AbstractContextManager["Watch"]):
    """One bar for the whole night and one for each task at work; every finished or failed task leaves a line."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self.total = 0
        self.done = 0
        self._paces: dict[str, Pace] = {}
        self._bars: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        if console.is_terminal:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[said]}"),
                console=console,
                transient=True,
            )
            self._all = self._progress.add_task("the night", total=None, said="", visible=False)

    def __enter__(self) -> "Watch":
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def expect(self, tasks: int) -> None:
        """Say how many tasks the night will end."""
        self.total = tasks
        self._count()

    def line(self, text: str) -> None:
        """Say one thing. Names and error texts are foreign: they are shown as text, never as markup."""
        console = self._progress.console if self._progress else self.console
        console.print(escape(text), highlight=False, soft_wrap=True)

    def update(self, name: str, done: int, total: int, tokens: int | None) -> None:
        """Requests done of a task, and tokens written for it so far (null where they are not counted)."""
        now = self._clock()
        pace = self._paces.setdefault(name, Pace(now, done, now))
        pace.step(now, done, tokens)
        said = [pace.rate(), pace.left(total)]
        if self._progress:
            bar = self._bars.get(name)
            if bar is None:
                bar = self._bars[name] = self._progress.add_task(name, total=total, said="")
            self._progress.update(bar, completed=done, total=total, said=", ".join(filter(None, said)))
        elif now - pace.said >= LINE_SECONDS:
            pace.said = now
            self.line("  " + ", ".join([f"{name}: {done:,} of {total:,} requests", *filter(None, said)]))

    def finish(self, names: str | list[str], text: str) -> None:
        """One task has ended, well or not, or several for the same reason."""
        names = [names] if isinstance(names, str) else names
        for name in names:
            self._paces.pop(name, None)
            if self._progress and name in self._bars:
                self._progress.remove_task(self._bars.pop(name))
        self.done += len(names)
        self._count()
        self.line(f"[{self.done}/{self.total}] {text}")

    def _count(self) -> None:
        if self._progress:
            self._progress.update(self._all, completed=self.done, total=self.total, visible=self.total > 0)
