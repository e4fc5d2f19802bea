"""The upper of a sandal: bands over a contoured footbed, with buckles."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, band, smooth
from tests.fakeshop.drawing.kit import DARK, Bench
from tests.fakeshop.drawing.layer import line_colour, mix
from tests.fakeshop.drawing.marks import mark

STEEL = (0.72, 0.73, 0.76)


def strap_lines(bench: Bench) -> list[tuple[Points, float]]:
    """Centre lines from footbed to instep and their widths; models have two to four."""
    rise = float(bench.shape.sole_top[:, 1].min()) - 8.5
    two_bar = bench.shape.sole_style == 1
    front = smooth([(88, 8), (83, 15), (77, 20), (69, 23.5)]) + (0, rise)
    middle = smooth([(58, 8), (55, 17), (52, 24), (47, 31.5)]) + (0, rise)
    ankle = smooth([(4, 27), (12, 26), (24, 28), (36, 36)]) + (0, rise)
    heel = smooth([(7, 9), (4, 16), (3, 24), (4, 30)]) + (0, rise)
    quarter = smooth([(30, 8), (25, 16), (23, 24), (25, 30)]) + (0, rise)
    cross = smooth([(82, 8), (70, 16), (58, 24), (45, 31.5)]) + (0, rise)
    if two_bar:
        return [(front - (2, 0), 11.0), (middle - (2, 0), 11.0)]
    lines = [(heel, 5.0), (quarter, 5.0), (ankle, 5.2), (front, 7.0)]
    return [*lines, (cross, 6.0) if bench.shape.sole_style == 2 else (middle, 7.0)]


def draw_straps(bench: Bench, *, medial: bool) -> None:
    layer, p, s = bench.layer, bench.paints, bench.shape
    x = np.linspace(2, 97, 40)
    bed = np.vstack(
        [np.column_stack([x, s.floor(x) + 1.8]), np.column_stack([x, s.floor(x) - 0.5])[::-1]]
    )
    layer.fill(bed, mix(p.accent, (0.8, 0.7, 0.55), 0.5))
    lines = strap_lines(bench)
    for index, (line, width) in enumerate(lines):
        piece = band(
            line + (-width / 2, 0) if abs(line[-1, 1] - line[0, 1]) > 12 else line - (0, width / 2),
            0,
        )
        n = np.column_stack([-(np.gradient(line[:, 1])), np.gradient(line[:, 0])])
        n /= np.maximum(np.hypot(*n.T), 1e-9)[:, None]
        piece = np.vstack([line + n * width / 2, (line - n * width / 2)[::-1]])
        colour = p.accent if index == len(lines) - 1 and "stripe" in bench.look.panels else p.upper
        layer.fill(piece + (0.3, -0.8), (0, 0, 0), opacity=0.25)
        layer.fill(piece, colour, texture=bench.weave)
        for edge in (line + n * (width / 2 - 0.9), line - n * (width / 2 - 0.9)):
            layer.stitch(edge, line_colour(colour))
        layer.model(layer.mask(piece), depth=2.6, light=0.7, gloss=bench.gloss)
    if not medial:
        for line, width in lines[-2:] if s.sole_style == 1 else lines[2:3]:
            _buckle(bench, line[len(line) * 2 // 3], width)
    mid = lines[-1][0][len(lines[-1][0]) // 2]
    light = sum(p.upper) > 1.6
    for piece in mark(bench.look.mark, at=(float(mid[0]), float(mid[1])), size=2.6, tilt=-25):
        layer.fill(piece, DARK if light else (0.97, 0.97, 0.96))


def _buckle(bench: Bench, at: Points, width: float) -> None:
    x, y = at
    h = width * 0.62
    frame = np.array(
        [(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h), (x - h, y - h)]
    )
    bench.layer.stroke(frame + (0.2, -0.4), (0, 0, 0), 1.3, opacity=0.3)
    bench.layer.stroke(frame, STEEL, 1.2)
    bench.layer.stroke(np.array([(x - h, y), (x + h * 0.6, y)]), STEEL, 0.8)
