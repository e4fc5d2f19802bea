"""Plane curves as arrays of points, shape (n, 2), float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Knots = Sequence[tuple[float, float]] | Points


def smooth(knots: Knots, *, closed: bool = False, steps: int = 10) -> Points:
    """A centripetal-looking Catmull-Rom curve through ``knots`` (uniform, tension one half)."""
    p = np.asarray(knots, dtype=float)
    if closed:
        p = np.vstack([p[-1:], p, p[:2]])
    else:
        p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    p0, p1, p2, p3 = p[:-3], p[1:-2], p[2:-1], p[3:]
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    flat = curve.transpose(1, 0, 2).reshape(-1, 2)
    return flat if closed else np.vstack([flat, p[-2:-1]])


def resample(curve: Points, count: int) -> Points:
    """``count`` points at equal distances along ``curve``, its two ends included."""
    return along(curve, np.linspace(0, 1, count))


def along(curve: Points, where: Sequence[float] | NDArray[np.float64]) -> Points:
    """The points at fractions ``where`` (0-1) of the length of ``curve``."""
    s = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    at = np.asarray(where) * s[-1]
    return np.column_stack([np.interp(at, s, curve[:, 0]), np.interp(at, s, curve[:, 1])])


def part(curve: Points, start: float, end: float, count: int = 24) -> Points:
    """The piece of ``curve`` between two fractions of its length."""
    return along(curve, np.linspace(start, end, count))


def normals(curve: Points) -> Points:
    """Unit normals, to the left of the direction of travel."""
    d = np.gradient(curve, axis=0)
    d /= np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    return np.column_stack([-d[:, 1], d[:, 0]])


def offset(curve: Points, by: float | NDArray[np.float64]) -> Points:
    """``curve`` moved ``by`` units to its left (negative: right)."""
    away: Points = normals(curve) * np.asarray(by, dtype=float).reshape(-1, 1)
    return curve + away


def band(curve: Points, by: float | NDArray[np.float64]) -> Points:
    """The closed strip between ``curve`` and its offset."""
    return np.vstack([curve, offset(curve, by)[::-1]])


def rounded(polygon: Points, radius: float = 2.0) -> Points:
    """``polygon`` with its corners cut (Chaikin) over about ``radius`` units."""
    ring = np.vstack([polygon, polygon[:1]])
    length = float(np.hypot(*np.diff(ring, axis=0).T).sum())
    points = resample(ring, max(8, int(length / radius)))[:-1]
    for _ in range(3):
        after = np.roll(points, -1, axis=0)
        points = np.stack([points * 0.75 + after * 0.25, points * 0.25 + after * 0.75], axis=1)
        points = points.reshape(-1, 2)
    return points


def dense(polygon: Points, longest: float = 2.5) -> Points:
    """``polygon`` with its long edges cut, so a bent projection bends them too."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    pieces = np.maximum(1, np.hypot(edges[:, 0], edges[:, 1]) / longest).astype(int)
    starts = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(pieces.sum()) - starts) / np.repeat(pieces, pieces)
    steps: Points = np.repeat(edges, pieces, axis=0) * share[:, None]
    return np.repeat(polygon, pieces, axis=0) + steps


def left_to_right(curve: Points) -> tuple[Points, Points]:
    """The x and y of ``curve`` in the order of x, as ``numpy.interp`` wants them."""
    order = np.argsort(curve[:, 0], kind="stable")
    return curve[order, 0], curve[order, 1]


def height_at(curve: Points, x: Points) -> Points:
    """The y of a curve that runs left to right, at each ``x``."""
    return np.interp(x, *left_to_right(curve))
