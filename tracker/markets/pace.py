"""How fast a site is asked: never above a rate of our own, and not at all while it asks to be left alone."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pace:
    """At most `rate` requests a minute in the long run, `burst` at once after a rest; a pause holds all of them.

    A token bucket that fills at that rate, kept as the moment at which it will be full again. Fifteen lines, where the
    libraries for it bring stores, threads and decorators that nothing here needs. `clock` and `sleep` in seconds.
    """

    rate: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    burst: int = 10
    full_at: float = field(default=float("-inf"))
    held_until: float = field(default=float("-inf"))

    def wait(self) -> None:
        """Sleep until one more request is due, and count it."""
        gap = 60.0 / self.rate
        now = self.clock()
        due = max(now, self.held_until, self.full_at - (self.burst - 1) * gap)
        if due > now:
            self.sleep(due - now)
        self.full_at = max(due, self.full_at) + gap

    def hold(self, seconds: float) -> None:
        """No request for so long."""
        self.held_until = max(self.held_until, self.clock() + seconds)
