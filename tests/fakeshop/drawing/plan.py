"""The shoe from above, and its outsole from below. x runs to the toe, y to the outside."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, band, offset, smooth
from tests.fakeshop.drawing.kit import DARK, WHITE, Bench
from tests.fakeshop.drawing.layer import line_colour, luma, mix
from tests.fakeshop.drawing.marks import mark

ROUND = (
    (0.5, 0), (3.5, 9), (13, 12.6), (30, 13), (50, 14.6), (68, 17.8), (82, 17.2), (93, 11.5),
    (99, 2), (97, -7), (89, -14), (76, -17), (60, -14.6), (45, -11.4), (30, -11.4), (13, -12),
    (3.5, -8.6),
)  # fmt: skip
POINTED = (
    (1, 0), (3.5, 6), (13, 9), (30, 9.4), (50, 11.5), (66, 14.2), (78, 12.4), (90, 6.6),
    (100, -1.5),
    (92, -8), (78, -13), (64, -13.4), (48, -9.6), (30, -8.8), (13, -8.8), (3.5, -6),
)  # fmt: skip


def outline(bench: Bench) -> Points:
    slim = bench.look.silhouette in ("heel", "loafer", "chelsea")
    width = 1.06 + (bench.look.cut % 5) * 0.03
    return smooth(POINTED if slim else ROUND, closed=True) * (1, width)


def draw_top(bench: Bench) -> None:
    layer, p = bench.layer, bench.paints
    rim = outline(bench)
    layer.fill(rim, p.sole)
    whole = layer.mask(rim)
    if bench.shape.outline.closure == "straps":
        _straps(bench, rim)
    else:
        tread = {"runner": 0.93, "flat": 0.92, "lug": 0.94, "leather": 0.97}
        k = tread[bench.shape.outline.tread]
        _upper(bench, (rim - (50, 0)) * (0.975, k) + (50, 0))
    layer.model(whole, depth=2.5, light=0.35, gloss=0.03)


def _upper(bench: Bench, body_line: Points) -> None:
    layer, p, look, o = bench.layer, bench.paints, bench.look, bench.shape.outline
    body = layer.mask(body_line)
    layer.fill(body_line, p.upper, texture=bench.weave)
    tone = mix(p.upper, (0, 0, 0), 0.13) if luma(p.upper) > 0.2 else mix(p.upper, (1, 1, 1), 0.09)
    if "guard" in look.panels:
        layer.stroke(np.vstack([body_line, body_line[:1]]), p.accent, 5.5, clip=body)
    if "saddle" in look.panels and o.closure == "laces":
        for side in (1, -1):
            wing = np.array([(42, 25), (62, 25), (58, 7), (44, 7)]) * (1, side)
            layer.panel(wing, p.accent, clip=body, seam=wing)
    if "toe" in look.panels or look.silhouette in ("boot", "high-top", "mid", "sneaker"):
        c = o.toe_cap
        line = smooth([(c - 4, 22), (c + 2, 9), (c + 3.5, 0), (c + 2, -9), (c - 4, -22)])
        colour = p.accent if "toe" in look.panels else tone
        layer.panel(np.vstack([line, [(120, -25), (120, 25)]]), colour, clip=body, seam=line)
        layer.stitch(line - (1, 0), line_colour(colour), clip=body)
    if "heel" in look.panels or o.closure == "laces":
        line = smooth([(18, 20), (11, 9), (10, 0), (11, -9), (18, -20)])
        colour = p.accent if "heel" in look.panels else tone
        layer.panel(np.vstack([line, [(-9, -20), (-9, 20)]]), colour, clip=body, seam=line)
    if look.silhouette == "loafer":
        seam = smooth([(44, 9), (62, 10.4), (80, 8), (88, 0), (80, -8.5), (62, -9.8), (44, -8.6)])
        layer.stroke(seam, line_colour(p.upper), 1.1, clip=body)
        layer.panel(np.array([(53, 22), (61, 22), (61, -22), (53, -22)]), p.accent, clip=body)
        layer.fill(
            np.array([(55.2, 4.5), (58.8, 4.5), (58.8, -4.5), (55.2, -4.5)]),
            mix(p.upper, DARK, 0.5),
        )
    layer.model(body, depth=6.5, light=0.7, gloss=bench.gloss)
    _opening(bench)
    for side in (1, -1):
        size = 3.4 if look.silhouette not in ("heel", "chelsea") else 0
        for piece in mark(
            look.mark, at=(36 if o.closure != "laces" else 33, 12.2 * side), size=size
        ):
            far = sum(abs(a - b) for a, b in zip(p.accent, p.upper, strict=True)) > 0.5
            light = WHITE if luma(p.upper) < 0.5 else DARK
            layer.fill(piece, p.accent if far else light, clip=body)


def _opening(bench: Bench) -> None:
    layer, p, look, s = bench.layer, bench.paints, bench.look, bench.shape
    o = s.outline
    front = float(s.collar[-1, 0]) + (4 if o.closure == "none" else 0)
    high = look.silhouette in ("high-top", "boot", "chelsea", "mid")
    half = 9.6 if look.silhouette != "heel" else 7.6
    start = 4.2
    if o.closure == "laces":
        _laces(bench, front)
    mouth = smooth(
        [(start, 0), (start + 2.4, half * 0.72), (start + 10, half), (front * 0.66, half * 0.9),
         (front - 2, half * 0.55), (front, 0), (front - 2, -half * 0.55),
         (front * 0.66, -half * 0.9),
         (start + 10, -half), (start + 2.4, -half * 0.72)], closed=True,
    )  # fmt: skip
    rim = (mouth - mouth.mean(axis=0)) * (1.07, 1.2) + mouth.mean(axis=0)
    layer.fill(rim + (0.3, -0.6), (0, 0, 0), opacity=0.2)
    layer.fill(rim, p.lining)
    layer.model(layer.mask(rim), depth=1.5, light=0.7, gloss=0.03)
    inner = mix(p.lining, (0, 0, 0), 0.55 if high else 0.35)
    layer.fill(mouth, inner)
    inside = layer.mask(mouth)
    bed = mix(p.accent, (0.75, 0.72, 0.68), 0.55) if not high else mix(inner, (0, 0, 0), 0.25)
    layer.fill((mouth - (front * 0.5, 0)) * (0.86, 0.8) + (front * 0.5 - 1, -0.4), bed, clip=inside)
    if not high:
        for piece in mark(look.mark, at=(front * 0.38, 0), size=3.0, tilt=90):
            layer.fill(piece, DARK if luma(bed) > 0.45 else WHITE, clip=inside, opacity=0.85)
    layer.fill(np.array([(front - 9, 12), (front + 2, 12), (front + 2, -12), (front - 9, -12)]),
               (0, 0, 0), clip=inside, opacity=0.35)  # fmt: skip
    if o.closure == "laces":
        colour = p.accent if look.cut % 5 == 0 else mix(p.upper, DARK, 0.12)
        tip = smooth([(front + 6, 5.4), (front - 3, 6), (front - 6.5, 3), (front - 7, 0),
                      (front - 6.5, -3), (front - 3, -6), (front + 6, -5.4)])  # fmt: skip
        layer.fill(tip, colour, texture=bench.weave)
        layer.stroke(tip, line_colour(colour), 0.4, opacity=0.7)
    elif o.closure == "elastic":
        for side in (1, -1):
            wedge = np.array(
                [
                    (front - 7, 7 * side),
                    (front - 2, 4.5 * side),
                    (front + 5, 10.5 * side),
                    (front - 1, 13 * side),
                ]
            )
            layer.fill(wedge, mix(p.lining, DARK, 0.4))
    elif o.closure == "gore":
        for x in (start + 0.5, front - 0.5):
            layer.fill(
                np.array([(x - 2.5, -1.8), (x + 2.5, -1.8), (x + 2.5, 1.8), (x - 2.5, 1.8)]),
                p.accent,
            )


def _laces(bench: Bench, front: float) -> None:
    layer, p, look, s = bench.layer, bench.paints, bench.look, bench.shape
    end = float(s.lace_ends()[-1, 0]) + 3
    throat = smooth([(front - 4, 6.2), (front + 12, 5.4), (end - 3, 4.4), (end, 0), (end - 3, -4.4),
                     (front + 12, -5.4), (front - 4, -6.2)])  # fmt: skip
    stay = (throat - (front, 0)) * (1.12, 1.9) + (front - 1, 0)
    tone = mix(p.upper, (0, 0, 0), 0.13) if luma(p.upper) > 0.2 else mix(p.upper, (1, 1, 1), 0.09)
    colour = p.accent if "eyestay" in look.panels else tone
    layer.fill(stay + (0.3, -0.6), (0, 0, 0), opacity=0.2)
    layer.fill(stay, colour, texture=bench.weave)
    layer.stroke(stay, line_colour(colour), 0.35, opacity=0.7)
    layer.fill(throat, mix(p.upper, DARK, 0.3), texture=bench.weave)
    edge = line_colour(p.lace)
    xs = np.linspace(front + 6, end - 2.5, s.outline.eyelets)
    for i, x in enumerate(xs):
        h = float(np.interp(x, [front, end], [8.4, 6.4]))
        for side in (1, -1):
            eye = np.array([(x, h * side), (x + 0.05, h * side)])
            layer.stroke(eye, line_colour(colour), 1.9)
        lace = smooth([(x, h), (x + 0.9, 0), (x, -h)])
        if i % 2:
            lace = lace * (1, -1)
        layer.stroke(lace + (0.4, -0.7), (0, 0, 0), 2.0, opacity=0.25)
        layer.stroke(lace, edge, 2.1)
        layer.stroke(lace, p.lace, 1.6)
    x = float(xs[0])
    for side in (1, -1):
        loop = smooth([(x, 0), (x - 3, 5 * side), (x + 1, 10 * side), (x + 5, 6 * side), (x, 0)])
        layer.stroke(loop, edge, 1.7)
        layer.stroke(loop, p.lace, 1.2)


def _straps(bench: Bench, rim: Points) -> None:
    layer, p, s, look = bench.layer, bench.paints, bench.shape, bench.look
    bed = (rim - (50, 0)) * (0.965, 0.9) + (50, 0)
    ground = mix(p.accent, (0.8, 0.7, 0.55), 0.5)
    layer.fill(bed, ground)
    inside = layer.mask(rim)
    layer.stitch(np.vstack([bed, bed[:1]]), line_colour(ground))
    for piece in mark(look.mark, at=(17, 0), size=4, tilt=90):
        layer.fill(piece, DARK if luma(ground) > 0.45 else WHITE, opacity=0.8)
    broad = s.sole_style == 1
    lines = [
        (smooth([(80, 20), (74, 8), (72, -6), (78, -20)]), 11.0 if broad else 7.5),
        (smooth([(56, 20), (50, 8), (49, -6), (54, -20)]), 11.0 if broad else 7.0),
    ]
    if s.sole_style == 2:
        lines[1] = (smooth([(82, 20), (64, 8), (52, -4), (46, -16)]), 6.5)
    if s.sole_style != 1:
        lines.append(
            (smooth([(30, 15), (16, 13.5), (5, 9), (2, 0), (5, -9), (16, -13), (30, -14)]), 4.5)
        )
        lines.append((smooth([(30, 15), (37, 8), (38, -6), (30, -14)]), 5.0))
    for index, (line, width) in enumerate(lines):
        colour = p.accent if index == 1 and "stripe" in look.panels else p.upper
        piece = band(offset(line, width / 2), -width)
        layer.fill(piece + (0.5, -1), (0, 0, 0), opacity=0.25, clip=inside)
        layer.fill(piece, colour, texture=bench.weave, clip=inside)
        for edge in (width / 2 - 0.9, 0.9 - width / 2):
            layer.stitch(offset(line, edge), line_colour(colour), clip=inside)
        layer.model(layer.mask(piece) * inside, depth=2.5, light=0.5, gloss=bench.gloss)


def draw_sole_plan(bench: Bench) -> None:
    """The outsole: rim, tread by model, and the mark in its middle."""
    layer, p, look, s = bench.layer, bench.paints, bench.look, bench.shape
    rim = outline(bench) * (1, -1)
    layer.fill(rim, p.sole)
    whole = layer.mask(rim)
    pad_line = (rim - (50, 0)) * (0.955, 0.9) + (50, 0)
    pad = layer.mask(pad_line)
    layer.fill(pad_line, p.outsole)
    groove = line_colour(p.outsole)
    pattern = (look.cut // 2 + s.sole_style) % 3
    if s.outline.tread == "leather":
        layer.fill(
            np.array([(-2, 20), (27, 20), (29, 0), (27, -20), (-2, -20)]),
            mix(p.sole, DARK, 0.7),
            clip=pad,
        )
        layer.stitch(np.vstack([pad_line, pad_line[:1]]) * (0.97, 0.92) + (1.5, 0), groove)
    elif pattern == 0:
        for x in np.arange(3, 99, 4.2):
            zig = np.array([(x + (2 if k % 2 else 0), -20 + k * 2.5) for k in range(17)])
            layer.stroke(zig, groove, 0.9, clip=pad)
    elif pattern == 1:
        for x in np.arange(2, 99, 5.0):
            layer.stroke(smooth([(x, 20), (x + 3, 0), (x, -20)]), groove, 1.3, clip=pad)
        layer.stroke(smooth([(2, 0), (40, 1), (97, -2)]), groove, 1.3, clip=pad)
    else:
        for i, x in enumerate(np.arange(3, 99, 4.4)):
            for y in np.arange(-18, 19, 5.0):
                at = np.array([x, y + (2.5 if i % 2 else 0)])
                a = np.radians(np.arange(0, 360, 60))
                layer.stroke(
                    at + 1.9 * np.column_stack([np.cos(a), np.sin(a)]), groove, 0.6, clip=pad
                )
    if s.outline.tread != "leather":
        bridge = smooth([(36, 20), (39, 0), (36, -20), (56, -20), (53, 0), (56, 20)], closed=True)
        layer.fill(bridge, p.sole, clip=pad)
    for piece in mark(look.mark, at=(45.5, 0), size=5, tilt=90):
        layer.fill(piece, p.accent if p.accent != p.sole else DARK, clip=pad)
    layer.model(whole, depth=3, light=0.4, gloss=0.04)
