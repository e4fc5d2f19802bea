"""The side marks of the invented brands: closed shapes in a square from -1 to 1, y up."""

from __future__ import annotations

import numpy as np

from tests.fakeshop.drawing.curves import Points, smooth
from tests.fakeshop.drawing.look import Mark


def _poly(*knots: tuple[float, float]) -> Points:
    return np.asarray(knots, dtype=float)


def _disc(x: float, y: float, r: float, start: float = 0, end: float = 360) -> Points:
    a = np.radians(np.linspace(start, end, 40))
    return np.column_stack([x + r * np.cos(a), y + r * np.sin(a)])


def _peaks() -> list[Points]:
    zig = [(-1.3, -0.6), (-0.65, 0.6), (-0.15, -0.1), (0.4, 0.95), (1.3, -0.6)]
    low = [(0.92, -0.6), (0.4, 0.25), (-0.12, -0.75), (-0.64, -0.08), (-0.93, -0.6)]
    return [_poly(*zig, *low)]


def _feathers() -> list[Points]:
    one = smooth([(-1.3, 0.1), (-0.4, 0.35), (0.5, 0.3), (1.4, 0.75), (0.7, 0.0), (-0.3, -0.1)],
                 closed=True)  # fmt: skip
    return [one * (1 - 0.17 * i, 0.8) + (-0.14 * i, 0.42 - 0.5 * i) for i in range(3)]


def _ring() -> list[Points]:
    ring = np.vstack([_disc(0, 0, 0.95, 25, 335), _disc(0, 0, 0.58, 335, 25)])
    return [ring, _poly((-0.2, -0.16), (1.25, -0.16), (1.25, 0.16), (-0.2, 0.16))]


def _waves() -> list[Points]:
    x = np.linspace(-1.5, 1.5, 50)
    y = 0.3 * np.sin(x * 3.6)
    w = 0.17 * (1.2 - (x / 1.7) ** 2)
    one = np.vstack([np.column_stack([x, y + w]), np.column_stack([x, y - w])[::-1]])
    return [one + (0, dy) for dy in (-0.58, 0.0, 0.58)]


def _diamonds() -> list[Points]:
    one = _poly((-0.36, 0), (0, 0.72), (0.36, 0), (0, -0.72))
    return [one * s + (x, 0) for x, s in ((-0.95, 0.75), (-0.12, 1.0), (0.82, 1.3))]


def _leaf() -> list[Points]:
    half = smooth([(-1.2, -0.7), (-0.75, 0.25), (0.1, 0.72), (1.2, 0.8)])
    low = smooth([(-1.0, -0.72), (-0.2, -0.62), (0.65, -0.15), (1.2, 0.72)])
    vein = smooth([(-1.1, -0.66), (-0.2, 0.0), (1.12, 0.72)])
    return [
        np.vstack([half, (vein + (-0.05, 0.07))[::-1]]),
        np.vstack([low, (vein + (0.05, -0.07))[::-1]]),
    ]


def _sunrise() -> list[Points]:
    rays = [_disc(0, -0.5, 0.55, 0, 180)]
    for a in np.radians([10, 42, 74, 106, 138, 170]):
        d, n = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        foot = np.array([0, -0.5])
        rays.append(
            np.array([foot + d * 0.75 + n * 0.1, foot + d * 1.4 + n * 0.17,
                      foot + d * 1.4 - n * 0.17, foot + d * 0.75 - n * 0.1])
        )  # fmt: skip
    return rays


def _cross() -> list[Points]:
    one = _poly((-1.05, 0.95), (-0.5, 0.95), (0.95, -0.95), (0.4, -0.95))
    two = _poly((0.5, 0.95), (1.35, 0.95), (-0.35, -0.95), (-1.2, -0.95))
    return [one, two]


def _bars() -> list[Points]:
    return [
        _poly((x - 0.3, -0.9 * h), (x - 0.3 + 0.3, -0.9 * h), (x + 0.62, 0.9 * h),
        (x + 0.32, 0.9 * h))
        for x, h in ((-1.0, 0.45), (-0.5, 0.75), (0.0, 1.0), (0.5, 0.75), (1.0, 0.45))
    ]  # fmt: skip


def _bolt() -> list[Points]:
    return [
        _poly((-1.5, -0.35), (0.2, 0.95), (0.05, 0.22), (1.6, 0.5), (-0.3, -0.95), (-0.05, -0.22))
    ]


SHAPES = {
    "peaks": _peaks, "feathers": _feathers, "ring": _ring, "waves": _waves,
    "diamonds": _diamonds, "leaf": _leaf, "sunrise": _sunrise, "cross": _cross,
    "bars": _bars, "bolt": _bolt,
}  # fmt: skip


def mark(name: Mark, *, at: tuple[float, float], size: float, tilt: float = 0.0) -> list[Points]:
    """The polygons of ``name`` around ``at``, ``size`` shoe units in half height."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    turn = np.array([[c, s], [-s, c]])
    return [(p @ turn) * size + at for p in SHAPES[name]()]
