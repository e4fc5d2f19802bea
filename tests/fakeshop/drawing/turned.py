"""The three-quarter view: the far side, the opening, the instep, then the near side over them."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, along, height_at, resample
from tests.fakeshop.drawing.kit import DARK, Bench
from tests.fakeshop.drawing.layer import Layer, line_colour, mix
from tests.fakeshop.drawing.look import Look
from tests.fakeshop.drawing.projection import Flat, Turned
from tests.fakeshop.drawing.shapes import Shape
from tests.fakeshop.drawing.side import draw_side
from tests.fakeshop.drawing.soles import draw_sole
from tests.fakeshop.drawing.straps import draw_bands, strap_lines


def draw_turned(look: Look, shape: Shape, *, size: int, angle: float, zoom: float,
                pair: bool) -> Layer:  # fmt: skip
    """One shoe, or ``pair``: the second stands behind, a little back and up."""
    tall = float(max(shape.collar[:, 1].max(), shape.ridge[:, 1].max()))
    fit = min(1.0, 82 / (tall * 0.94 + 28))  # a tall boot has to step back
    unit = size / 100 * zoom * fit * (0.74 if pair else 0.95)
    centre = (38.0, tall * 0.47 - 11)
    low = size * (0.61 if pair else 0.53)
    layer = Layer(size, Flat(unit, (size / 2, low), centre, angle), unit)
    places = [(-9.0, 19.0), (9.0, -7.0)] if pair else [(0.0, 0.0)]
    for dx, dy in places:
        flat = Flat(unit, (size / 2, low), (centre[0] - dx, centre[1] - dy), angle)
        _one(Bench.of(layer, shape, look), flat)
    return layer


def _one(bench: Bench, flat: Flat) -> None:
    layer, s = bench.layer, bench.shape
    near, far = Turned(s, flat, near=True), Turned(s, flat, near=False)
    if s.outline.closure == "straps":
        _sandal(bench, near, far)
        return
    layer.project = _pixels
    _skin(bench, far)
    _skin(bench, near)
    _inside(bench, near, far)
    _instep(bench, near, far)
    if s.outline.closure == "laces":
        _tongue(bench, near)
        _crossings(bench, near, far)
    layer.project = near
    draw_side(bench, tongue=False)


def _sandal(bench: Bench, near: Turned, far: Turned) -> None:
    layer = bench.layer
    layer.project = _pixels
    _skin(bench, far)
    _skin(bench, near)
    _footbed(bench, near, far)
    layer.project = far.point
    draw_bands(bench)
    layer.project = near
    draw_sole(bench)
    layer.project = _pixels
    _bridges(bench, near, far)
    layer.project = near.point
    draw_bands(bench, fittings=True)


def _skin(bench: Bench, side: Turned) -> None:
    """One half as a plain skin: all that is seen of the far one, and a ground for the near one,
    whose rounded outlines would leave gaps at the toe."""
    layer, p, s = bench.layer, bench.paints, bench.shape
    x = np.linspace(2, float(s.sole[:, 0].max()), 70)
    low, mid, high = height_at(s.sole_bottom, x), s.floor(x), s.roof(x)
    outline = np.stack([low, low + (mid - low) * 0.2, mid, high])
    rows = [side.point(np.column_stack([x, y])) for y in outline]
    layer.lay(layer.quads(rows[0], rows[1]), p.outsole)
    layer.lay(layer.quads(rows[1], rows[2]), mix(p.sole, DARK, 0.12))
    if s.outline.closure == "straps":
        return
    colour = p.accent if "toe" in bench.look.panels else p.upper
    front = x > s.outline.toe_cap if "toe" in bench.look.panels else x > 0
    layer.lay(layer.quads(rows[2], rows[3]), mix(p.upper, DARK, 0.15), 1.0, bench.weave)
    layer.lay(layer.quads(rows[2][front], rows[3][front]), mix(colour, DARK, 0.15))
    if "guard" in bench.look.panels:
        rim = side.point(np.column_stack([x, np.minimum(mid + 8, high)]))
        layer.lay(layer.quads(rows[2], rim), mix(p.accent, DARK, 0.15))


def _pixels(points: Points) -> Points:
    return points


def _strip(curve: Points, near: Turned, far: Turned) -> Points:
    """The surface between a curve on the near side and the same curve on the far side."""
    return np.vstack([near.point(curve), far.point(curve)[::-1]])


def _inside(bench: Bench, near: Turned, far: Turned) -> None:
    layer, p, s = bench.layer, bench.paints, bench.shape
    hole = _strip(s.collar, near, far)
    layer.fill(hole, mix(p.lining, (0, 0, 0), 0.42))
    mask = layer.mask(hole)
    # the far wall catches light, the near one lies in shade
    wall = np.vstack([far.point(s.collar), (far.point(s.collar - (0, 5)))[::-1]])
    layer.fill(wall, mix(p.lining, (1, 1, 1), 0.08), clip=mask)
    layer.stroke(far.point(s.collar), line_colour(p.upper), 0.7, opacity=0.6)


def _instep(bench: Bench, near: Turned, far: Turned) -> None:
    """What joins the two sides on top: the tongue up to the last lace, the toe box after it."""
    layer, p, s, look = bench.layer, bench.paints, bench.shape, bench.look
    ridge = resample(s.ridge, 60)
    top = _strip(ridge, near, far)
    body = layer.mask(top)
    layer.fill(top, p.upper, texture=bench.weave)
    if "toe" in look.panels or look.silhouette in ("boot", "high-top", "mid", "sneaker"):
        cap = ridge[ridge[:, 0] > s.outline.toe_cap]
        plain = mix(p.upper, (0, 0, 0), 0.1)
        colour = p.accent if "toe" in look.panels else plain
        layer.fill(_strip(cap, near, far), colour, clip=body, texture=bench.weave)
    if s.outline.closure == "laces":
        throat = along(s.ridge, np.linspace(0, s.outline.laces[1] + 0.05, 30))
        layer.fill(
            _strip(throat, near, far), mix(p.upper, DARK, 0.3), clip=body, texture=bench.weave
        )
    layer.model(body, depth=2.5, light=0.3, gloss=bench.gloss)


def _tongue(bench: Bench, near: Turned) -> None:
    layer, p, s = bench.layer, bench.paints, bench.shape
    x, y = s.ridge[0]
    down = s.ridge[len(s.ridge) // 4] - s.ridge[0]
    back = -down / np.hypot(*down)
    z = np.array([-5.5, -5.5, -4.0, 0.0, 4.0, 5.5, 5.5])
    rise = np.array([-4, 4, 6.6, 7.6, 6.6, 4, -4])
    piece = near.space(x + back[0] * rise, y + back[1] * rise, z)
    colour = p.accent if bench.look.cut % 5 == 0 else mix(p.upper, DARK, 0.12)
    layer.fill(piece, colour, texture=bench.weave)
    layer.stroke(piece[1:6], line_colour(colour), 0.5, opacity=0.7)
    layer.model(layer.mask(piece), depth=2.0, light=0.6, gloss=bench.gloss)


def _crossings(bench: Bench, near: Turned, far: Turned) -> None:
    layer, p = bench.layer, bench.paints
    edge = line_colour(p.lace)
    for end in bench.shape.lace_ends():
        reach = np.array([end])
        a, b = near.point(reach - (0, 0.8))[0], far.point(reach - (0, 0.8))[0]
        middle = (a + b) / 2 - (0, layer.unit * 1.3)
        bow = np.array([a, (a + middle) / 2 - (0, 1), middle, (b + middle) / 2 - (0, 1), b])
        layer.stroke(bow + (0, layer.unit * 0.5), (0, 0, 0), 1.9, opacity=0.25)
        layer.stroke(bow, edge, 2.0)
        layer.stroke(bow, p.lace, 1.5)


def _footbed(bench: Bench, near: Turned, far: Turned) -> None:
    layer, p, s = bench.layer, bench.paints, bench.shape
    bed = _strip(s.sole_top, near, far)
    layer.fill(bed, mix(p.accent, (0.8, 0.7, 0.55), 0.5))
    layer.model(layer.mask(bed), depth=3, light=0.35, gloss=0.0)


def _bridges(bench: Bench, near: Turned, far: Turned) -> None:
    """The tops of the straps, from one side to the other over the instep."""
    layer, p = bench.layer, bench.paints
    lines = strap_lines(bench)
    for index, (line, width) in enumerate(lines):
        if line[-1, 0] < 34:
            continue
        d = line[-1] - line[-4]
        n = np.array([-d[1], d[0]]) / np.hypot(*d) * width / 2
        edge = np.array([line[-1] + n, line[-1] - n])
        a, b = near.point(edge), far.point(edge)
        piece = np.vstack([a, b[::-1]])
        colour = p.accent if index == len(lines) - 1 and "stripe" in bench.look.panels else p.upper
        layer.fill(piece, colour, texture=bench.weave)
        layer.model(layer.mask(piece), depth=2.0, light=0.4, gloss=bench.gloss)
