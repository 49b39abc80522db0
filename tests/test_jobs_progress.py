"""What a person sees of a task at work: numbers that count from where this process began, and names as they are."""

import re
import time
from io import StringIO

from rich.console import Console

from jobs.progress import Watch

NAME = "m × [bold]t[/bold] :sun:"


def watched(seconds: list[float], **terminal: bool) -> str:
    """What is shown of a task that goes on from 100 of 200 requests, looked at after so many seconds."""
    said = StringIO()
    readings = iter(seconds)
    console = Console(file=said, width=160, color_system=None, emoji=False, **terminal)
    with Watch(console, clock=lambda: next(readings)) as watch:
        watch.expect(3)
        watch.update(NAME, 100, 200, None)
        watch.update(NAME, 110, 200, 5_000)
        watch.update(NAME, 120, 200, 5_600)
        time.sleep(0.3)  # bars are drawn ten times a second
        watch.finish(NAME, f"{NAME}: done [/nothing]")
        watch.finish(["a", "b"], "u, 2 tasks: skipped: x")
    return said.getvalue()


def test_bars_count_from_where_this_process_began_and_show_names_as_they_are() -> None:
    text = watched([0.0, 5.0, 10.0], force_terminal=True)
    assert re.search(re.escape(NAME) + r" [^\n]* 120/200", text)
    # 600 new tokens in 5 s and not 5,600; 20 documents in 10 s and 80 to go.
    assert "120/200 0:00:00 120 tokens/s, 40 s left" in text
    assert f"[1/3] {NAME}: done [/nothing]" in text
    assert "[3/3] u, 2 tasks: skipped: x" in text


def test_plain_lines_come_twice_a_minute_and_say_only_what_is_known() -> None:
    assert watched([0.0, 29.0, 58.0]).splitlines() == [
        f"  {NAME}: 120 of 200 requests, 21 tokens/s, 3 min 52 s left",
        f"[1/3] {NAME}: done [/nothing]",
        "[3/3] u, 2 tasks: skipped: x",
    ]
    assert watched([0.0, 31.0, 58.0]).splitlines()[0] == f"  {NAME}: 110 of 200 requests, 4 min 39 s left"
