"""The upper of a sandal: bands over a contoured footbed, with buckles."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, normals, smooth
from tests.fakeshop.drawing.kit import DARK, Bench
from tests.fakeshop.drawing.layer import Paint, line_colour, luma, mix
from tests.fakeshop.drawing.marks import mark

STEEL: Paint = (0.72, 0.73, 0.76)
INSTEP = 34.0  # bands that end farther to the front than this cross the foot


def strap_lines(bench: Bench) -> list[tuple[Points, float]]:
    """Centre lines from footbed to instep and their widths; models have two to five."""
    rise = float(bench.shape.sole_top[:, 1].min()) - 8.5
    front = smooth([(86, 7), (82.5, 14), (77, 19.5), (69, 22.5)]) + (0, rise)
    middle = smooth([(60, 8), (57.5, 17), (53.5, 24), (46, 28.5)]) + (0, rise)
    if bench.shape.sole_style == 1:
        return [(front - (4, 0), 12.5), (middle - (4, 0), 12.5)]
    ankle = smooth([(3, 27), (11, 26.5), (23, 29), (36, 36)]) + (0, rise)
    heel = smooth([(6, 9), (3.4, 16), (2.8, 22), (3.6, 29)]) + (0, rise)
    quarter = smooth([(31, 8), (26, 16), (23.5, 23), (24, 29)]) + (0, rise)
    cross = smooth([(82, 7), (70, 16), (58, 23), (44, 28.5)]) + (0, rise)
    lines = [(heel, 5.5), (quarter, 5.5), (ankle, 5.5), (front, 8.5)]
    return [*lines, (cross, 7.0) if bench.shape.sole_style == 2 else (middle, 8.0)]


def strap_colour(bench: Bench, index: int) -> Paint:
    last = index == len(strap_lines(bench)) - 1
    return bench.paints.accent if last and "stripe" in bench.look.panels else bench.paints.upper


def footbed_colour(bench: Bench) -> Paint:
    return mix(bench.paints.accent, (0.8, 0.7, 0.55), 0.5)


def ribbon(line: Points, width: float) -> Points:
    """The band ``width`` wide along ``line``."""
    side = normals(line) * width / 2
    return np.vstack([line + side, (line - side)[::-1]])


def draw_straps(bench: Bench, *, medial: bool) -> None:
    """The whole upper from the side: far halves first, then footbed and near halves."""
    layer, s = bench.layer, bench.shape
    for index, (line, width) in enumerate(strap_lines(bench)):
        if line[-1, 0] < INSTEP:
            continue
        x, y = line[-1]
        low = float(s.floor(np.array([x + 14]))[0])
        if line[0, 0] < INSTEP:  # around the ankle, back to the heel
            over = smooth(
                [(x - 1, y - 0.5), (x + 1.5, y - 3), (x - 8, y - 7), (10, line[1, 1] - 2)]
            )
        else:
            over = smooth([(x - 1, y), (x + 5, y + 0.2), (x + 10, y - 5), (x + 12.5, low)])
        dark = mix(strap_colour(bench, index), DARK, 0.5)
        layer.fill(ribbon(over, width * 0.8), dark, texture=bench.weave)
    x_bed = np.linspace(2, 97, 40)
    floor = s.floor(x_bed)
    bed = np.vstack(
        [np.column_stack([x_bed, floor + 1.8]), np.column_stack([x_bed, floor - 0.5])[::-1]]
    )
    layer.fill(bed, footbed_colour(bench))
    draw_bands(bench, fittings=not medial, rims=True)


def draw_bands(bench: Bench, *, fittings: bool = False, rims: bool = False) -> None:
    """The halves of the bands on one side; ``fittings`` adds buckles, ``rims`` rounds the tops."""
    layer, s = bench.layer, bench.shape
    lines = strap_lines(bench)
    for index, (line, width) in enumerate(lines):
        colour = strap_colour(bench, index)
        side = normals(line) * width / 2
        piece = layer.quads(layer.project(line + side), layer.project(line - side))
        layer.fill(ribbon(line, width) + (0.3, -0.8), (0, 0, 0), opacity=0.25)
        layer.lay(piece, colour, 1.0, bench.weave)
        if rims and line[-1, 0] >= INSTEP:
            side = normals(line)[-1] * width / 2
            out = line[-1] - line[-3]
            tip = line[-1] + out / np.hypot(*out) * 1.6
            layer.fill(smooth([tuple(line[-1] + side), tuple(tip), tuple(line[-1] - side)]), colour,
                       texture=bench.weave)  # fmt: skip
        side = normals(line) * (width / 2 - 0.9)
        for edge in (line + side, line - side):
            layer.stitch(edge, line_colour(colour))
        layer.model(layer.whole(piece), depth=2.6, light=0.7, gloss=bench.gloss)
    if not fittings:
        return
    for line, width in lines if s.sole_style == 1 else lines[2:3]:
        _buckle(bench, line[len(line) * 2 // 3], width)
    line, _ = lines[-1]
    x, y = line[len(line) // 3]
    light = luma(strap_colour(bench, len(lines) - 1)) > 0.5
    for shape in mark(bench.look.mark, at=(float(x), float(y)), size=2.7, tilt=-15):
        layer.fill(shape, DARK if light else (0.97, 0.97, 0.96))


def _buckle(bench: Bench, at: Points, width: float) -> None:
    x, y = at
    h = min(width * 0.62, 4.2)
    frame = np.array(
        [(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h), (x - h, y - h)]
    )
    bench.layer.stroke(frame + (0.2, -0.4), (0, 0, 0), 1.3, opacity=0.3)
    bench.layer.stroke(frame, STEEL, 1.2)
    bench.layer.stroke(np.array([(x - h, y), (x + h * 0.6, y)]), STEEL, 0.8)
