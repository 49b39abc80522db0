"""Letters as outlines: they look as vl-convert paints them, and what the font lacks is left to it."""

import io

import numpy as np
import pytest
from PIL import Image

from tracker.charts import export as exporting
from tracker.charts.letters import line_width, outlined

LOOK = 'font-family="IBM Plex Sans, sans-serif" font-size="13px" fill="#22211f"'


def _svg(*texts: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="420" height="120">{"".join(texts)}</svg>'


def _pixels(svg: str) -> np.ndarray:
    picture = Image.open(io.BytesIO(exporting._converter().svg_to_png(svg, scale=2.0)))
    return np.asarray(picture).astype(int)


@pytest.mark.parametrize(
    "text",
    [
        f'<text text-anchor="start" transform="translate(10,40)" {LOOK}>AVATAR, To. “Wave” — fi ffl 1,234 %</text>',
        f'<text text-anchor="middle" transform="translate(200,40)" {LOOK} opacity="0.5">+85 [81, 89]</text>',
        f'<text text-anchor="end" transform="translate(400,40)" {LOOK} font-weight="600">A &lt;b&gt; &amp;  d</text>',
        f'<text text-anchor="start" transform="translate(10,40) rotate(20)" {LOOK}>Łódź, Ελλάδα, Москва, é</text>',
        f'<text text-anchor="end" transform="translate(400,30)" {LOOK}><tspan>One line</tspan>'
        '<tspan x="0" dy="18"/><tspan x="0" dy="18">and a third</tspan></text>',
    ],
)
def test_outlines_look_like_the_letters(text: str) -> None:
    svg = _svg(text)
    drawn = outlined(svg)
    assert "<text" not in drawn
    one, other = _pixels(svg), _pixels(drawn)
    assert (one > 0).sum() > 300
    assert np.abs(one - other).mean() < 0.02
    assert np.abs(one - other).max() < 64


@pytest.mark.parametrize(
    "text",
    [
        f'<text text-anchor="start" transform="translate(10,40)" {LOOK}>推理 models</text>',
        f'<text text-anchor="start" transform="translate(10,40)" {LOOK} font-weight="900">Heavy</text>',
        f'<text text-anchor="start" transform="translate(10,40)" {LOOK} stroke="#fff">With a halo</text>',
        '<text text-anchor="start" transform="translate(10,40)" font-size="13px">Without a colour</text>',
    ],
)
def test_what_is_not_known_here_stays_text(text: str) -> None:
    assert outlined(_svg(text)) == _svg(text)


def test_a_text_without_letters_draws_nothing() -> None:
    assert outlined(_svg(f'<text text-anchor="start" transform="translate(10,40)" {LOOK}/>')) == _svg()


@pytest.mark.parametrize("text", ["HHHHHHHHHHHHHHH", "AVAVAVAVAVAVH", "HiH lWlW fi H"])
def test_a_line_is_as_wide_as_it_is_painted(text: str) -> None:
    painted = _pixels(_svg(f'<text text-anchor="start" transform="translate(10,40)" {LOOK}>{text}</text>'))
    inked = np.flatnonzero(painted[:, :, 3].any(axis=0))
    width = line_width(text)
    # The first letter begins a little after its place, the last one ends a little before it.
    assert width is not None
    assert (inked[-1] - inked[0]) / 2 == pytest.approx(13 * width, abs=3)


def test_the_width_of_what_the_font_lacks_is_not_known() -> None:
    assert line_width("推理") is None
    assert line_width("") == 0
