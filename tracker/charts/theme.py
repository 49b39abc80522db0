"""One look for every chart, on the page and in an export: colours by meaning, in light and dark.

The charts spell their channels out, `alt.Text("label:N")` and `alt.XValue(0)`: Altair 6 makes one of a bare string or
of `alt.value` by hashing its whole schema, every time, which took a third of the time a chart takes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Mode = Literal["light", "dark"]

FONTS = Path(__file__).resolve().parent / "fonts"
FONT = "IBM Plex Sans, sans-serif"
SEMIBOLD: Literal[600] = 600


@dataclass(frozen=True)
class Palette:
    """Colours by meaning. The same meaning has the same hue in both modes; dark is lightened to stay readable."""

    paper: str
    ink: str
    muted: str
    grid: str
    reasoning: str
    conventional: str
    estimate: str
    unsure: str


PALETTES: dict[Mode, Palette] = {
    "light": Palette(
        paper="#fbfaf7",
        ink="#22211f",
        muted="#6f6b64",
        grid="#eeeae1",
        reasoning="#0f6b5c",
        conventional="#c2571a",
        estimate="#5b4b8a",
        unsure="#8a857c",
    ),
    "dark": Palette(
        paper="#14161a",
        ink="#e9e6df",
        muted="#a39e95",
        grid="#272a30",
        reasoning="#4db8a4",
        conventional="#e58a50",
        estimate="#a596d8",
        unsure="#8a857c",
    ),
}


def config(mode: Mode) -> dict[str, Any]:
    """The Altair configuration of a mode, to be set on a chart itself.

    It is not enabled globally: one server draws light and dark charts at the same time in different threads.
    """
    colours = PALETTES[mode]
    return {
        "background": colours.paper,
        "font": FONT,
        "padding": 0,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "ticks": False,
            "grid": False,
            "labelColor": colours.muted,
            "labelFontSize": 12,
            "labelPadding": 6,
            "titleColor": colours.muted,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": colours.ink,
            "fontSize": 18,
            "fontWeight": SEMIBOLD,
            "lineHeight": 24,
            "offset": 18,
            "subtitleColor": colours.muted,
            "subtitleFontSize": 13,
            "subtitleLineHeight": 18,
            "subtitlePadding": 6,
        },
        "text": {"color": colours.ink, "fontSize": 13},
    }


def when(test: str, value: str | float) -> dict[str, Any]:
    """What a channel shows where a Vega expression is true, as its `condition`."""
    return {"test": test, "value": value}
