"""Midsoles, outsoles and heels, seen from the side."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, height_at, smooth
from tests.fakeshop.drawing.kit import DARK, Bench
from tests.fakeshop.drawing.layer import Plane, line_colour, luma, mix


def _between(bench: Bench, share: float, x0: float = -2, x1: float = 102) -> Points:
    """The line at ``share`` of the way from the ground up to the upper."""
    s = bench.shape
    x = np.linspace(x0, x1, 60)
    low, high = height_at(s.sole_bottom, x), s.floor(x)
    return np.column_stack([x, low + (high - low) * share])


def draw_sole(bench: Bench) -> None:
    s, layer, p = bench.shape, bench.layer, bench.paints
    body = layer.mask(s.sole)
    # a dark line where upper and sole meet
    layer.stroke(s.sole_top + (0, 0.25), (0, 0, 0), 0.9, opacity=0.35, clip=layer.alpha.copy())
    layer.fill(s.sole, p.sole)
    kind = s.outline.tread
    if kind == "runner":
        _foam(bench, body)
    elif kind == "flat":
        _cup(bench, body)
    else:
        _welt(bench, body)
    layer.model(body, depth=2.6, light=0.5, gloss=0.06)
    if kind == "lug":
        _lugs(bench)


def _outsole(bench: Bench, body: Plane, share: float) -> None:
    line = _between(bench, share)
    low = np.vstack([line, [(110, -9), (-9, -9)]])
    bench.layer.fill(low, bench.paints.outsole, clip=body)
    bench.layer.stroke(line, line_colour(bench.paints.sole), 0.35, clip=body, opacity=0.7)


def _foam(bench: Bench, body: Plane) -> None:
    """A running midsole: a wedge in a second tone, grooves, or a window at the heel."""
    layer, p, s = bench.layer, bench.paints, bench.shape
    shade = line_colour(p.sole)
    _outsole(bench, body, 0.2)
    if s.sole_style == 0:
        for x in np.linspace(4, 40, 9):
            groove = _between(bench, 0.5, x, x + 1.5)[:1]
            layer.stroke(np.vstack([groove + (-1.2, -1.8), groove + (1.2, 2.2)]), shade, 0.7,
                         clip=body, opacity=0.75)  # fmt: skip
        layer.stroke(_between(bench, 0.62, 42, 98), shade, 0.45, clip=body, opacity=0.8)
    elif s.sole_style == 1:
        x = np.linspace(-2, 70, 60)
        top = _between(bench, 1.0, -2, 70)[:, 1]
        wave = np.column_stack([x, top - 5.2 + 1.3 * np.sin(x / 5.2)])
        low = _between(bench, 0.2, -2, 70)[::-1]
        layer.fill(np.vstack([wave, low]), p.accent, clip=body)
        layer.stroke(wave, shade, 0.35, clip=body, opacity=0.6)
    else:
        mid = _between(bench, 0.55, 9, 33)
        window = np.vstack([mid + (0, 2.3), (mid - (0, 2.0))[::-1]])
        layer.fill(smooth(window[::6], closed=True), mix(p.accent, DARK, 0.25), clip=body)
        layer.fill(smooth((window * (0.9, 1) + (2, 0.4))[::6], closed=True), p.accent, clip=body)
        for x in (14.0, 20.0, 26.0):
            y = float(np.interp(x, mid[:, 0], mid[:, 1]))
            layer.stroke(np.array([(x, y - 2), (x, y + 2)]), p.sole, 0.9, clip=body)
        layer.stroke(_between(bench, 0.5, 38, 98), shade, 0.45, clip=body, opacity=0.8)


def _cup(bench: Bench, body: Plane) -> None:
    """A court shoe's cup sole: stitched at its rim, with a stripe or a textured toe."""
    layer, p, s = bench.layer, bench.paints, bench.shape
    shade = line_colour(p.sole)
    _outsole(bench, body, 0.16)
    if s.sole_style == 0:
        line = _between(bench, 0.66)
        layer.stroke(line, p.accent, 1.5, clip=body)
    elif s.sole_style == 1:
        layer.stitch(_between(bench, 0.8), shade, clip=body)
        for x in np.linspace(80, 97, 9):
            y = float(height_at(s.sole_bottom, np.array([x]))[0])
            layer.stroke(
                np.array([(x, y + 1.8), (x + 0.4, y + 6)]), shade, 0.5, clip=body, opacity=0.7
            )
    else:
        layer.stitch(_between(bench, 0.8), shade, clip=body)
        layer.stroke(_between(bench, 0.45), shade, 0.4, clip=body, opacity=0.6)


def _welt(bench: Bench, body: Plane) -> None:
    """A leather shoe's sole: a stitched welt above, a thin outsole, a stacked heel block."""
    layer, p, s = bench.layer, bench.paints, bench.shape
    shade = line_colour(p.sole)
    layer.stroke(_between(bench, 0.62), shade, 0.5, clip=body, opacity=0.8)
    layer.stitch(_between(bench, 0.84), mix(p.sole, (1, 1, 1), 0.5), clip=body)
    if not s.outline.heel_block:
        return
    x = s.outline.heel_block
    layer.fill(np.array([(x, -3), (x, 2.6), (x + 4, 3.6), (62, 1.2), (72, -0.4), (72, -3)]),
               (0, 0, 0), clip=body, opacity=0.55)  # fmt: skip
    for share in (0.2, 0.4):
        layer.stroke(_between(bench, share, 0, x), shade, 0.35, clip=body, opacity=0.6)


def _lugs(bench: Bench) -> None:
    """Deep cleats along the edge of a boot's outsole."""
    p, layer = bench.paints, bench.layer
    colour = mix(p.sole, DARK, 0.55) if luma(p.sole) > 0.2 else mix(p.sole, (0, 0, 0), 0.4)
    low = bench.shape.sole_bottom
    for x in np.concatenate([np.linspace(3.5, 22, 5), np.linspace(34, 92, 13)]):
        y = float(height_at(low, np.array([x]))[0])
        layer.fill(np.array([(x - 1.2, y + 3.6), (x + 1.4, y + 3.6), (x + 1.5, y - 0.6),
        (x - 1.3, y - 0.6)]),
                   colour)  # fmt: skip


def draw_stiletto(bench: Bench) -> None:
    """The heel of a pump: a thin column under the seat, a block for some models."""
    s, layer, p = bench.shape, bench.layer, bench.paints
    seat = float(s.sole_bottom[:6, 1].max())
    width = (1.7, 3.2, 6.0)[s.sole_style]
    at = 9.5
    column = np.vstack(
        [
            smooth([(3.2, seat + 1), (5.2, seat * 0.72), (at - width, seat * 0.3),
            (at - width, 0)]),
            smooth([(at + width, 0), (at + width + 0.4, seat * 0.3),
            (at + width + 3.5, seat * 0.66),
                    (21, seat * 0.8)]),
        ]
    )  # fmt: skip
    layer.fill(column, p.sole)
    layer.fill(np.array([(at - width, 0), (at - width, 2), (at + width, 2), (at + width, 0)]), DARK)
    layer.model(layer.mask(column), depth=2.4, light=0.8, gloss=0.2)
