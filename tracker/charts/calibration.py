"""What was called so likely against how often it happened: a panel a forecaster, bands behind, counts below."""

from typing import Any, NamedTuple

import altair as alt
import polars as pl

from tracker.charts.layer import Layer
from tracker.charts.rows import GUTTER, NARROW, Layout, Words, assembled
from tracker.charts.texts import LABEL_SIZE, SMALL_SIZE, text_width
from tracker.charts.theme import PALETTES, SEMIBOLD, Mode

BIN_COLUMNS = ("forecaster", "meaning", "n", "called", "happened", "band_low", "band_high", "text")
# Everything in units of the scale from 0 to 1: between panels, from the scale to the bars, the bars, the headings.
BETWEEN, DOWN, BARS, HEAD = 0.2, 0.1, 0.22, 0.17
FOOT = 0.12
UNIT_WIDE, UNIT_NARROW = 300.0, 250.0
TICKS = (0.0, 0.5, 1.0)


class _Panel(NamedTuple):
    forecaster: str
    meaning: str
    heading: str
    right: float
    down: float


def calibration(
    bins: pl.DataFrame,
    *,
    headings: dict[str, str],
    width: int = 960,
    height: int | None = None,
    mode: Mode = "light",
    words: Words | None = None,
    description: str = "",
) -> alt.LayerChart:
    """Calibration curves, side by side, or one below the other where the screen is narrow.

    bins         BIN_COLUMNS, of bins that hold something: meaning ("market", "person", "tracker", "backtest",
                 "reference"), called and happened in [0, 1], the band in which `happened` would lie were everything
                 called rightly, text (tooltip)
    headings     what stands beside the name over each panel, by forecaster, in the order of the panels
    height       of the whole picture in pixels; null lets the chart decide. Only with `words`
    description  the alternative text
    """
    colours = PALETTES[mode]
    narrow = width < NARROW
    panels = _panels(bins, headings, narrow=narrow)
    layout, across, units = _layout(bins, panels, width, narrow=narrow)
    places = pl.DataFrame([panel._asdict() for panel in panels], schema_overrides={"right": pl.Float64})
    placed = bins.join(places.drop("meaning", "heading"), on="forecaster", maintain_order="left")
    largest = max(bins["n"].to_list(), default=1)
    up, over = pl.col("down"), pl.col("right")
    drawn = placed.select(
        x=over + pl.col("called"),
        y=up + pl.col("happened"),
        low=up + pl.col("band_low"),
        high=up + pl.col("band_high"),
        foot=up - DOWN - BARS,
        top=up - DOWN - BARS + BARS * pl.col("n") / largest,
        count=pl.col("n").cast(pl.String),
        meaning="meaning",
        name="forecaster",
        text="text",
    )
    x_scale = alt.Scale(domain=[0, across], nice=False, zero=False)
    y_scale = alt.Scale(domain=[units[0], units[1]], nice=False, zero=False)
    hue = alt.Scale(
        domain=["market", "person", "tracker", "backtest", "reference"],
        range=[colours.conventional, colours.ink, colours.estimate, colours.estimate, colours.unsure],
    )
    colour = alt.Color("meaning:N", scale=hue, legend=None)
    x, y = alt.X("x:Q", scale=x_scale, axis=None), alt.Y("y:Q", scale=y_scale, axis=None)
    tooltip = [alt.Tooltip("name:N", title="Forecaster"), alt.Tooltip("text:N", title="Bin")]
    base = Layer(drawn)
    band = base.mark_rule(strokeWidth=13, opacity=0.17).encode(
        x=x, y=alt.Y("low:Q", scale=y_scale, axis=None), y2=alt.Y2("high:Q"), color=colour, tooltip=tooltip
    )
    curve = base.mark_line(tooltip=None, aria=False, strokeWidth=1, opacity=0.45).encode(
        x=x, y=y, color=colour, detail=alt.Detail("name:N")
    )
    dot = base.mark_point(size=75, filled=True, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        shape=alt.Shape(
            "meaning:N",
            scale=alt.Scale(
                domain=["market", "person", "tracker", "backtest", "reference"],
                range=["circle", "square", "diamond", "diamond", "triangle-up"],
            ),
            legend=None,
        ),
        tooltip=tooltip,
    )
    bar = base.mark_rule(strokeWidth=13, opacity=0.55).encode(
        x=x, y=alt.Y("foot:Q", scale=y_scale, axis=None), y2=alt.Y2("top:Q"), color=colour, tooltip=tooltip
    )
    count = base.mark_text(
        tooltip=None, aria=False, dy=-7, fontSize=SMALL_SIZE - 1, color=colours.muted, baseline="middle"
    ).encode(x=x, y=alt.Y("top:Q", scale=y_scale, axis=None), text=alt.Text("count:N"))
    layers = [*_frame(places, x_scale, y_scale, hue, mode), band, curve, dot, bar, count]
    return assembled(layers, layout, words=words, mode=mode, height=height, description=description)


def _panels(bins: pl.DataFrame, headings: dict[str, str], *, narrow: bool) -> list[_Panel]:
    kinds = dict(bins.select("forecaster", "meaning").iter_rows())
    apart = 1 + HEAD + DOWN + BARS + 2 * FOOT
    return [
        _Panel(
            name,
            kinds.get(name, "reference"),
            heading,
            0.0 if narrow else number * (1 + BETWEEN),
            -number * apart if narrow else 0.0,
        )
        for number, (name, heading) in enumerate(headings.items())
    ]


def _layout(
    bins: pl.DataFrame, panels: list[_Panel], width: int, *, narrow: bool
) -> tuple[Layout, float, tuple[float, float]]:
    """The frame that all charts share, the length of the axis across, and both ends of the one upwards."""
    numbers = text_width("100%", SMALL_SIZE) + GUTTER / 2
    room = width - numbers - 2 * GUTTER
    count = 1 if narrow else len(panels)
    unit = min(UNIT_NARROW if narrow else UNIT_WIDE, room / (count + (count - 1) * BETWEEN))
    ends = (min(panel.down for panel in panels) - DOWN - BARS - FOOT, 1 + HEAD)
    layout = Layout(
        frame=bins,
        panels=pl.DataFrame(),
        units=unit * (ends[1] - ends[0]),
        step=1,
        width=width,
        stacked=False,
        label_width=numbers,
        detail_width=0.0,
        value_width=0.0,
        beside=(numbers, 0.0),
    )
    return layout, room / unit, ends


def _frame(places: pl.DataFrame, x_scale: alt.Scale, y_scale: alt.Scale, hue: alt.Scale, mode: Mode) -> list[alt.Chart]:
    """Of each panel: the diagonal, level lines, numbers on both axes, and the heading."""
    colours = PALETTES[mode]
    quiet: dict[str, Any] = {"tooltip": None, "aria": False}
    base = places.with_columns(
        left=pl.col("right"), end=pl.col("right") + 1.0, top=pl.col("down") + 1.0, foot=pl.col("down") - DOWN - BARS
    )
    ticks = base.join(pl.DataFrame({"tick": TICKS}), how="cross").with_columns(
        across=pl.col("right") + pl.col("tick"),
        up=pl.col("down") + pl.col("tick"),
        under=pl.col("down") - DOWN - BARS,
        label=pl.format("{}%", (100 * pl.col("tick")).cast(pl.Int64)),
    )

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=x_scale, axis=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=y_scale, axis=None)

    numbers: dict[str, Any] = quiet | {"fontSize": SMALL_SIZE, "color": colours.muted}
    heads = Layer(base)
    name = heads.mark_text(
        tooltip=None, align="left", baseline="bottom", dy=-22, fontSize=LABEL_SIZE, fontWeight=SEMIBOLD
    )
    beside = heads.mark_text(
        tooltip=None, align="left", baseline="bottom", dy=-6, fontSize=SMALL_SIZE, color=colours.muted
    )
    return [
        Layer(ticks).mark_rule(color=colours.grid, **quiet).encode(x=x("left"), x2=alt.X2("end:Q"), y=y("up")),
        Layer(base)
        .mark_rule(color=colours.muted, strokeWidth=1, strokeDash=[2, 3], **quiet)
        .encode(x=x("left"), x2=alt.X2("end:Q"), y=y("down"), y2=alt.Y2("top:Q")),
        Layer(ticks)
        .mark_text(align="right", baseline="middle", dx=-GUTTER / 2, **numbers)
        .encode(x=x("left"), y=y("up"), text=alt.Text("label:N")),
        Layer(ticks)
        .mark_text(align="center", baseline="top", dy=5, **numbers)
        .encode(x=x("across"), y=y("under"), text=alt.Text("label:N")),
        Layer(base).mark_rule(color=colours.muted, **quiet).encode(x=x("left"), x2=alt.X2("end:Q"), y=y("foot")),
        name.encode(
            x=x("left"), y=y("top"), text=alt.Text("forecaster:N"), color=alt.Color("meaning:N", scale=hue, legend=None)
        ),
        beside.encode(x=x("left"), y=y("top"), text=alt.Text("heading:N")),
    ]
